//! The state of a run: a fold over the entries of its journal. Nothing here decides; it only says what is so.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::Timestamp;

use super::{Choice, Entry, Fact, Operator, Question, RunId, RunStatus, RunSummary, StepOutcome};
use crate::model::Text;
use crate::model::plan::{HostName, Plan};

/// How one step stands on one host.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TaskState {
    /// It has not begun.
    #[default]
    Pending,
    /// It is about to begin: when nobody goes on, its fate is unknown.
    Starting {
        /// Counts from 1.
        attempt: u32,
        /// Since when.
        at: Timestamp,
    },
    /// It runs.
    Running {
        /// Counts from 1.
        attempt: u32,
        /// Since when.
        at: Timestamp,
        /// The leader of its process group.
        pid: Option<u32>,
    },
    /// It ended.
    Finished {
        /// Counts from 1; 0 when it never began.
        attempt: u32,
        /// How.
        outcome: StepOutcome,
        /// The exit code where there is one.
        exit: Option<i32>,
        /// Why it did not end well.
        why: Option<Text>,
        /// When.
        at: Timestamp,
        /// From its start to its end.
        took: Duration,
        /// Bytes it printed.
        bytes: u64,
        /// Processes that outlived it.
        survivors: Vec<Text>,
    },
}

impl TaskState {
    /// How it ended; none while it has not.
    pub fn outcome(&self) -> Option<StepOutcome> {
        match self {
            Self::Finished { outcome, .. } => Some(*outcome),
            _ => None,
        }
    }

    /// The newest attempt, from 1; 0 before the first.
    pub fn attempt(&self) -> u32 {
        match self {
            Self::Pending => 0,
            Self::Starting { attempt, .. } | Self::Running { attempt, .. } | Self::Finished { attempt, .. } => *attempt,
        }
    }
}

/// A run as its journal tells it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunState {
    /// Which.
    pub id: RunId,
    /// What it executes.
    pub plan: std::sync::Arc<Plan>,
    /// Who began it.
    pub operator: Operator,
    /// Why.
    pub reason: Option<Text>,
    /// When it began; none for a journal without a line.
    pub began: Option<Timestamp>,
    /// When it ended.
    pub ended: Option<Timestamp>,
    /// How it stands, as far as the journal says; whether a console still drives it is not in there.
    pub status: RunStatus,
    /// Why it did not end well.
    pub why: Option<Text>,
    /// The number of its lock.
    pub fence: Option<u64>,
    /// The number of each of its locks, by key; empty where the journal does not say.
    pub fences: BTreeMap<String, u64>,
    /// What was done well, or was under way, before others may have held a lock, and was not looked at since.
    pub doubted: BTreeSet<(String, HostName)>,
    /// Whether others may have held a lock while changes were half taken back.
    pub undo_barred: bool,
    /// The batch that runs, from 0.
    pub batch: usize,
    /// Step by host; an undo stands as `undo:ID`. What is not in here is pending.
    pub tasks: BTreeMap<(String, HostName), TaskState>,
    /// Boxes ticked, by step.
    pub ticked: BTreeMap<String, Vec<usize>>,
    /// What a person is asked now.
    pub question: Option<Question>,
    /// The number of the entry that asked it.
    pub asked: Option<u64>,
    /// Steps whose host is not reached while they run: since when, and why.
    pub lost: BTreeMap<(String, HostName), (Timestamp, Text)>,
    /// Whether what was changed is being taken back.
    pub undoing: bool,
    /// Whether the runbook for failures was chosen by the declared policy: that is done once.
    pub followed: bool,
    /// Whether the dirty marker is set.
    pub dirty: bool,
    /// Whether preconditions were found to hold.
    pub required: bool,
    /// The number of the newest entry.
    pub number: u64,
}

impl RunState {
    /// Nothing has happened yet.
    pub fn new(id: RunId, plan: std::sync::Arc<Plan>) -> Self {
        Self {
            id,
            plan,
            operator: Operator::default(),
            reason: None,
            began: None,
            ended: None,
            status: RunStatus::Running,
            why: None,
            fence: None,
            fences: BTreeMap::new(),
            doubted: BTreeSet::new(),
            undo_barred: false,
            batch: 0,
            tasks: BTreeMap::new(),
            ticked: BTreeMap::new(),
            question: None,
            asked: None,
            lost: BTreeMap::new(),
            undoing: false,
            followed: false,
            dirty: false,
            required: false,
            number: 0,
        }
    }

    /// How a step stands on a host.
    pub fn task(&self, step: &str, host: &HostName) -> TaskState {
        self.tasks.get(&(step.to_owned(), host.clone())).cloned().unwrap_or_default()
    }

    /// Takes an entry in. One that was taken in already, or comes before its turn, changes nothing and says so.
    pub fn apply(&mut self, entry: &Entry) -> bool {
        if entry.number != self.number + 1 {
            return false;
        }
        self.number = entry.number;
        self.take(&entry.fact, entry.at);
        match (&self.question, &entry.fact) {
            (None, _) => self.asked = None,
            (Some(_), Fact::Asked { .. }) => self.asked = Some(entry.number),
            (Some(_), _) => {}
        }
        true
    }

