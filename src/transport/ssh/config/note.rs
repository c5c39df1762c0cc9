//! What a reading of the configuration has to tell: lines that are wrong, and lines that apply to the host but are not
//! followed. Collects notes, each once; never decides.

use std::fmt;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::model::Text;

/// Something to tell about a line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub path: PathBuf,
    /// The line from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The column from 1; 0 when the whole file is meant.
    pub column: usize,
    /// The keyword of the line as ssh_config(5) writes it; empty when there is none.
    pub keyword: String,
    /// What is the matter.
    pub what: String,
    /// What to do about it; empty when there is nothing to do.
    pub help: String,
    /// Whether the host cannot be reached as the user's `ssh` would reach it.
    pub fatal: bool,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Text::line(&self.path.to_string_lossy()))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        write!(f, ": {}", self.what)?;
        if !self.help.is_empty() {
            write!(f, "; {}", self.help)?;
        }
        Ok(())
    }
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) path: Rc<Path>,
    pub(super) line: usize,
    pub(super) column: usize,
}

impl Place {
    /// The whole of a file.
    pub(super) fn file(path: &Path) -> Self {
        Self { path: path.into(), line: 0, column: 0 }
    }

    /// Elsewhere in the same line.
    pub(super) fn at(&self, column: usize) -> Self {
        Self { column, ..self.clone() }
    }
}

/// Notes so far, in the order they were found.
#[derive(Debug, Default)]
pub(super) struct Notes {
    told: Vec<Note>,
}

impl Notes {
    /// Something that keeps the host from being reached as the user's `ssh` would.
    pub(super) fn fatal(&mut self, place: &Place, keyword: &str, what: impl Into<String>, help: impl Into<String>) {
        self.add(place, keyword, what.into(), help.into(), true);
    }

    /// Something to know.
    pub(super) fn tell(&mut self, place: &Place, keyword: &str, what: impl Into<String>, help: impl Into<String>) {
        self.add(place, keyword, what.into(), help.into(), false);
    }

    /// All of them.
    pub(super) fn into_list(self) -> Vec<Note> {
        self.told
    }

    fn add(&mut self, place: &Place, keyword: &str, what: String, help: String, fatal: bool) {
        let note = Note {
            path: place.path.to_path_buf(),
            line: place.line,
            column: place.column,
            keyword: Text::line_at_most(keyword, 60).to_string(),
            what: Text::line_at_most(&what, 240).to_string(),
            help: Text::line_at_most(&help, 240).to_string(),
            fatal,
        };
        // A second pass reads every line again.
        if !self.told.contains(&note) {
            self.told.push(note);
        }
    }
}

/// A word of the file, short and cleaned, for a sentence.
pub(super) fn shown(word: &str) -> Text {
    Text::line_at_most(word, 60)
}
