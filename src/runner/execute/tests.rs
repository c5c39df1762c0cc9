//! Runs over this machine with real steps, a real journal, a real audit log: what happens when all goes well, when people
//! step in, when the console dies at any line, and when the link fails at any call.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at what it did not expect")]

mod between;
mod faults;
mod flaky;
mod hosts;
mod releases;
mod rig;
mod seats;
mod wall;
mod ways;
