//! `qd demo` in a terminal: the fleet comes up, keys find their way through it, and nothing of it is left behind.
#![cfg(target_os = "linux")]

use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::support::process::{children, is_alive};
use super::{LARGE, Stage, Terminal};

fn demo() -> (Stage, Terminal, Vec<u32>) {
    let stage = Stage::empty();
    let mut terminal = Terminal::qd(&stage, LARGE, &["demo"]);
    terminal.until("the fleet", |t| t.text().contains("ledger") && t.text().contains("healthy"));
    let services = children(terminal.id());
    assert!(services.len() >= 12, "{services:?}");
    (stage, terminal, services)
}

#[test]
fn the_demo_shows_both_environments_and_its_keys_work() {
    let (_stage, mut terminal, services) = demo();
    let text = terminal.text().to_lowercase();
    assert!(text.contains("production") && text.contains("staging") && text.contains("storefront"), "{text}");
    terminal.until("health", |t| t.text().matches("healthy").count() >= 5);
    terminal.press(":environment staging\r");
    terminal.shows("gift-cards");
    terminal.hides("maintenance until 15:00");
    terminal.press("]");
    terminal.shows("maintenance until 15:00");
    terminal.press("/");
    terminal.press("ledger");
    terminal.hides("mail-worker");
    terminal.press("\r");
    terminal.press("\r");
    terminal.shows("the database that holds the money");
    terminal.press("?");
    terminal.shows("Leave the console");
    terminal.press("?");
    terminal.hides("Leave the console");
    terminal.press(":");
    terminal.press("staging/mail");
    terminal.shows("staging/mail-worker");
    terminal.press("\r");
    terminal.shows("works off what others leave behind");
    terminal.press("q");
    terminal.ends_well(0);
    assert!(services.iter().all(|pid| !is_alive(*pid)), "a process of the demo is left");
}

#[test]
fn a_fault_on_demand_is_seen_and_so_is_its_end() {
    let (_stage, mut terminal, services) = demo();
    terminal.press(":");
    terminal.press("service staging/mail-worker\r");
    terminal.shows("works off what others leave behind");
    terminal.press("xd");
    terminal.until("the fault", |t| t.text().contains("degraded"));
    terminal.press("\x03");
    terminal.ends_well(0);
    assert!(services.iter().all(|pid| !is_alive(*pid)), "a process of the demo is left");
}

#[test]
fn nothing_of_the_demo_outlives_a_killed_console() {
    let (_stage, mut terminal, services) = demo();
    terminal.signal(Signal::KILL);
    let killed = Instant::now();
    terminal.until("the end of the fleet", |_| services.iter().all(|pid| !is_alive(*pid)));
    assert!(killed.elapsed() < Duration::from_millis(1500), "{:?}", killed.elapsed());
}
