//! Which runbooks a service offers, and where and under which names they run. A runbook that is nowhere or does not load
//! breaks the environments that name it, and no other.

use std::collections::BTreeMap;

use super::acting::Acting;
use super::environment::Common;
use super::service::{LOCAL, Place};
use super::{service, unknown_name};
use crate::model::service::Offer;
use crate::model::{Environment, HostId, Runbook, Service, Text};
use crate::runbook::shelf::Found;
use crate::settings::{self, Faults, Names, Section, Table, Value};

/// Reads `runbooks` and what they need.
pub fn read(
    service: &mut Service,
    section: &Section<'_>,
    names: &Names,
    hosts: Vec<HostId>,
    place: &Place<'_>,
) -> Acting {
    let faults = section.faults();
    let named = section.texts_and_places("runbooks").unwrap_or_default();
    let mut acting = Acting {
        service: service.id.clone(),
        runbooks: Vec::new(),
        not_applying: Vec::new(),
        names: all_names(names, named.is_empty(), faults),
        hosts,
        policy: place.policy.clone(),
        folder: place.common.folder.clone(),
    };
    for (name, at) in named {
        if service.runbooks.iter().any(|offer| *offer.runbook == *name) {
            faults.warn(at, format!("runbook `{name}` is named twice"), "remove one of the two");
            continue;
        }
        let runbook = match place.common.shelf.find(&name) {
            Found::Sound(runbook) => runbook,
            Found::Broken(broken) => {
                place.common.named.borrow_mut().insert(name);
                for fault in broken {
                    let breaks = faults.environment().into_iter().collect();
                    faults.push(crate::model::Fault { breaks, ..fault.clone() });
                }
                continue;
            }
            Found::Nothing => {
                let none = format!("write it: runbooks/{name}.md beside the deck");
                let help = unknown_name(&name, place.common.shelf.names(), &none, faults);
                faults.error(at, format!("there is no runbook `{name}`"), help);
                continue;
            }
        };
        let why_not = why_not(runbook, &acting.names);
        service.runbooks.push(Offer {
            runbook: runbook.name.clone(),
            title: runbook.title.clone(),
            kind: runbook.kind,
            why_not: why_not.clone(),
        });
        match why_not {
            Some(why) => acting.not_applying.push((runbook.name.clone(), why)),
            None => acting.runbooks.push(runbook.clone()),
        }
    }
    acting
}

/// Names that are wrong are told only where runbooks could use them.
fn all_names(names: &Names, unused: bool, faults: &Faults<'_>) -> BTreeMap<String, String> {
    if unused { names.all(&Faults::new(faults.files())) } else { names.all(faults) }
}

/// Why a runbook does not apply where these names are set.
pub fn why_not(runbook: &Runbook, names: &BTreeMap<String, String>) -> Option<Text> {
    let is_set = |name: &String| names.get(name).is_some_and(|value| !value.is_empty());
    let missing: Vec<String> = runbook.needs.iter().filter(|n| !is_set(n)).map(|n| format!("`{n}`")).collect();
    (!missing.is_empty()).then(|| Text::line(&format!("needs {}, which the service does not set", missing.join(", "))))
}

/// Faults of runbooks that nothing names are told too.
pub fn tell_of_broken(common: &Common<'_>, faults: &Faults<'_>) {
    let named = common.named.borrow();
    for (_, broken) in common.shelf.broken.iter().filter(|(name, _)| !named.contains(*name)) {
        for fault in broken {
            faults.push(fault.clone());
        }
    }
}

/// The hosts of a service: `hosts`, or the one of `host`; empty means this machine.
pub fn hosts(section: &Section<'_>, environment: &Environment) -> Vec<HostId> {
    let one = service::host(section, "host", environment);
    let Some(named) = section.texts_and_places("hosts") else { return one.into_iter().collect() };
    let faults = section.faults();
    let mut hosts: Vec<HostId> = Vec::new();
    for (name, at) in named {
        let id = environment.id.host(&name);
        if name == LOCAL {
            let help = "a service of this machine has no hosts; remove it from the list";
            faults.error(at, "`local` cannot be one of several hosts", help);
        } else if environment.hosts.iter().all(|h| h.id != id) {
            let known: Vec<&str> = environment.hosts.iter().map(|h| &*h.id.name).collect();
            let none = format!("the environment has no hosts; add hosts.{name} = {{ ssh = \"user@192.0.2.10\" }}");
            let message = format!("environment `{}` has no host `{name}`", environment.id);
            faults.error(at, message, unknown_name(&name, known, &none, faults));
        } else if hosts.contains(&id) {
            faults.warn(at, format!("host `{name}` is named twice"), "remove one of the two");
        } else {
            hosts.push(id);
        }
    }
    if let Some(first) = one {
        match hosts.iter().position(|h| *h == first) {
            Some(at) => hosts.swap(0, at),
            None => section.error("host", "`host` is not one of `hosts`", "add it to the list, or remove `host`"),
        }
    }
    hosts
}

/// The first of `hosts` as it is written: `{host}` where `host` is not set.
pub fn first_host(table: &Table) -> Option<(String, settings::Place)> {
    let node = match &table.get("hosts")?.node {
        settings::Node { value: Value::List(list), .. } => list.first()?,
        node => node,
    };
    match &node.value {
        Value::Text(text) => Some((text.clone(), node.place)),
        _ => None,
    }
}
