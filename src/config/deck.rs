//! A checked deck: what can be observed, with everything resolved. Plain values; nothing here reads files.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::acting::Acting;
use crate::model::{Environment, EnvironmentId, Fleet, Host, LogSpec, ProbeSpec, Runbook, ServiceId, Text, Tier};
use crate::settings::Faults;
use crate::source::health::Check;

/// A checked deck.
#[derive(Clone, Debug)]
pub struct Deck {
    /// Its name, for the header.
    pub name: Text,
    /// Its main file.
    pub path: PathBuf,
    /// In the order of the file.
    pub environments: Vec<EnvironmentDeck>,
    /// Every runbook: those of the binary, and those of the deck in place of or beside them.
    pub runbooks: Vec<Arc<Runbook>>,
}

/// One environment and its probes.
#[derive(Clone, Debug)]
pub struct EnvironmentDeck {
    /// What the store and the screen know of it.
    pub environment: Environment,
    /// What runs.
    pub probes: Vec<Arc<Probe>>,
    /// Logs of its services in their order, then its own.
    pub logs: Vec<Arc<LogSpec>>,
    /// What can be done to each service.
    pub acting: BTreeMap<ServiceId, Arc<Acting>>,
}

/// One probe, ready to run.
#[derive(Debug)]
pub struct Probe {
    /// What the store and the screen know of it.
    pub info: ProbeSpec,
    /// A slower pass counts as degraded.
    pub degraded: Option<Duration>,
    /// Whether the deck says not to run it.
    pub paused: bool,
    /// Everything that the deck says of it, names filled in: equal texts look in the same way.
    pub declared: String,
    /// How it looks.
    pub check: Arc<dyn Check>,
}

impl Probe {
    /// Whether the two look in the same way, so that a reload may leave it running.
    pub fn is_same(&self, other: &Probe) -> bool {
        self.info == other.info
            && self.degraded == other.degraded
            && self.paused == other.paused
            && self.declared == other.declared
    }
}

impl EnvironmentDeck {
    /// An environment of which nothing could be read.
    pub fn broken(id: EnvironmentId) -> Self {
        // Of an environment that cannot be read the worst is assumed: it is protected.
        let environment = Environment {
            id,
            tier: Tier::Production,
            timezone: None,
            doc: None,
            hosts: Vec::new(),
            services: Vec::new(),
            faults: 1,
        };
        Self { environment, probes: Vec::new(), logs: Vec::new(), acting: BTreeMap::new() }
    }

    /// Counts the errors noted for it so far. With one in it only its name, tier and hosts remain.
    pub fn count_faults(&mut self, faults: &Faults<'_>) {
        self.environment.faults = faults.errors_of(&self.environment.id).max(self.environment.faults.min(1));
        if self.environment.faults > 0 {
            self.environment.services.clear();
            self.probes.clear();
            self.logs.clear();
            self.acting.clear();
        }
    }
}

impl Deck {
    /// What is expected to run.
    pub fn fleet(&self) -> Fleet {
        Fleet {
            name: self.name.clone(),
            environments: self.environments.iter().map(|e| e.environment.clone()).collect(),
        }
    }

    /// Every probe.
    pub fn probes(&self) -> impl Iterator<Item = &Arc<Probe>> {
        self.environments.iter().flat_map(|e| &e.probes)
    }

    /// Every log source.
    pub fn logs(&self) -> impl Iterator<Item = &Arc<LogSpec>> {
        self.environments.iter().flat_map(|e| &e.logs)
    }

    /// What can be done to a service.
    pub fn acting(&self, service: &ServiceId) -> Option<&Arc<Acting>> {
        self.environments.iter().find_map(|e| e.acting.get(service))
    }

    /// Every host.
    pub fn hosts(&self) -> impl Iterator<Item = &Host> {
        self.environments.iter().flat_map(|e| &e.environment.hosts)
    }

