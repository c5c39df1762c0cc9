//! What begins next: the first stage that is not done decides. Hosts that failed take no further steps; when as many have
//! failed as the runbook bears, or a step that runs once has, nothing more begins and a person is asked. Never starts
//! anything while a question is open.

use std::collections::BTreeSet;

use super::order::{Kind, Stage, gate_of};
use super::task::Busy;
use super::{Do, Key, Machine, Task};
use crate::model::plan::{HostName, PlannedStep};
use crate::model::run::{Fact, Question, TaskState};
use crate::model::runbook::{Action, On};
use crate::model::{StepOutcome, Text};

/// What came of looking at a stage.
pub(super) enum Went {
    /// It is done.
    On,
    /// Something of it is waited for.
    Waits,
    /// Something was decided: look again from the beginning.
    Again,
    /// It cannot be done as things are.
    Stuck,
}

impl Machine {
    /// Goes on with the work; whether the phase has to be looked at again.
    pub(super) fn work(&mut self) -> bool {
        let is_quiet = self.busy.is_empty() && !self.marking;
        if self.must_stop() {
            if is_quiet {
                self.wind_up();
            }
            return is_quiet;
        }
        if self.state.question.is_some() || self.marking {
            return false;
        }
        let failed = self.failed();
        if self.is_too_much(&failed) {
            return is_quiet && self.ask_about(&failed);
        }
        for index in 0..self.stages.len() {
            match self.stage(index) {
                Went::On => {}
                Went::Waits => return false,
                Went::Again => return true,
                Went::Stuck => return is_quiet && self.ask_about(&failed),
            }
        }
        if !failed.is_empty() {
            return is_quiet && self.ask_about(&failed);
        }
        self.wind_up();
        true
    }

    /// Whether this is a step that people decided on, or the plan.
    pub(super) fn planned(&self, key: &Key) -> Option<&PlannedStep> {
        self.state.plan.step(key.0.strip_prefix("undo:").unwrap_or(&key.0))
    }

    /// The name of what a stage does; none where it only begins a batch.
    pub(super) fn name_of(&self, stage: &Stage) -> Option<String> {
        match stage.kind {
            Kind::Open => None,
            Kind::Gate => Some(gate_of(stage.batch)),
            Kind::Step(number) => self.state.plan.steps.get(number).map(|s| s.step.id.clone()),
        }
    }

    pub(super) fn task_state(&self, key: &Key) -> TaskState {
        self.state.task(&key.0, &key.1)
    }

    pub(super) fn is_good(&self, key: &Key) -> bool {
        let is_open = self.again.contains(key) || self.state.doubted.contains(key);
        self.task_state(key).outcome().is_some_and(StepOutcome::is_good) && !is_open
    }

    fn is_bad(&self, key: &Key) -> bool {
        self.task_state(key).outcome().is_some_and(|o| !o.is_good()) && !self.again.contains(key)
    }

    /// What ended badly and is not tried again, in the order of the stages.
    pub(super) fn failed(&self) -> Vec<Key> {
        let keys = self.stages.iter().filter_map(|s| Some((self.name_of(s)?, s)));
        let keys = keys.flat_map(|(name, stage)| stage.hosts.iter().map(move |h| (name.clone(), h.clone())));
        keys.filter(|key| self.is_bad(key)).collect()
    }

    fn is_on_hosts(&self, key: &Key) -> bool {
        self.planned(key).is_some_and(|p| p.step.on == On::Hosts)
    }

    /// As many hosts have failed as the runbook bears, or something that is done once has.
    fn is_too_much(&self, failed: &[Key]) -> bool {
        let most = self.state.plan.batching.as_ref().map_or(1, |b| b.max_fail.max(1));
        let hosts: BTreeSet<&HostName> = failed.iter().map(|key| &key.1).collect();
        hosts.len() >= most || failed.iter().any(|key| !self.is_on_hosts(key) || self.is_unknown(key))
    }

    pub(super) fn is_unknown(&self, key: &Key) -> bool {
        self.task_state(key).outcome() == Some(StepOutcome::Unknown)
    }

    /// Looks at one stage, and begins what may begin.
    pub(super) fn stage(&mut self, index: usize) -> Went {
        let Some(stage) = self.stages.get(index).cloned() else { return Went::On };
        // What the runbook bears is for the rest: the first batch shows whether there is to be one.
        let is_before = stage.batch == 1 && self.state.batch == 0;
        if is_before && matches!(stage.kind, Kind::Gate | Kind::Open) && !self.failed().is_empty() {
            return Went::Stuck;
        }
        match stage.kind {
            Kind::Open => self.open(&stage),
            Kind::Gate if self.state.batch >= stage.batch => Went::On,
            Kind::Gate | Kind::Step(_) => self.run_stage(index, &stage),
        }
    }

    fn open(&mut self, stage: &Stage) -> Went {
        if self.state.batch >= stage.batch {
            return Went::On;
        }
        let holds = self.state.plan.batching.as_ref().is_some_and(|b| b.hold);
        if holds && !self.held.contains(&stage.batch) {
            self.ask(Question::Batch { batch: stage.batch, hosts: stage.hosts.clone() });
            return Went::Again;
        }
        self.journal(Fact::BatchBegan { batch: stage.batch });
        Went::On
    }

