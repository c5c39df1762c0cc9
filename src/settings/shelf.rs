//! A shelf of named TOML files of one kind (themes, keymaps): those that ship inside the program and those in folders
//! of the user or the deck. Finds a file by name and follows `inherits`. Knows nothing of what the files mean.

use std::path::{Path, PathBuf};

use super::faults::Faults;
use super::files::{Files, Place, reason, whole_file};
use super::node::{Table, Value};
use super::word;
use crate::model::Fault;

/// Where a file on the shelf comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Inside the program; its text.
    Shipped(&'static str),
    /// On disk.
    File(PathBuf),
}

/// Named files of one kind. Of several with one name the first counts, and it may inherit the next of its own name.
#[derive(Clone, Debug)]
pub struct Shelf {
    kind: &'static str,
    sources: Vec<(String, Origin)>,
    faults: Vec<Fault>,
}

/// A file and what it inherits from, ready to be read.
#[derive(Debug, Default)]
pub struct Chain {
    /// Numbers in [`Files`]; the file asked for is the last, each one before it is what the next inherits.
    pub files: Vec<usize>,
    broken: Vec<(Place, String, String)>,
    whole: Vec<Fault>,
}

impl Chain {
    /// Notes what was wrong with finding the files.
    pub fn tell(&self, faults: &Faults<'_>) {
        for fault in &self.whole {
            faults.push(fault.clone());
        }
        for (place, message, help) in &self.broken {
            faults.error(*place, message.clone(), help.clone());
        }
    }
}

