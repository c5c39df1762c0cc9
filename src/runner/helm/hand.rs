//! What is done by hand, without a plan: locks are taken, given back and broken, runs are cancelled. The gate admits each, and
//! it is on record before it is done.

use std::sync::{Arc, PoisonError};

use super::{Helm, HelmError, Locks, acting};
use crate::config::Deck;
use crate::config::acting::Policy;
use crate::model::run::{Liveness, LockHolder};
use crate::model::{EnvironmentId, RunId, ServiceId, Text};
use crate::runner::Permit;
use crate::runner::audit::{Fact, Stop, What};
use crate::runner::execute::{Means, RunHandle, Secrets};
use crate::runner::gate::Consent;
use crate::runner::journal;
use crate::runner::machine::Answers;
use crate::runner::plan::{LOCAL, target};
use crate::runner::target::Claim;

/// What came of cancelling a run.
#[derive(Debug)]
pub enum Cancelling {
    /// Another process of this machine drives it, and was asked to end it; this looks on.
    Asked(RunHandle),
    /// Nobody drove it; this process ends what is left of it.
    Driven(RunHandle),
}

impl Helm {
    /// The locks and markers of an environment, as its hosts keep them.
    pub async fn locks(&self, deck: &Deck, environment: &EnvironmentId) -> Locks {
        let mut locks = Locks::default();
        let mut seen = std::collections::BTreeSet::new();
        let of = deck.environments.iter().filter(|e| e.environment.id == *environment);
        for acting in of.flat_map(|e| e.acting.values()) {
            let Some(keeper) = self.keeper(acting).filter(|k| seen.insert(k.name.clone())) else { continue };
            match keeper.locks(&format!("{environment}/")).await {
                Ok((held, dirty)) => {
                    locks.held.extend(held.into_iter().map(|h| (keeper.name.clone(), h)));
                    locks.dirty.extend(dirty);
                }
                Err(e) => locks.failed.push((keeper.name.clone(), e.to_string().into())),
            }
        }
        locks
    }

    /// Breaks the lock of a key that has this number.
    pub async fn break_lock(
        self: &Arc<Self>,
        deck: &Arc<Deck>,
        key: &str,
        fence: Option<u64>,
        consent: Consent,
    ) -> Result<LockHolder, HelmError> {
        let (environment, _) = key.split_once('/').ok_or_else(|| HelmError::usage("a lock is called ENV/SERVICE"))?;
        let environment = EnvironmentId::new(environment);
        let locks = self.locks(deck, &environment).await;
        let found = locks.held.into_iter().find(|(_, holder)| holder.key == key);
        let (host, holder) = found.ok_or_else(|| HelmError::usage(format!("nobody holds a lock {key}")))?;
        if fence.is_some_and(|fence| fence != holder.fence) {
            return Err(HelmError::refused(format!("{key} is held by another by now: {}", holder.operator)));
        }
        let any = deck.environments.iter().flat_map(|e| e.acting.values());
        let acting = any
            .filter(|a| a.service.environment == environment)
            .find(|a| a.hosts.first().map_or(&*host == LOCAL, |h| h.name == host));
        let acting = Arc::clone(acting.ok_or_else(|| HelmError::usage(format!("{key} is of no service of the deck")))?);
        let keeper = target(&acting, &host, &self.surroundings)
            .ok_or_else(|| HelmError::usage(format!("host {host} is not in the deck")))?;
        let words = environment.service(key.split_once('/').map_or(key, |(_, name)| name));
        let permit = self.by_hand(&words, &acting.policy, &consent)?;
        let now = self.now();
        let by = format!("{} ({})", holder.operator, holder.what);
        let mut fact = Fact::new(now, What::Break { key: key.into(), holder: by.into() });
        fact.environment = Some(environment.as_str().into());
        fact.run.clone_from(&holder.run);
        fact.reason.clone_from(&consent.reason);
        self.write(&fact)?;
        keeper.break_lock(&permit, key, holder.fence).await.map_err(|e| HelmError::refused(e.to_string()))?;
        Ok(holder)
    }

    /// Takes the lock of a service for a person, until it is given back.
    pub async fn take_lock(
        self: &Arc<Self>,
        deck: &Deck,
        service: &ServiceId,
        what: Text,
        consent: Consent,
    ) -> Result<u64, HelmError> {
        let acting = acting(deck, service)?;
        let permit = self.by_hand(service, &acting.policy, &consent)?;
        let keeper = self.keeper(&acting);
        let keeper = keeper.ok_or_else(|| HelmError::usage(format!("the host of {service} is not in the deck")))?;
        let key = service.to_string();
        self.write(&self.fact(What::Lock { key: key.as_str().into() }, service, None, &consent))?;
        let (operator, reason) = (self.operator.clone(), consent.reason);
        let claim = Claim { key, run: None, operator, what, reason, digest: None, console_id: None };
        keeper.lock(&permit, &claim).await.map_err(|e| HelmError::refused(e.to_string()))
    }

