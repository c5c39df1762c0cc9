//! The machine of a run: pure. Inputs in, entries for the journal and effects out; no clock, no I/O. What it knows of the
//! past is the fold over its own entries, so a machine that resumes differs from one that went on only in what was under
//! way. An entry stands before the effect that it announces; whoever carries effects out flushes it first.
//!
//! ```text
//! Begin -> locks -> (fates) -> preconditions -> work -> (undo) -> last steps -> record -> clean -> release -> Ended
//! ```
//!
//! | file | what is done there |
//! | --- | --- |
//! | [`word`] | inputs and effects |
//! | [`order`] | the stages of a plan |
//! | `work` | what begins next |
//! | `task` | what becomes of what was begun |
//! | `ask` | questions and answers |
//! | `close` | taking back, last steps, the end |

mod ask;
mod close;
pub mod order;
mod task;
pub mod word;
mod work;

#[cfg(test)]
pub(crate) mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;

use self::order::Stage;
use self::task::Busy;
use crate::model::run::{Entry, Fact};
use crate::model::{Operator, Plan, RunId, RunState, RunStatus, Text};

pub use self::task::end_of;
pub use self::word::{Answers, Do, How, Input, Key, Taken, Task, TaskEnd};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    New,
    Locking,
    Reconciling,
    Requiring,
    Working,
    Undoing,
    Last,
    Recording,
    Cleaning,
    Releasing,
    Over,
}

/// The machine of one run.
#[derive(Clone, Debug)]
pub struct Machine {
    state: RunState,
    answers: Answers,
    by: Operator,
    reason: Option<Text>,
    resumes: bool,
    /// Goes on only to end; whether also what must not be interrupted.
    cancels: Option<bool>,
    stages: Vec<Stage>,
    phase: Phase,
    at: Timestamp,
    out: Vec<Do>,
    /// What is waited for.
    busy: BTreeMap<Key, Busy>,
    /// What is to run although it began, or ended, before.
    again: BTreeSet<Key>,
    /// Of those: what never began, and runs under the same name, so that a late start and a new one cannot both succeed.
    same: BTreeSet<Key>,
    /// What was found not to hold yet, or is tried again.
    cleared: BTreeSet<Key>,
    /// Stages of dangerous steps that a person let run.
    dared: BTreeSet<usize>,
    /// Batches that a person let begin.
    held: BTreeSet<usize>,
    /// Automatic tries.
    tries: BTreeMap<Key, u32>,
    /// What is being ended.
    ending: BTreeSet<Key>,
    has_lock: bool,
    marking: bool,
    marked: bool,
    leaving: bool,
    lock_lost: Option<Text>,
    given_up: Option<Text>,
    on_failure: bool,
    recorded: bool,
    notes: Vec<Text>,
}

impl Machine {
    /// The machine of a run that has not begun.
    pub fn new(plan: Arc<Plan>, run: RunId, by: Operator, reason: Option<Text>, answers: Answers) -> Self {
        Self::over(RunState::new(run, plan), by, reason, answers, false)
    }

    /// The machine of a run that goes on.
    pub fn resume(state: RunState, by: Operator, answers: Answers) -> Self {
        Self::over(state, by, None, answers, true)
    }

    /// Goes on only to end what is left: nothing begins.
    #[must_use]
    pub fn cancelling(mut self, insist: bool) -> Self {
        self.cancels = Some(insist);
        self
    }

    fn over(state: RunState, by: Operator, reason: Option<Text>, answers: Answers, resumes: bool) -> Self {
        Self {
            stages: order::stages(&state.plan),
            state,
            answers,
            by,
            reason,
            resumes,
            cancels: None,
            phase: Phase::New,
            at: Timestamp::UNIX_EPOCH,
            out: Vec::new(),
            busy: BTreeMap::new(),
            again: BTreeSet::new(),
            same: BTreeSet::new(),
            cleared: BTreeSet::new(),
            dared: BTreeSet::new(),
            held: BTreeSet::new(),
            tries: BTreeMap::new(),
            ending: BTreeSet::new(),
            has_lock: false,
            marking: false,
            marked: false,
            leaving: false,
            lock_lost: None,
            given_up: None,
            on_failure: false,
            recorded: false,
            notes: Vec::new(),
        }
    }

    /// The run as its journal tells it.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Takes an input in; what is to be done now, in this order.
    pub fn step(&mut self, input: Input, at: Timestamp) -> Vec<Do> {
        self.at = at;
        if self.phase != Phase::Over {
            self.take(input);
            self.advance();
        }
        std::mem::take(&mut self.out)
    }

    fn take(&mut self, input: Input) {
        match input {
            Input::Begin => self.begin(),
            Input::Locked(taken) => self.locked(&taken),
            Input::LockRefused(why) => self.not_locked(why),
            Input::Required(failed) => self.required(failed),
            Input::Found(versions) => {
                for version in versions {
                    self.journal(Fact::Recorded { version, found: true });
                }
            }
            Input::Marked(answer) => {
                self.marking = false;
                match answer {
                    Ok(()) => self.marked = true,
                    Err(why) => self.give_up(format!("nothing is changed without its marker and a way back: {why}")),
                }
            }
            Input::Started(task, pid) => self.started(task, pid),
            Input::Ended(task, end) => self.ended(&task.key(), end),
            Input::Lost(task, why) => self.lost(task, why),
            Input::FateKnown(task, fate) => self.fate(task, fate),
            Input::FateHidden(task, why) => self.hidden(&task.key(), why),
            Input::Verified(key, answer) => self.verified(&key, answer),
            // A beat that was under way while the lock was given back finds it gone.
            Input::LockLost(_) if self.phase == Phase::Releasing => {}
            Input::LockLost(why) => self.lock_lost = self.lock_lost.take().or(Some(why)),
            Input::Recorded(answer) => self.record_kept(answer),
            Input::Cleaned(answer) => self.cleaned(answer),
            Input::Released(answer) => self.released(answer),
            Input::Answer { asked, choice, reason, by } => self.answer(asked, choice, reason, by),
            Input::Tick { step, item, by } => self.tick(&step, item, by),
            Input::Drain(by) => self.drain(by),
            Input::Interrupt { by, insist } => self.interrupt(by, insist),
            Input::Detach => {
                if !self.leaving && self.phase != Phase::New {
                    self.leaving = true;
                    self.journal(Fact::Detached);
                }
            }
            Input::JournalBroken(why) => self.leave(Some(why)),
        }
    }

