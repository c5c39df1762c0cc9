//! What a service does for an order, and what it tells of itself meanwhile: a service asks those that it depends on, hands the
//! trace on, and writes down what came of it. Also notices when a fault comes and goes.

use std::convert::Infallible;
use std::time::Duration;

use futures::future::join_all;
use hyper::{Method, StatusCode};
use tokio::time::{Instant, sleep};

use super::super::call;
use super::super::programme::Condition;
use super::super::shop::{Voice, scatter};
use super::super::wire::{TRACE_HEADER, WORK_PATH};
use super::diary::{Cause, Remark};
use super::state::State;
use super::trace::Trace;
use crate::log::Level;

/// How long the first in a row waits for those that it asks; each further one a little less, so that the culprit is told.
pub const PATIENCE: Duration = Duration::from_millis(2800);
const LESS: Duration = Duration::from_millis(400);

/// How often it is looked whether something is wrong.
const LOOK: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// Its number.
    pub number: u64,
    /// How long those that are asked may take.
    pub within: Duration,
    /// The trace that it leaves.
    pub trace: Trace,
}

impl Order {
    /// From `order=20417&within=2000`.
    pub fn of(query: Option<&str>, trace: Trace) -> Option<Self> {
        let pairs = || query.unwrap_or_default().split('&').filter_map(|pair| pair.split_once('='));
        let number = |name: &str| pairs().find(|(n, _)| *n == name)?.1.parse::<u64>().ok();
        let within = Duration::from_millis(number("within")?).min(PATIENCE);
        Some(Self { number: number("order")?, within, trace })
    }
}

/// Does its part for an order and has the others do theirs.
pub async fn work(state: &State, order: Order) -> StatusCode {
    let began = Instant::now();
    let ask = async |(nth, name): (usize, &&'static str)| {
        let Some(port) = state.peers.get(*name) else { return Some(format!("nobody said where {name} is")) };
        let (number, left) = (order.number, order.within.saturating_sub(LESS).as_millis());
        let path = format!("{WORK_PATH}?order={number}&within={left}");
        let trace = order.trace.next(nth).to_string();
        match call::call(Method::POST, *port, &path, &[(TRACE_HEADER, &*trace)], order.within).await {
            Ok(status) if status.is_success() => None,
            Ok(status) => Some(format!("{name} answered {status}")),
            Err(error) => Some(format!("{name}: {error}")),
        }
    };
    let ((), asked) =
        tokio::join!(sleep(state.next_latency()), join_all(state.role.depends.iter().enumerate().map(ask)));
    let took = began.elapsed();
    if let Some((part, why)) = state.trouble() {
        let text = "Order {Order} cannot be done: {Part} is not as it must be";
        let remark = of_order(Level::Error, text, order).with("Part", part).because(Cause::Broken, why);
        state.diary.write(&remark);
        return StatusCode::INTERNAL_SERVER_ERROR;
    }
    if let Some(why) = asked.into_iter().flatten().next() {
        let remark = of_order(Level::Error, "Order {Order} failed after {Elapsed} ms", order);
        state.diary.write(&remark.with("Elapsed", millis(took)).because(Cause::Upstream, why));
        return StatusCode::BAD_GATEWAY;
    }
    state.diary.write(&done(state, order, took));
    StatusCode::OK
}

fn done(state: &State, order: Order, took: Duration) -> Remark {
    let number = order.number;
    let (lines, cents) = (number % 5 + 1, scatter(number) % 20_000 + 500);
    let remark = of_order(Level::Info, state.role.deed.text, order)
        .with("Customer", customer(number))
        .with("Lines", lines)
        .with("Amount", format!("{}.{:02}", cents / 100, cents % 100))
        .with("Shards", 4);
    let remark = remark.keep_named().with("Elapsed", millis(took));
    match state.condition() {
        Condition::Slow => remark.at(Level::Warn),
        Condition::Degraded => {
            let (part, complaint) = state.role.complaint;
            remark.at(Level::Warn).with("Part", part).with("Complaint", complaint)
        }
        _ => remark,
    }
}

fn of_order(level: Level, text: &str, order: Order) -> Remark {
    Remark::new(level, "Work", text).with("Order", order.number).on(order.trace)
}

fn customer(number: u64) -> u64 {
    1000 + scatter(number) % 577
}

fn millis(took: Duration) -> f64 {
    (took.as_secs_f64() * 10_000.0).round() / 10.0
}

