//! The connection to a host as a fact: how it stands, why, and what a person can do about it. Plain data; what makes
//! connections is in `transport`.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::text::Text;

/// How the connection to a host stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LinkState {
    /// Nothing has asked for this host yet.
    #[default]
    Idle,
    /// The first connection, or one after a person asked for it, is being made.
    Connecting,
    /// Commands run and answers come.
    Live,
    /// Connected, but slow: answers are late or have not come for a while.
    Degraded,
    /// There was a connection or there may be one again: it is tried again by itself.
    Lost,
    /// The host, or this machine in front of it, said no. Tried again only when a person did something about it, or
    /// slowly.
    Refused,
}

impl LinkState {
    /// Every state, best first.
    pub const ALL: [LinkState; 6] = [
        LinkState::Live,
        LinkState::Degraded,
        LinkState::Idle,
        LinkState::Connecting,
        LinkState::Lost,
        LinkState::Refused,
    ];

    /// The word used on the screen and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            LinkState::Idle => "idle",
            LinkState::Connecting => "connecting",
            LinkState::Live => "live",
            LinkState::Degraded => "degraded",
            LinkState::Lost => "lost",
            LinkState::Refused => "refused",
        }
    }

    /// Whether commands run there now.
    pub fn is_up(self) -> bool {
        matches!(self, LinkState::Live | LinkState::Degraded)
    }
}

/// Why a connection is not live, as a word that programs can match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trouble {
    /// The destination or the OpenSSH configuration cannot be used.
    Settings,
    /// The name does not resolve.
    Name,
    /// There is no route.
    Route,
    /// Nothing listens on the port.
    Refused,
    /// The connection was not made in time.
    NoAnswer,
    /// Connected, but no SSH banner came, or something that is none.
    Banner,
    /// The handshake broke off.
    Handshake,
    /// No method in common with the server.
    Algorithms,
    /// The host key is not known.
    HostKeyUnknown,
    /// The host key is another one than the one known.
    HostKeyChanged,
    /// The host key is marked as revoked.
    HostKeyRevoked,
    /// The user was not let in.
    Authentication,
    /// The key file has a passphrase that nobody gave.
    Passphrase,
    /// Commands are not run: a forced command, no shell, a session refused.
    Exec,
    /// The other side closed the connection.
    Closed,
    /// Nothing was heard for too long.
    Silent,
    /// Answers come, but late.
    Slow,
    /// A host on the way there is not reached.
    Hop,
}

/// What a person is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Ask {
    /// Whether this host key is right.
    Trust {
        /// The name the key would be known under: `192.0.2.10`, `[192.0.2.10]:2222`.
        name: Text,
        /// `ssh-ed25519` and the like.
        kind: Text,
        /// `SHA256:…` as OpenSSH prints it.
        fingerprint: Text,
    },
    /// The passphrase of a key file.
    Passphrase {
        /// The file.
        file: Text,
    },
}

impl Ask {
    /// What to type on the host itself to see the fingerprint of a key of this type.
    pub fn proof(kind: &str) -> String {
        let file = match kind {
            "ssh-ed25519" => "ssh_host_ed25519_key.pub",
            "ssh-rsa" | "rsa-sha2-256" | "rsa-sha2-512" => "ssh_host_rsa_key.pub",
            kind if kind.starts_with("ecdsa-sha2-") => "ssh_host_ecdsa_key.pub",
            _ => "ssh_host_*_key.pub",
        };
        format!("ssh-keygen -lf /etc/ssh/{file}")
    }
}

/// The connection to a host at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// How it stands.
    pub state: LinkState,
    /// Why it is not live, as a word.
    pub trouble: Option<Trouble>,
    /// Why it is not live, as a sentence without a full stop.
    pub cause: Option<Text>,
    /// From this report until the next attempt; none when none is planned.
    pub next_in: Option<Duration>,
    /// The newest round trip.
    pub latency: Option<Duration>,
    /// How it is reached: `ops@192.0.2.10:22`, `ops@192.0.2.10:22 through bastion.example.com`.
    pub route: Text,
    /// What a person can do about it.
    pub ask: Option<Ask>,
}
