//! The decks under `examples/` are what people copy: they load without a word, name nobody's machines, and their pages
//! say what is in them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use quarterdeck::config::{self, Deck};
use regex::Regex;

/// Every folder of `examples/`.
fn folders() -> Vec<PathBuf> {
    let all = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples")).unwrap();
    let folders: Vec<PathBuf> = all.map(|e| e.unwrap().path()).filter(|p| p.is_dir()).collect();
    assert!(!folders.is_empty(), "there are examples");
    folders
}

fn deck(folder: &Path) -> Deck {
    let loaded = config::load(&folder.join("quarterdeck.toml"));
    assert_eq!(loaded.faults, [], "{}", folder.display());
    loaded.deck.unwrap()
}

fn page(folder: &Path) -> String {
    std::fs::read_to_string(folder.join("README.md")).unwrap()
}

/// What a pattern's first group finds.
fn all<'t>(pattern: &str, text: &'t str) -> BTreeSet<&'t str> {
    Regex::new(pattern).unwrap().captures_iter(text).map(|found| found.get(1).unwrap().as_str()).collect()
}

#[test]
fn every_example_is_clean_for_whoever_checks_it() {
    for folder in folders() {
        deck(&folder);
        let home = tempfile::tempdir().unwrap();
        let mut qd = Command::new(env!("CARGO_BIN_EXE_qd"));
        qd.arg("check").arg("--deck").arg(&folder).env_clear().env("HOME", home.path());
        let output = qd.output().unwrap();
        let out = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && out.ends_with("\nno faults\n") && output.stderr.is_empty(), "{out}");
    }
}

#[test]
fn no_example_names_the_machines_of_others() {
    for folder in folders() {
        let text = std::fs::read_to_string(folder.join("quarterdeck.toml")).unwrap();
        for host in deck(&folder).hosts() {
            let destination = host.destination.as_str();
            let kept = ["@192.0.2.", "@198.51.100.", "@203.0.113."];
            assert!(kept.iter().any(|network| destination.contains(network)), "{destination}");
        }
        for name in all(r#"(?:https?://|tls = "|tcp = ")([^/:"]+)"#, &text) {
            let good = name == "127.0.0.1" || name.ends_with("example.com") || name.ends_with(".example");
            assert!(good, "{}: {name}", folder.display());
        }
    }
}

#[test]
fn the_page_of_dhanman_names_every_item_and_the_probes_and_logs_that_are_there() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/dhanman");
    let (deck, page) = (deck(&folder), page(&folder));
    let probes: BTreeSet<String> =
        deck.environments[0].probes.iter().map(|p| format!("{}/{}", p.info.id.service.name, p.info.id.name)).collect();
    let (covered, rest) = page.split_once("## What it does not cover yet").unwrap();
    let named = all(r"`(\w+/\w+)`", covered);
    for name in &named {
        assert!(probes.contains(*name), "the deck has no {name}");
    }
    // One service speaks for the six, and one of their lines for those of the dashboards and backups.
    for probe in &probes {
        let alike = ["common", "community", "inventory", "payroll", "purchase"];
        let (service, name) = probe.split_once('/').unwrap();
        let probe = if alike.contains(&service) { format!("sales/{name}") } else { probe.clone() };
        let probe = if alike.contains(&name) { format!("{service}/sales") } else { probe };
        assert!(named.contains(probe.as_str()), "the page does not name {probe}");
    }
    // That runs are a log of what they were run on needs no deck.
    let logs = deck.logs().filter(|log| log.from != quarterdeck::model::LogFrom::Runs);
    let logs: BTreeSet<String> =
        logs.filter_map(|log| Some(format!("{}:{}", log.id.service.as_ref()?, log.id.name))).collect();
    let speaks =
        |log: &str| log.split(':').next().is_some_and(|s| ["sales", "nginx", "postgres", "machine"].contains(&s));
    let told: BTreeSet<String> = all(r"`(\w+:\w+)`", covered).into_iter().map(ToOwned::to_owned).collect();
    assert_eq!(told, logs.into_iter().filter(|log| speaks(log)).collect::<BTreeSet<_>>());
    let items = [1..=5, 10..=31, 40..=46, 60..=64, 70..=75, 80..=83].into_iter().flatten();
    let rows = |text: &str| -> BTreeSet<u32> {
        let firsts = all(r"(?m)^\| ((?:D\d+ ?)+)\|", text);
        firsts
            .iter()
            .flat_map(|row| row.split_whitespace())
            .map(|item| item.trim_start_matches('D').parse().unwrap())
            .collect()
    };
    let (yes, no) = (rows(covered), rows(rest));
    assert_eq!(yes.intersection(&no).count(), 0, "an item stands on both sides");
    assert_eq!(yes.union(&no).copied().collect::<Vec<u32>>(), items.collect::<Vec<u32>>());
    let questions: Vec<String> = (12..=25).map(|n| format!("A-{n}")).collect();
    assert_eq!(all(r"(?m)^\| (A-\d+) \|", rest).into_iter().collect::<Vec<_>>(), questions);
}

#[test]
fn both_environments_of_dhanman_have_the_same_services_from_one_template() {
    let deck = deck(&Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/dhanman"));
    let text = std::fs::read_to_string(&deck.path).unwrap();
    assert_eq!(text.matches("use = \"dotnet\"").count(), 12);
    for (environment, first) in deck.environments.iter().zip([5001, 5101]) {
        for (service, port) in ["common", "community", "inventory", "payroll", "purchase", "sales"].iter().zip(first..)
        {
            let of = environment.probes.iter().filter(|p| *p.info.id.service.name == **service);
            let asked: Vec<String> = of.map(|p| p.info.target.to_string()).collect();
            for path in ["health", "health/ready", "health/startup"] {
                assert!(asked.contains(&format!("http://127.0.0.1:{port}/{path}")), "{asked:?}");
            }
        }
    }
}
