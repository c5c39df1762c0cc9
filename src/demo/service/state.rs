//! What a playing service knows: who it is, who the others are, and how it is doing by the programme or by request.
//! Lives on one thread, hence the cells.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::super::programme::{self, Condition, FaultKind};
use super::super::shop::Role;
use super::super::wire::Briefing;
use super::super::yard::Release;
use super::diary::Diary;

/// The number of the first order of a demo.
const FIRST_ORDER: u64 = 20_400;

/// What the console asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wish {
    /// Nothing: the programme decides.
    None,
    /// To stay so until told otherwise.
    Be(Condition),
    /// To be well until the act that was on has ended.
    WellUntil(Duration),
}

/// A service at work.
pub struct State {
    /// What it plays.
    pub role: &'static Role,
    /// Where.
    pub environment: String,
    /// What control requests must carry.
    pub token: String,
    /// The ports of the others.
    pub peers: BTreeMap<String, u16>,
    /// The release that runs: read once, at the start, as programs are.
    pub release: Release,
    /// Where it writes what happens.
    pub diary: Diary,
    /// The data without which it does not work.
    entries: Option<PathBuf>,
    began: Instant,
    before: Duration,
    wish: Cell<Wish>,
    reports: Cell<u64>,
    orders: Cell<u64>,
    crash: CancellationToken,
}

impl State {
    /// A service that begins now.
    pub fn new(environment: &str, role: &'static Role, place: &Path, briefing: Briefing) -> Self {
        let release = Release::current(place).unwrap_or_else(|| Release {
            version: role.version(environment).to_owned(),
            fault: Some("there is no release under `current`".to_owned()),
        });
        Self {
            release,
            diary: Diary::open(role, place),
            entries: role.keeps_entries.then(|| place.join("data/entries.csv")),
            role,
            environment: environment.to_owned(),
            token: briefing.token,
            peers: briefing.peers,
            began: Instant::now(),
            before: Duration::from_millis(briefing.elapsed),
            wish: Cell::new(Wish::None),
            reports: Cell::new(0),
            // One a second would be more than there are, so a number comes once, also after a crash.
            orders: Cell::new(FIRST_ORDER + briefing.elapsed / 1000),
            crash: CancellationToken::new(),
        }
    }

    /// Why it cannot do its work whatever the programme says.
    pub fn trouble(&self) -> Option<(&'static str, String)> {
        if let Some(fault) = &self.release.fault {
            return Some(("release", format!("{}: {fault}", self.release.version)));
        }
        let entries = self.entries.as_ref()?;
        let is_there = std::fs::metadata(entries).is_ok_and(|m| m.len() > 0);
        (!is_there).then(|| ("entries", format!("{} is missing or empty", entries.display())))
    }

    /// How it is doing now.
    pub fn condition(&self) -> Condition {
        let elapsed = self.elapsed();
        match self.wish.get() {
            Wish::Be(condition) => condition,
            Wish::WellUntil(end) if elapsed < end => Condition::Well,
            _ => programme::condition(&self.environment, self.role.name, elapsed),
        }
    }

    /// Takes a wish of the console.
    pub fn take(&self, kind: FaultKind) {
        let wish = match kind {
            FaultKind::Crash => return self.crash.cancel(),
            FaultKind::Slow => Wish::Be(Condition::Slow),
            FaultKind::Hang => Wish::Be(Condition::Hung),
            FaultKind::Degrade => Wish::Be(Condition::Degraded),
            FaultKind::Recover => {
                Wish::WellUntil(programme::end_of_act(&self.environment, self.role.name, self.elapsed()))
            }
        };
        self.wish.set(wish);
    }

    /// Returns when it is time to crash, by the programme or by request.
    pub async fn crashed(&self) {
        let elapsed = self.elapsed();
        let programme = async {
            match programme::next_crash(&self.environment, self.role.name, elapsed) {
                Some(at) => tokio::time::sleep_until(self.began + at.saturating_sub(self.before)).await,
                None => std::future::pending().await,
            }
        };
        let request = async {
            self.crash.cancelled().await;
            // The request that asked for it is still to be answered.
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        tokio::select! { () = programme => {} () = request => {} }
    }

    /// How long the service's own part of the next report takes.
    pub fn next_latency(&self) -> Duration {
        let count = self.reports.get();
        self.reports.set(count.wrapping_add(1));
        let latency = self.role.latency(&self.environment, count);
        match self.condition() {
            // Late enough to be seen, early enough for the time limits of the deck.
            Condition::Slow => latency + Duration::from_millis(700) + latency.min(Duration::from_millis(40)) * 10,
            _ => latency,
        }
    }

    /// The number of the next order.
    pub fn next_order(&self) -> u64 {
        let number = self.orders.get();
        self.orders.set(number.wrapping_add(1));
        number
    }

    fn elapsed(&self) -> Duration {
        self.before + self.began.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(elapsed: u64) -> State {
        let briefing = Briefing { token: "t".into(), elapsed, peers: BTreeMap::new() };
        let place = tempfile::tempdir().unwrap();
        State::new("staging", Role::of("staging", "inventory").unwrap(), place.path(), briefing)
    }

    #[tokio::test(start_paused = true)]
    async fn a_recovery_holds_until_the_act_has_ended_and_then_the_programme_goes_on() {
        let state = inventory(10_000);
        assert_eq!(state.condition(), Condition::Degraded);
        state.take(FaultKind::Recover);
        assert_eq!(state.condition(), Condition::Well);
        tokio::time::advance(programme::PERIOD).await;
        assert_eq!(state.condition(), Condition::Degraded);
    }

    #[tokio::test(start_paused = true)]
    async fn a_fault_by_request_stays_until_recovery() {
        let state = inventory(60_000);
        state.take(FaultKind::Hang);
        tokio::time::advance(programme::PERIOD * 3).await;
        assert_eq!(state.condition(), Condition::Hung);
        state.take(FaultKind::Recover);
        assert_eq!(state.condition(), Condition::Well);
    }

    #[tokio::test(start_paused = true)]
    async fn a_crash_comes_at_its_time_even_when_the_process_began_later_than_the_demo() {
        let briefing = Briefing { token: "t".into(), elapsed: 53_000, peers: BTreeMap::new() };
        let place = tempfile::tempdir().unwrap();
        let state = State::new("production", Role::of("production", "ledger").unwrap(), place.path(), briefing);
        let began = Instant::now();
        state.crashed().await;
        assert_eq!(began.elapsed().as_secs(), 45 + 180 - 53);
    }

    #[tokio::test(start_paused = true)]
    async fn slow_reports_stay_within_the_time_limit_of_the_deck() {
        let briefing = Briefing { token: "t".into(), elapsed: 20_000, peers: BTreeMap::new() };
        let place = tempfile::tempdir().unwrap();
        let state = State::new("staging", Role::of("staging", "search").unwrap(), place.path(), briefing);
        assert_eq!(state.condition(), Condition::Slow);
        let latencies: Vec<Duration> = (0..100).map(|_| state.next_latency()).collect();
        assert!(latencies.iter().all(|l| (900..1800).contains(&l.as_millis())), "{latencies:?}");
    }
}
