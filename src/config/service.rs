//! One service of an environment: its template chain laid under it, names filled in, probes read.

use std::collections::HashSet;
use std::sync::Arc;

use super::acting::{Acting, Policy};
use super::deck::Probe;
use super::environment::{Common, add_vars};
use super::{check_name, logs, offer, probe, unknown_name, warn_of_later};
use crate::model::{Environment, HostId, LogSpec, Service, ServiceId, Text};
use crate::settings::{Entry, Faults, Names, Node, Section, Table, Value};

/// Where a service stands.
pub struct Place<'a> {
    /// Its environment, with hosts.
    pub environment: &'a Environment,
    /// Names of all services of the environment, to check `depends` against.
    pub services: &'a HashSet<&'a str>,
    /// Names of the environment.
    pub names: &'a Arc<Names>,
    /// Rules of its environment.
    pub policy: &'a Arc<Policy>,
    /// What all environments share.
    pub common: &'a Common<'a>,
}

/// A service as it was read.
pub struct Whole {
    /// What the store and the screen know of it.
    pub service: Service,
    /// What looks at it.
    pub probes: Vec<Arc<Probe>>,
    /// Its logs.
    pub logs: Vec<Arc<LogSpec>>,
    /// What can be done to it.
    pub acting: Acting,
}

/// Keys of a service that other texts may name: `{url}`, `{port}`.
const NAMED: [&str; 4] = ["host", "unit", "url", "port"];

/// Reads a service and its probes.
pub fn read(entry: &Entry, place: &Place<'_>, faults: &Faults<'_>) -> Option<Whole> {
    let named_well = check_name("a service", entry, faults);
    let Value::Table(own) = &entry.node.value else {
        let message = format!("service `{}` must be a table, not {}", entry.name, entry.node.value.describe());
        faults.error(
            entry.node.place,
            message,
            format!("write services.{} = {{ probes.live = {{ http = \"…\" }} }}", entry.name),
        );
        return None;
    };
    let mut merged = with_templates(own, place.common, faults)?;
    merged.place = entry.place;
    let id = place.environment.id.service(&entry.name);
    let names = names(&id, &merged, place.names, faults);
    let section = Section::new(&merged, format!("service `{}`", entry.name), faults).with_names(&names);
    for key in ["use", "vars"].into_iter().chain(NAMED) {
        section.entry(key);
    }
    let hosts = offer::hosts(&section, place.environment);
    let paused = match section.entry("paused").map(|e| &e.node.value) {
        Some(Value::Truth(false)) | None => None,
        Some(Value::Truth(true)) => Some(Text::from("paused in the deck")),
        Some(_) => section.text("paused").map(Text::from),
    };
    let mut service = Service {
        doc: section.text("doc").map(Text::from),
        host: hosts.first().cloned(),
        optional: section.truth("optional").unwrap_or(false),
        depends: depends(&id, &section, place),
        paused,
        runbooks: Vec::new(),
        probes: Vec::new(),
        id,
    };
    let mut probes = Vec::new();
    let around = probe::Around { service: &service, environment: place.environment, defaults: &place.common.defaults };
    for entry in section.table("probes").into_iter().flat_map(|t| &t.entries) {
        check_name("a probe", entry, faults);
        probes.extend(probe::read(entry, &around, &names, faults).map(Arc::new));
    }
    let is_bare = |value: &Value| matches!(value, Value::Table(probes) if probes.entries.is_empty());
    if section.entry("probes").is_none_or(|e| is_bare(&e.node.value)) {
        let help = "add probes.live = { http = \"http://127.0.0.1:8080/health\" }";
        faults.warn(entry.place, format!("service `{}` has no probes, so its health stays unknown", entry.name), help);
    }
    let around =
        logs::Around { environment: place.environment, service: Some(&service.id), hosts: &hosts, names: &names };
    let mut logs = logs::read(&section, &around);
    warn_of_later(&section, &["queues", "alerts", "workload"]);
    let acting = offer::read(&mut service, &section, &names, hosts, place);
    logs.extend(logs::runs(&service, &logs));
    service.probes = probes.iter().map(|p| p.info.clone()).collect();
    (section.finish() && named_well).then_some(Whole { service, probes, logs, acting })
}

