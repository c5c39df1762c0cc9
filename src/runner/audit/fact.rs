//! What stands on the audit log. Plain data, made by whoever acts; nothing in it is secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::run::{Choice, RunId, RunStatus, StepOutcome};
use crate::model::{Plan, ServiceId, Text};

/// A fact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// When, in UTC, by the console's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub environment: Option<Text>,
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<Text>,
    /// The runbook's name.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runbook: Option<String>,
    /// SHA-256 of its text.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub runbook_hash: Option<String>,
    /// The plan's digest.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub digest: Option<String>,
    /// The run.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub run: Option<RunId>,
    /// The step's id.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub step: Option<String>,
    /// The host.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host: Option<String>,
    /// The number of the lock.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub fence: Option<u64>,
    /// Why, in the operator's words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<Text>,
}

/// What happened or is about to. It stands in one line with the fact and what chains it, so no field is called like one
/// of theirs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "what")]
pub enum What {
    /// A plan was made and shown.
    Plan,
    /// A plan was agreed to.
    Confirm {
        /// What was typed or pressed.
        typed: Text,
        /// The incident that a peak time was overridden for.
        break_glass: Option<Text>,
        /// Why a run left unfinished was gone over.
        over_dirty: Option<Text>,
    },
    /// The gate refused a plan.
    Refusal {
        /// Why.
        why: Text,
    },
    /// A run began.
    Begin,
    /// A run is over.
    End {
        /// How.
        status: RunStatus,
        /// Why.
        why: Option<Text>,
    },
    /// A lock is taken.
    Lock {
        /// Which.
        key: Text,
    },
    /// A lock is given back.
    Unlock {
        /// Which.
        key: Text,
    },
    /// A lock is taken from its holder.
    Break {
        /// Which.
        key: Text,
        /// Who held it.
        holder: Text,
    },
    /// An environment may be acted on.
    Arm {
        /// Until when.
        until: Timestamp,
    },
    /// It may not be any more.
    Disarm,
    /// A command is about to be started.
    Intent {
        /// As it is started, secrets masked.
        command: Text,
        /// Counts from 1.
        attempt: u32,
    },
    /// It ended.
    Outcome {
        /// How.
        outcome: StepOutcome,
        /// The exit code where there is one.
        exit: Option<i32>,
        /// From its start to its end, in milliseconds.
        took_ms: u64,
        /// Bytes it printed.
        bytes: u64,
        /// SHA-256 of what is kept of them.
        sha256: Option<String>,
    },
    /// A person decided what becomes of a step.
    Override {
        /// What was chosen.
        choice: Choice,
    },
    /// A run is to end before its end.
    Cancel {
        /// How.
        how: Stop,
    },
    /// A console looks on.
    Attach,
    /// The console left; what runs goes on.
    Detach,
    /// A console goes on with a run.
    Resume,
    /// A run was copied out.
    Export {
        /// To this folder.
        to: Text,
    },
    /// A shell was opened.
    Shell,
    /// A secret was looked up.
    Secret {
        /// Its reference, never its value.
        name: Text,
    },
    /// A release was put on record.
    Record {
        /// The version.
        release: Text,
        /// Whether it was found running, and is no proof of this run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        found: bool,
    },
    /// A crash had left a part of a line at the end; it is the line before this one.
    Repaired {
        /// Its size.
        bytes: u64,
        /// SHA-256 of it.
        sha256: String,
        /// Whether only its end was missing, so that it counts.
        kept: bool,
    },
    /// The log ended before a line that had been written.
    Missing {
        /// The number of that line.
        lost: u64,
        /// Its hash.
        sha256: String,
    },
}

/// How a run is ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// What runs may end.
    Drain,
    /// What runs is ended.
    Interrupt,
}

impl Fact {
    /// A fact of this moment.
    pub fn new(at: Timestamp, what: What) -> Self {
        Self {
            at,
            what,
            environment: None,
            service: None,
            runbook: None,
            runbook_hash: None,
            digest: None,
            run: None,
            step: None,
            host: None,
            fence: None,
            reason: None,
        }
    }

    /// About a service.
    #[must_use]
    pub fn about(mut self, service: &ServiceId) -> Self {
        self.environment = Some(service.environment.as_str().into());
        self.service = Some((*service.name).into());
        self
    }

    /// About a plan, and so about its service.
    #[must_use]
    pub fn of(mut self, plan: &Plan) -> Self {
        self.runbook = Some(plan.runbook.to_string());
        self.runbook_hash = Some(plan.runbook_hash.clone());
        self.digest = Some(plan.digest.clone());
        self.about(&plan.target)
    }

    /// Of a run, which holds the lock with this number.
    #[must_use]
    pub fn run(mut self, run: &RunId, fence: Option<u64>) -> Self {
        self.run = Some(run.clone());
        self.fence = fence;
        self
    }

    /// At a step on a host.
    #[must_use]
    pub fn at_step(mut self, step: &str, host: &str) -> Self {
        self.step = Some(step.to_owned());
        self.host = Some(host.to_owned());
        self
    }

    /// With the operator's reason.
    #[must_use]
    pub fn because(mut self, reason: Option<&Text>) -> Self {
        self.reason = reason.cloned();
        self
    }
}

impl What {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Plan => "made a plan".into(),
            Self::Confirm { typed, .. } => format!("agreed by {typed}"),
            Self::Refusal { why } => format!("was refused: {why}"),
            Self::Begin => "began a run".into(),
            Self::End { status, .. } => format!("the run ended: {}", status.words()),
            Self::Lock { key } => format!("took the lock {key}"),
            Self::Unlock { key } => format!("gave the lock {key} back"),
            Self::Break { key, holder } => format!("took the lock {key} from {holder}"),
            Self::Arm { .. } => "armed".into(),
            Self::Disarm => "disarmed".into(),
            Self::Intent { command, .. } => format!("runs {command}"),
            Self::Outcome { outcome, .. } => format!("it ended: {}", outcome.word()),
            Self::Override { choice } => format!("chose: {}", choice.words()),
            Self::Cancel { how: Stop::Drain } => "asked to end after what runs".into(),
            Self::Cancel { how: Stop::Interrupt } => "asked to end what runs".into(),
            Self::Attach => "looks on".into(),
            Self::Detach => "left; what runs goes on".into(),
            Self::Resume => "goes on".into(),
            Self::Export { to } => format!("copied the run to {to}"),
            Self::Shell => "opened a shell".into(),
            Self::Secret { name } => format!("used the secret {name}"),
            Self::Record { release, .. } => format!("put {release} on record"),
            Self::Repaired { bytes, .. } => format!("found {bytes} bytes of a line that a crash had torn"),
            Self::Missing { lost, .. } => format!("found that the log had lost line {lost}"),
        }
    }
}
