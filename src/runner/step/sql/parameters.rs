//! `:name` in a statement becomes a parameter (`$1`). Knows what is text, a comment, a cast or a slice, and leaves it
//! alone. Never puts a value into a statement.

use std::collections::BTreeMap;

use crate::model::Text;
use crate::settings::word;

/// A statement for the server, and the values of its parameters in order.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Statement {
    pub(super) text: String,
    pub(super) values: Vec<String>,
}

impl Statement {
    /// Reads a statement; every name must have a value.
    pub(super) fn read(statement: &str, values: &BTreeMap<String, String>) -> Result<Self, Text> {
        let mut names: Vec<&str> = Vec::new();
        let mut text = String::with_capacity(statement.len());
        let mut rest = statement;
        while let Some(first) = rest.chars().next() {
            let quoted = skipped(rest);
            if quoted > 0 {
                let (skip, after) = rest.split_at_checked(quoted).unwrap_or((rest, ""));
                text.push_str(skip);
                rest = after;
                continue;
            }
            if let Some(name) = rest.strip_prefix(':').map(name).filter(|name| !name.is_empty()) {
                let at = names.iter().position(|n| *n == name).unwrap_or_else(|| {
                    names.push(name);
                    names.len() - 1
                });
                text.push_str(&format!("${}", at + 1));
                rest = rest.get(name.len() + 1..).unwrap_or_default();
                continue;
            }
            text.push(first);
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
        let value = |name: &&str| {
            let found = values.get(&name.to_lowercase()).cloned();
            let hint = || word::hint(name, values.keys().map(String::as_str));
            found.ok_or_else(|| Text::from(format!("`:{name}` in the statement is not known; {}", hint())))
        };
        let values = names.iter().map(value).collect::<Result<Vec<String>, Text>>()?;
        Ok(Self { text, values })
    }
}

/// The name that a text begins with.
fn name(text: &str) -> &str {
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(text.len());
    text.get(..if begins { end } else { 0 }).unwrap_or_default()
}

/// How many bytes at the beginning hold no parameter: a text, a quoted name, a comment, a cast, a word.
fn skipped(text: &str) -> usize {
    let upto = |from: usize, end: &str| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(end).map_or(text.len(), |at| from + at + end.len())
    };
    let mut chars = text.chars();
    match (chars.next(), chars.next()) {
        (Some(':'), Some(':')) => 2,
        (Some('\''), _) => upto(1, "'"),
        (Some('"'), _) => upto(1, "\""),
        // Backslashes escape quotes there.
        (Some('e' | 'E'), Some('\'')) => escaped(text),
        (Some('-'), Some('-')) => upto(2, "\n"),
        (Some('/'), Some('*')) => comment(text),
        (Some('$'), _) => dollar(text),
        // A word as a whole, so that no `e` at its end opens a text.
        (Some(c), _) if c.is_alphanumeric() || c == '_' => {
            text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len())
        }
        _ => 0,
    }
}

fn escaped(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(2) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Comments nest.
fn comment(text: &str) -> usize {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes.get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => {
                (depth, at) = (depth.saturating_sub(1), at + 2);
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    text.len()
}

/// `$tag$ … $tag$`; else one character.
fn dollar(text: &str) -> usize {
    let Some((tag, _)) = text.strip_prefix('$').and_then(|rest| rest.split_once('$')) else { return 1 };
    if !tag.chars().all(|c| c.is_alphanumeric() || c == '_') || tag.starts_with(|c: char| c.is_ascii_digit()) {
        return 1;
    }
    let mark = format!("${tag}$");
    let rest = text.get(mark.len()..).unwrap_or_default();
    rest.find(&mark).map_or(text.len(), |at| mark.len() + at + mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(statement: &str) -> Result<Statement, String> {
        let values = [("version", "v1"), ("port", "5432"), ("b", "x")];
        let values = values.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
        Statement::read(statement, &values).map_err(|e| e.to_string())
    }

    #[test]
    fn names_become_parameters_each_once() {
        let read = read("select :version, :port::int, :VERSION from t where a=:version").unwrap();
        assert_eq!(read.text, "select $1, $2::int, $3 from t where a=$1");
        assert_eq!(read.values, ["v1", "5432", "v1"]);
    }

    #[test]
    fn texts_comments_casts_and_slices_are_left_alone() {
        for statement in [
            "select ':version', 'it''s :version'",
            r"select E'\':version', e'a\\'",
            "select \":version\" from t",
            "select 1::text -- :version\n",
            "select 1 /* :version /* :x */ :y */",
            "select $$ :version $$, $a$ :version $a$",
            "select a[1:2], '12:30:00'::time",
        ] {
            assert_eq!(read(statement).unwrap(), Statement { text: statement.into(), values: Vec::new() });
        }
        assert_eq!(read("select name':version', :b").unwrap().text, "select name':version', $1");
        assert_eq!(read("select E'\\\\', :b").unwrap().text, "select E'\\\\', $1");
    }

    #[test]
    fn a_name_without_a_value_is_told_with_the_nearest() {
        assert_eq!(
            read("select :verison").unwrap_err(),
            "`:verison` in the statement is not known; did you mean `version`?"
        );
    }
}
