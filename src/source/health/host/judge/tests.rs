//! Judgements on figures composed by hand: what is bad, what is worst, what is said, and what is left alone.

use super::*;
use crate::source::health::host::answer::{Mount, parse};

const GIB: u64 = 1 << 30;

fn rules() -> Rules {
    Rules {
        load: Threshold { degraded: Some(4.0), fail: None },
        memory: Threshold::new(90, 97),
        disk: Threshold::new(85, 95),
        swap: Threshold::OFF,
        inodes: Threshold::new(85, 95),
        clock: Threshold::new(Duration::from_secs(5), Duration::from_mins(1)),
        units: Units::AllBut(Vec::new()),
        mounts: Vec::new(),
        ignored_mounts: Vec::new(),
        reboot: false,
    }
}

fn exchange(millis: u64) -> Exchange {
    let began = "2026-11-20T12:00:00Z".parse().unwrap();
    Exchange { began, took: Duration::from_millis(millis), patience: 2 }
}

/// 12:00:00 on 20 November 2026.
const NOON: i64 = 1_795_176_000;

fn fill(mount: &str, used: u64, free: u64) -> Fill {
    Fill { mount: mount.into(), device: mount.into(), used, free }
}

/// A machine that is well.
fn calm() -> Machine {
    Machine {
        load: Some([6.2, 4.0, 3.0]),
        cpus: Some(8),
        memory: Some((16 * GIB, 8 * GIB)),
        swap: Some((0, 0)),
        space: vec![fill("/", 71 * GIB, 29 * GIB), fill("/srv", 10 * GIB, 30 * GIB)],
        inodes: vec![fill("/", 5, 95)],
        uptime: Some(Duration::from_secs(90_061)),
        clock: Some((NOON, NOON)),
        failed: Some(Vec::new()),
        os: Some("Debian GNU/Linux 12 (bookworm)".into()),
        whole: true,
        ..Machine::default()
    }
}

fn look(machine: &Machine, rules: &Rules) -> (Outcome, String) {
    let seen = judge(machine, rules, "vps", exchange(500));
    (seen.outcome, seen.reason.map(|r| r.to_string()).unwrap_or_default())
}

fn with(change: fn(&mut Machine)) -> (Outcome, String) {
    let mut machine = calm();
    change(&mut machine);
    look(&machine, &rules())
}

#[test]
fn a_calm_machine_passes_and_its_row_stands_first() {
    let seen = judge(&calm(), &rules(), "vps", exchange(500));
    assert_eq!((seen.outcome, &seen.reason), (Outcome::Pass, &None));
    let facts: Vec<String> = seen.facts.iter().map(|f| format!("{}: {}", f.name, f.value)).collect();
    let expected = [
        "load: 6.2 of 8",
        "memory: 8.0 of 16.0 GiB",
        "disk: / 71 %",
        "swap: none",
        "inodes: / 5 %",
        "uptime: 1d 1h",
        "clock: in step, ±0.8s",
        "failed units: none",
        "/: 71 % of 100.0 GiB, 29.0 GiB free",
        "/srv: 25 % of 40.0 GiB, 30.0 GiB free",
        "os: Debian GNU/Linux 12 (bookworm)",
        "load 5m, 15m: 4.0, 3.0",
    ];
    assert_eq!(facts, expected);
}

#[test]
fn the_worst_is_named_first_with_what_is_left() {
    let told = with(|m| {
        m.space = vec![fill("/", 86, 14), fill("/srv", 1165 * GIB / 30, 36 * GIB / 30)];
        m.memory = Some((16 * GIB, GIB));
        m.load = Some([1.0, 41.6, 1.0]);
    });
    let expected = "/srv is 98 % full (1.2 of 40.0 GiB free); / is 86 % full (14 of 100 B free); \
                    memory is 94 % in use (1.0 of 16.0 GiB free); load is 5.2 per CPU over 5 minutes (41.6 on 8 CPUs)";
    assert_eq!(told, (Outcome::Fail, expected.to_owned()));
}

#[test]
fn many_full_disks_are_counted() {
    let (outcome, reason) = with(|m| m.space = (0..9).map(|n| fill(&format!("/d{n}"), 90, 10)).collect());
    assert_eq!(outcome, Outcome::Degraded);
    assert!(reason.ends_with("; and 5 more"), "{reason}");
}

#[test]
fn a_disk_without_inodes_fails_although_it_has_space() {
    let told = with(|m| m.inodes = vec![fill("/var", 1000, 0)]);
    assert_eq!(told, (Outcome::Fail, "/var has 100 % of its inodes in use (0 free)".into()));
}

