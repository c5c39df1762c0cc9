//! Decks as people write, break and reload them: whatever a file holds, it is told and nothing panics; what is good
//! goes on. The words of single faults are in `tests/faults/deck`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "decks/anything.rs"]
mod anything;
#[path = "decks/check.rs"]
mod check;
#[path = "decks/examples.rs"]
mod examples;
#[path = "decks/files.rs"]
mod files;
#[path = "decks/reload.rs"]
mod reload;
#[path = "decks/runbooks.rs"]
mod runbooks;

use std::path::{Path, PathBuf};

/// A folder with a deck in it, gone at the end of the test.
struct Folder(tempfile::TempDir);

impl Folder {
    /// Writes these files.
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    /// Writes one file more, or anew.
    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.0.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Where it lies.
    fn path(&self) -> &Path {
        self.0.path()
    }

    /// The main file.
    fn main(&self) -> PathBuf {
        self.path().join("quarterdeck.toml")
    }
}

/// An environment with one service and one probe.
fn environment(name: &str, tier: &str, port: u16) -> String {
    format!(
        "[environments.{name}]\ntier = \"{tier}\"\n\
         services.sales.probes.live = {{ http = \"http://127.0.0.1:{port}/health\", every = \"500ms\" }}\n"
    )
}
