//! The hands of somebody at the console: they go to a service, choose a runbook, and say yes to what they read. Every step
//! waits for what the screen says before; nothing here knows a deck.
#![allow(dead_code, reason = "each test crate uses a part")]

use std::time::Duration;

use tokio::time::Instant;

use super::stage::patience;
use super::terminal::Terminal;

/// Longer than keys are taken for held or for meant for what was there before.
pub const CALM: Duration = Duration::from_millis(1200);

/// Waits for what takes as long as steps of runs take.
#[track_caller]
pub fn eventually(terminal: &mut Terminal, what: &str, is_so: impl Fn(&str) -> bool) {
    let began = Instant::now();
    while !is_so(&terminal.text()) {
        assert!(began.elapsed() < 4 * patience(), "{what} did not come; the screen:\n{}", terminal.text());
        terminal.take_in(Duration::from_millis(50));
    }
}

/// To the detail of a service, and there to one of its runbooks.
#[track_caller]
pub fn choose(terminal: &mut Terminal, service: &str, runbook: &str) {
    let (environment, name) = service.split_once('/').unwrap();
    terminal.press(":");
    terminal.press(format!("service {service}\r"));
    terminal.until(service, |t| t.text().contains(&format!("{name} · {environment}")));
    terminal.press("r");
    terminal.shows(&format!("runbooks of {name}"));
    terminal.press(runbook);
    terminal.press("\r");
}

/// Says yes to what is on the screen, as somebody who read it.
#[track_caller]
pub fn yes(terminal: &mut Terminal, to: &str) {
    terminal.shows(to);
    terminal.take_in(CALM);
    terminal.press("y");
}

/// Allows acting in the protected environment on the screen.
#[track_caller]
pub fn arm(terminal: &mut Terminal, reason: &str) {
    terminal.press("A");
    terminal.shows("for ten minutes");
    terminal.take_in(CALM);
    terminal.press(reason);
    terminal.shows(reason);
    terminal.press("\r");
    terminal.shows("armed 9:");
}

/// Says yes to the card of a plan that is confirmed by typing, as somebody who read it: types what it asks for, then the
/// reason, which takes the place of one that is filled in. Gives what was typed.
#[track_caller]
pub fn agree(terminal: &mut Terminal, reason: &str) -> String {
    const ASKED: &str = "to confirm, type ";
    terminal.shows(ASKED);
    terminal.take_in(CALM);
    let text = terminal.text();
    let (phrase, _) = text.split_once(ASKED).unwrap().1.split_once("  ").unwrap();
    terminal.press("\t");
    terminal.press(phrase);
    terminal.shows(&format!("{ASKED}{phrase}  {phrase}"));
    terminal.press("\t\x15");
    terminal.press(reason);
    terminal.shows(reason);
    terminal.press("\r");
    phrase.to_owned()
}
