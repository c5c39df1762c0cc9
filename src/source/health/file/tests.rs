//! How a deck writes a `file` probe, and judgements that need no machine.

use super::super::fixture::{check, faults};
use super::*;
use crate::model::Outcome;
use trace::Seen;

fn told(deck: &str) -> String {
    let faults = faults(deck);
    let [fault] = faults.as_slice() else { panic!("{faults:?}") };
    format!("{}; {}", fault.message, fault.help.clone().unwrap_or_default())
}

#[test]
fn a_path_is_whole_and_has_its_pattern_at_the_end() {
    assert_eq!(check("file = \"/backups/*.gz\"").target(), "/backups/*.gz");
    assert_eq!(check("file = \"/flag\"").target(), "/flag");
    assert!(told("file = \"backups/x\"").contains("is not a whole path"));
    assert!(told("file = \"~/x\"").contains("is not a whole path"));
    assert!(told("file = \"/backups/\"").contains("names no file"));
    assert!(told("file = \"/backups/*/x\"").contains("has a pattern in the name of a folder; only the last part"));
    assert!(told("file = \"/a\\\\b\"").contains("holds a backslash"));
}

#[test]
fn settings_that_cannot_be_meant_are_told() {
    assert!(told("file = \"/x\"\nage = \"25h\"").contains("`age` must be two limits"));
    assert!(told("file = \"/x\"\nsize = { at-least = 5 }").contains("`at-least` must be a size, not the number 5"));
    assert!(told("file = \"/x\"\nsize = { at-least = \"2 B\", at-most = \"1 B\" }").starts_with("no size is at least"));
    assert!(told("file = \"/x\"\ncount = { at_least = 5 }").contains("did you mean `at-least`?"));
    assert!(told("file = \"/x\"\nshrink = 50").contains("write shrink = \"50%\""));
    assert!(told("file = \"/x\"\nabsent = true\nsize = { at-least = \"1 B\" }").contains("cannot stand together"));
}

#[test]
fn path_and_pattern_reach_the_script_as_arguments() {
    let wanted = Wanted::parse("/srv/$(reboot)/'*'").unwrap();
    let rules =
        Rules { age: Threshold::OFF, size: Bounds::default(), count: Bounds::default(), shrink: None, absent: false };
    let argv = File { wanted, rules }.argv();
    assert_eq!(argv.arguments[1..], [SCRIPT, "sh", "/srv/$(reboot)", "'*'", "glob"]);
}

const NOW: i64 = 1_795_176_000;

fn rules() -> Rules {
    let hours = |n| Duration::from_hours(n);
    Rules {
        age: Threshold::new(hours(25), hours(49)),
        size: Bounds::default(),
        count: Bounds::default(),
        shrink: Some(50),
        absent: false,
    }
}

fn file(age: i64, size: u64) -> Seen {
    Seen { is_folder: false, changed: Some(NOW - age), size: Some(size) }
}

fn look(newest: Seen, previous: Option<Seen>, matches: u64, rules: &Rules) -> (Outcome, String) {
    let trace = Trace::Found { name: "db.gz".into(), newest, previous, matches, now: Some(NOW) };
    let seen = judge::judge(&trace, &Wanted::parse("/b/*.gz").unwrap(), rules, "vps");
    (seen.outcome, seen.reason.map(|r| r.to_string()).unwrap_or_default())
}

#[test]
fn age_is_judged_by_the_clock_of_the_machine() {
    let age = |seconds| look(file(seconds, 10), None, 1, &rules());
    assert_eq!(age(3600), (Outcome::Pass, String::new()));
    assert_eq!(age(26 * 3600), (Outcome::Degraded, "db.gz is 1d 2h old, limit 1d 1h".into()));
    assert_eq!(age(50 * 3600), (Outcome::Fail, "db.gz is 2d 2h old, limit 2d 1h".into()));
    assert_eq!(age(-30), (Outcome::Pass, String::new()));
    let ahead = "db.gz has a time 1h ahead of the clock of vps, so its age says nothing";
    assert_eq!(age(-3600), (Outcome::Degraded, ahead.into()));
    let timeless = look(Seen { changed: None, ..file(0, 10) }, None, 1, &rules());
    assert_eq!(timeless.0, Outcome::Unknown);
    assert!(timeless.1.contains("`stat` or `date -r`"), "{}", timeless.1);
}

#[test]
fn a_backup_that_is_too_small_fails_and_one_that_shrank_is_degraded() {
    let least = Rules { size: Bounds { at_least: Some(1 << 20), at_most: Some(1 << 30) }, ..rules() };
    assert_eq!(
        look(file(0, 0), None, 1, &least),
        (Outcome::Fail, "db.gz has no content, expected at least 1.0 MiB".into())
    );
    assert_eq!(look(file(0, 2 << 30), None, 1, &least).0, Outcome::Degraded);
    let shrank = |size| look(file(0, size), Some(file(9, 1000)), 2, &rules());
    assert_eq!(shrank(500).0, Outcome::Pass);
    assert_eq!(shrank(499), (Outcome::Degraded, "db.gz has 499 B, 50 % less than the 1000 B of the one before".into()));
    assert_eq!(look(file(0, 5), Some(file(9, 0)), 2, &rules()).0, Outcome::Pass);
    assert_eq!(look(file(0, u64::MAX), Some(file(9, u64::MAX)), 2, &rules()).0, Outcome::Pass);
}

#[test]
fn a_folder_has_no_size_and_a_number_of_files_can_be_wanted() {
    let folder = Seen { is_folder: true, size: None, ..file(0, 0) };
    assert_eq!(
        look(folder, None, 1, &rules()),
        (Outcome::Unknown, "vps cannot tell the size of db.gz: it is a folder".into())
    );
    assert_eq!(look(folder, None, 1, &Rules { shrink: None, ..rules() }).0, Outcome::Pass);
    let week = Rules { count: Bounds { at_least: Some(7), at_most: Some(30) }, ..rules() };
    assert_eq!(look(file(0, 1), None, 1, &week), (Outcome::Degraded, "1 file matches, expected at least 7".into()));
    assert_eq!(look(file(0, 1), None, 31, &week), (Outcome::Degraded, "31 files match, expected at most 30".into()));
}
