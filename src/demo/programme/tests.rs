//! The programme, read as a viewer would see it.

use super::super::shop::{self, Role};
use super::*;

fn seconds(s: u64) -> Duration {
    Duration::from_secs(s)
}

fn troubled(environment: &str, at: Duration) -> bool {
    shop::services()
        .iter()
        .any(|id| id.environment.as_str() == environment && condition(environment, &id.name, at) != Condition::Well)
}

#[test]
fn staging_shows_something_within_twenty_seconds_and_production_begins_calm() {
    assert!((0..20).any(|s| troubled(STAGING, seconds(s))));
    assert!((0..25).all(|s| !troubled(PRODUCTION, seconds(s))));
    assert_eq!(condition(PRODUCTION, "orders", seconds(25)), Condition::Degraded);
}

#[test]
fn a_service_of_production_that_others_need_crashes_once_a_period() {
    let first = next_crash(PRODUCTION, "ledger", Duration::ZERO).unwrap();
    assert_eq!(first, seconds(45));
    assert_eq!(next_crash(PRODUCTION, "ledger", first), Some(first + PERIOD));
    assert_eq!(next_crash(PRODUCTION, "ledger", seconds(44)), Some(first));
    assert_eq!(next_crash(PRODUCTION, "ledger", first + super::super::AWAY), Some(first + PERIOD));
    assert_eq!(next_crash(PRODUCTION, "storefront", Duration::ZERO), None);
}

#[test]
fn every_period_is_like_the_first() {
    for id in shop::services() {
        let (environment, service) = (id.environment.as_str(), &id.name);
        for s in 0..PERIOD.as_secs() {
            let now = condition(environment, service, seconds(s));
            assert_eq!(now, condition(environment, service, seconds(s) + PERIOD * 7), "{id} at {s}");
            let crash = next_crash(environment, service, seconds(s));
            assert_eq!(crash.map(|c| c + PERIOD), next_crash(environment, service, seconds(s) + PERIOD));
        }
    }
}

#[test]
fn an_act_ends_when_the_programme_says() {
    let later = seconds(26) + PERIOD;
    assert_eq!(end_of_act(PRODUCTION, "orders", later), seconds(42) + PERIOD);
    assert_eq!(condition(PRODUCTION, "orders", seconds(42)), Condition::Well);
    assert_eq!(end_of_act(PRODUCTION, "ledger", later), later);
}

#[test]
fn the_programme_names_only_services_of_the_shop_and_lies_within_the_period() {
    for Act(environment, service, from, until, _) in ACTS {
        assert!(Role::of(environment, service).is_some(), "{environment}/{service}");
        assert!(from < until && *until < PERIOD.as_secs());
    }
    for (environment, service, at) in CRASHES {
        assert!(Role::of(environment, service).is_some(), "{environment}/{service}");
        assert!(*at < PERIOD.as_secs());
    }
}

#[test]
fn every_fault_is_found_by_its_word() {
    for kind in FaultKind::ALL {
        assert_eq!(kind.word().parse(), Ok(kind));
    }
    assert!("explode".parse::<FaultKind>().is_err());
}
