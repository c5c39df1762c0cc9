//! Acting as a whole: the binary runs runbooks on booted hosts and on a real PostgreSQL, and is killed, cut off, refused
//! and lied to meanwhile. `-- --nocapture` prints what took how long.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is tests only"
)]
#![allow(clippy::disallowed_types, reason = "tests share a few words between threads")]
#![allow(clippy::disallowed_methods, reason = "tests wait for real hosts, by the real clock, in threads of their own")]

#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/sshd.rs"]
mod sshd;
#[path = "../support/stage.rs"]
#[allow(dead_code, reason = "each test crate uses a part")]
mod stage;
#[path = "../support/mod.rs"]
mod support;

mod database;
mod home;
mod links;
mod refusals;
mod release;
mod resume;
mod room;
mod secrets;
mod several;
mod site;
mod steps;

use std::time::{Duration, Instant};

/// Looks until it is so.
#[track_caller]
fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + stage::patience() * 2;
    while !is_so() {
        assert!(Instant::now() < end, "not so in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The log of an attempt as its host keeps it.
#[track_caller]
fn log_of(host: &lab::Host, run: &str, task: &str) -> String {
    host.must(&format!("cat {}/runs/{run}/{task}/log", site::STATE))
}
