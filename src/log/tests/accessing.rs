//! Fields of access logs of nginx and Apache, as their stock formats and the usual additions write them.

use super::super::{FieldTest, Filter, field};
use super::read;

fn value(line: &str, name: &str) -> Option<String> {
    field(line.as_bytes(), name).map(|v| String::from_utf8(v.into_owned()).unwrap())
}

fn has(line: &str, wanted: &[(&str, &str)]) {
    for (name, expected) in wanted {
        assert_eq!(value(line, name).as_deref(), Some(*expected), "{name} of {line}");
    }
}

fn has_not(line: &str, names: &[&str]) {
    for name in names {
        assert_eq!(value(line, name), None, "{name} of {line}");
    }
}

const COMBINED: &str = r#"192.0.2.7 - alice [21/Nov/2026:18:46:24 +0000] "GET /api/orders?id=7&x=1 HTTP/1.1" 502 157 "https://shop.example.com/" "Mozilla/5.0 (X11; rt=9 Linux)""#;

#[test]
fn the_combined_format_has_all_its_fields() {
    has(
        COMBINED,
        &[
            ("remote", "192.0.2.7"),
            ("user", "alice"),
            ("method", "GET"),
            ("path", "/api/orders"),
            ("query", "id=7&x=1"),
            ("protocol", "HTTP/1.1"),
            ("status", "502"),
            ("bytes", "157"),
            ("referer", "https://shop.example.com/"),
            ("agent", "Mozilla/5.0 (X11; rt=9 Linux)"),
        ],
    );
    has_not(COMBINED, &["latency", "rt", "id", "time"]);
}

#[test]
fn the_common_format_has_what_it_says_and_a_dash_is_nothing() {
    let line = r#"2001:db8::7 - - [21/Nov/2026:18:46:24 +0530] "POST /login HTTP/2.0" 302 -"#;
    has(line, &[("remote", "2001:db8::7"), ("path", "/login"), ("protocol", "HTTP/2.0"), ("status", "302")]);
    has_not(line, &["user", "bytes", "referer", "agent", "query", "latency"]);
    has_not(&COMBINED.replace("\"https://shop.example.com/\"", "\"-\""), &["referer"]);
}

#[test]
fn what_is_added_behind_is_found_by_name_or_as_the_last_number() {
    let named = format!(r#"{COMBINED} rt=0.012 uct="0.000" urt=0.011, 0.002 uht=-"#);
    has(&named, &[("rt", "0.012"), ("uct", "0.000"), ("urt", "0.011"), ("status", "502")]);
    has_not(&named, &["uht", "latency"]);
    has(&format!("{COMBINED} latency=3ms"), &[("latency", "3ms")]);
    for (end, took) in [("0.250", "0.250"), ("\"-\" 0.250", "0.250"), ("1534", "1534"), ("\"0.5\"", "0.5")] {
        has(&format!("{COMBINED} {end}"), &[("latency", took), ("agent", "Mozilla/5.0 (X11; rt=9 Linux)")]);
    }
    has(r#"192.0.2.7 - - [21/Nov/2026:18:46:24 +0000] "GET / HTTP/1.1" 200 5 0.125"#, &[("latency", "0.125")]);
    has_not(&format!("{COMBINED} 192.0.2.1:80"), &["latency"]);
}

#[test]
fn a_virtual_host_or_a_head_of_syslog_may_stand_before_it() {
    has(&format!("shop.example.com:443 {COMBINED}"), &[("remote", "192.0.2.7"), ("user", "alice")]);
    has(&format!("<190>Nov 21 18:46:24 web1 nginx: {COMBINED}"), &[("remote", "192.0.2.7"), ("status", "502")]);
    has(&COMBINED.replace("alice", "alice smith"), &[("remote", "192.0.2.7"), ("user", "alice smith")]);
}

#[test]
fn what_clients_send_breaks_nothing() {
    let odd = |request: &str, status: u16| {
        format!(r#"192.0.2.7 - - [21/Nov/2026:18:46:24 +0000] "{request}" {status} 0 "-" "-""#)
    };
    let tls = odd(r"\x16\x03\x01\x02\x00\x01", 400);
    has(&tls, &[("status", "400"), ("bytes", "0")]);
    has_not(&tls, &["method", "path", "protocol", "agent"]);
    has_not(&odd("-", 408), &["method", "path"]);
    has(&odd("GET /a b HTTP/1.0", 400), &[("path", "/a b"), ("protocol", "HTTP/1.0")]);
    has(&odd("GET /", 400), &[("path", "/")]);
    has(&odd(r#"GET /\" 200 HTTP/1.1"#, 404), &[("path", r#"/\" 200"#), ("status", "404")]);
    has(&odd("GET /[x]?a=[1] HTTP/1.1", 200), &[("path", "/[x]"), ("query", "a=[1]")]);
    has(&COMBINED.replace("Mozilla", "status=200 path=/x"), &[("status", "502"), ("path", "/api/orders")]);
}

#[test]
fn other_lines_are_as_they_were() {
    has("2026-11-21T18:46:24Z status=7 path=/x", &[("status", "7"), ("path", "/x")]);
    has(r#"{"status":500,"path":"/y"}"#, &[("status", "500"), ("path", "/y")]);
    for line in
        ["", "[", "a [21/Nov/2026:18:46:24", "a [21/Nov/2026:18:46:24 +0000] \"GET / HTTP/1.1", "x [y] \"z\" 200"]
    {
        has_not(line, &["status", "remote", "path", "latency"]);
    }
}

#[test]
fn a_filter_tests_them() {
    let line = format!("{COMBINED} rt=0.512");
    let wanted = |tests: &[&str]| {
        let fields = tests.iter().map(|t| FieldTest::parse(t).unwrap()).collect();
        Filter { fields, ..Filter::default() }.is_match(line.as_bytes(), &read(&line))
    };
    assert!(wanted(&["status=5xx", "rt>=0.5", "path~^/api/", "user!=bob", "bytes<1000"]));
    for no in ["status=4xx", "rt<0.5", "path~^/login", "user!=alice", "latency>0"] {
        assert!(!wanted(&["method=GET", no]), "{no}");
    }
}

#[test]
fn the_status_comes_first_and_what_was_added_before_the_rest() {
    let told = |line: &str| {
        let body = super::super::body(line.as_bytes());
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let fields: Vec<_> = body.fields.iter().map(|(n, v)| format!("{}={}", text(n), text(v))).collect();
        (text(&body.message), fields.join(" "))
    };
    let head = "192.0.2.7 - ops [21/Nov/2026:18:46:24 +0000] \"GET /a?b=c HTTP/1.1\" 504 157";
    assert_eq!(told(head), ("504 GET /a?b=c".to_owned(), "remote=192.0.2.7 user=ops bytes=157".to_owned()));
    assert_eq!(
        told(&format!("{head} \"-\" \"curl/8.5.0\" rt=60.001 uct=\"0.1, 0.2\" trace=ab12")).1,
        "rt=60.001 uct=0.1, 0.2 trace=ab12 remote=192.0.2.7 user=ops bytes=157 agent=curl/8.5.0"
    );
    assert_eq!(
        told(&format!("{head} \"-\" \"curl/8.5.0\" 0.250")).1,
        "latency=0.250 remote=192.0.2.7 user=ops bytes=157 agent=curl/8.5.0"
    );
}
