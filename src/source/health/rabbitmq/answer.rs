//! What the management interface answers, and what it means. Pure. Source: RabbitMQ's "Management HTTP API" reference
//! and recordings of 3.10: 200 with `status: ok`, or 503 with `status: failed`, a `reason` and the parts concerned.

use serde::Deserialize;

use crate::model::{Observation, Outcome, Text};
use crate::source::health::api::{Answer, Trouble};

#[derive(Deserialize)]
struct Overview {
    rabbitmq_version: Option<String>,
    cluster_name: Option<String>,
    node: Option<String>,
}

#[derive(Default, Deserialize)]
struct Verdict {
    reason: Option<String>,
    #[serde(default)]
    alarms: Vec<Alarm>,
    #[serde(default, rename = "virtual-hosts")]
    virtual_hosts: Vec<serde_json::Value>,
    #[serde(default)]
    queues: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Alarm {
    node: Option<String>,
    resource: Option<String>,
}

/// The start of an observation with its facts, or why there is none.
pub fn overview(answer: &Answer, place: &str) -> Result<Observation, Trouble> {
    match answer.status {
        200 => {}
        401 | 403 => {
            let help = "the user needs the right password and the tag `monitoring`";
            return Err(Trouble::unknown(format!("{place} refuses the login ({}); {help}", answer.status)));
        }
        404 => return Err(Trouble::unknown(format!("{place} has no management interface at this address"))),
        status @ 300..=399 => {
            let to = answer.location.as_deref().map(|l| format!(" to {}", Text::line_at_most(l, 120)));
            return Err(Trouble::unknown(format!("{place} redirects ({status}){}", to.unwrap_or_default())));
        }
        status => return Err(Trouble::fail(format!("{place} answers {status} to the question for its overview"))),
    }
    let Some(overview) = answer.json::<Overview>().filter(|o| o.rabbitmq_version.is_some()) else {
        return Err(Trouble::unknown(format!("what answers on {place} is not RabbitMQ's management interface")));
    };
    let mut seen = Observation::new(Outcome::Pass);
    seen.version = overview.rabbitmq_version.as_deref().map(Into::into);
    let facts = [("version", overview.rabbitmq_version), ("cluster", overview.cluster_name), ("node", overview.node)];
    for (name, value) in facts {
        if let Some(value) = value {
            seen = seen.fact(name, Text::line_at_most(&value, 80));
        }
    }
    Ok(seen)
}

/// What one health check means; the words are empty when it passes.
pub fn check(name: &str, answer: &Answer) -> (Outcome, String) {
    match answer.status {
        200 => (Outcome::Pass, String::new()),
        503 => (Outcome::Fail, failed(name, &answer.json().unwrap_or_default())),
        401 | 403 => (Outcome::Unknown, format!("the user may not ask for the check `{name}` ({})", answer.status)),
        404 => (Outcome::Unknown, format!("this RabbitMQ has no check `{name}`")),
        400 => (Outcome::Unknown, format!("the check `{name}` needs other parameters")),
        status => (Outcome::Fail, format!("the check `{name}` ended with {status}")),
    }
}

fn failed(name: &str, verdict: &Verdict) -> String {
    let mut parts: Vec<String> = verdict.alarms.iter().map(alarm).collect();
    parts.dedup();
    if !verdict.virtual_hosts.is_empty() {
        parts.push(format!("virtual hosts down: {}", names(&verdict.virtual_hosts)));
    }
    if !verdict.queues.is_empty() {
        parts.push(format!("check `{name}` failed for queues {}", names(&verdict.queues)));
    }
    if parts.is_empty() {
        let reason = verdict.reason.as_deref().map(|r| format!(": {}", Text::line_at_most(r, 200)));
        parts.push(format!("check `{name}` failed{}", reason.unwrap_or_default()));
    }
    parts.join("; ")
}

fn alarm(alarm: &Alarm) -> String {
    let what = match alarm.resource.as_deref() {
        Some("memory") => "memory alarm".to_owned(),
        Some("disk" | "disk space") => "disk space alarm".to_owned(),
        Some("file_descriptor_limit") => "file descriptor alarm".to_owned(),
        Some(other) => format!("alarm `{}`", Text::line_at_most(other, 40)),
        None => "alarm".to_owned(),
    };
    match &alarm.node {
        Some(node) => format!("{what} on {}; publishers are blocked", Text::line_at_most(node, 80)),
        None => format!("{what}; publishers are blocked"),
    }
}

/// Up to five names, of plain texts or of objects with a `name`.
fn names(values: &[serde_json::Value]) -> String {
    let name = |v: &serde_json::Value| {
        v.as_str().or_else(|| v.get("name")?.as_str()).map(|n| Text::line_at_most(n, 60).to_string())
    };
    let mut names: Vec<String> = values.iter().filter_map(name).take(5).collect();
    if values.len() > names.len() {
        names.push(format!("{} more", values.len() - names.len()));
    }
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer { status, location: None, body: body.into(), truncated: false }
    }

    #[test]
    fn an_alarm_is_told_with_its_kind_and_its_node() {
        let body = r#"{"status":"failed","reason":"There are alarms in effect in the cluster",
            "alarms":[{"node":"rabbit@x","resource":"memory"},{"node":"rabbit@y","resource":"disk space"}]}"#;
        let (outcome, reason) = check("alarms", &answer(503, body));
        assert_eq!(outcome, Outcome::Fail);
        assert!(
            reason.starts_with("memory alarm on rabbit@x; publishers are blocked; disk space alarm on"),
            "{reason}"
        );
    }

    #[test]
    fn a_check_that_this_release_lacks_is_unknown() {
        let expected = (Outcome::Unknown, "this RabbitMQ has no check `is-in-service`".to_owned());
        assert_eq!(check("is-in-service", &answer(404, "{}")), expected);
    }

    #[test]
    fn a_failure_without_parts_gives_its_reason() {
        let (_, reason) =
            check("port-listener/1", &answer(503, r#"{"status":"failed","reason":"No active listener"}"#));
        assert_eq!(reason, "check `port-listener/1` failed: No active listener");
        let (_, reason) = check("virtual-hosts", &answer(503, r#"{"virtual-hosts":["/","shop"]}"#));
        assert_eq!(reason, "virtual hosts down: /, shop");
    }

    #[test]
    fn what_is_not_rabbitmq_is_unknown() {
        assert_eq!(overview(&answer(200, "<html>"), "h:1").unwrap_err().outcome, Outcome::Unknown);
        assert_eq!(overview(&answer(401, ""), "h:1").unwrap_err().outcome, Outcome::Unknown);
        assert_eq!(overview(&answer(500, ""), "h:1").unwrap_err().outcome, Outcome::Fail);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(body in any::<Vec<u8>>(), status in 100..600_u16) {
            let answer = Answer { status, location: None, body, truncated: false };
            drop(overview(&answer, "h:1"));
            check("alarms", &answer);
        }
    }
}
