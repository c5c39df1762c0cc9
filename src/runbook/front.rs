//! Front matter: what a runbook says of itself before its first line.

use std::collections::BTreeMap;
use std::time::Duration;

use super::step::Shell;
use super::{input, require};
use crate::model::Level;
use crate::model::runbook::{Batches, Choices, Input, OnFailure, Release, Require, RunbookKind};
use crate::settings::{Faults, Place, Section, Table, word};

/// What front matter says.
#[derive(Debug, Default)]
pub struct Front {
    /// `title`, where it is not the first heading.
    pub title: Option<String>,
    /// `kind`.
    pub kind: RunbookKind,
    /// `needs`.
    pub needs: Vec<String>,
    /// `defaults`.
    pub defaults: BTreeMap<String, String>,
    /// `estimate`.
    pub estimate: Option<Duration>,
    /// `level`.
    pub level: Option<Level>,
    /// `on_failure`.
    pub on_failure: Option<OnFailure>,
    /// `locks`.
    pub locks: Vec<String>,
    /// `batches`.
    pub batches: Option<Batches>,
    /// `require`.
    pub require: Vec<Require>,
    /// `inputs`.
    pub inputs: Vec<Input>,
    /// `release`.
    pub release: Option<Release>,
    /// Where each input is declared.
    pub input_places: BTreeMap<String, Place>,
    /// Where `kind` stands.
    pub kind_place: Place,
    /// Commands that only look, and where.
    pub shells: Vec<Shell>,
}

/// Reads front matter; `all` are the names of all runbooks, where they are known.
pub fn read(part: Place, all: Option<&[String]>, faults: &Faults<'_>) -> Front {
    let Some(table) = Table::parse_part(part, faults) else { return Front::default() };
    let section = Section::new(&table, "a runbook", faults);
    let kinds: Vec<(&str, RunbookKind)> = RunbookKind::ALL.iter().map(|kind| (kind.word(), *kind)).collect();
    let inputs = input::read(&section);
    let mut front = Front {
        title: section.text("title"),
        kind: section.choice("kind", &kinds).unwrap_or_default(),
        needs: needs(&section),
        defaults: defaults(&section),
        estimate: section.duration("estimate"),
        level: section.whole("level", 0..=3).map(|n| Level::from_number(n as u8)),
        on_failure: require::on_failure(&section),
        locks: locks(&section),
        batches: require::batches(&section),
        require: require::require(&section),
        release: require::release(&section, &inputs),
        input_places: places(&section),
        kind_place: section.key_place("kind"),
        shells: Vec::new(),
        inputs,
    };
    if section.entry_if_there("transport").is_some() {
        section.choice("transport", &[("local", ()), ("ssh", ())]);
    }
    front.shells = shells(&front, &section);
    check_runbooks(&front, &section, all);
    section.finish();
    front
}

fn places(section: &Section<'_>) -> BTreeMap<String, Place> {
    let entries = section.table("inputs").into_iter().flat_map(|table| &table.entries);
    entries.map(|entry| (entry.name.clone(), entry.place)).collect()
}

/// Every command of front matter.
fn shells(front: &Front, section: &Section<'_>) -> Vec<Shell> {
    let shell =
        |what: &'static str, key: &str, text: &str| Shell { what, place: section.place_of(key), text: text.to_owned() };
    let mut shells = Vec::new();
    for require in &front.require {
        if let Require::Command { script, .. } = require {
            shells.push(shell("command", "require", script));
        }
    }
    for release in &front.release {
        let lone = [("current", &release.current), ("available", &release.available), ("schema", &release.schema)];
        let lone = lone.iter().filter_map(|(what, text)| Some((*what, text.as_ref()?)));
        let all = lone.chain(release.facts.values().map(|text| ("facts", text)));
        shells.extend(all.map(|(what, text)| shell(what, "release", text)));
    }
    for input in &front.inputs {
        if let Some(Choices::Command(command)) = &input.choices {
            let place = section.place_of("inputs");
            shells.push(Shell { what: "choices_from", place, text: command.clone() });
        }
    }
    shells
}

/// Names of the service, as a deck writes them.
fn needs(section: &Section<'_>) -> Vec<String> {
    let mut needs = Vec::new();
    for (name, place) in section.texts_and_places("needs").unwrap_or_default() {
        if is_name(&name) {
            needs.push(name);
        } else {
            let help = "write the name of a variable of the service: needs = [\"unit\"]";
            section.faults().error(place, format!("\"{name}\" is no name"), help);
        }
    }
    needs
}

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    !name.is_empty() && name.chars().all(good)
}

fn defaults(section: &Section<'_>) -> BTreeMap<String, String> {
    let entries = section.table("defaults").into_iter().flat_map(|table| &table.entries);
    let pairs = entries.filter_map(|entry| {
        if !is_name(&entry.name) {
            let help = "use letters, digits, `_` and `-`";
            section.faults().error(entry.place, format!("\"{}\" is no name", entry.name), help);
        }
        Some((entry.name.clone(), input::value_text(&entry.node, &entry.name, section.faults())?))
    });
    pairs.collect()
}

fn locks(section: &Section<'_>) -> Vec<String> {
    let mut locks = Vec::new();
    for (lock, place) in section.texts_and_places("locks").unwrap_or_default() {
        if lock.trim().is_empty() || lock.len() > 100 || lock.chars().any(char::is_control) {
            section.faults().error(place, "this is no name of a lock", "write locks = [\"orders-database\"]");
        } else {
            locks.push(lock);
        }
    }
    locks
}

/// A name of a runbook that is nowhere.
fn check_runbooks(front: &Front, section: &Section<'_>, all: Option<&[String]>) {
    let Some(all) = all else { return };
    let unknown = |name: &str| all.iter().all(|known| known != name);
    let tell = |name: &str, place: Place| {
        let help = word::hint(name, all.iter().map(String::as_str));
        section.faults().error(place, format!("there is no runbook `{name}`"), help);
    };
    if let Some(failure) = front.on_failure.as_ref().filter(|f| unknown(&f.runbook)) {
        tell(&failure.runbook, section.place_of("on_failure"));
    }
    for require in &front.require {
        if let Require::Backup { runbook, .. } = require
            && unknown(runbook)
        {
            tell(runbook, section.place_of("require"));
        }
    }
}
