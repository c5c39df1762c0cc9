//! Log sources of a service or an environment: the kind is the key that names it (`file = "…"`), the rest says where it
//! is. A log of a service on several hosts is one source a host. Reads no log.

mod loki;

use std::sync::Arc;

use super::environment::zone;
use super::service::{LOCAL, host};
use super::{check_name, unknown_name};
use crate::model::{Environment, HostId, LogFrom, LogId, LogSpec, Service, ServiceId, Text};
use crate::settings::{Entry, Names, Section, Value, word};

/// The keys that name a kind.
const KINDS: [&str; 4] = ["file", "journal", "command", "loki"];

/// Groups of a pattern, of which it must have one.
const GROUPS: [&str; 3] = ["time", "level", "message"];

/// What a log stands in.
pub struct Around<'a> {
    /// Its environment.
    pub environment: &'a Environment,
    /// Its service; none for a log of the environment.
    pub service: Option<&'a ServiceId>,
    /// The hosts of the service; none means this machine.
    pub hosts: &'a [HostId],
    /// Names that its texts may hold.
    pub names: &'a Names,
}

/// Reads `logs`.
pub fn read(section: &Section<'_>, around: &Around<'_>) -> Vec<Arc<LogSpec>> {
    let entries = section.table("logs").into_iter().flat_map(|t| &t.entries);
    entries.flat_map(|entry| read_one(entry, section, around)).map(Arc::new).collect()
}

/// What is run on a service is a log of it too, where anything can be run and no log has that name.
pub fn runs(service: &Service, logs: &[Arc<LogSpec>]) -> Option<Arc<LogSpec>> {
    const NAME: &str = "runs";
    let wanted = !service.runbooks.is_empty() && logs.iter().all(|log| &*log.id.name != NAME);
    let id = LogId::of_service(&service.id, NAME);
    let doc = Some(Text::from("what was run on it from this machine"));
    wanted.then(|| Arc::new(LogSpec { id, from: LogFrom::Runs, on: None, zone: None, pattern: None, doc }))
}

fn read_one(entry: &Entry, outer: &Section<'_>, around: &Around<'_>) -> Vec<LogSpec> {
    let faults = outer.faults();
    check_name("a log", entry, faults);
    let Value::Table(table) = &entry.node.value else {
        let message = format!("log `{}` must be a table, not {}", entry.name, entry.node.value.describe());
        faults.error(entry.node.place, message, format!("write logs.{} = {{ file = \"/var/log/…\" }}", entry.name));
        return Vec::new();
    };
    let mut table = table.clone();
    table.place = entry.place;
    let section = Section::new(&table, format!("log `{}`", entry.name), faults).with_names(around.names);
    let Some(kind) = kind(&section, entry) else { return Vec::new() };
    let places = if kind == "loki" { vec![loki::way(&section, around)] } else { places(&section, around) };
    let from = from(&section, kind, &places);
    let zone = zone(&section, "zone").or_else(|| around.environment.timezone.clone());
    let pattern = pattern(&section);
    let doc = section.text("doc").map(|d| Text::line_at_most(&d, 200));
    let (true, Some(from)) = (section.finish(), from) else { return Vec::new() };
    let several = places.len() > 1;
    let id = match around.service {
        Some(service) => LogId::of_service(service, &entry.name),
        None => LogId::of_environment(&around.environment.id, &entry.name),
    };
    let spec = |on: Option<HostId>| LogSpec {
        id: LogId { host: on.as_ref().filter(|_| several).map(|h| h.name.clone()), ..id.clone() },
        from: from.clone(),
        on,
        zone: zone.clone(),
        pattern: pattern.clone(),
        doc: doc.clone(),
    };
    places.into_iter().map(spec).collect()
}

