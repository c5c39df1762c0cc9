//! What front matter says of a run as a whole: preconditions, batches, what a release leaves on record, what follows a
//! failure.

use super::condition;
use crate::model::Text;
use crate::model::runbook::{Batches, Input, OnFailure, Release, Require, Size};
use crate::settings::{Faults, Node, Section, Table, Value, word};

/// `on_failure = "name"` or `{ runbook = "name", by_itself = true }`.
pub fn on_failure(section: &Section<'_>) -> Option<OnFailure> {
    match &section.entry("on_failure")?.node.value {
        Value::Table(table) => {
            let inner = Section::new(table, "`on_failure`", section.faults());
            let runbook = inner.needed_text("runbook", "runbook = \"rollback-release\"");
            let by_itself = inner.truth("by_itself").unwrap_or(false);
            inner.finish();
            Some(OnFailure { runbook: runbook?.into(), by_itself })
        }
        _ => Some(OnFailure { runbook: section.text("on_failure")?.into(), by_itself: false }),
    }
}

/// `batches = { sizes = [1, "25%", "100%"], max_fail = 1, hold = true, gate = { health = "healthy for 10s" } }`.
pub fn batches(section: &Section<'_>) -> Option<Batches> {
    let section = section.section("batches")?;
    let mut sizes = Vec::new();
    for (text, place) in section.texts_and_places("sizes").unwrap_or_default() {
        let size = match text.strip_suffix('%') {
            Some(percent) => percent.trim().parse().ok().filter(|p| (1..=100).contains(p)).map(Size::Percent),
            None => text.trim().parse().ok().filter(|n| *n > 0).map(Size::Hosts),
        };
        if size.is_none() {
            let help = "write sizes = [1, \"25%\", \"100%\"]";
            section.faults().error(place, format!("\"{text}\" is no size of a batch"), help);
        }
        sizes.extend(size);
    }
    if !section.has("sizes") {
        section.faults().error(section.place(), "`batches` needs `sizes`", "add sizes = [1, \"25%\", \"100%\"]");
    }
    let gate = section.section("gate").and_then(|gate| {
        let wait = condition::wait(&gate);
        gate.finish();
        wait
    });
    let max_fail = section.whole("max_fail", 1..=10_000).unwrap_or(1) as usize;
    let hold = section.truth("hold").unwrap_or(false);
    section.finish();
    Some(Batches { sizes, max_fail, hold, gate })
}

/// `require = [{ health = "healthy" }, { command = "…", message = "…" }, { backup = "…", within = "24h" }]`; with the
/// names of backup runbooks and where they stand.
pub fn require(section: &Section<'_>) -> Vec<Require> {
    let Some(entry) = section.entry("require") else { return Vec::new() };
    let nodes = match &entry.node.value {
        Value::List(list) => list.as_slice(),
        _ => std::slice::from_ref(&entry.node),
    };
    nodes.iter().filter_map(|node| requirement(node, section.faults())).collect()
}

fn requirement(node: &Node, faults: &Faults<'_>) -> Option<Require> {
    let Value::Table(table) = &node.value else {
        let message = format!("a requirement must be a table, not {}", node.value.describe());
        faults.error(node.place, message, "write require = [{ health = \"healthy\" }]");
        return None;
    };
    let mut table: Table = table.clone();
    table.place = node.place;
    let section = Section::new(&table, "a requirement", faults);
    let found = if section.has("command") {
        let script = section.needed_text("command", "command = \"test -d /srv\"");
        let message = section.needed_text("message", "message = \"what is said when it fails\"");
        script
            .zip(message)
            .map(|(script, message)| Require::Command { script, message: Text::line_at_most(&message, 300) })
    } else if section.has("backup") {
        let runbook = section.text("backup");
        let within = if section.has("within") {
            section.duration("within")
        } else {
            faults.error(table.place, "a requirement of a backup needs `within`", "add within = \"24h\"");
            None
        };
        runbook.zip(within).map(|(runbook, within)| Require::Backup { runbook: runbook.into(), within })
    } else {
        let before = faults.errors();
        let wait = condition::wait(&section);
        if wait.is_none() && faults.errors() == before && table.entries.is_empty() {
            faults.error(table.place, "a requirement is empty", "write { health = \"healthy\" }");
        }
        wait.map(Require::Observed)
    };
    section.finish();
    found
}

/// `release = { version = "version", … }`.
pub fn release(section: &Section<'_>, inputs: &[Input]) -> Option<Release> {
    let section = section.section("release")?;
    let version = section.needed_text("version", "version = \"version\", the input that names it");
    if let Some(name) = version.as_deref().filter(|name| inputs.iter().all(|i| i.name != *name)) {
        let help = match inputs {
            [] => format!("add [inputs.{name}]"),
            _ => word::hint(name, inputs.iter().map(|i| i.name.as_str())),
        };
        section.error("version", format!("there is no input `{name}`"), help);
    }
    let release = Release {
        version: version.unwrap_or_default(),
        current: section.text("current"),
        available: section.text("available"),
        facts: section.text_map("facts").unwrap_or_default().into_iter().collect(),
        files: section.texts("files").unwrap_or_default(),
        schema: section.text("schema"),
        keep: section.whole("keep", 1..=1_000).unwrap_or(5) as usize,
    };
    section.finish().then_some(release)
}
