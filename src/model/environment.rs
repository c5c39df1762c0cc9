//! Environments and what is expected to run in them: the part of a deck that the store and the screen need to know.

use serde::{Deserialize, Serialize};

use super::id::{EnvironmentId, HostId};
use super::service::Service;
use super::text::Text;

/// How much a mistake costs here; production is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// A mistake costs nothing.
    Development,
    /// A mistake costs a colleague's time.
    Staging,
    /// A mistake costs customers; starts read-only.
    Production,
}

impl Tier {
    /// Every tier, mildest first.
    pub const ALL: [Tier; 3] = [Tier::Development, Tier::Staging, Tier::Production];

    /// The word used in decks and on the screen.
    pub fn word(self) -> &'static str {
        match self {
            Tier::Development => "development",
            Tier::Staging => "staging",
            Tier::Production => "production",
        }
    }

    /// Protected environments start read-only and must be armed.
    pub fn is_protected(self) -> bool {
        self == Tier::Production
    }
}

/// A host of an environment: an SSH destination.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its identity.
    pub id: HostId,
    /// `user@address`, or an alias of the user's OpenSSH configuration.
    pub destination: Text,
}

/// A named place where services run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its identity.
    pub id: EnvironmentId,
    /// How much a mistake costs.
    pub tier: Tier,
    /// IANA name of the zone its times are shown in; none means UTC.
    pub timezone: Option<String>,
    /// One line about it.
    pub doc: Option<Text>,
    /// Its hosts.
    pub hosts: Vec<Host>,
    /// Its services, in the order of the deck.
    pub services: Vec<Service>,
    /// How many faults of the deck keep its newest text from loading; what is shown then is the last good version.
    pub faults: usize,
}

/// Everything that is expected to run: the store's frame for observed facts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fleet {
    /// The deck's name.
    pub name: Text,
    /// In the order of the deck.
    pub environments: Vec<Environment>,
}
