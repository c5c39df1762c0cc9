//! What becomes of what was begun: starts, ends, lost links, fates, proofs. An end that nobody knows is unknown; it is run
//! again by itself only where the step may run twice.

use std::time::Duration;

use super::order::gate_key;
use super::work::NOT_REACHED;
use super::{Answers, Do, How, Key, Machine, Task, TaskEnd};
use crate::model::run::{Fact, TaskState};
use crate::model::runbook::{Action, Step};
use crate::model::{RunStatus, StepOutcome, Text};
use crate::runner::target::{Ended, Fate};

/// What is waited for.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Busy {
    /// The proof, before it begins.
    Before,
    /// Its end.
    Launched,
    /// What became of it.
    Fate,
    /// The proof, after it ended well.
    After(TaskEnd),
    /// The proof, as nobody knows how it ended.
    Doubt(Text),
    /// The proof, as others may have undone what was done.
    Still,
}

/// Why what was done is looked at again.
const OTHERS: &str = "others may have held the lock since this run had it";

impl Machine {
    pub(super) fn started(&mut self, task: Task, pid: Option<u32>) {
        let key = task.key();
        let is_new = matches!(self.task_state(&key), TaskState::Starting { .. });
        if self.busy.get(&key) == Some(&Busy::Launched) && is_new {
            self.journal(Fact::Started { step: task.step, host: task.host, attempt: task.attempt, pid });
        }
    }

    pub(super) fn ended(&mut self, key: &Key, end: TaskEnd) {
        if !matches!(self.busy.get(key), Some(Busy::Launched | Busy::Fate)) {
            return;
        }
        let is_ending = self.ending.contains(key);
        match end.how.clone() {
            How::Ok if self.proof_of(key) => {
                self.busy.insert(key.clone(), Busy::After(end));
                self.out.push(Do::Verify(key.clone()));
            }
            How::Ok if self.state.doubted.contains(key) && self.cancels.is_none() => {
                self.busy.remove(key);
                self.doubt_done(key);
            }
            How::Ok => self.ended_well(key, end),
            How::Failed(why) if is_ending => self.finish_with(key, StepOutcome::Cancelled, Some(why), end),
            How::Failed(why) => {
                self.finish_with(key, StepOutcome::Failed, Some(why), end);
                self.try_again(key);
            }
            How::TimedOut => {
                let limit = self.planned(key).map(|p| crate::transport::human(p.step.timeout)).unwrap_or_default();
                let why = Text::from(format!("no end within {limit}"));
                self.finish_with(key, StepOutcome::TimedOut, Some(why), end);
                self.try_again(key);
            }
            How::Cancelled => self.finish_with(key, StepOutcome::Cancelled, None, end),
            How::Refused(why) => self.finish_with(key, StepOutcome::Refused, Some(why), end),
            How::LockLost(why) => {
                self.lock_lost = self.lock_lost.take().or_else(|| Some(why.clone()));
                self.finish_with(key, StepOutcome::LockLost, Some(why), end);
            }
            How::Unknown(why) => self.doubt(key, why),
        }
    }

    fn proof_of(&self, key: &Key) -> bool {
        !key.0.starts_with("undo:") && self.planned(key).is_some_and(|p| p.step.verify.is_some())
    }

    fn ended_well(&mut self, key: &Key, end: TaskEnd) {
        let outcome = if self.task_state(key).attempt() > 1 { StepOutcome::Recovered } else { StepOutcome::Ok };
        self.finish_with(key, outcome, None, end);
    }

    /// Has it tried again by itself, as often as the step says.
    fn try_again(&mut self, key: &Key) {
        let retries = self.planned(key).map_or(0, |p| p.step.retries);
        let tries = self.tries.entry(key.clone()).or_default();
        if *tries < retries && !key.0.starts_with("undo:") && !self.is_barred() {
            if let Some(tries) = self.tries.get_mut(key) {
                *tries += 1;
            }
            self.again.insert(key.clone());
            self.cleared.insert(key.clone());
        }
    }

