//! The only holder of observed facts: a fold over events. What is derived (health, causes, counts) is computed on
//! reading, with the time as an argument; nothing here reads a clock or does I/O.

pub mod acting;
pub mod event;
pub mod host;
pub mod logs;
pub mod output;
pub mod probe;
pub mod run;
pub mod series;
pub mod service;
pub mod snapshot;
pub mod summary;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use crate::model::{Environment, EnvironmentId, Fault, Fleet, Health, HostId, ServiceId, Text};

pub use acting::Acting;
pub use event::Event;
pub use host::HostState;
pub use logs::Logs;
pub use probe::ProbeState;
pub use run::OpenRun;
pub use series::Series;
pub use service::{Cause, Change, ServiceState};
pub use summary::Summary;

/// What an event did to what can be seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Changed {
    /// Nothing.
    Nothing,
    /// Numbers: latencies, ages, a sparkline.
    Numbers,
    /// A state, a reason, or what there is at all.
    State,
}

/// Everything known.
#[derive(Debug, Default)]
pub struct Store {
    name: Text,
    environments: Vec<Environment>,
    services: HashMap<ServiceId, ServiceState>,
    hosts: HashMap<HostId, HostState>,
    faults: Vec<Fault>,
    acting: Acting,
    logs: Logs,
}

impl Store {
    /// That holds so many bytes of log lines.
    pub fn holding(log_bytes: usize) -> Self {
        let mut store = Self::default();
        store.logs.bound(log_bytes);
        store
    }

    /// Takes a fact in.
    pub fn apply(&mut self, event: Event, now: Timestamp) -> Changed {
        match event {
            Event::FleetLoaded { fleet, faults } => {
                self.load(fleet);
                self.faults = faults;
                Changed::State
            }
            Event::SampleTaken { probe, at, observation } => match self.services.get_mut(&probe.service) {
                Some(service) => service.sample(&probe, at, *observation, now),
                None => Changed::Nothing,
            },
            Event::HostLinked { host, at, link } => match self.hosts.get_mut(&host) {
                Some(state) => state.linked(link, at),
                None => Changed::Nothing,
            },
            Event::LogsLoaded { logs } => {
                self.logs.declare(logs);
                Changed::State
            }
            Event::ServicePaused { service, at, reason } => self.pause(&service, Some((at, reason)), now),
            Event::ServiceResumed { service } => self.pause(&service, None, now),
            acting => self.acting.apply(acting, now),
        }
    }

    fn pause(&mut self, id: &ServiceId, paused: Option<(Timestamp, Text)>, now: Timestamp) -> Changed {
        match self.services.get_mut(id) {
            Some(service) => service.pause(paused, now),
            None => Changed::Nothing,
        }
    }

    fn load(&mut self, fleet: Fleet) {
        let mut known = std::mem::take(&mut self.services);
        for service in fleet.environments.iter().flat_map(|e| &e.services) {
            let state = match known.remove(&service.id) {
                Some(mut state) => {
                    state.declare(service.clone());
                    state
                }
                None => ServiceState::new(service.clone()),
            };
            self.services.insert(service.id.clone(), state);
        }
        let mut hosts = std::mem::take(&mut self.hosts);
        for host in fleet.environments.iter().flat_map(|e| &e.hosts) {
            let state = match hosts.remove(&host.id) {
                Some(mut state) => {
                    state.declare(host.clone());
                    state
                }
                None => HostState::new(host.clone()),
            };
            self.hosts.insert(host.id.clone(), state);
        }
        self.name = fleet.name;
        self.environments = fleet.environments;
    }

    /// The deck's name.
    pub fn name(&self) -> &Text {
        &self.name
    }

    /// In the order of the deck.
    pub fn environments(&self) -> &[Environment] {
        &self.environments
    }

    /// One environment.
    pub fn environment(&self, id: &EnvironmentId) -> Option<&Environment> {
        self.environments.iter().find(|e| e.id == *id)
    }

    /// One service.
    pub fn service(&self, id: &ServiceId) -> Option<&ServiceState> {
        self.services.get(id)
    }

    /// One host.
    pub fn host(&self, id: &HostId) -> Option<&HostState> {
        self.hosts.get(id)
    }

    /// The hosts of an environment, in the order of the deck.
    pub fn hosts<'s>(&'s self, environment: &'s Environment) -> impl Iterator<Item = &'s HostState> {
        environment.hosts.iter().filter_map(|h| self.hosts.get(&h.id))
    }

    /// The probe that tells the figures of a host (load, memory, disks): the first of kind `host` that looks there.
    pub fn figures(&self, id: &HostId) -> Option<&ProbeState> {
        let environment = self.environment(&id.environment)?;
        let probes = self.services(environment).flat_map(ServiceState::probes);
        probes.filter(|p| p.info().via.as_ref() == Some(id)).find(|p| p.info().kind.as_str() == "host")
    }

    /// The services of an environment, in the order of the deck.
    pub fn services<'s>(&'s self, environment: &'s Environment) -> impl Iterator<Item = &'s ServiceState> {
        environment.services.iter().filter_map(|s| self.services.get(&s.id))
    }

    /// Runbooks, plans, runs, locks, and what is armed.
    pub fn acting(&self) -> &Acting {
        &self.acting
    }

    /// What is heard of logs.
    pub fn logs(&self) -> &Logs {
        &self.logs
    }

    /// The same, to be told more: lines come on a way of their own, so that a flood of them holds no other fact up.
    pub fn logs_mut(&mut self) -> &mut Logs {
        &mut self.logs
    }

    /// What is wrong with the deck's files.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Why a service is as it is: its own probe, a host that cannot be reached, or a service it depends on.
    pub fn cause<'s>(&'s self, service: &'s ServiceState, now: Timestamp) -> Option<Cause<'s>> {
        let own = service.cause(now)?;
        let health = service.health(now);
        match own {
            Cause::Host(..) => return Some(own),
            // That nobody looks is no fault of a service it depends on.
            Cause::Probe(probe) if health == Health::Stale || probe.last().is_none() => return Some(own),
            _ => {}
        }
        // The first dependency that is itself at least as bad explains it. One step is enough: that service's own
        // row tells the next one.
        let culprit = service.declared().depends.iter().filter_map(|id| self.services.get(id)).find(|dependency| {
            let theirs = dependency.health(now);
            theirs.rank() >= Health::Degraded.rank()
                && theirs.rank() >= health.rank()
                && can_be_behind(dependency, service, now)
        });
        Some(culprit.map_or(own, Cause::Dependency))
    }
}

/// Whether trouble of a dependency may explain that of a service. A certificate, a record, a unit, a machine or a
/// file is a matter of itself, and so is a port that nobody listens on; and what came after cannot have been the cause.
fn can_be_behind(dependency: &ServiceState, service: &ServiceState, now: Timestamp) -> bool {
    let Some(Cause::Probe(probe)) = service.cause(now) else { return false };
    let of_itself = matches!(probe.info().kind.as_str(), "tls" | "dns" | "systemd" | "command" | "host" | "file");
    let refused = probe.last().is_some_and(|(_, seen)| {
        seen.answer.is_none() && seen.reason.as_ref().is_some_and(|r| r.as_str().starts_with("connection refused"))
    });
    let later = match (dependency.since(now), service.since(now)) {
        (Some(theirs), Some(ours)) => theirs.duration_since(ours) > SLACK,
        _ => false,
    };
    !of_itself && !refused && !later
}

/// Probes look in turns, so a victim may be seen this much before its cause.
const SLACK: SignedDuration = SignedDuration::from_secs(30);
