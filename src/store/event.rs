//! What sources report, in the past tense. The store is a fold over these, so a recording of them replays: keep them
//! serialisable and complete.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::plan::HostName;
use crate::model::run::{Dirty, Entry, LockHolder};
use crate::model::{
    EnvironmentId, Fault, Fleet, HostId, Link, LogSpec, Observation, Plan, ProbeId, RunId, RunSummary, Runbook,
    ServiceId, Text,
};

/// A fact from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A deck was loaded: what is expected to run. History of what stays is kept.
    FleetLoaded {
        /// All of it.
        fleet: Fleet,
        /// What is wrong with the deck's files.
        faults: Vec<Fault>,
    },
    /// A probe looked.
    SampleTaken {
        /// Which one.
        probe: ProbeId,
        /// When the answer was complete.
        at: Timestamp,
        /// What it saw.
        observation: Box<Observation>,
    },
    /// The connection to a host changed.
    HostLinked {
        /// Which host.
        host: HostId,
        /// When.
        at: Timestamp,
        /// How it stands now.
        link: Link,
    },
    /// Somebody paused the probes of a service in this console.
    ServicePaused {
        /// Which service.
        service: ServiceId,
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: Text,
    },
    /// The probes of a service go on.
    ServiceResumed {
        /// Which service.
        service: ServiceId,
    },
    /// The runbooks of the deck, those of the binary among them.
    RunbooksLoaded {
        /// All of them, by name.
        runbooks: Vec<Arc<Runbook>>,
    },
    /// The logs of the deck.
    LogsLoaded {
        /// All of them.
        logs: Vec<Arc<LogSpec>>,
    },
    /// A plan was made, or cannot be.
    PlanMade {
        /// The number of the asking; a card shows the plan that it asked for and no other.
        ask: u64,
        /// Of which runbook.
        runbook: Arc<str>,
        /// On what.
        target: ServiceId,
        /// The plan, or why there is none.
        plan: Result<Arc<Plan>, Text>,
    },
    /// What can be chosen for the inputs of a runbook was looked up.
    ChoicesFound {
        /// The number of the asking; a form takes in what it asked for and nothing else.
        ask: u64,
        /// By input: what can be chosen, or why that is not known. Or why nothing could be looked up.
        found: Result<BTreeMap<String, Result<Vec<String>, Text>>, Text>,
    },
    /// A run began, or this console follows it from now on. What was known of it before is forgotten.
    RunOpened {
        /// Which.
        run: RunId,
        /// What it executes.
        plan: Arc<Plan>,
        /// Whether this console drives it; else it only looks on.
        is_ours: bool,
    },
    /// A plan that was said yes to was not started, or a run not gone on with.
    RunRefused {
        /// The number of the asking that the plan came of.
        ask: u64,
        /// Why, in words that say what to do.
        why: Text,
    },
    /// A line was added to the journal of a run.
    RunTold {
        /// Which.
        run: RunId,
        /// The line.
        entry: Box<Entry>,
    },
    /// A step printed lines.
    RunPrinted {
        /// Which run.
        run: RunId,
        /// The step's id.
        step: String,
        /// Where.
        host: HostName,
        /// When they came.
        at: Timestamp,
        /// Redacted and clean.
        lines: Vec<Text>,
        /// Lines left out before these, because they came too fast.
        left_out: u64,
    },
    /// No console of ours drives or follows a run any more.
    RunClosed {
        /// Which.
        run: RunId,
    },
    /// The runs on record, the newest first.
    RunsListed {
        /// All of them.
        runs: Vec<RunSummary>,
    },
    /// The locks of an environment were looked at.
    LocksListed {
        /// Which environment.
        environment: EnvironmentId,
        /// When.
        at: Timestamp,
        /// Those that are held.
        locks: Vec<LockHolder>,
        /// Markers of runs that were left unfinished, with the key they stand beside.
        dirty: Vec<(String, Dirty)>,
        /// Hosts that could not be looked at, and why.
        failed: Vec<(HostName, Text)>,
    },
    /// The newest lines of the audit log, the newest first.
    AuditListed {
        /// In words, one line each, with the time.
        lines: Vec<(Timestamp, Text)>,
        /// What is wrong with its chain; none when it holds.
        broken: Option<Text>,
    },
    /// An environment may be acted on from this console until then, or not any more.
    Armed {
        /// Which.
        environment: EnvironmentId,
        /// Until when; none when it is over.
        until: Option<Timestamp>,
    },
}
