//! The words between the machine and who carries its effects out: inputs tell what happened, effects what is to be done.

use std::sync::Arc;

use crate::model::plan::HostName;
use crate::model::run::{Choice, Entry};
use crate::model::{Operator, RunStatus, Text};
use crate::runner::target::Fate;

/// Step and host.
pub type Key = (String, HostName);

/// An attempt of a step on a host. Taking back is a step of the name `undo:ID`, the gate before a batch one of the name
/// `gate:NUMBER`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Task {
    /// The step's id.
    pub step: String,
    /// Where.
    pub host: HostName,
    /// Counts from 1.
    pub attempt: u32,
}

impl Task {
    /// Step and host.
    pub fn key(&self) -> Key {
        (self.step.clone(), self.host.clone())
    }

    /// Its name on its target: `switch-1`, `undo-switch-1`.
    pub fn name(&self) -> String {
        format!("{}-{}", self.step.replace(':', "-"), self.attempt)
    }
}

/// Who answers questions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answers {
    /// A person in front of a screen.
    Person,
    /// Nobody: what the runbook declares for failures, and everything else is refused.
    Policy,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEnd {
    /// How.
    pub how: How,
    /// Its exit code, or the status of an answer.
    pub exit: Option<i32>,
    /// Bytes that it printed.
    pub bytes: u64,
    /// Processes that outlived it.
    pub survivors: Vec<Text>,
}

impl TaskEnd {
    /// An end of which no more is known.
    pub fn new(how: How) -> Self {
        Self { how, exit: None, bytes: 0, survivors: Vec::new() }
    }
}

/// How an attempt ended. There is no default: an exit that nobody knows is [`How::Unknown`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Well.
    Ok,
    /// With an error.
    Failed(Text),
    /// Its time was up, and it was ended.
    TimedOut,
    /// It was ended on request, or never began because of it.
    Cancelled,
    /// Its host or the audit log did not let it begin.
    Refused(Text),
    /// The lock was not ours when it was to begin.
    LockLost(Text),
    /// Nobody knows.
    Unknown(Text),
}

/// A lock that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Its key.
    pub key: String,
    /// Its number.
    pub fence: u64,
    /// The number of the lock that this very run had left behind and that this one replaced.
    pub left: Option<u64>,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Begin, or go on.
    Begin,
    /// All locks are ours, in the order in which they were taken.
    Locked(Vec<Taken>),
    /// They are not, and why.
    LockRefused(Text),
    /// Preconditions were looked at; those that do not hold.
    Required(Vec<Text>),
    /// Versions that ran before the first change are on record now, so that there is a way back to them.
    Found(Vec<Text>),
    /// The marker is set, or why not.
    Marked(Result<(), Text>),
    /// An attempt runs, led by this process.
    Started(Task, Option<u32>),
    /// An attempt ended.
    Ended(Task, TaskEnd),
    /// The link to an attempt that runs was lost.
    Lost(Task, Text),
    /// What became of an attempt that was asked for.
    FateKnown(Task, Fate),
    /// Nobody could say what became of it in all the time there was.
    FateHidden(Task, Text),
    /// Whether the proof of a step holds, or why it could not be looked at.
    Verified(Key, Result<bool, Text>),
    /// The lock is somebody else's.
    LockLost(Text),
    /// The release was kept under this version, or why not.
    Recorded(Result<Text, Text>),
    /// The marker was taken away, or why not.
    Cleaned(Result<(), Text>),
    /// Locks were given back, or why they are left.
    Released(Result<(), Text>),
    /// A person chose.
    Answer {
        /// The number of the entry that asked.
        asked: u64,
        /// What.
        choice: Choice,
        /// Why.
        reason: Option<Text>,
        /// Who.
        by: Operator,
    },
    /// A person ticked a box.
    Tick {
        /// The step's id.
        step: String,
        /// Which, from 0.
        item: usize,
        /// Who.
        by: Operator,
    },
    /// Nothing more is to begin.
    Drain(Operator),
    /// What runs is to be ended.
    Interrupt {
        /// Who.
        by: Operator,
        /// Steps that say that they must not be interrupted, too.
        insist: bool,
    },
    /// The console leaves.
    Detach,
    /// The journal cannot be written any more.
    JournalBroken(Text),
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Do {
    /// Write and flush this before anything that follows.
    Journal(Entry),
    /// Take every lock of the plan.
    TakeLocks,
    /// Look at the preconditions.
    Require,
    /// Set the marker.
    Mark {
        /// Whether the run has changed nothing yet: all is to be as its plan has it.
        is_first: bool,
    },
    /// Start an attempt.
    Start(Task),
    /// Follow an attempt that runs already.
    Attach(Task),
    /// Find out what became of an attempt; asked until there is an answer.
    AskFate(Task),
    /// Look whether the proof of a step holds.
    Verify(Key),
    /// End an attempt: TERM, then KILL.
    End(Task),
    /// Keep the release on record.
    KeepRecord,
    /// Take the marker away.
    Clean,
    /// Give the locks back.
    Release,
    /// Words for the person who asked for something that cannot be.
    Say(Text),
    /// Nothing more happens.
    Over {
        /// How it stands.
        status: RunStatus,
        /// Why, where it did not end well.
        why: Option<Text>,
        /// The runbook that is to be started now.
        on_failure: Option<Arc<str>>,
    },
}
