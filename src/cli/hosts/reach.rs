//! The hosts that a command is about, connected to: waits for what becomes of the attempts, asks for passphrases where
//! somebody can answer, and says how it ends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::ask;
use crate::app::Now;
use crate::exit::Ending;
use crate::model::{Ask, Fleet, Host, HostId, Link, LinkState, Text};
use crate::source::Surroundings;
use crate::store::snapshot::HostsSnapshot;
use crate::store::{Event, Store};
use crate::transport::ssh::Hosts;

/// A first round trip is waited for this long.
const FIRST_TRIP: Duration = Duration::from_secs(4);
/// So often a passphrase may be wrong.
const TRIES: usize = 3;

/// Hosts that are being connected to.
pub struct Reach {
    name: Text,
    chosen: Vec<Host>,
    wait: Duration,
    clock: Now,
    surroundings: Surroundings,
}

impl Reach {
    /// Starts connecting. Each wait lasts this long at most.
    pub fn new(name: Text, chosen: Vec<Host>, wait: Duration) -> Self {
        let clock = Now::default();
        let telling = clock.clone();
        let surroundings = Surroundings::new(Arc::new(move || telling.get()));
        surroundings.hosts.follow(chosen.iter());
        surroundings.hosts.ask_all();
        Self { name, chosen, wait, clock, surroundings }
    }

    /// The hosts that the command is about.
    pub fn chosen(&self) -> &[Host] {
        &self.chosen
    }

    /// Their connections.
    pub fn hosts(&self) -> &Hosts {
        &self.surroundings.hosts
    }

    /// What probes need that look through them.
    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    /// Tells the time.
    pub fn clock(&self) -> crate::transport::ssh::Clock {
        Arc::clone(&self.surroundings.clock)
    }

    /// Waits for every host, and for passphrases where somebody can give them.
    pub async fn all(&self) {
        self.settle(&self.chosen).await;
        self.unlock().await;
        let trips = self.chosen.iter().filter_map(|host| self.hosts().get(&host.id)).map(|remote| async move {
            let mut link = remote.keeper().link();
            link.wait_for(|link| !link.state.is_up() || link.latency.is_some()).await.ok();
        });
        tokio::time::timeout(FIRST_TRIP, join_all(trips)).await.ok();
    }

    /// Waits for one host; how it stands then.
    pub async fn one(&self, host: &HostId) -> Link {
        timeout_at(Instant::now() + self.wait, self.hosts().settled(host)).await.ok();
        self.link(host)
    }

    async fn settle(&self, hosts: &[Host]) {
        let until = Instant::now() + self.wait;
        join_all(hosts.iter().map(|host| timeout_at(until, self.hosts().settled(&host.id)))).await;
    }

    /// How a host stands now.
    pub fn link(&self, host: &HostId) -> Link {
        self.hosts().get(host).map(|remote| remote.keeper().link().borrow().clone()).unwrap_or_default()
    }

    /// Asks for the passphrases that hosts need. Without a terminal nobody is asked.
    pub async fn unlock(&self) {
        let mut given_up = BTreeSet::new();
        for _ in 0..self.chosen.len().saturating_mul(TRIES) {
            let asked = self.chosen.iter().find_map(|host| match self.link(&host.id).ask {
                Some(Ask::Passphrase { file }) if !given_up.contains(&file) => Some(file),
                _ => None,
            });
            let Some(file) = asked.filter(|_| ask::is_answered()) else { return };
            if !self.unlock_file(&file).await {
                given_up.insert(file);
            }
        }
    }

    /// Whether the file was opened.
    async fn unlock_file(&self, file: &Text) -> bool {
        for _ in 0..TRIES {
            let Some(passphrase) = ask::passphrase(file.as_str()).await else { return false };
            self.hosts().unlock(file.as_str(), passphrase.secret().clone());
            self.settle(&self.chosen).await;
            let still =
                |host: &Host| matches!(self.link(&host.id).ask, Some(Ask::Passphrase { file: f }) if f == *file);
            if !self.chosen.iter().any(still) {
                return true;
            }
            tell!("qd: that passphrase does not open {file}");
        }
        false
    }

    /// The document on all of them.
    pub fn snapshot(&self) -> HostsSnapshot {
        let mut store = Store::default();
        let now = self.clock.get();
        store.apply(Event::FleetLoaded { fleet: self.fleet(), faults: Vec::new() }, now);
        for host in &self.chosen {
            let link = self.link(&host.id);
            store.apply(Event::HostLinked { host: host.id.clone(), at: now, link }, now);
        }
        HostsSnapshot::of(&store, now)
    }

    fn fleet(&self) -> Fleet {
        let mut fleet = Fleet { name: self.name.clone(), environments: Vec::new() };
        for host in &self.chosen {
            let known = fleet.environments.iter_mut().find(|e| e.id == host.id.environment);
            match known {
                Some(environment) => environment.hosts.push(host.clone()),
                None => fleet.environments.push(crate::model::Environment {
                    id: host.id.environment.clone(),
                    tier: crate::model::Tier::Production,
                    timezone: None,
                    doc: None,
                    hosts: vec![host.clone()],
                    services: Vec::new(),
                    faults: 0,
                }),
            }
        }
        fleet
    }

    /// How it ends: what needs a person first, then what was not reached, then what is slow.
    pub fn ending(&self) -> Ending {
        let endings: Vec<Ending> = self.chosen.iter().map(|host| self.ending_of(&host.id)).collect();
        let order = [Ending::Refused, Ending::Unknown, Ending::Unhealthy];
        order.into_iter().find(|ending| endings.contains(ending)).unwrap_or(Ending::Good)
    }

    /// The same of one host.
    pub fn ending_of(&self, host: &HostId) -> Ending {
        let link = self.link(host);
        let origin = || self.hosts().origin(host);
        match link.state {
            LinkState::Live => Ending::Good,
            LinkState::Degraded => Ending::Unhealthy,
            LinkState::Refused => Ending::Refused,
            // A host on the way said no.
            LinkState::Lost if origin().is_some_and(|r| r.state() == LinkState::Refused) => Ending::Refused,
            LinkState::Idle | LinkState::Connecting | LinkState::Lost => Ending::Unknown,
        }
    }

    /// How long attempts may take.
    pub fn wait(&self) -> Duration {
        self.wait
    }
}
