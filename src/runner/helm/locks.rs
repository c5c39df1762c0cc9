//! Locks and markers of an environment: listed as its hosts keep them, and broken where a person agrees to it.

use std::sync::{Arc, PoisonError};

use super::{Helm, HelmError};
use crate::config::Deck;
use crate::model::EnvironmentId;
use crate::model::Text;
use crate::model::plan::HostName;
use crate::model::run::{Dirty, LockHolder};
use crate::runner::audit::{Fact, What};
use crate::runner::gate::Consent;
use crate::runner::plan::{LOCAL, target};

/// The locks and markers of an environment, and the hosts that could not be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Locks {
    /// Those that are held, each with the host that keeps it.
    pub held: Vec<(HostName, LockHolder)>,
    /// Markers, with the key they stand beside.
    pub dirty: Vec<(String, Dirty)>,
    /// Hosts that could not be looked at, and why.
    pub failed: Vec<(HostName, Text)>,
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
        let now = self.now();
        let permit = {
            let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
            gate.admit_hand(&words, &acting.policy, &consent, now).map_err(|e| HelmError::Refused(e.0))?
        };
        let by = format!("{} ({})", holder.operator, holder.what);
        let mut fact = Fact::new(now, What::Break { key: key.into(), holder: by.into() });
        fact.environment = Some(environment.as_str().into());
        fact.run.clone_from(&holder.run);
        fact.reason.clone_from(&consent.reason);
        self.write(&fact)?;
        keeper.break_lock(&permit, key, holder.fence).await.map_err(|e| HelmError::refused(e.to_string()))?;
        Ok(holder)
    }
}