    pub(super) fn lost(&mut self, task: Task, why: Text) {
        let key = task.key();
        if self.busy.get(&key) != Some(&Busy::Launched) {
            return;
        }
        self.journal(Fact::LinkLost { step: task.step.clone(), host: task.host.clone(), why });
        self.busy.insert(key, Busy::Fate);
        self.out.push(Do::AskFate(task));
    }

    pub(super) fn fate(&mut self, task: Task, fate: Fate) {
        let key = task.key();
        if self.busy.get(&key) != Some(&Busy::Fate) {
            return;
        }
        match fate {
            Fate::Ended(ended) => self.ended(&key, end_of(&ended)),
            Fate::Alive { pid, .. } => {
                self.busy.insert(key.clone(), Busy::Launched);
                if self.state.lost.contains_key(&key) {
                    self.journal(Fact::LinkBack { step: task.step.clone(), host: task.host.clone() });
                }
                self.out.push(Do::Attach(task.clone()));
                self.started(task.clone(), Some(pid));
                if self.ending.contains(&key) {
                    self.out.push(Do::End(task));
                }
            }
            // It left nothing behind, so it never began: the next start has the same name, and a target lets only one
            // of that name begin.
            Fate::Absent if matches!(self.task_state(&key), TaskState::Starting { .. }) => {
                let is_undo = key.0.starts_with("undo:");
                let is_gone = self.is_cancelling() || self.lock_lost.is_some();
                if self.ending.contains(&key) || is_gone || (self.is_barred() && !is_undo) {
                    self.finish(&key, StepOutcome::Cancelled, Some("it never began".into()));
                } else if is_undo {
                    self.finish(&key, StepOutcome::Cancelled, Some("it never began".into()));
                    self.again.insert(key);
                } else {
                    self.busy.remove(&key);
                    self.again.insert(key.clone());
                    self.same.insert(key);
                }
            }
            Fate::Absent => self.doubt(&key, "nothing is left of it on its host".into()),
            Fate::Gone { .. } => self.doubt(&key, "its process is gone, and nobody wrote down how it ended".into()),
        }
    }

    pub(super) fn hidden(&mut self, key: &Key, why: Text) {
        if self.busy.get(key) == Some(&Busy::Fate) {
            self.finish(key, StepOutcome::Unknown, Some(why));
        }
    }

    /// Nobody knows how it ended: its proof is asked.
    pub(super) fn doubt(&mut self, key: &Key, why: Text) {
        if self.proof_of(key) {
            self.busy.insert(key.clone(), Busy::Doubt(why));
            self.out.push(Do::Verify(key.clone()));
        } else {
            self.settle(key, why);
        }
    }

    /// Its proof does not hold, or there is none.
    fn settle(&mut self, key: &Key, why: Text) {
        let repeats =
            !key.0.starts_with("undo:") && self.planned(key).is_none_or(|p| may_repeat(&p.step)) && !self.is_barred();
        if repeats {
            self.busy.remove(key);
            self.again.insert(key.clone());
        } else {
            self.finish(key, StepOutcome::Unknown, Some(why));
        }
    }

