//! What services of the shop write, read back by the log engine.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::super::super::shop::Role;
use super::*;
use crate::log::{body, parse, trace};

fn diary(name: &str, place: &Path) -> Diary {
    Diary::open(Role::of("staging", name).unwrap(), place)
}

fn lines(place: &Path, file: &str) -> Vec<String> {
    fs::read_to_string(place.join("log").join(file)).unwrap().lines().map(ToOwned::to_owned).collect()
}

#[test]
fn every_voice_tells_time_level_message_and_trace_as_its_logger_would() {
    for (name, message) in [
        ("orders", "Order 20417 took 12.5 ms"),
        ("mail-worker", "Order 20417 took 12.5 ms"),
        ("payments", "Order 20417 took 12.5 ms"),
        ("ledger", "Order 20417 took 12.5 ms"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let diary = diary(name, folder.path());
        let mark = diary.trace();
        let remark = Remark::new(Level::Error, "Work", "Order {Order} took {Elapsed} ms");
        diary.write(&remark.with("Order", 20_417).with("Elapsed", 12.5).on(mark).because(Cause::Upstream, "refused"));
        let lines = lines(folder.path(), "app.log");
        let (first, now) = (lines[0].as_bytes(), diary.now.get());
        let parsed = parse(first, Timestamp::UNIX_EPOCH, &TimeZone::UTC);
        assert_eq!((parsed.level, parsed.begins), (Some(Level::Error), true), "{lines:?}");
        assert!(now.duration_since(parsed.time.unwrap()).as_secs() < 60, "{lines:?}");
        assert_eq!(trace(first).as_deref(), Some(mark.id().as_bytes()), "{lines:?}");
        let said = String::from_utf8_lossy(&body(first).message).into_owned();
        assert!(said.contains(message), "{said}");
        assert!(lines.concat().contains("refused") && (lines.len() > 2 || lines.concat().contains("\\n")), "{lines:?}");
    }
}

#[test]
fn a_stack_trace_goes_on_with_its_record() {
    let folder = tempfile::tempdir().unwrap();
    let diary = diary("search", folder.path());
    diary.write(&Remark::new(Level::Fatal, "Work", "gone").because(Cause::Crash, "no memory"));
    let lines = lines(folder.path(), "app.log");
    let begins: Vec<_> =
        lines.iter().map(|l| parse(l.as_bytes(), Timestamp::UNIX_EPOCH, &TimeZone::UTC).begins).collect();
    assert_eq!(begins, [true, false, false, false, false, false, false], "{lines:#?}");
}

#[test]
fn an_access_line_tells_status_and_trace() {
    let folder = tempfile::tempdir().unwrap();
    let diary = diary("storefront", folder.path());
    let mark = diary.trace();
    diary.access(1017, "/checkout", 502, 0.25, mark);
    let line = lines(folder.path(), "access.log").remove(0);
    let parsed = parse(line.as_bytes(), Timestamp::UNIX_EPOCH, &TimeZone::UTC);
    assert_eq!(parsed.level, Some(Level::Error), "{line}");
    assert!(parsed.time.is_some(), "{line}");
    assert_eq!(trace(line.as_bytes()).as_deref(), Some(mark.id().as_bytes()));
}

#[test]
fn a_file_that_is_large_is_put_aside_and_no_record_is_torn() {
    let folder = tempfile::tempdir().unwrap();
    let diary = diary("ledger", folder.path());
    let long = "x".repeat(10_000);
    for _ in 0..250 {
        diary.write(&Remark::new(Level::Info, "Work", long.clone()));
    }
    let sizes: Vec<u64> =
        fs::read_dir(folder.path().join("log")).unwrap().map(|e| e.unwrap().metadata().unwrap().len()).collect();
    assert!(sizes.len() == 2 && sizes.iter().all(|size| *size <= MOST_BYTES), "{sizes:?}");
    for file in ["app.log", "app.log.1"] {
        assert!(lines(folder.path(), file).iter().all(|line| line.ends_with(&long)));
    }
}