    fn run_stage(&mut self, index: usize, stage: &Stage) -> Went {
        let Some(name) = self.name_of(stage) else { return Went::On };
        let planned = self.state.plan.step(&name).cloned();
        let keys: Vec<Key> = stage.hosts.iter().map(|h| (name.clone(), h.clone())).collect();
        if let Some(why) = planned.as_ref().and_then(|p| p.left_out.clone()) {
            for key in keys.iter().filter(|k| !self.is_good(k)).cloned().collect::<Vec<_>>() {
                self.finish(&key, StepOutcome::Skipped, Some(why.clone()));
            }
            return Went::On;
        }
        let step = planned.as_ref().map(|p| &p.step);
        let always = step.is_some_and(|s| s.always);
        let dropped: BTreeSet<HostName> = self.failed().into_iter().map(|key| key.1).collect();
        let open: Vec<Key> = keys.into_iter().filter(|k| !self.is_good(k) && !self.is_bad(k)).collect();
        let todo: Vec<Key> = open.iter().filter(|k| always || !dropped.contains(&k.1)).cloned().collect();
        if todo.is_empty() {
            // A step that is done once cannot be passed by because its host has failed.
            let is_passed = open.is_empty() || step.is_some_and(|s| s.on == On::Hosts);
            return if is_passed { Went::On } else { Went::Stuck };
        }
        let ready: Vec<Key> = todo.iter().filter(|k| !self.busy.contains_key(*k)).cloned().collect();
        if ready.is_empty() {
            return Went::Waits;
        }
        if let Some(step) = step {
            if let Some(question) = person_step(&step.id, &step.action, self.state.ticked.get(&step.id)) {
                return self.ask_a_person(question, &ready);
            }
            if step.danger && !self.dared.contains(&index) {
                if !self.busy.is_empty() {
                    return Went::Waits;
                }
                let hosts = ready.into_iter().map(|k| k.1).collect();
                self.ask(Question::Danger { step: name, hosts });
                return Went::Again;
            }
        }
        let width = step.and_then(|s| s.at_once).unwrap_or(usize::MAX).max(1);
        let free = width.saturating_sub(todo.len() - ready.len());
        for key in ready.into_iter().take(free) {
            self.launch(&key);
            if self.marking {
                break;
            }
        }
        Went::Waits
    }

    /// Asks when nothing else is under way, so that an answer finds what was asked for.
    fn ask_a_person(&mut self, question: Question, ready: &[Key]) -> Went {
        if !self.busy.is_empty() {
            return Went::Waits;
        }
        for key in ready {
            self.starting(key);
        }
        self.ask(question);
        Went::Again
    }

    /// Begins with a step on a host: its proof first, then the marker, then the step itself.
    fn launch(&mut self, key: &Key) {
        let planned = self.planned(key).cloned();
        let has_proof = planned.as_ref().is_some_and(|p| p.step.verify.is_some());
        if has_proof && !self.cleared.contains(key) {
            self.busy.insert(key.clone(), Busy::Before);
            self.out.push(Do::Verify(key.clone()));
            return;
        }
        let changes = planned.as_ref().is_some_and(|p| !p.step.only_looks());
        if changes && !self.marked && self.state.plan.lock.is_some() {
            if !self.state.dirty {
                self.journal(Fact::Dirtied);
            }
            self.marking = true;
            let is_first = self.changed().is_empty();
            self.out.push(Do::Mark { is_first });
            return;
        }
        let attempt = self.starting(key);
        self.busy.insert(key.clone(), Busy::Launched);
        self.out.push(Do::Start(Task { step: key.0.clone(), host: key.1.clone(), attempt }));
    }

    /// Says that a step is about to begin.
    fn starting(&mut self, key: &Key) -> u32 {
        let before = self.task_state(key).attempt();
        let attempt = if self.same.remove(key) { before.max(1) } else { before + 1 };
        self.again.remove(key);
        self.cleared.remove(key);
        self.journal(Fact::Starting { step: key.0.clone(), host: key.1.clone(), attempt });
        attempt
    }

    /// `switch failed on a, b; not reached: c`.
    pub(super) fn describe(&self, failed: &[Key]) -> Text {
        let mut words = Vec::new();
        let steps: BTreeSet<&String> = failed.iter().map(|k| &k.0).collect();
        for step in steps {
            let of_step = failed.iter().filter(|k| k.0 == *step);
            let (away, failed): (Vec<&Key>, Vec<&Key>) = of_step.partition(|k| self.is_not_reached(k));
            let names = |keys: &[&Key]| keys.iter().map(|k| k.1.to_string()).collect::<Vec<_>>().join(", ");
            if !failed.is_empty() {
                words.push(format!("{step} failed on {}", names(&failed)));
            }
            if !away.is_empty() {
                words.push(format!("{step} not begun, as not reached: {}", names(&away)));
            }
        }
        words.join("; ").into()
    }

    fn is_not_reached(&self, key: &Key) -> bool {
        matches!(self.task_state(key), TaskState::Finished { why: Some(why), .. } if why.as_str().starts_with(NOT_REACHED))
    }
}

/// How the reason of a step begins whose host was not reached before it began.
pub(super) const NOT_REACHED: &str = "not reached: ";

/// The question of a step that only a person can do.
fn person_step(id: &str, action: &Action, ticked: Option<&Vec<usize>>) -> Option<Question> {
    let step = id.to_owned();
    match action {
        Action::Approve { question } => Some(Question::Approval { step, text: question.clone() }),
        Action::Manual { items } => {
            Some(Question::Boxes { step, items: items.clone(), ticked: ticked.cloned().unwrap_or_default() })
        }
        _ => None,
    }
}
