//! Fields and filters on single lines.

use super::super::{FieldTest, Filter, Level, field, pattern};
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
    assert!(wanted(Filter { fields: vec![FieldTest::is("order", "12")], ..Filter::default() }));
    assert!(!wanted(Filter { fields: vec![FieldTest::is("order", "1")], ..Filter::default() }));
}

#[test]
fn a_field_is_tested_by_text_number_class_or_pattern() {
    let met = |test: &str, value: &str| FieldTest::parse(test).unwrap().is_met(value.as_bytes());
    for (test, yes, no) in [
        ("user=alice", "alice", "Alice"),
        ("user!=alice", "bob", "alice"),
        ("user=", "", "x"),
        ("status=5xx", "503", "404"),
        ("status=5XX", "500", "5000"),
        ("status!=2xx", "301", "204"),
        ("status>=500", "500", "499.9"),
        ("rt>0.5", "0.51", "0.5"),
        ("rt<1e-3", "0.0002", "1"),
        ("rt<=0.5", " 0.50", "none"),
        ("skew<0", "-1.5", "nan"),
        ("path~^/api/v[12]", "/api/v2/x", "/api/v3"),
        ("agent~CURL", "CURL/8", "curl/8"),
        ("agent~curl", "CURL/8", "wget"),
        ("a=b=c", "b=c", "b"),
        ("a>=-3", "-3", "-4"),
        ("path=~x", "~x", "x"),
        (" a =1", "1", "2"),
    ] {
        assert!(met(test, yes), "{test} {yes}");
        assert!(!met(test, no), "{test} {no}");
    }
    assert_eq!(FieldTest::parse("status>=500").unwrap().to_string(), "status>=500");
    assert_eq!(FieldTest::parse("user=alice").unwrap().exact(), Some("alice"));
    for unsure in ["user!=alice", "status=5xx", "user~alice", "n>1"] {
        assert_eq!(FieldTest::parse(unsure).unwrap().exact(), None, "{unsure}");
    }
}

#[test]
fn a_test_of_no_field_says_what_to_write() {
    let told = |test: &str| FieldTest::parse(test).unwrap_err();
    let no_field = "\"=5\" tests no field; write name=value, or !=, >, >=, <, <=, ~ between the two";
    assert_eq!(told("=5"), no_field);
    assert!(told("status").starts_with("\"status\" tests no field"));
    assert!(told("a!b").starts_with("\"a!b\" tests no field"));
    assert_eq!(told("status>many"), "\"status>many\" compares with no number; write status>500");
    assert!(told("status>inf").contains("no number"));
    assert!(told("path~(").starts_with("\"path~(\" is no regular expression: "));
}

#[test]
fn a_line_without_the_field_is_never_wanted() {
    let line = "2026-11-21T18:46:24Z WARN order=12 Slow";
    let wanted = |test: &str| {
        let fields = vec![FieldTest::parse(test).unwrap()];
        Filter { fields, ..Filter::default() }.is_match(line.as_bytes(), &read(line))
    };
    assert!(wanted("order!=13") && wanted("order>2"));
    assert!(!wanted("user!=alice") && !wanted("user~") && !wanted("user<9"));
}
