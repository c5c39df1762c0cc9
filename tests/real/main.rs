//! Checks against real servers and hostile ones, on loopback only.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "these are tests, helpers included"
)]
#![allow(missing_docs, reason = "nobody calls a test from outside")]

#[path = "../support/process.rs"]
#[allow(dead_code, reason = "each test crate uses a part")]
mod process;

#[path = "../support/mod.rs"]
mod support;

mod certificates;
mod dns;
mod encrypted;
mod flood;
mod hostile;
mod http;
mod init;
mod paths;
mod postgres;
mod proxy;
mod rabbitmq;
mod redis;
mod secrets;
mod settings;
mod steps;
mod tcp;
mod tls;
mod truth;
