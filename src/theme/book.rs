//! Every theme there is: the shipped ones, and those in the folders of the user and the deck, which stand before a
//! shipped one of the same name. Loads by name; what is wrong is told all at once, and the sound part is used.

use std::path::{Path, PathBuf};

use super::{Theme, parse};
use crate::model::Fault;
use crate::settings::{Faults, Files, Origin, Shelf, Table};

/// The shipped themes, the default first.
pub const SHIPPED: [(&str, &str); 6] = [
    ("ansi", include_str!("../../themes/ansi.toml")),
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("red-green-safe", include_str!("../../themes/red-green-safe.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// A theme in one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// What it says of itself; empty when it does not.
    pub about: String,
    /// Its file; none when it ships inside the program.
    pub file: Option<PathBuf>,
}

/// The themes.
#[derive(Clone, Debug)]
pub struct ThemeBook {
    shelf: Shelf,
}

impl ThemeBook {
    /// Looks into the folders; the first has precedence, and a missing one is empty.
    pub fn new(folders: &[PathBuf]) -> Self {
        Self { shelf: Shelf::new("theme", &SHIPPED, folders) }
    }

    /// The names: the shipped ones in their order, then the others by the alphabet.
    pub fn names(&self) -> Vec<&str> {
        self.shelf.names()
    }

    /// A theme and everything wrong with it. There is none when the name is not known or its file is not TOML.
    pub fn load(&self, name: &str) -> (Option<Theme>, Vec<Fault>) {
        let mut files = Files::default();
        let chain = self.shelf.chain(name, &mut files);
        let faults = Faults::new(&files);
        chain.tell(&faults);
        let tables: Vec<Option<Table>> = chain.files.iter().map(|file| Table::parse(*file, &faults)).collect();
        let usable = matches!(tables.last(), Some(Some(_)));
        let tables: Vec<Table> = tables.into_iter().flatten().collect();
        let theme = usable.then(|| parse::read(name, &tables, &faults));
        (theme, faults.into_list())
    }

    /// What a theme is.
    pub fn describe(&self, name: &str) -> Option<Description> {
        let file = match self.shelf.origin(name)? {
            Origin::Shipped(_) => None,
            Origin::File(path) => Some(path.clone()),
        };
        let about = self.load(name).0.map(|theme| theme.about).unwrap_or_default();
        Some(Description { about, file })
    }
}

/// Everything wrong with one file and what it inherits; for `qd check` and tests.
pub fn check(path: &Path) -> Vec<Fault> {
    let folder = path.parent().map(Path::to_owned).unwrap_or_default();
    let name = path.file_stem().and_then(|s| s.to_str()).unwrap_or_default();
    ThemeBook::new(&[folder]).load(name).1
}

/// A shipped theme.
pub(super) fn shipped(name: &str) -> Option<Theme> {
    ThemeBook::new(&[]).load(name).0
}
