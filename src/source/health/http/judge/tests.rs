//! Answers and what they mean.

use hyper::StatusCode;
use hyper::header::{HeaderMap, HeaderValue};

use super::*;

fn judge() -> Judge {
    Judge { accepted: Accepted::default(), strict: false, style: Style::Auto, body: None, json: Vec::new() }
}

fn answer(code: u16, body: &str) -> Answer {
    let status = StatusCode::from_u16(code).unwrap();
    Answer { status, headers: HeaderMap::new(), body: body.as_bytes().to_vec(), cut: false }
}

fn seen(judge: &Judge, code: u16, body: &str) -> (Outcome, String) {
    let seen = judge.judge(&answer(code, body));
    (seen.outcome, seen.reason.map(|r| r.to_string()).unwrap_or_default())
}

#[test]
fn the_body_goes_before_the_code() {
    assert_eq!(seen(&judge(), 200, "Degraded"), (Outcome::Degraded, "the report says Degraded".into()));
    assert_eq!(seen(&judge(), 503, "Degraded"), (Outcome::Degraded, "503, the report says Degraded".into()));
    assert_eq!(seen(&judge(), 200, "Unhealthy").0, Outcome::Fail);
    assert_eq!(seen(&judge(), 200, "hello"), (Outcome::Pass, String::new()));
}

#[test]
fn a_code_that_is_not_accepted_is_never_a_pass() {
    let (outcome, reason) = seen(&judge(), 503, "Healthy");
    assert_eq!((outcome, reason.as_str()), (Outcome::Fail, "503, expected 2xx, although the report says Healthy"));
    let strict = Judge { strict: true, ..judge() };
    assert_eq!(seen(&strict, 503, "Degraded").0, Outcome::Fail);
}

#[test]
fn an_unexpected_code_brings_the_first_words_or_the_entries() {
    assert_eq!(seen(&judge(), 503, "no  workers\nleft").1, "503, expected 2xx: no workers left");
    let body = r#"{"status":"Unhealthy","entries":{"db":{"status":"Unhealthy","description":"connection refused to db:5432"}}}"#;
    assert_eq!(seen(&judge(), 503, body).1, "503, db: connection refused to db:5432");
}

#[test]
fn a_redirect_tells_where_it_points() {
    let mut moved = answer(302, "");
    moved.headers.insert(LOCATION, HeaderValue::from_static("https://login.example.com/"));
    let reason = judge().judge(&moved).reason.unwrap();
    assert_eq!(reason.as_str(), "302 to https://login.example.com/, expected 2xx");
}

#[test]
fn the_title_of_an_error_page_is_its_reason() {
    let mut page = answer(502, "<html><head><title>502 Bad Gateway</title></head><body>…");
    page.headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    assert_eq!(judge().judge(&page).reason.unwrap().as_str(), "502, expected 2xx: 502 Bad Gateway");
}

#[test]
fn json_values_are_compared_by_meaning_and_told_with_what_was_found() {
    let body = r#"{"db":{"lag":5,"ok":true},"a.b":[{"x":"1.0"}]}"#;
    let with = |path: &str, expected| Judge { json: vec![(path.into(), expected)], style: Style::None, ..judge() };
    assert_eq!(seen(&with("db.lag", Expected::Text("5".into())), 200, body).0, Outcome::Pass);
    assert_eq!(seen(&with("a.b.0.x", Expected::Number(1.0)), 200, body).0, Outcome::Pass);
    assert_eq!(seen(&with("db.ok", Expected::Truth(true)), 200, body).0, Outcome::Pass);
    assert_eq!(seen(&with("db.lag", Expected::Number(0.0)), 200, body).1, "`db.lag` is 5, expected 0");
    assert_eq!(seen(&with("db.gone", Expected::Number(0.0)), 200, body).1, "there is no `db.gone`, expected 0");
    assert_eq!(seen(&with("x", Expected::Truth(true)), 200, "oops").1, "expected JSON, but the body starts \"oops\"");
}

#[test]
fn a_body_that_does_not_match_is_told_with_how_it_starts() {
    let judge = Judge { body: Some(Regex::new("^ready$").unwrap()), ..judge() };
    assert_eq!(seen(&judge, 200, "ready").0, Outcome::Pass);
    assert_eq!(seen(&judge, 200, "starting").1, "body does not match /^ready$/; it starts \"starting\"");
}