    pub(super) fn verified(&mut self, key: &Key, answer: Result<bool, Text>) {
        match (self.busy.remove(key), answer) {
            (Some(Busy::Before), _) if self.is_barred() => {}
            (Some(Busy::Before), Ok(true)) => {
                let began = self.task_state(key).attempt() > 0;
                let outcome = if began { StepOutcome::Reconciled } else { StepOutcome::NoChange };
                self.finish(key, outcome, None);
            }
            (Some(Busy::Before), Ok(false)) => {
                self.cleared.insert(key.clone());
            }
            (Some(Busy::Before), Err(why)) => {
                self.finish(key, StepOutcome::Failed, Some(format!("{NOT_REACHED}{why}").into()));
            }
            (Some(Busy::After(end)), Ok(true)) => self.ended_well(key, end),
            (Some(Busy::After(end)), answer) => {
                let why = match answer {
                    Err(why) => format!("it ended well, but its proof could not be looked at: {why}"),
                    _ => "it ended well, but its proof does not hold".to_owned(),
                };
                self.finish_with(key, StepOutcome::Failed, Some(why.into()), end);
                self.try_again(key);
            }
            (Some(Busy::Doubt(_)), Ok(true)) => self.finish(key, StepOutcome::Reconciled, None),
            (Some(Busy::Doubt(why)), _) => self.settle(key, why),
            (Some(Busy::Still), answer) => self.found_again(key, answer),
            (Some(other), _) => {
                self.busy.insert(key.clone(), other);
            }
            (None, _) => {}
        }
    }

    /// Asks what became of everything that was under way when the run was left.
    pub(super) fn reconcile(&mut self) {
        let tasks: Vec<(Key, TaskState)> = self.state.tasks.iter().map(|(k, s)| (k.clone(), s.clone())).collect();
        for (key, state) in tasks {
            let is_open = match state {
                TaskState::Pending => false,
                TaskState::Starting { .. }
                | TaskState::Running { .. }
                | TaskState::Finished { outcome: StepOutcome::Unknown, .. } => true,
                TaskState::Finished { outcome, .. } => {
                    if !outcome.is_good() {
                        self.again.insert(key.clone());
                    }
                    false
                }
            };
            if is_open {
                self.reconcile_one(&key, state.attempt());
            }
        }
        // A gate that was passed does not stay so: the batch after it begins now, not then.
        self.again.extend((self.state.batch + 1..=self.state.plan.batches.len()).map(gate_key));
        self.look_again();
    }

    /// Asks whether what was done before others may have held the lock still holds.
    fn look_again(&mut self) {
        if self.state.undo_barred {
            self.give_up(format!("{OTHERS}; nothing more is taken back: look at {}", self.state.plan.target));
        } else if self.cancels.is_some() && !self.state.doubted.is_empty() {
            self.give_up(OTHERS);
        } else {
            let done = self.state.doubted.iter().filter(|key| self.task_state(key).outcome().is_some());
            for key in done.cloned().collect::<Vec<_>>() {
                let Some(step) = self.planned(&key).map(|p| p.step.clone()) else { continue };
                if step.verify.is_some() {
                    self.busy.insert(key.clone(), Busy::Still);
                    self.out.push(Do::Verify(key));
                } else {
                    self.doubt_done(&key);
                }
            }
        }
    }

    /// It was done well, others may have undone it, and nothing can be asked about it.
    fn doubt_done(&mut self, key: &Key) {
        if self.planned(key).is_some_and(|p| may_repeat(&p.step)) {
            self.again.insert(key.clone());
        } else {
            self.undone(key, "it says no proof");
        }
    }

    fn found_again(&mut self, key: &Key, answer: Result<bool, Text>) {
        match answer {
            Ok(true) => self.finish(key, StepOutcome::Reconciled, None),
            Ok(false) if self.planned(key).is_some_and(|p| may_repeat(&p.step)) => {
                self.again.insert(key.clone());
                self.cleared.insert(key.clone());
            }
            Ok(false) => self.undone(key, "its proof does not hold any more"),
            Err(why) => self.undone(key, &format!("its proof could not be looked at: {why}")),
        }
    }

    /// Others may have undone it, and it must not simply run again: a person says what is so.
    fn undone(&mut self, key: &Key, why: &str) {
        let why = format!("{OTHERS}, and may have undone {} on {}: {why}", key.0, key.1);
        if self.answers == Answers::Person {
            self.finish(key, StepOutcome::Unknown, Some(why.into()));
        } else {
            let runbook = &self.state.plan.runbook;
            self.give_up(format!(
                "{why}; start {runbook} anew, or go on where a person can say whether it still holds"
            ));
        }
    }

