//! Hosts over SSH at their worst: real sshds that refuse, hang, flood and end, booted hosts that lose their line and
//! their power, and what a person reads of it each time.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "this crate is tests only"
)]
#![allow(clippy::disallowed_methods, reason = "tests measure real waits by the real clock")]
#![allow(missing_docs, reason = "nobody calls a test from outside")]

#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/sshd.rs"]
mod sshd;

mod desk;

mod batch;
mod commands;
mod hops;
mod keys;
mod login;
mod loss;
mod plans;
mod reach;
mod shells;
mod supervisor;
mod tunnels;
