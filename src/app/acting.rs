//! What effects that act do outside: plans, runs, locks, the audit log, arming.

use super::App;
use crate::update::Effect;

impl App {
    /// Carries out an effect of acting.
    pub(super) fn act(&mut self, effect: Effect) {
        let now = self.clock.get();
        let words = match effect {
            Effect::Plan { .. } => "planning",
            Effect::Run { .. } => "running a plan",
            Effect::Drain { .. } | Effect::Interrupt { .. } | Effect::Detach { .. } => "stopping a run",
            Effect::Answer { .. } | Effect::Tick { .. } => "answering a run",
            Effect::ResumeRun { .. } | Effect::OpenRun { .. } | Effect::ListRuns => "the list of runs",
            Effect::ListLocks { .. } | Effect::BreakLock { .. } => "the list of locks",
            Effect::ListAudit => "the audit log",
            Effect::Arm { .. } | Effect::Disarm => "arming",
            _ => return,
        };
        self.ui.warn(format!("{words} is not wired yet"), now);
    }
}
