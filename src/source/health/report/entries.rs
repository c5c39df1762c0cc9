//! The parts of a report: an object or an array under `entries`, `checks`, `results` or `components`, nested ones as
//! `db/replica`.

use serde_json::{Map, Value};

use super::{get, number, outcome};
use crate::model::{Outcome, ReportEntry, Text};

/// Where the parts stand; `details` is what older actuators call them, and dependencies of a part too.
const PLACES: [&str; 6] = ["entries", "checks", "results", "components", "dependencies", "details"];
/// Deeper nesting is not followed.
const DEEPEST: usize = 6;
/// More parts than this are not even read.
const MOST_READ: usize = 1024;

pub(super) fn read(object: &Map<String, Value>) -> Vec<ReportEntry> {
    let mut entries = Vec::new();
    nested(object, "", 0, &mut entries);
    entries
}

fn nested(object: &Map<String, Value>, prefix: &str, depth: usize, entries: &mut Vec<ReportEntry>) {
    if depth >= DEEPEST {
        return;
    }
    for place in PLACES {
        match get(object, &[place]) {
            Some(Value::Object(parts)) => {
                for (name, part) in parts {
                    each(name, part, prefix, depth, entries);
                }
            }
            Some(Value::Array(parts)) => {
                for part in parts {
                    let Some(fields) = part.as_object() else { continue };
                    let name = get(fields, &["name", "key", "component", "componentId", "id"]);
                    let name = name.and_then(Value::as_str).unwrap_or("unnamed");
                    each(name, part, prefix, depth, entries);
                }
            }
            _ => continue,
        }
        if !entries.is_empty() {
            return;
        }
    }
}

fn each(name: &str, part: &Value, prefix: &str, depth: usize, entries: &mut Vec<ReportEntry>) {
    if entries.len() >= MOST_READ {
        return;
    }
    let path = if prefix.is_empty() { name.to_owned() } else { format!("{prefix}/{name}") };
    match part {
        Value::Object(fields) => {
            if let Some(outcome) = get(fields, &["status", "state", "healthStatus"]).and_then(of_status) {
                entries.push(entry(&path, outcome, fields));
                let before = entries.len();
                let mut inner = Vec::new();
                nested(fields, &path, depth + 1, &mut inner);
                entries.extend(inner.into_iter().take(MOST_READ.saturating_sub(before)));
            }
        }
        // `{"db": "Healthy"}`
        Value::String(_) => {
            if let Some(outcome) = of_status(part) {
                entries.push(ReportEntry { name: Text::line_at_most(&path, 80), outcome, detail: None, took: None });
            }
        }
        // health+json: a list of measurements under each name.
        Value::Array(list) => {
            for one in list.iter().filter(|one| one.is_object()) {
                each(name, one, prefix, depth + 1, entries);
            }
        }
        _ => {}
    }
}

fn of_status(status: &Value) -> Option<Outcome> {
    match status {
        Value::String(word) => outcome(word),
        Value::Number(_) => number::outcome(status),
        _ => None,
    }
}

fn entry(path: &str, outcome: Outcome, fields: &Map<String, Value>) -> ReportEntry {
    let took = get(fields, &["duration", "responseTime", "durationMs", "elapsed", "elapsedMilliseconds"]);
    ReportEntry {
        name: Text::line_at_most(path, 80),
        outcome,
        detail: detail(fields),
        took: took.and_then(number::duration),
    }
}

fn detail(fields: &Map<String, Value>) -> Option<Text> {
    let said = |fields: &Map<String, Value>, keys: &[&str]| {
        keys.iter().find_map(|key| {
            let text = get(fields, &[key])?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        })
    };
    let description = said(fields, &["description", "message", "output", "reason"]);
    let error = said(fields, &["exception", "error"]).or_else(|| {
        let details = get(fields, &["details"])?.as_object()?;
        said(details, &["error", "message", "reason"])
    });
    let text = match (description, error) {
        (Some(description), Some(error)) if !description.contains(&error) && !error.contains(&description) => {
            format!("{description}: {error}")
        }
        (Some(description), Some(error)) => {
            if error.len() > description.len() {
                error
            } else {
                description
            }
        }
        (one, other) => one.or(other)?,
    };
    // An exception's first line says what; the stack below says where, which is the developer's.
    Some(Text::line_at_most(text.lines().next().unwrap_or_default(), 300))
}
