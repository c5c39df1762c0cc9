//! A fault: something wrong in a file that a person wrote (deck, theme, keymap), told so that the person can mend it:
//! what, where, the bad text and what to write instead.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::id::EnvironmentId;

/// How bad a fault is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Loads and works, but probably not as meant.
    Warning,
    /// The part that holds it does not load.
    Error,
}

/// One thing wrong in one place of one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// The file, as the user named it.
    pub file: PathBuf,
    /// Line from 1; 0 when the file as a whole is meant.
    pub line: usize,
    /// Column from 1, in characters; 0 when the file as a whole is meant.
    pub column: usize,
    /// How many characters the bad text is long.
    pub width: usize,
    /// Whether it stops the part that holds it.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The line of the file that holds it.
    pub source: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The environment that does not load because of it; none for faults of the whole file.
    pub environment: Option<EnvironmentId>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{}", self.file.display())?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        writeln!(f, ": {word}: {}", self.message)?;
        if self.line > 0 && !self.source.trim().is_empty() {
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let caret = "^".repeat(self.width.max(1));
            let indent = " ".repeat(self.column.saturating_sub(1));
            writeln!(f, "  {number} │ {}", self.source)?;
            writeln!(f, "  {gutter} │ {indent}{caret}")?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "  help: {help}")?;
        }
        Ok(())
    }
}
