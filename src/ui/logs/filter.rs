//! Filters of logs as typed: `level>=warn`, `name=value`, `since:15m`, `until:14:30`, `+3` for lines around, and a
//! regular expression of all that is left; `!` before it turns it around, `~` takes its letters with anything between.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::log::{FieldTest, Filter, Level, pattern};
use crate::settings::when;

/// More lines around one than anybody reads.
const MOST_CONTEXT: usize = 50;

/// A filter as typed, ready to be used.
#[derive(Clone, Debug)]
pub struct LogFilter {
    /// As typed.
    pub text: String,
    /// What it means.
    pub filter: Arc<Filter>,
    /// Lines around those that pass, where it says so.
    pub context: Option<usize>,
}

impl LogFilter {
    /// Reads what was typed; times are of that zone.
    pub fn parse(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Self, String> {
        let (mut filter, mut context) = (Filter::default(), None);
        let mut words: Vec<&str> = Vec::new();
        for word in parts(text) {
            if let Some(level) = level(word) {
                filter.level = Some(level?);
            } else if let Some(when) = word.strip_prefix("since:") {
                filter.since = Some(when::read(when, now, zone)?);
            } else if let Some(when) = word.strip_prefix("until:") {
                filter.until = Some(when::read(when, now, zone)?);
            } else if let Some(lines) = word.strip_prefix('+').and_then(|n| n.parse::<usize>().ok()) {
                context = Some(lines.min(MOST_CONTEXT));
            } else if let Some(test) = field(word) {
                filter.fields.push(test?);
            } else {
                words.push(word);
            }
        }
        let rest = words.join(" ");
        let (invert, rest) = rest.strip_prefix('!').map_or((false, rest.as_str()), |rest| (true, rest));
        let written = match rest.strip_prefix('~') {
            Some(letters) => letters.chars().map(|c| regex::escape(&c.to_string())).collect::<Vec<_>>().join(".*"),
            None => quoted(rest).map_or_else(|| rest.to_owned(), regex::escape),
        };
        if !written.is_empty() {
            let read =
                pattern(&written).map_err(|e| format!("no regular expression: {}", last_line(&e.to_string())))?;
            (filter.grep, filter.invert) = (Some(read), invert);
        }
        Ok(Self { text: text.trim().to_owned(), filter: Arc::new(filter), context })
    }

    /// Lines that hold this text as it is.
    pub fn literal(text: &str) -> Option<Self> {
        let grep = pattern(&regex::escape(text)).ok()?;
        let filter = Filter { grep: Some(grep), ..Filter::default() };
        Some(Self { text: text.to_owned(), filter: Arc::new(filter), context: None })
    }

    /// Whether everything passes.
    pub fn is_open(&self) -> bool {
        self.filter.is_open()
    }
}

/// The words of a text; what stands in quotes is one.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let between = move |c: char| {
        is_quoted ^= c == '"';
        c == ' ' && !is_quoted
    };
    text.split(between).filter(|word| !word.is_empty())
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('"')?.strip_suffix('"')
}

fn last_line(text: &str) -> String {
    text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
}

/// `level>=warn`, `level:warn`, `>=warn`.
fn level(word: &str) -> Option<Result<Level, String>> {
    let name = ["level>=", "level=", "level:", ">="].iter().find_map(|head| word.strip_prefix(head))?;
    let words = Level::ALL.map(Level::word);
    Some(Level::parse(name).ok_or_else(|| format!("no level `{name}`; write {}", crate::settings::word::list(&words))))
}

/// `name=value`, `name>=value` and so on, where the name is one.
fn field(word: &str) -> Option<Result<FieldTest, String>> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '@');
    let name = word.split(|c: char| !fits(c)).next()?;
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '@'));
    let (op, value) = word.get(name.len()..)?.split_at_checked(1)?;
    let compares = matches!(op, "=" | "<" | ">" | "~") || (op == "!" && value.starts_with('='));
    (begins && compares && !value.trim_start_matches('=').is_empty()).then(|| FieldTest::parse(&word.replace('"', "")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<LogFilter, String> {
        LogFilter::parse(text, "2026-05-02T10:00:00Z".parse().unwrap(), &TimeZone::UTC)
    }

    fn grep(text: &str) -> String {
        read(text).unwrap().filter.grep.as_ref().unwrap().as_str().to_owned()
    }

    #[test]
    fn a_filter_says_level_fields_times_lines_around_and_a_pattern() {
        let read = read("level>=warn status>=502 since:15m until:10:00 +3 timed out|refused").unwrap();
        let filter = &read.filter;
        assert_eq!((filter.level, read.context), (Some(Level::Warn), Some(3)));
        assert_eq!(filter.fields, [FieldTest::parse("status>=502").unwrap()]);
        assert_eq!(filter.since, Some("2026-05-02T09:45:00Z".parse().unwrap()));
        assert_eq!(filter.until, Some("2026-05-02T10:00:00Z".parse().unwrap()));
        assert_eq!(filter.grep.as_ref().unwrap().as_str(), "(?i)timed out|refused");
        assert!(!filter.invert);
    }

    #[test]
    fn patterns_are_turned_around_taken_as_they_are_or_letter_by_letter() {
        assert!(read("!healthz").unwrap().filter.invert);
        assert_eq!(grep("\"a=b (c)\""), "(?i)a=b \\(c\\)");
        assert_eq!(grep("~a.b"), "(?i)a.*\\..*b");
        assert!(read("").unwrap().is_open() && read("  ").unwrap().is_open());
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert!(read("level>=loud").unwrap_err().contains("no level `loud`"));
        assert!(read("since:never").unwrap_err().contains("is no time"));
        assert!(read("a(b").unwrap_err().starts_with("no regular expression: unclosed group"));
    }
}
