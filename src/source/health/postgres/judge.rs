//! What a PostgreSQL server's answer means. Pure.
//!
//! Lag has four traps, all measured on real servers: on an idle primary `replay_lag` is empty, which means caught up,
//! and a standby's last transaction grows old without any lag; on a standby whose primary died, received and replayed
//! are equal, which looks like no lag at all; a standby that is down has no row on its primary; and to
//! a role without `pg_monitor` every lag is empty, which proves nothing. So: no lag only if a
//! receiver streams and all is replayed, else the age of the last transaction, and without a receiver "disconnected".

use std::time::Duration;

use super::answer::Answer;
use crate::model::{Observation, Outcome};
use crate::transport::human;

/// Which end of replication a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Takes writes.
    Primary,
    /// Follows a primary.
    Standby,
}

impl Role {
    fn word(self) -> &'static str {
        match self {
            Role::Primary => "primary",
            Role::Standby => "standby",
        }
    }
}

/// What is expected of a server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The role it should have.
    pub role: Option<Role>,
    /// How many standbys should stream from it.
    pub standbys: Option<i64>,
    /// A lag from here on is degraded.
    pub lag_degraded: Option<Duration>,
    /// A lag from here on has failed.
    pub lag_fail: Option<Duration>,
    /// Per cent of the connections from which on it is degraded.
    pub connections_degraded: i64,
    /// Per cent of the connections from which on it has failed.
    pub connections_fail: i64,
}

/// How far a standby is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lag {
    /// At least this far behind, at most a moment more.
    Behind(Duration),
    /// Behind, but nobody knows how far.
    Unmeasured,
    /// The role that asks may not see it.
    Hidden,
    /// Not connected to its primary; the last transaction is this old.
    Disconnected(Option<Duration>),
    /// There is nothing to measure: a primary without standbys.
    None,
}

/// The lag that an answer tells of.
pub fn lag(answer: &Answer) -> Lag {
    if !answer.standby {
        return match (answer.standbys, answer.replay_lag, answer.behind) {
            _ if answer.hidden > 0 => Lag::Hidden,
            (0, _, _) => Lag::None,
            (_, Some(lag), _) => Lag::Behind(lag),
            (_, None, Some(1..)) => Lag::Unmeasured,
            (_, None, _) => Lag::Behind(Duration::ZERO),
        };
    }
    match (&answer.receiver, answer.replayed) {
        (None, replayed) => Lag::Disconnected(replayed),
        (Some(state), _) if state == "streaming" && answer.caught_up => Lag::Behind(Duration::ZERO),
        (Some(_), Some(age)) => Lag::Behind(age),
        (Some(_), None) => Lag::Unmeasured,
    }
}

/// The judgement with its facts.
pub fn judge(answer: &Answer, limits: &Limits) -> Observation {
    let mut seen = Observation::new(Outcome::Pass);
    let role = if answer.standby { Role::Standby } else { Role::Primary };
    if let Some(expected) = limits.role
        && expected != role
    {
        seen.worsen(Outcome::Fail, format!("it is a {}, but should be the {}", role.word(), expected.word()));
    }
    let lag = lag(answer);
    judge_lag(&mut seen, lag, limits);
    if !answer.standby {
        judge_standbys(&mut seen, answer, lag, limits);
    }
    judge_connections(&mut seen, answer, limits);
    add_facts(seen, answer, role, lag)
}

fn judge_standbys(seen: &mut Observation, answer: &Answer, lag: Lag, limits: &Limits) {
    let is_hidden = lag == Lag::Hidden;
    let missing = limits.standbys.filter(|expected| answer.standbys < *expected);
    if let Some(expected) = missing {
        // A sender that hides its state may be no standby at all.
        let most = if is_hidden { "at most " } else { "" };
        seen.worsen(Outcome::Degraded, format!("{most}{} of {expected} standbys connected", answer.standbys));
    }
    let asks_for_lag = limits.lag_degraded.is_some() || limits.lag_fail.is_some();
    if is_hidden && (asks_for_lag || (limits.standbys.is_some() && missing.is_none())) {
        seen.worsen(
            Outcome::Unknown,
            match &answer.user {
                Some(user) => format!("the role {user} cannot see replication lag; grant pg_monitor to {user}"),
                None => "this role cannot see replication lag; grant it pg_monitor".to_owned(),
            },
        );
    }
}

fn judge_lag(seen: &mut Observation, lag: Lag, limits: &Limits) {
    let outcome_of = |lag: Duration| match (limits.lag_degraded, limits.lag_fail) {
        (_, Some(limit)) if lag >= limit => Some((Outcome::Fail, limit)),
        (Some(limit), _) if lag >= limit => Some((Outcome::Degraded, limit)),
        _ => None,
    };
    match lag {
        Lag::Behind(lag) => {
            if let Some((outcome, limit)) = outcome_of(lag) {
                let words = format!("replication is {} behind (limit {})", whole(lag), human(limit));
                seen.worsen(outcome, words);
            }
        }
        Lag::Disconnected(age) => {
            let outcome = age.and_then(outcome_of).map_or(Outcome::Degraded, |(outcome, _)| outcome);
            let last = age.map(|a| format!("; its last transaction is {} old", whole(a)));
            seen.worsen(outcome, format!("disconnected from its primary{}", last.unwrap_or_default()));
        }
        Lag::Unmeasured | Lag::Hidden | Lag::None => {}
    }
}

fn judge_connections(seen: &mut Observation, answer: &Answer, limits: &Limits) {
    let (Some(used), Some(limit @ 1..)) = (answer.used, answer.limit) else { return };
    let percent = used.saturating_mul(100) / limit;
    let words = || format!("{used} of {limit} connections in use ({percent}%)");
    if percent >= limits.connections_fail {
        seen.worsen(Outcome::Fail, words());
    } else if percent >= limits.connections_degraded {
        seen.worsen(Outcome::Degraded, words());
    }
}

fn add_facts(mut seen: Observation, answer: &Answer, role: Role, lag: Lag) -> Observation {
    // `15.8 (Debian 15.8-0+deb12u1)`: the package is of no interest here.
    let version = answer.version.as_deref().map(|v| v.split(" (").next().unwrap_or(v));
    seen.version = version.map(Into::into);
    if let Some(version) = version {
        seen = seen.fact("version", version);
    }
    seen = seen.fact("role", role.word());
    if let (Some(used), Some(limit)) = (answer.used, answer.limit) {
        seen = seen.fact("connections", format!("{used} of {limit}"));
    }
    seen = match lag {
        Lag::Behind(lag) => seen.fact("lag", whole(lag)),
        Lag::Unmeasured => seen.fact("lag", "not measured yet"),
        Lag::Hidden => seen.fact("lag", "not visible"),
        Lag::Disconnected(_) => seen.fact("lag", "disconnected"),
        Lag::None => seen,
    };
    if !answer.standby {
        seen = seen.fact("standbys", answer.standbys.to_string());
    }
    match answer.up {
        Some(up) => seen.fact("up", whole(up)),
        None => seen,
    }
}

/// Lags under ten seconds to a tenth, longer ones in the two largest units.
fn whole(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 if duration.as_millis() < 50 => "0s".into(),
        0..10 => format!("{:.1}s", duration.as_secs_f64()),
        10..120 => format!("{seconds}s"),
        120..7200 => format!("{}m{}s", seconds / 60, seconds % 60),
        7200..172_800 => format!("{}h{}m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{}d{}h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

#[cfg(test)]
mod tests;
