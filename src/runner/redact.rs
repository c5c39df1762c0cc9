//! Secrets out of what steps print: by value and by the forms in which values are usually printed, also when one is split
//! across reads. Holds back only what may be the beginning of a value. Never prints a value, and never guesses one.

mod forms;

use std::fmt;

use aho_corasick::{AhoCorasick, MatchKind};
use secrecy::{ExposeSecret, SecretString};

pub use forms::SHORTEST;

/// What stands in the place of a secret.
pub const MASK: &str = "•••";

/// Takes secrets out of one stream of bytes.
pub struct Redactor {
    finder: Option<AhoCorasick>,
    /// Every form, sorted, so that those with a given beginning stand together.
    forms: Vec<Vec<u8>>,
    longest: usize,
    /// Read, but not given on yet: it may be the beginning of a form.
    held: Vec<u8>,
    /// So many of the held bytes belong to a secret that was masked already.
    masked: usize,
    /// Whether anything was masked.
    found: bool,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor({} forms)", self.forms.len())
    }
}

impl Redactor {
    /// For these values; those shorter than [`SHORTEST`] characters would blank out ordinary words and are left alone.
    pub fn new(values: &[SecretString]) -> Self {
        let mut forms: Vec<Vec<u8>> = values.iter().flat_map(|v| forms::of(v.expose_secret())).collect();
        forms.sort();
        forms.dedup();
        // Overlapping matches are asked for, which needs the standard kind. It fails for more forms than fit a memory
        // alone, and a stream whose secrets are not known must not be given on.
        let finder = AhoCorasick::builder().match_kind(MatchKind::Standard).build(&forms).ok();
        let longest = forms.iter().map(Vec::len).max().unwrap_or_default();
        Self { finder, forms, longest, held: Vec::new(), masked: 0, found: false }
    }

    /// The same secrets for another stream.
    #[must_use]
    pub fn again(&self) -> Self {
        let (finder, forms) = (self.finder.clone(), self.forms.clone());
        Self { finder, forms, longest: self.longest, held: Vec::new(), masked: 0, found: false }
    }

    /// Whether there is anything to take out.
    pub fn is_empty(&self) -> bool {
        self.forms.is_empty()
    }

    /// Whether a secret was taken out so far.
    pub fn has_found(&self) -> bool {
        self.found
    }

    /// Takes bytes; gives on what is decided.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<u8> {
        if self.forms.is_empty() {
            return bytes.to_vec();
        }
        self.held.extend_from_slice(bytes);
        let open = self.open_from();
        self.give(open)
    }

    /// The stream is over: gives on what was held back.
    pub fn end(&mut self) -> Vec<u8> {
        self.give(self.held.len())
    }

    /// Bytes that were taken but are neither given on nor masked yet.
    pub fn held(&self) -> usize {
        self.held.len().saturating_sub(self.masked)
    }

    /// A whole text at once.
    pub fn text(&self, text: &str) -> String {
        let mut once = self.again();
        let mut clean = once.push(text.as_bytes());
        clean.extend(once.end());
        String::from_utf8_lossy(&clean).into_owned()
    }

    /// Where the first suffix begins that more bytes could make a form of.
    fn open_from(&self) -> usize {
        let first = self.held.len().saturating_sub(self.longest.saturating_sub(1));
        let could_be = |at: &usize| {
            let suffix = self.held.get(*at..).unwrap_or_default();
            let begins = self.forms.partition_point(|form| form.as_slice() < suffix);
            let with_it = self.forms.get(begins..).unwrap_or_default().iter().take_while(|f| f.starts_with(suffix));
            with_it.take(2).any(|form| form.len() > suffix.len())
        };
        (first..self.held.len()).find(could_be).unwrap_or(self.held.len())
    }

    /// Gives on everything before `open`, and keeps the rest with what is known of it.
    fn give(&mut self, open: usize) -> Vec<u8> {
        let held = std::mem::take(&mut self.held);
        let Some(finder) = &self.finder else {
            return Vec::new();
        };
        let mut given = Vec::with_capacity(open);
        // Up to here everything is given on or masked.
        let mut done = self.masked.min(held.len());
        for (from, to) in areas(finder, &held) {
            // A form that is complete and begins in what is open may still grow, or begin earlier.
            if from >= open {
                break;
            }
            if from >= done {
                given.extend_from_slice(held.get(done..from).unwrap_or_default());
                given.extend_from_slice(MASK.as_bytes());
                self.found = true;
            }
            // Else it goes on with a secret that is masked already.
            done = done.max(to);
        }
        if done < open {
            given.extend_from_slice(held.get(done..open).unwrap_or_default());
            done = open;
        }
        self.masked = done - open;
        self.held = held.get(open..).unwrap_or_default().to_vec();
        given
    }
}

/// Where forms stand; those that overlap are one.
fn areas(finder: &AhoCorasick, held: &[u8]) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = finder.find_overlapping_iter(held).map(|m| (m.start(), m.end())).collect();
    found.sort_unstable();
    let mut merged: Vec<(usize, usize)> = Vec::with_capacity(found.len());
    for (from, to) in found {
        match merged.last_mut() {
            Some(last) if from < last.1 => last.1 = last.1.max(to),
            _ => merged.push((from, to)),
        }
    }
    merged
}

#[cfg(test)]
mod tests;
