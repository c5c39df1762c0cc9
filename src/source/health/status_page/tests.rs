//! Both shapes of pages over HTTP from a local server, and judgements on them.

use proptest::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::super::fixture::{check, context, faults};
use super::*;
use crate::model::Outcome;

const STATUSPAGE: &str = r#"{
  "page": {"id": "p", "name": "Vendor", "url": "https://status.vendor.example", "updated_at": "2026-11-20T11:58:00Z"},
  "status": {"indicator": "minor", "description": "Partially Degraded Service"},
  "components": [
    {"id": "g", "name": "Core", "status": "operational", "group": true, "group_id": null},
    {"id": "a", "name": "API", "status": "degraded_performance", "group": false, "group_id": "g"},
    {"id": "w", "name": "Webhooks", "status": "operational", "group": false, "group_id": null}],
  "incidents": [{"name": "Slow API", "status": "investigating", "impact": "minor",
    "components": [{"id": "a", "name": "API", "status": "degraded_performance"}]}],
  "scheduled_maintenances": [{"name": "Move", "status": "scheduled", "impact": "maintenance",
    "scheduled_for": "2026-11-22T02:00:00Z", "scheduled_until": "2026-11-22T04:00:00Z", "components": []}]
}"#;

const INCIDENT_IO: &str = r#"{
  "page_title": "Vendor", "page_url": "https://status.vendor.example",
  "ongoing_incidents": [{"id": "1", "name": "Mail is not sent", "status": "identified", "url": "https://x",
    "last_update_at": "2026-11-20T11:00:00Z", "last_update_message": "…", "current_worst_impact": "full_outage",
    "affected_components": [{"id": "m", "name": "Mail", "group_name": "Core", "current_status": "full_outage"}]}],
  "in_progress_maintenances": [{"id": "2", "name": "Database upgrade", "status": "maintenance_in_progress",
    "started_at": "2026-11-20T11:00:00Z", "scheduled_end_at": "2026-11-20T13:00:00Z",
    "affected_components": [{"id": "r", "name": "Reports"}]}],
  "scheduled_maintenances": []
}"#;

fn answer(body: &str) -> Answer {
    Answer { status: 200, location: None, body: body.into(), truncated: false }
}

fn why(seen: &Observation) -> &str {
    seen.reason.as_ref().map_or("", Text::as_str)
}

/// Serves one path; everything else is 404, or a redirect when `path` is empty.
async fn serve(path: &'static str, body: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 4096];
            let count = stream.read(&mut request).await.unwrap_or(0);
            let line = String::from_utf8_lossy(&request[..count]).to_string();
            let (head, body) = if path.is_empty() {
                ("302 Found\r\nlocation: https://www.vendorstatus.example/", "")
            } else if line.starts_with(&format!("GET {path} ")) {
                ("200 OK", body.as_str())
            } else {
                ("404 Not Found", "")
            };
            let text = format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}", body.len());
            stream.write_all(text.as_bytes()).await.ok();
        }
    });
    address
}

async fn look(address: &str, more: &str) -> Observation {
    check(&format!("status-page = \"{address}\"\n{more}")).check(&context(Duration::from_secs(3))).await
}

#[tokio::test]
async fn a_page_of_statuspage_is_found_and_read() {
    let address = serve("/api/v2/summary.json", STATUSPAGE.into()).await;
    let seen = look(&address, "").await;
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Degraded, "Partially Degraded Service; Slow API (investigating)"));
    assert_eq!(seen.entries.iter().map(|e| e.name.as_str()).collect::<Vec<_>>(), ["API", "Webhooks"]);
    assert_eq!(seen.facts[0].value.as_str(), "2026-11-22T02:00:00Z: Move");
    assert_eq!(look(&address, "components = [\"Webhooks\"]").await.outcome, Outcome::Pass);
    assert_eq!(look(&address, "components = [\"core\"]").await.outcome, Outcome::Degraded);
    let seen = look(&address, "components = [\"Webhoks\"]").await;
    assert_eq!(seen.outcome, Outcome::Unknown);
    assert_eq!(why(&seen), "the page has no component `Webhoks`; did you mean `Webhooks`?");
}

