//! Health: what samples add up to. Derived, never stored.

use serde::{Deserialize, Serialize};

use super::probe::Outcome;

/// The state of a probe, a service or an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// As it should be.
    Healthy,
    /// Deliberately not observed.
    Paused,
    /// Works, but not as it should.
    Degraded,
    /// Was observed once, but too long ago to trust.
    Stale,
    /// Cannot be observed, or not yet.
    Unknown,
    /// Does not work.
    Unhealthy,
}

impl Health {
    /// Every state, best first.
    pub const ALL: [Health; 6] =
        [Health::Healthy, Health::Paused, Health::Degraded, Health::Stale, Health::Unknown, Health::Unhealthy];

    /// The word used on the screen and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Health::Healthy => "healthy",
            Health::Paused => "paused",
            Health::Degraded => "degraded",
            Health::Stale => "stale",
            Health::Unknown => "unknown",
            Health::Unhealthy => "unhealthy",
        }
    }

    /// How much a look is needed; 0 is calm.
    pub fn rank(self) -> u8 {
        match self {
            Health::Healthy => 0,
            Health::Paused => 1,
            Health::Degraded => 2,
            Health::Stale => 3,
            Health::Unknown => 4,
            Health::Unhealthy => 5,
        }
    }

    /// The state that needs a look most.
    #[must_use]
    pub fn worst(self, other: Health) -> Health {
        if self.rank() >= other.rank() { self } else { other }
    }
}

impl From<Outcome> for Health {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Pass => Health::Healthy,
            Outcome::Degraded => Health::Degraded,
            Outcome::Fail => Health::Unhealthy,
            Outcome::Unknown => Health::Unknown,
        }
    }
}