fn kind(section: &Section<'_>, entry: &Entry) -> Option<&'static str> {
    let Value::Table(table) = &entry.node.value else { return None };
    let named: Vec<&'static str> = KINDS.into_iter().filter(|k| section.has(k)).collect();
    match named.as_slice() {
        [kind] => Some(kind),
        [] => {
            let near = table.names().find_map(|name| Some((name, word::nearest(name, KINDS)?)));
            let (place, help) = match near {
                Some((name, near)) => (section.key_place(name), format!("did you mean `{near}` instead of `{name}`?")),
                None => (entry.place, format!("name one of {}", word::list(&KINDS))),
            };
            section.faults().error(place, format!("log `{}` does not say what to read", entry.name), help);
            None
        }
        [first, second, ..] => {
            let message = format!("log `{}` is both `{first}` and `{second}`", entry.name);
            let help = format!("make two logs of it: one with `{first}`, one with `{second}`");
            section.faults().error(section.key_place(second), message, help);
            None
        }
    }
}

/// The form of its lines. Its groups must say something that lines are read for.
fn pattern(section: &Section<'_>) -> Option<Arc<str>> {
    let pattern = section.pattern("pattern")?;
    let names: Vec<&str> = pattern.capture_names().flatten().collect();
    if names.iter().any(|name| GROUPS.contains(name)) {
        return Some(pattern.as_str().into());
    }
    let help = match names.iter().find_map(|name| Some((name, word::nearest(name, GROUPS)?))) {
        Some((name, near)) => format!("did you mean (?<{near}>…) instead of (?<{name}>…)?"),
        None => r"name at least one: pattern = '^(?<time>\S+ \S+) (?<level>\w+) (?<message>.*)'".to_owned(),
    };
    section.error("pattern", format!("`pattern` has no group named {}", word::list(&GROUPS)), help);
    None
}

/// Where it is, each place once; never empty.
fn places(section: &Section<'_>, around: &Around<'_>) -> Vec<Option<HostId>> {
    let faults = section.faults();
    // Probes say `via`, and whoever writes the same here means the same.
    let key = match (section.has("on"), section.entry_if_there("via")) {
        (true, Some(via)) => {
            faults.error(via.place, "`on` and `via` say the same", "keep `on` and remove `via`");
            "on"
        }
        (false, Some(_)) => "via",
        (true, None) => "on",
        (false, None) => {
            let all: Vec<_> = around.hosts.iter().cloned().map(Some).collect();
            return if all.is_empty() { vec![None] } else { all };
        }
    };
    if !matches!(section.entry(key).map(|e| &e.node.value), Some(Value::List(_))) {
        return vec![host(section, key, around.environment)];
    }
    let named = section.texts_and_places(key).unwrap_or_default();
    let known = &around.environment.hosts;
    let mut places: Vec<Option<HostId>> = Vec::new();
    let names_none = named.is_empty();
    for (name, at) in named {
        let id = around.environment.id.host(&name);
        let place = (name != LOCAL).then_some(id);
        if place.as_ref().is_some_and(|id| known.iter().all(|h| h.id != *id)) {
            let names: Vec<&str> = known.iter().map(|h| &*h.id.name).collect();
            let none = format!("the environment has no hosts; add hosts.{name} = {{ ssh = \"user@192.0.2.10\" }}");
            let message = format!("environment `{}` has no host `{name}`", around.environment.id);
            faults.error(at, message, unknown_name(&name, names, &none, faults));
        } else if places.contains(&place) {
            faults.warn(at, format!("host `{name}` is named twice"), "remove one of the two");
        } else {
            places.push(place);
        }
    }
    if names_none {
        section.error(key, format!("`{key}` names no host"), format!("remove `{key}`, or write {key} = \"{LOCAL}\""));
    }
    if places.is_empty() { vec![None] } else { places }
}

fn from(section: &Section<'_>, kind: &str, places: &[Option<HostId>]) -> Option<LogFrom> {
    match kind {
        "file" => file(section, places),
        "journal" => journal(section),
        "loki" => loki::read(section),
        _ => command(section),
    }
}

fn file(section: &Section<'_>, places: &[Option<HostId>]) -> Option<LogFrom> {
    let written = section.text("file")?;
    let away = places.iter().flatten().next();
    if written.is_empty() || written.ends_with('/') || written.contains('\0') {
        let message = format!("`file` is no file: \"{}\"", Text::line_at_most(&written, 60));
        section.error("file", message, "write file = \"/var/log/shop/app.log\"");
        return None;
    }
    if let Some(host) = away.filter(|_| !written.starts_with('/')) {
        let message = format!("`file` must be a whole path on host {}, not \"{written}\"", host.name);
        section.error("file", message, "write it from the root: file = \"/var/log/shop/app.log\"");
        return None;
    }
    let path = if away.is_some() { written } else { section.path("file")?.to_string_lossy().into_owned() };
    let newest = path.contains(['*', '?', '[']);
    Some(LogFrom::File { path, newest })
}

fn journal(section: &Section<'_>) -> Option<LogFrom> {
    let unit = section.text("journal")?;
    // Source: systemd.unit(5), "Unit names"; a leading dash would be an option.
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, ':' | '-' | '_' | '.' | '\\' | '@');
    if unit.is_empty() || unit.len() > 255 || unit.starts_with('-') || !unit.chars().all(good) {
        let message = format!("\"{}\" is no name of a unit", Text::line_at_most(&unit, 60));
        section.error("journal", message, "write journal = \"shop.service\"");
        return None;
    }
    Some(LogFrom::Journal { unit })
}

fn command(section: &Section<'_>) -> Option<LogFrom> {
    let entry = section.entry("command")?;
    let Value::List(_) = entry.node.value else {
        let help = "write a list; no shell reads it: command = [\"docker\", \"logs\", \"-f\", \"shop\"]";
        section.error("command", format!("`command` must be a list, not {}", entry.node.value.describe()), help);
        return None;
    };
    let words = section.texts("command")?;
    if words.first().is_none_or(|w| w.trim().is_empty()) {
        let help = "the first word is the program: command = [\"docker\", \"logs\", \"-f\", \"shop\"]";
        section.error("command", "`command` names no program", help);
        return None;
    }
    Some(LogFrom::Command { words })
}

#[cfg(test)]
mod tests;
