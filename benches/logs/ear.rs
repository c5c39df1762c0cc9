//! A log that is listened to, as the pane does it: every line goes into a store.

use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use quarterdeck::log::{Known, LogStore, SourceId};
use quarterdeck::model::{EnvironmentId, HostId, LogFrom, LogId, LogNews, LogSpec, LogState};
use quarterdeck::source::Surroundings;
use quarterdeck::source::logs::{WAITING, Wanted, read};
use tokio::sync::mpsc;

/// This machine alone.
pub fn here() -> Surroundings {
    let sources = quarterdeck::transport::ssh::config::Sources::only(std::path::PathBuf::from("/dev/null"));
    Surroundings::with(std::sync::Arc::new(Timestamp::now), sources, None)
}

/// Begins to read a file.
pub fn follow(file: &Path, on: Option<HostId>, wanted: Wanted, around: &Surroundings) -> mpsc::Receiver<LogNews> {
    let id = LogId::of_environment(&EnvironmentId::new("bench"), "app");
    let from = LogFrom::File { path: file.display().to_string(), newest: false };
    let spec = LogSpec { id, from, on, zone: None, pattern: None, doc: None };
    let (outbox, inbox) = mpsc::channel(WAITING);
    let around = around.clone();
    tokio::spawn(async move { read(&spec, wanted, &around, outbox).await });
    inbox
}

/// Takes one piece of news in: how many lines it was, and whether all that was there is told.
pub fn take(news: LogNews, store: &mut LogStore, source: SourceId) -> (usize, bool) {
    match news {
        LogNews::Lines(lines) => {
            for line in &lines {
                store.push_line(source, &line.bytes, Known { time: line.time, level: None }, line.received);
            }
            (lines.len(), false)
        }
        LogNews::State(state, _) => (0, state == LogState::Live),
        LogNews::Gap(_) => (0, false),
    }
}

/// A store with one source.
pub fn store(cap: usize) -> (LogStore, SourceId) {
    let mut store = LogStore::new(cap);
    let source = store.add(TimeZone::UTC);
    (store, source)
}

/// A runtime as the console has it.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()
}
