//! `cargo bench --bench console`: the built binary in a real pseudo-terminal: time to the first frame and to leave
//! with every endpoint black-holed, processor and memory with a thousand services, a key's way to the screen while a
//! thousand samples a second arrive, and frames drawn when nothing changes.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::indexing_slicing, reason = "a benchmark fails by panicking")]

#[path = "compare/endpoints.rs"]
mod endpoints;
#[path = "console/seat.rs"]
mod seat;

use std::error::Error;
use std::fmt::Write;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use endpoints::{Endpoints, SERVES, serve};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use seat::Seat;

type Outcome<T> = Result<T, Box<dyn Error>>;

const ENDPOINTS: usize = 1000;

fn main() -> ExitCode {
    let served: Option<usize> = std::env::var(SERVES).ok().and_then(|count| count.parse().ok());
    if served.is_none() && !std::env::args().any(|a| a == "--bench") {
        eprintln!("console measures only under `cargo bench --bench console`");
        return ExitCode::SUCCESS;
    }
    let limit = getrlimit(Resource::Nofile);
    let wanted = limit.maximum.unwrap_or(8192).min(8192);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum });
    let result = raised.map_err(Into::into).and_then(|()| served.map_or_else(measure, serve));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("console: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Outcome<()> {
    println!("\n{:<58} {:>10} {:>10}", "", "measured", "budget");
    black_holes()?;
    let endpoints = Endpoints::start(ENDPOINTS)?;
    steady(&endpoints.ports)?;
    keys(&endpoints.ports)?;
    idle()?;
    demo()
}

fn row(what: &str, measured: &str, budget: &str) {
    println!("{what:<58} {measured:>10} {budget:>10}");
}

fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// A thousand endpoints that take connections and never answer.
fn black_holes() -> Outcome<()> {
    // The backlog takes connections that nobody accepts.
    let hole = std::net::TcpListener::bind("127.0.0.1:0")?;
    let ports = vec![hole.local_addr()?.port(); ENDPOINTS];
    let folder = tempfile::tempdir()?;
    write_deck(folder.path(), &ports, "10s", "")?;
    let (mut frames, mut quits) = (Vec::new(), Vec::new());
    for _ in 0..7 {
        let started = Instant::now();
        let mut seat = Seat::take(folder.path(), &["--deck", &folder.path().display().to_string()], (120, 40))?;
        seat.until("worst first", Duration::from_secs(5))?;
        frames.push(started.elapsed());
        std::thread::sleep(Duration::from_secs(1));
        let leaving = Instant::now();
        seat.send(b"q")?;
        seat.gone(Duration::from_secs(5))?;
        quits.push(leaving.elapsed());
    }
    frames.sort_unstable();
    quits.sort_unstable();
    row("first frame, 1,000 endpoints black-holed, median of 7", &millis(frames[3]), "100 ms");
    row("leaving, 1,000 checks under way, median of 7", &millis(quits[3]), "100 ms");
    Ok(())
}

/// A thousand services probed every ten seconds.
fn steady(ports: &[u16]) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    write_deck(folder.path(), ports, "10s", "")?;
    let mut seat = Seat::take(folder.path(), &["--deck", &folder.path().display().to_string()], (200, 60))?;
    seat.until("s0001", Duration::from_secs(5))?;
    seat.rest(Duration::from_secs(12))?;
    let (before, started) = (seat.processor()?, Instant::now());
    seat.rest(Duration::from_secs(30))?;
    let share = seat.processor()?.saturating_sub(before).as_secs_f64() / started.elapsed().as_secs_f64() * 100.0;
    row("1,000 services every 10 s: share of one core over 30 s", &format!("{share:.1} %"), "15 %");
    row("1,000 services every 10 s: resident memory", &format!("{:.1} MiB", seat.memory()?), "80 MiB");
    seat.leave()
}

/// Keys pressed while a thousand samples a second arrive.
fn keys(ports: &[u16]) -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    write_deck(folder.path(), ports, "1s", "")?;
    let mut seat = Seat::take(folder.path(), &["--deck", &folder.path().display().to_string()], (200, 60))?;
    seat.until("s0001", Duration::from_secs(5))?;
    seat.rest(Duration::from_secs(3))?;
    let mut ways = Vec::new();
    for turn in 0..400 {
        // The filter line shows the key itself, so the answer to it cannot be mistaken for another change.
        if turn == 0 {
            seat.send(b"/")?;
            seat.rest(Duration::from_millis(300))?;
        }
        let key = [b'a' + u8::try_from(turn % 26)?];
        let sent = Instant::now();
        seat.send(&key)?;
        seat.typed(char::from(key[0]), Duration::from_secs(2))?;
        ways.push(sent.elapsed());
        seat.send(b"\x7f")?;
        seat.rest(Duration::from_millis(23))?;
    }
    ways.sort_unstable();
    row("key to screen at 1,000 samples/s, median of 400", &millis(ways[200]), "");
    row("key to screen at 1,000 samples/s, p99", &millis(ways[395]), "16 ms");
    seat.send(b"\x1b")?;
    // An escape and a letter at once would be one key.
    seat.rest(Duration::from_millis(200))?;
    seat.leave()
}

/// Nothing is observed, so nothing changes.
fn idle() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    write_deck(folder.path(), &[9; 20], "1s", ", paused = true")?;
    let mut seat = Seat::take(folder.path(), &["--deck", &folder.path().display().to_string()], (120, 40))?;
    seat.until("paused", Duration::from_secs(5))?;
    seat.rest(Duration::from_secs(2))?;
    let before = seat.processor()?;
    seat.rest(Duration::from_secs(20))?;
    let share = seat.processor()?.saturating_sub(before).as_secs_f64() / 20.0 * 100.0;
    row("idle: share of one core over 20 s", &format!("{share:.2} %"), "0.5 %");
    seat.leave()?;
    let log = std::fs::read_to_string(folder.path().join("quarterdeck/quarterdeck.log"))?;
    let frames = log.rsplit("frames=").next().and_then(|t| t.split_whitespace().next()).unwrap_or("?").to_owned();
    row("idle: frames drawn in 22 s, the first and a minute's included", &frames, "2");
    Ok(())
}

/// The demo as it comes: the console alone, without its children.
fn demo() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let started = Instant::now();
    let mut seat = Seat::take(folder.path(), &["demo"], (120, 40))?;
    seat.until("worst first", Duration::from_secs(5))?;
    row("demo: first frame", &millis(started.elapsed()), "");
    seat.rest(Duration::from_secs(3))?;
    let before = seat.processor()?;
    seat.rest(Duration::from_secs(20))?;
    let share = seat.processor()?.saturating_sub(before).as_secs_f64() / 20.0 * 100.0;
    row("demo: share of one core over 20 s, 32 probes every 2 to 5 s", &format!("{share:.2} %"), "0.5 %");
    row("demo: resident memory", &format!("{:.1} MiB", seat.memory()?), "");
    seat.leave()
}

fn write_deck(folder: &Path, ports: &[u16], every: &str, more: &str) -> Outcome<()> {
    let mut text = String::from("[environments.bench]\ntier = \"development\"\n");
    for (number, port) in ports.iter().enumerate() {
        let probe = format!("{{ http = \"http://127.0.0.1:{port}/health\", every = \"{every}\" }}");
        writeln!(text, "services.s{number:04} = {{ probes.live = {probe}{more} }}")?;
    }
    Ok(std::fs::write(folder.join("quarterdeck.toml"), text)?)
}
