//! A fault: something wrong in a file that a person wrote (deck, theme, keymap), told so that the person can mend it:
//! what, where, the bad text and what to write instead.

use std::fmt;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::id::EnvironmentId;
use super::text::Text;

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
    /// How many cells the bad text takes in `source`.
    pub width: usize,
    /// How many cells of `source` stand before the bad text. It is not `column - 1` where a line is shortened, holds
    /// tabs or wide characters, or has a secret taken out.
    pub caret: usize,
    /// Whether it stops the part that holds it.
    pub severity: Severity,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// The line of the file that holds it, fit to be shown; empty when it is better not shown.
    pub source: String,
    /// What to write instead.
    pub help: Option<String>,
    /// The environments that do not load because of it: several when it stands in a template that they share; none
    /// for faults of the whole file.
    pub breaks: Vec<EnvironmentId>,
}

/// Longer sentences are cut: a key or a value of a thousand characters would bury what is said of it.
const MOST_WORDS: usize = 500;

impl Fault {
    /// The same with nothing in it that a terminal would act on. Control characters become visible pictures rather
    /// than vanish: they may be what is wrong.
    #[must_use]
    pub fn cleaned(mut self) -> Self {
        self.message = visible(&self.message);
        self.source = visible(&self.source);
        self.help = self.help.as_deref().map(visible).filter(|help| !help.is_empty());
        self
    }
}

/// What is shown for a character: itself, a picture of a control character, or a mark for one that would reorder or
/// hide what stands around it.
pub fn picture(c: char) -> char {
    match c {
        '\0'..='\u{1f}' => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
        '\u{7f}' => '␡',
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

fn visible(raw: &str) -> String {
    let shown: String = raw.chars().map(picture).collect();
    Text::line_at_most(&shown, MOST_WORDS).as_str().to_owned()
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        // What was taken in elsewhere, or read back from a recording, is cleaned here once more.
        write!(f, "{}", visible(&self.file.display().to_string()))?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        writeln!(f, ": {word}: {}", visible(&self.message))?;
        if self.line > 0 && !self.source.trim().is_empty() {
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let caret = "^".repeat(self.width.max(1));
            let indent = " ".repeat(self.caret);
            writeln!(f, "  {number} │ {}", visible(&self.source))?;
            writeln!(f, "  {gutter} │ {indent}{caret}")?;
        }
        if let Some(help) = &self.help {
            writeln!(f, "  help: {}", visible(help))?;
        }
        if self.severity == Severity::Error && !self.breaks.is_empty() {
            let names: Vec<&str> = self.breaks.iter().map(EnvironmentId::as_str).collect();
            writeln!(f, "  breaks: {}", names.join(", "))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_terminal_acts_on_is_told() {
        let fault = Fault {
            file: PathBuf::from("a\u{1b}[2Jb.toml"),
            line: 1,
            column: 1,
            width: 1,
            caret: 0,
            severity: Severity::Error,
            message: "no key `\u{1b}[31mred`\nand \u{9b}1m more".into(),
            source: "\"\u{202e}x\" = 1\r".into(),
            help: Some("\u{7}bell".into()),
            breaks: Vec::new(),
        };
        for told in [fault.to_string(), fault.clone().cleaned().to_string()] {
            assert!(told.chars().all(|c| c == '\n' || !c.is_control()), "{told:?}");
            assert!(told.contains("no key `␛[31mred`␊and"), "{told}");
            assert!(!told.contains('\u{202e}'), "{told:?}");
        }
    }
}
