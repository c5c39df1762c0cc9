//! `runs`: what was run on a service from this machine, read off the audit log as it is written and told in words. Leaves
//! out what is of other services, and what only says that something is about to happen.

use std::path::Path;

use crate::model::{LogLine, LogNews, LogState, RunStatus, ServiceId};
use crate::runner::audit::{Line, What};

/// The file that is read.
pub(super) fn path(state: &Path) -> String {
    state.join(crate::runner::audit::FILE).to_string_lossy().into_owned()
}

/// What is told of what the file tells.
pub(super) fn told(news: LogNews, service: &ServiceId) -> Option<LogNews> {
    match news {
        LogNews::Lines(lines) => {
            let lines: Vec<_> = lines.iter().filter_map(|line| line_of(line, service)).collect();
            (!lines.is_empty()).then_some(LogNews::Lines(lines))
        }
        // Nothing was run yet.
        LogNews::State(LogState::Absent(_), at) => Some(LogNews::State(LogState::Live, at)),
        other => Some(other),
    }
}

fn line_of(line: &LogLine, service: &ServiceId) -> Option<LogLine> {
    let found: Line = serde_json::from_slice(&line.bytes).ok()?;
    let fact = &found.fact;
    let is_its_own = fact.environment.as_ref().is_some_and(|e| e.as_str() == service.environment.as_str())
        && fact.service.as_ref().is_some_and(|s| s.as_str() == &*service.name);
    let priority = priority(&fact.what).filter(|_| is_its_own)?;
    Some(LogLine {
        bytes: found.to_string().into_bytes(),
        time: Some(fact.at),
        priority: Some(priority),
        ..line.clone()
    })
}

/// How bad it is, as syslog counts; none where it is not told.
fn priority(what: &What) -> Option<u8> {
    const ERROR: u8 = 3;
    const WARNING: u8 = 4;
    const INFO: u8 = 6;
    Some(match what {
        What::Plan | What::Intent { .. } | What::Lock { .. } | What::Unlock { .. } | What::Secret { .. } => {
            return None;
        }
        What::Attach | What::Detach | What::Export { .. } | What::Arm { .. } | What::Disarm => return None,
        What::Outcome { outcome, .. } if !outcome.is_good() => ERROR,
        What::End { status, .. } if *status != RunStatus::Succeeded => ERROR,
        What::Refusal { .. } | What::Cancel { .. } | What::Override { .. } | What::Break { .. } => WARNING,
        _ => INFO,
    })
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::model::EnvironmentId;

    fn line(text: &str) -> LogLine {
        LogLine { bytes: text.into(), received: Timestamp::UNIX_EPOCH, time: None, priority: None }
    }

    const HEAD: &str = r#"{"seq":1,"prev":"","actor":{"name":"alice","console":"laptop"},"version":"0.1.0","#;

    #[test]
    fn what_ended_is_told_of_the_service_alone_with_its_time_and_how_bad_it_is() {
        let at = r#""at":"2026-05-01T10:00:00Z","environment":"production","service":"sales","runbook":"restart""#;
        let failed = format!(r#"{HEAD}{at},"what":"end","status":"failed","why":"the unit did not start"}}"#);
        let planned = format!(r#"{HEAD}{at},"what":"plan"}}"#);
        let service = EnvironmentId::new("production").service("sales");
        let lines = vec![line(&planned), line(&failed), line("no json")];
        let Some(LogNews::Lines(told)) = super::told(LogNews::Lines(lines.clone()), &service) else {
            panic!("{failed}")
        };
        let [one] = told.as_slice() else { panic!("{told:?}") };
        let text = String::from_utf8(one.bytes.clone()).unwrap();
        assert!(text.contains("ended failed: the unit did not start") && text.contains("alice"), "{text}");
        assert_eq!((one.time, one.priority), (Some("2026-05-01T10:00:00Z".parse().unwrap()), Some(3)));
        let other = EnvironmentId::new("production").service("payroll");
        assert_eq!(super::told(LogNews::Lines(lines), &other), None);
    }
}
