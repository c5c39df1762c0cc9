//! Themes and keymaps in use: loaded from the shipped ones and the folders, fitted to the terminal. What does not load
//! falls back to the default, and says so.

use std::path::PathBuf;

use crate::keymap::{self, Keymap, KeymapBook};
use crate::model::Fault;
use crate::theme::{self, Theme, ThemeBook};
use crate::ui::state::Shelves;

/// Where looks come from and what they must fit.
#[derive(Debug)]
pub struct Look {
    themes: ThemeBook,
    keymaps: KeymapBook,
    terminal: theme::Terminal,
    ascii: bool,
}

impl Look {
    /// Shipped ones, and those in these folders.
    pub fn new(themes: &[PathBuf], keymaps: &[PathBuf], terminal: theme::Terminal, ascii: bool) -> Self {
        Self { themes: ThemeBook::new(themes), keymaps: KeymapBook::new(keymaps), terminal, ascii }
    }

    /// Every name.
    pub fn shelves(&self) -> Shelves {
        Shelves {
            themes: self.themes.names().into_iter().map(str::to_owned).collect(),
            keymaps: self.keymaps.names().into_iter().map(str::to_owned).collect(),
        }
    }

    /// What is wrong with a theme and a keymap.
    pub fn faults(&self, theme: &str, keymap: &str) -> Vec<Fault> {
        let mut faults = self.themes.load(theme).1;
        faults.extend(self.keymaps.load(keymap).1);
        faults
    }

    /// A theme as this terminal can show it; the default when there is none of that name.
    pub fn theme(&self, name: &str) -> Theme {
        let found = self.themes.load(name).0.or_else(|| self.themes.load(theme::DEFAULT).0);
        let theme = found.unwrap_or_else(Theme::plain).adapted(self.terminal.depth());
        match self.terminal.glyphs() {
            _ if self.ascii => theme.with_glyphs(theme::GlyphSet::Ascii),
            Some(set) => theme.with_glyphs(set),
            None => theme,
        }
    }

    /// A keymap; the default when there is none of that name.
    pub fn keymap(&self, name: &str) -> Keymap {
        let found = self.keymaps.load(name).0.or_else(|| self.keymaps.load(keymap::DEFAULT).0);
        found.unwrap_or_default()
    }
}