#[tokio::test]
async fn a_page_of_incident_io_is_found_and_read() {
    let address = serve("/api/v1/summary", INCIDENT_IO.into()).await;
    let seen = look(&address, "").await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(why(&seen).starts_with("Mail: full outage; Mail is not sent (identified)"), "{}", why(&seen));
    assert_eq!(look(&address, "components = [\"Login\"]").await.outcome, Outcome::Pass);
    let seen = look(&address, "components = [\"Reports\"]\nformat = \"incident-io\"").await;
    assert_eq!(seen.outcome, Outcome::Degraded);
    assert!(why(&seen).contains("maintenance: Database upgrade until 2026-11-20T13:00:00Z"), "{}", why(&seen));
    assert_eq!(look(&address, "format = \"statuspage\"").await.outcome, Outcome::Unknown);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_says_nothing_about_the_vendor() {
    let seen = look(&serve("", String::new()).await, "").await;
    assert_eq!(seen.outcome, Outcome::Unknown);
    assert!(
        why(&seen).ends_with("redirects (302) to https://www.vendorstatus.example/; write that site as the address")
    );
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let seen = look(&format!("http://{closed}"), "").await;
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Unknown, format!("connection refused on {closed}").as_str()));
    let seen = look(&serve("/", "<html>".into()).await, "").await;
    assert!(why(&seen).contains("gives no summary"), "{}", why(&seen));
    let endless = format!("{}{}", " ".repeat(300 * 1024), STATUSPAGE);
    assert_eq!(look(&serve("/api/v2/summary.json", endless).await, "").await.outcome, Outcome::Unknown);
}

#[test]
fn maintenance_under_way_is_degraded_with_words() {
    let calm = STATUSPAGE.replace("\"minor\"", "\"none\"").replace("degraded_performance", "operational");
    let calm = calm.replace("\"status\": \"scheduled\"", "\"status\": \"in_progress\"");
    let seen = statuspage::read(&answer(&calm)).unwrap().judge(&[]);
    assert_eq!(seen.outcome, Outcome::Degraded);
    assert!(why(&seen).contains("maintenance: Move until 2026-11-22T04:00:00Z"), "{}", why(&seen));
}

#[test]
fn an_incident_that_is_worse_elsewhere_only_explains_the_component_asked_for() {
    let major = STATUSPAGE.replace("\"impact\": \"minor\"", "\"impact\": \"critical\"");
    let seen = statuspage::read(&answer(&major)).unwrap().judge(&["API".to_owned()]);
    assert_eq!((seen.outcome, why(&seen)), (Outcome::Degraded, "API: degraded performance; Slow API (investigating)"));
}

#[test]
fn each_indicator_of_a_vendor_has_its_meaning() {
    for (word, outcome) in [
        ("none", Outcome::Pass),
        ("minor", Outcome::Degraded),
        ("maintenance", Outcome::Degraded),
        ("major", Outcome::Fail),
        ("critical", Outcome::Fail),
        ("odd", Outcome::Unknown),
    ] {
        let body = format!(r#"{{"status": {{"indicator": "{word}", "description": "x"}}}}"#);
        assert_eq!(statuspage::read(&answer(&body)).unwrap().judge(&[]).outcome, outcome, "{word}");
    }
}

#[test]
fn an_unknown_format_is_a_fault() {
    assert!(faults("status-page = \"https://x\"\nformat = \"rss\"")[0].message.contains("cannot be \"rss\""));
}

proptest! {
    #[test]
    fn no_bytes_make_the_readers_panic(body in any::<Vec<u8>>()) {
        let answer = Answer { status: 200, location: None, body, truncated: false };
        prop_assert!(incident_io::read(&answer).is_none());
        statuspage::read(&answer);
    }

    #[test]
    fn no_words_make_the_judge_panic(name in any::<String>(), status in any::<String>()) {
        let body = serde_json::json!({
            "status": {"indicator": status, "description": name},
            "components": [{"name": name, "status": status}],
            "incidents": [{"name": name, "status": status, "impact": status}],
        });
        let report = statuspage::read(&answer(&body.to_string())).unwrap();
        report.judge(&[name]);
    }
}
