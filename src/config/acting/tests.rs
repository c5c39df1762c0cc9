//! Times at which nothing may be started, over midnight and in the zone of the environment.

use super::*;
use crate::config::policy::peak;

fn policy(peaks: &[&str], zone: &str) -> Policy {
    Policy {
        tier: Tier::Production,
        level: Level::Typed,
        peak: peaks.iter().map(|text| peak(text).unwrap()).collect(),
        timezone: TimeZone::get(zone).unwrap(),
        state: None,
    }
}

fn at(policy: &Policy, time: &str) -> Option<String> {
    policy.peak_at(time.parse().unwrap()).map(|peak| peak.written.clone())
}

#[test]
fn a_peak_holds_on_its_days_in_the_zone_of_the_environment() {
    let policy = policy(&["Mon-Fri 09:00-19:00"], "Europe/Berlin");
    // 2026-07-10 is a Friday; Berlin is two hours ahead then.
    for (time, holds) in [
        ("2026-07-10T06:59:59Z", false),
        ("2026-07-10T07:00:00Z", true),
        ("2026-07-10T16:59:59Z", true),
        ("2026-07-10T17:00:00Z", false),
        ("2026-07-11T10:00:00Z", false),
    ] {
        assert_eq!(at(&policy, time).is_some(), holds, "{time}");
    }
}

#[test]
fn a_peak_over_midnight_belongs_to_the_day_on_which_it_begins() {
    let policy = policy(&["Fri 22:00-02:00"], "UTC");
    for (time, holds) in [
        ("2026-07-10T21:59:00Z", false),
        ("2026-07-10T23:00:00Z", true),
        ("2026-07-11T01:59:00Z", true),
        ("2026-07-11T02:00:00Z", false),
        ("2026-07-10T01:00:00Z", false),
    ] {
        assert_eq!(at(&policy, time).is_some(), holds, "{time}");
    }
}

#[test]
fn days_are_written_as_ranges_and_lists_and_may_be_left_out() {
    let days = |text: &str| peak(text).map(|p| p.days.len());
    assert_eq!(days("Sat-Mon,Wed 09:00-10:00"), Some(4));
    assert_eq!(days("09:00-24:00"), Some(7));
    for bad in
        ["", "Mon", "Mon-Fri", "Mon-Fry 09:00-10:00", "Mon 9-10", "Mon 09:00-09:00", "Mon 09:00-25:00", "9:5-10:00"]
    {
        assert_eq!(peak(bad), None, "{bad}");
    }
}
