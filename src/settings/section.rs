//! A table being read: asks for keys by name and type, notes what is wrong, and finally names the keys nobody asked
//! for. Texts may hold `{name}`, filled from [`Names`]. Knows no key of its own.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::Duration;

use regex::Regex;

use super::faults::Faults;
use super::files::Place;
use super::names::Names;
use super::node::{Entry, Node, Table, Value};
use super::{pattern, veil, word};
use crate::secret::SecretRef;

/// A table being read.
#[derive(Debug)]
pub struct Section<'a> {
    table: &'a Table,
    title: String,
    names: Option<&'a Names>,
    faults: &'a Faults<'a>,
    asked: RefCell<Vec<String>>,
    errors_before: usize,
}

impl<'a> Section<'a> {
    /// Starts reading; `title` names the table in faults (``probe `live` ``).
    pub fn new(table: &'a Table, title: impl Into<String>, faults: &'a Faults<'a>) -> Self {
        let errors_before = faults.errors();
        Self { table, title: title.into(), names: None, faults, asked: RefCell::default(), errors_before }
    }

    /// The same, with names that strings may hold.
    #[must_use]
    pub fn with_names(mut self, names: &'a Names) -> Self {
        self.names = Some(names);
        self
    }

    /// Where the table stands.
    pub fn place(&self) -> Place {
        self.table.place
    }

    /// Where the value of a key stands; the table's place when there is none.
    pub fn place_of(&self, key: &str) -> Place {
        self.table.get(key).map_or(self.table.place, |e| e.node.place)
    }

    /// The faults noted into.
    pub fn faults(&self) -> &'a Faults<'a> {
        self.faults
    }

    /// Whether a key is there; counts as asking.
    pub fn has(&self, key: &str) -> bool {
        self.entry(key).is_some()
    }

    /// Notes an error at the value of a key (or at the table, without that key).
    pub fn error(&self, key: &str, message: impl Into<String>, help: impl Into<String>) {
        self.faults.error(self.place_of(key), message, help);
    }

