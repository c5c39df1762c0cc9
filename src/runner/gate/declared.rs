//! The rules for a rollback that nobody is there to agree to: the failed run declares it, and it leads back for sure. Pure.

use super::Refusal;
use crate::model::{Plan, RunState, RunStatus, RunbookKind, Text};

/// It is what the failed run declares for its failure, on the same service, chosen by that and by no person.
pub(super) fn follows(plan: &Plan, failed: &RunState) -> Result<(), Refusal> {
    let declared = failed.plan.on_failure.as_ref().filter(|o| o.by_itself && o.runbook == plan.runbook);
    if declared.is_none() || failed.plan.target != plan.target {
        let why = format!("run {} does not declare that {} is started by itself", failed.id, plan.runbook);
        return Err(Refusal::new(why));
    }
    if failed.status != RunStatus::Failed || !failed.followed {
        return Err(Refusal::new(format!("run {} did not end in a way that it is followed by itself", failed.id)));
    }
    if plan.kind != RunbookKind::Rollback || failed.plan.kind == RunbookKind::Rollback {
        return Err(Refusal::new("only a rollback is started by itself, and none after a rollback"));
    }
    if plan.level > failed.plan.level {
        return Err(Refusal::new(format!("{} asks for a stronger consent than {} had", plan.runbook, failed.id)));
    }
    match plan.lock.as_ref().and_then(|lock| lock.dirty.as_ref()) {
        Some(dirty) if dirty.run != failed.id => {
            Err(Refusal::new(format!("run {} of {} was left unfinished meanwhile", dirty.run, dirty.runbook)))
        }
        _ => Ok(()),
    }
}

/// The version is on record, not as a bad one, and is on every host.
pub(super) fn leads_back(plan: &Plan) -> Result<(), Refusal> {
    let release = plan.release.as_ref().ok_or_else(|| Refusal::new("it does not say which release it goes back to"))?;
    let version = &release.version;
    if release.recorded_at.is_none() || release.is_bad {
        return Err(Refusal::new(format!("{version} is not on record as good")));
    }
    let lacking = plan.hosts.iter().map(|h| &h.name).filter(|name| !release.available.contains(name));
    let lacking: Vec<&str> = lacking.map(|name| &**name).collect();
    if lacking.is_empty() && !plan.hosts.is_empty() {
        return Ok(());
    }
    Err(Refusal(Text::from(format!("that {version} is available is not known of {}", lacking.join(", ")))))
}
