//! Questions and answers. A question is an entry before anybody sees it, and so is its answer before it has an effect.
//! Without a person the declared policy answers at once.

use super::order::gate_key;
use super::{Answers, Do, Key, Machine, Phase};
use crate::model::run::{Choice, Fact, Question};
use crate::model::{Operator, RunbookKind, StepOutcome, Text};

impl Machine {
    /// Asks what is to become of the first thing that failed; says whether anything was asked.
    pub(super) fn ask_about(&mut self, failed: &[Key]) -> bool {
        let unknown = failed.iter().find(|key| self.is_unknown(key)).cloned();
        if let Some((step, host)) = unknown {
            let choices = self.choices(&[Choice::MarkDone, Choice::Retry, Choice::Skip]);
            self.ask(Question::Fate { step, host, choices });
            return true;
        }
        let Some((step, _)) = failed.first().cloned() else { return false };
        let hosts = failed.iter().filter(|k| k.0 == step).map(|k| k.1.clone()).collect();
        let choices = self.choices(&[Choice::Retry, Choice::Skip, Choice::MarkDone]);
        self.ask(Question::Failure { step, hosts, choices });
        true
    }

    fn choices(&self, first: &[Choice]) -> Vec<Choice> {
        let mut choices = first.to_vec();
        if !self.to_undo().is_empty() {
            choices.push(Choice::Undo);
        }
        if self.state.plan.on_failure.is_some() {
            choices.push(Choice::OnFailure);
        }
        choices.push(Choice::GiveUp);
        choices
    }

    pub(super) fn ask(&mut self, question: Question) {
        self.journal(Fact::Asked { question: question.clone() });
        self.tick_off(self.by.clone());
        if self.state.question.is_none() {
            return;
        }
        if self.answers == Answers::Policy {
            let is_declared = self.state.plan.on_failure.as_ref().is_some_and(|o| o.by_itself);
            let (choice, why) = policy(&question, is_declared.then(|| self.by_itself()));
            let reason = Some(why);
            self.journal(Fact::Answered { choice, reason: reason.clone(), by: None });
            self.act_on(&question, choice, reason);
        }
    }

    /// Whether the runbook for failures may be started without a person, else why not: once a run, never after a rollback,
    /// and only where everything that was changed says how it is taken back.
    fn by_itself(&self) -> Result<(), Text> {
        if self.state.plan.kind == RunbookKind::Rollback {
            return Err("a rollback that fails is not followed by another".into());
        }
        if self.state.followed {
            return Err("the runbook for failures was started by itself before, which is done once a run".into());
        }
        let has_way_back = |key: &Key| {
            let step = self.planned(key).map(|p| &p.step);
            step.is_some_and(|s| s.undo.is_some() && s.irreversible.is_none())
        };
        let changed = self.changed();
        if changed.is_empty() {
            return Err("nothing was changed, so there is nothing to go back from".into());
        }
        match changed.iter().find(|key| !has_way_back(key)) {
            Some((step, _)) => Err(format!("nothing is started by itself, as {step} says no way back").into()),
            None => Ok(()),
        }
    }

    pub(super) fn answer(&mut self, asked: u64, choice: Choice, reason: Option<Text>, by: Operator) {
        let Some(question) = self.state.question.clone().filter(|_| self.is_listening()) else {
            self.out.push(Do::Say("nothing is asked now".into()));
            return;
        };
        if self.state.asked != Some(asked) {
            self.out.push(Do::Say("that is not asked any more; look at what is asked now".into()));
            return;
        }
        if !self.is_offered(&question, choice) {
            self.out.push(Do::Say(format!("\u{201c}{}\u{201d} is no answer to what is asked", choice.words()).into()));
            return;
        }
        if choice.needs_reason() && reason.as_ref().is_none_or(|r| r.as_str().trim().is_empty()) {
            self.out.push(Do::Say(format!("\u{201c}{}\u{201d} needs a reason", choice.words()).into()));
            return;
        }
        self.journal(Fact::Answered { choice, reason: reason.clone(), by: Some(by) });
        self.act_on(&question, choice, reason);
    }

    /// A run that is on its way to the end does not turn round.
    fn is_listening(&self) -> bool {
        matches!(self.phase, Phase::Working | Phase::Last) && !self.is_barred() && !self.leaving
    }

    fn is_offered(&self, question: &Question, choice: Choice) -> bool {
        match question {
            Question::Failure { choices, .. } | Question::Fate { choices, .. } => choices.contains(&choice),
            Question::Approval { .. } | Question::Danger { .. } | Question::Batch { .. } | Question::Boxes { .. } => {
                match choice {
                    Choice::GoOn => !matches!(question, Question::Boxes { .. }),
                    Choice::GiveUp => true,
                    Choice::Skip => !matches!(question, Question::Batch { .. }),
                    Choice::MarkDone => matches!(question, Question::Boxes { .. }),
                    Choice::Undo => !self.to_undo().is_empty(),
                    Choice::OnFailure => self.state.plan.on_failure.is_some(),
                    Choice::Retry => false,
                }
            }
        }
    }