    /// This deck after a reload: an environment that has errors now goes on as it last was, marked with their number.
    #[must_use]
    pub fn succeeded_by(&self, mut newer: Deck) -> Deck {
        for environment in &mut newer.environments {
            if environment.environment.faults == 0 {
                continue;
            }
            let last = self.environments.iter().find(|e| e.environment.id == environment.environment.id);
            if let Some(last) = last.filter(|l| !l.environment.services.is_empty()) {
                let faults = environment.environment.faults;
                *environment = last.clone();
                environment.environment.faults = faults;
            }
        }
        newer
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    const QA: &str = "[environments.qa]\ntier = \"staging\"\nservices.sales.probes.live = { tcp = \"127.0.0.1:80\" }\n";
    const LIVE: &str =
        "[environments.live]\ntier = \"production\"\nservices.mail.probes.live = { tcp = \"127.0.0.1:81\" }\n";

    fn deck(text: &str) -> Deck {
        parse(std::path::Path::new("shop/quarterdeck.toml"), text).deck.unwrap()
    }

    /// Environment, number of faults, targets of its probes.
    fn shape(deck: &Deck) -> Vec<(String, usize, Vec<String>)> {
        let targets = |e: &EnvironmentDeck| e.probes.iter().map(|p| p.info.target.to_string()).collect();
        deck.environments.iter().map(|e| (e.environment.id.to_string(), e.environment.faults, targets(e))).collect()
    }

    fn row(name: &str, faults: usize, target: &str) -> (String, usize, Vec<String>) {
        (name.into(), faults, vec![target.into()])
    }

    #[test]
    fn an_environment_with_errors_goes_on_as_it_was_and_the_others_change() {
        let before = deck(&format!("{QA}{LIVE}"));
        let newer = deck(&format!("{}{}", QA.replace("tier", "tir"), LIVE.replace(":81", ":82")));
        assert_eq!(newer.environments[0].probes.len(), 0);
        let after = before.succeeded_by(newer);
        assert_eq!(shape(&after), [row("qa", 2, "127.0.0.1:80"), row("live", 0, "127.0.0.1:82")]);
        let mended = after.succeeded_by(deck(&format!("{}{LIVE}", QA.replace(":80", ":83"))));
        assert_eq!(shape(&mended), [row("qa", 0, "127.0.0.1:83"), row("live", 0, "127.0.0.1:81")]);
    }

    #[test]
    fn a_removed_environment_disappears_and_a_new_broken_one_is_empty_and_protected() {
        let after = deck(QA).succeeded_by(deck(&LIVE.replace("production", "prod")));
        assert_eq!(shape(&after), [("live".to_owned(), 1, Vec::new())]);
        assert_eq!(after.environments[0].environment.tier, Tier::Production);
    }

    #[test]
    fn an_environment_that_is_no_table_any_more_goes_on_too() {
        let after = deck(QA).succeeded_by(deck(&format!("{LIVE}[environments]\nqa = 5\n")));
        assert!(shape(&after).contains(&row("qa", 1, "127.0.0.1:80")), "{:?}", shape(&after));
    }

    #[test]
    fn a_deck_that_names_no_environment_is_none_so_that_a_half_written_file_ends_nothing() {
        for text in ["", "name = \"shop\"", "environments = 5", "[environments.qa"] {
            let loaded = parse(std::path::Path::new("quarterdeck.toml"), text);
            assert!(loaded.deck.is_none() && loaded.has_errors(), "{text}");
        }
    }

    #[test]
    fn only_a_probe_that_looks_in_another_way_is_another() {
        let probe = |text: &str| deck(text).environments[0].probes[0].clone();
        let before = probe(QA);
        assert!(before.is_same(&probe(&format!("# a comment\n{QA}"))));
        for other in [
            QA.replace(":80\"", ":81\""),
            QA.replace("tcp", "every = \"3s\", tcp"),
            QA.replace("services", "services.sales.paused = true\nservices"),
        ] {
            assert!(!before.is_same(&probe(&other)), "{other}");
        }
    }

    #[test]
    fn a_setting_that_is_never_printed_makes_another_probe_all_the_same() {
        let probe = |table: &str| {
            let text = format!("[environments.qa]\ntier = \"staging\"\nservices.sales.probes.live = {table}\n");
            deck(&text).environments[0].probes[0].clone()
        };
        for (before, after) in [
            (
                r#"{ postgres = "postgresql://ops@127.0.0.1/app", password = "env:OLD" }"#,
                r#"{ postgres = "postgresql://ops@127.0.0.1/app", password = "env:NEW" }"#,
            ),
            (r#"{ command = ["env"], env = { A = "1" } }"#, r#"{ command = ["env"], env = { A = "2" } }"#),
        ] {
            assert!(probe(before).is_same(&probe(before)), "{before}");
            assert!(!probe(before).is_same(&probe(after)), "{after}");
        }
    }

    #[test]
    fn history_belongs_to_what_is_looked_at_and_not_to_how_often_or_what_it_is_called() {
        let looks_at = |text: &str| deck(text).environments[0].probes[0].info.looks_at;
        let before = looks_at(QA);
        assert_eq!(before, looks_at(&QA.replace("{ tcp", "{ every = \"3s\", doc = \"the till\", tcp")));
        assert_ne!(before, looks_at(&QA.replace(":80", ":81")));
        assert_ne!(before, looks_at(&QA.replace("{ tcp", "{ expect = \"^220\", tcp")));
    }
}
