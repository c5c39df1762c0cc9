//! The clock: the one place where the wall clock is read. It never goes back, because ages, samples and staleness
//! are computed from it: when the system's clock is set back, time goes on from where it was.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};

/// Tells the time; clones tell the same.
#[derive(Clone, Debug, Default)]
pub struct Now(Arc<Steady>);

#[derive(Debug, Default)]
struct Steady {
    /// The latest wall time seen, in microseconds.
    wall: AtomicI64,
    /// What is added to the wall clock since it was set back.
    shift: AtomicI64,
}

impl Now {
    /// The time.
    #[expect(clippy::disallowed_methods, reason = "the one place where the wall clock is read")]
    pub fn get(&self) -> Timestamp {
        let wall = Timestamp::now();
        self.0.at(wall)
    }

    /// How far the wall clock was set back since the start: what to take off a time to show it as the wall does.
    pub fn set_back(&self) -> SignedDuration {
        SignedDuration::from_micros(self.0.shift.load(Ordering::Acquire))
    }
}

impl Steady {
    /// The time that never goes back, for a reading of the wall clock.
    fn at(&self, wall: Timestamp) -> Timestamp {
        let micros = wall.as_microsecond();
        let before = self.wall.load(Ordering::Acquire);
        // Threads may read in one order and arrive in another; only a real step back counts, and only once.
        if before - micros > STEP {
            if self.wall.compare_exchange(before, micros, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                self.shift.fetch_add(before - micros, Ordering::AcqRel);
            }
        } else {
            self.wall.fetch_max(micros, Ordering::AcqRel);
        }
        let shift = self.shift.load(Ordering::Acquire);
        wall.checked_add(SignedDuration::from_micros(shift)).unwrap_or(wall)
    }
}

/// A reading this much earlier than another is a clock that was set back: half a second, in microseconds.
const STEP: i64 = 500_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_when_the_clock_is_set_back() {
        let steady = Steady::default();
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        assert_eq!(steady.at(at(100)), at(100));
        assert_eq!(steady.at(at(-3500)), at(100));
        assert_eq!(steady.at(at(-3490)), at(110));
        assert_eq!(steady.at(at(0)), at(3600));
    }

    #[test]
    fn a_clock_set_forward_is_followed() {
        let steady = Steady::default();
        let at = |second: i64| Timestamp::from_second(1_800_000_000 + second).unwrap();
        steady.at(at(0));
        assert_eq!(steady.at(at(86_400)), at(86_400));
    }
}
