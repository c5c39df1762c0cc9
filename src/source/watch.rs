//! One probe, over and over: waits, looks, reports. A change is looked at again soon, so that rise and fall counts
//! are met within about one interval.

use std::panic::AssertUnwindSafe;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::{Notify, mpsc, watch};
use tokio::time::Instant;

use super::{Surroundings, ask};
use crate::config::Probe;
use crate::model::{Link, Observation, Outcome, Trouble};
use crate::store::Event;

/// First looks are spread over this long, so that a thousand probes do not start in one instant.
const SPREAD: Duration = Duration::from_millis(250);
/// A changed outcome is confirmed after this long, or a quarter of the interval when that is shorter.
const CONFIRM: Duration = Duration::from_secs(1);
/// What did not pass is looked at again after this long at the latest.
const AGAIN: Duration = Duration::from_mins(1);
/// And after this long where it is looked at through a host.
const AGAIN_THROUGH: Duration = Duration::from_secs(10);
/// Rest of a probe that panicked.
const REST: Duration = Duration::from_secs(10);

/// The task of one probe.
pub struct Watch {
    pub probe: Arc<Probe>,
    pub surroundings: Surroundings,
    pub outbox: mpsc::Sender<Event>,
    pub now: Arc<Notify>,
}

/// What is reported of a check that panicked.
pub fn broken() -> Observation {
    Observation::unknown("this probe failed inside Quarterdeck, which is a bug; see quarterdeck.log")
}

impl Watch {
    /// Runs until dropped.
    pub async fn run(self) {
        while let Err(_panic) = AssertUnwindSafe(self.watch()).catch_unwind().await {
            self.report(broken()).await;
            tokio::time::sleep(REST).await;
        }
    }

