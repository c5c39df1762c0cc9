//! Fields and filters on single lines.

use super::super::{Filter, Level, field, pattern};
use super::{at, read};

fn value(line: &str, name: &str) -> Option<String> {
    field(line.as_bytes(), name).map(|v| String::from_utf8(v.into_owned()).unwrap())
}

#[test]
fn fields_are_found_by_name_and_by_path() {
    let json = r#"{"a":{"b":"deep","c":[1,{"d":2}]},"n":12.5,"q":"say \"hi\"","x.y":true,"last":"z"}"#;
    for (name, expected) in
        [("a.b", "deep"), ("n", "12.5"), ("q", "say \"hi\""), ("x.y", "true"), ("last", "z"), ("a.c", r#"[1,{"d":2}]"#)]
    {
        assert_eq!(value(json, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(value(json, "b"), None);
    let line = "2026-11-21T18:46:24Z order=12 note=\"two words\" reorder=13,x=1";
    for (name, expected) in [("order", "12"), ("note", "two words"), ("reorder", "13"), ("x", "1")] {
        assert_eq!(value(line, name).as_deref(), Some(expected), "{name}");
    }
    assert_eq!(value(line, "orde"), None);
    assert_eq!(value(line, ""), None);
}

#[test]
fn a_filter_wants_what_holds_in_everything() {
    let line = "2026-11-21T18:46:24Z WARN order=12 Slow";
    let wanted = |filter: Filter| filter.is_match(line.as_bytes(), &read(line));
    let grep = |text| Some(pattern(text).unwrap());
    assert!(wanted(Filter::default()));
    assert!(wanted(Filter { grep: grep("slow$"), level: Some(Level::Warn), ..Filter::default() }));
    assert!(!wanted(Filter { grep: grep("SLOW"), ..Filter::default() }));
    assert!(wanted(Filter { grep: grep("SLOW"), invert: true, ..Filter::default() }));
    assert!(wanted(Filter { grep: grep(r"\Solow|slow"), ..Filter::default() }));
    assert!(!wanted(Filter { level: Some(Level::Error), ..Filter::default() }));
    assert!(!wanted(Filter { since: Some(at("2026-11-21T18:46:25Z")), ..Filter::default() }));
    assert!(!wanted(Filter { until: Some(at("2026-11-21T18:46:23Z")), ..Filter::default() }));
    assert!(wanted(Filter { fields: vec![("order".into(), "12".into())], ..Filter::default() }));
    assert!(!wanted(Filter { fields: vec![("order".into(), "1".into())], ..Filter::default() }));
}
