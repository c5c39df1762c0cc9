//! A host (or this machine) as runs use it: a folder with locks, markers, run folders and records, and steps that run there
//! detached from the connection. A POSIX shell is all it needs; every call is one command.
//!
//! ```text
//! STATE/locks/KEY/          a directory made atomically: owner.json, beat
//! STATE/fences/KEY          the number last given
//! STATE/dirty/KEY.json      what a run left unfinished
//! STATE/runs/RUN/           plan.json runbook.md journal.jsonl (the mirror)
//! STATE/runs/RUN/TASK/      script log exit pid of one attempt of a step
//! STATE/releases/KEY/       one record a file
//! ```

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::model::plan::{HostName, Sudo};
use crate::model::run::{Dirty, LockHolder};
use crate::model::{Operator, RunId, Text};
use crate::runner::Permit;
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
}

#[allow(unused_variables, clippy::unused_async, reason = "to be filled")]
impl Target {
    /// A target over a transport.
    pub fn new(name: HostName, transport: Arc<dyn Transport>, folder: Option<String>) -> Self {
        Self { name, transport, folder }
    }

    /// The transport, for commands that only look and for copies.
    pub fn transport(&self) -> &Arc<dyn Transport> {
        &self.transport
    }

    /// Looks whether runs can be had there. Changes nothing.
    pub async fn look(&self, now: Timestamp, sudo: bool) -> Result<Ground, TargetError> {
        unimplemented!()
    }

    /// Runs a shell text that only looks, with these variables; its exit code and its output, at most 64 KiB.
    pub async fn check(
        &self,
        script: &str,
        env: &[(String, String)],
        limit: Duration,
    ) -> Result<(i32, String), TargetError> {
        unimplemented!()
    }

    /// Whether a password opens sudo there.
    pub async fn try_sudo(&self, permit: &Permit, password: &secrecy::SecretString) -> Result<bool, TargetError> {
        unimplemented!()
    }

    /// Takes a lock, atomically; its number, one more than ever before.
    pub async fn lock(&self, permit: &Permit, claim: &Claim) -> Result<u64, TargetError> {
        unimplemented!()
    }

    /// Says that the holder lives, and looks whether the lock is still ours.
    pub async fn beat(&self, permit: &Permit, key: &str, fence: u64) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// Gives a lock back if it is still ours.
    pub async fn unlock(&self, permit: &Permit, key: &str, fence: u64) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// Takes a lock from this holder (its number): the old one is kept under an archive name. Exactly one of several who
    /// try at once succeeds. The lock is free after it.
    pub async fn break_lock(&self, permit: &Permit, key: &str, fence: u64) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// Who holds a lock.
    pub async fn holder(&self, key: &str) -> Result<Option<LockHolder>, TargetError> {
        unimplemented!()
    }

    /// All locks and dirty markers whose keys begin so.
    pub async fn locks(&self, prefix: &str) -> Result<(Vec<LockHolder>, Vec<(String, Dirty)>), TargetError> {
        unimplemented!()
    }

    /// Marks a key as left in the middle by a run.
    pub async fn set_dirty(&self, permit: &Permit, key: &str, dirty: &Dirty) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// The marker of a key.
    pub async fn dirty(&self, key: &str) -> Result<Option<Dirty>, TargetError> {
        unimplemented!()
    }

    /// Takes the marker away.
    pub async fn clean(&self, permit: &Permit, key: &str) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// Starts a job and follows it.
    pub async fn start(&self, permit: &Permit, job: &Job) -> Result<Box<dyn Following>, TargetError> {
        unimplemented!()
    }

    /// Follows a job that was started before, from this offset of its log on.
    pub async fn attach(&self, run: &RunId, task: &str, offset: u64) -> Result<Box<dyn Following>, TargetError> {
        unimplemented!()
    }

    /// What became of a job.
    pub async fn fate(&self, run: &RunId, task: &str) -> Result<Fate, TargetError> {
        unimplemented!()
    }

    /// Ends a job: TERM to its group, KILL after `grace`; the processes that survive, as `pid command`.
    pub async fn end(
        &self,
        permit: &Permit,
        run: &RunId,
        task: &str,
        grace: Duration,
    ) -> Result<Vec<Text>, TargetError> {
        unimplemented!()
    }

    /// Writes a file of the run's folder from this offset on, or all of it, flushed. What was there beyond is cut off.
    pub async fn mirror(
        &self,
        permit: &Permit,
        run: &RunId,
        file: &str,
        offset: u64,
        bytes: &[u8],
    ) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// A file of a run's folder; none when there is none. At most 16 MiB.
    pub async fn fetch(&self, run: &RunId, file: &str) -> Result<Option<Vec<u8>>, TargetError> {
        unimplemented!()
    }

    /// The runs that have a folder there, the newest first.
    pub async fn runs(&self) -> Result<Vec<RunId>, TargetError> {
        unimplemented!()
    }

    /// Removes folders of runs that ended more than this long ago; releases and their files stay.
    pub async fn tidy(&self, permit: &Permit, older: Duration) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// The records of a key, the newest first.
    pub async fn records(&self, key: &str) -> Result<Vec<Record>, TargetError> {
        unimplemented!()
    }

    /// Keeps a record, with copies of these files of the target; at most `keep` stay, and never fewer than the one before.
    pub async fn record(&self, permit: &Permit, key: &str, record: &Record, keep: usize) -> Result<(), TargetError> {
        unimplemented!()
    }

    /// Copies files of the target beside a record of this run: path to SHA-256 and name of the copy.
    pub async fn keep_files(
        &self,
        permit: &Permit,
        key: &str,
        run: &RunId,
        files: &[String],
    ) -> Result<std::collections::BTreeMap<String, (String, String)>, TargetError> {
        unimplemented!()
    }
}
