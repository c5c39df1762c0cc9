//! The example deck `examples/dhanman` on two booted hosts shaped like it: twelve services under systemd behind a real
//! nginx. The console's binary sees what is broken about them, tells the cause, and sees it heal by itself. The deck's
//! text is used as it is, but for how often it looks; an OpenSSH configuration leads its addresses to the hosts. At the
//! end its runbooks act on the same hosts, by the rights that its page tells to give.
//! `-- --nocapture` prints the seconds that each took.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is tests only"
)]
#![allow(clippy::disallowed_types, reason = "the tests take turns")]
#![allow(clippy::disallowed_methods, reason = "tests measure real waits by the real clock")]

#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/stage.rs"]
#[allow(dead_code, reason = "each test crate uses a part")]
mod stage;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/terminal.rs"]
#[allow(dead_code, reason = "each test crate uses a part")]
mod terminal;

mod backups;
mod certificates;
mod console;
mod databases;
mod document;
mod edge;
mod links;
mod logs;
mod machine;
mod operator;
mod releases;
mod services;
mod site;
mod web;
mod webhook;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use console::Console;
use operator::Operator;
use site::{AT_LEISURE, Site};

/// One at a time, so that the seconds are of one console alone.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn the_deck_tells_what_becomes_of_its_services_and_hosts() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(site) = Site::new() else { return };
    let mut console = settled(&site);
    services::the_rest_of_the_deck_is_told_as_it_is(console.now());
    services::stopped(&site, &mut console);
    services::hung(&site, &mut console);
    services::broken_inside(&site, &mut console);
    services::crashing(&site, &mut console);
    services::given_up(&site, &mut console);
    services::out_of_memory(&site, &mut console);
    services::without_nginx(&site, &mut console);
    machine::full_disk(&site, &mut console);
    machine::rebooted(&site, &mut console);
    links::cut(&site, &mut console);
    links::without_power(&site, &mut console);
    links::another_key(&site, &mut console);
    acts(&site, &mut console);
}

/// Every runbook of the deck, on the hosts of the deck.
fn acts(site: &Site, console: &mut Console) {
    let began = Instant::now();
    let told = |what: &str| println!("{:6.1} s             {what}", began.elapsed().as_secs_f64());
    databases::start(&site.production);
    console.heals(&["production/postgres"], Instant::now(), AT_LEISURE * 2);
    told("PostgreSQL is there");
    let webhook = webhook::Webhook::open();
    let operator = Operator::new(site, webhook.address());
    web::checklist(site, &operator);
    web::reloaded_or_refused(site, &operator);
    told("nginx is reloaded");
    logs::read(site, &operator);
    told("logs are read");
    backups::made_and_kept(site, &operator);
    told("the databases are backed up");
    backups::brought_back(site, &operator);
    told("a database is brought back");
    releases::adopted_and_deployed(site, &operator);
    told("a release is out");
    releases::broken_and_taken_back(site, &operator);
    releases::migrated(site, &operator);
    releases::back_to_the_first(site, &operator, console);
    assert!(webhook.heard("\"sales v2.14.0 on production: see the run for how it went\""), "{webhook:?}");
    assert!(webhook.heard("\"sales on production went back to v2.14.0\""), "{webhook:?}");
    told("releases went out and back");
}

#[test]
fn the_same_through_a_host_on_the_way() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(site) = Site::behind_a_gate() else { return };
    let mut console = settled(&site);
    services::stopped(&site, &mut console);
    services::hung(&site, &mut console);
    services::crashing(&site, &mut console);
    services::out_of_memory(&site, &mut console);
    machine::full_disk(&site, &mut console);
    machine::rebooted(&site, &mut console);
    links::cut(&site, &mut console);
    links::without_power(&site, &mut console);
    links::another_key(&site, &mut console);
    links::gate_cut(&site, &mut console);
}

/// A console that has found all twelve services healthy.
fn settled(site: &Site) -> Console {
    let began = Instant::now();
    let mut console = Console::start(site);
    let all: Vec<String> = [site::PRODUCTION, site::QA].iter().flat_map(site::Kind::services).collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    console.heals(&all, began, AT_LEISURE);
    console
}
