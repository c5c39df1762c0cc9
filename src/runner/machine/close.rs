//! The way to the end: what was changed is taken back where a person chose so, steps that always run have their turn, the
//! release goes on record, the marker and the locks are given back, and the last entry says how it ended.

use std::sync::Arc;

use super::order::{Kind, Stage};
use super::task::{Busy, is_supervised};
use super::work::Went;
use super::{Do, Key, Machine, Phase, Task};
use crate::model::run::{Fact, TaskState};
use crate::model::runbook::Action;
use crate::model::{RunStatus, StepOutcome, Text};

impl Machine {
    /// Nothing is under way any more, and nothing of the work is to begin.
    pub(super) fn wind_up(&mut self) {
        let open = self
            .state
            .tasks
            .iter()
            .filter(|(_, s)| matches!(s, TaskState::Starting { .. } | TaskState::Running { .. }));
        for key in open.map(|(key, _)| key.clone()).collect::<Vec<_>>() {
            let is_asked = self.planned(&key).is_some_and(|p| !is_supervised(&p.step) && p.step.only_looks());
            if self.same.contains(&key) || is_asked || key.0.starts_with("gate:") {
                self.finish(&key, StepOutcome::Cancelled, None);
            } else {
                self.finish(&key, StepOutcome::Unknown, Some("nobody knows how it ended".into()));
            }
        }
        self.phase = if self.state.undoing { Phase::Undoing } else { Phase::Last };
    }

    /// What has changed something and says how that is taken back, the newest first.
    pub(super) fn to_undo(&self) -> Vec<Key> {
        let has_undo = |key: &Key| self.planned(key).is_some_and(|p| p.step.undo.is_some());
        self.changed().into_iter().filter(|key| has_undo(key) && !self.is_undone(key)).collect()
    }

    fn is_undone(&self, key: &Key) -> bool {
        self.is_good(&(format!("undo:{}", key.0), key.1.clone()))
    }

    /// What has changed something, or may have, the newest first.
    pub(super) fn changed(&self) -> Vec<Key> {
        let changes = |stage: &Stage| match stage.kind {
            Kind::Step(number) => self.state.plan.steps.get(number).filter(|p| !p.step.only_looks()),
            _ => None,
        };
        let stages = self.stages.iter().rev().filter_map(|stage| Some((stage, changes(stage)?)));
        let keys = stages.flat_map(|(stage, p)| stage.hosts.iter().rev().map(|h| (p.step.id.clone(), h.clone())));
        keys.filter(|key| self.task_state(key).attempt() > 0).collect()
    }

    /// Takes one change back after the other; the first that fails ends it.
    pub(super) fn take_back(&mut self) -> bool {
        if !self.busy.is_empty() {
            return false;
        }
        let next = self.to_undo().into_iter().next();
        let undo = next.map(|(step, host)| (format!("undo:{step}"), step, host));
        match undo.filter(|_| !self.state.undo_barred) {
            Some((name, step, host)) if !self.is_cancelling() && self.lock_lost.is_none() && !self.undo_failed() => {
                self.journal(Fact::Undoing { step, host: host.clone() });
                let attempt = self.state.task(&name, &host).attempt();
                self.again.remove(&(name.clone(), host.clone()));
                self.busy.insert((name.clone(), host.clone()), Busy::Launched);
                self.out.push(Do::Start(Task { step: name, host, attempt }));
                false
            }
            _ => {
                self.phase = Phase::Last;
                true
            }
        }
    }

    fn undo_failed(&self) -> bool {
        let mut undos = self.state.tasks.iter().filter(|(key, _)| key.0.starts_with("undo:"));
        undos.any(|(key, state)| state.outcome().is_some_and(|o| !o.is_good()) && !self.again.contains(key))
    }

    /// Gives the steps that always run their turn, then closes.
    pub(super) fn last(&mut self) -> bool {
        if !self.busy.is_empty() || self.marking {
            return false;
        }
        let ends_at_once = self.is_cancelling() || self.lock_lost.is_some() || self.state.tasks.is_empty();
        if !ends_at_once && !self.is_success() {
            if self.state.question.is_some() {
                return false;
            }
            for index in 0..self.stages.len() {
                if self.is_last(index) {
                    match self.stage(index) {
                        Went::On | Went::Stuck => {}
                        Went::Waits => return false,
                        Went::Again => return true,
                    }
                }
            }
        }
        self.wind_up_last();
        self.close();
        false
    }

    /// A question that was open when the run was cancelled leaves its step without an end.
    fn wind_up_last(&mut self) {
        let phase = self.phase;
        self.wind_up();
        self.phase = phase;
    }

    fn is_last(&self, index: usize) -> bool {
        let Some(stage) = self.stages.get(index) else { return false };
        let Kind::Step(number) = stage.kind else { return false };
        let always = self.state.plan.steps.get(number).is_some_and(|p| p.step.always);
        let once = self.state.plan.steps.get(number).is_some_and(|p| p.step.on != crate::model::runbook::On::Hosts);
        always && (once || stage.batch <= self.state.batch)
    }

    fn close(&mut self) {
        let is_proven = self.is_proven();
        if self.is_success() && !is_proven && (self.state.dirty || self.state.plan.release.is_some()) {
            self.notes.push(format!("{} is not proven: {}", self.state.plan.target, self.overrides()).into());
        }
        if is_proven && self.state.plan.release.is_some() && !self.recorded {
            self.phase = Phase::Recording;
            self.out.push(Do::KeepRecord);
        } else {
            self.clean();
        }
    }

