//! Lines of a form of their own, as a deck describes it: a regular expression whose named groups say what is the time,
//! the level and the message. Judges one line at a time; an expression without such names is none.

use std::borrow::Cow;
use std::sync::Arc;

use regex::bytes::{Captures, Regex, RegexBuilder};

use super::body::Body;
use super::level::Level;
use super::trace;

/// The names that mean something; any other is a field.
pub const NAMES: [&str; 3] = ["time", "level", "message"];

/// The form of a source's lines.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// The groups that are fields.
    fields: Vec<Arc<str>>,
}

/// What the groups of one line say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub time: Option<&'a [u8]>,
    pub level: Option<Level>,
}

impl Pattern {
    /// From a regular expression with at least one of the groups `time`, `level` and `message`; an expression that has
    /// none of them finds nothing in any line.
    pub fn new(text: &str) -> Result<Self, regex::Error> {
        let regex = RegexBuilder::new(text).size_limit(1 << 20).build()?;
        let names = regex.capture_names().flatten().filter(|name| !NAMES.contains(name));
        let fields = names.map(Into::into).collect();
        Ok(Self { regex, fields })
    }

    /// The message and the fields of a line; none if it has another form.
    pub fn body<'a>(&self, line: &'a [u8]) -> Option<Body<'a>> {
        let found = self.regex.captures(line)?;
        let message = if self.has("message") { group(&found, "message").unwrap_or_default() } else { line };
        let fields = self.fields.iter().filter_map(|name| {
            let value = group(&found, name).filter(|value| !value.is_empty())?;
            Some((Cow::Owned(name.as_bytes().to_vec()), Cow::Borrowed(value)))
        });
        Some(Body { message: Cow::Borrowed(message), fields: fields.collect() })
    }

    /// The value of a field, if the expression has a group of its name and the line has its form.
    pub fn field<'a>(&self, line: &'a [u8], name: &str) -> Option<Cow<'a, [u8]>> {
        if !self.has(name) {
            return None;
        }
        group(&self.regex.captures(line)?, name).map(Cow::Borrowed)
    }

    /// The correlation id of a line: that of a group with one of the usual names (`corr`, `trace_id`), else as
    /// [`trace::trace`] finds it.
    pub fn trace<'a>(&self, line: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        let named = self.fields.iter().filter_map(|name| Some((trace::rank(name.as_bytes())?, name)));
        let own = named.min().and_then(|(_, name)| self.field(line, name)).filter(|id| trace::is_id(id));
        own.or_else(|| trace::trace(line))
    }

    pub(super) fn find<'a>(&self, line: &'a [u8]) -> Option<Found<'a>> {
        let found = self.regex.captures(line)?;
        let level = group(&found, "level").map(<[u8]>::trim_ascii);
        let judged =
            |word| Level::from_bytes(word).or_else(|| Level::from_number(word)).or_else(|| Level::from_status(word));
        Some(Found { time: group(&found, "time").map(<[u8]>::trim_ascii), level: level.and_then(judged) })
    }

    fn has(&self, name: &str) -> bool {
        self.regex.capture_names().flatten().any(|known| known == name)
    }
}

fn group<'a>(found: &Captures<'a>, name: &str) -> Option<&'a [u8]> {
    found.name(name).map(|group| group.as_bytes())
}
