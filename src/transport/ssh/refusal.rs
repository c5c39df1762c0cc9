//! Why there is no connection to a host, and what follows from it: whether and when it is tried again.

use std::time::Duration;

use crate::model::{Ask, LinkState, Text, Trouble};

/// An attempt that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Why, as a word.
    pub trouble: Trouble,
    /// Why, as a sentence without a full stop.
    pub cause: Text,
    /// What a person can do.
    pub ask: Option<Box<Ask>>,
    /// The host key that a person is asked about.
    pub key: Option<Box<Offered>>,
    /// What to look at and to type where nothing is asked.
    pub remedy: Option<Text>,
}

/// A host key that a server showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offered {
    /// The name it would be known under.
    pub name: String,
    /// The port.
    pub port: u16,
    /// The key in wire format.
    pub blob: Vec<u8>,
}

/// When to try again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Soon, later and later.
    Soon,
    /// Now and then: the host may be put right, and trying does it no harm.
    Slowly,
    /// When a person asks for it: trying again may lock the user out.
    OnDemand,
}

impl Refusal {
    /// A refusal that nobody is asked about.
    pub fn new(trouble: Trouble, cause: impl AsRef<str>) -> Self {
        Self { trouble, cause: Text::line_at_most(cause.as_ref(), 400), ask: None, key: None, remedy: None }
    }

    /// When to try again.
    pub fn again(&self) -> Again {
        match self.trouble {
            Trouble::Authentication | Trouble::Passphrase | Trouble::Settings => Again::OnDemand,
            Trouble::HostKeyUnknown
            | Trouble::HostKeyChanged
            | Trouble::HostKeyRevoked
            | Trouble::Algorithms
            | Trouble::Exec => Again::Slowly,
            _ => Again::Soon,
        }
    }

    /// What it means for the connection.
    pub fn state(&self) -> LinkState {
        if self.again() == Again::Soon { LinkState::Lost } else { LinkState::Refused }
    }
}

/// Between two attempts where waiting costs nothing.
pub const SLOWLY: Duration = Duration::from_secs(20);

/// The pause before the next attempt after so many that failed: half a second, then twice as long each time, at most ten
/// seconds, up to a fifth more or less by chance, so that hosts that fell together do not all rise together.
pub fn pause(failed: u32, chance: f64) -> Duration {
    let base =
        Duration::from_millis(500).saturating_mul(1 << failed.saturating_sub(1).min(5)).min(Duration::from_secs(10));
    base.mul_f64(0.8 + 0.4 * chance.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_ten_seconds_and_differ_by_chance() {
        let pauses: Vec<u128> = (1..8).map(|n| pause(n, 0.5).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert!(pause(1, 0.0) < pause(1, 1.0));
    }

    #[test]
    fn nobody_is_locked_out_by_trying_again() {
        assert_eq!(Refusal::new(Trouble::Authentication, "").again(), Again::OnDemand);
        assert_eq!(Refusal::new(Trouble::HostKeyChanged, "").again(), Again::Slowly);
        assert_eq!(Refusal::new(Trouble::NoAnswer, "").again(), Again::Soon);
    }
}