    fn take(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Began { operator, reason, .. } => {
                self.began = Some(at);
                self.operator = operator.clone();
                self.reason.clone_from(reason);
            }
            Fact::Locked { fence, fences } => {
                self.fence = Some(*fence);
                self.fences.clone_from(fences);
            }
            Fact::Required { failed } => self.required = failed.is_empty(),
            Fact::Dirtied => self.dirty = true,
            Fact::BatchBegan { batch } => self.batch = *batch,
            Fact::Starting { .. }
            | Fact::Started { .. }
            | Fact::Finished { .. }
            | Fact::LinkLost { .. }
            | Fact::LinkBack { .. }
            | Fact::Undoing { .. } => self.take_step(fact, at),
            Fact::Ticked { step, item, .. } => self.tick(step, *item),
            Fact::Asked { question } => {
                self.question = Some(question.clone());
                if self.status == RunStatus::Running {
                    self.status = RunStatus::Waiting;
                }
            }
            Fact::Answered { choice, by, .. } => {
                self.followed |= *choice == Choice::OnFailure && by.is_none();
                self.undoing |= *choice == Choice::Undo;
                self.question = None;
                if self.status == RunStatus::Waiting {
                    self.status = RunStatus::Running;
                }
            }
            Fact::DrainAsked { .. } => self.status = RunStatus::Draining,
            Fact::InterruptAsked { .. } => self.status = RunStatus::Interrupting,
            Fact::Detached => self.status = RunStatus::Interrupted,
            Fact::Resumed { fence, fences, others, .. } => {
                self.status = RunStatus::Running;
                self.question = None;
                self.ended = None;
                self.why = None;
                self.fence = fence.or(self.fence);
                self.fences.extend(fences.clone());
                if *others {
                    self.doubt();
                }
                // Facts may have changed since.
                self.required = false;
            }
            Fact::Recorded { .. } => {}
            Fact::Cleaned => self.dirty = false,
            Fact::Ended { status, why } => {
                self.status = *status;
                self.why.clone_from(why);
                self.ended = Some(at);
                self.question = None;
            }
        }
    }

    /// What happened to a step on a host.
    fn take_step(&mut self, fact: &Fact, at: Timestamp) {
        match fact {
            Fact::Starting { step, host, attempt } => {
                self.put(step, host, TaskState::Starting { attempt: *attempt, at });
            }
            Fact::Started { step, host, attempt, pid } => {
                self.put(step, host, TaskState::Running { attempt: *attempt, at, pid: *pid });
            }
            Fact::Finished { step, host, attempt, outcome, exit, why, took, bytes, survivors } => {
                let state = TaskState::Finished {
                    attempt: *attempt,
                    outcome: *outcome,
                    exit: *exit,
                    why: why.clone(),
                    at,
                    took: *took,
                    bytes: *bytes,
                    survivors: survivors.clone(),
                };
                self.put(step, host, state);
            }
            Fact::LinkLost { step, host, why } => {
                self.lost.insert((step.clone(), host.clone()), (at, why.clone()));
            }
            Fact::LinkBack { step, host } => {
                self.lost.remove(&(step.clone(), host.clone()));
            }
            Fact::Undoing { step, host } => {
                self.undoing = true;
                let undo = format!("undo:{step}");
                let attempt = self.task(&undo, host).attempt() + 1;
                self.put(&undo, host, TaskState::Starting { attempt, at });
            }
            _ => {}
        }
    }

    /// What was done well, or may have been since, is in doubt: others may have undone it. What a person left out stays so,
    /// and nobody is told twice.
    fn doubt(&mut self) {
        self.undo_barred |= self.undoing;
        let is_told = |step: &str| {
            let planned = self.plan.step(step);
            planned.is_none_or(|p| matches!(p.step.action, crate::model::runbook::Action::Notify { .. }))
        };
        let is_done = |state: &TaskState| state.outcome().is_none_or(|o| o.is_good() && o != StepOutcome::Skipped);
        let done = self.tasks.iter().filter(|((step, _), state)| is_done(state) && !is_told(step));
        self.doubted.extend(done.map(|(key, _)| key.clone()).collect::<Vec<_>>());
    }

    fn tick(&mut self, step: &str, item: usize) {
        let ticked = self.ticked.entry(step.to_owned()).or_default();
        if !ticked.contains(&item) {
            ticked.push(item);
        }
        if let Some(Question::Boxes { ticked, .. }) = &mut self.question
            && !ticked.contains(&item)
        {
            ticked.push(item);
        }
    }

    fn put(&mut self, step: &str, host: &HostName, state: TaskState) {
        self.lost.remove(&(step.to_owned(), host.clone()));
        if !matches!(state, TaskState::Running { .. }) {
            self.doubted.remove(&(step.to_owned(), host.clone()));
        }
        if matches!(state, TaskState::Finished { .. }) {
            // Whoever is asked once more ticks once more.
            self.ticked.remove(step);
        }
        self.tasks.insert((step.to_owned(), host.clone()), state);
    }

    /// Hosts on which it changed something, or may have.
    pub fn changed_hosts(&self) -> BTreeSet<HostName> {
        let changes = |step: &str| self.plan.step(step).is_some_and(|p| !p.step.only_looks());
        let began = self.tasks.iter().filter(|((step, _), state)| changes(step) && state.attempt() > 0);
        began.map(|((_, host), _)| host.clone()).collect()
    }

    /// The run in one line.
    pub fn summary(&self) -> RunSummary {
        let ended = |step: &crate::model::plan::PlannedStep| {
            step.left_out.is_some() || step.hosts.iter().all(|host| self.task(&step.step.id, host).outcome().is_some())
        };
        RunSummary {
            id: self.id.clone(),
            runbook: self.plan.runbook.clone(),
            title: self.plan.title.clone(),
            target: self.plan.target.clone(),
            operator: self.operator.clone(),
            reason: self.reason.clone(),
            began: self.began.unwrap_or(self.plan.made_at),
            ended: self.ended,
            status: self.status,
            steps: (self.plan.steps.iter().filter(|s| ended(s)).count(), self.plan.steps.len()),
            dirty: self.dirty,
            version: self.plan.release.as_ref().map(|r| r.version.clone()),
        }
    }
}
