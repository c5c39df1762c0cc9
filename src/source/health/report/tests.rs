//! Reports as real services write them, and bytes that nobody should.

use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn auto(body: &str) -> Option<Report> {
    let json: Option<Value> = serde_json::from_str(body).ok();
    read(Style::Auto, body.as_bytes(), json.as_ref()).unwrap()
}

fn names(report: &Report) -> Vec<(&str, Outcome)> {
    report.entries.iter().map(|e| (e.name.as_str(), e.outcome)).collect()
}

#[test]
fn the_plain_word_of_aspnet_is_a_report() {
    assert_eq!(auto("Degraded\n").unwrap().outcome, Outcome::Degraded);
    assert_eq!(auto("Healthy").unwrap().outcome, Outcome::Pass);
    assert_eq!(auto("Unhealthy").unwrap().outcome, Outcome::Fail);
    assert_eq!(auto("<html>Healthy</html>"), None);
}

#[test]
fn the_healthchecks_ui_writer_is_read_with_entries_and_durations() {
    let report = auto(
        r#"{"status":"Unhealthy","totalDuration":"00:00:01.5","entries":{
            "cache":{"data":{},"duration":"00:00:00.0012345","status":"Healthy","tags":[]},
            "db":{"data":{},"description":"connection refused to 10.0.0.5:5432","duration":"1.02:03:04",
                  "exception":"Npgsql.NpgsqlException: connection refused to 10.0.0.5:5432\n   at X.Y()","status":"Unhealthy"}}}"#,
    )
    .unwrap();
    assert_eq!(report.outcome, Outcome::Fail);
    assert_eq!(names(&report), [("cache", Outcome::Pass), ("db", Outcome::Fail)]);
    assert_eq!(report.entries[1].took, Some(Duration::from_secs(86_400 + 2 * 3600 + 3 * 60 + 4)));
    let detail = report.entries[1].detail.as_ref().unwrap().as_str();
    assert_eq!(detail, "Npgsql.NpgsqlException: connection refused to 10.0.0.5:5432");
}

#[test]
fn home_made_writers_with_arrays_capitals_and_numbers_are_read() {
    let report =
        auto(r#"{"Status":1,"Checks":[{"Name":"queue","Status":1,"ResponseTime":12.5},{"Key":"db","Status":2}]}"#);
    let report = report.unwrap();
    assert_eq!(report.outcome, Outcome::Degraded);
    assert_eq!(names(&report), [("queue", Outcome::Degraded), ("db", Outcome::Pass)]);
    assert_eq!(report.entries[0].took, Some(Duration::from_micros(12_500)));
}

#[test]
fn nested_spring_components_are_named_by_their_path() {
    let report = auto(
        r#"{"status":"DOWN","components":{"db":{"status":"DOWN","components":{
            "primary":{"status":"UP"},"replica":{"status":"DOWN","details":{"error":"no route"}}}},
            "ping":{"status":"UP"},"odd":{"status":"UNKNOWN"}},"groups":["liveness"]}"#,
    )
    .unwrap();
    assert_eq!(report.outcome, Outcome::Fail);
    assert!(names(&report).contains(&("db/replica", Outcome::Fail)));
    assert!(names(&report).contains(&("odd", Outcome::Unknown)));
    let replica = report.entries.iter().find(|e| e.name.as_str() == "db/replica").unwrap();
    assert_eq!(replica.detail.as_ref().unwrap().as_str(), "no route");
    assert_eq!(auto(r#"{"status":"OUT_OF_SERVICE"}"#).unwrap().outcome, Outcome::Fail);
}

#[test]
fn the_health_json_draft_is_read() {
    let report = auto(r#"{"status":"warn","checks":{"disk:free":[{"status":"warn","output":"5 GB left"}]}}"#).unwrap();
    assert_eq!(names(&report), [("disk:free", Outcome::Degraded)]);
    assert_eq!(report.entries[0].detail.as_ref().unwrap().as_str(), "5 GB left");
}

#[test]
fn json_of_another_trade_is_no_report() {
    for body in [r#"{"status":"active"}"#, r#"{"status":0}"#, r#"{"status":200}"#, "[1,2]", "{}", "3", "null", ""] {
        assert_eq!(auto(body), None, "{body}");
    }
}

#[test]
fn a_promised_report_that_did_not_come_says_what_came() {
    let missing = |style, body: &str| {
        let json = serde_json::from_str(body).ok();
        read(style, body.as_bytes(), json.as_ref()).unwrap_err().0
    };
    assert_eq!(missing(Style::Aspnet, "<h1>Hi</h1>"), "not an ASP.NET health report but \"<h1>Hi</h1>\"");
    assert_eq!(missing(Style::Spring, "{}"), "not a Spring health report but JSON without a status");
    assert_eq!(missing(Style::Json, r#"{"status":"on"}"#), "not a JSON health report but JSON with the status \"on\"");
    assert_eq!(missing(Style::Plain, ""), "not one word of health but an empty body");
}

#[test]
fn at_most_64_entries_are_kept_and_those_in_trouble_first() {
    let mut checks: Vec<Value> = (0..100).map(|n| json!({"name": format!("c{n}"), "status": "Healthy"})).collect();
    checks.push(json!({"name": "last", "status": "Unhealthy"}));
    let report = auto(&json!({"status": "Unhealthy", "checks": checks}).to_string()).unwrap();
    assert_eq!(report.entries.len(), 64);
    assert_eq!(report.entries[0].name.as_str(), "last");
}

#[test]
fn the_version_is_found_where_services_put_it() {
    for body in [json!({"version": "2.1"}), json!({"info": {"Version": "2.1"}}), json!({"build": {"version": "2.1"}})] {
        assert_eq!(version(&body).unwrap().as_str(), "2.1");
    }
    assert_eq!(version(&json!({"version": {}})), None);
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in any::<Vec<u8>>()) {
        let json: Option<Value> = serde_json::from_slice(&bytes).ok();
        for (_, style) in Style::CHOICES {
            read(style, &bytes, json.as_ref()).ok();
        }
    }

    #[test]
    fn no_shape_of_report_panics(status in "[a-zA-Z0-9:._-]{0,12}", took in "[0-9:. msNaInf-]{0,20}", deep in 0usize..90) {
        let mut inner = json!({"status": status, "duration": took, "name": 1});
        for n in 0..deep {
            inner = if n % 2 == 0 { json!({"status": status, "checks": {"x": inner}}) } else { json!({"status": 1, "components": [inner]}) };
        }
        read(Style::Json, b"", Some(&inner)).ok();
        version(&inner);
    }
}
