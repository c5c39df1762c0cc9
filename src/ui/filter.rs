//! Filters of lists: words that must all match. `text` is found anywhere, `!text` must not be found, `~txt` is fuzzy,
//! `key:value` looks at one property.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// The properties that `key:value` knows.
pub const KEYS: [&str; 6] = ["health", "host", "kind", "name", "probe", "version"];

/// A filter as typed, ready to be asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Has(String),
    HasNot(String),
    Like(String),
    Key { key: String, value: String, wanted: bool },
}

impl Filter {
    /// Reads what was typed; anything typed is some filter.
    pub fn parse(text: &str) -> Self {
        let terms = text.split_whitespace().filter_map(term).collect();
        Self { text: text.trim().to_owned(), terms }
    }

    /// As typed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether everything passes.
    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether a line passes: its text, and its properties by key.
    pub fn matches<'p>(&self, text: &str, property: impl Fn(&str) -> Vec<&'p str>) -> bool {
        let lower = text.to_lowercase();
        self.terms.iter().all(|term| match term {
            Term::Has(word) => lower.contains(word),
            Term::HasNot(word) => !lower.contains(word),
            Term::Like(word) => fuzzy(word, text).is_some(),
            Term::Key { key, value, wanted } => {
                property(key).iter().any(|p| p.to_lowercase().starts_with(value)) == *wanted
            }
        })
    }

    /// The plain words, to be shown where they were found.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.terms.iter().filter_map(|term| match term {
            Term::Has(word) => Some(word.as_str()),
            _ => None,
        })
    }
}

fn term(word: &str) -> Option<Term> {
    let (wanted, rest) = match word.strip_prefix('!') {
        Some(rest) => (false, rest),
        None => (true, word),
    };
    if rest.is_empty() {
        return None;
    }
    if let Some((key, value)) = rest.split_once(':')
        && KEYS.contains(&key)
    {
        return Some(Term::Key { key: key.to_owned(), value: value.to_lowercase(), wanted });
    }
    Some(match (wanted, rest.strip_prefix('~')) {
        (true, Some("")) => return None,
        (true, Some(like)) => Term::Like(like.to_owned()),
        (true, None) => Term::Has(rest.to_lowercase()),
        (false, _) => Term::HasNot(rest.to_lowercase()),
    })
}

/// How well a text fits a fuzzy pattern; none when it does not.
pub fn fuzzy(pattern: &str, text: &str) -> Option<u32> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    Pattern::parse(pattern, CaseMatching::Ignore, Normalization::Smart)
        .score(Utf32Str::new(text, &mut buffer), &mut matcher)
}

/// The items that fit a fuzzy pattern, best first; all of them, in order, for an empty one. An item has a name and
/// words about it: those whose name fits come before those of which only the words do.
pub fn rank<T>(pattern: &str, items: impl IntoIterator<Item = T>, texts: impl Fn(&T) -> (&str, &str)) -> Vec<T> {
    let mut matcher = Matcher::new(Config::DEFAULT);
    let mut buffer = Vec::new();
    let pattern = Pattern::parse(pattern, CaseMatching::Ignore, Normalization::Smart);
    let mut scored: Vec<((bool, u32), T)> = items
        .into_iter()
        .filter_map(|item| {
            let (name, words) = texts(&item);
            let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
            let found = score(name).map(|s| (true, s)).or_else(|| score(words).map(|s| (false, s)));
            found.map(|found| (found, item))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.into_iter().map(|(_, item)| item).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(filter: &str) -> bool {
        Filter::parse(filter).matches("sales ready: connection refused", |key| match key {
            "health" => vec!["unhealthy"],
            _ => vec![],
        })
    }

    #[test]
    fn words_must_all_be_found_and_negated_ones_must_not() {
        assert!(passes("SALES refused") && passes("!payroll") && passes(""));
        assert!(!passes("sales payroll") && !passes("!sales"));
    }

    #[test]
    fn fuzzy_words_may_leave_letters_out() {
        assert!(passes("~slrdy") && !passes("~xyz") && !passes("slrdy"));
    }

    #[test]
    fn properties_are_asked_by_key() {
        assert!(passes("health:unh") && !passes("health:healthy") && passes("!health:healthy"));
        assert!(!passes("host:vps") && passes("http") == passes("http"));
    }

    #[test]
    fn what_is_called_so_comes_before_what_only_speaks_of_it() {
        let items = [("faults", "wrong in the theme"), ("theme", "choose one"), ("quit", "leave")];
        let found: Vec<&str> =
            rank("them", items, |(name, words)| (*name, *words)).into_iter().map(|(n, _)| n).collect();
        assert_eq!(found, ["theme", "faults"]);
    }
}
