//! A host (or this machine) as runs use it: a folder with locks, markers, run folders and records, and steps that run there
//! detached from the connection. A POSIX shell is all it needs; every call is one command.
//!
//! ```text
//! STATE/locks/KEY/          7 who took it with number 7, 7.beat, 7.over when it was given back or taken away
//! STATE/fences/KEY/         numbers that were seen there, as names of files; the highest counts
//! STATE/dirty/KEY.json      what a run left unfinished
//! STATE/runs/RUN/           plan.json runbook.md journal.jsonl (the mirror)
//! STATE/runs/RUN/TASK/      script log exit pid of one attempt of a step
//! STATE/releases/KEY/       RUN.json a record, RUN.files/ copies of its files
//! ```
//!
//! | file | what is done there |
//! | --- | --- |
//! | `call` | one call of the shell text: sent, answered, refused |
//! | `job` | jobs: started, attached to, ended |
//! | `following` | what comes of a job, without gap or repeat |
//! | `script` | the words that a job is started with |
//! | `lock` | locks and dirty markers |
//! | `keep` | files of runs, records |
//! | `look` | what runs can have there, commands that only look, sudo |
//! | `*.sh` | the shell text |

mod call;
mod following;
mod job;
mod keep;
mod lock;
mod look;
mod script;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::model::plan::{HostName, Sudo};
use crate::model::run::LockHolder;
use crate::model::{Operator, RunId, Text};
use crate::transport::{Transport, TransportError};

/// A host as runs use it.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name in the plan.
    pub name: HostName,
    transport: Arc<dyn Transport>,
    /// The folder; none means `${XDG_STATE_HOME:-~/.local/state}/quarterdeck` there.
    folder: Option<String>,
}

/// Why a target did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// It is not reached, or what it said is lost: whether it was done is not known.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It was reached and could not do it: nothing was done.
    #[error("{place}: {why}")]
    Refused {
        /// The target.
        place: HostName,
        /// Why, with what to do about it.
        why: Text,
    },
    /// Somebody holds the lock.
    #[error("{} is held by {}", .0.key, .0.operator)]
    Held(Box<LockHolder>),
    /// The lock is not ours any more.
    #[error("the lock {key} was taken over{}", .by.as_ref().map(|b| format!(" by {}", b.operator)).unwrap_or_default())]
    LockLost {
        /// Which.
        key: String,
        /// By whom.
        by: Option<Box<LockHolder>>,
    },
}

/// What was found on a target by looking.
#[derive(Clone, Debug, PartialEq)]
pub struct Ground {
    /// The folder, absolute.
    pub folder: String,
    /// Why runs cannot keep anything there; none when they can.
    pub unwritable: Option<Text>,
    /// Why steps cannot be supervised there; none when they can.
    pub unsupervised: Option<Text>,
    /// Its clock less ours.
    pub clock_offset: jiff::SignedDuration,
    /// Its user.
    pub user: Text,
    /// How sudo fares; asked for only where wanted.
    pub sudo: Option<Sudo>,
    /// Bytes free where the folder is.
    pub free: Option<u64>,
}

/// A step to be started.
#[derive(Clone, Debug)]
pub struct Job {
    /// The run.
    pub run: RunId,
    /// `switch-2`: step and attempt; letters, digits, `-`, `_` and `.`.
    pub task: String,
    /// The shell text.
    pub script: String,
    /// Variables; values may be secret and are never written to a file.
    pub env: Vec<(String, String)>,
    /// The folder that it runs in.
    pub cwd: Option<String>,
    /// The password for sudo where one is needed; never written to a file.
    pub sudo_password: Option<Arc<secrecy::SecretString>>,
    /// Ended there after this long, whether anybody is connected or not.
    pub timeout: Duration,
    /// Between TERM and KILL.
    pub grace: Duration,
    /// Lock key and number: a target that has seen a higher one refuses to start it.
    pub fence: Option<(String, u64)>,
    /// The target keeps that lock, and starts it only while the lock is ours.
    pub keeps_lock: bool,
}

/// What comes of a job that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// It runs, led by this process.
    Started(u32),
    /// Bytes of its log (standard output and errors in the order in which they came), from this offset on.
    Output(u64, Vec<u8>),
    /// It ended.
    Ended(Ended),
    /// The link was lost, or the follower ended without a word of the job: ask for its [`Fate`].
    Lost(Text),
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// Its exit code; 128 + n for signal n.
    pub code: i32,
    /// Whether it was ended because its time was up.
    pub timed_out: bool,
    /// The size of its log.
    pub size: u64,
    /// Bytes that it printed beyond what is kept.
    pub dropped: u64,
    /// When, by the target's clock.
    pub at: Timestamp,
}

/// What is known of a job on its target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// There is nothing of it: it never began.
    Absent,
    /// Its process is alive; its log has this size.
    Alive {
        /// The leader of its group.
        pid: u32,
        /// The size of its log.
        size: u64,
    },
    /// It ended.
    Ended(Ended),
    /// It began, its process is gone, and nobody wrote down how it ended: a reboot, or a kill of its supervisor.
    Gone {
        /// The size of its log.
        size: u64,
    },
}

/// A job that is followed. Dropping it leaves the job running.
pub trait Following: Send {
    /// What comes next.
    fn next(&mut self) -> BoxFuture<'_, News>;
}

/// What is written into a lock that is taken.
#[derive(Clone, Debug)]
pub struct Claim {
    /// `production/sales`.
    pub key: String,
    /// The run; none for a lock held by a person.
    pub run: Option<RunId>,
    /// Who.
    pub operator: Operator,
    /// The number of his console; none for a lock held by a person.
    pub console_id: Option<String>,
    /// What for.
    pub what: Text,
    /// Why.
    pub reason: Option<Text>,
    /// The digest of the plan.
    pub digest: Option<String>,
}

/// A release that was good.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Record {
    /// The version.
    pub version: Text,
    /// The run that brought it.
    pub run: RunId,
    /// The runbook, and the SHA-256 of its text.
    pub runbook: (Text, String),
    /// When, by the console's clock.
    pub at: Timestamp,
    /// Who.
    pub operator: Operator,
    /// Inputs of the run, secrets as `•••`.
    pub inputs: std::collections::BTreeMap<String, Text>,
    /// Facts by host and name: digests of artefacts and what else the runbook says.
    pub facts: std::collections::BTreeMap<String, std::collections::BTreeMap<String, Text>>,
    /// Copies of files, by host and path: their SHA-256 and the name of the copy beside the record.
    pub files: std::collections::BTreeMap<String, std::collections::BTreeMap<String, (String, String)>>,
    /// The version of the schema, by host.
    pub schema: std::collections::BTreeMap<String, Text>,
    /// Changes of that run that cannot be undone: step and why.
    pub irreversible: Vec<(Text, Text)>,
    /// Set when somebody rolled back from it: never offered as the first choice again.
    pub bad: bool,
    /// Found running before the first change of a run, not brought by one: `run` is only its name then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub found: bool,
}

impl Target {
    /// A target over a transport.
    pub fn new(name: HostName, transport: Arc<dyn Transport>, folder: Option<String>) -> Self {
        Self { name, transport, folder }
    }

    /// The transport, for commands that only look and for copies.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    fn refuse(&self, why: impl Into<Text>) -> TargetError {
        TargetError::Refused { place: self.name.clone(), why: why.into() }
    }
}
