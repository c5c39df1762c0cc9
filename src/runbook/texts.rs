//! The text of a runbook and of all that it includes, each cut into blocks. Looks for what is included by name alone;
//! whether that goes in circles is told by who puts them together.

use std::path::Path;

use ring::digest;

use super::markdown::{self, Block, Scanned};
use super::{MOST_BYTES, attributes};
use crate::settings::Files;

/// More are a circle in all but name.
const MOST_TEXTS: usize = 64;

/// Texts by name; the first is the runbook itself.
#[derive(Debug)]
pub struct Texts {
    files: Files,
    all: Vec<(String, Scanned)>,
}

impl Texts {
    /// Takes the text in, and what it includes, and what that includes.
    pub fn gather(file: &Path, text: &str, include: &dyn Fn(&str) -> Option<String>) -> Self {
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut files = Files::default();
        let number = files.add(file, text);
        let mut all = vec![(name, markdown::scan(number, text))];
        let mut at = 0;
        while let Some((_, scanned)) = all.get(at) {
            for name in included(scanned, &files) {
                if all.len() >= MOST_TEXTS || all.iter().any(|(n, _)| *n == name) {
                    continue;
                }
                if let Some(text) = include(&name).filter(|text| text.len() <= MOST_BYTES) {
                    let number = files.add(file.with_file_name(format!("{name}.md")), text.as_str());
                    all.push((name, markdown::scan(number, &text)));
                }
            }
            at += 1;
        }
        Self { files, all }
    }

    /// The files that places point into.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The runbook itself: its name and its blocks.
    pub fn main(&self) -> Option<(&str, &Scanned)> {
        self.all.first().map(|(name, scanned)| (name.as_str(), scanned))
    }

    /// A text by name.
    pub fn get(&self, name: &str) -> Option<&Scanned> {
        self.all.iter().find(|(n, _)| n == name).map(|(_, scanned)| scanned)
    }

    /// SHA-256 of all texts, in hexadecimal.
    pub fn hash(&self) -> String {
        let mut context = digest::Context::new(&digest::SHA256);
        for (at, (_, scanned)) in self.all.iter().enumerate() {
            if at > 0 {
                context.update(&[0]);
            }
            context.update(self.files.text(scanned.file).as_bytes());
        }
        let mut hash = String::with_capacity(64);
        for byte in context.finish().as_ref() {
            hash.push_str(&format!("{byte:02x}"));
        }
        hash
    }
}

fn included(scanned: &Scanned, files: &Files) -> Vec<String> {
    let fences = scanned.blocks.iter().filter_map(|block| match block {
        Block::Fence(fence) => Some(fence),
        _ => None,
    });
    let includes = fences.filter(|f| attributes::word(files.written(f.info)) == "include");
    includes.map(|f| f.text.trim().to_owned()).collect()
}