    /// Gives a lock back that a person took. One of a run is given back by its run, or broken.
    pub async fn give_lock(
        self: &Arc<Self>,
        deck: &Deck,
        service: &ServiceId,
        consent: Consent,
    ) -> Result<LockHolder, HelmError> {
        let acting = acting(deck, service)?;
        let keeper = self.keeper(&acting);
        let keeper = keeper.ok_or_else(|| HelmError::usage(format!("the host of {service} is not in the deck")))?;
        let key = service.to_string();
        let holder = keeper.holder(&key).await.map_err(|e| HelmError::refused(e.to_string()))?;
        let holder = holder.ok_or_else(|| HelmError::usage(format!("nobody holds a lock {key}")))?;
        if let Some(run) = &holder.run {
            return Err(HelmError::refused(format!("{key} is held by run {run} of {}, not by hand", holder.operator)));
        }
        if holder.operator != self.operator {
            let why = format!("{key} was taken by {}: `qd locks break {key}` takes it from them", holder.operator);
            return Err(HelmError::refused(why));
        }
        let permit = self.by_hand(service, &acting.policy, &consent)?;
        self.write(&self.fact(What::Unlock { key: key.as_str().into() }, service, None, &consent))?;
        keeper.unlock(&permit, &key, holder.fence).await.map_err(|e| HelmError::refused(e.to_string()))?;
        Ok(holder)
    }

    /// Ends a run that has not ended: who drives it on this machine is asked to; of one that nobody drives, what still runs
    /// on its hosts is ended, nothing begins, and its lock is given back. `insist` ends steps that must not be, too.
    pub async fn cancel(
        self: &Arc<Self>,
        deck: &Arc<Deck>,
        run: &RunId,
        (secrets, answers, insist): (Secrets, Answers, bool),
        consent: Consent,
    ) -> Result<Cancelling, HelmError> {
        let (kept, _) = self.kept(deck, run).await?;
        let (status, service) = (kept.state.status, kept.state.plan.target.clone());
        if status.is_over() {
            return Err(HelmError::refused(format!("run {run} is over: {}", status.words())));
        }
        let acting = acting(deck, &service)?;
        let is_driven = journal::is_driven(&self.state, run);
        if !is_driven && let Some(holder) = self.driven_elsewhere(deck, &kept).await {
            let why = format!("{} drives run {run}: only that console can end it", holder.operator);
            return Err(HelmError::refused(format!("{why}; look on with `qd runs attach {run}`")));
        }
        let permit = self.by_hand(&service, &acting.policy, &consent)?;
        self.write(&self.fact(What::Cancel { how: Stop::Interrupt }, &service, Some(run), &consent))?;
        if is_driven {
            let stop = journal::Stop { by: self.operator.clone(), insist };
            let asked = journal::ask_to_stop(&self.state, run, &stop);
            asked.map_err(|e| HelmError::refused(e.to_string()))?;
            return Ok(Cancelling::Asked(self.runner()?.attach(run, None)));
        }
        let means = Means { deck: Arc::clone(deck), secrets, permit, answers, reason: consent.reason };
        let driven = self.runner()?.cancel(run, self.keeper(&acting).as_ref(), means, insist).await;
        driven.map(Cancelling::Driven).map_err(|e| HelmError::refused(e.to_string()))
    }

    /// Leave for what is no run; a refusal is on record.
    fn by_hand(&self, service: &ServiceId, policy: &Policy, consent: &Consent) -> Result<Permit, HelmError> {
        let admitted = {
            let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
            gate.admit_hand(service, policy, consent, self.now())
        };
        admitted.map_err(|refusal| {
            let fact = self.fact(What::Refusal { why: refusal.0.clone() }, service, None, consent);
            // It is refused whether that can be written or not.
            self.write(&fact).ok();
            HelmError::Refused(refusal.0)
        })
    }

    fn fact(&self, what: What, service: &ServiceId, run: Option<&RunId>, consent: &Consent) -> Fact {
        let mut fact = Fact::new(self.now(), what);
        fact.environment = Some(service.environment.as_str().into());
        fact.service = Some((&*service.name).into());
        fact.run = run.cloned();
        fact.reason.clone_from(&consent.reason);
        fact
    }
}

/// Whether whoever holds a lock may still be at work.
pub fn is_at_work(holder: &LockHolder) -> bool {
    matches!(holder.liveness, Liveness::Held | Liveness::Unattended { .. })
}
