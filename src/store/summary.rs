//! What an environment adds up to: counts by health, and one line a cause instead of one a service.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Store;
use super::service::{Cause, ServiceState};
use crate::model::{Environment, Health, ServiceId};

/// An environment in numbers. Optional services count apart: they do not alarm.
#[derive(Debug)]
pub struct Summary<'s> {
    /// The state that needs a look most. A paused service needs none; paused is what it is when all are.
    pub worst: Health,
    /// Since when the longest-standing service of that state is in it.
    pub since: Option<Timestamp>,
    /// Services by health, as counted.
    counts: [usize; Health::ALL.len()],
    /// Services that do not count, because they are optional and not healthy.
    pub optional: usize,
    /// What is wrong, worst first.
    pub causes: Vec<Trouble<'s>>,
}

/// One cause and what suffers from it.
#[derive(Debug)]
pub struct Trouble<'s> {
    /// The health it brings.
    pub health: Health,
    /// The service that shows it first; for a host, one of those on it.
    pub service: &'s ServiceState,
    /// Why.
    pub cause: Cause<'s>,
    /// How many other services are not healthy because of it.
    pub followers: usize,
}

impl Summary<'_> {
    /// How many services are in a state.
    pub fn count(&self, health: Health) -> usize {
        self.counts.get(usize::from(health.rank())).copied().unwrap_or(0)
    }

    /// How many services count.
    pub fn total(&self) -> usize {
        self.counts.iter().sum()
    }
}

impl Store {
    /// Sums an environment up.
    pub fn summary<'s>(&'s self, environment: &'s Environment, now: Timestamp) -> Summary<'s> {
        let mut summary = Summary {
            worst: Health::Healthy,
            since: None,
            counts: [0; Health::ALL.len()],
            optional: 0,
            causes: Vec::new(),
        };
        let mut hosts: BTreeMap<&str, usize> = BTreeMap::new();
        let mut followers: BTreeMap<&ServiceId, usize> = BTreeMap::new();
        let mut seen_any = false;
        for service in self.services(environment) {
            let health = service.health(now);
            if service.declared().optional && health != Health::Healthy {
                summary.optional += 1;
                continue;
            }
            seen_any = true;
            if let Some(count) = summary.counts.get_mut(usize::from(health.rank())) {
                *count += 1;
            }
            let since = service.since(now);
            if health == Health::Paused {
                continue;
            }
            if health.rank() > summary.worst.rank() {
                (summary.worst, summary.since) = (health, since);
            } else if health == summary.worst {
                summary.since = [summary.since, since].into_iter().flatten().min();
            }
            match self.cause(service, now) {
                None => {}
                Some(Cause::Dependency(on)) => *followers.entry(&on.declared().id).or_default() += 1,
                Some(Cause::Host(host, _)) if hosts.contains_key(&*host.name) => {
                    *hosts.entry(&*host.name).or_default() += 1;
                }
                Some(cause) => {
                    if let Cause::Host(host, _) = cause {
                        hosts.insert(&host.name, 0);
                    }
                    summary.causes.push(Trouble { health, service, cause, followers: 0 });
                }
            }
        }
        for trouble in &mut summary.causes {
            trouble.followers = match trouble.cause {
                Cause::Host(host, _) => hosts.get(&*host.name).copied().unwrap_or(0),
                _ => followers.get(&trouble.service.declared().id).copied().unwrap_or(0),
            };
        }
        summary.causes.sort_by_key(|t| std::cmp::Reverse(t.health.rank()));
        if seen_any && summary.count(Health::Paused) == summary.total() {
            summary.worst = Health::Paused;
        }
        if environment.faults > 0 || !seen_any {
            summary.worst = summary.worst.worst(Health::Unknown);
        }
        summary
    }
}
