//! What an environment adds up to: counts by health, and one line a cause instead of one a service.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::Store;
use super::service::{Cause, ServiceState};
use crate::model::{Environment, Health, HostId, ServiceId};

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
        let mut told: BTreeMap<Root<'_>, usize> = BTreeMap::new();
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
            let culprit = self.culprit(service, now);
            let Some(cause) = self.cause(culprit, now) else { continue };
            let root = match cause {
                Cause::Host(host, _) => Root::Host(host),
                _ => Root::Service(&culprit.declared().id),
            };
            let is_root = root == Root::Service(&service.declared().id);
            if let Some(trouble) = told.get(&root).and_then(|at| summary.causes.get_mut(*at)) {
                trouble.followers += usize::from(!is_root);
                continue;
            }
            told.insert(root, summary.causes.len());
            let followers = usize::from(!is_root && matches!(root, Root::Service(_)));
            summary.causes.push(Trouble { health: culprit.health(now), service: culprit, cause, followers });
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

    /// The service at the end of the chain of dependencies that explains this one. Where services depend on each other
    /// in a circle it is the first of them by name.
    fn culprit<'s>(&'s self, service: &'s ServiceState, now: Timestamp) -> &'s ServiceState {
        let mut chain = vec![service];
        let mut last = service;
        while let Some(Cause::Dependency(on)) = self.cause(last, now) {
            if let Some(at) = chain.iter().position(|s| s.declared().id == on.declared().id) {
                let circle = chain.get(at..).unwrap_or_default();
                return circle.iter().copied().min_by_key(|s| &s.declared().id).unwrap_or(last);
            }
            chain.push(on);
            last = on;
        }
        last
    }
}

/// What a cause is told once for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Root<'s> {
    Host(&'s HostId),
    Service(&'s ServiceId),
}
