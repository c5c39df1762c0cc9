//! Files that are not what they should be: unreadable, too long, in another encoding, deep, huge.

use std::fmt::Write as _;
use std::path::Path;

use quarterdeck::config::{self, Loaded};

use crate::{Folder, environment};

fn told(folder: &Folder) -> String {
    let loaded = config::load(&folder.main());
    let told: String = loaded.faults.iter().map(ToString::to_string).collect();
    assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
    told.replace(&folder.path().display().to_string(), "")
}

fn names(loaded: &Loaded) -> Vec<(&str, usize)> {
    let environments = loaded.deck.iter().flat_map(|d| &d.environments);
    environments.map(|e| (e.environment.id.as_str(), e.environment.services.len())).collect()
}

#[test]
fn an_environment_whose_file_cannot_be_read_breaks_alone() {
    let folder = Folder::new(&[("quarterdeck.toml", &environment("live", "production", 1))]);
    folder.write("environments/latin.toml", b"tier = \"staging\"\ndoc = \"M\xfcller\"\n");
    folder.write("environments/long.toml", vec![b'#'; 5 * 1024 * 1024]);
    folder.write("environments/good.toml", "tier = \"staging\"\nservices.a.probes.x = { tcp = \"127.0.0.1:1\" }\n");
    folder.write("environments/live.toml.bak", "not read");
    folder.write("environments/.hidden.toml", "not read either");
    std::fs::create_dir(folder.path().join("environments/folder.toml")).unwrap();
    let loaded = config::load(&folder.main());
    assert_eq!(names(&loaded), [("live", 1), ("folder", 0), ("good", 1), ("latin", 0), ("long", 0)]);
    let broken: Vec<_> = loaded.faults.iter().map(|f| f.breaks[0].as_str()).collect();
    assert_eq!(broken, ["folder", "latin", "long"]);
    let told = told(&folder);
    assert!(told.contains("/environments/folder.toml: error: cannot be read: it is a folder"), "{told}");
    assert!(told.contains("/environments/latin.toml:2:9: error: is not UTF-8: byte 0xFC"), "{told}");
    assert!(told.contains("/environments/long.toml: error: is 5.0 MiB long, at most 4 MiB are read"), "{told}");
}

#[test]
fn an_environment_in_two_files_loads_from_neither() {
    let folder = Folder::new(&[("quarterdeck.toml", &environment("live", "production", 1))]);
    folder.write("environments/live.toml", "tier = \"staging\"\n");
    let loaded = config::load(&folder.main());
    assert_eq!(names(&loaded), [("live", 0)]);
    assert_eq!(loaded.deck.unwrap().environments[0].environment.faults, 1);
    assert!(told(&folder).contains("/environments/live.toml:1:1: error: environment `live` is in the main file too"));
}

#[test]
fn a_main_file_that_is_no_text_is_told_and_nothing_loads() {
    let folder = Folder::new(&[]);
    std::fs::create_dir(folder.main()).unwrap();
    assert!(told(&folder).contains("cannot be read: it is a folder"));
    let folder = Folder::new(&[]);
    assert!(told(&folder).contains("cannot be read: it is not there"));
    folder.write("quarterdeck.toml", b"name = \"a\0b\"\n");
    assert!(told(&folder).contains("a␀b"), "{}", told(&folder));
    folder.write("quarterdeck.toml", "\u{feff}nmae = 1\r\n");
    assert!(told(&folder).contains("1 │ nmae = 1\n    │ ^^^^\n"), "{}", told(&folder));
    folder.write("quarterdeck.toml", b"\x1b[2J\x1b]0;title\x07\n");
    told(&folder);
}

#[test]
fn an_unreadable_folder_of_environments_is_told() {
    let folder =
        Folder::new(&[("quarterdeck.toml", &environment("live", "production", 1)), ("environments", "a file")]);
    assert!(told(&folder).contains("/environments: error: cannot be read: not a directory"), "{}", told(&folder));
}

#[test]
fn deep_nesting_is_a_fault_and_no_crash() {
    for open in ["[", "{a=", "[{a="] {
        let text = format!("x = {}", open.repeat(100_000));
        assert!(config::parse(Path::new("quarterdeck.toml"), &text).has_errors());
    }
    let dotted = format!("{}x = 1", "a.".repeat(20_000));
    assert!(config::parse(Path::new("quarterdeck.toml"), &dotted).has_errors());
    let header = format!("[{}x]", "a.".repeat(20_000));
    assert!(config::parse(Path::new("quarterdeck.toml"), &header).has_errors());
}

/// A deck of this many services that depend on each other.
fn large(services: usize, depends: &str) -> String {
    let mut text = String::from(
        "[vars]\nsuffix = \"prod\"\n[templates.web]\nurl = \"http://127.0.0.1:{port}\"\nprobes.live = { http = \"{url}/{suffix}\" }\n\
         [environments.live]\ntier = \"production\"\n[environments.live.services]\n",
    );
    for n in 0..services {
        // On the one after it; the last on one before it would close a circle, so it depends on the first of others.
        let on = if n + 1 < services || depends != "s" { format!("\"{depends}{}\"", n + 1) } else { String::new() };
        writeln!(text, "s{n} = {{ use = \"web\", port = 5006, depends = [{on}] }}").unwrap();
    }
    text
}

#[test]
fn ten_thousand_services_load_and_ten_thousand_faults_are_told() {
    let loaded = config::parse(Path::new("quarterdeck.toml"), &large(10_000, "s"));
    assert_eq!(loaded.faults, []);
    assert_eq!(loaded.deck.unwrap().probes().count(), 10_000);
    let loaded = config::parse(Path::new("quarterdeck.toml"), &large(10_000, "t"));
    assert_eq!(loaded.faults.len(), 10_000);
    assert_eq!(loaded.deck.unwrap().environments[0].environment.faults, 10_000);
    let all_share_one = large(10_000, "s").replace("{suffix}", "{sufix}");
    assert_eq!(config::parse(Path::new("quarterdeck.toml"), &all_share_one).faults.len(), 1);
    let one_line = large(3_000, "t").replace("services]\n", "]\nservices = {").replace("] }\n", "] }, ");
    let one_line = format!("{one_line} }}").replace("[environments.live.]\n", "");
    assert_eq!(config::parse(Path::new("quarterdeck.toml"), &one_line).faults.len(), 3_000);
}