impl Shelf {
    /// Looks into the folders (the first has precedence, a missing one is empty); `kind` is the word used in faults.
    pub fn new(kind: &'static str, shipped: &[(&str, &'static str)], folders: &[PathBuf]) -> Self {
        let mut shelf = Self { kind, sources: Vec::new(), faults: Vec::new() };
        for folder in folders {
            match toml_files(folder) {
                Ok(files) => shelf.sources.extend(files.into_iter().map(|(n, path)| (n, Origin::File(path)))),
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => {
                    let (why, help) = reason(&e);
                    shelf.faults.push(whole_file(folder, format!("cannot be read: {why}"), help));
                }
            }
        }
        shelf.sources.extend(shipped.iter().map(|(n, text)| ((*n).to_owned(), Origin::Shipped(text))));
        shelf
    }

    /// The names there are: first the shipped ones in their order, then the others by the alphabet.
    pub fn names(&self) -> Vec<&str> {
        let is_shipped = |origin: &Origin| matches!(origin, Origin::Shipped(_));
        let shipped = self.sources.iter().filter(|(_, o)| is_shipped(o));
        let mut names: Vec<&str> = shipped.map(|(n, _)| n.as_str()).collect();
        let mut others: Vec<&str> = self.sources.iter().map(|(n, _)| n.as_str()).collect();
        others.sort_unstable();
        for name in others {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    /// Where the file of a name comes from.
    pub fn origin(&self, name: &str) -> Option<&Origin> {
        self.source(name, 0)
    }

    /// Reads the file of a name and all that it inherits from. A part that cannot be had is left out and told.
    pub fn chain(&self, name: &str, files: &mut Files) -> Chain {
        let mut chain = Chain { whole: self.faults.clone(), ..Chain::default() };
        let mut seen: Vec<(String, usize)> = vec![(name.to_owned(), 0)];
        let mut next = self.source(name, 0);
        if next.is_none() {
            let path = PathBuf::from(format!("{name}.toml"));
            chain.whole.push(whole_file(&path, format!("there is no {} `{name}`", self.kind), &self.hint(name)));
        }
        while let Some(source) = next.take() {
            let file = match self.read(source, seen.last().map_or(name, |(n, _)| n), files) {
                Ok(file) => file,
                Err(fault) => {
                    chain.whole.push(*fault);
                    break;
                }
            };
            chain.files.push(file);
            if let Some((parent, place)) = inherits(files, file) {
                match self.parent(&parent, &mut seen) {
                    Ok(source) => next = Some(source),
                    Err((message, help)) => chain.broken.push((place, message, help)),
                }
            }
        }
        chain.files.reverse();
        chain
    }

    fn parent(&self, parent: &str, seen: &mut Vec<(String, usize)>) -> Result<&Origin, (String, String)> {
        let level = match seen.last() {
            Some((name, level)) if name == parent => level + 1,
            _ => 0,
        };
        let kind = self.kind;
        let step = (parent.to_owned(), level);
        if seen.contains(&step) {
            let mut names: Vec<&str> = seen.iter().map(|(n, _)| n.as_str()).collect();
            names.push(parent);
            let help = format!("a {kind} cannot inherit from itself; take one `inherits` out");
            return Err((format!("{kind}s inherit in a circle: {}", names.join(" → ")), help));
        }
        let Some(source) = self.source(parent, level) else {
            return Err(if level > 0 {
                let help = format!("take the line out, or name another {kind}");
                (format!("`{parent}` inherits from itself, and there is no shipped {kind} of that name"), help)
            } else {
                (format!("there is no {kind} `{parent}` to inherit from"), self.hint(parent))
            });
        };
        seen.push(step);
        Ok(source)
    }

    fn read(&self, source: &Origin, name: &str, files: &mut Files) -> Result<usize, Box<Fault>> {
        match source {
            Origin::Shipped(text) => Ok(files.add(format!("{}s/{name}.toml", self.kind), *text)),
            Origin::File(path) => files.read(path),
        }
    }

    fn source(&self, name: &str, level: usize) -> Option<&Origin> {
        self.sources.iter().filter(|(n, _)| n == name).nth(level).map(|(_, origin)| origin)
    }

    fn hint(&self, name: &str) -> String {
        word::hint(name, self.names())
    }
}

/// What a file names as `inherits`; a file that does not parse names nothing here and is told of when it is read.
fn inherits(files: &Files, file: usize) -> Option<(String, Place)> {
    let unheard = Faults::new(files);
    let table = Table::parse(file, &unheard)?;
    let entry = table.get("inherits")?;
    match &entry.node.value {
        Value::Text(name) => Some((name.clone(), entry.node.place)),
        _ => None,
    }
}

fn toml_files(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "toml")
            && let Some(stem) = path.file_stem().and_then(|s| s.to_str())
        {
            found.push((stem.to_owned(), path.clone()));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shelf(files: &[(&str, &str)]) -> (tempfile::TempDir, Shelf) {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(format!("{name}.toml")), text).unwrap();
        }
        let shelf = Shelf::new("theme", &[("ansi", ""), ("dark", "inherits = 'ansi'")], &[folder.path().to_owned()]);
        (folder, shelf)
    }

    #[test]
    fn a_file_of_a_shipped_name_may_inherit_the_shipped_one_below_it() {
        let (_folder, shelf) = shelf(&[("dark", "inherits = 'dark'")]);
        let mut files = Files::default();
        let chain = shelf.chain("dark", &mut files);
        assert!(chain.broken.is_empty() && chain.whole.is_empty(), "{chain:?}");
        assert_eq!(chain.files.len(), 3);
        assert!(files.path(*chain.files.last().unwrap()).is_absolute());
        assert_eq!(shelf.names(), ["ansi", "dark"]);
    }

    #[test]
    fn a_circle_ends_and_is_told() {
        let (_folder, shelf) = shelf(&[("a", "inherits = 'b'"), ("b", "inherits = 'a'"), ("c", "inherits = 'c'")]);
        let told = |name: &str| shelf.chain(name, &mut Files::default()).broken.remove(0).1;
        assert_eq!(told("a"), "themes inherit in a circle: a → b → a");
        assert_eq!(told("c"), "`c` inherits from itself, and there is no shipped theme of that name");
        assert_eq!(shelf.names(), ["ansi", "dark", "a", "b", "c"]);
    }

    #[test]
    fn names_are_looked_up_on_the_shelf_and_never_become_paths() {
        let (_folder, shelf) = shelf(&[]);
        let chain = shelf.chain("../../etc/passwd", &mut Files::default());
        assert_eq!(chain.files.len(), 0);
        assert_eq!(chain.whole.len(), 1);
    }
}
