//! Which lines are wanted: by text, level, time and fields. Judges one line at a time; holds no lines.

mod field_test;

use jiff::Timestamp;
use regex::bytes::{Regex, RegexBuilder};

use super::field::field;
use super::groups::Pattern;
use super::level::Level;
use super::parse::Parsed;
pub use field_test::{FieldOp, FieldTest};

/// Which lines are wanted; all that it says must hold.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// What the line must hold. Make it with [`pattern`]: a search over a store sees the pattern's text, and no flags
    /// that were given beside it.
    pub grep: Option<Regex>,
    /// The line must not hold it.
    pub invert: bool,
    /// At least as bad as this; a line that says nothing of it is not wanted then.
    pub level: Option<Level>,
    /// Not before this; a line without a time is wanted.
    pub since: Option<Timestamp>,
    /// Not after this; a line without a time is wanted.
    pub until: Option<Timestamp>,
    /// What fields must say.
    pub fields: Vec<FieldTest>,
}

impl Filter {
    /// Whether the line is wanted.
    pub fn is_match(&self, line: &[u8], parsed: &Parsed) -> bool {
        self.is_match_with(line, parsed, None)
    }

    /// As [`Filter::is_match`], for a source whose lines have a form of their own: its groups are fields too.
    pub fn is_match_with(&self, line: &[u8], parsed: &Parsed, pattern: Option<&Pattern>) -> bool {
        self.fits(parsed.level, parsed.time)
            && self.grep.as_ref().is_none_or(|grep| grep.is_match(line) != self.invert)
            && self.has_fields(line, pattern)
    }

    /// Whether it lets everything through.
    pub fn is_open(&self) -> bool {
        self.grep.is_none()
            && self.level.is_none()
            && self.since.is_none()
            && self.until.is_none()
            && self.fields.is_empty()
    }

    /// Level and time alone.
    pub(super) fn fits(&self, level: Option<Level>, time: Option<Timestamp>) -> bool {
        self.level.is_none_or(|least| level.is_some_and(|l| l >= least))
            && time.is_none_or(|t| self.since.is_none_or(|s| s <= t) && self.until.is_none_or(|u| t <= u))
    }

    pub(super) fn has_fields(&self, line: &[u8], pattern: Option<&Pattern>) -> bool {
        let value = |name: &str| pattern.and_then(|p| p.field(line, name)).or_else(|| field(line, name));
        self.fields.iter().all(|test| value(&test.name).is_some_and(|value| test.is_met(&value)))
    }
}

/// A pattern as people write it: without capitals it finds both cases. Its text holds all its flags.
pub fn pattern(text: &str) -> Result<Regex, regex::Error> {
    let mut escaped = false;
    let mut capital = |c: char| {
        let counts = c.is_uppercase() && !escaped;
        escaped = c == '\\' && !escaped;
        counts
    };
    let flags = if text.chars().any(&mut capital) { "" } else { "(?i)" };
    RegexBuilder::new(&format!("{flags}{text}")).size_limit(4 << 20).build()
}
