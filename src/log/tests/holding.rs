//! The store and its one order: what goes in comes out, bounded, and sorted as a stable sort would.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::super::{Known, Level, LineId, LogStore, Place, SourceId, Splitter, escaped};
use super::at;

fn received() -> Timestamp {
    at("2026-11-21T12:00:00Z")
}

fn texts<'a>(lines: impl Iterator<Item = super::super::Line<'a>>) -> Vec<String> {
    lines.map(|l| String::from_utf8_lossy(l.bytes).into_owned()).collect()
}

/// A line that tells its second after noon.
fn line(second: i64, name: impl std::fmt::Display) -> String {
    format!("{} {name}\n", received() + SignedDuration::from_secs(second))
}

#[test]
fn a_stack_trace_stays_with_its_record_among_other_sources() {
    let mut store = LogStore::default();
    let (a, b) = (store.add(TimeZone::UTC), store.add(TimeZone::UTC));
    store.push(a, b"2026-11-21T12:00:01Z ERROR a\n  at x\nCaused by: y\n2026-11-21T12:00:03Z a\n", received());
    store.push(b, b"2026-11-21T12:00:02Z b\n2026-11-21T12:00:01Z ", received());
    store.push(b, b"late\n", received());
    let merged = texts(store.forward(&[a, b], None));
    let ends: Vec<_> = merged.iter().map(|t| t.trim_start_matches("2026-11-21T12:00:0")).collect();
    assert_eq!(ends, ["1Z ERROR a", "  at x", "Caused by: y", "1Z late", "2Z b", "3Z a"]);
    let trace = store.line(LineId { source: a, number: 1 }).unwrap();
    assert_eq!((trace.level, trace.begins, trace.timed), (Some(Level::Error), false, false));
    assert_eq!(trace.time, at("2026-11-21T12:00:01Z"));
}

#[test]
fn lines_of_a_source_without_stamps_have_the_time_they_were_received() {
    let mut store = LogStore::default();
    let a = store.add(TimeZone::UTC);
    for second in [1, 5] {
        store.push(a, b"hello\n", received() + SignedDuration::from_secs(second));
    }
    let times: Vec<_> = store.forward(&[a], None).map(|l| l.time).collect();
    assert_eq!(times, [at("2026-11-21T12:00:01Z"), at("2026-11-21T12:00:05Z")]);
}

fn lines_of(store: &LogStore, source: SourceId) -> Vec<(&[u8], Option<Level>, bool)> {
    store.forward(&[source], None).map(|l| (l.bytes, l.level, l.begins)).collect()
}

#[test]
fn the_source_knows_the_time_of_a_line_better_and_its_level_worse_than_its_text() {
    let mut store = LogStore::default();
    let a = store.add(TimeZone::UTC);
    let known = Known { time: Some(at("2026-11-21T11:00:00Z")), level: Some(Level::Fatal) };
    store.push_line(a, b"INFO one\ntwo", known, received());
    store.push_line(a, b"", Known::default(), received());
    store.push_line(a, b"three", known, received());
    assert_eq!(
        lines_of(&store, a),
        [
            (&b"INFO one"[..], Some(Level::Info), true),
            (b"two", Some(Level::Info), false),
            (b"three", Some(Level::Fatal), true),
            (b"", None, true),
        ]
    );
}

#[test]
fn a_gap_is_marked_where_it_is_and_is_no_line_of_the_source() {
    let mut store = LogStore::default();
    let a = store.add(TimeZone::UTC);
    store.push(a, b"2026-11-21T12:00:01Z one\nhalf", received());
    store.gap(a, "link to vps lost\nfor 3 s", received());
    store.push(a, b"2026-11-21T12:00:02Z two\n", received());
    let lines: Vec<_> = store.forward(&[a], None).map(|l| (l.gap, l.bytes.len())).collect();
    assert_eq!(lines, [(false, 24), (false, 4), (true, 24), (false, 24)]);
}

#[test]
fn memory_stays_under_the_cap_and_ids_mean_their_line_or_none() {
    let mut store = LogStore::new(LogStore::LEAST);
    let (quiet, loud) = (store.add(TimeZone::UTC), store.add(TimeZone::UTC));
    store.push(quiet, b"quiet\n", received());
    for round in 0..200 {
        let text: String = (0..1000).map(|n| line(round, format!("{:0>60}", round * 1000 + n))).collect();
        store.push(loud, text.as_bytes(), received());
        assert!(store.memory() <= LogStore::LEAST, "{} in round {round}", store.memory());
    }
    store.push(loud, &vec![b'\n'; 1 << 20], received());
    store.push(loud, &vec![b'x'; 1 << 20], received());
    assert!(store.memory() <= LogStore::LEAST);
    let dropped = store.dropped(loud);
    assert!(dropped > 100_000);
    assert_eq!(store.lines(quiet), 1, "a flood does not wash away what the quiet ones said");
    assert!(store.line(LineId { source: loud, number: dropped - 1 }).is_none());
    let number = dropped.max(150_000);
    if let Some(line) = store.line(LineId { source: loud, number }).filter(|l| !l.bytes.is_empty()) {
        assert!(line.bytes.ends_with(number.to_string().as_bytes()));
    }
    assert!(store.line(LineId { source: loud, number: dropped + store.lines(loud) }).is_none());
}

