//! A run that this console drives or follows: its state as its journal tells it, and what its steps printed. Decides
//! nothing.

use std::sync::Arc;

use jiff::Timestamp;

use super::output::Output;
use crate::model::run::Entry;
use crate::model::{Plan, RunId, RunState, RunStatus, RunSummary};

/// A run that was opened here.
#[derive(Debug)]
pub struct OpenRun {
    state: RunState,
    is_ours: bool,
    is_followed: bool,
    asked_at: Option<Timestamp>,
    opened_at: Timestamp,
    /// What its steps printed.
    pub output: Output,
}

impl OpenRun {
    /// Nothing has happened yet.
    pub fn new(id: RunId, plan: Arc<Plan>, is_ours: bool, now: Timestamp) -> Self {
        Self {
            state: RunState::new(id, plan),
            is_ours,
            is_followed: true,
            asked_at: None,
            opened_at: now,
            output: Output::default(),
        }
    }

    /// Takes a line of the journal in; whether it was new.
    pub fn told(&mut self, entry: &Entry, now: Timestamp) -> bool {
        let before = self.state.question.is_some();
        if !self.state.apply(entry) {
            return false;
        }
        match (&self.state.question, before) {
            (None, _) => self.asked_at = None,
            // A box that is ticked leaves the question as it was.
            (Some(_), true) if !matches!(entry.fact, crate::model::run::Fact::Asked { .. }) => {}
            (Some(_), _) => self.asked_at = Some(now),
        }
        true
    }

    /// Nobody here follows it any more.
    pub fn close(&mut self) {
        self.is_followed = false;
    }

    /// As its journal tells it.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Whether this console drives it.
    pub fn is_ours(&self) -> bool {
        self.is_ours && self.is_followed
    }

    /// Whether it goes on, as far as this console can see.
    pub fn is_going(&self) -> bool {
        self.is_followed && !self.status().is_over() && self.status() != RunStatus::Interrupted
    }

    /// How it stands. One that nobody here follows any more and that did not end was left.
    pub fn status(&self) -> RunStatus {
        if self.is_followed || self.state.status.is_over() { self.state.status } else { RunStatus::Interrupted }
    }

    /// Since when the question stands, by the time at which it was heard of here.
    pub fn asked_at(&self) -> Option<Timestamp> {
        self.asked_at
    }

    /// Whether it was opened here since a moment.
    pub fn opened_since(&self, since: Timestamp) -> bool {
        self.opened_at >= since
    }

    /// Whether this console began it from that plan since a moment.
    pub fn began_here_since(&self, digest: &str, since: Timestamp) -> bool {
        self.is_ours && self.state.plan.digest == digest && self.opened_at >= since
    }

    /// The run in one line.
    pub fn summary(&self) -> RunSummary {
        RunSummary { status: self.status(), ..self.state.summary() }
    }
}
