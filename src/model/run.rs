//! A run: one execution of a plan. What happened is a list of entries, each written before what it announces; the state of a
//! run is a fold over them, the same for the machine, the screen and whoever resumes.

pub mod entry;
pub mod state;

use std::fmt;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::text::Text;

pub use entry::{Choice, Entry, Fact, Question};
pub use state::{RunState, TaskState};

/// `20261120-140451-7c1f`: when it began in UTC, and four digits of chance.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct RunId(Arc<str>);

impl RunId {
    /// A name for a run that begins now.
    pub fn new(now: Timestamp, chance: u16) -> Self {
        Self(format!("{}-{chance:04x}", now.strftime("%Y%m%d-%H%M%S")).into())
    }

    /// Reads one; none when the text is not of that shape.
    pub fn parse(text: &str) -> Option<Self> {
        let is_digits = |part: &str, count| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
        let mut parts = text.split('-');
        let (day, time, chance) = (parts.next()?, parts.next()?, parts.next()?);
        let is_hex = chance.len() == 4 && chance.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        (is_digits(day, 8) && is_digits(time, 6) && is_hex && parts.next().is_none()).then(|| Self(text.into()))
    }

    /// As text: safe as a file name and as a word of a shell.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// How a step ended on a host. Closed; there is no default, and a missing exit status is [`StepOutcome::Unknown`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It ran and ended well.
    Ok,
    /// Nothing was to be done.
    NoChange,
    /// It failed, was tried again, and ended well.
    Recovered,
    /// A person left it out, or its condition did.
    Skipped,
    /// A person says that it was done otherwise.
    MarkedDone,
    /// It ended with an error, or its proof does not hold.
    Failed,
    /// It did not end in time and was ended.
    TimedOut,
    /// It was ended on request.
    Cancelled,
    /// It was not allowed to begin.
    Refused,
    /// The lock was somebody else's when it was to begin.
    LockLost,
    /// Nobody knows how it ended, or whether it began.
    Unknown,
    /// Its fate was unknown, and its proof holds.
    Reconciled,
}

impl StepOutcome {
    /// Every outcome.
    pub const ALL: [StepOutcome; 12] = [
        Self::Ok,
        Self::NoChange,
        Self::Recovered,
        Self::Skipped,
        Self::MarkedDone,
        Self::Failed,
        Self::TimedOut,
        Self::Cancelled,
        Self::Refused,
        Self::LockLost,
        Self::Unknown,
        Self::Reconciled,
    ];

    /// The word used on the screen and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::NoChange => "no-change",
            Self::Recovered => "recovered",
            Self::Skipped => "skipped",
            Self::MarkedDone => "marked-done",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
            Self::Cancelled => "cancelled",
            Self::Refused => "refused",
            Self::LockLost => "lock-lost",
            Self::Unknown => "unknown",
            Self::Reconciled => "reconciled",
        }
    }

    /// Whether what comes after it may begin.
    pub fn is_good(self) -> bool {
        matches!(
            self,
            Self::Ok | Self::NoChange | Self::Recovered | Self::Skipped | Self::MarkedDone | Self::Reconciled
        )
    }

    /// Whether a person decided it.
    pub fn is_override(self) -> bool {
        matches!(self, Self::Skipped | Self::MarkedDone)
    }
}

/// How a run stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RunStatus {
    /// Steps run, or are about to.
    #[default]
    Running,
    /// A person is asked.
    Waiting,
    /// What runs may end; nothing more begins.
    Draining,
    /// What runs is being ended.
    Interrupting,
    /// No console drives it: its console left, was killed, or lost its machine.
    Interrupted,
    /// Every step ended well.
    Succeeded,
    /// Every step ended well or was left out or marked as done by a person.
    SucceededWithOverrides,
    /// A step failed and the run was given up.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// The fate of a step could not be learnt.
    Lost,
    /// Somebody else took the lock.
    LockLost,
}

impl RunStatus {
    /// The words used on the screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Waiting => "waiting for you",
            Self::Draining => "draining",
            Self::Interrupting => "interrupting",
            Self::Interrupted => "interrupted",
            Self::Succeeded => "succeeded",
            Self::SucceededWithOverrides => "succeeded with overrides",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
            Self::LockLost => "lock lost",
        }
    }

    /// Whether nothing more happens.
    pub fn is_over(self) -> bool {
        matches!(
            self,
            Self::Succeeded
                | Self::SucceededWithOverrides
                | Self::Failed
                | Self::Cancelled
                | Self::Lost
                | Self::LockLost
        )
    }

    /// Whether it ended as it should.
    pub fn is_good(self) -> bool {
        matches!(self, Self::Succeeded | Self::SucceededWithOverrides)
    }
}

