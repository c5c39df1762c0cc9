//! The text of a deck about hosts: each host, then what runs on it. Pure; every name in it is one that a deck accepts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{Running, Seen};
use crate::cli::init::deck::{Setting, opening};
use crate::cli::init::draft::{Draft, key, quoted};
use crate::cli::init::name;
use crate::model::Text;

/// Longest words of a host or a unit in a comment.
const MOST_WORDS: usize = 200;

/// Hosts and services, ready to be written.
pub(in crate::cli::init) struct Fleet {
    seen: Vec<Seen>,
    services: Vec<Service>,
}

/// A service of a host.
struct Service {
    name: String,
    host: String,
    about: String,
    /// The probes, each with what is worth knowing about it.
    probes: Vec<Draft>,
}

/// Names for hosts in the deck, one a destination: what a person calls it, as far as a deck takes it.
pub(super) fn host_names(destinations: &[String]) -> Vec<String> {
    let mut taken = BTreeSet::from(["local".to_owned()]);
    let called = |destination: &String| {
        let host = destination.rsplit_once('@').map_or(destination.as_str(), |(_, host)| host);
        let host = host.trim_start_matches("ssh://");
        let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let is_name =
            host.len() <= 63 && host.chars().all(good) && host.starts_with(|c: char| c.is_ascii_alphanumeric());
        if is_name { host.to_owned() } else { name::plain(host) }
    };
    destinations.iter().map(|d| name::free(&[called(d)], &mut taken)).collect()
}

impl Fleet {
    /// Puts services together; `with_figures` gives every host a probe of its figures.
    pub(super) fn of(seen: Vec<Seen>, with_figures: bool) -> Self {
        let mut taken = BTreeSet::new();
        let mut services = Vec::new();
        let units = seen.iter().flat_map(|s| &s.running).filter_map(|r| r.unit.as_deref());
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        units.for_each(|unit| *count.entry(unit.to_owned()).or_default() += 1);
        for host in seen.iter().filter(|s| !s.is_shut) {
            if with_figures {
                let name = name::free(&[name::plain(&host.name)], &mut taken);
                let probes = vec![Draft::new("figures", "host", &host.name)];
                services.push(Service { name, host: host.name.clone(), about: String::new(), probes });
            }
            for running in &host.running {
                let is_shared = running.unit.as_ref().is_some_and(|u| count.get(u).is_some_and(|c| *c > 1));
                let name = name::free(&candidates(running, &host.name, is_shared), &mut taken);
                services.push(Service {
                    name,
                    host: host.name.clone(),
                    about: running.about.clone(),
                    probes: running.probes(&host.name),
                });
            }
        }
        Self { seen, services }
    }

    /// How many hosts, services and probes.
    pub(in crate::cli::init) fn size(&self) -> (usize, usize, usize) {
        let hosts = self.seen.iter().filter(|s| !s.is_shut).count();
        (hosts, self.services.len(), self.services.iter().map(|s| s.probes.len()).sum())
    }

    /// Hosts on which nothing was looked at.
    pub(in crate::cli::init) fn away(&self) -> usize {
        self.seen.iter().filter(|s| s.away.is_some() && !s.is_shut).count()
    }

    /// The deck.
    pub(in crate::cli::init) fn text(&self, setting: &Setting<'_>) -> String {
        let mut text = opening(setting);
        text.push_str("\n# Hosts, as your OpenSSH configuration names them. Nothing is installed there.\n");
        for host in &self.seen {
            write_host(&mut text, host);
        }
        for service in &self.services {
            service.write(&mut text);
        }
        text
    }
}

fn write_host(text: &mut String, host: &Seen) {
    let off = if host.is_shut { "# " } else { "" };
    let words = match &host.away {
        Some(why) => format!("{}: not looked at when this was written: {why}", host.name),
        None => format!("{}: {}", host.name, host.route),
    };
    writeln!(text, "# {}", Text::line_at_most(&words, MOST_WORDS)).ok();
    writeln!(text, "{off}hosts.{} = {{ ssh = {} }}", key(&host.name), toml::Value::String(host.destination.clone()))
        .ok();
}

fn candidates(running: &Running, host: &str, is_shared: bool) -> Vec<String> {
    let port = running.found.first().map_or(0, |(port, _)| *port);
    let name = match &running.unit {
        Some(unit) => name::plain(unit.trim_end_matches(".service")),
        None => format!("port-{port}"),
    };
    let with_host = name::plain(&format!("{name}-{host}"));
    if is_shared { vec![with_host] } else { vec![name, with_host] }
}

