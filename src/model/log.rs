//! Log sources as a deck declares them, and what one of them tells while it is read. Plain values; nothing here reads a
//! log or knows how a line is taken apart.

mod loki;

use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{EnvironmentId, HostId, ServiceId, Text};
pub use loki::{LogLogin, LokiQuery, SecretPlace};

/// One log on one host: `production/sales:app`, `production:nginx`, and `production/sales:app@web1` where a log is on
/// several hosts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LogId {
    /// Its environment.
    pub environment: EnvironmentId,
    /// Its service; none for a log of the environment itself.
    pub service: Option<Arc<str>>,
    /// Its name there.
    pub name: Arc<str>,
    /// The host that tells it from its like on other hosts.
    pub host: Option<Arc<str>>,
}

impl LogId {
    /// A log of an environment.
    pub fn of_environment(environment: &EnvironmentId, name: &str) -> Self {
        Self { environment: environment.clone(), service: None, name: name.into(), host: None }
    }

    /// A log of a service.
    pub fn of_service(service: &ServiceId, name: &str) -> Self {
        let of = Self::of_environment(&service.environment, name);
        Self { service: Some(service.name.clone()), ..of }
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.environment)?;
        if let Some(service) = &self.service {
            write!(f, "/{service}")?;
        }
        write!(f, ":{}", self.name)?;
        self.host.iter().try_for_each(|host| write!(f, "@{host}"))
    }
}

/// Where the lines come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LogFrom {
    /// A file, followed by its name.
    File {
        /// A whole path on a host, any path on this machine.
        path: String,
        /// The path is a pattern, and the newest file that matches is meant.
        newest: bool,
    },
    /// The journal of a unit.
    Journal {
        /// The unit.
        unit: String,
    },
    /// What was run on the service from this machine.
    Runs,
    /// What a program prints; no shell reads it.
    Command {
        /// The program and its arguments.
        words: Vec<String>,
    },
    /// What a Loki server has for a query.
    Loki(Arc<LokiQuery>),
}

impl fmt::Display for LogFrom {
    /// For people: what is read.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, .. } => f.write_str(path),
            Self::Journal { unit } => write!(f, "the journal of {unit}"),
            Self::Runs => f.write_str("the audit log"),
            Self::Command { words } => write!(f, "`{}`", words.join(" ")),
            Self::Loki(query) => query.fmt(f),
        }
    }
}

/// A log source of a deck.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LogSpec {
    /// Its name.
    pub id: LogId,
    /// Where the lines come from.
    pub from: LogFrom,
    /// Where that is; none for this machine.
    pub on: Option<HostId>,
    /// The zone of times that name none; IANA, checked. None where the deck says nothing.
    pub zone: Option<String>,
    /// A regular expression, checked, whose groups `time`, `level` and `message` and others tell a line's parts. None where
    /// lines are read as they are.
    pub pattern: Option<Arc<str>>,
    /// One line about it.
    pub doc: Option<Text>,
}

/// How a source stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogState {
    /// Nothing was heard yet.
    Connecting,
    /// What was there is told; from here on lines come as they are written.
    Live,
    /// It is followed, and there is nothing to read: no such file yet, or not any more.
    Absent(Text),
    /// Nothing is heard of its host, so nothing is known of the log.
    Silent(Text),
    /// The way to it is lost, and why; it is tried again for ever.
    Lost(Text),
    /// It may not be read, and what to do about it; it is tried again for ever.
    Denied(Text),
}

impl LogState {
    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Absent(_) => "absent",
            Self::Silent(_) => "silent",
            Self::Lost(_) => "lost",
            Self::Denied(_) => "denied",
        }
    }

    /// Why, where there is a reason.
    pub fn why(&self) -> Option<&Text> {
        match self {
            Self::Connecting | Self::Live => None,
            Self::Absent(why) | Self::Silent(why) | Self::Lost(why) | Self::Denied(why) => Some(why),
        }
    }
}

/// A line as it came. Its bytes are from outside: they go to a screen only after they were cleaned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Without its end.
    pub bytes: Vec<u8>,
    /// When it was read here.
    pub received: Timestamp,
    /// When it was written, where the source itself says so.
    pub time: Option<Timestamp>,
    /// The priority of syslog, 0 emergency to 7 debug, where the source itself says so.
    pub priority: Option<u8>,
}

/// What a source tells. In order; a gap stands where lines may be missing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogNews {
    /// Lines in the order of the source; never empty.
    Lines(Vec<LogLine>),
    /// Lines may be missing here, and why.
    Gap(Text),
    /// It stands differently since this time.
    State(LogState, Timestamp),
}
