//! The journal on a real disk: torn lines, broken files, two consoles, output without gap or repeat.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at what it did not expect")]

use std::os::unix::fs::PermissionsExt;

use jiff::Timestamp;

use super::*;
use crate::model::run::Fact;
use crate::model::{Operator, RunStatus};
use crate::runner::machine::tests::plans::{Spec, plan};

fn id(chance: u16) -> RunId {
    RunId::new(Timestamp::UNIX_EPOCH, chance)
}

fn entry(number: u64, fact: Fact) -> Entry {
    Entry { number, at: Timestamp::UNIX_EPOCH, fact }
}

fn began() -> Fact {
    Fact::Began { digest: "7c".into(), operator: Operator::default(), reason: None }
}

fn journal(state: &Path, run: &RunId) -> Journal {
    let mut journal = Journal::create(state, run, &plan(1, &[Spec::sh("a")]), "# A").unwrap();
    journal.append(&[entry(1, began())]).unwrap();
    journal.append(&[entry(2, Fact::Locked { fence: 3, fences: [].into() })]).unwrap();
    journal
}

#[test]
fn what_was_written_is_read_back_and_nobody_else_may_read_it() {
    let state = tempfile::tempdir().unwrap();
    drop(journal(state.path(), &id(1)));
    let kept = read(state.path(), &id(1)).unwrap();
    assert_eq!((kept.state.fence, kept.entries.len(), kept.torn), (Some(3), 2, 0));
    assert_eq!(kept.runbook, "# A");
    let folder = run_folder(state.path(), &id(1));
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    for file in ["plan.json", "runbook.md", "journal.jsonl", "driven"] {
        assert_eq!(mode(&folder.join(file)), 0o600, "{file}");
    }
}

#[test]
fn a_journal_cut_at_any_byte_is_read_up_to_its_last_whole_line_and_goes_on_from_there() {
    let state = tempfile::tempdir().unwrap();
    drop(journal(state.path(), &id(1)));
    let path = run_folder(state.path(), &id(1)).join("journal.jsonl");
    let whole = std::fs::read(&path).unwrap();
    for cut in 0..=whole.len() {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let lines = whole[..cut].split_inclusive(|b| *b == b'\n').filter(|l| l.ends_with(b"\n")).count();
        let (mut journal, kept) = Journal::open(state.path(), &id(1)).unwrap();
        assert_eq!(kept.entries.len(), lines, "cut at {cut}");
        journal.append(&[entry(lines as u64 + 1, Fact::Detached)]).unwrap();
        drop(journal);
        assert_eq!(read(state.path(), &id(1)).unwrap().entries.len(), lines + 1, "cut at {cut}");
    }
}

#[test]
fn a_line_that_is_wrong_in_the_middle_is_a_fault_and_the_run_is_listed_with_it() {
    let state = tempfile::tempdir().unwrap();
    drop(journal(state.path(), &id(1)));
    drop(journal(state.path(), &id(2)));
    let path = run_folder(state.path(), &id(2)).join("journal.jsonl");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, format!("{{\n{text}")).unwrap();
    let runs = list(state.path());
    assert_eq!(runs.iter().map(|r| r.id.clone()).collect::<Vec<_>>(), [id(2), id(1)]);
    assert!(runs[0].summary.as_ref().unwrap_err().as_str().contains("journal.jsonl: line 1"));
    assert!(runs[1].summary.is_ok());
}

#[test]
fn two_consoles_do_not_drive_the_same_run_and_one_that_nobody_drives_is_interrupted() {
    let state = tempfile::tempdir().unwrap();
    let mine = journal(state.path(), &id(1));
    assert!(matches!(Journal::open(state.path(), &id(1)), Err(JournalError::Driven(_))));
    let runs = list(state.path());
    assert!(runs[0].is_driven && runs[0].summary.as_ref().unwrap().status == RunStatus::Running);
    drop(mine);
    assert!(list(state.path())[0].is_interrupted());
    assert!(matches!(Journal::open(state.path(), &id(9)), Err(JournalError::Absent(_))));
}

#[test]
fn output_goes_on_where_it_was_known_to_reach_and_a_new_attempt_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("out")).unwrap();
    let mut printed = Printed::open(folder.path(), "a", "h0", 1).unwrap();
    printed.add(1, b"one\n", 4).unwrap();
    // The console died between the text and the mark.
    std::io::Write::write_all(&mut printed.file, b"two\n").unwrap();
    drop(printed);
    let mut printed = Printed::open(folder.path(), "a", "h0", 1).unwrap();
    assert_eq!(printed.offset(), 4);
    printed.add(1, b"two\n", 8).unwrap();
    drop(printed);
    let mut printed = Printed::open(folder.path(), "a", "h0", 2).unwrap();
    assert_eq!(printed.offset(), 0);
    printed.add(2, b"three\n", 6).unwrap();
    let path = output::path_of(folder.path(), "a", "h0");
    assert_eq!(std::fs::read_to_string(path).unwrap(), "one\ntwo\nthree\n");
}

#[test]
fn a_full_disk_is_told_as_such_and_leaves_no_part_of_a_line() {
    let state = tempfile::tempdir().unwrap();
    let mut journal = journal(state.path(), &id(1));
    journal.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let refused = journal.append(&[entry(3, Fact::Detached)]).unwrap_err();
    assert!(matches!(refused, JournalError::Full(_)), "{refused}");
    assert_eq!(read(state.path(), &id(1)).unwrap().entries.len(), 2);
}