    fn act_on(&mut self, question: &Question, choice: Choice, reason: Option<Text>) {
        let keys = self.asked_for(question);
        match choice {
            Choice::GoOn => self.go_on_with(question, &keys),
            Choice::Retry => {
                for key in keys {
                    self.tries.remove(&key);
                    self.again.insert(key);
                }
            }
            Choice::Skip | Choice::MarkDone => {
                let outcome = if choice == Choice::Skip { StepOutcome::Skipped } else { StepOutcome::MarkedDone };
                for key in keys {
                    self.finish(&key, outcome, reason.clone());
                }
            }
            Choice::Undo | Choice::OnFailure | Choice::GiveUp => {
                self.give_up_on(question, &keys, reason);
                self.on_failure = choice == Choice::OnFailure;
            }
        }
    }

    fn go_on_with(&mut self, question: &Question, keys: &[Key]) {
        match question {
            Question::Danger { step, .. } => {
                let named = |i: &usize| self.stages.get(*i).and_then(|s| self.name_of(s)).as_ref() == Some(step);
                let hosts =
                    |i: &usize| self.stages.get(*i).is_some_and(|s| keys.iter().any(|k| s.hosts.contains(&k.1)));
                let stages: Vec<usize> = (0..self.stages.len()).filter(|i| named(i) && hosts(i)).collect();
                self.dared.extend(stages);
            }
            Question::Batch { batch, .. } => {
                self.held.insert(*batch);
                // What held before the person thought about it must still hold.
                self.again.insert(gate_key(*batch));
            }
            _ => keys.iter().for_each(|key| self.finish(key, StepOutcome::Ok, None)),
        }
    }

    fn give_up_on(&mut self, question: &Question, keys: &[Key], reason: Option<Text>) {
        let said = reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
        let why = match question {
            Question::Failure { .. } | Question::Fate { .. } => {
                self.give_up(format!("{}{said}", self.describe(keys)));
                return;
            }
            Question::Batch { batch, .. } => {
                self.give_up(format!("batch {} was not let begin{said}", batch + 1));
                return;
            }
            Question::Approval { step, .. } => format!("{step} was not approved{said}"),
            Question::Boxes { step, .. } => format!("{step} was not ticked off{said}"),
            Question::Danger { step, .. } => format!("{step} was not let run{said}"),
        };
        for key in keys {
            self.finish(key, StepOutcome::Refused, Some(why.as_str().into()));
        }
        self.give_up(why);
    }

    fn asked_for(&self, question: &Question) -> Vec<Key> {
        let on = |step: &str, hosts: &[_]| {
            hosts.iter().map(|h: &crate::model::plan::HostName| (step.to_owned(), h.clone())).collect()
        };
        match question {
            Question::Failure { step, hosts, .. } | Question::Danger { step, hosts } => on(step, hosts),
            Question::Fate { step, host, .. } => vec![(step.clone(), host.clone())],
            Question::Approval { step, .. } | Question::Boxes { step, .. } => {
                let hosts = self.state.plan.step(step).map(|p| p.hosts.clone()).unwrap_or_default();
                let keys: Vec<Key> = on(step, &hosts);
                keys.into_iter().filter(|key| !self.is_good(key)).collect()
            }
            Question::Batch { .. } => Vec::new(),
        }
    }

    pub(super) fn tick(&mut self, step: &str, item: usize, by: Operator) {
        let Some(Question::Boxes { step: asked, items, ticked }) = self.state.question.clone() else { return };
        if !self.is_listening() || asked != step || item >= items.len() || ticked.contains(&item) {
            return;
        }
        self.journal(Fact::Ticked { step: asked.clone(), item, by: by.clone() });
        self.tick_off(by);
    }

    /// A manual step is done when every box is ticked, those that were ticked before a resume among them.
    fn tick_off(&mut self, by: Operator) {
        let Some(question) = self.state.question.clone() else { return };
        if let Question::Boxes { items, ticked, .. } = &question
            && (0..items.len()).all(|i| ticked.contains(&i))
        {
            self.journal(Fact::Answered { choice: Choice::GoOn, reason: None, by: Some(by) });
            self.act_on(&question, Choice::GoOn, None);
        }
    }
}

/// What is answered where there is nobody, and why. `by_itself` is whether the runbook for failures may be started, where
/// the plan declares so.
fn policy(question: &Question, by_itself: Option<Result<(), Text>>) -> (Choice, Text) {
    let why = match (question, by_itself) {
        (Question::Failure { .. }, Some(Ok(()))) => return (Choice::OnFailure, "as the runbook declares".into()),
        (Question::Failure { .. }, Some(Err(why))) => return (Choice::GiveUp, why),
        (Question::Failure { .. }, None) => "nobody is there to choose",
        (Question::Fate { .. }, _) => "nobody is there to say what became of it",
        (Question::Approval { .. }, _) => "nobody is there to approve it",
        (Question::Boxes { .. }, _) => "nobody is there to tick its boxes",
        (Question::Danger { .. }, _) => "nobody is there to confirm a dangerous step",
        (Question::Batch { .. }, _) => "nobody is there to let it begin",
    };
    (Choice::GiveUp, why.into())
}
