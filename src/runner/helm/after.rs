//! The rollback that a failed run declares, started where nobody is there to choose: a planned run of its own, back to the
//! newest release that is good, on the hosts that were changed. Once a run, never after a rollback; the gate says whether.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError};

use super::{Helm, HelmError, Wanted, about, acting};
use crate::config::Deck;
use crate::config::acting::Acting;
use crate::model::plan::{HostName, Value};
use crate::model::{Plan, RunId, RunState, Runbook, Text};
use crate::runner::audit::What;
use crate::runner::execute::{Means, RunHandle, Secrets};
use crate::runner::gate::Permit;
use crate::runner::journal;
use crate::runner::machine::Answers;
use crate::runner::target::Record;
use crate::secret::expose;

impl Helm {
    /// Starts what a run that failed declares to be started by itself, or says why not. Both are on the audit log.
    pub async fn after(
        self: &Arc<Self>,
        deck: &Arc<Deck>,
        failed: &RunId,
        secrets: Secrets,
    ) -> Result<(Arc<Plan>, RunHandle), HelmError> {
        let (state, id) = (self.state.clone(), failed.clone());
        let kept = tokio::task::spawn_blocking(move || journal::read(&state, &id)).await;
        let kept = kept.map_err(|e| HelmError::refused(e.to_string()))?;
        let failed = kept.map_err(|e| HelmError::usage(e.to_string()))?.state;
        let acting = acting(deck, &failed.plan.target)?;
        let plan = Arc::new(self.plan_after(deck, &acting, &failed, &secrets).await?);
        let reason = Text::from(format!("run {} failed and declares {} for that", failed.id, plan.runbook));
        let runner = self.runner()?;
        let has_sudo = secrets.sudo.is_some();
        let permit = self.admit_after(&plan, &acting, (failed, has_sudo), &reason).await?;
        let answers = Answers::Policy;
        let means = Means { deck: Arc::clone(deck), secrets, permit, answers, reason: Some(reason) };
        let text = acting.runbooks.iter().find(|r| r.name == plan.runbook).map(|r| Arc::clone(&r.source));
        let handle = runner.start(Arc::clone(&plan), text.as_deref().unwrap_or_default(), means).await;
        handle.map(|handle| (plan, handle)).map_err(|e| HelmError::refused(e.to_string()))
    }

    async fn plan_after(
        &self,
        deck: &Arc<Deck>,
        acting: &Arc<Acting>,
        failed: &RunState,
        secrets: &Secrets,
    ) -> Result<Plan, HelmError> {
        let declared = failed.plan.on_failure.as_ref();
        let declared = declared.ok_or_else(|| HelmError::usage(format!("run {} declares nothing", failed.id)))?;
        let runbook = acting.runbooks.iter().find(|r| r.name == declared.runbook).cloned();
        let missing = || HelmError::usage(format!("{} offers no runbook `{}`", acting.service, declared.runbook));
        let runbook = runbook.ok_or_else(missing)?;
        let keeper = self.keeper(acting).ok_or_else(|| HelmError::usage("the host of the lock is not in the deck"))?;
        let records = keeper.records(&acting.service.to_string()).await;
        let records = records.map_err(|e| HelmError::refused(e.to_string()))?;
        let brought = failed.plan.release.as_ref().map(|r| &r.version);
        let version = newest_good(&records, brought);
        let version = version.ok_or_else(|| HelmError::refused("no release that was good is on record"))?;
        let changed = failed.changed_hosts();
        let only = reached(acting.hosts.iter().map(|h| &h.name), &changed)
            .ok_or_else(|| HelmError::refused(format!("run {} changed nothing on a host of its service", failed.id)))?;
        let wanted = Wanted { inputs: inputs(&runbook, failed, version, secrets), only, resumes: None };
        let ask = self.ask_of(deck, Arc::clone(acting), runbook, wanted).await;
        self.plan(&ask).await
    }

    async fn admit_after(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        acting: &Arc<Acting>,
        (failed, has_sudo): (RunState, bool),
        reason: &Text,
    ) -> Result<Permit, HelmError> {
        let (helm, plan, acting) = (Arc::clone(self), Arc::clone(plan), Arc::clone(acting));
        let reason = reason.clone();
        let done = tokio::task::spawn_blocking(move || {
            let now = helm.now();
            let admitted = {
                let gate = helm.gate.read().unwrap_or_else(PoisonError::into_inner);
                gate.admit_declared(&plan, &acting.policy, (&failed, has_sudo), now)
            };
            let what = match &admitted {
                Ok(_) => {
                    let typed = format!("nothing: run {} declares it", failed.id).into();
                    What::Confirm { typed, break_glass: None, over_dirty: None }
                }
                Err(refusal) => What::Refusal { why: refusal.0.clone() },
            };
            let mut fact = about(now, what, &plan);
            fact.reason = Some(reason);
            let written = helm.write(&fact);
            match admitted {
                Ok(permit) => written.map(|()| permit),
                Err(refusal) => Err(HelmError::Refused(refusal.0)),
            }
        });
        done.await.map_err(|e| HelmError::refused(e.to_string()))?
    }
}

/// The newest release to go back to; records come the newest first.
fn newest_good<'r>(records: &'r [Record], brought: Option<&Text>) -> Option<&'r Text> {
    let is_bad = |version: &Text| records.iter().find(|r| r.version == *version).is_some_and(|r| r.bad);
    let versions = records.iter().map(|r| &r.version);
    versions.into_iter().find(|version| Some(*version) != brought && !is_bad(version))
}

/// The hosts that a rollback is for: those that were changed. None where nothing was, as no host would mean all of them.
fn reached<'h>(all: impl Iterator<Item = &'h HostName>, changed: &BTreeSet<HostName>) -> Option<Vec<HostName>> {
    let all: Vec<&HostName> = all.collect();
    let only: Vec<HostName> = all.iter().filter(|h| changed.contains(**h)).map(|h| (*h).clone()).collect();
    let is_any = if all.is_empty() { !changed.is_empty() } else { !only.is_empty() };
    is_any.then_some(only)
}

/// What the rollback asks for: the version, and what the failed run was given under the same name.
fn inputs(runbook: &Runbook, failed: &RunState, version: &Text, secrets: &Secrets) -> BTreeMap<String, String> {
    let asked = runbook.release.as_ref().map(|r| r.version.as_str());
    let given = |name: &str| {
        let is_given = failed.plan.inputs.iter().any(|i| i.name == name);
        match failed.plan.values.get(name).filter(|_| is_given)? {
            Value::Plain(value) | Value::Reference(value) => Some(value.clone()),
            Value::Asked => secrets.asked.get(name).map(|s| expose(s).to_owned()),
        }
    };
    let value = |name: &str| if asked == Some(name) { Some(version.to_string()) } else { given(name) };
    runbook.inputs.iter().filter_map(|input| Some((input.name.clone(), value(&input.name)?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rollback_is_for_hosts_that_were_changed_and_for_none_else() {
        let all: Vec<HostName> = vec!["a".into(), "b".into(), "c".into()];
        let only = |changed: &[&str]| reached(all.iter(), &changed.iter().map(|h| HostName::from(*h)).collect());
        assert_eq!(only(&["b", "local"]), Some(vec!["b".into()]));
        assert_eq!(only(&[]), None);
        assert_eq!(only(&["local"]), None, "not every host");
        let here = |changed: &[&str]| reached([].iter(), &changed.iter().map(|h| HostName::from(*h)).collect());
        assert_eq!((here(&["local"]), here(&[])), (Some(Vec::new()), None));
    }
}
