//! Identities. Everything on the screen is selected by one of these, never by its row, so that a refresh cannot move
//! a target. Cheap to clone; ordered by name.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::text::Text;

/// The name of an environment, unique in a deck.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct EnvironmentId(Arc<str>);

impl EnvironmentId {
    /// An identity from a name as written in the deck.
    pub fn new(name: &str) -> Self {
        Self(clean(name))
    }

    /// The name as written in the deck.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identity of a service of this environment.
    pub fn service(&self, name: &str) -> ServiceId {
        ServiceId { environment: self.clone(), name: clean(name) }
    }

    /// The identity of a host of this environment.
    pub fn host(&self, name: &str) -> HostId {
        HostId { environment: self.clone(), name: clean(name) }
    }
}

/// A service in its environment; written `environment/service`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ServiceId {
    /// Where it runs.
    pub environment: EnvironmentId,
    /// Its name in the deck, unique in the environment.
    pub name: Arc<str>,
}

impl ServiceId {
    /// The identity of a probe of this service.
    pub fn probe(&self, name: &str) -> ProbeId {
        ProbeId { service: self.clone(), name: clean(name) }
    }
}

/// A probe of a service; written `environment/service/probe`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProbeId {
    /// The service it observes.
    pub service: ServiceId,
    /// Its name in the deck, unique in the service.
    pub name: Arc<str>,
}

/// A host in its environment; written `environment/host`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HostId {
    /// The environment that names it.
    pub environment: EnvironmentId,
    /// Its name in the deck, unique in the environment.
    pub name: Arc<str>,
}

impl fmt::Display for EnvironmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ServiceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.environment, self.name)
    }
}

impl fmt::Display for ProbeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.service, self.name)
    }
}

impl fmt::Display for HostId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.environment, self.name)
    }
}

/// Identities are printed everywhere; a name that is a fault is printed too, in what tells of it.
fn clean(name: &str) -> Arc<str> {
    Text::line_at_most(name, 80).as_str().into()
}

macro_rules! debug_as_display {
    ($($id:ty),*) => {$(
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    )*};
}
debug_as_display!(EnvironmentId, ServiceId, ProbeId, HostId);
