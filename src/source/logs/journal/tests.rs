//! Lines as journalctl of systemd 252 printed them, and what is made of them.

use std::sync::Arc;

use super::*;
use crate::model::LogNews;

fn reader(lines: Option<u64>, follow: bool) -> JournalReader {
    JournalReader::new("shop.service", "web1", Wanted { lines, since: None, follow })
}

fn sheet() -> Sheet {
    Sheet::new(Arc::new(|| Timestamp::UNIX_EPOCH))
}

/// The text, the microseconds and the priority of each line.
fn lines(sheet: &mut Sheet) -> Vec<(String, i64, Option<u8>)> {
    let lines = sheet.take().into_iter().filter_map(|news| match news {
        LogNews::Lines(lines) => Some(lines),
        _ => None,
    });
    let shown = |l: LogLine| {
        (String::from_utf8_lossy(&l.bytes).into_owned(), l.time.map_or(0, Timestamp::as_microsecond), l.priority)
    };
    lines.flatten().map(shown).collect()
}

const TEXT: &str = r#"{"MESSAGE":"Started shop.service.","__CURSOR":"s=1;i=a","__REALTIME_TIMESTAMP":"1795180629000001","PRIORITY":"6","__MONOTONIC_TIMESTAMP":"9","_BOOT_ID":"b"}"#;
const BYTES: &str = r#"{"PRIORITY":"3","__CURSOR":"s=1;i=b","MESSAGE":[27,91,51,49,109,98,97,100,255],"__REALTIME_TIMESTAMP":"1795180629000002"}"#;
const NULL: &str = r#"{"__CURSOR":"s=1;i=c","MESSAGE":null,"__REALTIME_TIMESTAMP":"1795180629000003"}"#;
const TWICE: &str = r#"{"__CURSOR":"s=1;i=d","MESSAGE":["one\ntwo","other"],"PRIORITY":["4","4"],"__REALTIME_TIMESTAMP":"1795180629000004"}"#;

#[test]
fn texts_bytes_nulls_and_several_values_are_read_in_whatever_pieces_they_come() {
    let all = [TEXT, BYTES, NULL, TWICE].map(|l| format!("{l}\n")).concat();
    let wanted = [
        ("Started shop.service.".to_owned(), 1_795_180_629_000_001, Some(6)),
        ("\u{1b}[31mbad\u{fffd}".to_owned(), 1_795_180_629_000_002, Some(3)),
        ("[an entry without a message]".to_owned(), 1_795_180_629_000_003, None),
        ("one".to_owned(), 1_795_180_629_000_004, Some(4)),
        ("two".to_owned(), 1_795_180_629_000_004, Some(4)),
    ];
    for size in [1, 7, 100, 10_000] {
        let (mut reader, mut sheet) = (reader(None, true), sheet());
        reader.argv(&mut sheet);
        all.as_bytes().chunks(size).for_each(|piece| reader.take(piece, &mut sheet));
        assert_eq!(lines(&mut sheet), wanted, "in pieces of {size}");
    }
}

#[test]
fn after_a_lost_link_it_goes_on_after_the_last_entry_that_came_whole() {
    let (mut reader, mut sheet) = (reader(Some(5), true), sheet());
    let first = reader.argv(&mut sheet).to_string();
    assert!(first.ends_with("--unit=shop.service --follow --lines=5"), "{first}");
    reader.take(format!("{TEXT}\n{{\"PRIORITY\":\"3\",\"__CUR").as_bytes(), &mut sheet);
    assert!(matches!(reader.ended(Exit::Missing, &mut sheet), After::Again(LogState::Lost(_))));
    let again = reader.argv(&mut sheet).to_string();
    assert!(again.ends_with("--follow --after-cursor=s=1;i=a --lines=all"), "{again}");
    reader.take(format!("{BYTES}\n").as_bytes(), &mut sheet);
    assert_eq!(lines(&mut sheet).len(), 2);
}

#[test]
fn a_cursor_that_is_not_known_any_more_is_a_gap() {
    let (mut reader, mut sheet) = (reader(None, true), sheet());
    reader.argv(&mut sheet);
    reader.take(format!("{TEXT}\n").as_bytes(), &mut sheet);
    reader.hear(b"Failed to seek to cursor: Invalid argument\n", &mut sheet);
    reader.ended(Exit::Code(1), &mut sheet);
    assert!(reader.argv(&mut sheet).to_string().contains("--since=@1795180630"));
    assert!(sheet.take().iter().any(|n| matches!(n, LogNews::Gap(_))));
}

#[test]
fn a_user_who_may_not_read_it_is_told_what_to_do() {
    for said in [
        "No journal files were opened due to insufficient permissions.\n",
        "Hint: You are currently not seeing messages from other users and the system.\n",
    ] {
        let (mut reader, mut sheet) = (reader(None, true), sheet());
        reader.argv(&mut sheet);
        reader.hear(said.as_bytes(), &mut sheet);
        assert!(!reader.is_caught_up_by_silence(), "silence would look like life");
        let After::Again(LogState::Denied(why)) = reader.ended(Exit::Code(1), &mut sheet) else { panic!("{said}") };
        assert!(why.as_str().contains("group systemd-journal"), "{why}");
    }
}

#[test]
fn an_entry_beyond_all_bounds_is_left_out_and_told() {
    let (mut reader, mut sheet) = (reader(None, true), sheet());
    reader.argv(&mut sheet);
    let piece = vec![b'x'; 1 << 20];
    (0..9).for_each(|_| reader.take(&piece, &mut sheet));
    assert!(reader.pending.len() <= MOST_ENTRY);
    reader.take(format!("\n{TEXT}\n").as_bytes(), &mut sheet);
    let news = sheet.take();
    let gaps = news.iter().filter(|n| matches!(n, LogNews::Gap(_))).count();
    assert_eq!((gaps, news.iter().filter(|n| matches!(n, LogNews::Lines(_))).count()), (1, 1));
}
