//! Regular expressions in settings. Their braces are their own (`\d{3}`, `\p{Greek}`), so only what no expression can
//! hold, a name in braces, is filled in, and its value is found as it is.

use regex::Regex;

use super::faults::Faults;
use super::files::Place;
use super::names::{Names, part};

/// What to do about a bad expression.
pub const HELP: &str = "escape special characters with a backslash; in \"…\" write it twice, in '…' once";

/// Expressions that compile to more would be slow on every answer.
const MOST_BYTES: usize = 1024 * 1024;

/// The expression, or why there is none, in one line.
pub fn compile(text: &str) -> Result<Regex, String> {
    regex::RegexBuilder::new(text).size_limit(MOST_BYTES).build().map_err(|e| match e {
        regex::Error::CompiledTooBig(_) => "it is too large".to_owned(),
        other => {
            let said = other.to_string();
            said.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned()
        }
    })
}

/// Fills `{name}` with its value, quoted for the language of the text; a name that is not known is a fault.
pub fn fill(
    text: &str,
    place: Place,
    names: &Names,
    faults: &Faults<'_>,
    quoted: fn(&str) -> String,
) -> Option<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    let mut sound = true;
    while let Some(at) = rest.find('{') {
        let (before, from) = (rest.get(..at)?, rest.get(at..)?);
        filled.push_str(before);
        let name = from.strip_prefix('{').and_then(|r| r.split_once('}')).map(|(name, _)| name);
        if let Some(name) = name.filter(|n| is_name(n) && !belongs_to_escape(&filled)) {
            let here = part(faults, place, text, text.len() - from.len(), name.len() + 2);
            match names.value(name, here, faults) {
                Some(value) => filled.push_str(&quoted(&value)),
                None => sound = false,
            }
            rest = from.get(name.len() + 2..)?;
        } else {
            filled.push('{');
            rest = from.get(1..)?;
        }
    }
    filled.push_str(rest);
    sound.then_some(filled)
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
}

/// Whether a brace after this text belongs to it: `\p{…}`, `\x{…}`, `\u{…}`, `\b{…}`, or is escaped itself.
fn belongs_to_escape(before: &str) -> bool {
    let letters = before.trim_end_matches(['p', 'P', 'x', 'u', 'U', 'b']);
    let slashes = letters.len() - letters.trim_end_matches('\\').len();
    before.len() - letters.len() <= 1 && slashes % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Files;

    fn filled(text: &str) -> Result<String, String> {
        let mut files = Files::default();
        let file = files.add("x", text);
        let faults = Faults::new(&files);
        let mut names = Names::default();
        names.set("version", "1.2", Place::default());
        let filled = fill(text, Place { file, start: 0, end: text.len() }, &names, &faults, regex::escape);
        let told = faults.into_list().first().map(|f| format!("{} {}", f.column, f.message));
        filled.ok_or(told.unwrap_or_default())
    }

    #[test]
    fn names_are_filled_and_braces_of_expressions_are_left_alone() {
        assert_eq!(filled("^v{version}$").unwrap(), "^v1\\.2$");
        for own in ["\\d{3}", "a{2,}", "\\p{Greek}+", "\\x{7F}", "\\{version\\}", "(?x) \\u{1F}", "{", "a{"] {
            assert_eq!(filled(own).unwrap(), own);
        }
        assert_eq!(filled("\\\\{version}").unwrap(), "\\\\1\\.2");
        assert_eq!(filled("ok {versoin}").unwrap_err(), "4 `{versoin}` is not known here");
    }

    #[test]
    fn a_bad_expression_is_told_in_one_line() {
        assert_eq!(compile("a(b").unwrap_err(), "unclosed group");
        assert_eq!(compile("(a{1000}){1000}").unwrap_err(), "it is too large");
    }
}
