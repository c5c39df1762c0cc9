//! Tests of the lab itself: what is broken about its hosts looks to the real client as it would on real ones, and
//! nothing of it is left behind.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is tests only"
)]
#![allow(clippy::disallowed_methods, reason = "tests measure real waits by the real clock")]

#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/sshd.rs"]
mod sshd;

mod faults;
mod hosts;
mod jump;
mod leaves;
mod refusals;
mod services;

use std::fs::File;
use std::io::{Read, Seek};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// What the real client told in the end, and how long it took.
#[derive(Debug)]
struct Told {
    code: Option<i32>,
    out: String,
    err: String,
    took: Duration,
}

/// Runs a client to its end. What it leaves behind may hold its streams open for long (`ssh -W` towards a frozen host), so
/// they are files and not pipes.
fn told(client: &mut Command) -> Told {
    let began = Instant::now();
    let (mut out, mut err) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    client.stdin(Stdio::null()).stdout(out.try_clone().unwrap()).stderr(err.try_clone().unwrap());
    let status = client.status().unwrap();
    let read = |file: &mut File| {
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        bytes
    };
    tell(Output { status, stdout: read(&mut out), stderr: read(&mut err) }, began)
}

fn tell(output: Output, began: Instant) -> Told {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Told { code: output.status.code(), out: text(&output.stdout), err: text(&output.stderr), took: began.elapsed() }
}

impl Told {
    /// The client said good-bye with 255 and these words.
    fn failed_with(&self, words: &str) {
        assert!(self.code == Some(255) && self.err.contains(words), "wanted `{words}`: {self:?}");
    }

    fn said(&self, words: &str) {
        assert!(self.code == Some(0) && self.out.trim() == words, "wanted `{words}`: {self:?}");
    }
}

/// `tests/run` calls this one first, so that no other test waits for the base tree to be made.
#[test]
fn the_base_tree_is_made_once() {
    let Some(first) = lab::Lab::new() else { return };
    let began = Instant::now();
    let Some(second) = lab::Lab::new() else { return };
    assert!(began.elapsed() < Duration::from_secs(5), "made twice");
    assert_ne!(first.prefix(), second.prefix());
}