    /// The entry of a key, which counts as asked for.
    pub fn entry(&self, key: &str) -> Option<&'a Entry> {
        if !self.asked.borrow().iter().any(|a| a == key) {
            self.asked.borrow_mut().push(key.to_owned());
        }
        self.table.get(key)
    }

    /// The same for a key that is better not suggested to somebody who misspelt another.
    pub fn entry_if_there(&self, key: &str) -> Option<&'a Entry> {
        self.table.get(key).and_then(|_| self.entry(key))
    }

    /// Where a key itself stands; the table's place when it is not there.
    pub fn key_place(&self, key: &str) -> Place {
        self.table.get(key).map_or(self.table.place, |e| e.place)
    }

    /// A text with its names filled in. Whole numbers count as text too: a port is often written bare.
    pub fn text(&self, key: &str) -> Option<String> {
        let entry = self.entry(key)?;
        self.text_of(&entry.node, key)
    }

    /// A path. A relative one starts at the folder of the file that it is written in, wherever the console runs.
    pub fn path(&self, key: &str) -> Option<PathBuf> {
        let text = self.text(key)?;
        let folder = self.faults.files().path(self.place_of(key).file).parent();
        Some(folder.map_or_else(|| PathBuf::from(&text), |folder| folder.join(&text)))
    }

    /// A text that must be there.
    pub fn needed_text(&self, key: &str, example: &str) -> Option<String> {
        if !self.has(key) {
            self.faults.error(self.table.place, format!("{} needs `{key}`", self.title), format!("add {example}"));
            return None;
        }
        self.text(key)
    }

    /// A text or a list of texts.
    pub fn texts(&self, key: &str) -> Option<Vec<String>> {
        Some(self.texts_and_places(key)?.into_iter().map(|(text, _)| text).collect())
    }

    /// A text or a list of texts, each with its place.
    pub fn texts_and_places(&self, key: &str) -> Option<Vec<(String, Place)>> {
        let node = &self.entry(key)?.node;
        let nodes = match &node.value {
            Value::List(list) => list.as_slice(),
            _ => std::slice::from_ref(node),
        };
        // Every bad one is told before the list is given up.
        let texts: Vec<_> = nodes.iter().map(|n| Some((self.text_of(n, key)?, n.place))).collect();
        texts.into_iter().collect()
    }

    /// Keys and texts of a sub-table.
    pub fn text_map(&self, key: &str) -> Option<Vec<(String, String)>> {
        let table = self.table(key)?;
        table.entries.iter().map(|e| Some((e.name.clone(), self.text_of(&e.node, &e.name)?))).collect()
    }

    /// A sub-table as it stands.
    pub fn table(&self, key: &str) -> Option<&'a Table> {
        let entry = self.entry(key)?;
        match &entry.node.value {
            Value::Table(table) => Some(table),
            _ => self.wrong(&entry.node, key, "a table", &format!("{key} = {{ … }}")),
        }
    }

    /// A sub-table to read.
    pub fn section(&self, key: &str) -> Option<Section<'a>> {
        let table = self.table(key)?;
        let mut section = Section::new(table, format!("`{key}`"), self.faults);
        section.names = self.names;
        Some(section)
    }

    /// `true` or `false`.
    pub fn truth(&self, key: &str) -> Option<bool> {
        let entry = self.entry(key)?;
        match &entry.node.value {
            Value::Truth(truth) => Some(*truth),
            _ => self.wrong(&entry.node, key, "true or false", &format!("{key} = true")),
        }
    }

    /// A whole number in a range; text that holds one (from a name) counts.
    pub fn whole(&self, key: &str, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let entry = self.entry(key)?;
        let (low, high) = (*range.start(), *range.end());
        let number = match &entry.node.value {
            Value::Whole(n) => Some(*n),
            Value::Text(_) => self.text_of(&entry.node, key)?.trim().parse().ok(),
            _ => None,
        };
        match number {
            Some(n) if range.contains(&n) => Some(n),
            _ => {
                self.wrong(&entry.node, key, &format!("a whole number from {low} to {high}"), &format!("{key} = {low}"))
            }
        }
    }

    /// A duration: `"5s"`, `"1m30s"`, `"21d"`; never zero.
    pub fn duration(&self, key: &str) -> Option<Duration> {
        let entry = self.entry(key)?;
        let text = match &entry.node.value {
            Value::Text(_) => self.text_of(&entry.node, key)?,
            _ => String::new(),
        };
        match word::duration(&text) {
            Some(duration) if !duration.is_zero() => Some(duration),
            Some(_) => {
                let help = format!("write a longer one: {key} = \"1s\"");
                self.faults.error(entry.node.place, format!("`{key}` cannot be zero"), help);
                None
            }
            None => {
                let bare = match &entry.node.value {
                    Value::Whole(n) => n.to_string(),
                    Value::Real(n) => n.to_string(),
                    _ => text.trim().to_owned(),
                };
                let help = match word::duration(&format!("{bare}s")) {
                    Some(d) if !d.is_zero() => format!("a number needs its unit: {key} = \"{bare}s\""),
                    _ => format!("number and unit (ms, s, m, h, d, w): {key} = \"10s\" or \"1m30s\""),
                };
                self.wrong_with(&entry.node, key, "a duration", help)
            }
        }
    }

    /// A regular expression. Its braces are its own (`\d{3}`); only `{name}` is filled, with a text to be found as it is.
    pub fn pattern(&self, key: &str) -> Option<Regex> {
        let entry = self.entry(key)?;
        let Value::Text(text) = &entry.node.value else {
            return self.wrong(&entry.node, key, "a pattern", &format!("{key} = \"ready|ok\""));
        };
        let filled = match self.names {
            Some(names) => pattern::fill(text, entry.node.place, names, self.faults, regex::escape)?,
            None => text.clone(),
        };
        let found = pattern::compile(&filled);
        if let Err(why) = &found {
            let message = format!("`{key}` is not a regular expression: {why}");
            self.faults.error(entry.node.place, message, pattern::HELP);
        }
        found.ok()
    }

    /// A text in a language with braces of its own (`{app="shop"}`); only `{name}` is filled, as it is.
    pub fn query(&self, key: &str) -> Option<String> {
        let entry = self.entry(key)?;
        let Value::Text(text) = &entry.node.value else {
            return self.wrong(&entry.node, key, "a text", &format!("{key} = '{{app=\"shop\"}}'"));
        };
        match self.names {
            Some(names) => pattern::fill(text, entry.node.place, names, self.faults, str::to_owned),
            None => Some(text.clone()),
        }
    }

    /// One of some words.
    pub fn choice<T: Copy>(&self, key: &str, choices: &[(&str, T)]) -> Option<T> {
        let entry = self.entry(key)?;
        let Value::Text(_) = &entry.node.value else {
            let words: Vec<&str> = choices.iter().map(|(w, _)| *w).collect();
            let example = format!("{key} = \"{}\"", words.last().copied().unwrap_or_default());
            return self.wrong(&entry.node, key, &format!("one of {}", word::list(&words)), &example);
        };
        let text = self.text_of(&entry.node, key)?;
        let found = choices.iter().find(|(w, _)| *w == text).map(|(_, t)| *t);
        if found.is_none() {
            let hint = word::hint(&text, choices.iter().map(|(w, _)| *w));
            self.faults.error(entry.node.place, format!("`{key}` cannot be \"{text}\""), hint);
        }
        found
    }

    /// A secret by reference. The text is never repeated in a fault: it may be the secret itself.
    pub fn secret(&self, key: &str) -> Option<SecretRef> {
        let entry = self.entry(key)?;
        let reference = match &entry.node.value {
            // Only what is clearly meant as a reference is filled: a fault about its braces would repeat a secret.
            Value::Text(text) if SecretRef::parse(text).is_ok() || veil::is_name_alone(text) => {
                let filled = self.text_of(&entry.node, key)?;
                SecretRef::parse(&filled).ok()
            }
            _ => None,
        };
        if reference.is_none() {
            self.faults.hide(within_quotes(entry.node.place, self.faults));
            let help = format!(
                "write where it is: {key} = \"env:NAME\", \"file:PATH\", \"command:PROGRAM ARG\" or \
                 \"keyring:SERVICE/ACCOUNT\"; the secret itself does not belong into this file"
            );
            self.faults.error(entry.node.place, format!("`{key}` is not a secret reference"), help);
        }
        reference
    }

    /// Names the keys that nobody asked for; whether all was sound since the start.
    pub fn finish(self) -> bool {
        let asked = self.asked.borrow();
        for entry in &self.table.entries {
            if !asked.contains(&entry.name) {
                let hint = word::hint(&entry.name, asked.iter().map(String::as_str));
                self.faults.error(entry.place, format!("{} has no key `{}`", self.title, entry.name), hint);
            }
        }
        self.faults.errors() == self.errors_before
    }

    /// Names the keys that are probably misspelt, of a table that could not be read to its end: `known` are the keys
    /// that would have been asked for.
    pub fn name_misspelt(&self, known: &[String]) {
        let asked = self.asked.borrow();
        let all = || asked.iter().chain(known).map(String::as_str);
        for entry in &self.table.entries {
            if !all().any(|k| k == entry.name)
                && let Some(near) = word::nearest(&entry.name, all())
            {
                let message = format!("{} has no key `{}`", self.title, entry.name);
                self.faults.error(entry.place, message, format!("did you mean `{near}`?"));
            }
        }
    }

    /// The keys asked for so far.
    pub fn asked(&self) -> Vec<String> {
        self.asked.borrow().clone()
    }

    /// The text of a node, names filled in.
    pub fn text_of(&self, node: &Node, key: &str) -> Option<String> {
        match &node.value {
            Value::Text(text) => match self.names {
                Some(names) => names.fill(text, node.place, self.faults),
                None => Some(text.clone()),
            },
            Value::Whole(number) => Some(number.to_string()),
            _ => self.wrong(node, key, "a text", &format!("{key} = \"…\"")),
        }
    }

    fn wrong<T>(&self, node: &Node, key: &str, expected: &str, example: &str) -> Option<T> {
        self.wrong_with(node, key, expected, format!("write {example}"))
    }

    fn wrong_with<T>(&self, node: &Node, key: &str, expected: &str, help: String) -> Option<T> {
        let message = format!("`{key}` must be {expected}, not {}", node.value.describe());
        self.faults.error(node.place, message, help);
        None
    }
}

/// The inside of a quoted text.
fn within_quotes(place: Place, faults: &Faults<'_>) -> Place {
    let is_quoted = faults.files().written(place).starts_with(['"', '\'']);
    if is_quoted { Place { start: place.start + 1, end: place.end.saturating_sub(1), ..place } } else { place }
}
