//! What a run has done already and what is left of it, as text. Pure.

use std::collections::BTreeMap;

use crate::model::run::TaskState;
use crate::model::{Plan, RunState, StepOutcome};
use crate::runner::journal::Kept;

/// What going on with a run means: who began it, what is done and stays, what is asked after, what runs.
pub fn rest(kept: &Kept, now: &Plan) -> String {
    let state = &kept.state;
    let reason = state.reason.as_ref().map(|r| format!(": {r}")).unwrap_or_default();
    let mut lines = vec![format!("goes on with {}, begun by {}{reason}", state.id, state.operator)];
    let mut groups: BTreeMap<u8, Vec<String>> = BTreeMap::new();
    for planned in state.plan.steps.iter().filter(|s| s.left_out.is_none()) {
        let mut of: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
        for host in &planned.hosts {
            of.entry(group(state, &planned.step.id, host)).or_default().push(host);
        }
        for (group, hosts) in of {
            groups.entry(group).or_default().push(format!("{} on {}", planned.step.id, hosts.join(" ")));
        }
    }
    for (group, what) in groups {
        let word = match group {
            0 => "is done     ",
            1 => "under way   ",
            2 => "runs again  ",
            _ => "runs        ",
        };
        lines.extend(what.into_iter().map(|what| format!("  {word}{what}")));
    }
    if state.undoing {
        lines.push("  what was changed is being taken back, and that goes on".into());
    }
    if now.runbook_hash != state.plan.runbook_hash {
        lines.push("  the runbook is another by now; the text that the run began with runs".into());
    }
    lines.join("\n") + "\n"
}

/// Done, of an unknown fate, ended badly, not begun.
fn group(state: &RunState, step: &str, host: &crate::model::plan::HostName) -> u8 {
    match state.task(step, host) {
        TaskState::Finished { outcome, .. } if outcome.is_good() => 0,
        TaskState::Starting { .. }
        | TaskState::Running { .. }
        | TaskState::Finished { outcome: StepOutcome::Unknown, .. } => 1,
        TaskState::Finished { .. } => 2,
        TaskState::Pending => 3,
    }
}
