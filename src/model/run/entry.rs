//! What a journal holds: one entry a transition, written and flushed before what it announces.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Operator, RunStatus, StepOutcome};
use crate::model::Text;
use crate::model::plan::HostName;

/// A line of a journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Entry {
    /// Counts up from 1 without a gap.
    pub number: u64,
    /// When, by the console's clock.
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened or is about to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "fact")]
pub enum Fact {
    /// The run began; its plan and its runbook lie beside the journal.
    Began {
        /// Digest of the plan.
        digest: String,
        /// Who.
        operator: Operator,
        /// Why.
        reason: Option<Text>,
    },
    /// All locks of the run are its own.
    Locked {
        /// The number that the first of them was given.
        fence: u64,
        /// The number of each, by its key.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        fences: BTreeMap<String, u64>,
    },
    /// Preconditions were looked at again: they hold, or these do not.
    Required {
        /// Those that do not hold.
        failed: Vec<Text>,
    },
    /// Something is about to change: the marker is set before.
    Dirtied,
    /// A batch begins.
    BatchBegan {
        /// Counts from 0.
        batch: usize,
    },
    /// A step is about to be started on a host.
    Starting {
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
        /// Counts from 1.
        attempt: u32,
    },
    /// It runs there, under supervision.
    Started {
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
        /// Counts from 1.
        attempt: u32,
        /// The leader of its process group there; none where there is no process.
        pid: Option<u32>,
    },
    /// It ended.
    Finished {
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
        /// The attempt; 0 when it never began.
        attempt: u32,
        /// How.
        outcome: StepOutcome,
        /// The exit code where there is one.
        exit: Option<i32>,
        /// Why, in words, where it did not end well.
        why: Option<Text>,
        /// From its start to its end.
        took: Duration,
        /// Bytes it printed.
        bytes: u64,
        /// Processes of it that outlived it: `pid command`.
        survivors: Vec<Text>,
    },
    /// The link to a host was lost while a step ran there; what runs goes on, and the console asks until it hears of it.
    LinkLost {
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
        /// Why.
        why: Text,
    },
    /// The host was reached again, and the step still runs there.
    LinkBack {
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
    },
    /// A step's change is taken back on a host; its end is a `Finished` of the step `undo:ID`.
    Undoing {
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
    },
    /// A box was ticked.
    Ticked {
        /// The step's id.
        step: String,
        /// Which, from 0.
        item: usize,
        /// By whom.
        by: Operator,
    },
    /// A person is asked.
    Asked {
        /// What.
        question: Question,
    },
    /// A person answered, or the declared policy did.
    Answered {
        /// What was chosen.
        choice: Choice,
        /// Why; skipping and marking as done need one.
        reason: Option<Text>,
        /// Who; none for the policy.
        by: Option<Operator>,
    },
    /// Nothing more is to begin.
    DrainAsked {
        /// By whom.
        by: Operator,
    },
    /// What runs is to be ended.
    InterruptAsked {
        /// By whom.
        by: Operator,
    },
    /// The console leaves; what runs goes on, nothing more begins.
    Detached,
    /// A console goes on with it.
    Resumed {
        /// Who.
        by: Operator,
        /// The number of the lock taken anew.
        fence: Option<u64>,
        /// The number of each lock taken anew, by its key.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        fences: BTreeMap<String, u64>,
        /// Whether others may have held one of the locks since the run had them: what was done is in doubt.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        others: bool,
    },
    /// A record of the release was kept.
    Recorded {
        /// The version.
        version: Text,
        /// Whether it was found running before the first change, and is no proof of this run.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        found: bool,
    },
    /// The marker was taken away: the run is proven, or taken back.
    Cleaned,
    /// The run is over.
    Ended {
        /// How.
        status: RunStatus,
        /// Why, where it did not end well.
        why: Option<Text>,
    },
}

/// What a person is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "about")]
pub enum Question {
    /// A step failed on these hosts.
    Failure {
        /// The step's id.
        step: String,
        /// Where.
        hosts: Vec<HostName>,
        /// What can be chosen.
        choices: Vec<Choice>,
    },
    /// The fate of a step on a host is not known and it may not simply run again.
    Fate {
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
        /// What can be chosen.
        choices: Vec<Choice>,
    },
    /// An `approve` step.
    Approval {
        /// The step's id.
        step: String,
        /// Its question.
        text: Text,
    },
    /// A manual step: every box must be ticked.
    Boxes {
        /// The step's id.
        step: String,
        /// The boxes.
        items: Vec<Text>,
        /// Those that are ticked.
        ticked: Vec<usize>,
    },
    /// A step that is dangerous is about to run; its id must be typed.
    Danger {
        /// The step's id.
        step: String,
        /// Where.
        hosts: Vec<HostName>,
    },
    /// The next batch is to begin.
    Batch {
        /// Counts from 0.
        batch: usize,
        /// Its hosts.
        hosts: Vec<HostName>,
    },
}

/// What can be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Choice {
    /// Go on: approve, let the batch begin, run the dangerous step.
    GoOn,
    /// Try the step again where it failed.
    Retry,
    /// Leave it out where it failed.
    Skip,
    /// It was done otherwise.
    MarkDone,
    /// Take back what this run changed, by the steps' own `undo`, the newest first.
    Undo,
    /// Give the run up and start the runbook for failures as a run of its own.
    OnFailure,
    /// Give the run up: it ends failed and stays dirty.
    GiveUp,
}

impl Choice {
    /// The words used in the menu.
    pub fn words(self) -> &'static str {
        match self {
            Self::GoOn => "go on",
            Self::Retry => "try again",
            Self::Skip => "leave it out",
            Self::MarkDone => "it was done otherwise",
            Self::Undo => "take back what was changed",
            Self::OnFailure => "run the runbook for failures",
            Self::GiveUp => "give up",
        }
    }

    /// Whether a reason must be given.
    pub fn needs_reason(self) -> bool {
        matches!(self, Self::Skip | Self::MarkDone)
    }
}