/// Begins with an order again and again, as if somebody had ordered; a service that only answers never does.
pub async fn rounds(state: &State) -> Infallible {
    let Some(every) = state.role.deed.every else { return std::future::pending().await };
    loop {
        let number = state.next_order();
        // Never quite regular.
        let jitter = scatter(number ^ u64::from(std::process::id())) % 600;
        sleep(Duration::from_millis(every * 1000 - 300 + jitter)).await;
        if state.condition() == Condition::Hung {
            continue;
        }
        let order = Order { number, within: PATIENCE, trace: state.diary.trace() };
        let began = Instant::now();
        let status = work(state, order).await;
        if !state.role.depends.is_empty() && state.role.name == "storefront" {
            let took = began.elapsed().as_secs_f64();
            state.diary.access(customer(number), "/checkout", status.as_u16(), took, order.trace);
        }
    }
}

/// Tells when something goes wrong and when it is well again.
pub async fn watch(state: &State) -> Infallible {
    let mut before = (Condition::Well, false);
    loop {
        let now = (state.condition(), state.trouble().is_some());
        if now.0 != before.0 {
            state.diary.write(&turned(state, now.0));
        }
        if now.1 != before.1 {
            state.diary.write(&match state.trouble() {
                Some((part, why)) => Remark::new(Level::Error, "Startup", "{Part} is not as it must be")
                    .with("Part", part)
                    .because(Cause::Broken, why),
                None => Remark::new(Level::Info, "Startup", "everything needed is there again"),
            });
        }
        before = now;
        sleep(LOOK).await;
    }
}

fn turned(state: &State, condition: Condition) -> Remark {
    let (part, complaint) = state.role.complaint;
    match condition {
        Condition::Well => Remark::new(Level::Info, "Health", "all is well again"),
        Condition::Slow => {
            Remark::new(Level::Warn, "Health", "answers take {Late} ms longer than usual").with("Late", 700)
        }
        Condition::Degraded => Remark::new(Level::Warn, "Health", "{Part} is degraded: {Complaint}")
            .with("Part", part)
            .with("Complaint", complaint),
        Condition::Hung => Remark::new(Level::Error, "Workers", "no request is answered any more")
            .because(Cause::Starved, "no worker was free for 5000 ms, 64 requests wait"),
    }
}

/// What a service says when it begins.
pub fn started(state: &State, port: u16) {
    let version = &*state.release.version;
    let remarks = match state.role.voice {
        Voice::Postgres => vec![
            Remark::new(Level::Info, "Startup", "starting PostgreSQL {Version}"),
            Remark::new(Level::Info, "Startup", "listening on IPv4 address \"127.0.0.1\", port {Port}"),
            Remark::new(Level::Info, "Startup", "database system is ready to accept connections"),
        ],
        _ => vec![
            Remark::new(Level::Info, "Startup", "Starting {Service} {Version}"),
            Remark::new(Level::Info, "Startup", "Now listening on http://127.0.0.1:{Port}"),
        ],
    };
    for remark in remarks {
        let remark = remark.with("Service", state.role.name).with("Version", version).with("Port", port);
        state.diary.write(&remark.keep_named());
    }
}

/// What a service says at its end: a crash with its cause, else a word.
pub fn ended(state: &State, crashed: bool) {
    let text = match (crashed, state.role.voice) {
        (true, Voice::Postgres) => "could not write to file \"pg_wal/xlogtemp\"",
        (true, _) => "Unhandled exception, the process ends",
        (false, Voice::Postgres) => "received fast shutdown request",
        (false, _) => "Application is shutting down",
    };
    let level = if crashed { Level::Fatal } else { Level::Info };
    let remark = Remark::new(level, "Lifetime", text);
    let why = if state.role.voice == Voice::Postgres {
        "No space left on device"
    } else {
        "512 MiB are in use, allowed are 512 MiB"
    };
    state.diary.write(&if crashed { remark.because(Cause::Crash, why) } else { remark });
}

/// An answer to somebody who asked for the health.
pub fn reported(state: &State, status: StatusCode, degraded: bool, took: Duration, trace: Trace) {
    let level = match (status.is_server_error(), degraded) {
        (true, _) => Level::Error,
        (false, true) => Level::Warn,
        _ => Level::Info,
    };
    let text = match state.role.voice {
        Voice::Postgres => "duration: {Elapsed} ms  statement: SELECT state FROM health",
        Voice::Logfmt => "request answered",
        _ => "HTTP {Method} {Path} responded {Status} in {Elapsed} ms",
    };
    let remark = Remark::new(level, "Requests", text).with("Method", "GET").with("Path", "/health");
    let remark = remark.with("Status", status.as_u16()).with("Elapsed", millis(took)).on(trace);
    state.diary.write(&remark);
}

/// Another service asked whether this one lives.
pub fn greeted(state: &State, trace: Trace) {
    let text = match state.role.voice {
        Voice::Postgres => "connection received: host=127.0.0.1",
        _ => "asked for a sign of life",
    };
    state.diary.write(&Remark::new(Level::Debug, "Requests", text).on(trace));
}
