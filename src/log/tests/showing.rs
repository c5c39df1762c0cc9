//! What is left to read of a line when time and level stand in columns of their own.

use proptest::prelude::*;

use super::super::{Splitter, body};

fn message(line: &str) -> String {
    String::from_utf8(body(line.as_bytes()).message.into_owned()).unwrap()
}

/// `message | name=value, …`
fn taken(line: &str) -> String {
    let body = body(line.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields: Vec<_> = body.fields.iter().map(|(name, value)| format!("{}={}", text(name), text(value))).collect();
    format!("{} | {}", text(&body.message), fields.join(", "))
}

#[test]
fn of_a_line_of_text_what_stands_behind_stamp_and_level_is_left() {
    for (line, left) in [
        ("2026-11-21T18:46:24.123Z ERROR db: gone", "db: gone"),
        ("2026-11-21T18:46:24,123456+02:00 x", "x"),
        ("2026-11-21 18:46:24.123 +05:30 [INF] Now listening", "Now listening"),
        ("[18:46:24 WRN] slow", "slow"),
        ("[2026-11-21 18:46:24] [warning] slow", "slow"),
        ("2026-11-21 18:46:24 [INFO ] c.e.App: up", "c.e.App: up"),
        ("2026-11-21 18:46:24: INFO: up", "up"),
        ("2026-11-21 18:46:24 | ERROR | db | gone", "db | gone"),
        ("2026-11-21 18:46:24 - WARN - slow", "slow"),
        ("Nov 21 18:46:24 web-1 sshd[12]: error: connect", "web-1 sshd[12]: error: connect"),
        ("<34>1 2026-11-21T18:46:24Z web-1 app - - - x", "web-1 app - - - x"),
        ("2026-11-21T18:46:24.123+05:30  WARN 1 --- [main] c.e.App : slow", "1 --- [main] c.e.App : slow"),
        ("2026/11/21 18:46:24 [error] 12#12: *1 connect() failed", "12#12: *1 connect() failed"),
        ("2026-11-21 18:46:24.123 IST [123] LOG:  ready", "[123] LOG:  ready"),
        ("2026-11-21 18:46:24.123 UTC LOG:  ready", "ready"),
        ("2026-11-21 18:46:24.123 +03 [123] LOG:  ready", "[123] LOG:  ready"),
        ("E1121 18:46:24.123456   12 file.go:9] failed", "12 file.go:9] failed"),
        ("INFO  [2026-11-21 18:46:24,123] org.x: up", "org.x: up"),
        ("[Sat Nov 21 18:46:24.123456 2026] [core:notice] x", "[core:notice] x"),
        ("\u{1b}[2m2026-11-21T18:46:24Z\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m x", "x"),
        ("1795286784.5 tick", "tick"),
        ("2026-11-21 18:46:24 ERROR", "ERROR"),
        ("2026-11-21 18:46:24 GET /api", "GET /api"),
        ("2026-11-21 18:46:24 information is scarce", "information is scarce"),
    ] {
        assert_eq!(message(line), left, "{line}");
    }
}

#[test]
fn a_line_without_a_stamp_at_its_head_is_left_as_it_is() {
    for line in [
        "1234567890 rows copied",
        "   at Shop.Orders.Place() in Orders.cs:line 12",
        "error: no such file",
        r#"{"a" is no JSON}"#,
        r#"{"a":1} and words behind it"#,
        r#"{"a":1, and then it breaks"#,
        "{",
        "{}",
        "",
        "count=3",
        "limit=3 of many",
    ] {
        let body = body(line.as_bytes());
        assert_eq!((&*body.message, body.fields.len()), (line.as_bytes(), 0), "{line}");
    }
}

#[test]
fn of_a_json_line_message_and_fields_are_told_apart() {
    for (line, left) in [
        (r#"{"level":30,"time":1795286784123,"pid":7,"msg":"up \"now\""}"#, r#"up "now" | pid=7"#),
        (r#"{"level":"warn","ts":1.7952867845e9,"msg":"zap","caller":"a.go:3"}"#, "zap | caller=a.go:3"),
        (
            r#"{"@timestamp":"2026-11-21T18:46:24Z","log":{"level":"debug","logger":"c.e"},"message":"x"}"#,
            "x | log.logger=c.e",
        ),
        (
            r#"{"timestamp":"2026-11-21T18:46:24Z","level":"INFO","fields":{"message":"up","port":80},"target":"web"}"#,
            "up | fields.port=80, target=web",
        ),
        (r#"{"log":"plain\n","stream":"stdout","time":"2026-11-21T18:46:24Z"}"#, "plain | stream=stdout"),
        (r#"{"event":"login","msg":"x"}"#, "x | event=login"),
        (
            r#"{"stack":"E\n at b","msg":"x","b":[1, 2],"c":{},"date":"unknown"}"#,
            "x | b=[1, 2], c={}, date=unknown, stack=E\n at b",
        ),
        (r#"2026-11-21T18:46:24Z {"msg":"behind a stamp","n":1}"#, "behind a stamp | n=1"),
        (r#"{"level":"dpanic","a":{"level":"error"}}"#, " | level=dpanic, a.level=error"),
    ] {
        assert_eq!(taken(line), left, "{line}");
    }
}

#[test]
fn a_template_is_shown_with_its_values() {
    for (line, left) in [
        (
            r#"{"@t":"2026-11-21T18:46:24.1Z","@mt":"Order {OrderId} of {@Buyer} took {Ms:0.0} ms","@r":["12.3"],"OrderId":"A-1","Buyer":{"Name":"x"},"Ms":12.34,"@tr":"abc"}"#,
            r#"Order A-1 of {"Name":"x"} took 12.3 ms | @tr=abc"#,
        ),
        (r#"{"@mt":"{{literal}} {Missing} {","@l":"Error","@x":"E: y"}"#, "{literal} {Missing} { | @x=E: y"),
        (r#"{"@mt":"{A}","@m":"rendered","A":1}"#, "rendered | @mt={A}, A=1"),
        (
            r#"{"Timestamp":"2026-11-21T18:46:24Z","Level":"Information","MessageTemplate":"Hi {Who}","Properties":{"Who":"you","Port":80}}"#,
            "Hi you | Properties.Port=80",
        ),
    ] {
        assert_eq!(taken(line), left, "{line}");
    }
}

#[test]
fn of_an_access_line_status_and_request_are_the_message() {
    let line = r#"192.0.2.1 - - [21/Nov/2026:18:46:24 +0000] "GET /a HTTP/1.1" 502 157"#;
    assert_eq!(taken(line), "502 GET /a | remote=192.0.2.1, bytes=157");
}

#[test]
fn of_a_logfmt_line_message_and_pairs_are_told_apart() {
    for (line, left) in [
        ("ts=2026-11-21T18:46:24Z level=info msg=\"a \\\"b\\\"\" n=[1,2] err=\"\"", "a \"b\" | n=[1,2], err="),
        ("2026-11-21T18:46:24Z level=warn path=/a?b=c status=502", " | path=/a?b=c, status=502"),
    ] {
        assert_eq!(taken(line), left, "{line}");
    }
}

#[test]
fn a_line_with_many_members_shows_some_and_its_stack_trace() {
    let members: Vec<_> = (0..500).map(|n| format!("\"f{n}\":{n},")).collect();
    let line = format!("{{{}\"@x\":\"boom\",\"msg\":\"m\"}}", members.concat());
    let body = body(line.as_bytes());
    assert_eq!((&*body.message, body.fields.len()), (&b"m"[..], 24));
    assert_eq!(body.fields.last().map(|(name, _)| &**name), Some(&b"@x"[..]));
    let cut = format!("{{\"msg\":\"m\",\"a\":1,\"b\":\"{}", Splitter::CUT);
    assert_eq!(taken(&cut), "m | a=1");
}

#[test]
fn deep_nesting_stays_together() {
    let line = [br#"{"a":"#.repeat(8000), b"1".to_vec(), b"}".repeat(8000)].concat();
    assert_eq!(body(&line).fields.len(), 1);
}

proptest! {
    #[test]
    fn any_bytes_are_taken_apart(line in prop::collection::vec(any::<u8>(), 0..200)) {
        body(&line);
    }

    #[test]
    fn whatever_looks_like_a_line_is_taken_apart(line in r#"(\[|<1>|INFO )?(2026-11-21 18:46:24)?( IST| \+03)?[\[{} :"@mtsgrlx=.,0-9-]{0,60}"#) {
        let body = body(line.as_bytes());
        // Text is only ever cut at its head.
        if body.fields.is_empty() && !line.contains('"') {
            prop_assert!(line.as_bytes().ends_with(&body.message));
        }
    }
}
