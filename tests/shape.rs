//! The shape of the house: walls between rooms, short files, plain names, no clock where none belongs. Reads the source
//! files as text, tells file, line and rule of everything that is out of shape, and feeds every rule a bad snippet first.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "a test may stop at what it did not expect"
)]

#[path = "shape/rules.rs"]
mod rules;
#[path = "shape/snippets.rs"]
mod snippets;
#[path = "shape/source.rs"]
mod source;
#[path = "shape/walls.rs"]
mod walls;

use std::path::{Path, PathBuf};

use rules::RULES;
use snippets::Snippet;
use source::{Source, files, sources};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Fails with one line for each thing that is wrong.
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n\n{}\n", wrong.join("\n"));
}

#[test]
fn every_file_keeps_every_rule() {
    let sources = sources(root());
    assert!(sources.iter().any(|s| s.path == "src/lib.rs"), "no sources under {}", root().display());
    let breaches = sources.iter().flat_map(|source| {
        RULES.iter().flat_map(move |(name, rule)| rule(source).into_iter().map(move |b| format!("{b} ({name})")))
    });
    none(breaches.collect());
}

#[test]
fn every_folder_of_modules_has_its_file() {
    let paths = files(root(), "src");
    let modules = paths.iter().filter(|p| p.ends_with(".rs"));
    let folders = modules.filter_map(|p| Path::new(p).parent()).filter(|f| *f != Path::new("src"));
    let orphans = folders.filter(|f| !root().join(f.with_extension("rs")).is_file());
    none(orphans.map(|f| format!("{0}: has no {0}.rs beside it", f.display())).collect());
}

#[test]
fn everything_shipped_is_in_the_binary() {
    let sources = sources(root());
    let ships = |path: &str| sources.iter().any(|s| s.path.starts_with("src/") && s.spoken.contains(path));
    let shipped = ["themes", "keymaps", "runbooks"].into_iter().flat_map(|folder| files(root(), folder));
    none(shipped.filter(|p| !ships(p)).map(|p| format!("{p}: no file under src/ includes it")).collect());
}

#[test]
fn no_file_is_larger_than_a_person_reads() {
    const MOST_BYTES: u64 = 256 * 1024;
    let folders = ["src", "tests", "benches", "themes", "keymaps", "runbooks", "examples", "docs"];
    let sizes =
        folders.into_iter().flat_map(|f| files(root(), f)).map(|p| (root().join(&p).metadata().unwrap().len(), p));
    none(
        sizes
            .filter(|(size, _)| *size > MOST_BYTES)
            .map(|(size, p)| format!("{p}: {size} bytes, at most {MOST_BYTES}"))
            .collect(),
    );
}

#[test]
fn no_rejected_snapshot_lies_about() {
    let found = files(root(), "src").into_iter().chain(files(root(), "tests"));
    let rejected = found.filter(|p| p.ends_with(".snap.new") || p.ends_with(".pending-snap"));
    none(rejected.map(|p| format!("{p}: look at it, then take it or mend the code")).collect());
}

#[test]
fn the_top_of_the_project_has_what_people_look_for() {
    let wanted = ["Cargo.toml", "README.md", "LICENSE", "CHANGELOG.md", "deny.toml", "tests/run", ".ci/run"];
    let missing = wanted.iter().map(PathBuf::from).filter(|p| !root().join(p).is_file());
    none(missing.map(|p| format!("{}: is missing", p.display())).collect());
}

#[test]
fn every_rule_finds_its_bad_snippet_and_leaves_the_good_one_alone() {
    for (name, rule) in RULES {
        let (good, bad): (Vec<&Snippet>, Vec<&Snippet>) =
            snippets::ALL.iter().filter(|s| s.0 == *name).partition(|s| s.3.is_empty());
        assert!(!good.is_empty() && !bad.is_empty(), "no good or no bad snippet for `{name}`");
        for (_, path, text, lines) in good.into_iter().chain(bad) {
            let breaches = rule(&Source::new(path, text));
            let found: Vec<usize> = breaches.iter().map(|b| b.line).collect();
            assert_eq!(found, *lines, "`{name}` in {path}:\n{text}\n{breaches:#?}");
        }
    }
}

#[test]
fn every_snippet_belongs_to_a_rule() {
    let lost = snippets::ALL.iter().filter(|s| RULES.iter().all(|(name, _)| s.0 != *name));
    none(lost.map(|s| format!("tests/shape/snippets.rs: there is no rule `{}`", s.0)).collect());
}
