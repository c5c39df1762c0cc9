//! Judgements on `systemctl show` texts composed by hand from the documented properties, for states that `recorded`
//! does not hold.

use proptest::prelude::*;

use super::*;

const RUNNING: &str = "Type=simple
Restart=on-failure
ExecMainCode=0
ExecMainStatus=0
Result=success
NRestarts=0
MemoryCurrent=12345678
TasksCurrent=4
MemoryMax=infinity
TasksMax=4915
Id=web.service
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
ActiveEnterTimestamp=Fri 2026-11-20 11:00:00 UTC
InactiveEnterTimestamp=
NeedDaemonReload=no
InvocationID=0b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e
";

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

/// The running unit with some properties changed.
fn with(changes: &[(&str, &str)]) -> Unit {
    let mut unit = Unit::parse(RUNNING);
    unit.properties.extend(changes.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())));
    unit
}

fn judge(changes: &[(&str, &str)], expected: Expected) -> (Outcome, String) {
    let seen = with(changes).judge("web.service", "vps", expected, now());
    (seen.outcome, seen.reason.map(|r| r.to_string()).unwrap_or_default())
}

fn fact(seen: &Observation, name: &str) -> Option<String> {
    seen.facts.iter().find(|f| f.name.as_str() == name).map(|f| f.value.to_string())
}

#[test]
fn a_running_unit_passes_with_its_facts() {
    let seen = Unit::parse(RUNNING).judge("web.service", "vps", Expected::Active, now());
    assert_eq!((seen.outcome, &seen.reason), (Outcome::Pass, &None));
    assert_eq!(fact(&seen, "state").unwrap(), "active (running)");
    assert_eq!(fact(&seen, "since").unwrap(), "2026-11-20 11:00:00 UTC (1h ago)");
    assert_eq!(fact(&seen, "memory").unwrap(), "11.8 MiB");
    assert_eq!(fact(&seen, "tasks").unwrap(), "4 of 4915");
    assert_eq!(fact(&seen, "invocation").unwrap(), "0b1c2d3e");
}

#[test]
fn values_that_stand_for_nothing_become_no_facts() {
    let changes = [("MemoryCurrent", "[not set]"), ("TasksCurrent", "18446744073709551615"), ("InvocationID", "")];
    let seen = with(&changes).judge("web.service", "vps", Expected::Active, now());
    for name in ["memory", "tasks", "invocation"] {
        assert_eq!(fact(&seen, name), None, "{name}");
    }
    let seen = with(&[("MemoryMax", "104857600")]).judge("web.service", "vps", Expected::Active, now());
    assert_eq!(fact(&seen, "memory").unwrap(), "11.8 MiB of 100.0 MiB");
}

#[test]
fn an_unknown_unit_is_unknown_although_it_reads_inactive() {
    let missing = [("LoadState", "not-found"), ("ActiveState", "inactive"), ("SubState", "dead")];
    assert_eq!(judge(&missing, Expected::Active), (Outcome::Unknown, "unit web.service not found on vps".into()));
    assert_eq!(judge(&missing, Expected::Inactive).0, Outcome::Unknown);
    assert_eq!(Unit::parse("").judge("web.service", "vps", Expected::Active, now()).outcome, Outcome::Unknown);
}

#[test]
fn a_masked_unit_fails_unless_it_should_be_off() {
    assert!(judge(&[("LoadState", "masked")], Expected::Active).1.contains("is masked on vps"));
    assert_eq!(judge(&[("LoadState", "masked")], Expected::Inactive).0, Outcome::Pass);
    assert_eq!(judge(&[("LoadState", "bad-setting")], Expected::Active).0, Outcome::Fail);
}

#[test]
fn waiting_for_the_next_restart_is_a_crash_loop() {
    let changes = [
        ("ActiveState", "activating"),
        ("SubState", "auto-restart"),
        ("Result", "exit-code"),
        ("ExecMainCode", "1"),
        ("ExecMainStatus", "3"),
        ("NRestarts", "7"),
    ];
    let expected = "web.service is in a crash loop: exit code 3, restarted 7 times so far";
    assert_eq!(judge(&changes, Expected::Active), (Outcome::Fail, expected.into()));
}

