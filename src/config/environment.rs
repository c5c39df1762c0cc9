//! One environment of a deck: tier, zone, variables, hosts, services.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use jiff::tz::TimeZone;

use super::deck::EnvironmentDeck;
use super::{check_name, logs, policy, probe, service, warn_of_later};
use crate::model::{Environment, EnvironmentId, Host, LogSpec, Service, ServiceId, Text, Tier};
use crate::runbook::shelf::Shelf;
use crate::settings::{Entry, Faults, Names, Section, Table, Value, word};
use crate::transport::ssh::config::Destination;

/// What all environments of a deck share.
pub struct Common<'a> {
    /// `[templates]`.
    pub templates: Option<&'a Table>,
    /// `[vars]`.
    pub vars: Option<&'a Table>,
    /// `[defaults]`.
    pub defaults: probe::Defaults,
    /// Names of the templates that something uses.
    pub used: RefCell<BTreeSet<String>>,
    /// Every runbook.
    pub shelf: &'a Shelf,
    /// Names of runbooks that do not load and that a service names.
    pub named: RefCell<BTreeSet<String>>,
    /// The deck's folder.
    pub folder: PathBuf,
}

impl Common<'_> {
    /// Tells of templates that are no tables, used or not.
    pub fn check_templates(&self, faults: &Faults<'_>) {
        for entry in self.templates.into_iter().flat_map(|t| &t.entries) {
            if !matches!(entry.node.value, Value::Table(_)) {
                let message = format!("template `{}` must be a table, not {}", entry.name, entry.node.value.describe());
                faults.error(entry.node.place, message, format!("write [templates.{}]", entry.name));
            }
        }
    }

    /// Names templates that nothing uses: usually a misspelt `use` elsewhere.
    pub fn warn_of_unused(&self, faults: &Faults<'_>) {
        // Beside errors it would be noise: what uses the template may be what could not be read.
        let templates = self.templates.filter(|_| faults.errors() == 0);
        for entry in templates.into_iter().flat_map(|t| &t.entries) {
            if !self.used.borrow().contains(&entry.name) {
                let message = format!("template `{}` is not used", entry.name);
                faults.warn(entry.place, message, format!("write use = \"{}\" in a service, or remove it", entry.name));
            }
        }
    }
}

const TIERS: [(&str, Tier); 3] =
    [("development", Tier::Development), ("staging", Tier::Staging), ("production", Tier::Production)];

/// Reads an environment, whole or not; [`EnvironmentDeck::count_faults`] takes away what must not run.
pub fn read(name: &str, body: &Table, common: &Common<'_>, faults: &Faults<'_>) -> EnvironmentDeck {
    let id = EnvironmentId::new(name);
    faults.within(Some(id.clone()));
    let before = faults.errors();
    let entry = Entry {
        name: name.to_owned(),
        place: body.place,
        node: crate::settings::Node { place: body.place, value: Value::Truth(true) },
    };
    check_name("an environment", &entry, faults);
    let section = Section::new(body, format!("environment `{name}`"), faults);
    let tier = if section.has("tier") {
        section.choice("tier", &TIERS)
    } else {
        let help = "add tier = \"production\" (protected), \"staging\" or \"development\"";
        faults.error(body.place, format!("environment `{name}` has no tier"), help);
        None
    };
    let mut environment = Environment {
        id: id.clone(),
        tier: tier.unwrap_or(Tier::Production),
        timezone: timezone(&section),
        doc: section.text("doc").map(Text::from),
        hosts: hosts(&id, &section),
        services: Vec::new(),
        faults: 0,
    };
    let names = Arc::new(names(&id, common, &section));
    let policy = Arc::new(policy::read(&environment, &section));
    let (mut probes, mut logs, mut acting) = (Vec::new(), Vec::new(), BTreeMap::new());
    let services = section.table("services");
    let service_names: HashSet<&str> = services.into_iter().flat_map(Table::names).collect();
    for entry in services.into_iter().flat_map(|t| &t.entries) {
        let place = service::Place {
            environment: &environment,
            services: &service_names,
            names: &names,
            policy: &policy,
            common,
        };
        if let Some(whole) = service::read(entry, &place, faults) {
            acting.insert(whole.service.id.clone(), Arc::new(whole.acting));
            environment.services.push(whole.service);
            probes.extend(whole.probes);
            logs.extend(whole.logs);
        }
    }
    warn_of_circles(&environment.services, services, faults);
    logs.extend(own_logs(&environment, &section, &names));
    warn_of_later(&section, &["queues", "alerts", "clusters"]);
    section.finish();
    if services.is_none_or(|t| t.entries.is_empty()) && faults.errors() == before {
        faults.warn(
            body.place,
            format!("environment `{name}` has no services"),
            "add services.shop = { probes.live = { http = \"https://…\" } }",
        );
    }
    faults.within(None);
    environment.faults = usize::from(faults.errors() > before);
    EnvironmentDeck { environment, probes, logs, acting }
}

/// Logs that belong to no service: those of a proxy, a database, a backup.
fn own_logs(environment: &Environment, section: &Section<'_>, names: &Names) -> Vec<Arc<LogSpec>> {
    logs::read(section, &logs::Around { environment, service: None, hosts: &[], names })
}

/// Services of a circle that are told.
const MOST_NAMES: usize = 8;

