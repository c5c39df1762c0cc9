//! The document that `qd status --json` prints: versioned, described by a JSON Schema, times in RFC 3339 UTC.

mod hosts;

use std::time::Duration;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::service::{Cause, ServiceState};
use super::{HostState, ProbeState, Store};
use crate::model::{Environment, Health, LinkState, Outcome, Tier, Trouble};

pub use hosts::{AskSnapshot, HostsSnapshot, PlacedHost};

/// The state of everything at one moment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Snapshot {
    /// The version of this shape: 1.
    pub schema: u32,
    /// The deck's name.
    pub deck: String,
    /// When it was drawn up.
    pub at: Timestamp,
    /// In the order of the deck.
    pub environments: Vec<EnvironmentSnapshot>,
}

/// One environment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct EnvironmentSnapshot {
    /// Its name.
    pub name: String,
    /// Its tier.
    pub tier: Tier,
    /// The worst health of its services that are not optional.
    pub health: Health,
    /// How many errors in the deck keep it from loading.
    pub faults: usize,
    /// Its hosts.
    pub hosts: Vec<HostSnapshot>,
    /// Its services.
    pub services: Vec<ServiceSnapshot>,
}

/// One host.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HostSnapshot {
    /// Its name.
    pub name: String,
    /// How it is reached: `ops@192.0.2.10:22`; empty before the first attempt.
    pub route: String,
    /// How the connection stands.
    pub state: LinkState,
    /// Why it is not live, as a word.
    pub trouble: Option<Trouble>,
    /// Why it is not live.
    pub cause: Option<String>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// When it is tried again; none when that is not planned.
    pub next: Option<Timestamp>,
    /// The newest round trip, in milliseconds.
    pub latency_ms: Option<f64>,
    /// What a person can do about it.
    pub ask: Option<AskSnapshot>,
}

/// One service.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ServiceSnapshot {
    /// Its name.
    pub name: String,
    /// What its probes add up to.
    pub health: Health,
    /// Since when; none while it has been so since the first look, and so for nobody knows how long.
    pub since: Option<Timestamp>,
    /// Why it is not healthy.
    pub cause: Option<String>,
    /// Its absence does not alarm.
    pub optional: bool,
    /// The version it says it runs.
    pub version: Option<String>,
    /// Its probes.
    pub probes: Vec<ProbeSnapshot>,
}

/// One probe.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ProbeSnapshot {
    /// Its name.
    pub name: String,
    /// `http`, `tcp`, …
    pub kind: String,
    /// What it asks.
    pub target: String,
    /// The newest result; none before the first.
    pub outcome: Option<Outcome>,
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// When the answer was complete.
    pub at: Option<Timestamp>,
    /// Why it is not a pass.
    pub reason: Option<String>,
    /// Its failure does not alarm.
    pub optional: bool,
    /// What it saw last, while a host on the way keeps newer looks from its target.
    pub before: Option<SeenBefore>,
}

/// What a probe saw before a host on the way was lost.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SeenBefore {
    /// The result.
    pub outcome: Outcome,
    /// How long the answer took, in milliseconds.
    pub latency_ms: Option<f64>,
    /// When the answer was complete.
    pub at: Timestamp,
    /// Why it was not a pass.
    pub reason: Option<String>,
}

impl Snapshot {
    /// Draws up the environments that `wanted` picks, and in them the services that it picks.
    pub fn of(store: &Store, now: Timestamp, wanted: impl Fn(&Environment, Option<&ServiceState>) -> bool) -> Self {
        let environments = store.environments().iter().filter(|e| wanted(e, None)).filter_map(|environment| {
            let services: Vec<_> = store
                .services(environment)
                .filter(|s| wanted(environment, Some(s)))
                .map(|service| service_snapshot(store, service, now))
                .collect();
            // Nothing in it was asked for.
            if services.is_empty() && !environment.services.is_empty() {
                return None;
            }
            let health = sum_up(environment, &services);
            Some(EnvironmentSnapshot {
                name: environment.id.to_string(),
                tier: environment.tier,
                health,
                faults: environment.faults,
                hosts: store.hosts(environment).map(host_snapshot).collect(),
                services,
            })
        });
        Self { schema: 1, deck: store.name().to_string(), at: now, environments: environments.collect() }
    }

    /// The worst health of all.
    pub fn worst(&self) -> Health {
        self.environments.iter().map(|e| e.health).fold(Health::Healthy, Health::worst)
    }
}