    fn begin(&mut self) {
        if self.phase != Phase::New {
            return;
        }
        if !self.resumes {
            let (digest, operator, reason) = (self.state.plan.digest.clone(), self.by.clone(), self.reason.clone());
            self.journal(Fact::Began { digest, operator, reason });
        }
        if self.state.plan.lock.is_some() {
            self.phase = Phase::Locking;
            self.out.push(Do::TakeLocks);
        } else if self.resumes {
            self.go_on(&[]);
        } else {
            self.require();
        }
    }

    fn locked(&mut self, taken: &[Taken]) {
        if self.phase != Phase::Locking {
            return;
        }
        self.has_lock = true;
        if self.resumes {
            self.go_on(taken);
        } else {
            let (fence, fences) = (taken.first().map_or(0, |t| t.fence), numbers(taken));
            self.journal(Fact::Locked { fence, fences });
            self.require();
        }
    }

    /// A run that goes on first learns what became of what was under way, and whether what it did still holds.
    fn go_on(&mut self, taken: &[Taken]) {
        let (fence, fences) = (taken.first().map(|t| t.fence), numbers(taken));
        let others = taken.iter().enumerate().any(|(at, taken)| self.was_anothers(taken, at == 0));
        self.journal(Fact::Resumed { by: self.by.clone(), fence, fences, others });
        self.phase = Phase::Reconciling;
        if self.cancels.is_some() {
            self.journal(Fact::InterruptAsked { by: self.by.clone() });
        }
        self.reconcile();
        if let Some(insist) = self.cancels {
            self.interrupt(self.by.clone(), insist);
        }
    }

    /// Whether others may have held a lock since this run had it: its numbers count every taking.
    fn was_anothers(&self, taken: &Taken, is_first: bool) -> bool {
        let told = self.state.fences.get(&taken.key).copied();
        let Some(last) = told.or(self.state.fence.filter(|_| is_first && self.state.fences.is_empty())) else {
            return false;
        };
        // A console that died right after it took the lock could not write that down; its lock itself told so.
        let last = taken.left.filter(|left| *left == last + 1).unwrap_or(last);
        taken.fence != last + 1
    }

    fn not_locked(&mut self, why: Text) {
        if self.phase != Phase::Locking {
            return;
        }
        if self.resumes {
            self.leave(Some(why));
        } else {
            self.given_up = Some(why);
            self.end();
        }
    }

    fn require(&mut self) {
        self.phase = Phase::Requiring;
        if self.state.plan.require.is_empty() || self.must_stop() {
            self.required(Vec::new());
        } else {
            self.out.push(Do::Require);
        }
    }

    fn required(&mut self, failed: Vec<Text>) {
        if self.phase != Phase::Requiring {
            return;
        }
        if let Some(first) = failed.first() {
            self.give_up(format!("a precondition does not hold: {first}"));
        }
        if !self.must_stop() || !failed.is_empty() {
            self.journal(Fact::Required { failed });
        }
        if !self.must_stop() && self.state.tasks.is_empty() {
            self.journal(Fact::BatchBegan { batch: 0 });
        }
        self.phase = Phase::Working;
    }

    fn advance(&mut self) {
        if self.leaving {
            if self.phase != Phase::Over {
                self.leave(None);
            }
            return;
        }
        while match self.phase {
            Phase::Reconciling => self.reconciled(),
            Phase::Working => self.work(),
            Phase::Undoing => self.take_back(),
            Phase::Last => self.last(),
            _ => false,
        } {}
    }

    /// Whether nothing more may begin.
    fn must_stop(&self) -> bool {
        self.is_cancelling() || self.lock_lost.is_some() || self.given_up.is_some()
    }

    fn is_cancelling(&self) -> bool {
        matches!(self.state.status, RunStatus::Draining | RunStatus::Interrupting)
    }

    /// Whether nothing more may begin in this phase: what always runs, runs after the run was given up.
    fn is_barred(&self) -> bool {
        let gone = self.is_cancelling() || self.lock_lost.is_some();
        if self.phase == Phase::Last { gone } else { gone || self.given_up.is_some() }
    }

    fn give_up(&mut self, why: impl Into<Text>) {
        self.given_up = self.given_up.take().or(Some(why.into()));
    }

    fn journal(&mut self, fact: Fact) {
        let entry = Entry { number: self.state.number + 1, at: self.at, fact };
        self.state.apply(&entry);
        self.out.push(Do::Journal(entry));
    }
}

/// The numbers of locks by their keys.
fn numbers(taken: &[Taken]) -> BTreeMap<String, u64> {
    taken.iter().map(|t| (t.key.clone(), t.fence)).collect()
}