    async fn watch(&self) {
        let info = &self.probe.info;
        // What one command can answer is asked for at the same moment.
        let host = info.via.as_ref().filter(|_| self.probe.check.glances());
        let seed = host.map_or_else(|| seed(&info.id.to_string()), |host| seed(&host.to_string()));
        let mut rhythm = Rhythm::default();
        let mut round = 0_u64;
        let hosts = &self.surroundings.hosts;
        let mut line = info.via.as_ref().and_then(|host| hosts.get(host)).map(|host| host.keeper().link());
        let mut was_there = false;
        let mut wait = SPREAD.min(info.every).mul_f64(fraction(seed));
        while !self.outbox.is_closed() {
            let due = Instant::now() + wait;
            tokio::select! {
                () = tokio::time::sleep_until(due) => {}
                () = self.now.notified() => {}
                // What is known of a host that is lost, or back, is not known of what was seen through it.
                () = turned(line.as_mut(), was_there), if round > 0 => {}
            }
            let started = Instant::now();
            // The semaphore is never closed, so a failure cannot happen; looking unbounded would be the lesser evil.
            let slot = self.surroundings.slots.acquire().await.ok();
            let seen = ask(&self.probe, &self.surroundings).await;
            drop(slot);
            round = round.wrapping_add(1);
            was_there = seen.blocked_by.is_none();
            wait = if rhythm.needs_another(seen.outcome, info.rise, info.fall) {
                CONFIRM.min(info.every / 4)
            } else if host.is_some() {
                in_step(Instant::now(), info.every, fraction(seed))
            } else {
                // Up to 5 % early or late, so that probes that met once part again.
                let jitter = 0.95 + 0.1 * fraction(seed.wrapping_add(round.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
                info.every.mul_f64(jitter).saturating_sub(started.elapsed())
            };
            // What went wrong may have been the way there, and one that looks once an hour must not say so for an hour.
            if seen.outcome != Outcome::Pass {
                wait = wait.min(if info.via.is_some() { AGAIN_THROUGH } else { AGAIN });
            }
            self.report(seen).await;
        }
    }

    async fn report(&self, observation: Observation) {
        let probe = self.probe.info.id.clone();
        let at = (self.surroundings.clock)();
        let event = Event::SampleTaken { probe, at, observation: Box::new(observation) };
        // Samples wait for room. An error means that the console is leaving.
        self.outbox.send(event).await.ok();
    }
}

/// Returns when a host that was there is lost, or one that was not is back; never where there is none.
async fn turned(line: Option<&mut watch::Receiver<Link>>, was_there: bool) {
    let Some(line) = line else { return std::future::pending().await };
    let is_there = |link: &Link| link.state.is_up() && link.trouble != Some(Trouble::Silent);
    if line.wait_for(|link| is_there(link) != was_there).await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Follows the level that the store confirms, to hurry while a change is in doubt and at no other time.
#[derive(Debug, Default)]
struct Rhythm {
    level: Option<Outcome>,
    /// Looks in a row that contradict the level.
    against: u32,
}

impl Rhythm {
    /// Takes an outcome in; whether it still needs to be confirmed. A flapping target is not looked at more often
    /// than once beyond its pace for each change.
    fn needs_another(&mut self, outcome: Outcome, rise: u32, fall: u32) -> bool {
        let level = *self.level.get_or_insert(outcome);
        if outcome == level {
            self.against = 0;
            return false;
        }
        self.against = self.against.saturating_add(1);
        if self.against >= if outcome == Outcome::Pass { rise } else { fall } {
            self.level = Some(outcome);
            self.against = 0;
        }
        self.against > 0
    }
}

/// From now to the next step of all that look this often and started with the same seed.
fn in_step(now: Instant, every: Duration, seed: f64) -> Duration {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let (since, every) = (now.saturating_duration_since(*START).as_nanos(), every.as_nanos().max(1));
    let offset = (every as f64 * seed) as u128;
    let into = (since + every - offset % every) % every;
    Duration::from_nanos(u64::try_from(every - into).unwrap_or(u64::MAX))
}

/// A number that is the same for the same name in every run (FNV-1a).
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

/// 0 ≤ fraction < 1, evenly spread (the finisher of SplitMix64).
fn fraction(seed: u64) -> f64 {
    let mut z = seed;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_confirmed_soon_and_a_steady_state_is_not() {
        let mut rhythm = Rhythm::default();
        assert!(!rhythm.needs_another(Outcome::Pass, 2, 3));
        assert!(!rhythm.needs_another(Outcome::Pass, 2, 3));
        assert!(rhythm.needs_another(Outcome::Fail, 2, 3));
        assert!(rhythm.needs_another(Outcome::Fail, 2, 3));
        assert!(!rhythm.needs_another(Outcome::Fail, 2, 3));
        assert!(rhythm.needs_another(Outcome::Pass, 2, 3));
        assert!(!rhythm.needs_another(Outcome::Pass, 2, 3));
    }

    #[test]
    fn a_flapping_target_is_not_hurried_for_ever() {
        let mut rhythm = Rhythm::default();
        rhythm.needs_another(Outcome::Pass, 2, 2);
        let flapping = [Outcome::Fail, Outcome::Pass].into_iter().cycle().take(20);
        let hurried = flapping.filter(|outcome| rhythm.needs_another(*outcome, 2, 2)).count();
        assert_eq!(hurried, 10);
        assert!(rhythm.needs_another(Outcome::Fail, 2, 2));
        assert!(!rhythm.needs_another(Outcome::Degraded, 2, 2), "bad in different ways is bad in a row");
    }

    #[test]
    fn probes_of_one_host_look_in_step_whenever_they_began() {
        let every = Duration::from_secs(10);
        // All steps count from the first look of the console.
        in_step(Instant::now(), every, 0.0);
        let now = Instant::now();
        let later = now + Duration::from_millis(3210);
        let next = |at: Instant, seed| at + in_step(at, every, seed);
        assert_eq!(next(now + Duration::from_millis(1), 0.5), next(now + Duration::from_millis(1), 0.5));
        let apart = next(later, 0.3).saturating_duration_since(next(now, 0.3));
        assert!(apart.is_zero() || apart == every, "{apart:?}");
        assert!((1..=20).all(|n| in_step(now + every * n, every, 0.7) <= every));
    }

    #[test]
    fn probes_are_spread_evenly() {
        let at: Vec<f64> = (0..1000).map(|n| fraction(n * 7919)).collect();
        let early = at.iter().filter(|f| **f < 0.5).count();
        assert!(at.iter().all(|f| (0.0..1.0).contains(f)) && (400..600).contains(&early), "{early}");
    }
}
