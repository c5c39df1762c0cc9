//! A search finds what a look at every line would, in slices, while the store grows.

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::{FieldOp, FieldTest, Filter, Level, LogStore, Parsed, Search, SourceId, pattern};
use super::at;

fn store(texts: &[String]) -> (LogStore, Vec<SourceId>) {
    let mut store = LogStore::new(16 << 20);
    let ids: Vec<_> = texts.iter().map(|_| store.add(TimeZone::UTC)).collect();
    for (id, text) in ids.iter().zip(texts) {
        store.push(*id, text.as_bytes(), at("2026-11-21T12:00:00Z"));
    }
    (store, ids)
}

/// `count` lines, ten a second; every hundredth is an error.
fn lines(from: usize, count: usize) -> String {
    let text = (from..from + count).map(|n| {
        let word = if n.is_multiple_of(100) { "ERROR" } else { "INFO" };
        format!("2026-11-21T{:02}:{:02}:{:02}.{}Z {word} order={n} x\n", n / 36000, n / 600 % 60, n / 10 % 60, n % 10)
    });
    text.collect()
}

fn grep(text: &str) -> Filter {
    Filter { grep: Some(pattern(text).unwrap()), ..Filter::default() }
}

#[test]
fn the_latest_are_found_first_and_everything_in_the_end() {
    let (mut store, ids) = store(&[lines(0, 50_000), lines(25_000, 50_000)]);
    let filter = Filter { level: Some(Level::Warn), ..grep("order=[0-9]*0 ") };
    let mut search = Search::new(filter, &ids);
    while search.count() == 0 {
        assert!(!search.step(&store, 1));
    }
    let first = search.backward(&store, None).next().unwrap();
    assert!(first.bytes.ends_with(b"order=74900 x"), "{}", first.text());
    assert!(search.count() < 1000);
    while !search.step(&store, 1) {}
    assert_eq!(search.count(), 1000);
    store.push(ids[0], lines(99_900, 101).as_bytes(), at("2026-11-21T12:00:00Z"));
    assert!(search.step(&store, 1 << 20));
    assert_eq!(search.count(), 1002);
    let found: Vec<_> = search.forward(&store, None).map(|l| l.place).collect();
    assert!(found.len() == 1002 && found.is_sorted());
    let middle = found[500];
    assert_eq!(search.forward(&store, Some(middle.next())).next().map(|l| l.place), Some(found[501]));
    assert_eq!(search.backward(&store, Some(middle)).next().map(|l| l.place), Some(found[499]));
}

#[test]
fn what_is_dropped_is_found_no_more() {
    let mut store = LogStore::new(LogStore::LEAST);
    let id = store.add(TimeZone::UTC);
    let mut search = Search::new(grep("ERROR"), &[id]);
    for round in 0..20 {
        store.push(id, lines(round * 10_000, 10_000).as_bytes(), at("2026-11-21T12:00:00Z"));
        search.step(&store, usize::MAX >> 1);
    }
    assert!(store.dropped(id) > 0);
    assert_eq!(search.count(), search.forward(&store, None).count() as u64);
    assert!(search.forward(&store, None).all(|l| l.id.number >= store.dropped(id)));
}

#[test]
fn found_lines_come_with_their_neighbours_and_every_line_once() {
    let (store, ids) = store(&[lines(0, 1000)]);
    let mut search = Search::new(grep("order=50[02] |order=900 "), &ids);
    assert!(search.step(&store, 1 << 20));
    let shown = |edge, back, most, context| -> Vec<(u64, bool)> {
        search.around(&store, edge, back, most, context).iter().map(|(id, hit)| (id.number, *hit)).collect()
    };
    let all = [(499, false), (500, true), (501, false), (502, true), (503, false), (899, false), (900, true)];
    assert_eq!(shown(None, false, 9, 1)[..7], all);
    assert_eq!(shown(None, true, 1, 0), [(900, true)]);
}

