//! Judgements on answers as real servers gave them.

use super::*;

const OPEN: Limits = Limits {
    role: None,
    standbys: None,
    lag_degraded: None,
    lag_fail: None,
    connections_degraded: 80,
    connections_fail: 95,
};

fn standby() -> Answer {
    Answer {
        version: Some("15.8 (Debian 15.8-0+deb12u1)".into()),
        standby: true,
        receiver: Some("streaming".into()),
        caught_up: true,
        replayed: Some(Duration::from_secs(21)),
        used: Some(3),
        limit: Some(27),
        ..Answer::default()
    }
}

fn why(seen: &Observation) -> &str {
    seen.reason.as_ref().map_or("", |r| r.as_str())
}

#[test]
fn an_idle_primary_makes_no_lag_on_either_side() {
    assert_eq!(lag(&standby()), Lag::Behind(Duration::ZERO));
    let primary = Answer { standbys: 1, behind: Some(0), ..Answer::default() };
    assert_eq!(lag(&primary), Lag::Behind(Duration::ZERO));
}

#[test]
fn a_dead_primary_is_not_zero_lag_on_its_standby() {
    let orphan = Answer { receiver: None, ..standby() };
    let seen = judge(&orphan, &OPEN);
    assert_eq!(seen.outcome, Outcome::Degraded);
    assert_eq!(why(&seen), "disconnected from its primary; its last transaction is 21s old");
    let strict = Limits { lag_fail: Some(Duration::from_secs(20)), ..OPEN };
    assert_eq!(judge(&orphan, &strict).outcome, Outcome::Fail);
    let new = Answer { receiver: None, replayed: None, ..standby() };
    assert_eq!(why(&judge(&new, &OPEN)), "disconnected from its primary");
}

#[test]
fn lag_that_is_hidden_is_not_taken_for_none() {
    let primary = Answer { standbys: 1, hidden: 1, user: Some("looker".into()), ..Answer::default() };
    assert_eq!(lag(&primary), Lag::Hidden);
    let second = Some(Duration::from_secs(1));
    for limits in [
        Limits { lag_fail: second, ..OPEN },
        Limits { lag_degraded: second, ..OPEN },
        Limits { standbys: Some(1), ..OPEN },
        Limits { standbys: Some(2), lag_fail: second, ..OPEN },
    ] {
        let seen = judge(&primary, &limits);
        let words = "the role looker cannot see replication lag; grant pg_monitor to looker";
        assert_eq!((seen.outcome, why(&seen)), (Outcome::Unknown, words), "{limits:?}");
    }
    let seen = judge(&primary, &Limits { standbys: Some(2), ..OPEN });
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Degraded, "at most 1 of 2 standbys connected"));
    let seen = judge(&primary, &OPEN);
    assert_eq!(seen.outcome, Outcome::Pass);
    assert!(seen.facts.iter().any(|f| f.name.as_str() == "lag" && f.value.as_str() == "not visible"));
}

#[test]
fn a_missing_standby_is_told_by_its_primary() {
    let primary = Answer { standbys: 0, ..Answer::default() };
    let seen = judge(&primary, &Limits { standbys: Some(1), ..OPEN });
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Degraded, "0 of 1 standbys connected"));
    assert_eq!(judge(&primary, &OPEN).outcome, Outcome::Pass);
}

#[test]
fn a_standby_that_replays_slowly_is_as_old_as_its_last_transaction() {
    let slow = Answer { caught_up: false, ..standby() };
    let limits = Limits { lag_degraded: Some(Duration::from_secs(10)), lag_fail: Some(Duration::from_mins(5)), ..OPEN };
    let seen = judge(&slow, &limits);
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Degraded, "replication is 21s behind (limit 10s)"));
    assert_eq!(lag(&Answer { caught_up: false, replayed: None, ..standby() }), Lag::Unmeasured);
    // A receiver that waits is connected, but nothing proves that nothing is missing.
    let waiting = Answer { receiver: Some("waiting".into()), ..standby() };
    assert_eq!(lag(&waiting), Lag::Behind(Duration::from_secs(21)));
}

#[test]
fn the_wrong_role_fails() {
    let seen = judge(&standby(), &Limits { role: Some(Role::Primary), ..OPEN });
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Fail, "it is a standby, but should be the primary"));
}

#[test]
fn connections_are_judged_by_their_share() {
    for (used, outcome) in [(79, Outcome::Pass), (80, Outcome::Degraded), (95, Outcome::Fail)] {
        let answer = Answer { used: Some(used), limit: Some(100), ..Answer::default() };
        assert_eq!(judge(&answer, &OPEN).outcome, outcome, "{used}");
    }
    assert_eq!(judge(&Answer { used: Some(1), limit: Some(0), ..Answer::default() }, &OPEN).outcome, Outcome::Pass);
}

#[test]
fn facts_name_version_role_connections_and_lag() {
    let seen = judge(&standby(), &OPEN);
    let facts: Vec<String> = seen.facts.iter().map(|f| format!("{} {}", f.name, f.value)).collect();
    assert_eq!(facts, ["version 15.8", "role standby", "connections 3 of 27", "lag 0s"]);
    assert_eq!(seen.version.unwrap().as_str(), "15.8");
}
