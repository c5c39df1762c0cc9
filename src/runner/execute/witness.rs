//! Who keeps the record of what a run does: told before anything is started, and of every entry. A witness that cannot
//! write lets nothing begin.

use jiff::Timestamp;

use crate::model::run::{Choice, Entry, Fact as Told};
use crate::model::{Plan, RunId, Text};
use crate::runner::audit::{Audit, Fact, Stop, What};
use crate::runner::machine::Task;

/// Keeps the record.
pub trait Witness: Send + Sync {
    /// A command is about to be started. Returns when that is on record, else nothing is started.
    fn intent(&self, at: Timestamp, run: &RunId, plan: &Plan, task: &Task, command: &str) -> Result<(), Text>;

    /// Entries are in the journal, in this order.
    fn told(&self, run: &RunId, plan: &Plan, entries: &[Entry]) -> Result<(), Text>;
}

impl Witness for Audit {
    fn intent(&self, at: Timestamp, run: &RunId, plan: &Plan, task: &Task, command: &str) -> Result<(), Text> {
        let what = What::Intent { command: Text::block(command, 8000), attempt: task.attempt };
        let mut fact = about(at, what, run, plan);
        (fact.step, fact.host) = (Some(task.step.clone()), Some(task.host.to_string()));
        self.write(&fact).map_err(|e| e.to_string().into())
    }

    fn told(&self, run: &RunId, plan: &Plan, entries: &[Entry]) -> Result<(), Text> {
        let facts: Vec<Fact> = entries.iter().filter_map(|entry| fact_of(run, plan, entry)).collect();
        self.write_all(&facts).map_err(|e| e.to_string().into())
    }
}

/// What the log says of an entry; nothing of most.
fn fact_of(run: &RunId, plan: &Plan, entry: &Entry) -> Option<Fact> {
    let (what, place, reason) = what_of(plan, &entry.fact)?;
    let mut fact = about(entry.at, what, run, plan);
    if let Some((step, host)) = place {
        (fact.step, fact.host) = (Some(step), host);
    }
    if let Told::Locked { fence, .. } | Told::Resumed { fence: Some(fence), .. } = &entry.fact {
        fact.fence = Some(*fence);
    }
    fact.reason = reason;
    Some(fact)
}

fn about(at: Timestamp, what: What, run: &RunId, plan: &Plan) -> Fact {
    let mut fact = Fact::new(at, what);
    fact.environment = Some(plan.target.environment.as_str().into());
    fact.service = Some((&*plan.target.name).into());
    fact.runbook = Some(plan.runbook.to_string());
    fact.runbook_hash = Some(plan.runbook_hash.clone());
    fact.digest = Some(plan.digest.clone());
    fact.run = Some(run.clone());
    fact
}

type Known = (What, Option<(String, Option<String>)>, Option<Text>);

fn what_of(plan: &Plan, fact: &Told) -> Option<Known> {
    let what = match fact {
        Told::Began { reason, .. } => return Some((What::Begin, None, reason.clone())),
        Told::Locked { .. } => {
            let keys = plan.lock.as_ref().map(|l| l.keys.join(", ")).unwrap_or_default();
            What::Lock { key: keys.into() }
        }
        Told::Finished { step, host, outcome, exit, why, took, bytes, .. } => {
            let took_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
            let what = What::Outcome { outcome: *outcome, exit: *exit, took_ms, bytes: *bytes, sha256: None };
            return Some((what, Some((step.clone(), Some(host.to_string()))), why.clone()));
        }
        // A person's yes to a question or to a danger counts as much as any other choice; only the policy's is nothing new.
        Told::Answered { choice, reason, by } if by.is_some() || *choice != Choice::GoOn => {
            return Some((What::Override { choice: *choice }, None, reason.clone()));
        }
        Told::DrainAsked { .. } => What::Cancel { how: Stop::Drain },
        Told::InterruptAsked { .. } => What::Cancel { how: Stop::Interrupt },
        Told::Detached => What::Detach,
        Told::Resumed { .. } => What::Resume,
        Told::Recorded { version, found } => What::Record { release: version.clone(), found: *found },
        Told::Ended { status, why } => What::End { status: *status, why: why.clone() },
        _ => return None,
    };
    Some((what, None, None))
}
