//! Every runbook of a deck: those of the binary, and those in the folder `runbooks` beside the deck in place of or beside
//! them. Reads files; changes none.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{read_among, stock};
use crate::model::{Fault, Runbook, Severity};
use crate::settings::{Files, files};

/// The folder beside the deck's main file.
pub const FOLDER: &str = "runbooks";

/// Runbooks by name.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    /// Those that can be run: first the binary's, then the others by name.
    pub runbooks: Vec<Arc<Runbook>>,
    /// What keeps others from being run, by name.
    pub broken: BTreeMap<String, Vec<Fault>>,
    /// What is probably not meant, and what is wrong with the folder.
    pub faults: Vec<Fault>,
}

/// What a name stands for.
#[derive(Debug)]
pub enum Found<'s> {
    /// A runbook.
    Sound(&'s Arc<Runbook>),
    /// One that does not load, and why.
    Broken(&'s [Fault]),
    /// Nothing.
    Nothing,
}

impl Shelf {
    /// The runbooks of the binary alone.
    pub fn stock() -> Self {
        Self { runbooks: stock::runbooks().to_vec(), ..Self::default() }
    }

    /// Those of the binary and those of the deck whose main file this is.
    pub fn of_deck(main: &Path) -> Self {
        let mut shelf = Self::stock();
        let mut texts: BTreeMap<String, (PathBuf, String)> = BTreeMap::new();
        for path in shelf.paths(&main.with_file_name(FOLDER)) {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let mut files = Files::default();
            match files.read(&path) {
                Ok(file) => drop(texts.insert(name, (path, files.text(file).to_owned()))),
                Err(fault) => drop(shelf.broken.insert(name, vec![*fault])),
            }
        }
        let shipped = stock::ALL.iter().map(|(name, _)| (*name).to_owned());
        let mut names: Vec<String> = shipped.chain(texts.keys().cloned()).chain(shelf.broken.keys().cloned()).collect();
        names.sort();
        names.dedup();
        shelf.runbooks.retain(|r| !shelf.broken.contains_key(&*r.name));
        let include =
            |name: &str| texts.get(name).map(|(_, text)| text.clone()).or_else(|| stock::text(name).map(str::to_owned));
        for (name, (path, text)) in &texts {
            let read = read_among(path, text, &include, Some(&names));
            shelf.put(name, read.runbook, read.faults);
        }
        shelf
    }

    /// Puts one in the place of that name.
    fn put(&mut self, name: &str, runbook: Option<Runbook>, faults: Vec<Fault>) {
        let place = self.runbooks.iter().position(|r| *r.name == *name);
        let Some(runbook) = runbook.map(Arc::new) else {
            self.runbooks.retain(|r| *r.name != *name);
            let (broken, lint) = faults.into_iter().partition(|f| f.severity == Severity::Error);
            self.faults.extend::<Vec<Fault>>(lint);
            self.broken.insert(name.to_owned(), broken);
            return;
        };
        self.faults.extend(faults);
        match place.and_then(|at| self.runbooks.get_mut(at)) {
            Some(stock) => *stock = runbook,
            None => self.runbooks.push(runbook),
        }
    }

    /// What a name stands for.
    pub fn find(&self, name: &str) -> Found<'_> {
        match (self.runbooks.iter().find(|r| *r.name == *name), self.broken.get(name)) {
            (Some(runbook), _) => Found::Sound(runbook),
            (None, Some(faults)) => Found::Broken(faults),
            (None, None) => Found::Nothing,
        }
    }

    /// Every name, of those that do not load too.
    pub fn names(&self) -> Vec<&str> {
        self.runbooks.iter().map(|r| &*r.name).chain(self.broken.keys().map(String::as_str)).collect()
    }

    /// The Markdown files of the folder, by name.
    fn paths(&mut self, folder: &Path) -> Vec<PathBuf> {
        let found = std::fs::read_dir(folder).and_then(|entries| {
            entries.map(|entry| entry.map(|e| e.path())).collect::<std::io::Result<Vec<PathBuf>>>()
        });
        let mut paths = match found {
            Ok(paths) => paths,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Err(e) => {
                let (why, help) = files::reason(&e);
                self.faults.push(files::whole_file(folder, format!("cannot be read: {why}"), help));
                Vec::new()
            }
        };
        // Editors keep their own files beside, and people a page that tells what lies there.
        paths.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            path.extension().is_some_and(|e| e == "md")
                && !name.starts_with('.')
                && !name.eq_ignore_ascii_case("readme.md")
        });
        paths.sort();
        paths.retain(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy();
            let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            let sound = name.len() <= 63 && name.chars().all(good) && !name.starts_with('-');
            if !sound {
                let help = "use letters, digits, `-`, `_` and `.`, at most 63";
                self.faults.push(files::whole_file(path, "a runbook cannot be called so".into(), help));
            }
            sound
        });
        paths
    }
}