#[test]
fn gaps_are_not_searched() {
    let (mut store, ids) = store(&["ERROR one\n".to_owned()]);
    store.gap(ids[0], "ERROR lost", at("2026-11-21T12:00:00Z"));
    let mut search = Search::new(grep("ERROR"), &ids);
    assert!(search.step(&store, 1 << 20));
    assert_eq!(search.count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn a_search_finds_what_a_look_at_every_line_finds(
        text in prop::collection::vec("[ab c]{0,6}\r?", 0..80),
        pattern_text in prop::sample::select(vec![
            "a", "^a", "a$", "^$", "^", "a.*b", "[^c]*b", r"a\s+b", r"\Aa", r"b\z", r"(?s)a.*b", r"(?m)^b", r"\bc\b",
            "a|^b", r"\n", r"(?-u)a", "", r"\s", "[^a]$", r"(?i-s)B", r"a\s*",
        ]),
        invert in any::<bool>(),
        pieces in 1_usize..60,
    ) {
        let text = text.join("\n") + "\n";
        let mut store = LogStore::default();
        let id = store.add(TimeZone::UTC);
        let filter = Filter { invert, ..grep(pattern_text) };
        let mut search = Search::new(filter.clone(), &[id]);
        for piece in text.as_bytes().chunks(pieces) {
            store.push(id, piece, at("2026-11-21T12:00:00Z"));
            search.step(&store, 1 << 20);
        }
        let wanted = |bytes: &[u8]| filter.is_match(bytes, &Parsed::default());
        let expected: Vec<_> = store.forward(&[id], None).filter(|l| wanted(l.bytes)).map(|l| l.id).collect();
        let found: Vec<_> = search.forward(&store, None).map(|l| l.id).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_field_is_found_wherever_it_stands_and_however_it_is_written(
        lines in prop::collection::vec(
            prop::sample::select(vec![
                r#"{"a":"1","b":{"c":"x y"}}"#, r#"{"a":"\u0031","b":"x"}"#, r#"{"a":1}"#, "a=1 b=2", r#"b="x y" a=12"#,
                r#"{"b":{"c":"x\ty"}}"#, r#"{"b":{"c":"x	y"}}"#, r#"{"a":{"z":1}}"#, r#"{"a":"x\"y"}"#, r#"a="x\"y""#, "1",
                r"a=\1", r#"192.0.2.1 - - [21/Nov/2026:18:46:24 +0000] "GET /?a=1 HTTP/1.1" 200 157"#, r#"{"a":"","b":""}"#, "a= b=", "", "x y 1 a",
            ]),
            0..60,
        ),
        fields in prop::collection::vec(
            (
                prop::sample::select(vec!["a", "b", "b.c", "a.z", "status"]),
                prop::sample::select(vec![FieldOp::Is, FieldOp::Is, FieldOp::IsNot, FieldOp::Like]),
                prop::sample::select(vec!["1", "x y", "x\ty", "x\"y", "", "2", "2xx", "200"]),
            ),
            1..3,
        ),
        slices in 1_usize..40,
    ) {
        let text: String = lines.iter().flat_map(|line| [*line, "\n"]).collect();
        let mut store = LogStore::default();
        let id = store.add(TimeZone::UTC);
        let fields = fields.iter().map(|(name, op, value)| FieldTest::new(name, *op, value).unwrap()).collect();
        let filter = Filter { fields, ..Filter::default() };
        let mut search = Search::new(filter.clone(), &[id]);
        for slice in text.as_bytes().chunks(slices) {
            store.push(id, slice, at("2026-11-21T12:00:00Z"));
            search.step(&store, 1 << 20);
        }
        let has = |bytes: &[u8]| filter.is_match(bytes, &Parsed::default());
        let expected: Vec<_> = store.forward(&[id], None).filter(|l| has(l.bytes)).map(|l| l.id).collect();
        let found: Vec<_> = search.forward(&store, None).map(|l| l.id).collect();
        prop_assert_eq!(found, expected);
    }
}
