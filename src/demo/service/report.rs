//! The text of a health report in each of the three shapes. Pure; what is in it was found elsewhere.

use std::time::Duration;

use hyper::StatusCode;
use serde_json::{Map, Value, json};

use super::super::shop::Report;

/// What one part of a service is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// As it should be.
    Well,
    /// Works, but not as it should.
    Degraded,
    /// Does not work.
    Down,
}

/// One line of a report.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The part or the dependency.
    pub name: String,
    /// What it is like.
    pub verdict: Verdict,
    /// In words.
    pub detail: String,
    /// How long it took to find out.
    pub took: Duration,
}

/// An answer to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// 503 when something is down, else 200, as both frameworks do by default.
    pub status: StatusCode,
    /// For the `Content-Type` header.
    pub media: &'static str,
    /// The text.
    pub text: String,
}

/// Writes a report; the worst finding decides.
pub fn write(report: Report, version: &str, findings: &[Finding], took: Duration) -> Body {
    let worst = findings.iter().map(|f| f.verdict).max().unwrap_or(Verdict::Well);
    let status = if worst == Verdict::Down { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK };
    let (media, text) = match report {
        Report::Aspnet => ("application/json", aspnet(worst, version, findings, took)),
        Report::Spring => ("application/vnd.spring-boot.actuator.v3+json", spring(worst, version, findings)),
        Report::Plain => ("text/plain", aspnet_word(worst).to_owned()),
    };
    Body { status, media, text }
}

fn aspnet(worst: Verdict, version: &str, findings: &[Finding], took: Duration) -> String {
    let entries: Map<String, Value> = findings
        .iter()
        .map(|f| {
            let entry = json!({
                "status": aspnet_word(f.verdict),
                "duration": time_span(f.took),
                "description": f.detail,
                "data": {},
            });
            (f.name.clone(), entry)
        })
        .collect();
    json!({
        "status": aspnet_word(worst),
        "totalDuration": time_span(took),
        "version": version,
        "entries": entries,
    })
    .to_string()
}

fn spring(worst: Verdict, version: &str, findings: &[Finding]) -> String {
    let components: Map<String, Value> = findings
        .iter()
        .map(|f| {
            // The framework's own indicators put what went wrong under `error`.
            let key = if f.verdict == Verdict::Down { "error" } else { "description" };
            (f.name.clone(), json!({ "status": spring_word(f.verdict), "details": { key: f.detail } }))
        })
        .collect();
    json!({ "status": spring_word(worst), "version": version, "components": components }).to_string()
}

fn aspnet_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Well => "Healthy",
        Verdict::Degraded => "Degraded",
        Verdict::Down => "Unhealthy",
    }
}

/// `DEGRADED` is a status of the application's own, which the framework answers with 200.
fn spring_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Well => "UP",
        Verdict::Degraded => "DEGRADED",
        Verdict::Down => "DOWN",
    }
}

/// `00:00:00.0123456`: a .NET time span, in ticks of 100 ns.
fn time_span(took: Duration) -> String {
    let seconds = took.as_secs();
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}.{:07}", seconds % 60, took.subsec_nanos() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(verdict: Verdict) -> Vec<Finding> {
        let finding = |name: &str, verdict, detail: &str| Finding {
            name: name.into(),
            verdict,
            detail: detail.into(),
            took: Duration::from_micros(1234),
        };
        vec![finding("disk", Verdict::Well, "61 % used"), finding("ledger", verdict, "connection refused")]
    }

    #[test]
    fn an_aspnet_report_has_entries_by_name_with_time_spans() {
        let body = write(Report::Aspnet, "2.14.0", &findings(Verdict::Down), Duration::from_millis(61_012));
        assert_eq!(body.status, StatusCode::SERVICE_UNAVAILABLE);
        let json: Value = serde_json::from_str(&body.text).unwrap();
        assert_eq!((&json["status"], &json["version"]), (&json!("Unhealthy"), &json!("2.14.0")));
        assert_eq!(json["totalDuration"], "00:01:01.0120000");
        assert_eq!(json["entries"]["ledger"]["status"], "Unhealthy");
        assert_eq!(json["entries"]["ledger"]["duration"], "00:00:00.0012340");
        assert_eq!(json["entries"]["disk"]["description"], "61 % used");
    }

    #[test]
    fn a_spring_report_has_components_and_says_down_as_an_error() {
        let body = write(Report::Spring, "1.8.6", &findings(Verdict::Down), Duration::ZERO);
        let json: Value = serde_json::from_str(&body.text).unwrap();
        assert_eq!((&json["status"], body.status.as_u16()), (&json!("DOWN"), 503));
        assert_eq!(json["components"]["ledger"]["details"]["error"], "connection refused");
        assert_eq!(json["components"]["disk"]["status"], "UP");
    }

    #[test]
    fn degraded_is_answered_with_200_in_every_shape() {
        for report in [Report::Aspnet, Report::Spring, Report::Plain] {
            let body = write(report, "1", &findings(Verdict::Degraded), Duration::ZERO);
            assert_eq!(body.status, StatusCode::OK);
            assert!(body.text.to_lowercase().contains("degraded"), "{}", body.text);
        }
    }
}