#[test]
fn a_kill_for_want_of_memory_is_told_for_both_versions_of_control_groups() {
    let failed =
        |result| [("ActiveState", "failed"), ("SubState", "failed"), ("Result", result), ("ExecMainStatus", "9")];
    let (_, second) = judge(&failed("oom-kill"), Expected::Active);
    assert_eq!(second, "web.service failed: killed by the kernel, out of memory");
    let (_, first) = judge(&failed("signal"), Expected::Active);
    assert_eq!(first, "web.service failed: killed by signal 9, perhaps out of memory");
}

#[test]
fn a_start_limit_says_how_to_go_on() {
    let changes = [("ActiveState", "failed"), ("Result", "start-limit-hit"), ("NRestarts", "4")];
    let (outcome, reason) = judge(&changes, Expected::Active);
    assert_eq!(outcome, Outcome::Fail);
    assert!(reason.contains("gave up, after 4 restarts; `systemctl reset-failed web.service`"), "{reason}");
}

#[test]
fn a_failure_before_the_program_ran_is_named() {
    let changes = [("ActiveState", "failed"), ("Result", "exit-code"), ("ExecMainStatus", "203")];
    assert_eq!(judge(&changes, Expected::Active).1, "web.service failed: exit code 203, its program could not be run");
}

#[test]
fn a_unit_that_just_came_back_by_itself_is_degraded_for_a_minute() {
    let at = |time| [("NRestarts", "2"), ("ActiveEnterTimestamp", time)];
    let (outcome, reason) = judge(&at("@1795175970"), Expected::Active);
    assert_eq!(
        (outcome, reason.as_str()),
        (Outcome::Degraded, "web.service restarted 30s ago by itself, 2 times so far")
    );
    assert_eq!(judge(&at("Fri 2026-11-20 11:58:00 UTC"), Expected::Active).0, Outcome::Pass);
    assert_eq!(judge(&[("ActiveEnterTimestamp", "@1795175970")], Expected::Active).0, Outcome::Pass);
}

#[test]
fn one_shots_and_timers_are_good_in_their_own_ways() {
    assert_eq!(judge(&[("Type", "oneshot"), ("SubState", "exited")], Expected::Active).0, Outcome::Pass);
    assert_eq!(judge(&[("Id", "web.timer"), ("SubState", "waiting")], Expected::Active).0, Outcome::Pass);
    let idle = [("Type", "oneshot"), ("ActiveState", "inactive"), ("SubState", "dead")];
    assert_eq!(judge(&idle, Expected::Inactive).0, Outcome::Pass);
    assert_eq!(judge(&idle, Expected::Active), (Outcome::Fail, "web.service is stopped (dead)".into()));
    assert_eq!(judge(&[], Expected::Inactive).0, Outcome::Fail);
}

#[test]
fn coming_and_going_is_degraded() {
    let (outcome, reason) = judge(&[("ActiveState", "activating"), ("SubState", "start-pre")], Expected::Active);
    assert_eq!((outcome, reason.as_str()), (Outcome::Degraded, "web.service is starting (start-pre)"));
    assert_eq!(judge(&[("ActiveState", "deactivating")], Expected::Active).0, Outcome::Degraded);
    assert_eq!(judge(&[("ActiveState", "reloading")], Expected::Active).0, Outcome::Pass);
}

proptest! {
    #[test]
    fn no_bytes_make_the_judge_panic(noise in any::<Vec<u8>>(), name in 0..PROPERTIES.len(), value in any::<String>()) {
        let text = format!("{RUNNING}{}\n{}={value}", String::from_utf8_lossy(&noise), PROPERTIES[name]);
        Unit::parse(&text).judge("web.service", "vps", Expected::Active, now());
    }
}
