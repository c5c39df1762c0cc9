//! Listens to one log, and keeps what it told until it is asked for.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use quarterdeck::model::{EnvironmentId, HostId, LogFrom, LogId, LogNews, LogSpec, LogState};
use quarterdeck::source::Surroundings;
use quarterdeck::source::logs::{WAITING, Wanted, read};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

pub const PATIENCE: Duration = Duration::from_mins(1);

/// What was told so far.
pub struct Ear {
    inbox: mpsc::Receiver<LogNews>,
    task: JoinHandle<()>,
    pub lines: Vec<String>,
    pub gaps: Vec<String>,
    pub states: Vec<LogState>,
    over: bool,
}

pub const FOLLOWED: Wanted = Wanted { lines: None, since: None, follow: true };
pub const ONCE: Wanted = Wanted { lines: None, since: None, follow: false };

pub fn spec(from: LogFrom, on: Option<HostId>) -> LogSpec {
    let id = LogId::of_environment(&EnvironmentId::new("test"), "app");
    LogSpec { id, from, on, zone: None, pattern: None, doc: None }
}

pub fn file(path: &Path) -> LogFrom {
    let path = path.to_str().unwrap().to_owned();
    LogFrom::File { newest: path.contains('*'), path }
}

impl Ear {
    pub fn to(from: LogFrom, on: Option<HostId>, wanted: Wanted, around: &Surroundings) -> Self {
        let (outbox, inbox) = mpsc::channel(WAITING);
        let (spec, around) = (spec(from, on), around.clone());
        let task = tokio::spawn(async move { read(&spec, wanted, &around, outbox).await });
        Self { inbox, task, lines: Vec::new(), gaps: Vec::new(), states: Vec::new(), over: false }
    }

    /// A file of this machine.
    pub fn here(path: &Path, wanted: Wanted) -> Self {
        Self::to(file(path), None, wanted, &around())
    }

    fn keep(&mut self, news: Option<LogNews>) {
        match news {
            None => self.over = true,
            Some(LogNews::Lines(lines)) => {
                self.lines.extend(lines.iter().map(|l| String::from_utf8_lossy(&l.bytes).into_owned()));
            }
            Some(LogNews::Gap(why)) => self.gaps.push(why.to_string()),
            Some(LogNews::State(state, _)) => self.states.push(state),
        }
    }

    /// Listens until something is so.
    #[track_caller]
    pub fn until(&mut self, is_so: impl Fn(&Self) -> bool) -> impl Future<Output = ()> {
        let from = std::panic::Location::caller();
        async move {
            let end = Instant::now() + PATIENCE;
            while !is_so(self) && !self.over {
                let Ok(news) = timeout(end - Instant::now(), self.inbox.recv()).await else {
                    let last = self.lines.iter().rev().take(3).collect::<Vec<_>>();
                    panic!("{from}: not within {PATIENCE:?}: {:?} {:?} … {last:?}", self.states, self.gaps);
                };
                self.keep(news);
            }
            assert!(is_so(self), "{from}: it is over: {:?} {:?} {:?}", self.states, self.gaps, self.lines);
        }
    }

    #[track_caller]
    pub fn line(&mut self, wanted: &str) -> impl Future<Output = ()> {
        self.until(move |ear| ear.lines.iter().any(|l| l == wanted))
    }

    #[track_caller]
    pub fn live(&mut self) -> impl Future<Output = ()> {
        self.until(|ear| ear.states.last() == Some(&LogState::Live))
    }

    #[track_caller]
    pub fn end(&mut self) -> impl Future<Output = ()> {
        self.until(|ear| ear.over)
    }

    /// Listens for so long.
    pub async fn during(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(news) = timeout(end.saturating_duration_since(Instant::now()), self.inbox.recv()).await {
            self.keep(news);
            if self.over {
                return;
            }
        }
    }

    /// The line `word N` for every number up to there, once and in order, and nothing else.
    #[track_caller]
    pub fn has_all(&self, word: &str, from: usize, to: usize) {
        let wanted: Vec<String> = (from..=to).map(|n| format!("{word} {n}")).collect();
        let first =
            self.lines.iter().zip(&wanted).position(|(l, w)| l != w).unwrap_or(self.lines.len().min(wanted.len()));
        let around = self.lines.iter().skip(first.saturating_sub(3)).take(8).collect::<Vec<_>>();
        assert_eq!(self.lines.len(), wanted.len(), "differs at {first}: {around:?} gaps {:?}", self.gaps);
        assert_eq!(first, wanted.len(), "{around:?}");
    }
}

impl Drop for Ear {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// This machine alone.
pub fn around() -> Surroundings {
    let sources = quarterdeck::transport::ssh::config::Sources::only(PathBuf::from("/dev/null"));
    Surroundings::with(std::sync::Arc::new(jiff::Timestamp::now), sources, None)
}

pub fn folder() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("qd-logs-").tempdir().unwrap()
}

/// Appends a text as it is.
pub fn write(path: &Path, text: impl AsRef<[u8]>) {
    let file = std::fs::OpenOptions::new().append(true).create(true).open(path);
    file.unwrap().write_all(text.as_ref()).unwrap();
}