/// Who acts: names are claimed by the machine, not proven.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Operator {
    /// The name of the user's account, or the one of the user's own settings.
    pub name: Text,
    /// The machine of the console.
    pub console: Text,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.console)
    }
}

/// Who holds a lock, as it is written beside it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct LockHolder {
    /// `production/sales`.
    pub key: String,
    /// The run; none for a lock that a person holds (maintenance).
    pub run: Option<RunId>,
    /// Counts up with every taking of this key.
    pub fence: u64,
    /// Who.
    pub operator: Operator,
    /// The number of his console: names of machines are no proof.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console_id: Option<String>,
    /// What for: the runbook's name, or the words of the person.
    pub what: Text,
    /// The reason given.
    pub reason: Option<Text>,
    /// The digest of the plan.
    pub digest: Option<String>,
    /// When it was taken, by the clock of the host that keeps it.
    pub taken_at: Timestamp,
    /// How it fares, judged there.
    pub liveness: Liveness,
    /// Time since its last beat, by the clock of the host that keeps it.
    pub silent_for: SignedDuration,
}

/// How a lock fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Liveness {
    /// Its console beats.
    Held,
    /// No beat for a minute, and no supervised step of it is alive.
    Stale,
    /// No beat for a minute, but these processes of it still run.
    Unattended {
        /// Leaders of their groups, on the host that keeps the lock.
        pids: Vec<u32>,
    },
    /// Held by a person, without beats.
    Manual,
}

/// What a run left unfinished.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Dirty {
    /// The run.
    pub run: RunId,
    /// Its runbook.
    pub runbook: Text,
    /// Who ran it.
    pub operator: Operator,
    /// Since when, by the clock of the host that keeps it.
    pub since: Timestamp,
    /// The hosts that it was planned for; none where that is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<super::plan::HostName>,
}

impl Dirty {
    /// Whether its run is still at work under one of these locks: then nothing was left yet.
    pub fn is_under_way<'h>(&self, held: impl IntoIterator<Item = &'h LockHolder>) -> bool {
        let is_at_work = |holder: &LockHolder| matches!(holder.liveness, Liveness::Held | Liveness::Unattended { .. });
        held.into_iter().any(|holder| holder.run.as_ref() == Some(&self.run) && is_at_work(holder))
    }
}

/// A run in one line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct RunSummary {
    /// Which.
    pub id: RunId,
    /// What was run.
    pub runbook: Arc<str>,
    /// Its title.
    pub title: Text,
    /// On what.
    pub target: super::ServiceId,
    /// Who ran it.
    pub operator: Operator,
    /// Why.
    pub reason: Option<Text>,
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it stands or ended.
    pub status: RunStatus,
    /// Steps that ended, and all.
    pub steps: (usize, usize),
    /// Whether it left changes that are neither proven nor taken back.
    pub dirty: bool,
    /// The version that it brought.
    pub version: Option<Text>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_run_at_work_has_changed_is_not_left_unfinished() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let (ours, other) = (RunId::new(now, 1), RunId::new(now, 2));
        let holder = |run: &RunId, liveness| LockHolder {
            run: Some(run.clone()),
            liveness,
            ..serde_json::from_value(serde_json::json!({
                "key": "qa/sales", "run": null, "fence": 1, "operator": { "name": "ops", "console": "desk" },
                "what": "deploy", "reason": null, "digest": null, "taken_at": now, "liveness": "held",
                "silent_for": "PT1S", "console_id": null,
            }))
            .unwrap()
        };
        let dirty = Dirty {
            run: ours.clone(),
            runbook: "deploy".into(),
            operator: Operator::default(),
            since: now,
            hosts: Vec::new(),
        };
        assert!(dirty.is_under_way([&holder(&ours, Liveness::Held)]));
        assert!(!dirty.is_under_way([&holder(&ours, Liveness::Stale)]));
        assert!(!dirty.is_under_way([&holder(&other, Liveness::Held)]));
    }
}
