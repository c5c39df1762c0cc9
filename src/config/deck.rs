//! A checked deck: what can be observed, with everything resolved. Plain values; nothing here reads files.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Environment, EnvironmentId, Fleet, HostId, ProbeSpec, Text, Tier};
use crate::settings::Faults;
use crate::source::health::Check;

/// A checked deck.
#[derive(Clone, Debug)]
pub struct Deck {
    /// Its name, for the header.
    pub name: Text,
    /// Its main file.
    pub path: PathBuf,
    /// In the order of the file.
    pub environments: Vec<EnvironmentDeck>,
}

/// One environment and its probes.
#[derive(Clone, Debug)]
pub struct EnvironmentDeck {
    /// What the store and the screen know of it.
    pub environment: Environment,
    /// What runs.
    pub probes: Vec<Arc<Probe>>,
}

/// One probe, ready to run.
#[derive(Debug)]
pub struct Probe {
    /// What the store and the screen know of it.
    pub info: ProbeSpec,
    /// A slower pass counts as degraded.
    pub degraded: Option<Duration>,
    /// The host through which it looks.
    pub via: Option<HostId>,
    /// Whether the deck says not to run it.
    pub paused: bool,
    /// How it looks.
    pub check: Arc<dyn Check>,
}

impl Probe {
    /// Whether the two look in the same way, so that a reload may leave it running.
    pub fn is_same(&self, other: &Probe) -> bool {
        format!("{self:?}") == format!("{other:?}")
    }
}

impl EnvironmentDeck {
    /// An environment of which nothing could be read.
    pub fn broken(id: EnvironmentId) -> Self {
        // Of an environment that cannot be read the worst is assumed: it is protected.
        let environment = Environment {
            id,
            tier: Tier::Production,
            timezone: None,
            doc: None,
            hosts: Vec::new(),
            services: Vec::new(),
            faults: 1,
        };
        Self { environment, probes: Vec::new() }
    }

    /// Counts the errors noted for it so far. With one in it only its name, tier and hosts remain.
    pub fn count_faults(&mut self, faults: &Faults<'_>) {
        self.environment.faults = faults.errors_of(&self.environment.id).max(self.environment.faults.min(1));
        if self.environment.faults > 0 {
            self.environment.services.clear();
            self.probes.clear();
        }
    }
}

impl Deck {
    /// What is expected to run.
    pub fn fleet(&self) -> Fleet {
        Fleet {
            name: self.name.clone(),
            environments: self.environments.iter().map(|e| e.environment.clone()).collect(),
        }
    }

    /// Every probe.
    pub fn probes(&self) -> impl Iterator<Item = &Arc<Probe>> {
        self.environments.iter().flat_map(|e| &e.probes)
    }

    /// This deck after a reload: an environment that has errors now goes on as it last was, marked with their number.
    #[must_use]
    pub fn succeeded_by(&self, mut newer: Deck) -> Deck {
        for environment in &mut newer.environments {
            if environment.environment.faults == 0 {
                continue;
            }
            let last = self.environments.iter().find(|e| e.environment.id == environment.environment.id);
            if let Some(last) = last.filter(|l| !l.environment.services.is_empty()) {
                let faults = environment.environment.faults;
                *environment = last.clone();
                environment.environment.faults = faults;
            }
        }
        newer
    }
}
