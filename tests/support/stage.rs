//! A private place for one run of the binary: folders for state and configuration, a deck, and what the log says
//! afterwards. Starts nothing itself and touches nothing outside its folder.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

/// Variables of whoever runs the tests that would change what is seen.
const FOREIGN: [&str; 14] = [
    "NO_COLOR",
    "COLORTERM",
    "QUARTERDECK_DECK",
    "QUARTERDECK_LOG",
    "LC_ALL",
    "LC_CTYPE",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "RUST_BACKTRACE",
    "RUST_LIB_BACKTRACE",
];

/// How long anything may take that a test waits for; `QD_TEST_PATIENCE` in seconds makes it longer.
pub fn patience() -> Duration {
    let seconds = std::env::var("QD_TEST_PATIENCE").ok().and_then(|s| s.parse().ok());
    Duration::from_secs(seconds.unwrap_or(15))
}

/// Folders of one run, removed with it.
pub struct Stage {
    folder: TempDir,
}

impl Stage {
    /// Without a deck.
    pub fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("qd-").tempdir().unwrap();
        for part in ["state", "config", "home", "work"] {
            std::fs::create_dir(folder.path().join(part)).unwrap();
        }
        Self { folder }
    }

    /// With a deck in the folder that the binary is started in.
    pub fn new(deck: &str) -> Self {
        let stage = Self::empty();
        stage.write_deck(deck);
        stage
    }

    /// Replaces the deck in one step, as editors do.
    pub fn write_deck(&self, text: &str) {
        let written = self.work().join("quarterdeck.toml.new");
        std::fs::write(&written, text).unwrap();
        std::fs::rename(written, self.work().join("quarterdeck.toml")).unwrap();
    }

    /// Where the binary is started.
    pub fn work(&self) -> PathBuf {
        self.folder.path().join("work")
    }

    /// The variables that keep a run inside this place.
    pub fn variables(&self) -> Vec<(&'static str, OsString)> {
        let folder = |part: &str| self.folder.path().join(part).into_os_string();
        vec![
            ("XDG_STATE_HOME", folder("state")),
            ("XDG_CONFIG_HOME", folder("config")),
            ("HOME", folder("home")),
            ("LANG", "C.UTF-8".into()),
            ("TERM", "xterm-256color".into()),
        ]
    }

    /// Variables to be taken away.
    pub fn foreign() -> impl Iterator<Item = &'static str> {
        FOREIGN.into_iter()
    }

    /// The log so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("state/quarterdeck/quarterdeck.log")).unwrap_or_default()
    }
}