impl Running {
    /// The unit first, then what answers on its ports, through the host.
    fn probes(&self, host: &str) -> Vec<Draft> {
        let unit = self.unit.iter().map(|unit| Draft::new("unit", "systemd", unit));
        let mut probes: Vec<Draft> = unit.collect();
        let mut taken: BTreeSet<String> = probes.iter().map(|p| p.name.clone()).collect();
        for (port, finding) in &self.found {
            for draft in &finding.drafts {
                let name = name::free(&[draft.name.clone(), format!("{}-{port}", draft.name)], &mut taken);
                let mut probe = draft.clone().with_text("via", host);
                probe.name = name;
                probes.push(probe);
            }
        }
        probes
    }
}

impl Service {
    fn write(&self, text: &mut String) {
        text.push('\n');
        if !self.about.is_empty() {
            writeln!(text, "# {}", Text::line_at_most(&self.about, MOST_WORDS)).ok();
        }
        writeln!(text, "services.{}.host = {}", self.name, quoted(&self.host)).ok();
        let widest = self.probes.iter().map(|p| p.name.len()).max().unwrap_or(0);
        let mut last = None;
        for probe in &self.probes {
            if let Some(comment) = probe.comment.as_ref().filter(|c| last.replace(*c) != Some(*c)) {
                writeln!(text, "# {comment}").ok();
            }
            // Nobody gave a login, so a probe that has a place for one goes without.
            let probe_text = if probe.login.is_some() { probe.without("user") } else { probe.clone() }.table(None, "");
            writeln!(text, "services.{}.probes.{:<widest$} = {probe_text}", self.name, probe.name).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::cli::init::finding::Finding;
    use crate::config;
    use crate::model::Tier;

    fn running(unit: Option<&str>, ports: &[u16]) -> Running {
        let found = |port: &u16| {
            let draft = Draft::new("live", "http", &format!("http://127.0.0.1:{port}/health")).noted("A report");
            (*port, Finding::new("web", vec![draft], ""))
        };
        Running {
            unit: unit.map(str::to_owned),
            about: "The service\nof {x}".into(),
            found: ports.iter().map(found).collect(),
        }
    }

    fn host(name: &str, away: Option<&str>, is_shut: bool, running: Vec<Running>) -> Seen {
        let (name, destination) = (name.to_owned(), name.to_owned());
        Seen { name, destination, route: "ops@192.0.2.1:22".into(), away: away.map(str::to_owned), is_shut, running }
    }

    #[test]
    fn a_deck_about_hosts_has_no_fault() {
        let seen = vec![
            host(
                "web.example.com",
                None,
                false,
                vec![
                    running(Some("sales.service"), &[8080, 8081]),
                    running(Some("app@1.service"), &[]),
                    running(None, &[9000]),
                ],
            ),
            host("web2", None, false, vec![running(Some("sales.service"), &[8080])]),
            host("db", Some("connection refused on 192.0.2.9:22\nnow"), false, vec![]),
            host("git", Some("it runs no commands"), true, vec![]),
        ];
        let fleet = Fleet::of(seen, true);
        assert_eq!((fleet.size(), fleet.away()), ((3, 7, 10), 1));
        let text = fleet.text(&Setting { environment: "production", tier: Tier::Production, day: "2026-11-20" });
        let loaded = config::parse(Path::new("quarterdeck.toml"), &text);
        assert!(loaded.faults.is_empty(), "{:?}\n{text}", loaded.faults);
        let deck = loaded.deck.unwrap();
        assert_eq!((deck.hosts().count(), deck.probes().count()), (3, 10));
        let names: Vec<&str> = deck.environments[0].environment.services.iter().map(|s| &*s.id.name).collect();
        assert_eq!(
            names,
            ["web-example-com", "sales-web-example-com", "app-1", "port-9000", "web2", "sales-web2", "db"]
        );
        let web = deck.probes().filter(|p| ["http", "systemd"].contains(&p.info.kind.as_str()));
        assert!(web.into_iter().all(|p| p.info.via.is_some()), "{text}");
    }

    #[test]
    fn every_destination_has_a_name_of_its_own() {
        let names = |all: &[&str]| host_names(&all.iter().map(|d| (*d).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            names(&["web", "ops@web", "local", "ops@[2001:db8::1]:22"]),
            ["web", "web-2", "local-2", "2001-db8-1-22"]
        );
    }
}
