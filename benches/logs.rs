//! `cargo bench --bench logs`: the log engine and the sources of logs, beside `lnav`, `rg`, `grep` and `tail -F` on the same
//! bytes in the same minutes, where they are installed. Prints medians beside their budgets. Words after `--` choose parts:
//! `engine`, `live`, `latency`, `big`, `grep`; all of them otherwise. `latency` needs an sshd, `big` 1.1 GB in the
//! folder for temporary files.

#![allow(clippy::disallowed_methods, clippy::indexing_slicing, reason = "a benchmark reads the clock and may stop")]

#[path = "logs/big.rs"]
mod big;
#[path = "../tests/ssh/desk.rs"]
#[allow(dead_code, clippy::unwrap_used, clippy::panic, missing_docs, reason = "the tests of connections use the rest")]
mod desk;
#[path = "logs/ear.rs"]
mod ear;
#[path = "logs/engine.rs"]
mod engine;
#[path = "logs/grep.rs"]
mod grep;
#[path = "logs/latency.rs"]
mod latency;
#[path = "logs/live.rs"]
mod live;
#[path = "logs/peers.rs"]
mod peers;
#[path = "../tests/support/sshd.rs"]
mod sshd;

use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

const LINES: usize = 1_000_000;
const ROUNDS: usize = 5;
/// Says that this process plays a part for another one: `write FOLDER` or `read FILE`.
const ROLE: &str = "QUARTERDECK_BENCH_LOGS";

type Outcome<T> = Result<T, Box<dyn Error>>;
/// A part's name and what measures it.
type Part = (&'static str, fn() -> Outcome<()>);

const PARTS: [Part; 5] = [
    ("engine", engine::measure),
    ("grep", grep::measure),
    ("live", live::measure),
    ("latency", latency::measure),
    ("big", big::measure),
];

fn main() -> ExitCode {
    let result = match std::env::var(ROLE) {
        Ok(role) => match role.split_once(' ') {
            Some(("write", folder)) => live::write(folder.as_ref()),
            Some(("read", file)) => big::read(file),
            _ => Err(format!("there is no role {role}").into()),
        },
        Err(_) if std::env::args().any(|a| a == "--bench") => measure(),
        Err(_) => {
            eprintln!("logs measures only under `cargo bench --bench logs`");
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("logs: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    if let Some(odd) = words.iter().find(|word| PARTS.iter().all(|(name, _)| name != word)) {
        return Err(format!("there is no part `{odd}`").into());
    }
    let load = || std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    for (name, part) in PARTS {
        if words.is_empty() || words.iter().any(|word| word == name) {
            println!("== {name} (load {})", load().split(' ').next().unwrap_or_default());
            part()?;
        }
    }
    Ok(())
}

/// JSON lines of 130 bytes, a thousand a second; one in a hundred is an error, one in a thousand timed out.
fn json(from: usize) -> Outcome<Vec<u8>> {
    let first: Timestamp = "2026-11-21T00:00:00Z".parse()?;
    let mut text = Vec::with_capacity(LINES * 131);
    for n in from..from + LINES {
        let at = first + SignedDuration::from_millis(i64::try_from(n)?);
        let level = if n.is_multiple_of(100) { "error" } else { "info" };
        let message = if n.is_multiple_of(1000) { "timed out" } else { "answered" };
        let mut line = format!(
            "{{\"time\":\"{at:.3}\",\"level\":\"{level}\",\"msg\":\"{message}\",\"order\":{n},\"path\":\"/orders\",\"pad\":\""
        );
        while line.len() < 128 {
            line.push('x');
        }
        text.extend_from_slice(line.as_bytes());
        text.extend_from_slice(b"\"}\n");
    }
    Ok(text)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn timed(mut work: impl FnMut()) -> Duration {
    let rounds = (0..ROUNDS).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed()
    });
    median(rounds.collect())
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