#[test]
fn ids_stay_valid_while_their_line_is_held() {
    let mut store = LogStore::new(LogStore::LEAST);
    let a = store.add(TimeZone::UTC);
    for n in 0..100_000_i64 {
        store.push(a, line(n, n).as_bytes(), received());
    }
    let dropped = store.dropped(a);
    assert!(dropped > 0);
    for number in dropped..100_000 {
        let line = store.line(LineId { source: a, number }).unwrap();
        assert_eq!(line.id.number, number);
        assert!(line.bytes.ends_with(format!("Z {number}").as_bytes()));
    }
}

#[test]
fn the_index_takes_less_than_sixteen_bytes_a_line() {
    let mut store = LogStore::default();
    let a = store.add(TimeZone::UTC);
    let text: String = (0..200_000).map(|n| line(n / 1000, format!("{n:0>100}"))).collect();
    store.push(a, text.as_bytes(), received());
    let each = store.index() as f64 / 200_000.0;
    assert!(each < 16.0, "{each} bytes a line");
}

#[test]
fn what_is_shown_is_safe_and_what_is_held_is_unaltered() {
    let mut store = LogStore::default();
    let a = store.add(TimeZone::UTC);
    let raw = b"a\x1b[31mred\x1b]52;c;eA==\x07 \xff\x00 \xe2\x80\xaeend";
    store.push(a, &[raw, &b"\n"[..]].concat(), received());
    let line = store.forward(&[a], None).next().unwrap();
    assert_eq!(line.bytes, raw);
    let text = line.text();
    assert!(text.as_str().starts_with("ared \u{fffd}"), "{text:?}");
    assert!(!text.as_str().contains(['\u{1b}', '\u{202e}', '\0']));
    assert_eq!(escaped(raw), r"a\u{1b}[31mred\u{1b}]52;c;eA==\u{7} \xff\u{0} \u{202e}end");
    assert_eq!(escaped("plain é".as_bytes()), "plain é");
}

#[test]
fn a_histogram_counts_records_by_level_and_time() {
    let mut store = LogStore::default();
    let a = store.add(TimeZone::UTC);
    let text = [line(0, "ERROR x"), "  at y\n".to_owned(), line(9, "x"), line(10, "INFO x"), line(20, "x")].concat();
    store.push(a, text.as_bytes(), received());
    let to = received() + SignedDuration::from_secs(20);
    let counts = store.histogram(&[a], received(), to, 2);
    assert_eq!(counts, [[1, 0, 0, 0, 0, 1, 0], [0, 0, 0, 1, 0, 0, 0]]);
    assert_eq!(store.span(&[a]), Some((received(), to)));
    assert_eq!(store.histogram(&[a], to, received(), 3), [[0; 7]; 3]);
}

#[test]
fn a_line_is_bounded_in_the_store_and_what_is_left_out_is_counted() {
    let mut store = LogStore::default();
    let a = store.add(TimeZone::UTC);
    store.push(a, &[vec![b'x'; 10 << 20], b"\nnext\n".to_vec()].concat(), received());
    let lines = texts(store.forward(&[a], None));
    assert_eq!((lines.len(), lines[1].as_str()), (2, "next"));
    assert!(lines[0].ends_with(Splitter::CUT));
    assert_eq!(store.left_out(a), (10 << 20) - Splitter::MOST as u64);
}

/// Pushes as they come: which source, and the seconds of its lines.
fn pushes() -> impl Strategy<Value = Vec<(usize, Vec<i64>)>> {
    prop::collection::vec((0_usize..4, prop::collection::vec(0_i64..30, 0..8)), 0..40)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn the_merge_is_a_stable_sort_by_time_both_ways_from_any_place(pushes in pushes(), from in 0_i64..30) {
        let mut store = LogStore::default();
        let ids: Vec<SourceId> = (0..4).map(|_| store.add(TimeZone::UTC)).collect();
        let mut expected = Vec::new();
        for (source, seconds) in &pushes {
            for second in seconds {
                let text = line(*second, expected.len());
                store.push(ids[*source], text.as_bytes(), received());
                expected.push((*second, text.trim_end().to_owned()));
            }
        }
        expected.sort_by_key(|(second, _)| *second);
        let place = Place::at(received() + SignedDuration::from_secs(from));
        let (before, after): (Vec<_>, Vec<_>) = expected.into_iter().partition(|(second, _)| *second < from);
        let words = |lines: &[(i64, String)]| lines.iter().map(|(_, t)| t.clone()).collect::<Vec<_>>();
        prop_assert_eq!(texts(store.forward(&ids, Some(place))), words(&after));
        let mut back = texts(store.backward(&ids, Some(place)));
        back.reverse();
        prop_assert_eq!(back, words(&before));
        prop_assert_eq!(texts(store.forward(&ids, None)), words(&[before, after].concat()));
    }

    #[test]
    fn any_bytes_come_out_as_the_lines_they_are(bytes in prop::collection::vec(any::<u8>(), 0..2000), size in 1_usize..50) {
        let mut store = LogStore::default();
        let a = store.add(TimeZone::UTC);
        for piece in bytes.chunks(size) {
            store.push(a, piece, received());
        }
        store.end(a, received());
        let (mut expected, mut splitter) = (Vec::new(), Splitter::new());
        splitter.push(&bytes, &mut |l| expected.push(l.to_vec()));
        splitter.end(&mut |l| expected.push(l.to_vec()));
        let found: Vec<_> = (0..store.lines(a)).map(|number| {
            let line = store.line(LineId { source: a, number }).unwrap();
            escaped(line.bytes);
            line.text();
            line.bytes.to_vec()
        }).collect();
        prop_assert_eq!(found, expected);
    }
}
