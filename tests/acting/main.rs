//! Acting as a whole: the binary runs runbooks on booted hosts and on a real PostgreSQL, and is killed, cut off, refused
//! and lied to meanwhile. `-- --nocapture` prints what took how long.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is tests only"
)]
#![allow(
    clippy::needless_for_each,
    clippy::format_collect,
    clippy::elidable_lifetime_names,
    clippy::string_slice,
    reason = "short tests read better so; digests are plain letters"
)]
#![allow(clippy::disallowed_types, reason = "tests share a few words between threads")]
#![allow(clippy::disallowed_methods, reason = "tests wait for real hosts, by the real clock, in threads of their own")]

#[path = "../support/hands.rs"]
mod hands;
#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/sshd.rs"]
mod sshd;
#[path = "../support/stage.rs"]
#[allow(dead_code, reason = "each test crate uses a part")]
mod stage;
#[path = "../support/mod.rs"]
mod support;
#[path = "../support/terminal.rs"]
#[allow(dead_code, reason = "each test crate uses a part")]
mod terminal;

mod console;
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

/// Makes the lock of a service as old as it is when its console was silent for a minute, which is not waited for.
fn a_minute_passes(keeper: &lab::Host, state: &str, service: &str) {
    let folder = format!("{state}/locks/{}", service.replace('/', "%2F"));
    keeper.must(&format!(
        "cd {folder} 2>/dev/null || exit 0; n=$(ls | grep -x '[0-9]*' | sort -n | tail -n 1); \
         [ -z \"$n\" ] || [ -e $n.over ] || echo $(($(date +%s) - 61)) >$n.beat"
    ));
}
