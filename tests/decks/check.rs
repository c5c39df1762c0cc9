//! `qd check` with the real binary: what it prints where, and how it ends.

use std::process::Command;

use crate::{Folder, environment};

/// Exit code, standard output, standard error; the folder's path taken out.
fn check(folder: &Folder, arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_qd"))
        .arg("check")
        .args(arguments)
        .current_dir(folder.path())
        .env_clear()
        .env("HOME", folder.path())
        .env("QUARTERDECK_DECK", folder.main())
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace(&folder.path().display().to_string(), "DECK");
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn a_clean_deck_is_good_and_its_probes_are_listed_on_request() {
    let folder = Folder::new(&[("quarterdeck.toml", &environment("live", "production", 8080))]);
    let summary = "DECK/quarterdeck.toml: 1 environment, 1 service, 1 probe, 8 runbooks\nno faults\n";
    assert_eq!(check(&folder, &[]), (0, summary.to_owned(), String::new()));
    let listed = format!("live/sales/live  http  http://127.0.0.1:8080/health  every 500ms\n{summary}");
    assert_eq!(check(&folder, &["--probes"]), (0, listed, String::new()));
}

#[test]
fn warnings_alone_are_good() {
    let folder = Folder::new(&[("quarterdeck.toml", "[environments.qa]\ntier = \"staging\"\nservices.a = {}\n")]);
    let (code, out, err) = check(&folder, &[]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.starts_with("DECK/quarterdeck.toml:3:10: warning: service `a` has no probes"), "{out}");
    assert!(out.ends_with("0 errors, 1 warning\n"), "{out}");
}

#[test]
fn a_fault_in_a_template_is_told_once_with_the_environments_it_breaks() {
    let deck = "[templates.web]\nprobes.live = { htpp = \"http://127.0.0.1/\" }\n\
                [environments.production]\ntier = \"production\"\nservices.a = { use = \"web\" }\nservices.b = { use = \"web\" }\n\
                [environments.qa]\ntier = \"staging\"\nservices.a = { use = \"web\" }\n";
    let folder = Folder::new(&[("quarterdeck.toml", deck)]);
    folder.write("environments/dev.toml", "tier = \"development\"\nservices.a.probes.x = { tcp = \"127.0.0.1:1\" }\n");
    let expected = "DECK/quarterdeck.toml:2:17: error: probe `live` does not say what to look at\n\
                    \x20 2 │ probes.live = { htpp = \"http://127.0.0.1/\" }\n\
                    \x20   │                 ^^^^\n\
                    \x20 help: did you mean `http` instead of `htpp`?\n\
                    \x20 breaks: production, qa\n\n\
                    DECK/quarterdeck.toml: 3 environments, 1 service, 1 probe, 8 runbooks; does not load: production, qa\n\
                    1 error, 0 warnings\n";
    assert_eq!(check(&folder, &[]), (2, expected.to_owned(), String::new()));
}

#[test]
fn a_deck_that_is_not_there_or_does_not_parse_is_a_usage_error() {
    let folder = Folder::new(&[]);
    let (code, out, err) = check(&folder, &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(err.starts_with("qd: there is no deck at DECK/quarterdeck.toml (asked for by QUARTERDECK_DECK)"), "{err}");
    folder.write("quarterdeck.toml", "[environments.qa\n");
    let (code, out, err) = check(&folder, &[]);
    assert_eq!((code, err.as_str()), (2, ""));
    assert!(out.contains("DECK/quarterdeck.toml:1:17: error: the header of a table is never closed"), "{out}");
    assert!(out.ends_with("1 error, 0 warnings\n"), "{out}");
}

#[test]
fn nothing_in_a_deck_reaches_the_terminal_raw_and_no_secret_is_repeated() {
    let deck = "\"\\u001b[2J\" = 1\n\"\u{9b}31m\" = 2\n[environments.qa]\ntier = \"staging\"\n\
                services.a.probes.b = { postgres = \"postgresql://u:hunter2@h/d\", password = \"hunter2\" }\n";
    let folder = Folder::new(&[("quarterdeck.toml", deck)]);
    let (code, out, _) = check(&folder, &[]);
    assert_eq!(code, 2);
    assert!(out.chars().all(|c| c == '\n' || !c.is_control()), "{out:?}");
    assert!(out.contains("␛[2J") && out.contains("•••") && !out.contains("hunter2"), "{out}");
}
