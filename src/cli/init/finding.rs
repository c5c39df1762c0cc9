//! What a look at one address found: the probes to write and a line for the person who waits. What answers of any kind
//! share: how a certificate and a failure are told.

use super::draft::Draft;
use crate::model::{Observation, Outcome, Text};

/// Findings of one address.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    /// What it is: `web`, `postgres`, `vendor`; a name for a service without a host name.
    pub(super) kind: &'static str,
    /// What to write.
    pub(super) drafts: Vec<Draft>,
    /// What was found, in a few words.
    pub(super) words: String,
    /// Whether anything took a connection.
    pub(super) answered: bool,
    /// The port that answered, where it is not the one of the address.
    pub(super) port: Option<u16>,
}

impl Finding {
    /// Findings of one probe, or of several.
    pub(super) fn new(kind: &'static str, drafts: Vec<Draft>, words: impl Into<String>) -> Self {
        Self { kind, drafts, words: words.into(), answered: true, port: None }
    }

    /// The same for what did not answer.
    #[must_use]
    pub(super) fn silent(self) -> Self {
        Self { answered: false, ..self }
    }
}

/// The value of a fact.
pub(super) fn fact<'o>(seen: &'o Observation, name: &str) -> Option<&'o str> {
    seen.facts.iter().find(|f| f.name.as_str() == name).map(|f| f.value.as_str())
}

/// Why it is not a pass; empty for a pass without remark.
pub(super) fn reason(seen: &Observation) -> &str {
    seen.reason.as_ref().map_or("", Text::as_str)
}

/// Whether all is well, or nearly.
pub(super) fn is_well(seen: &Observation) -> bool {
    matches!(seen.outcome, Outcome::Pass | Outcome::Degraded)
}

/// The comment for what did not answer as it should.
pub(super) fn trouble(seen: &Observation) -> String {
    let own =
        if reason(seen).contains("not trusted here") { "; ca = \"FILE.pem\" names your own authority" } else { "" };
    format!("Failed when this was written: {}{own}", reason(seen))
}

/// The words for what gave no answer; what took a connection has a reason that says more.
pub(super) fn silence(seen: &Observation) -> String {
    match reason(seen) {
        why if why.starts_with("no ") || fact(seen, "address").is_some() => why.to_owned(),
        why => format!("no answer: {why}"),
    }
}

/// A certificate's probe with its comment, and the words for the line.
pub(super) fn certificate(draft: Draft, seen: &Observation) -> (Draft, String) {
    match (fact(seen, "left"), fact(seen, "not after")) {
        (Some(left), Some(day)) if is_well(seen) => {
            let mut comment = format!("Runs until {day}, {left} left");
            if !reason(seen).is_empty() {
                comment = format!("{comment}; {}", reason(seen));
            }
            (draft.noted(&comment), format!("certificate {left} left"))
        }
        _ => (draft.noted(&trouble(seen)), silence(seen)),
    }
}

/// `a, b, c and 4 more`.
pub(super) fn some_of(names: &[&str], most: usize) -> String {
    let shown = names.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    if names.len() > most { format!("{shown} and {} more", names.len() - most) } else { shown }
}

/// The same with a capital letter.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
