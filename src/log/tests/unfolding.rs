//! Lines of JSON and logfmt on many lines.

use proptest::prelude::*;

use super::super::{Splitter, pretty};

fn shown(line: &str) -> Option<String> {
    pretty(line.as_bytes()).map(|lines| lines.join("\n"))
}

#[test]
fn a_json_line_is_indented_in_its_order_with_its_numbers_as_written() {
    let line = r#"{"z":1.50, "a":"\u00e9 \"x\"","n":{"e":{},"l":[1,{"b":null},[]]},"big":12345678901234567890}"#;
    let expected = r#"{
  "z": 1.50,
  "a": "é \"x\"",
  "n": {
    "e": {},
    "l": [
      1,
      {
        "b": null
      },
      []
    ]
  },
  "big": 12345678901234567890
}"#;
    assert_eq!(shown(line).as_deref(), Some(expected));
    assert_eq!(shown("{}").as_deref(), Some("{}"));
}

#[test]
fn a_stack_trace_stands_on_lines_of_its_own() {
    let line = r#"{"@x":"System.Exception: gone\n   at A.B()\n\tat C.D()\n","m":"x\n"}"#;
    let expected = "{\n  \"@x\": \"System.Exception: gone\n       at A.B()\n        at C.D()\",\n  \"m\": \"x\\n\"\n}";
    assert_eq!(shown(line).as_deref(), Some(expected));
}

#[test]
fn what_stands_before_and_behind_the_object_is_shown_too() {
    assert_eq!(
        shown("Nov 21 18:46:24 h app[1]: {\"a\":1} done").as_deref(),
        Some("Nov 21 18:46:24 h app[1]:\n{\n  \"a\": 1\n}\ndone")
    );
    let cut = format!("{{\"a\":1,\"b\":\"long{}", Splitter::CUT);
    let lines = pretty(cut.as_bytes()).unwrap();
    assert_eq!(lines.first().map(String::as_str), Some("{"));
    assert!(lines.last().unwrap().ends_with(Splitter::CUT), "{lines:?}");
}

#[test]
fn a_logfmt_line_is_shown_one_pair_a_line() {
    assert_eq!(shown(r#"level=info msg="a \"b\"" n=1"#).as_deref(), Some("level=info\nmsg=\"a \\\"b\\\"\"\nn=1"));
}

#[test]
fn text_is_not_unfolded() {
    for line in ["", "plain text", "{not json}", "{\"a\" is no member}", "a=1", "x {y} z", "[1,2]"] {
        assert_eq!(shown(line), None, "{line}");
    }
}

#[test]
fn a_huge_line_is_bounded_and_says_what_is_left_out() {
    let members: Vec<_> = (0..3000).map(|n| format!("\"f{n}\":{n}")).collect();
    let lines = pretty(format!("{{{}}}", members.join(",")).as_bytes()).unwrap();
    assert_eq!(lines.len(), 400);
    assert_eq!(lines.last().map(String::as_str), Some("… 2603 more lines are left out"));
    let deep = [b"{\"a\":".to_vec(), b"[".repeat(30_000), b"]".repeat(30_000), b"}".to_vec()].concat();
    assert!(pretty(&deep).unwrap().len() < 100);
}

proptest! {
    #[test]
    fn any_bytes_are_shown_safely(line in prop::collection::vec(any::<u8>(), 0..200)) {
        for line in [line.clone(), [b"{\"a\":\"", &*line, b"\"}"].concat(), [b"a=1 b=\"", &*line, b"\""].concat()] {
            for shown in pretty(&line).into_iter().flatten() {
                prop_assert!(!shown.chars().any(char::is_control), "{shown:?}");
            }
        }
    }

    #[test]
    fn nothing_of_a_json_value_is_lost(keys in prop::collection::vec("[a-z]{1,5}", 1..6), text in "\\PC{0,20}", number in any::<i64>()) {
        let inner = serde_json::json!({"text": text, "numbers": [number, {"deep": keys}]});
        let line = serde_json::json!({"outer": inner, "n": number}).to_string();
        let shown = pretty(line.as_bytes()).unwrap().join("\n");
        // Cleaning takes what reorders or hides text.
        if crate::model::Text::line(&text).as_str() == text {
            let back: serde_json::Value = serde_json::from_str(&shown).unwrap();
            prop_assert_eq!(back.to_string(), line);
        }
    }
}
