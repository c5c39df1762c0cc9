//! A service: what users call up or down.

use serde::{Deserialize, Serialize};

use super::id::{HostId, ServiceId};
use super::probe::ProbeSpec;
use super::runbook::RunbookKind;
use super::text::Text;

/// A service as declared in the deck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// Its identity.
    pub id: ServiceId,
    /// One line about it.
    pub doc: Option<Text>,
    /// The host it runs on, where the deck says.
    pub host: Option<HostId>,
    /// Its absence does not alarm.
    pub optional: bool,
    /// Services of the same environment that it cannot work without.
    pub depends: Vec<ServiceId>,
    /// Why the deck says not to probe it, if it says so.
    pub paused: Option<Text>,
    /// Runbooks that it names, in the order of the deck.
    pub runbooks: Vec<Offer>,
    /// Its probes, in the order of the deck.
    pub probes: Vec<ProbeSpec>,
}

/// A runbook as a service offers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// Its name.
    pub runbook: std::sync::Arc<str>,
    /// Its title.
    pub title: Text,
    /// What it is for.
    pub kind: RunbookKind,
    /// Why it does not apply; none when it does.
    pub why_not: Option<Text>,
}
