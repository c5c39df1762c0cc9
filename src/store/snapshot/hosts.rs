//! The document that `qd hosts --json` prints: the hosts of a deck and what they ask a person for.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::{HostSnapshot, host_snapshot};
use crate::model::Ask;
use crate::store::Store;

/// Every host at one moment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct HostsSnapshot {
    /// The version of this shape: 1.
    pub schema: u32,
    /// The deck's name.
    pub deck: String,
    /// When it was drawn up.
    pub at: Timestamp,
    /// In the order of the deck.
    pub hosts: Vec<PlacedHost>,
}

/// A host and where it belongs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PlacedHost {
    /// The name of its environment.
    pub environment: String,
    /// The host.
    #[serde(flatten)]
    pub host: HostSnapshot,
}

/// What a person is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "for", rename_all = "kebab-case")]
pub enum AskSnapshot {
    /// Whether this host key is right: the host's, or that of a host on the way to it.
    Trust {
        /// The name the key would be known under.
        name: String,
        /// `ssh-ed25519` and the like.
        kind: String,
        /// `SHA256:…` as OpenSSH prints it.
        fingerprint: String,
    },
    /// The passphrase of a key file.
    Passphrase {
        /// The file.
        file: String,
    },
}

impl From<&Ask> for AskSnapshot {
    fn from(ask: &Ask) -> Self {
        match ask {
            Ask::Trust { name, kind, fingerprint } => {
                Self::Trust { name: name.to_string(), kind: kind.to_string(), fingerprint: fingerprint.to_string() }
            }
            Ask::Passphrase { file } => Self::Passphrase { file: file.to_string() },
        }
    }
}

impl HostsSnapshot {
    /// Draws up all hosts of the store.
    pub fn of(store: &Store, now: Timestamp) -> Self {
        let placed = |environment: &crate::model::Environment| {
            let name = environment.id.to_string();
            let hosts = store
                .hosts(environment)
                .map(move |host| PlacedHost { environment: name.clone(), host: host_snapshot(host) });
            hosts.collect::<Vec<_>>()
        };
        let hosts = store.environments().iter().flat_map(placed).collect();
        Self { schema: 1, deck: store.name().to_string(), at: now, hosts }
    }
}
