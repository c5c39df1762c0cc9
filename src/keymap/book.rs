//! Every keymap there is: the shipped ones, and those in the folders of the user and the deck, which stand before a
//! shipped one of the same name. Loads by name; what is wrong is told all at once, and the sound part is used.

use std::path::{Path, PathBuf};

use super::{Keymap, parse};
use crate::model::Fault;
use crate::settings::{Faults, Files, Origin, Shelf, Table};

/// The shipped keymaps, the default first.
pub const SHIPPED: [(&str, &str); 3] = [
    ("default", include_str!("../../keymaps/default.toml")),
    ("vim", include_str!("../../keymaps/vim.toml")),
    ("emacs", include_str!("../../keymaps/emacs.toml")),
];

/// A keymap in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// What it says of itself; empty when it does not.
    pub about: String,
    /// Its file; none when it ships inside the program.
    pub file: Option<PathBuf>,
}

/// The keymaps.
#[derive(Clone, Debug)]
pub struct KeymapBook {
    shelf: Shelf,
}

impl KeymapBook {
    /// Looks into the folders; the first has precedence, and a missing one is empty.
    pub fn new(folders: &[PathBuf]) -> Self {
        Self { shelf: Shelf::new("keymap", &SHIPPED, folders) }
    }

    /// The names: the shipped ones in their order, then the others by the alphabet.
    pub fn names(&self) -> Vec<&str> {
        self.shelf.names()
    }

    /// A keymap and everything wrong with it. There is none when the name is not known or its file is not TOML.
    pub fn load(&self, name: &str) -> (Option<Keymap>, Vec<Fault>) {
        let mut files = Files::default();
        let chain = self.shelf.chain(name, &mut files);
        let faults = Faults::new(&files);
        chain.tell(&faults);
        let tables: Vec<Option<Table>> = chain.files.iter().map(|file| Table::parse(*file, &faults)).collect();
        let usable = matches!(tables.last(), Some(Some(_)));
        let tables: Vec<Table> = tables.into_iter().flatten().collect();
        let keymap = usable.then(|| parse::read(name, &tables, &faults));
        (keymap, faults.into_list())
    }

    /// What a keymap is.
    pub fn describe(&self, name: &str) -> Option<Description> {
        let file = match self.shelf.origin(name)? {
            Origin::Shipped(_) => None,
            Origin::File(path) => Some(path.clone()),
        };
        let about = self.load(name).0.map(|keymap| keymap.about).unwrap_or_default();
        Some(Description { about, file })
    }
}

/// Everything wrong with one file and what it inherits; for `qd check` and tests.
pub fn check(path: &Path) -> Vec<Fault> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    KeymapBook::new(&[folder]).load(name).1
}
