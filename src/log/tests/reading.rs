//! Stamps, levels and beginnings of records, as programs write them.

use std::sync::Arc;

use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::super::{FieldTest, Filter, Level, Parsed, Pattern, Reader, parse};
use super::{at, read};

/// Lines with what they say; the zone of the reader is five and a half hours east.
const LINES: &[(&str, &str, Option<Level>)] = &[
    ("2026-11-21T18:46:24.123Z ERROR db: gone", "2026-11-21T18:46:24.123Z", Some(Level::Error)),
    ("2026-11-21T18:46:24,123456+02:00 x", "2026-11-21T16:46:24.123456Z", None),
    ("2026-11-21 18:46:24 starting", "2026-11-21T13:16:24Z", None),
    ("2026-11-21 18:46:24.123 +05:30 [INF] Now listening", "2026-11-21T13:16:24.123Z", Some(Level::Info)),
    ("[18:46:24 WRN] slow", "2026-11-21T13:16:24Z", Some(Level::Warn)),
    ("Nov 21 18:46:24 web-1 sshd[12]: error: connect", "2026-11-21T13:16:24Z", Some(Level::Error)),
    ("<34>1 2026-11-21T18:46:24Z web-1 app - - - x", "2026-11-21T18:46:24Z", None),
    ("<34>Nov  1 18:46:24 web-1 app: x", "2026-11-01T13:16:24Z", None),
    ("2026-11-21T18:46:24.123+05:30  WARN 1 --- [main] c.e.App : slow", "2026-11-21T13:16:24.123Z", Some(Level::Warn)),
    ("2026-11-21 18:46:24.123  INFO 1 --- [main] c.e.App : up", "2026-11-21T13:16:24.123Z", Some(Level::Info)),
    ("2026/11/21 18:46:24 [error] 12#12: *1 connect() failed", "2026-11-21T13:16:24Z", Some(Level::Error)),
    (
        r#"192.0.2.1 - - [21/Nov/2026:18:46:24 +0000] "GET / HTTP/1.1" 502 157 "-" "x""#,
        "2026-11-21T18:46:24Z",
        Some(Level::Error),
    ),
    (
        r#"192.0.2.1 - ann [21/Nov/2026:18:46:24 +0530] "GET /500 HTTP/1.1" 404 1"#,
        "2026-11-21T13:16:24Z",
        Some(Level::Warn),
    ),
    (r#"::1 - - [21/Nov/2026:18:46:24 +0000] "GET / HTTP/2" 200 9"#, "2026-11-21T18:46:24Z", Some(Level::Info)),
    ("1795286784 tick", "2026-11-21T18:46:24Z", None),
    ("1795286784.5 tick", "2026-11-21T18:46:24.5Z", None),
    ("1795286784123 FATAL tick", "2026-11-21T18:46:24.123Z", Some(Level::Fatal)),
    ("2026-11-21 18:46:24.123 UTC [123] ERROR:  relation", "2026-11-21T18:46:24.123Z", Some(Level::Error)),
    ("2026-11-21 18:46:24.123 IST [123] LOG:  ready", "2026-11-21T13:16:24.123Z", Some(Level::Info)),
    (r#"{"@t":"2026-11-21T18:46:24.1Z","@mt":"Hello"}"#, "2026-11-21T18:46:24.1Z", Some(Level::Info)),
    (r#"{"@t":"2026-11-21T18:46:24.1Z","@mt":"x","@l":"Fatal"}"#, "2026-11-21T18:46:24.1Z", Some(Level::Fatal)),
    (r#"{"level":30,"time":1795286784123,"msg":"pino"}"#, "2026-11-21T18:46:24.123Z", Some(Level::Info)),
    (r#"{"level":"warn","ts":1795286784.5,"msg":"zap"}"#, "2026-11-21T18:46:24.5Z", Some(Level::Warn)),
    (r#"{"ts":1.7952867845e9,"level":"dpanic"}"#, "2026-11-21T18:46:24.5Z", None),
    (r#"{"a":{"level":"error"},"timestamp":"2026-11-21 18:46:24"}"#, "2026-11-21T13:16:24Z", None),
    (r#"{"@timestamp":"2026-11-21T18:46:24Z","log.level":"ERROR"}"#, "2026-11-21T18:46:24Z", Some(Level::Error)),
    (r#"{"@timestamp":"2026-11-21T18:46:24Z","log":{"level":"debug"}}"#, "2026-11-21T18:46:24Z", Some(Level::Debug)),
    (r#"{"m":"a \"quoted\" {","severity":"WARNING","time":1795286784}"#, "2026-11-21T18:46:24Z", Some(Level::Warn)),
    ("ts=2026-11-21T18:46:24Z level=info msg=\"no error here\"", "2026-11-21T18:46:24Z", Some(Level::Info)),
    ("level=warn msg=\"a b=c\" time=\"2026-11-21T18:46:24Z\"", "2026-11-21T18:46:24Z", Some(Level::Warn)),
    ("E1121 18:46:24.123456   12 file.go:9] failed", "2026-11-21T13:16:24.123456Z", Some(Level::Error)),
    ("INFO  [2026-11-21 18:46:24,123] org.x: up", "2026-11-21T13:16:24.123Z", Some(Level::Info)),
    ("[Sat Nov 21 18:46:24.123456 2026] [core:notice] x", "2026-11-21T13:16:24.123456Z", None),
    ("21-Nov-2026 18:46:24.123 SEVERE [main] x", "2026-11-21T13:16:24.123Z", Some(Level::Error)),
    ("\u{1b}[2m2026-11-21T18:46:24Z\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m x", "2026-11-21T18:46:24Z", Some(Level::Warn)),
];

#[test]
fn lines_of_real_programs_tell_their_time_and_level() {
    for (line, time, level) in LINES {
        let parsed = read(line);
        assert_eq!((parsed.time, parsed.level, parsed.begins), (Some(at(time)), *level, true), "{line}");
    }
}

#[test]
fn a_stamp_without_a_year_is_of_the_year_nearest_before() {
    let parsed = |line: &str, received| parse(line.as_bytes(), at(received), &TimeZone::UTC).time;
    let (old, new) = ("Dec 31 23:59:58 h x", "Jan  1 00:00:03 h x");
    assert_eq!(parsed(old, "2027-01-01T00:00:01Z"), Some(at("2026-12-31T23:59:58Z")));
    assert_eq!(parsed(new, "2026-12-31T23:59:59Z"), Some(at("2027-01-01T00:00:03Z")));
    assert_eq!(parsed("Feb 29 12:00:00 h x", "2026-11-21T00:00:00Z"), Some(at("2024-02-29T12:00:00Z")));
    assert_eq!(parsed("Sep  9 12:00:00 h x", "2026-11-21T00:00:00Z"), Some(at("2026-09-09T12:00:00Z")));
    assert_eq!(parsed("Feb 30 12:00:00 h x", "2026-11-21T00:00:00Z"), None);
}

#[test]
fn a_time_of_day_alone_is_of_the_last_day_that_fits() {
    let parsed = |line: &str, received| parse(line.as_bytes(), at(received), &TimeZone::UTC).time;
    assert_eq!(parsed("23:59:59 x", "2026-11-21T00:00:01Z"), Some(at("2026-11-20T23:59:59Z")));
    assert_eq!(parsed("00:00:01 x", "2026-11-21T23:59:59Z"), Some(at("2026-11-22T00:00:01Z")));
    assert_eq!(parsed("10:00:00 x", "2026-11-21T22:30:00Z"), Some(at("2026-11-21T10:00:00Z")));
}

#[test]
fn local_times_follow_the_zone_through_the_change_of_its_clocks() {
    let berlin = TimeZone::get("Europe/Berlin").unwrap();
    let mut reader = Reader::new();
    let mut read = |line: &str| reader.read(line.as_bytes(), at("2026-10-26T00:00:00Z"), &berlin).time.unwrap();
    assert_eq!(read("2026-10-25 01:59:00 x"), at("2026-10-24T23:59:00Z"));
    assert_eq!(read("2026-10-25 03:01:00 x"), at("2026-10-25T02:01:00Z"));
    assert_eq!(read("2026-10-25 03:02:00 x"), at("2026-10-25T02:02:00Z"));
}

#[test]
fn what_is_no_stamp_is_not_taken_for_one() {
    for line in [
        "1234567890 rows copied",
        "Backup of 2026-11-20 03:00:00 is done",
        "2026-13-21 18:46:24 x",
        "2026-02-30T18:46:24Z x",
        "99:00:00 x",
        "Nov 41 18:46:24 x",
        "192.0.2.1 - - [yesterday] x",
        "{not json",
        "{}",
        "=",
        "2026",
        "[",
        "<",
        "<34",
    ] {
        assert_eq!(read(line).time, None, "{line}");
    }
}

#[test]
fn a_word_in_a_sentence_is_no_level() {
    for line in ["no error was found", "GET /ERROR HTTP/1.1", "an info page", "THE FINE MANUAL", "MY_ERROR x"] {
        assert_eq!(read(line).level, None, "{line}");
    }
    assert_eq!(read("fatal: not a git repository").level, Some(Level::Fatal));
    assert_eq!(read("[error] x").level, Some(Level::Error));
    assert_eq!(read("Nov 21 18:46:24 h app[1]: {\"level\":\"error\"}").level, Some(Level::Error));
}

#[test]
fn stack_traces_go_on_with_their_record() {
    for line in [
        "",
        "   at Shop.Orders.Place() in Orders.cs:line 12",
        "\tat com.example.App.main(App.java:9)",
        "Caused by: java.io.IOException: x",
        "Traceback (most recent call last):",
        "  File \"app.py\", line 3",
        "ValueError: bad",
        "java.lang.IllegalStateException: x",
        "}",
        "... 12 more",
    ] {
        assert!(!read(line).begins, "{line}");
    }
    assert!(read("Now listening on 8080").begins);
    let mut reader = Reader::new();
    let mut begins = |line: &str| reader.read(line.as_bytes(), at("2026-11-21T00:00:00Z"), &TimeZone::UTC).begins;
    assert!(begins("hello"));
    assert!(begins("2026-11-21 18:46:24 SELECT"));
    assert!(!begins("FROM orders"), "a source whose records have stamps");
}

#[test]
fn a_pattern_says_what_is_time_level_and_message() {
    let form = r"^(?<corr>\w+) (?<level>\w+)@(?<time>\S+ \S+)(?: thread=(?<thread>\d+))?: (?<message>.*)";
    let pattern = Arc::new(Pattern::new(form).unwrap());
    let mut reader = Reader::with_pattern(Arc::clone(&pattern));
    let mut read = |line: &str| {
        let parsed = reader.read(line.as_bytes(), at("2026-11-21T19:00:00Z"), &TimeZone::UTC);
        (parsed.time.map(|t| t.to_string()), parsed.level, parsed.begins)
    };
    assert_eq!(read("== log opened =="), (None, None, true));
    let line = "abc123 WRN@21/11/26 18:46:24 thread=7: gone";
    assert_eq!(read(line), (None, Some(Level::Warn), true), "a time that is no stamp");
    let line = "abc123 502@2026-11-21 18:46:24 thread=7: gone";
    assert_eq!(read(line), (Some("2026-11-21T18:46:24Z".to_owned()), Some(Level::Error), true));
    assert_eq!(read("2026-11-21 18:46:25 ERROR of another form"), (None, None, false));

    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let body = pattern.body(line.as_bytes()).unwrap();
    let fields: Vec<_> = body.fields.iter().map(|(name, value)| (text(name), text(value))).collect();
    assert_eq!(text(&body.message), "gone");
    assert_eq!(fields, [("corr".to_owned(), "abc123".to_owned()), ("thread".to_owned(), "7".to_owned())]);
    assert_eq!(pattern.trace(line.as_bytes()).as_deref(), Some(&b"abc123"[..]));
    assert_eq!(pattern.body(b"of another form"), None);

    let (filter, parsed) = (
        |name: &str, value: &str| Filter { fields: vec![FieldTest::is(name, value)], ..Filter::default() },
        Parsed::default(),
    );
    assert!(filter("thread", "7").is_match_with(line.as_bytes(), &parsed, Some(&pattern)));
    assert!(!filter("corr", "7").is_match_with(line.as_bytes(), &parsed, Some(&pattern)));
    assert!(Pattern::new("(?<time>").is_err());
}

#[test]
fn levels_are_ordered_and_keep_their_words() {
    assert!(Level::ALL.is_sorted());
    assert!(Level::ALL.iter().all(|l| Level::parse(l.word()) == Some(*l)));
    assert_eq!(Level::parse("WRN"), Some(Level::Warn));
    assert_eq!(Level::parse("loud"), None);
    assert_eq!(Level::parse("a-very-long-word-that-is-none"), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_reader_stumble(line in prop::collection::vec(any::<u8>(), 0..300)) {
        parse(&line, at("2026-11-21T00:00:00Z"), &TimeZone::UTC);
    }

    #[test]
    fn no_damaged_line_makes_the_reader_stumble(
        pick in 0..LINES.len(), cut in 0_usize..120, byte in any::<u8>(), place in 0_usize..120,
    ) {
        let mut line = LINES[pick].0.as_bytes().to_vec();
        if let Some(b) = line.get_mut(place) {
            *b = byte;
        }
        line.truncate(cut);
        parse(&line, at("2026-11-21T00:00:00Z"), &TimeZone::get("Europe/Berlin").unwrap());
        super::super::field(&line, "level");
    }
}
