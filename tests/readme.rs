//! The README says what the code says. Its tables stand between `<!-- begin NAME -->` and `<!-- end NAME -->` and are made
//! from the tables in the code; `UPDATE_README=1 cargo test --test readme` writes them anew. Its decks are TOML and its
//! links lead somewhere.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "readme/tables.rs"]
mod tables;

use std::path::{Path, PathBuf};

use regex::{Captures, Regex};

/// The name of a block and what makes its text.
type Block = (&'static str, fn() -> String);

/// Blocks that are made from code.
const MADE: &[Block] = &[("commands", tables::commands), ("exit", tables::exit_codes), ("probes", tables::probes)];

/// Blocks that something else fills.
const FILLED: &[&str] = &["screen"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The page with every block as it should be, and the names of the blocks that were not.
fn mend(page: &str, made: &[Block]) -> (String, Vec<String>) {
    let mut wrong = Vec::new();
    let mended = made.iter().fold(page.to_owned(), |page, (name, make)| {
        let block = Regex::new(&format!("(?s)<!-- begin {name} -->\n.*?<!-- end {name} -->")).unwrap();
        let wanted = format!("<!-- begin {name} -->\n{}<!-- end {name} -->", make());
        if block.find(&page).is_none_or(|found| found.as_str() != wanted) {
            wrong.push((*name).to_owned());
        }
        block.replace(&page, |_: &Captures<'_>| wanted.clone()).into_owned()
    });
    (mended, wrong)
}

/// Every block is opened once, closed after that, and known.
fn markers(page: &str) -> Result<(), String> {
    let marker = Regex::new(r"<!-- (begin|end) ([\w-]+) -->").unwrap();
    let mut open: Option<String> = None;
    let mut seen = Vec::new();
    for found in marker.captures_iter(page) {
        let name = found[2].to_owned();
        match (&found[1], open.take()) {
            ("begin", None) if seen.contains(&name) => return Err(format!("block `{name}` stands twice")),
            ("begin", None) => {
                seen.push(name.clone());
                open = Some(name);
            }
            ("end", Some(opened)) if opened == name => {}
            (_, opened) => return Err(format!("`{}` is out of place, open is {opened:?}", &found[0])),
        }
    }
    let known: Vec<&str> = MADE.iter().map(|(name, _)| *name).chain(FILLED.iter().copied()).collect();
    match (
        open,
        seen.iter().find(|s| !known.contains(&s.as_str())),
        known.iter().find(|k| !seen.iter().any(|s| s == *k)),
    ) {
        (Some(name), ..) => Err(format!("block `{name}` is not closed")),
        (_, Some(name), _) => Err(format!("block `{name}` is unknown; there are {known:?}")),
        (.., Some(name)) => Err(format!("block `{name}` is missing")),
        _ => Ok(()),
    }
}

#[test]
fn the_tables_are_those_of_the_code() {
    let page = readme();
    let (mended, wrong) = mend(&page, MADE);
    if std::env::var_os("UPDATE_README").is_some() {
        if mended != page {
            std::fs::write(root().join("README.md"), mended).unwrap();
        }
        return;
    }
    assert!(wrong.is_empty(), "README.md is behind in {wrong:?}: run UPDATE_README=1 cargo test --test readme");
}

#[test]
fn every_block_is_whole_and_known() {
    assert_eq!(markers(&readme()), Ok(()));
}

#[test]
fn every_deck_on_the_page_is_toml() {
    let page = readme();
    let fence = Regex::new(r"(?s)\n```toml\n(.*?)\n```").unwrap();
    let decks: Vec<String> = fence.captures_iter(&page).map(|c| c[1].to_owned()).collect();
    assert!(!decks.is_empty(), "the README shows no deck");
    for deck in decks {
        if let Err(error) = toml::from_str::<toml::Table>(&deck) {
            panic!("{deck}\n{error}");
        }
    }
}

#[test]
fn every_link_within_the_project_leads_to_a_file() {
    let link = Regex::new(r"\]\(([^)#]+)").unwrap();
    let page = readme();
    let targets = link.captures_iter(&page).map(|c| c[1].to_owned()).filter(|t| !t.contains("://"));
    let lost: Vec<PathBuf> = targets.map(|t| root().join(t)).filter(|p| !p.exists()).collect();
    assert!(lost.is_empty(), "{lost:?}");
}

#[test]
fn a_block_that_is_behind_is_named_and_mended_and_what_surrounds_it_stays() {
    let made: &[Block] = &[("one", || "new $1\n".into()), ("two", || "same\n".into())];
    let page = "a\n<!-- begin one -->\nold\n<!-- end one -->\nb\n<!-- begin two -->\nsame\n<!-- end two -->\n";
    let (mended, wrong) = mend(page, made);
    assert_eq!(wrong, ["one"]);
    assert_eq!(mended, page.replace("old", "new $1"));
    assert_eq!(mend(&mended, made), (mended.clone(), vec![]));
}

#[test]
fn broken_markers_are_told() {
    for page in [
        "<!-- begin exit -->",
        "<!-- end exit -->",
        "<!-- begin exit --><!-- end probes -->",
        "<!-- begin x --><!-- end x -->",
    ] {
        assert!(markers(page).is_err(), "{page}");
    }
}
