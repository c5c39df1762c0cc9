//! The built binary in a real terminal: keys in, words on the screen out, and the terminal given back however it ends.
//! What is looked for are words, never places.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "this crate is tests only; its helpers stand outside #[test] functions"
)]

#[path = "pty/acting.rs"]
mod acting;
#[path = "pty/boxes.rs"]
mod boxes;
#[path = "pty/deck.rs"]
mod deck;
#[path = "pty/fleet.rs"]
mod fleet;
#[path = "pty/fragment.rs"]
mod fragment;
#[path = "pty/keys.rs"]
mod keys;
#[path = "pty/leaving.rs"]
mod leaving;
#[path = "pty/logs.rs"]
mod logs;
#[path = "pty/look.rs"]
mod look;
#[path = "pty/stopping.rs"]
mod stopping;

#[path = "support"]
mod support {
    //! What other test crates need too; each uses a part of it.
    #![allow(dead_code, reason = "the tests of the command line use the rest")]
    pub mod hands;
    #[cfg(target_os = "linux")]
    pub mod process;
    pub mod stage;
    pub mod terminal;
}

use support::stage::{Stage, patience};
use support::terminal::Terminal;

/// Room for all panes.
const LARGE: (u16, u16) = (120, 40);
/// Room for one.
const SMALL: (u16, u16) = (80, 24);

/// A deck with this many services, all paused, so that nothing moves: `s00`, `s01`, … each with words of its own.
fn paused(services: usize) -> String {
    let mut deck = "name = \"yard\"\n[environments.harbour]\ntier = \"development\"\n".to_owned();
    for number in 0..services {
        deck += &format!(
            "[environments.harbour.services.s{number:02}]\ndoc = \"words of s{number:02}\"\npaused = \"laid up\"\n\
             probes.live = {{ tcp = \"127.0.0.1:1\" }}\n"
        );
    }
    deck
}

/// The console on a deck of paused services, drawn and listening.
fn moored(services: usize, size: (u16, u16)) -> (Stage, Terminal) {
    let stage = Stage::new(&paused(services));
    let mut terminal = Terminal::qd(&stage, size, &[]);
    terminal.shows("s00");
    (stage, terminal)
}
