//! What is known about acting: runbooks, plans, runs, locks, the audit log, what is armed. A fold like the rest of the
//! store.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use super::{Changed, Event, OpenRun};
use crate::model::plan::HostName;
use crate::model::run::{Dirty, LockHolder};
use crate::model::{EnvironmentId, Plan, RunId, RunSummary, Runbook, ServiceId, Text};

/// Plans kept; a card shows the one that it asked for.
const MOST_PLANS: usize = 8;
/// What can be chosen is kept for so many forms.
const MOST_CHOICES: usize = 4;
/// Runs kept that are over or not followed any more.
const MOST_CLOSED: usize = 16;

/// What can be chosen by input, or why that is not known.
pub type Choices = Result<BTreeMap<String, Result<Vec<String>, Text>>, Text>;

/// A plan that was asked for, or why there is none.
#[derive(Clone, Debug)]
pub struct MadePlan {
    /// The number of the asking.
    pub ask: u64,
    /// Of which runbook.
    pub runbook: Arc<str>,
    /// On what.
    pub target: ServiceId,
    /// The plan, or why there is none.
    pub plan: Result<Arc<Plan>, Text>,
    /// When it came.
    pub at: Timestamp,
}

/// The locks of an environment as they were seen.
#[derive(Clone, Debug)]
pub struct Locks {
    /// When they were looked at.
    pub at: Timestamp,
    /// Those that are held.
    pub held: Vec<LockHolder>,
    /// Markers of runs that were left unfinished, with their key.
    pub dirty: Vec<(String, Dirty)>,
    /// Hosts that could not be looked at, and why.
    pub failed: Vec<(HostName, Text)>,
}

/// The newest of the audit log.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The newest first.
    pub lines: Vec<(Timestamp, Text)>,
    /// What is wrong with its chain.
    pub broken: Option<Text>,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Acting {
    runbooks: BTreeMap<Arc<str>, Arc<Runbook>>,
    plans: VecDeque<MadePlan>,
    choices: VecDeque<(u64, Choices)>,
    refused: VecDeque<(u64, Text, Timestamp)>,
    runs: BTreeMap<RunId, OpenRun>,
    listed: Option<Vec<RunSummary>>,
    locks: BTreeMap<EnvironmentId, Locks>,
    audit: Option<Audit>,
    armed: Option<(EnvironmentId, Timestamp, Timestamp)>,
}

impl Acting {
    /// Takes a fact in; one that is no matter of acting changes nothing.
    pub(super) fn apply(&mut self, event: Event, now: Timestamp) -> Changed {
        match event {
            Event::RunbooksLoaded { runbooks } => {
                self.runbooks = runbooks.into_iter().map(|runbook| (runbook.name.clone(), runbook)).collect();
            }
            Event::PlanMade { ask, runbook, target, plan } => {
                self.plans.retain(|made| made.ask != ask);
                self.plans.push_back(MadePlan { ask, runbook, target, plan, at: now });
                if self.plans.len() > MOST_PLANS {
                    self.plans.pop_front();
                }
            }
            Event::ChoicesFound { ask, found } => {
                self.choices.push_back((ask, found));
                if self.choices.len() > MOST_CHOICES {
                    self.choices.pop_front();
                }
            }
            Event::RunRefused { ask, why } => {
                self.refused.retain(|(asked, ..)| *asked != ask);
                self.refused.push_back((ask, why, now));
                if self.refused.len() > MOST_PLANS {
                    self.refused.pop_front();
                }
            }
            Event::RunsListed { runs } => self.listed = Some(runs),
            Event::LocksListed { environment, at, locks, dirty, failed } => {
                self.locks.insert(environment, Locks { at, held: locks, dirty, failed });
            }
            Event::AuditListed { lines, broken } => self.audit = Some(Audit { lines, broken }),
            Event::Armed { environment, until: Some(until) } => self.armed = Some((environment, until, now)),
            Event::Armed { environment, until: None } => {
                self.armed = self.armed.take().filter(|(armed, ..)| *armed != environment);
            }
            event => return self.run(event, now),
        }
        Changed::State
    }

