//! Judgements on `recorded.txt`: what `systemctl show` of systemd 252 printed for six units of a booted Debian 12 with
//! memory limits on cgroup v1. One section a unit, headed `== name`.

use super::{Expected, Unit};
use crate::model::{Observation, Outcome};

const RECORDED: &str = include_str!("recorded.txt");

fn seen(unit: &str) -> Observation {
    let sections = RECORDED.split("== ").filter_map(|section| section.split_once('\n'));
    let (_, text) = sections.into_iter().find(|(name, _)| *name == unit).unwrap();
    let name = format!("{unit}.service");
    Unit::parse(text).judge(&name, "vps", Expected::Active, "2026-11-20T16:06:00Z".parse().unwrap())
}

fn told(unit: &str) -> (Outcome, String) {
    let seen = seen(unit);
    (seen.outcome, seen.reason.map(|r| r.to_string()).unwrap_or_default())
}

#[test]
fn a_running_and_a_finished_oneshot_unit_pass() {
    assert_eq!(told("good"), (Outcome::Pass, String::new()));
    assert_eq!(told("once"), (Outcome::Pass, String::new()));
    let facts: Vec<String> = seen("good").facts.iter().map(|f| format!("{} {}", f.name, f.value)).collect();
    assert!(facts.contains(&"memory 172.0 KiB of 64.0 MiB".into()), "{facts:?}");
    assert!(facts.contains(&"tasks 1 of 20".into()), "{facts:?}");
}

#[test]
fn a_crash_loop_is_told_between_two_crashes() {
    let (outcome, reason) = told("crash");
    assert_eq!(outcome, Outcome::Fail);
    assert!(reason.starts_with("crash.service is in a crash loop: exit code 7"), "{reason}");
}

#[test]
fn a_kill_for_memory_an_exit_code_and_a_missing_unit_are_told_apart() {
    assert_eq!(told("hog"), (Outcome::Fail, "hog.service failed: killed by signal 9, perhaps out of memory".into()));
    assert_eq!(told("exit3"), (Outcome::Fail, "exit3.service failed: exit code 3".into()));
    assert_eq!(told("nope"), (Outcome::Unknown, "unit nope.service not found on vps".into()));
}
