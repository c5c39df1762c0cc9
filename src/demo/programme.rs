//! What goes wrong in the demo and when: a table that repeats, read by pure functions of the service and the time
//! since the demo began. Keeps no clock and changes nothing.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::shop::{PRODUCTION, STAGING};

/// After this long everything happens again.
pub const PERIOD: Duration = Duration::from_mins(3);

/// What the console can ask of a demo service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// End with exit code 1; started again after [`super::AWAY`].
    Crash,
    /// Take about a second longer for each report.
    Slow,
    /// Accept and never answer.
    Hang,
    /// Report itself degraded, with a reason.
    Degrade,
    /// Be well again.
    Recover,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 5] =
        [FaultKind::Crash, FaultKind::Slow, FaultKind::Hang, FaultKind::Degrade, FaultKind::Recover];

    /// The word used on the wire.
    pub fn word(self) -> &'static str {
        match self {
            FaultKind::Crash => "crash",
            FaultKind::Slow => "slow",
            FaultKind::Hang => "hang",
            FaultKind::Degrade => "degrade",
            FaultKind::Recover => "recover",
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// There is no fault of that name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such fault; one of crash, slow, hang, degrade, recover")]
pub struct UnknownFault;

impl FromStr for FaultKind {
    type Err = UnknownFault;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        FaultKind::ALL.into_iter().find(|kind| kind.word() == word).ok_or(UnknownFault)
    }
}

/// How a running service is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// As it should be.
    Well,
    /// Answers late.
    Slow,
    /// Accepts and does not answer.
    Hung,
    /// Answers in time that something is not as it should be.
    Degraded,
}

/// One row: in this service, from and until these seconds of the period, this is so.
struct Act(&'static str, &'static str, u64, u64, Condition);

const ACTS: &[Act] = &[
    Act(STAGING, "inventory", 6, 34, Condition::Degraded),
    Act(STAGING, "search", 14, 40, Condition::Slow),
    Act(STAGING, "mail-worker", 72, 96, Condition::Hung),
    Act(STAGING, "payments", 140, 166, Condition::Degraded),
    Act(PRODUCTION, "orders", 25, 42, Condition::Degraded),
    Act(PRODUCTION, "search", 84, 108, Condition::Slow),
    Act(PRODUCTION, "storefront", 120, 136, Condition::Degraded),
    Act(PRODUCTION, "mail-worker", 148, 164, Condition::Hung),
];

/// Who crashes at which second of the period.
const CRASHES: &[(&str, &str, u64)] = &[(PRODUCTION, "ledger", 45), (STAGING, "orders", 112)];

/// How a service is doing by the programme.
pub fn condition(environment: &str, service: &str, elapsed: Duration) -> Condition {
    act(environment, service, elapsed).map_or(Condition::Well, |Act(.., condition)| *condition)
}

/// When the act that is on now ends, counted as `elapsed` is; `elapsed` itself when there is none.
pub fn end_of_act(environment: &str, service: &str, elapsed: Duration) -> Duration {
    let Some(Act(_, _, _, until, _)) = act(environment, service, elapsed) else { return elapsed };
    start_of_period(elapsed) + Duration::from_secs(*until)
}

/// When a service crashes next, later than `elapsed`; none for those that never do.
pub fn next_crash(environment: &str, service: &str, elapsed: Duration) -> Option<Duration> {
    CRASHES
        .iter()
        .filter(|(e, s, _)| *e == environment && *s == service)
        .map(|(_, _, second)| start_of_period(elapsed) + Duration::from_secs(*second))
        .map(|at| if at > elapsed { at } else { at + PERIOD })
        .min()
}

fn act(environment: &str, service: &str, elapsed: Duration) -> Option<&'static Act> {
    let second = elapsed.saturating_sub(start_of_period(elapsed));
    ACTS.iter().find(|Act(e, s, from, until, _)| {
        *e == environment
            && *s == service
            && (Duration::from_secs(*from)..Duration::from_secs(*until)).contains(&second)
    })
}

fn start_of_period(elapsed: Duration) -> Duration {
    Duration::from_secs(elapsed.as_secs() / PERIOD.as_secs() * PERIOD.as_secs())
}

#[cfg(test)]
#[path = "programme/tests.rs"]
mod tests;
