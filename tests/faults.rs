//! What people are told when a file of theirs is wrong, word for word. Beside each bad file under `tests/faults/KIND/`
//! lies what is said of it; `UPDATE_GOLDEN=1 cargo test --test faults` writes that anew. Read it as its user would.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use quarterdeck::model::Fault;
use quarterdeck::{config, keymap, runbook, theme};

/// Finds everything wrong with a file.
type Check = fn(&Path) -> Vec<Fault>;

/// The kinds of files: the folder, and what reads them.
const KINDS: [(&str, Check); 4] =
    [("deck", check_deck), ("theme", theme::book::check), ("keymap", keymap::book::check), ("runbook", check_runbook)];

fn check_deck(path: &Path) -> Vec<Fault> {
    config::load(path).faults
}

fn check_runbook(path: &Path) -> Vec<Fault> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let beside = |name: &str| std::fs::read_to_string(path.with_file_name(format!("{name}.md"))).ok();
    runbook::read(path, &text, &beside).faults
}

#[test]
fn faults_are_told_in_the_words_agreed_on() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut wrong = String::new();
    for (kind, check) in KINDS {
        let files = bad_files(kind);
        assert!(!files.is_empty(), "no bad files of the kind {kind}");
        for file in files {
            let faults = check(&file);
            assert!(!faults.is_empty(), "{} has nothing wrong with it", file.display());
            let told: Vec<String> = faults.iter().map(ToString::to_string).collect();
            let told = told.join("\n");
            let golden = file.with_extension("txt");
            if update {
                std::fs::write(&golden, &told).unwrap();
            }
            let expected = std::fs::read_to_string(&golden).unwrap_or_default();
            if told != expected {
                let golden = golden.display();
                write!(wrong, "\n{golden} says\n\n{expected}\nbut this is told\n\n{told}").unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn every_fault_has_a_place_and_says_what_to_write_instead() {
    for (kind, check) in KINDS {
        for fault in bad_files(kind).iter().flat_map(|file| check(file)) {
            assert!(fault.line > 0, "{fault}");
            assert!(fault.help.as_ref().is_some_and(|help| !help.is_empty()), "{fault}");
            assert!(!fault.message.ends_with('.'), "{fault}");
        }
    }
}

/// The files of a kind; those whose name starts with an underscore are only inherited by others.
fn bad_files(kind: &str) -> Vec<PathBuf> {
    let folder = Path::new("tests/faults").join(kind);
    let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml" || e == "md"))
        .filter(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('_')))
        .collect();
    files.sort();
    files
}
