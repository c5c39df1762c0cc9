//! The example deck `examples/dhanman` on two booted hosts shaped like it: twelve services under systemd behind a real
//! nginx. The console's binary sees what is broken about them, tells the cause, and sees it heal by itself. The deck's
//! text is used as it is, but for how often it looks; an OpenSSH configuration leads its addresses to the hosts.
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

mod certificates;
mod console;
mod document;
mod edge;
mod links;
mod machine;
mod services;
mod site;

use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use console::Console;
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
