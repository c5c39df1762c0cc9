//! Runbooks of a deck: which services offer them, which environments a bad one breaks, and what runs of them know.

use super::{Folder, environment};
use quarterdeck::config::{self, Deck};
use quarterdeck::model::runbook::Origin;
use quarterdeck::model::{EnvironmentId, Level};

const GREET: &str = "+++\nneeds = [\"greeting\"]\n+++\n# Greet\n\nSays it.\n\n```sh {looks}\necho \"$GREETING\"\n```\n";

/// Two environments, each with one service.
fn deck(production: &str, qa: &str) -> String {
    format!(
        "{}services.sales.runbooks = [{production}]\n{}services.sales.runbooks = [{qa}]\n",
        environment("production", "production", 1),
        environment("qa", "staging", 2)
    )
}

fn offers(deck: &Deck, environment: &str) -> Vec<(String, Option<String>)> {
    let found = deck.environments.iter().find(|e| e.environment.id == EnvironmentId::new(environment)).unwrap();
    let offers = found.environment.services.iter().flat_map(|s| &s.runbooks);
    offers.map(|o| (o.runbook.to_string(), o.why_not.as_ref().map(ToString::to_string))).collect()
}

fn offer(name: &str, why_not: Option<&str>) -> (String, Option<String>) {
    (name.to_owned(), why_not.map(str::to_owned))
}

#[test]
fn a_service_offers_what_it_names_and_says_why_one_does_not_apply() {
    let text =
        deck("\"greet\", \"restart-unit\"", "\"greet\"") + "services.sales.vars = { greeting = \"{service} here\" }\n";
    let folder = Folder::new(&[("quarterdeck.toml", &text), ("runbooks/greet.md", GREET)]);
    let loaded = config::load(&folder.main());
    assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
    let deck = loaded.deck.unwrap();
    let unset = |name: &str| format!("needs `{name}`, which the service does not set");
    assert_eq!(
        offers(&deck, "production"),
        [offer("greet", Some(&unset("greeting"))), offer("restart-unit", Some(&unset("unit")))]
    );
    assert_eq!(offers(&deck, "qa"), [offer("greet", None)]);
    let acting = deck.acting(&EnvironmentId::new("qa").service("sales")).unwrap();
    assert_eq!(acting.names["greeting"], "sales here");
    assert_eq!((acting.names["environment"].as_str(), acting.names["service"].as_str()), ("qa", "sales"));
    assert_eq!(acting.runbooks.iter().map(|r| &*r.name).collect::<Vec<_>>(), ["greet"]);
    assert_eq!((acting.folder.as_path(), acting.hosts.len()), (folder.path(), 0));
}

#[test]
fn a_runbook_that_does_not_load_breaks_the_environments_that_name_it_and_no_other() {
    let bad = GREET.replace("looks", "loks");
    let folder = Folder::new(&[("quarterdeck.toml", &deck("\"greet\"", "")), ("runbooks/greet.md", &bad)]);
    let loaded = config::load(&folder.main());
    let told: Vec<String> = loaded.faults.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert!(told[0].contains("runbooks/greet.md:8:8: error: step `sh` has no key `loks`"), "{}", told[0]);
    assert!(told[0].contains("breaks: production\n"), "{}", told[0]);
    let deck = loaded.deck.unwrap();
    let faults: Vec<usize> = deck.environments.iter().map(|e| e.environment.faults).collect();
    assert_eq!(faults, [1, 0]);
    assert!(deck.runbooks.iter().all(|r| &*r.name != "greet"));
}

#[test]
fn a_bad_runbook_that_nobody_names_is_told_and_breaks_nothing() {
    let folder = Folder::new(&[
        ("quarterdeck.toml", &deck("", "")),
        ("runbooks/odd.md", "# Nothing\n"),
        ("runbooks/README.md", "# Hello\n"),
    ]);
    let loaded = config::load(&folder.main());
    let told: Vec<&str> = loaded.faults.iter().map(|f| f.message.as_str()).collect();
    assert_eq!(told, ["the runbook has no step"]);
    assert!(loaded.faults[0].breaks.is_empty());
    assert!(loaded.deck.unwrap().environments.iter().all(|e| e.environment.faults == 0));
}

#[test]
fn a_file_of_the_deck_takes_the_place_of_a_shipped_runbook_also_where_it_is_included() {
    let include = "# All\n\n```include\nrestart-unit\n```\n";
    let own = "# My own restart\n\n```sh {looks}\ntrue\n```\n";
    let files = [
        ("quarterdeck.toml", deck("", "")),
        ("runbooks/restart-unit.md", own.into()),
        ("runbooks/all.md", include.into()),
    ];
    let folder = Folder::new(&files.each_ref().map(|(name, text)| (*name, text.as_str())));
    let deck = config::load(&folder.main()).deck.unwrap();
    let find = |name: &str| deck.runbooks.iter().find(|r| &*r.name == name).unwrap();
    assert_eq!(find("restart-unit").title.as_str(), "My own restart");
    assert!(matches!(&find("restart-unit").origin, Origin::Deck(path) if path.ends_with("runbooks/restart-unit.md")));
    assert_eq!(find("all").steps().map(|s| s.title.as_str()).collect::<Vec<_>>(), ["My own restart"]);
    assert_eq!(find("deploy-release").origin, Origin::Stock);
}

#[test]
fn a_name_of_a_runbook_that_is_nowhere_is_told_with_the_nearest() {
    let failing = "+++\non_failure = \"gret\"\n+++\n".to_owned() + GREET.rsplit("+++\n").next().unwrap();
    let failing = failing.replace("$GREETING", "hello");
    let folder = Folder::new(&[
        ("quarterdeck.toml", &deck("\"gret\"", "")),
        ("runbooks/greet.md", GREET),
        ("runbooks/other.md", &failing),
    ]);
    let told: Vec<String> = config::load(&folder.main()).faults.iter().map(ToString::to_string).collect();
    assert_eq!(told.len(), 2, "{told:#?}");
    for fault in told {
        assert!(fault.contains("there is no runbook `gret`") && fault.contains("did you mean `greet`?"), "{fault}");
    }
}

#[test]
fn several_hosts_and_the_rules_of_an_environment_reach_what_acts() {
    let text = "[environments.live]\ntier = \"production\"\nconfirm = 3\npeak = \"Mon-Fri 09:00-19:00\"\nstate = \"/var/lib/qd/\"\n\
                hosts.web1 = { ssh = \"deploy@192.0.2.10\" }\nhosts.web2 = { ssh = \"deploy@192.0.2.11\" }\n\
                services.sales = { hosts = [\"web2\", \"web1\"], probes.up = { systemd = \"{host}\" } }\n";
    let folder = Folder::new(&[("quarterdeck.toml", text)]);
    let loaded = config::load(&folder.main());
    assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
    let deck = loaded.deck.unwrap();
    let acting = deck.acting(&EnvironmentId::new("live").service("sales")).unwrap();
    let hosts: Vec<&str> = acting.hosts.iter().map(|h| &*h.name).collect();
    assert_eq!((hosts, acting.names["host"].as_str()), (vec!["web2", "web1"], "web2"));
    assert_eq!((acting.policy.level, acting.policy.state.as_deref()), (Level::Digest, Some("/var/lib/qd")));
    assert_eq!(acting.policy.peak.len(), 1);
    let service = &deck.environments[0].environment.services[0];
    assert_eq!(service.host.as_ref().map(|h| &*h.name), Some("web2"));
}
