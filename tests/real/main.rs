//! Checks against real servers, started by the tests on private ports and ended with them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is tests only; its helpers stand outside #[test] functions"
)]

mod init;
mod postgres;
mod rabbitmq;
mod redis;
#[path = "../support/mod.rs"]
mod support;