/// The service's table laid over its template, and that over its own template, and so on.
fn with_templates(own: &Table, common: &Common<'_>, faults: &Faults<'_>) -> Option<Table> {
    let mut chain: Vec<&str> = Vec::new();
    let mut merged = own.clone();
    let mut uppermost = own;
    while let Some(entry) = uppermost.get("use") {
        let Value::Text(name) = &entry.node.value else {
            let message = format!("`use` must be the name of a template, not {}", entry.node.value.describe());
            faults.error(entry.node.place, message, "write use = \"dotnet\" with [templates.dotnet] above");
            return None;
        };
        let known = || common.templates.into_iter().flat_map(Table::names);
        let found = common.templates.and_then(|t| t.get(name)).map(|e| &e.node.value);
        if let Some(other) = found.filter(|v| !matches!(v, Value::Table(_))) {
            let message = format!("template `{name}` is {}, not a table", other.describe());
            faults.error(entry.node.place, message, format!("write [templates.{name}] and its keys below"));
            return None;
        }
        let Some(Value::Table(template)) = found else {
            let all: Vec<&str> = known().collect();
            let help = unknown_name(name, all, &format!("add [templates.{name}] to the deck"), faults);
            faults.error(entry.node.place, format!("there is no template `{name}`"), help);
            return None;
        };
        common.used.borrow_mut().insert(name.clone());
        if chain.contains(&name.as_str()) {
            chain.push(name);
            let message = format!("templates use each other in a circle: {}", chain.join(" → "));
            faults.error(entry.node.place, message, "remove one of these `use` lines");
            return None;
        }
        chain.push(name);
        merged = template.overlaid(&merged);
        uppermost = template;
    }
    Some(merged)
}

fn names(id: &ServiceId, merged: &Table, outer: &Arc<Names>, faults: &Faults<'_>) -> Names {
    let mut names = Names::over(outer);
    names.set("service", &*id.name, merged.place);
    for key in NAMED {
        if let Some(entry) = merged.get(key) {
            match &entry.node.value {
                Value::Text(text) => names.set(key, text, entry.node.place),
                Value::Whole(number) => names.set(key, number.to_string(), entry.node.place),
                // The host is looked up below, where this is told.
                _ if key == "host" => {}
                other => {
                    let message = format!("`{key}` must be a text or a whole number, not {}", other.describe());
                    faults.error(entry.node.place, message, format!("write {key} = \"…\""));
                }
            }
        }
    }
    if let (None, Some(first)) = (merged.get("host"), offer::first_host(merged)) {
        names.set("host", first.0, first.1);
    }
    match merged.get("vars").map(|e| &e.node) {
        Some(Node { value: Value::Table(vars), .. }) => add_vars(&mut names, vars, faults),
        Some(Node { value, place }) => {
            let message = format!("`vars` must be a table, not {}", value.describe());
            faults.error(*place, message, "write vars = { suffix = \"prod\" }");
        }
        None => {}
    }
    names
}

/// Stands for this machine where a host is named, so no host may be called so.
pub const LOCAL: &str = "local";

/// A host named by `key`, which must be one of the environment; none for this machine.
pub fn host(section: &Section<'_>, key: &str, environment: &Environment) -> Option<HostId> {
    let name = section.text(key).filter(|name| name != LOCAL)?;
    let id = environment.id.host(&name);
    if environment.hosts.iter().any(|h| h.id == id) {
        return Some(id);
    }
    let mut known: Vec<&str> = environment.hosts.iter().map(|h| &*h.id.name).collect();
    known.extend((!known.is_empty()).then_some(LOCAL));
    let none = format!("the environment has no hosts; add hosts.{name} = {{ ssh = \"user@192.0.2.10\" }}");
    let message = format!("environment `{}` has no host `{name}`", environment.id);
    section.error(key, message, unknown_name(&name, known, &none, section.faults()));
    None
}

fn depends(id: &ServiceId, section: &Section<'_>, place: &Place<'_>) -> Vec<ServiceId> {
    let mut depends = Vec::new();
    for (name, at) in section.texts_and_places("depends").unwrap_or_default() {
        let faults = section.faults();
        if *id.name == *name {
            faults.error(at, format!("service `{name}` cannot depend on itself"), "remove it from the list");
        } else if place.services.contains(name.as_str()) {
            depends.push(place.environment.id.service(&name));
        } else {
            let known = place.services.iter().copied();
            let message = format!("environment `{}` has no service `{name}`", place.environment.id);
            faults.error(at, message, unknown_name(&name, known, "name a service of the same environment", faults));
        }
    }
    depends
}
