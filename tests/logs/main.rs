//! Logs as they are on real machines: files that are rotated, cut, removed and written late, links that are lost on the
//! way, the journal of booted hosts. What counts is that every line comes once and in order, and that a gap is told.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "this crate is tests only"
)]
#![allow(clippy::disallowed_methods, reason = "tests measure real waits by the real clock")]
#![allow(clippy::disallowed_types, reason = "a server of a test shares what it was asked between its threads")]
#![allow(missing_docs, reason = "nobody calls a test from outside")]

#[path = "../ssh/desk.rs"]
#[allow(dead_code, reason = "the tests of connections use the rest")]
mod desk;
#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/sshd.rs"]
mod sshd;

mod commands;
mod ear;
mod files;
mod fleet;
mod journals;
mod loki;
mod odd;
