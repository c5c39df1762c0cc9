//! The rules for a rollback that nobody is there to agree to: the failed run declares it, and it leads back for sure. Pure.

use super::Refusal;
use crate::model::plan::Sudo;
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

/// Nobody is there to be asked for a password.
pub(super) fn has_what_it_asks_for(plan: &Plan, has_sudo: bool) -> Result<(), Refusal> {
    let asks = plan.hosts.iter().find(|host| host.sudo == Some(Sudo::Password));
    match asks.filter(|_| !has_sudo) {
        Some(host) => {
            let why = format!("{} needs sudo, which asks for a password on {}", plan.runbook, host.name);
            Err(Refusal::new(format!("{why}, and nobody is there to give it")))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_that_asks_for_a_password_begins_only_where_it_was_given() {
        let mut plan = crate::runner::plan::fixture::plan();
        assert!(has_what_it_asks_for(&plan, false).is_ok());
        plan.hosts[0].sudo = Some(Sudo::Password);
        let why = has_what_it_asks_for(&plan, false).unwrap_err().0;
        assert!(why.as_str().contains("asks for a password on"), "{why}");
        assert!(has_what_it_asks_for(&plan, true).is_ok());
    }
}
