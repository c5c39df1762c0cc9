//! What sources report, in the past tense. The store is a fold over these, so a recording of them replays: keep them
//! serialisable and complete.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::{Fault, Fleet, HostId, Link, Observation, ProbeId, ServiceId, Text};

/// A fact from outside.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Event {
    /// A deck was loaded: what is expected to run. History of what stays is kept.
    FleetLoaded {
        /// All of it.
        fleet: Fleet,
        /// What is wrong with the deck's files.
        faults: Vec<Fault>,
    },
    /// A probe looked.
    SampleTaken {
        /// Which one.
        probe: ProbeId,
        /// When the answer was complete.
        at: Timestamp,
        /// What it saw.
        observation: Box<Observation>,
    },
    /// The connection to a host changed.
    HostLinked {
        /// Which host.
        host: HostId,
        /// When.
        at: Timestamp,
        /// How it stands now.
        link: Link,
    },
    /// Somebody paused the probes of a service in this console.
    ServicePaused {
        /// Which service.
        service: ServiceId,
        /// Since when.
        at: Timestamp,
        /// Why.
        reason: Text,
    },
    /// The probes of a service go on.
    ServiceResumed {
        /// Which service.
        service: ServiceId,
    },
}
