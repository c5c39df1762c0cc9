//! Screens: a scripted world in, the picture of a frame out, text and roles. The pictures lie under
//! `tests/screens/snapshots`; look at a new one as somebody who was just woken up before you take it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test may stop at what it did not expect"
)]

#[path = "screens/acting.rs"]
mod acting;
#[path = "screens/decks.rs"]
mod decks;
#[path = "screens/edges.rs"]
mod edges;
#[allow(dead_code, reason = "the keys use more of it")]
#[path = "screens/going.rs"]
mod going;
#[path = "screens/honest.rs"]
mod honest;
#[path = "screens/hosts.rs"]
mod hosts;
#[allow(dead_code, reason = "the keys use more of it")]
#[path = "screens/logged.rs"]
mod logged;
#[path = "screens/logs.rs"]
mod logs;
#[path = "screens/look.rs"]
mod look;
#[path = "screens/panes.rs"]
mod panes;
#[path = "screens/popups.rs"]
mod popups;
#[allow(dead_code, reason = "the keys use more of it")]
#[path = "screens/runs.rs"]
mod runs;
#[allow(dead_code, reason = "the keys let more happen than the screens do")]
#[path = "screens/world.rs"]
mod world;
#[allow(dead_code, reason = "the keys use more of it")]
#[path = "screens/worlds.rs"]
mod worlds;
