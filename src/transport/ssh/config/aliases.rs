//! The hosts that a user has named in the configuration: the words of `Host` without wildcards. Reads the user's files and
//! what they include; judges no condition.

use std::path::{Path, PathBuf};

use super::destination::check_host;
use super::line;
use super::reader::{MOST_DEPTH, included, real};
use super::{Sources, file};

/// The most files that are looked into.
const MOST_FILES: usize = 2_000;

/// The names of hosts in the user's configuration, each once and in the order of the files. [`super::resolve`] tells where
/// each leads.
pub fn aliases(sources: &Sources) -> Vec<String> {
    let mut search = Search { sources, found: Vec::new(), files_read: 0 };
    if let Some(path) = &sources.user {
        search.file(path, !sources.is_named, &[real(path)]);
    }
    search.found
}

struct Search<'s> {
    sources: &'s Sources,
    found: Vec<String>,
    files_read: usize,
}

impl Search<'_> {
    fn file(&mut self, path: &Path, is_checked: bool, trail: &[PathBuf]) {
        self.files_read += 1;
        // What cannot be read is told when a host is resolved.
        let Ok(bytes) = file::read(path, is_checked) else { return };
        for line in String::from_utf8_lossy(&bytes).lines().filter_map(line::read) {
            let words = line.words.unwrap_or_default();
            if line.keyword.text.eq_ignore_ascii_case("host") {
                for word in words {
                    self.take(word.text);
                }
            } else if line.keyword.text.eq_ignore_ascii_case("include") {
                for word in &words {
                    self.include(&word.text, trail);
                }
            }
        }
    }

    fn take(&mut self, word: String) {
        // A pattern or a denial has a sign that no host has.
        if check_host(&word).is_ok() && !self.found.contains(&word) {
            self.found.push(word);
        }
    }

    fn include(&mut self, word: &str, trail: &[PathBuf]) {
        for path in included(word, true, self.sources).unwrap_or_default() {
            let real = real(&path);
            if !trail.contains(&real) && trail.len() <= MOST_DEPTH && self.files_read < MOST_FILES {
                let trail: Vec<_> = trail.iter().cloned().chain([real]).collect();
                self.file(&path, true, &trail);
            }
        }
    }
}