    fn run(&mut self, event: Event, now: Timestamp) -> Changed {
        match event {
            Event::RunOpened { run, plan, is_ours } => {
                self.runs.insert(run.clone(), OpenRun::new(run, plan, is_ours, now));
                self.forget_old();
            }
            Event::RunTold { run, entry } => {
                let new = self.runs.get_mut(&run).is_some_and(|run| run.told(&entry, now));
                return if new { Changed::State } else { Changed::Nothing };
            }
            Event::RunPrinted { run, step, host, at, lines, left_out } => {
                let Some(run) = self.runs.get_mut(&run) else { return Changed::Nothing };
                run.output.take(&step, &host, at, lines, left_out);
            }
            Event::RunClosed { run } => match self.runs.get_mut(&run) {
                Some(run) => run.close(),
                None => return Changed::Nothing,
            },
            _ => return Changed::Nothing,
        }
        Changed::State
    }

    /// The oldest of those that are over give way.
    fn forget_old(&mut self) {
        let over: Vec<RunId> = self.runs.values().filter(|r| !r.is_going()).map(|r| r.state().id.clone()).collect();
        for id in over.iter().take(over.len().saturating_sub(MOST_CLOSED)) {
            self.runs.remove(id);
        }
    }

    /// The runbook of a name.
    pub fn runbook(&self, name: &str) -> Option<&Arc<Runbook>> {
        self.runbooks.get(name)
    }

    /// The plan that was asked for under this number.
    pub fn plan(&self, ask: u64) -> Option<&MadePlan> {
        self.plans.iter().find(|made| made.ask == ask)
    }

    /// What can be chosen in the form that asked under this number; none while it is looked up.
    pub fn choices(&self, ask: u64) -> Option<&Choices> {
        self.choices.iter().find(|(asked, _)| *asked == ask).map(|(_, found)| found)
    }

    /// Why the plan that was asked for under this number was not started when it was said yes to at a moment; none while
    /// that is not known, and when it was started.
    pub fn refusal(&self, ask: u64, since: Timestamp) -> Option<&Text> {
        self.refused.iter().find(|(asked, _, at)| *asked == ask && *at >= since).map(|(_, why, _)| why)
    }

    /// A run that was opened here.
    pub fn open_run(&self, id: &RunId) -> Option<&OpenRun> {
        self.runs.get(id)
    }

    /// The run of ours that came of a plan since a moment.
    pub fn came_of(&self, digest: &str, since: Timestamp) -> Option<&OpenRun> {
        self.runs.values().find(|run| run.began_here_since(digest, since))
    }

    /// Runs that go on, the oldest first.
    pub fn going(&self) -> impl Iterator<Item = &OpenRun> {
        self.runs.values().filter(|run| run.is_going())
    }

    /// Every run that is known: those that go on first, then the newest first. None before they were listed and while
    /// none was opened.
    pub fn runs(&self) -> Option<Vec<RunSummary>> {
        if self.listed.is_none() && self.runs.is_empty() {
            return None;
        }
        let listed = self.listed.as_deref().unwrap_or_default();
        let here = self.runs.values().filter(|run| {
            // What is on record is newer than what was seen before nobody looked any more.
            run.is_going() || listed.iter().all(|l| l.id != run.state().id)
        });
        let mut all: Vec<RunSummary> = here.map(OpenRun::summary).collect();
        all.extend(listed.iter().filter(|l| !self.runs.get(&l.id).is_some_and(OpenRun::is_going)).cloned());
        let is_going = |id: &RunId| self.runs.get(id).is_some_and(OpenRun::is_going);
        all.sort_by_key(|run| (!is_going(&run.id), std::cmp::Reverse(run.began), std::cmp::Reverse(run.id.clone())));
        Some(all)
    }

    /// The locks of an environment, as far as they were looked at.
    pub fn locks(&self, environment: &EnvironmentId) -> Option<&Locks> {
        self.locks.get(environment)
    }

    /// The newest of the audit log, once it was read.
    pub fn audit(&self) -> Option<&Audit> {
        self.audit.as_ref()
    }

    /// The environment that is armed now, and until when.
    pub fn armed(&self, now: Timestamp) -> Option<(&EnvironmentId, Timestamp)> {
        self.armed.as_ref().filter(|(_, until, _)| *until > now).map(|(id, until, _)| (id, *until))
    }

    /// When an environment was armed.
    pub fn armed_since(&self, environment: &EnvironmentId) -> Option<Timestamp> {
        self.armed.as_ref().filter(|(id, ..)| id == environment).map(|(.., since)| *since)
    }

    /// Whether an environment is armed now.
    pub fn is_armed(&self, environment: &EnvironmentId, now: Timestamp) -> bool {
        self.armed(now).is_some_and(|(armed, _)| armed == environment)
    }
}
