//! Ids of steps: made from headings, unique in a runbook. They become names of tasks and files.

use std::collections::HashSet;

/// Longer ones are cut.
const LONGEST: usize = 40;

/// Ids that are taken.
#[derive(Debug, Default)]
pub struct Ids(HashSet<String>);

impl Ids {
    /// Takes an id as it was given; false when it is taken already.
    pub fn take(&mut self, id: &str) -> bool {
        self.0.insert(id.to_owned())
    }

    /// This id, or the next that is free: `switch-2`.
    pub fn free(&mut self, id: &str) -> String {
        let mut free = id.to_owned();
        let mut number = 2;
        while !self.0.insert(free.clone()) {
            free = format!("{id}-{number}");
            number += 1;
        }
        free
    }

    /// An id of an included runbook: its own, with that runbook's name before it where it is taken.
    pub fn included(&mut self, id: &str, runbook: &str) -> String {
        if self.0.insert(id.to_owned()) { id.to_owned() } else { self.free(&slug(&format!("{runbook}-{id}"))) }
    }
}

/// The words of a heading as an id: `Prove it` becomes `prove-it`. Empty where nothing of it can be kept.
pub fn slug(words: &str) -> String {
    let mut id = String::new();
    for c in words.chars() {
        if c.is_ascii_alphanumeric() {
            id.push(c.to_ascii_lowercase());
        } else if !id.ends_with('-') && !id.is_empty() && c != '\'' {
            id.push('-');
        }
        if id.len() >= LONGEST {
            break;
        }
    }
    id.trim_end_matches('-').to_owned()
}

/// Whether an id can be given.
pub fn is_good(id: &str) -> bool {
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_');
    !id.is_empty() && id.len() <= LONGEST && id.chars().all(good) && id.starts_with(|c: char| c.is_ascii_alphanumeric())
}
