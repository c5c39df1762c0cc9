//! Conditions: what a `wait` waits for (`health = healthy for 10s`), and whether a step runs (`when="migrate = true"`).

use std::time::Duration;

use crate::model::runbook::step::{Condition, Test};
use crate::model::runbook::{Checked, Until, Wait};
use crate::settings::{Faults, Node, Place, Section, Table, Value, word};

const HEALTH: [&str; 4] = ["healthy", "degraded", "unhealthy", "unknown"];
const PROBE: [&str; 4] = ["pass", "degraded", "fail", "unknown"];
const UNIT: [&str; 4] = ["active", "inactive", "failed", "activating"];

/// Keys that say what is waited for.
pub const KEYS: [&str; 3] = ["health", "probe", "unit"];

/// What a section waits for; none when it says nothing, or something wrong, which is told.
pub fn wait(section: &Section<'_>) -> Option<Wait> {
    let mut until = Vec::new();
    let faults = section.faults();
    if let Some(entry) = section.entry("health") {
        match &entry.node.value {
            Value::Table(services) => {
                until.extend(each(services, &HEALTH, faults, |name| Checked::Health(Some(name))));
            }
            _ => until.extend(one(&entry.node, "health", &HEALTH, Checked::Health(None), faults)),
        }
    }
    if let Some(probes) = section.table("probe") {
        until.extend(each(probes, &PROBE, faults, Checked::Probe));
    }
    if let Some(units) = section.table("unit") {
        until.extend(each(units, &UNIT, faults, Checked::Unit));
    }
    (!until.is_empty()).then_some(Wait { until })
}

fn each(table: &Table, words: &[&str], faults: &Faults<'_>, what: impl Fn(String) -> Checked) -> Vec<Until> {
    table.entries.iter().filter_map(|e| one(&e.node, &e.name, words, what(e.name.clone()), faults)).collect()
}

fn one(node: &Node, key: &str, words: &[&str], what: Checked, faults: &Faults<'_>) -> Option<Until> {
    let first = words.first().copied().unwrap_or_default();
    let Value::Text(text) = &node.value else {
        let message = format!("`{key}` must be a text, not {}", node.value.describe());
        faults.error(node.place, message, format!("write {key} = \"{first} for 10s\""));
        return None;
    };
    let (is, hold) = text.split_once(" for ").map_or((text.as_str(), None), |(is, hold)| (is, Some(hold)));
    let is = is.trim();
    if !words.contains(&is) {
        faults.error(node.place, format!("`{key}` cannot be \"{is}\""), word::hint(is, words.iter().copied()));
        return None;
    }
    let hold = match hold.map(word::duration) {
        None => Duration::ZERO,
        Some(Some(hold)) => hold,
        Some(None) => {
            let help = format!("number and unit (ms, s, m, h): {key} = \"{is} for 10s\"");
            faults.error(node.place, format!("`{key}` does not say for how long"), help);
            return None;
        }
    };
    Some(Until { what, is: is.to_owned(), hold })
}

/// Whether a step runs.
pub fn when(text: &str, place: Place, faults: &Faults<'_>) -> Option<Condition> {
    let split = |by: &str| text.split_once(by).map(|(name, value)| (name.trim(), value.trim().to_owned()));
    let (name, test) = if let Some((name, pattern)) = split(" matches ") {
        if let Err(error) = regex::Regex::new(&pattern) {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            faults.error(
                place,
                format!("`when` holds no regular expression: {why}"),
                "write when=\"version matches ^v2\"",
            );
            return None;
        }
        (name, Test::Matches(pattern))
    } else if let Some((name, value)) = split("!=") {
        (name, Test::IsNot(value))
    } else if let Some((name, value)) = split("==").or_else(|| split("=")) {
        (name, Test::Is(value))
    } else {
        (text.trim(), Test::Given)
    };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if name.is_empty() || !name.chars().all(is_name) {
        let help = "write \"name\", \"name = value\", \"name != value\" or \"name matches ^v2\"";
        faults.error(place, "`when` is no condition", help);
        return None;
    }
    Some(Condition { name: name.to_lowercase(), test })
}
