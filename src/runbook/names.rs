//! Names in braces in texts that are no shell texts: `{releases}/{version}`. Their form is judged here; which values they
//! have is known when a plan is made.

use crate::settings::{Faults, Place};

const BRACES: &str = "write {name} for a value, and {{ or }} for a brace itself";

/// The names that a text holds; what is wrong with its braces is told.
pub fn of(text: &str, place: Place, faults: &Faults<'_>) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        rest = rest.get(at..).unwrap_or_default();
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            rest = after;
            continue;
        }
        let Some(inner) = rest.strip_prefix('{') else {
            faults.error(place, "a closing brace stands alone", BRACES);
            return names;
        };
        let Some((name, after)) = inner.split_once('}').filter(|(name, _)| !name.contains('{')) else {
            faults.error(place, "an opening brace is never closed", BRACES);
            return names;
        };
        if name.trim().is_empty() {
            faults.error(place, "`{}` names nothing", BRACES);
        }
        names.push(name.trim().to_owned());
        rest = after;
    }
    names
}
