//! The text of the deck: findings grouped into services, names made unique, every probe on a line with what is worth
//! knowing above it. Pure; holds no secret, only the variables that will.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::address::Address;
use super::draft::{Draft, key};
use super::finding::Finding;
use super::name;
use crate::model::Tier;

/// Services and what they need.
#[derive(Debug, Default)]
pub(super) struct Plan {
    services: Vec<Service>,
    /// Variables to export, in the order of the deck.
    pub(super) variables: Vec<String>,
}

#[derive(Debug)]
struct Service {
    name: String,
    host: String,
    port: u16,
    probes: Vec<Draft>,
}

/// Where the deck is for.
pub(super) struct Setting<'a> {
    /// The environment.
    pub(super) environment: &'a str,
    pub(super) tier: Tier,
    /// `2026-11-20`.
    pub(super) day: &'a str,
}

impl Plan {
    /// One service for each host and port, in the order given.
    pub(super) fn of(found: Vec<(Address, Finding)>) -> Self {
        let mut plan = Self::default();
        let mut taken = BTreeSet::new();
        for (address, finding) in found {
            let port = finding.port.unwrap_or(address.port);
            let same = |s: &&mut Service| s.host == address.host && s.port == port && !s.host.is_empty();
            if let Some(service) = plan.services.iter_mut().find(same) {
                service.add(finding.drafts);
            } else {
                let name = name::free(&name::candidates(&address, finding.kind), &mut taken);
                let mut service = Service { name, host: address.host, port, probes: Vec::new() };
                service.add(finding.drafts);
                plan.services.push(service);
            }
        }
        let variables = plan.services.iter().flat_map(|s| s.probes.iter().filter_map(|p| s.variable(p)));
        let mut seen = BTreeSet::new();
        plan.variables = variables.filter(|v| seen.insert(v.clone())).collect();
        plan
    }

    /// How many services and probes.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.services.len(), self.services.iter().map(|s| s.probes.len()).sum())
    }

    /// The deck.
    pub(super) fn text(&self, setting: &Setting<'_>) -> String {
        let mut text = opening(setting);
        let mut told = BTreeSet::new();
        for service in &self.services {
            text.push('\n');
            service.write(&mut text, &mut told);
        }
        text
    }
}

/// The head of a deck and its environment.
pub(super) fn opening(setting: &Setting<'_>) -> String {
    let Setting { environment, tier, day } = setting;
    let tiers = "development, staging or production";
    let about = if tier.is_protected() { format!("{tiers}, which is protected") } else { tiers.to_owned() };
    format!(
        "# A deck: what runs, and how to tell. `qd init` wrote it on {day}; now it is yours to change.\n\
         # `qd check` reads it, `qd` shows it. Every kind of probe, with an example: qd init --print\n\
         \n\
         [environments.{}]\n\
         tier = \"{}\"  # {about}\n",
        key(environment),
        tier.word(),
    )
}

impl Service {
    fn add(&mut self, drafts: Vec<Draft>) {
        for mut draft in drafts {
            let table = draft.table(None, "");
            if self.probes.iter().any(|p| p.table(None, "") == table) {
                continue;
            }
            let mut taken = self.probes.iter().map(|p| p.name.clone()).collect();
            draft.name = name::free(&[draft.name], &mut taken);
            self.probes.push(draft);
        }
    }

    /// The variable that holds a probe's password; the user is part of its name where there are several.
    fn variable(&self, probe: &Draft) -> Option<String> {
        let user = |p: &Draft| p.login.as_ref().map(|l| l.user.clone());
        let own = user(probe)?;
        let several = self.probes.iter().filter_map(user).any(|other| other != own);
        Some(match own.filter(|_| several) {
            Some(user) => name::variable(&[&self.name, &user]),
            None => name::variable(&[&self.name]),
        })
    }

    /// Writes its probes; a variable is explained where it stands first.
    fn write(&self, text: &mut String, told: &mut BTreeSet<String>) {
        let widest = self.probes.iter().map(|p| p.name.len()).max().unwrap_or(0);
        let mut last = None;
        for probe in &self.probes {
            if let Some(comment) = probe.comment.as_ref().filter(|c| last.replace(*c) != Some(*c)) {
                writeln!(text, "# {comment}").ok();
            }
            let variable = self.variable(probe);
            let place = variable.as_ref().map(|variable| format!("env:{variable}"));
            if let Some(variable) = variable.as_ref().filter(|v| told.insert((*v).clone())) {
                writeln!(text, "# No password stands in a deck: export {variable}=… before you start qd").ok();
            }
            let table = probe.table(place.as_deref(), "");
            writeln!(text, "services.{}.probes.{:<widest$} = {table}", self.name, probe.name).ok();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::address::parse;
    use super::super::draft::Login;
    use super::*;

    fn plan(urls: &[(&str, &str, &'static str)]) -> String {
        let found = urls.iter().map(|(url, probe, kind)| {
            let address = parse(url).unwrap();
            let draft = Draft::new(probe, "tcp", url).with_login(address.login.as_ref(), true);
            (address, Finding::new(kind, vec![draft], ""))
        });
        let setting = Setting { environment: "qa.eu", tier: Tier::Staging, day: "2026-11-20" };
        Plan::of(found.collect()).text(&setting)
    }

    #[test]
    fn pages_of_one_place_are_probes_of_one_service() {
        let text =
            plan(&[("http://a.b/x", "live", "web"), ("http://a.b/y", "live", "web"), ("http://a.c", "live", "web")]);
        for line in ["services.a.probes.live   = ", "services.a.probes.live-2 = ", "services.a-80.probes.live = "] {
            assert!(text.contains(line), "{text}");
        }
        assert!(text.contains("[environments.\"qa.eu\"]\ntier = \"staging\""), "{text}");
    }

    proptest! {
        #[test]
        fn no_word_from_outside_keeps_the_deck_from_loading(words in any::<String>(), user in "[^\\p{C}]{1,9}") {
            let login = Login { user: Some(user), password: None };
            let draft = Draft::new("live", "http", "http://h/").with_login(Some(&login), true).noted(&words);
            let found = Finding::new("web", vec![draft], words);
            let setting = Setting { environment: "qa", tier: Tier::Staging, day: "2026-11-20" };
            let text = Plan::of(vec![(parse("http://h").unwrap(), found)]).text(&setting);
            let faults = crate::config::parse(std::path::Path::new("q.toml"), &text).faults;
            prop_assert!(faults.is_empty(), "{} {:?}", text, faults);
        }
    }

    #[test]
    fn two_users_of_one_service_have_a_variable_each() {
        let text = plan(&[("redis://a:x@h", "live", "redis"), ("redis://b:y@h/1", "live", "redis")]);
        assert!(text.contains("env:H_A_PASSWORD") && text.contains("env:H_B_PASSWORD"), "{text}");
        assert!(plan(&[("redis://a:x@h", "live", "redis")]).contains("env:H_PASSWORD"));
    }
}