/// What the services of an environment add up to. Where nothing is observed, nothing is known; optional services do
/// not alarm; paused is what an environment is when all of it is.
fn sum_up(environment: &Environment, services: &[ServiceSnapshot]) -> Health {
    let unread = if environment.faults > 0 { Health::Unknown } else { Health::Healthy };
    let counting = || services.iter().filter(|s| !s.optional).map(|s| s.health);
    if services.is_empty() {
        return Health::Unknown;
    }
    if counting().next().is_some() && counting().all(|h| h == Health::Paused) {
        return Health::Paused.worst(unread);
    }
    counting().filter(|h| *h != Health::Paused).fold(unread, Health::worst)
}

fn host_snapshot(host: &HostState) -> HostSnapshot {
    let link = host.link();
    HostSnapshot {
        name: host.declared().id.name.to_string(),
        route: link.route.to_string(),
        state: link.state,
        trouble: link.trouble,
        cause: link.cause.as_ref().map(ToString::to_string),
        since: host.since(),
        next: host.next(),
        latency_ms: link.latency.map(millis),
        ask: link.ask.as_ref().map(AskSnapshot::from),
    }
}

fn millis(latency: Duration) -> f64 {
    (latency.as_secs_f64() * 1e6).round() / 1e3
}

fn service_snapshot(store: &Store, service: &ServiceState, now: Timestamp) -> ServiceSnapshot {
    let declared = service.declared();
    ServiceSnapshot {
        name: declared.id.name.to_string(),
        health: service.health(now),
        // The moment of the first look says nothing of how long it has been so.
        since: if service.is_older() { None } else { service.since(now) },
        cause: explain(store, service, now),
        optional: declared.optional,
        version: service.version().map(ToString::to_string),
        probes: service.probes().iter().map(probe_snapshot).collect(),
    }
}

fn probe_snapshot(probe: &ProbeState) -> ProbeSnapshot {
    let info = probe.info();
    let last = probe.last();
    ProbeSnapshot {
        name: info.id.name.to_string(),
        kind: info.kind.to_string(),
        target: info.target.to_string(),
        outcome: last.map(|(_, seen)| seen.outcome),
        latency_ms: last.and_then(|(_, seen)| seen.latency).map(millis),
        at: last.map(|(at, _)| at),
        reason: last.and_then(|(_, seen)| seen.reason.as_ref()).map(ToString::to_string),
        optional: info.optional,
        before: probe.seen_before().map(|(at, seen)| SeenBefore {
            outcome: seen.outcome,
            latency_ms: seen.latency.map(millis),
            at,
            reason: seen.reason.as_ref().map(ToString::to_string),
        }),
    }
}

/// Why a service is as it is, in one sentence: the same words in `qd status` and on the screen.
pub fn explain(store: &Store, service: &ServiceState, now: Timestamp) -> Option<String> {
    if let Some(reason) = service.paused() {
        return Some(reason.to_string());
    }
    let reason_of = |probe: &ProbeState| {
        let reason = probe.last().and_then(|(_, seen)| seen.reason.clone());
        match (reason, probe.health(now).0) {
            (_, Health::Stale) if probe.last().is_some_and(|(at, _)| at > now) => {
                format!("{}: the newest sample lies ahead; the clock went back", probe.info().id.name)
            }
            (_, Health::Stale) => format!("{}: no sample any more", probe.info().id.name),
            (_, Health::Unknown) if probe.is_forgotten() => {
                format!("{}: not looked since the pause", probe.info().id.name)
            }
            (Some(reason), _) => format!("{}: {reason}", probe.info().id.name),
            (None, _) => format!("{}: not looked yet", probe.info().id.name),
        }
    };
    Some(match store.cause(service, now)? {
        Cause::Probe(probe) => reason_of(probe),
        Cause::Host(host, probe) => {
            // The connection knows better than the probe that waited for it, and it knows first.
            let link = store.host(host).map(HostState::link).filter(|l| !l.state.is_up());
            let reason = link.and_then(|l| l.cause.clone());
            let reason = reason.or_else(|| probe.last().and_then(|(_, seen)| seen.reason.clone())).unwrap_or_default();
            if reason.as_str().contains(&*host.name) {
                reason.to_string()
            } else {
                format!("host {}: {reason}", host.name)
            }
        }
        Cause::Dependency(on) => {
            let own = service.cause(now).and_then(|cause| match cause {
                Cause::Probe(probe) => Some(reason_of(probe)),
                _ => None,
            });
            let because = format!("because {} is {}", on.declared().id.name, on.health(now).word());
            own.map_or(because.clone(), |own| format!("{because} · {own}"))
        }
    })
}
