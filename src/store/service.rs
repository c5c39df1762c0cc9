//! The state of one service: its probes, its changes, and the health they add up to.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;

use super::Changed;
use super::probe::ProbeState;
use crate::model::{Health, HostId, Observation, Outcome, ProbeId, Service, Text};

/// A change of health.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// When.
    pub at: Timestamp,
    /// The probe that brought it; none for pausing.
    pub probe: Option<Arc<str>>,
    /// The health before.
    pub from: Health,
    /// The health after.
    pub to: Health,
    /// Why.
    pub reason: Option<Text>,
}

/// Changes kept of each service.
const MOST_CHANGES: usize = 64;

/// Why a service is not healthy.
#[derive(Clone, Copy, Debug)]
pub enum Cause<'s> {
    /// This host cannot be reached, says that probe.
    Host(&'s HostId, &'s ProbeState),
    /// It depends on this service, which is in trouble itself.
    Dependency(&'s ServiceState),
    /// Its own probe says so.
    Probe(&'s ProbeState),
}

/// What is known of one service.
#[derive(Debug)]
pub struct ServiceState {
    service: Service,
    probes: Vec<ProbeState>,
    paused: Option<(Timestamp, Text)>,
    changes: VecDeque<Change>,
    current: Health,
    since: Option<Timestamp>,
}

impl ServiceState {
    /// Nothing is known yet.
    pub fn new(service: Service) -> Self {
        let probes = service.probes.iter().cloned().map(ProbeState::new).collect();
        let current = if service.paused.is_some() { Health::Paused } else { Health::Unknown };
        Self { service, probes, paused: None, changes: VecDeque::new(), current, since: None }
    }

    /// Takes over a changed declaration; history of what stays is kept.
    pub fn declare(&mut self, service: Service) {
        let mut known = std::mem::take(&mut self.probes);
        self.probes = service
            .probes
            .iter()
            .map(|info| match known.iter().position(|p| p.info().id == info.id) {
                Some(at) => {
                    let mut state = known.swap_remove(at);
                    state.declare(info.clone());
                    state
                }
                None => ProbeState::new(info.clone()),
            })
            .collect();
        self.service = service;
    }

    /// As declared in the deck.
    pub fn declared(&self) -> &Service {
        &self.service
    }

    /// Its probes, in the order of the deck.
    pub fn probes(&self) -> &[ProbeState] {
        &self.probes
    }

    /// Changes of its health, oldest first.
    pub fn changes(&self) -> impl DoubleEndedIterator<Item = &Change> + ExactSizeIterator {
        self.changes.iter()
    }

    /// Takes a sample of one of its probes in.
    pub fn sample(&mut self, id: &ProbeId, at: Timestamp, observation: Observation, now: Timestamp) -> Changed {
        let Some(probe) = self.probes.iter_mut().find(|p| p.info().id == *id) else { return Changed::Nothing };
        let before = probe.last().map(|(_, seen)| (seen.outcome, seen.reason.clone()));
        let reason = observation.reason.clone();
        let told = before.as_ref().map(|(outcome, reason)| (*outcome, reason)) != Some((observation.outcome, &reason));
        let moved = probe.sample(at, observation);
        let changed = self.settle(at, now, Some(id.name.clone()), reason);
        if changed || moved || told { Changed::State } else { Changed::Numbers }
    }

    /// Pauses or resumes it.
    pub fn pause(&mut self, paused: Option<(Timestamp, Text)>, now: Timestamp) -> Changed {
        let reason = paused.as_ref().map(|(_, reason)| reason.clone());
        self.paused = paused;
        if self.paused.is_none() {
            // Nobody looked meanwhile.
            self.probes.iter_mut().for_each(ProbeState::distrust);
        }
        self.settle(now, now, None, reason);
        Changed::State
    }

    fn settle(&mut self, at: Timestamp, now: Timestamp, probe: Option<Arc<str>>, reason: Option<Text>) -> bool {
        let health = self.health(now);
        if health == self.current && self.since.is_some() {
            return self.note_another_reason(at, now);
        }
        if health != self.current {
            let reason = if health == Health::Healthy { None } else { reason };
            self.note(Change { at, probe, from: self.current, to: health, reason });
        }
        self.current = health;
        self.since = Some(at);
        true
    }

    fn note(&mut self, change: Change) {
        if self.changes.len() == MOST_CHANGES {
            self.changes.pop_front();
        }
        self.changes.push_back(change);
    }

    /// It is as bad as before, but another probe says so now: an outage behind an outage.
    fn note_another_reason(&mut self, at: Timestamp, now: Timestamp) -> bool {
        let health = self.current;
        let (Some(Cause::Probe(probe)), true) = (self.cause(now), health != Health::Stale) else { return false };
        let name = Some(probe.info().id.name.clone());
        let reason = probe.last().and_then(|(_, seen)| seen.reason.clone());
        if self.changes.back().is_none_or(|last| last.probe == name || last.reason == reason) {
            return false;
        }
        self.note(Change { at, probe: name, from: health, to: health, reason });
        true
    }

    /// Probes besides the one that explains its health that fail too, and for another reason.
    pub fn others_in_trouble(&self, now: Timestamp) -> usize {
        let Some(Cause::Probe(first)) = self.cause(now) else { return 0 };
        let reason = |p: &ProbeState| p.last().and_then(|(_, seen)| seen.reason.clone());
        let told = reason(first);
        let others = self.counting().filter(|p| p.health(now).0 == Health::Unhealthy && reason(p) != told);
        others.count()
    }

    /// Why it is paused, if it is.
    pub fn paused(&self) -> Option<&Text> {
        self.paused.as_ref().map(|(_, reason)| reason).or(self.service.paused.as_ref())
    }

    /// Whether it was paused in this console (and not by the deck).
    pub fn is_paused_here(&self) -> bool {
        self.paused.is_some()
    }

    /// The health its probes add up to.
    pub fn health(&self, now: Timestamp) -> Health {
        if self.paused().is_some() {
            return Health::Paused;
        }
        self.counting().map(|p| p.health(now).0).reduce(Health::worst).unwrap_or(Health::Unknown)
    }

    /// Since when it is as it is; none when that is not known.
    pub fn since(&self, now: Timestamp) -> Option<Timestamp> {
        let health = self.health(now);
        if health == self.current {
            return self.since;
        }
        // Only time passing changes health without an event: it went stale.
        self.counting().filter(|p| p.health(now).0 == health).filter_map(|p| p.health(now).1).min()
    }

    /// The probe that explains the health, or the host that does; none when all is well.
    pub fn cause(&self, now: Timestamp) -> Option<Cause<'_>> {
        let health = self.health(now);
        if matches!(health, Health::Healthy | Health::Paused) {
            return None;
        }
        let alike = || self.counting().filter(|p| p.health(now).0 == health);
        // One that has looked can say why; one that has not can only say so.
        let probe = alike().find(|p| p.last().is_some()).or_else(|| alike().next())?;
        let host = probe.last().and_then(|(_, seen)| seen.blocked_by.as_ref());
        Some(host.map_or(Cause::Probe(probe), |host| Cause::Host(host, probe)))
    }

    /// The probe that speaks for the service in its row: one that brings reports, else the first with a latency.
    pub fn leading(&self) -> Option<&ProbeState> {
        let measured = || self.probes.iter().filter(|p| p.series().figures().p50.is_some());
        measured().find(|p| p.reports()).or_else(|| measured().next()).or_else(|| self.probes.first())
    }

    /// The share of looks that found it working, by the probe that found it working least often.
    pub fn uptime(&self) -> Option<f64> {
        self.counting().filter_map(|p| p.series().figures().uptime).reduce(f64::min)
    }

    /// Whether `since` is when this console first looked: then it may have been so for longer.
    pub fn is_older(&self) -> bool {
        self.changes.iter().filter(|c| c.to != Health::Unknown && c.to != c.from).count() < 2
    }

    /// The version it last said it runs.
    pub fn version(&self) -> Option<&Text> {
        self.probes.iter().find_map(ProbeState::version)
    }

    /// The oldest of the newest samples: how fresh what is shown is.
    pub fn freshness(&self) -> Option<Timestamp> {
        self.probes.iter().filter_map(|p| p.last().map(|(at, _)| at)).min()
    }

    /// A probe whose newest sample contradicts its level and is not confirmed yet.
    pub fn doubtful(&self) -> Option<(&ProbeState, Outcome, u32, u32)> {
        self.counting().find_map(|p| p.doubt().map(|(outcome, count, needed)| (p, outcome, count, needed)))
    }

    /// Optional probes do not count, unless there are no others.
    fn counting(&self) -> impl Iterator<Item = &ProbeState> {
        let all_optional = self.probes.iter().all(|p| p.info().optional);
        self.probes.iter().filter(move |p| all_optional || !p.info().optional)
    }
}