/// Services that depend on each other in a circle: none of them can be the cause of the others. One circle is told; the
/// next shows when it is mended.
fn warn_of_circles(services: &[Service], table: Option<&Table>, faults: &Faults<'_>) {
    let depends: HashMap<&ServiceId, &[ServiceId]> = services.iter().map(|s| (&s.id, s.depends.as_slice())).collect();
    let mut needed_by: HashMap<&ServiceId, Vec<&ServiceId>> = HashMap::new();
    let mut waits: HashMap<&ServiceId, usize> = HashMap::new();
    for service in services {
        waits.insert(&service.id, service.depends.len());
        service.depends.iter().for_each(|on| needed_by.entry(on).or_default().push(&service.id));
    }
    // Take away what waits for nothing, and then what waited for that alone; only circles and what hangs on them stay.
    let mut free: Vec<&ServiceId> = waits.iter().filter(|(_, count)| **count == 0).map(|(id, _)| *id).collect();
    while let Some(id) = free.pop() {
        waits.remove(id);
        for waiting in needed_by.get(id).into_iter().flatten() {
            if let Some(count) = waits.get_mut(waiting) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    free.push(waiting);
                }
            }
        }
    }
    let Some(first) = services.iter().map(|s| &s.id).find(|id| waits.contains_key(id)) else { return };
    let mut walked = vec![first];
    let next = |id: &ServiceId| depends.get(id).and_then(|d| d.iter().find(|on| waits.contains_key(on)));
    while let Some(on) = walked.last().and_then(|id| next(id)) {
        if let Some(start) = walked.iter().position(|id| *id == on) {
            let circle = walked.get(start..).unwrap_or_default();
            let mut names: Vec<&str> = circle.iter().take(MOST_NAMES).map(|id| &*id.name).collect();
            names.extend((circle.len() > MOST_NAMES).then_some("…"));
            names.push(&on.name);
            let place = table.and_then(|t| t.get(&on.name)).map(|e| e.place).unwrap_or_default();
            let message = format!("services depend on each other in a circle: {}", names.join(" → "));
            faults.warn(place, message, "remove one of these `depends`: it says what cannot work without what");
            return;
        }
        walked.push(on);
    }
}

fn timezone(section: &Section<'_>) -> Option<String> {
    zone(section, "timezone")
}

/// The name of a time zone.
pub fn zone(section: &Section<'_>, key: &str) -> Option<String> {
    let zone = section.text(key)?;
    if TimeZone::get(&zone).is_err() {
        section.error(key, format!("there is no time zone `{zone}`"), zone_hint(&zone));
        return None;
    }
    Some(zone)
}

/// The zone that was probably meant: the one of that city, or the one written most alike.
fn zone_hint(zone: &str) -> String {
    let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
    let city = zone.trim().replace(' ', "_");
    let is_city = |name: &&String| name.rsplit('/').next().is_some_and(|last| last.eq_ignore_ascii_case(&city));
    let near = || word::nearest(zone, names.iter().map(String::as_str));
    match names.iter().find(is_city).map(String::as_str).or_else(near) {
        Some(name) => format!("did you mean \"{name}\"?"),
        None => "write an IANA name like \"Europe/Berlin\" or \"UTC\"".into(),
    }
}

fn hosts(id: &EnvironmentId, section: &Section<'_>) -> Vec<Host> {
    let faults = section.faults();
    let mut hosts = Vec::new();
    for entry in section.table("hosts").into_iter().flat_map(|t| &t.entries) {
        check_name("a host", entry, faults);
        if entry.name == service::LOCAL {
            let message = "a host cannot be called `local`: the word stands for this machine".to_owned();
            faults.error(entry.place, message, "give it another name: hosts.server = { ssh = \"user@192.0.2.10\" }");
        }
        let destination = match &entry.node.value {
            Value::Table(table) => {
                let host = Section::new(table, format!("host `{}`", entry.name), faults);
                let destination = host.needed_text("ssh", "ssh = \"user@192.0.2.10\" or an alias of ~/.ssh/config");
                if let Some(text) = &destination {
                    check_destination(text, &host);
                }
                host.finish();
                destination
            }
            other => {
                let message = format!("host `{}` must be a table, not {}", entry.name, other.describe());
                faults.error(
                    entry.node.place,
                    message,
                    format!("write hosts.{} = {{ ssh = \"user@192.0.2.10\" }}", entry.name),
                );
                None
            }
        };
        if let Some(destination) = destination {
            hosts.push(Host { id: id.host(&entry.name), destination: destination.into() });
        }
    }
    hosts
}

/// Tells why `ssh` would not take it for a place to log in at. The host stays, so that what names it is not wrong too.
fn check_destination(text: &str, host: &Section<'_>) {
    if let Err(error) = text.parse::<Destination>() {
        let told = error.to_string();
        let (what, help) =
            told.rsplit_once(": ").unwrap_or((&told, "write user@192.0.2.10 or an alias of ~/.ssh/config"));
        host.error("ssh", format!("\"{}\" leads to no host: {what}", Text::line_at_most(text, 60)), help);
    }
}

fn names(id: &EnvironmentId, common: &Common<'_>, section: &Section<'_>) -> Names {
    let mut names = Names::default();
    names.set("environment", id.as_str(), section.place());
    for table in [common.vars, section.table("vars")].into_iter().flatten() {
        add_vars(&mut names, table, section.faults());
    }
    names
}

/// Adds the entries of a `vars` table.
pub fn add_vars(names: &mut Names, table: &Table, faults: &Faults<'_>) {
    for entry in &table.entries {
        match &entry.node.value {
            Value::Text(text) => names.set(&entry.name, text, entry.node.place),
            Value::Whole(number) => names.set(&entry.name, number.to_string(), entry.node.place),
            other => {
                let message =
                    format!("variable `{}` must be a text or a whole number, not {}", entry.name, other.describe());
                let written = faults.files().written(entry.node.place);
                let text = if matches!(other, Value::List(_) | Value::Table(_)) { "…" } else { written };
                faults.error(entry.node.place, message, format!("write {} = \"{text}\"", entry.name));
            }
        }
    }
}
