//! The lock that a run will take: its place, its keys, who holds one of them, and what a run before left unfinished. Only
//! looks; takes nothing.

use std::collections::BTreeMap;

use super::Ask;
use super::names::now;
use super::place::{LOCAL, Site};
use crate::model::Text;
use crate::model::plan::{HostName, PlannedLock};

/// Where the lock of a service is: on its first host whatever hosts a run is for, so that two runs on different hosts of
/// one service exclude each other.
pub(super) fn host(ask: &Ask) -> HostName {
    ask.acting.hosts.first().map_or_else(|| LOCAL.into(), |host| host.name.clone())
}

/// The keys, in the order in which they are taken.
pub(super) fn keys(ask: &Ask, plain: &BTreeMap<String, String>) -> Result<Vec<String>, Text> {
    let environment = &ask.acting.service.environment;
    let mut keys = vec![ask.acting.service.to_string()];
    for name in &ask.runbook.locks {
        let name = now(name, plain)?;
        keys.push(format!("{environment}/{name}"));
    }
    keys.sort();
    keys.dedup();
    Ok(keys)
}

/// The lock, and why it cannot be taken.
pub(super) async fn look(ask: &Ask, keys: Vec<String>, site: Option<&Site>) -> (PlannedLock, Vec<Text>) {
    let mut lock = PlannedLock { host: host(ask), keys, held: None, dirty: None, also: BTreeMap::new() };
    let Some(site) = site else { return (lock, Vec::new()) };
    let Some((target, ground)) = site.reached() else {
        let why = site.found.as_ref().err().cloned().unwrap_or_default();
        return (lock, vec![format!("the lock is on {}, which is not reached: {why}", site.name).into()]);
    };
    let mut blocked = Vec::new();
    if let Some(why) = &ground.unwritable {
        blocked.push(format!("no lock can be taken on {}: {why}", site.name).into());
    }
    let mut cannot = |error: String| {
        blocked.push(format!("the lock on {} cannot be looked at: {error}", site.name).into());
    };
    for key in &lock.keys {
        match target.holder(key).await {
            Ok(Some(holder)) => {
                lock.held = Some(holder);
                break;
            }
            Ok(None) => {}
            Err(error) => cannot(error.to_string()),
        }
    }
    let own = ask.acting.service.to_string();
    for key in &lock.keys {
        match target.dirty(key).await {
            Ok(dirty) if *key == own => lock.dirty = dirty,
            Ok(dirty) => lock.also.extend(dirty.map(|dirty| (key.clone(), dirty))),
            Err(error) => cannot(error.to_string()),
        }
    }
    (lock, blocked)
}
