//! Secrets that stand in plain text where they should not: found by the words around them, so that no fault repeats
//! the line they are on. It errs on the side of hiding; what it hides is still read.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// A key that names a secret, and the start of its value.
static KEY: LazyLock<Option<Regex>> = LazyLock::new(|| {
    let words = "passw(?:or)?d|passphrase|pwd|secret|token|api[-_]?key|access[-_]?key|private[-_]?key|credential|\
                 authori[sz]ation|cookie";
    Regex::new(&format!(r#"(?i)[\w.-]*(?:{words})[\w-]*["']?\s*=\s*"#)).ok()
});
/// `password=` within an address or a connection string.
static PARAMETER: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"(?i)(?:password|passwd|pwd|token|secret)=([^&\s"';,]+)"#).ok());

/// The schemes of references to secrets, which are no secrets themselves.
const REFERENCES: [&str; 4] = ["env:", "file:", "command:", "keyring:"];

/// The bytes of a line that look like secrets, in order and apart from each other.
pub fn secrets(line: &str) -> Vec<Range<usize>> {
    let mut found = values(line);
    found.extend(logins(line));
    let parameters = PARAMETER.iter().flat_map(|p| p.captures_iter(line)).filter_map(|c| Some(c.get(1)?.range()));
    found.extend(parameters.filter(|range| !is_reference(line.get(range.clone()).unwrap_or_default())));
    joined(found)
}

/// A sentence without the passwords of addresses it quotes.
pub fn veiled(sentence: &str) -> String {
    let mut told = sentence.to_owned();
    let parameters = PARAMETER.iter().flat_map(|p| p.captures_iter(sentence)).filter_map(|c| Some(c.get(1)?.range()));
    for range in joined(logins(sentence).into_iter().chain(parameters).collect()).into_iter().rev() {
        told.replace_range(range, "•••");
    }
    told
}

/// Sorted, and those that touch made one.
pub(super) fn joined(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|r| !r.is_empty());
    ranges.sort_by_key(|r| (r.start, r.end));
    let mut apart: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match apart.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => apart.push(range),
        }
    }
    apart
}

/// Whether a text is one name in braces and nothing else: `{db_password}`.
pub fn is_name_alone(text: &str) -> bool {
    let name = text.strip_prefix('{').and_then(|t| t.strip_suffix('}'));
    name.is_some_and(|n| !n.is_empty() && n.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)))
}

fn is_reference(value: &str) -> bool {
    let value = value.trim();
    is_name_alone(value) || REFERENCES.iter().any(|scheme| value.starts_with(scheme))
}

/// The values of keys that name secrets.
fn values(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for key in KEY.iter().flat_map(|k| k.find_iter(line)) {
        let start = key.end();
        let rest = line.get(start..).unwrap_or_default();
        let value = match rest.chars().next() {
            Some(quote @ ('"' | '\'')) => {
                let inner = start + 1 + usize::from(rest.starts_with("\"\"\"") || rest.starts_with("\'\'\'")) * 2;
                inner..inner + closing(line.get(inner..).unwrap_or_default(), quote)
            }
            Some('{') | None => continue,
            Some('[') => start..line.len(),
            Some(_) => start..start + rest.find([',', '}', ']', '#']).unwrap_or(rest.len()),
        };
        let text = line.get(value.clone()).unwrap_or_default();
        let value = value.start..value.start + text.trim_end().len();
        if !is_reference(text) {
            found.push(value);
        }
    }
    found
}

/// How many bytes stand before the quote that closes; all of them when none does.
fn closing(text: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quote == '"' => escaped = true,
            c if c == quote => return at,
            _ => {}
        }
    }
    text.len()
}

/// Passwords in addresses: what stands between the first `:` and the last `@`, for a careless one may hold an `@` or
/// a slash.
fn logins(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for (at, scheme) in text.match_indices("://") {
        let start = at + scheme.len();
        let rest = text.get(start..).unwrap_or_default();
        let rest = rest.get(..rest.find(['"', '\'']).unwrap_or(rest.len())).unwrap_or_default();
        let login = rest.rfind('@').and_then(|end| rest.get(..end)).unwrap_or_default();
        if let Some(colon) = login.find(':') {
            found.push(start + colon + 1..start + login.len());
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(line: &str) -> String {
        let mut told = line.to_owned();
        for range in secrets(line).into_iter().rev() {
            told.replace_range(range, "•••");
        }
        told
    }

    #[test]
    fn what_looks_like_a_secret_is_found_in_any_shape() {
        for line in [
            "password = \"hunter2\"",
            "password = hunter2",
            "password = 'hunter2' # comment",
            "probes.db = { postgres = \"x\", password = \"hun\\\"ter2\", tmeout = 5 }",
            "vars = { db_password = \"hunter2\", x = 1 }",
            "\"X-Api-Key\" = \"hunter2\"",
            "token = [\"hunter2\"]",
            "password = \"\"\"hunter2",
            "password = \"hunter2",
            "http = \"https://ops:hunter2@shop.example.com/\"",
            "http = \"https://ops:a/b@hunter2@shop.example.com/\"",
            "postgres = \"postgresql://db/x?user=a&password=hunter2\"",
        ] {
            let told = hidden(line);
            assert!(told.contains("•••") && !told.contains("ter2"), "{told}");
        }
    }

    #[test]
    fn references_names_and_ordinary_lines_stay_as_they_are() {
        for line in [
            "password = \"env:DB_PASSWORD\", user = \"ops\"",
            "headers.X-Key = { secret = \"file:/run/secrets/key\" }",
            "password = \"{reference}\"",
            "postgres = \"postgresql://app@db:5432/x\"",
            "http = \"http://127.0.0.1:5006/health\"",
        ] {
            assert_eq!(hidden(line), line);
        }
        assert_eq!(veiled("\"https://a:b c@h\" is not a URL"), "\"https://a:•••@h\" is not a URL");
    }
}