    fn reconcile_one(&mut self, key: &Key, attempt: u32) {
        let is_undo = key.0.starts_with("undo:");
        let Some(planned) = self.planned(key).filter(|_| !key.0.starts_with("gate:")) else {
            self.again.insert(key.clone());
            return;
        };
        if is_undo || is_supervised(&planned.step) {
            self.busy.insert(key.clone(), Busy::Fate);
            self.out.push(Do::AskFate(Task { step: key.0.clone(), host: key.1.clone(), attempt }));
        } else if planned.step.only_looks() {
            self.again.insert(key.clone());
        } else {
            self.doubt(key, "the console left before it ended".into());
        }
    }

    /// Whether every fate is known; what lives on is waited for later.
    pub(super) fn reconciled(&mut self) -> bool {
        let is_open = |b: &Busy| matches!(b, Busy::Fate | Busy::Doubt(_) | Busy::After(_) | Busy::Still);
        if self.busy.values().any(is_open) {
            return false;
        }
        if self.state.undoing {
            self.give_up("what was changed is being taken back");
            self.phase = super::Phase::Working;
        } else {
            self.require();
        }
        true
    }

    pub(super) fn finish(&mut self, key: &Key, outcome: StepOutcome, why: Option<Text>) {
        self.finish_with(key, outcome, why, TaskEnd::new(How::Ok));
    }

    fn finish_with(&mut self, key: &Key, outcome: StepOutcome, why: Option<Text>, end: TaskEnd) {
        self.busy.remove(key);
        self.ending.remove(key);
        self.again.remove(key);
        self.same.remove(key);
        let state = self.task_state(key);
        let took = match &state {
            TaskState::Starting { at, .. } | TaskState::Running { at, .. } => {
                Duration::try_from(self.at.duration_since(*at)).unwrap_or_default()
            }
            _ => Duration::ZERO,
        };
        self.journal(Fact::Finished {
            step: key.0.clone(),
            host: key.1.clone(),
            attempt: state.attempt(),
            outcome,
            exit: end.exit,
            why,
            took,
            bytes: end.bytes,
            survivors: end.survivors,
        });
    }

    pub(super) fn drain(&mut self, by: crate::model::Operator) {
        if !self.is_cancelling() {
            self.journal(Fact::DrainAsked { by });
        }
    }

    pub(super) fn interrupt(&mut self, by: crate::model::Operator, insist: bool) {
        if self.state.status != RunStatus::Interrupting {
            self.journal(Fact::InterruptAsked { by });
        }
        for (key, busy) in self.busy.clone() {
            let guarded = self.planned(&key).is_some_and(|p| p.step.uninterruptible.is_some());
            if guarded && !insist {
                self.out.push(Do::Say(format!("{} on {} is not interrupted, as it says why", key.0, key.1).into()));
                continue;
            }
            let attempt = self.task_state(&key).attempt();
            match busy {
                Busy::Launched if self.ending.insert(key.clone()) => {
                    self.out.push(Do::End(Task { step: key.0, host: key.1, attempt }));
                }
                Busy::Fate => {
                    self.ending.insert(key);
                }
                _ => {}
            }
        }
    }
}

/// Whether it runs on a target, detached from the link.
pub(super) fn is_supervised(step: &Step) -> bool {
    matches!(step.action, Action::Shell { .. })
}

/// Whether it may run twice. A copy puts the same files in the same place.
fn may_repeat(step: &Step) -> bool {
    step.idempotent || step.only_looks() || matches!(step.action, Action::Copy { .. })
}

/// An end as its target wrote it down.
pub fn end_of(ended: &Ended) -> TaskEnd {
    let how = match ended.code {
        _ if ended.timed_out => How::TimedOut,
        0 => How::Ok,
        code => How::Failed(format!("it ended with {code}").into()),
    };
    TaskEnd { how, exit: Some(ended.code), bytes: ended.size, survivors: Vec::new() }
}
