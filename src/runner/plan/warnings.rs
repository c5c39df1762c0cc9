//! What should be known before a run, and keeps nothing from running: health, dependencies, clocks, room.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use jiff::SignedDuration;
use tokio::time::timeout;

use super::Ask;
use super::place::Site;
use crate::model::plan::{HostName, PlannedLock};
use crate::model::{Health, RunId, ServiceId, Text};
use crate::runner::step::wait;
use crate::source::Surroundings;

/// Clocks further apart than this confuse who reads logs.
const SKEW: SignedDuration = SignedDuration::from_secs(5);
/// Less room than this is little for logs and releases.
const LITTLE: u64 = 256 * 1024 * 1024;
/// Probes that take longer say nothing here.
const HEALTH: Duration = Duration::from_secs(5);

/// About places.
pub(super) fn of_sites(sites: &BTreeMap<HostName, Site>) -> Vec<Text> {
    let mut warnings: Vec<String> = Vec::new();
    for site in sites.values() {
        let Ok(ground) = &site.found else { continue };
        let name = &site.name;
        if let Some(why) = &ground.unsupervised {
            warnings.push(format!("steps on {name} end with the connection: {why}"));
        }
        if ground.clock_offset.abs() > SKEW {
            let (seconds, way) =
                (ground.clock_offset.as_secs(), if ground.clock_offset.is_negative() { "behind" } else { "ahead" });
            warnings.push(format!("the clock of {name} is {} s {way}", seconds.abs()));
        }
        if let Some(free) = ground.free.filter(|free| *free < LITTLE) {
            warnings.push(format!("{name} has {} MiB left in {}", free / 1024 / 1024, ground.folder));
        }
    }
    warnings.into_iter().map(Text::from).collect()
}

/// About who holds the lock and what was left; the run that is to go on is not in its own way.
pub(super) fn of_lock(lock: &PlannedLock, resumes: Option<&RunId>) -> Vec<Text> {
    let held = lock.held.as_ref().filter(|h| resumes.is_none() || h.run.as_ref() != resumes);
    let held = held.map(|h| format!("{} is held by {} for {}", h.key, h.operator, h.what));
    let dirty = lock.left().filter(|d| resumes != Some(&d.run));
    let dirty = dirty.map(|d| format!("run {} of {} by {} was left unfinished", d.run, d.runbook, d.operator));
    held.into_iter().chain(dirty).map(Text::from).collect()
}

/// About the service and what it needs.
pub(super) async fn of_health(ask: &Ask, surroundings: &Surroundings) -> Vec<Text> {
    let own = &ask.acting.service;
    let services = ask.deck.environments.iter().flat_map(|e| &e.environment.services);
    let depends = services.filter(|s| s.id == *own).flat_map(|s| &s.depends);
    let looked_at: Vec<&ServiceId> = std::iter::once(own).chain(depends).collect();
    let looks = looked_at.iter().map(|service| async move {
        let seen = timeout(HEALTH, wait::health(service, &ask.deck, surroundings)).await;
        // A service without probes is not known to be well or ill.
        let (health, why) = seen.ok()?.ok()?;
        let why = why.map(|why| format!(" ({why})")).unwrap_or_default();
        let needed = if *service == own { String::new() } else { format!(", which {} needs", own.name) };
        (health != Health::Healthy).then(|| format!("{}{needed} is {}{why}", service.name, health.word()))
    });
    join_all(looks).await.into_iter().flatten().map(Text::from).collect()
}
