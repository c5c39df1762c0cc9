//! `cargo bench --bench compare`: Quarterdeck against a tool that does the same work, on the same machine in the same
//! minute. Prints medians and ratios beside their budgets; a slow machine slows both. Needs `curl` 7.66 or newer.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]

#[path = "compare/endpoints.rs"]
mod endpoints;
#[path = "compare/round.rs"]
mod round;

use std::error::Error;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use endpoints::{Endpoints, SERVES, serve};
use round::Tool;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Endpoints in a round.
const ENDPOINTS: usize = 1000;
/// Rounds of each tool that count; one more before them warms caches and does not.
const ROUNDS: usize = 5;
/// How much longer than `curl` a round may take.
const BUDGET: f64 = 1.2;
/// One descriptor for each endpoint, one for its connection, and room.
const DESCRIPTORS: u64 = 4 * ENDPOINTS as u64;

fn main() -> ExitCode {
    // `cargo test --benches` starts this too, but measures nothing.
    let served = std::env::var(SERVES).ok().and_then(|count| count.parse().ok());
    if served.is_none() && !std::env::args().any(|a| a == "--bench") {
        eprintln!("compare measures only under `cargo bench --bench compare`");
        return ExitCode::SUCCESS;
    }
    let result = raise_descriptors().and_then(|()| served.map_or_else(compare, serve));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compare: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A thousand sockets are more than many shells allow; children inherit what is set here.
fn raise_descriptors() -> Result<(), Box<dyn Error>> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|c| c >= DESCRIPTORS) {
        return Ok(());
    }
    if maximum.is_some_and(|m| m < DESCRIPTORS) {
        return Err(format!("needs {DESCRIPTORS} open files: type `ulimit -Hn {DESCRIPTORS}` as root first").into());
    }
    Ok(setrlimit(Resource::Nofile, Rlimit { current: Some(DESCRIPTORS), maximum })?)
}

fn compare() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let deck = folder.path().join("quarterdeck.toml");
    let list = folder.path().join("list");
    let mut endpoints = Endpoints::start(ENDPOINTS)?;
    write_deck(&deck, &endpoints.ports)?;
    write_list(&list, &endpoints.ports)?;
    let (deck, list) = (deck.display().to_string(), list.display().to_string());
    let parallel = ["--parallel", "--parallel-max", "256", "--silent", "--show-error", "-K", &list];
    let mut curl = Tool::new("curl --parallel", "curl", &parallel);
    let mut status = Tool::new("qd status", env!("CARGO_BIN_EXE_qd"), &["status", "--deck", &deck]);
    // One round of each in turn, so that whatever else the machine does falls on both.
    for round in 0..=ROUNDS {
        curl.round(&mut endpoints, round > 0);
        status.round(&mut endpoints, round > 0);
    }
    print_table(&curl, &status);
    match curl.failed.or(status.failed) {
        Some(why) => Err(why.into()),
        None => Ok(()),
    }
}

fn write_deck(path: &Path, ports: &[u16]) -> Result<(), Box<dyn Error>> {
    let mut text = String::from("[environments.bench]\ntier = \"development\"\n");
    for (number, port) in ports.iter().enumerate() {
        let url = format!("http://127.0.0.1:{port}/health");
        writeln!(text, "services.s{number:04}.probes.live = {{ http = \"{url}\", every = \"10s\" }}")?;
    }
    Ok(fs::write(path, text)?)
}

fn write_list(path: &Path, ports: &[u16]) -> Result<(), Box<dyn Error>> {
    let mut text = String::new();
    for port in ports {
        // An output belongs to one address each; without it the answers would be printed.
        writeln!(text, "url = \"http://127.0.0.1:{port}/health\"\noutput = \"/dev/null\"")?;
    }
    Ok(fs::write(path, text)?)
}

fn print_table(peer: &Tool, ours: &Tool) {
    println!("\none round over {ENDPOINTS} HTTP endpoints, {ROUNDS} rounds each\n");
    println!("{:<18} {:>10} {:>10} {:>8} {:>8}", "", "median ms", "min ms", "ratio", "budget");
    row(peer, peer, None);
    row(ours, peer, Some(BUDGET));
}

fn row(tool: &Tool, peer: &Tool, budget: Option<f64>) {
    if tool.failed.is_some() || peer.failed.is_some() {
        println!("{:<18} {:>10} {:>10} {:>8}", tool.name, millis(tool.median()), millis(tool.shortest()), "?");
        return;
    }
    let ratio = tool.median().as_secs_f64() / peer.median().as_secs_f64();
    let verdict = match budget {
        Some(most) if ratio > most => format!("{most:>8.2}  over"),
        Some(most) => format!("{most:>8.2}  kept"),
        None => String::new(),
    };
    let (median, shortest) = (millis(tool.median()), millis(tool.shortest()));
    println!("{:<18} {median:>10} {shortest:>10} {ratio:>8.2} {verdict}", tool.name);
}

fn millis(time: Duration) -> String {
    if time.is_zero() { "?".to_owned() } else { format!("{:.1}", time.as_secs_f64() * 1000.0) }
}