#[test]
fn a_read_only_mount_may_be_full_and_an_ignored_one_too() {
    let (outcome, reason) = with(|m| {
        m.space.push(fill("/mnt/image", 10, 0));
        m.mounts = Some(vec![Mount { path: "/mnt/image".into(), kind: "ext4".into(), read_only: true }]);
    });
    assert_eq!((outcome, reason.as_str()), (Outcome::Pass, ""));
    let mut machine = calm();
    machine.space.push(fill("/full", 10, 0));
    assert_eq!(look(&machine, &rules()).0, Outcome::Fail);
    assert_eq!(look(&machine, &Rules { ignored_mounts: vec!["/full".into()], ..rules() }).0, Outcome::Pass);
}

#[test]
fn a_named_mount_is_judged_and_a_missing_one_fails() {
    let named = Rules { mounts: vec!["/srv/small".into()], ..rules() };
    let mut machine = calm();
    machine.mounts = Some(Vec::new());
    // df tells of the mount that the path lies in.
    machine.named_space = vec![fill("/", 99, 1)];
    assert_eq!(look(&machine, &named), (Outcome::Fail, "nothing is mounted at /srv/small on vps".into()));
    machine.named_space = vec![Fill { device: "tmpfs".into(), ..fill("/srv/small", 99, 1) }];
    assert_eq!(look(&machine, &named).1, "/srv/small is 99 % full (1 of 100 B free)");
    machine.named_space.clear();
    machine.stuck = vec!["named".into()];
    let hung = "df gave no answer within 2s: a mount may hang";
    assert_eq!(look(&machine, &named), (Outcome::Degraded, hung.into()));
    let blind = Machine { whole: true, clock: calm().clock, ..Machine::default() };
    assert_eq!(look(&blind, &named).0, Outcome::Pass, "nobody knows what is mounted");
}

#[test]
fn a_clock_is_judged_only_by_what_the_exchange_proves() {
    let at = |ahead: i64, millis: u64| {
        let machine = Machine { clock: Some((NOON + ahead, NOON + ahead)), ..calm() };
        let seen = judge(&machine, &rules(), "vps", exchange(millis));
        (seen.outcome, seen.reason.map(|r| r.to_string()).unwrap_or_default())
    };
    assert_eq!(at(5, 500).0, Outcome::Pass, "it may be 4.5 s");
    assert_eq!(at(7, 500), (Outcome::Degraded, "its clock is 7.2s ahead of this machine's (±0.8s)".into()));
    assert_eq!(at(-8, 500), (Outcome::Degraded, "its clock is 7.8s behind this machine's (±0.8s)".into()));
    assert_eq!(at(120, 500), (Outcome::Fail, "its clock is 2m ahead of this machine's (±0.8s)".into()));
    assert_eq!(at(7, 9_000).0, Outcome::Pass, "a slow exchange proves less");
    let slow = Offset::of((NOON + 1, NOON + 3), exchange(4_000));
    assert_eq!((slow.ahead, slow.doubt), (0.5, 1.5), "a look at both ends narrows it");
}

#[test]
fn failed_units_count_unless_the_deck_says_otherwise() {
    let failed = ["a.service", "b.service", "c.mount", "d.timer"].map(str::to_owned).to_vec();
    let mut machine = Machine { failed: Some(failed), ..calm() };
    let told = "4 units failed: a.service, b.service, c.mount and 1 more";
    assert_eq!(look(&machine, &rules()), (Outcome::Degraded, told.into()));
    assert_eq!(look(&machine, &Rules { units: Units::Ignored, ..rules() }).0, Outcome::Pass);
    machine.failed = Some(vec!["a.service".into()]);
    assert_eq!(look(&machine, &Rules { units: Units::AllBut(vec!["a.service".into()]), ..rules() }).0, Outcome::Pass);
}

#[test]
fn a_needed_reboot_is_a_fact_and_degraded_only_when_asked() {
    let machine = Machine { reboot: true, ..calm() };
    assert_eq!(look(&machine, &rules()).0, Outcome::Pass);
    let told = look(&machine, &Rules { reboot: true, ..rules() });
    assert_eq!(told, (Outcome::Degraded, "it needs a reboot".into()));
}

#[test]
fn missing_figures_are_told_and_never_a_failure() {
    let machine = parse("\n@qd:end\n").unwrap();
    let seen = judge(&machine, &rules(), "vps", exchange(500));
    assert_eq!(seen.outcome, Outcome::Pass);
    let facts: Vec<String> = seen.facts.iter().map(|f| format!("{}: {}", f.name, f.value)).collect();
    assert_eq!(facts, ["not told: load, CPUs, memory, disks, uptime, clock"]);
    let cut = parse("\n@qd:load\n1 1 1\n").unwrap();
    let seen = judge(&cut, &rules(), "vps", exchange(500));
    assert!(seen.facts.last().unwrap().value.as_str().ends_with("the rest, for the answer broke off"));
}
