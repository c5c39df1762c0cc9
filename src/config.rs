//! Decks: finding one, reading it, checking it. A deck is a folder with a `quarterdeck.toml`; what is wrong in it is
//! told all at once, an environment with an error does not load, and the others do.

pub mod acting;
pub mod deck;
mod environment;
pub mod folder;
mod logs;
mod offer;
mod part;
mod policy;
mod probe;
mod service;
pub mod user;

use std::path::Path;

use crate::model::{EnvironmentId, Fault, Severity, Text};
use crate::runbook::shelf::Shelf;
use crate::settings::{Faults, Files, Section, Table, Value, word};

use part::Part;

pub use deck::{Deck, EnvironmentDeck, Probe};
pub use probe::keys_of;
pub use user::User;

/// A deck as far as it could be read, and everything wrong with it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The sound part; none when the main file cannot be read at all or names no environment.
    pub deck: Option<Deck>,
    /// By file and line.
    pub faults: Vec<Fault>,
}

impl Loaded {
    /// Whether anything keeps a part of the deck from loading.
    pub fn has_errors(&self) -> bool {
        self.faults.iter().any(|f| f.severity == Severity::Error)
    }
}

/// Reads the deck whose main file is `path`, with the environments in the folder `environments` beside it.
pub fn load(path: &Path) -> Loaded {
    let mut files = Files::default();
    let main = match files.read(path) {
        Ok(main) => main,
        Err(fault) => return Loaded { deck: None, faults: vec![*fault] },
    };
    let (parts, unreadable) = part::read_all(path, &mut files);
    read(&files, main, &parts, unreadable, &Shelf::of_deck(path))
}

/// Reads a deck from text, as if it were the file `path`. Of runbooks it knows those of the binary alone.
pub fn parse(path: &Path, text: &str) -> Loaded {
    let mut files = Files::default();
    let main = files.add(path, text);
    read(&files, main, &[], Vec::new(), &Shelf::stock())
}

fn read(files: &Files, main: usize, parts: &[Part], unreadable: Vec<Fault>, shelf: &Shelf) -> Loaded {
    let faults = Faults::new(files);
    for fault in unreadable.iter().chain(&shelf.faults) {
        faults.push(fault.clone());
    }
    let deck = Table::parse(main, &faults).and_then(|table| read_deck(&table, main, parts, shelf, &faults));
    Loaded { deck, faults: faults.into_list() }
}

fn read_deck(table: &Table, main: usize, parts: &[Part], shelf: &Shelf, faults: &Faults<'_>) -> Option<Deck> {
    let path = faults.files().path(main).to_owned();
    let section = Section::new(table, "the deck", faults);
    let folder_name = || path.parent().and_then(Path::file_name).map(|n| n.to_string_lossy().into_owned());
    let name = section.text("name").or_else(folder_name).filter(|n| !n.is_empty()).unwrap_or_else(|| "deck".into());
    let defaults = probe::Defaults::read(&section);
    let common = environment::Common {
        templates: section.table("templates"),
        vars: section.table("vars"),
        defaults,
        used: std::cell::RefCell::default(),
        shelf,
        named: std::cell::RefCell::default(),
        folder: path.parent().map(Path::to_owned).unwrap_or_default(),
    };
    common.check_templates(faults);
    let mut environments = Vec::new();
    for entry in section.table("environments").into_iter().flat_map(|t| &t.entries) {
        environments.push(match &entry.node.value {
            Value::Table(body) => environment::read(&entry.name, body, &common, faults),
            other => {
                let id = EnvironmentId::new(&entry.name);
                faults.within(Some(id.clone()));
                let message = format!("environment `{}` must be a table, not {}", entry.name, other.describe());
                faults.error(entry.node.place, message, format!("write [environments.{}]", entry.name));
                faults.within(None);
                EnvironmentDeck::broken(id)
            }
        });
    }
    for part in parts {
        let twice = environments.iter().any(|e: &EnvironmentDeck| e.environment.id == part.id);
        environments.extend(part::read(part, twice, &common, faults));
    }
    let sound = section.finish();
    if environments.is_empty() {
        if sound {
            let help =
                "add [environments.production] with tier = \"production\" and services; `qd init` writes a start";
            faults.error(table.place, "the deck has no environment", help);
        }
        // Half-written files look like this. Without a deck, what ran before a reload goes on.
        return None;
    }
    common.warn_of_unused(faults);
    offer::tell_of_broken(&common, faults);
    for environment in &mut environments {
        environment.count_faults(faults);
    }
    Some(Deck { name: Text::line_at_most(&name, 40), path, environments, runbooks: shelf.runbooks.clone() })
}

/// Keys that later versions read; said, so that nobody waits for them.
pub(crate) fn warn_of_later(section: &Section<'_>, keys: &[&str]) {
    for key in keys {
        if let Some(entry) = section.entry_if_there(key) {
            let message = format!("`{key}` is not read by this version");
            section.faults().warn(entry.place, message, "it may stay; nothing is shown for it yet");
        }
    }
}

/// A name of an environment, host, service or probe: it becomes part of commands and file names.
pub(crate) fn check_name(what: &str, entry: &crate::settings::Entry, faults: &Faults<'_>) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name = &entry.name;
    let sound = !name.is_empty()
        && name.len() <= 63
        && name.chars().all(good)
        && name.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !sound {
        let message = match name.chars().count() {
            0 => format!("{what} needs a name"),
            64.. if name.is_ascii() => format!("the name of {what} has {} characters, at most 63", name.len()),
            _ => format!("{what} cannot be called \"{name}\""),
        };
        let help = "use letters, digits, `-`, `_` and `.`, at most 63, starting with a letter or digit";
        faults.error(entry.place, message, help);
    }
    sound
}

/// Beyond so many errors among so many names nobody reads hints any more, and each takes a comparison with every name.
const MOST_HINTS: usize = 100;

/// The help for a name that is not among those known.
pub(crate) fn unknown_name<'n>(
    name: &str,
    known: impl IntoIterator<Item = &'n str> + Clone,
    none: &str,
    faults: &Faults<'_>,
) -> String {
    let many = faults.errors() > MOST_HINTS && known.clone().into_iter().nth(MOST_HINTS).is_some();
    if many || known.clone().into_iter().next().is_none() { none.to_owned() } else { word::hint(name, known) }
}