    pub(super) fn record_kept(&mut self, answer: Result<Text, Text>) {
        if self.phase != Phase::Recording {
            return;
        }
        self.recorded = true;
        match answer {
            Ok(version) => self.journal(Fact::Recorded { version, found: false }),
            Err(why) => self.notes.push(format!("the release is not on record: {why}").into()),
        }
        self.clean();
    }

    fn clean(&mut self) {
        let changed = self.changed();
        let is_taken_back = self.state.undoing && !self.state.undo_barred;
        let is_undone = changed.is_empty() || (is_taken_back && changed.iter().all(|key| self.is_undone(key)));
        if self.state.dirty && self.lock_lost.is_none() && (self.is_proven() || is_undone) {
            self.phase = Phase::Cleaning;
            self.out.push(Do::Clean);
        } else {
            self.release();
        }
    }

    pub(super) fn cleaned(&mut self, answer: Result<(), Text>) {
        if self.phase != Phase::Cleaning {
            return;
        }
        match answer {
            Ok(()) => self.journal(Fact::Cleaned),
            Err(why) => self.notes.push(format!("the marker could not be taken away: {why}").into()),
        }
        self.release();
    }

    fn release(&mut self) {
        if self.has_lock && self.lock_lost.is_none() {
            self.phase = Phase::Releasing;
            self.out.push(Do::Release);
        } else {
            self.end();
        }
    }

    pub(super) fn released(&mut self, answer: Result<(), Text>) {
        if self.phase != Phase::Releasing {
            return;
        }
        self.has_lock = false;
        if let Err(why) = answer {
            self.notes.push(format!("the lock could not be given back: {why}").into());
        }
        self.end();
    }

    /// Every step ended well, and nobody gave up or took the lock.
    fn is_success(&self) -> bool {
        let all_good = self.stages.iter().all(|stage| {
            let Some(name) = self.name_of(stage) else { return true };
            let is_gate = stage.kind == Kind::Gate;
            stage
                .hosts
                .iter()
                .all(|h| is_gate && self.state.batch >= stage.batch || self.is_good(&(name.clone(), h.clone())))
        });
        all_good && self.given_up.is_none() && self.lock_lost.is_none() && !self.state.undoing
    }

    /// It succeeded, and no change and no look at one was left out, or is done by a person's word alone.
    fn is_proven(&self) -> bool {
        let says_nothing = |key: &Key| {
            let action = self.planned(key).map(|p| &p.step.action);
            matches!(action, Some(Action::Notify { .. } | Action::Approve { .. }))
        };
        self.is_success() && self.overridden().all(says_nothing)
    }

    /// What a person left out or says that it was done.
    fn overridden(&self) -> impl Iterator<Item = &Key> {
        let is_override = |(key, s): &(&Key, &TaskState)| {
            s.outcome().is_some_and(StepOutcome::is_override) && self.planned(key).is_none_or(|p| p.left_out.is_none())
        };
        self.state.tasks.iter().filter(is_override).map(|(key, _)| key)
    }

    /// `left out: switch on a; done by a person's word: dump on a`.
    fn overrides(&self) -> String {
        let of = |outcome, words: &str| {
            let keys = self.overridden().filter(|key| self.task_state(key).outcome() == Some(outcome));
            let keys: Vec<String> = keys.map(|(step, host)| format!("{step} on {host}")).collect();
            (!keys.is_empty()).then(|| format!("{words}: {}", keys.join(", ")))
        };
        let left_out = of(StepOutcome::Skipped, "left out");
        let marked = of(StepOutcome::MarkedDone, "done by a person's word");
        left_out.into_iter().chain(marked).collect::<Vec<_>>().join("; ")
    }

    fn status(&self) -> RunStatus {
        let is_unknown = |s: &TaskState| s.outcome() == Some(StepOutcome::Unknown);
        if self.state.tasks.values().any(is_unknown) {
            RunStatus::Lost
        } else if self.lock_lost.is_some() {
            RunStatus::LockLost
        } else if self.is_success() {
            if self.overridden().next().is_some() { RunStatus::SucceededWithOverrides } else { RunStatus::Succeeded }
        } else if self.is_cancelling() {
            RunStatus::Cancelled
        } else {
            RunStatus::Failed
        }
    }

    pub(super) fn end(&mut self) {
        let status = self.status();
        let mut words: Vec<Text> = self.lock_lost.iter().chain(&self.given_up).cloned().collect();
        if self.state.undoing {
            let done = self.changed().iter().all(|key| self.is_undone(key));
            words.push(if done { "every change was taken back" } else { "not every change was taken back" }.into());
        }
        words.append(&mut self.notes);
        let words: Vec<&str> = words.iter().map(Text::as_str).collect();
        let why = (!words.is_empty()).then(|| Text::from(words.join("; ")));
        self.journal(Fact::Ended { status, why: why.clone() });
        let next = self.state.plan.on_failure.as_ref().filter(|_| self.on_failure && status == RunStatus::Failed);
        let on_failure: Option<Arc<str>> = next.map(|o| Arc::clone(&o.runbook));
        self.phase = Phase::Over;
        self.out.push(Do::Over { status, why, on_failure });
    }

    /// Leaves the run as it is, at once: what runs on targets goes on, what this console did itself has a fate that nobody
    /// knows. Another console, or this one, may go on with it.
    pub(super) fn leave(&mut self, why: Option<Text>) {
        self.phase = Phase::Over;
        self.out.push(Do::Over { status: RunStatus::Interrupted, why, on_failure: None });
    }
}
