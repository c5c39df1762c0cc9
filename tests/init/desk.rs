//! The built `qd` in a folder of its own: no deck, no settings and no proxy of the machine it runs on.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// Where a test works.
pub struct Desk {
    folder: TempDir,
}

/// How a call ended.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    /// Runs `qd` in the folder `deck`.
    pub fn qd(&self, words: &[&str]) -> Ended {
        self.qd_with(words, &[])
    }

    /// The same with more variables.
    pub fn qd_with(&self, words: &[&str], variables: &[(&str, &str)]) -> Ended {
        let deck = self.folder.path().join("deck");
        std::fs::create_dir_all(&deck).unwrap();
        let at = |name: &str| self.folder.path().join(name);
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
            command.env_remove(proxy);
        }
        command.args(words).current_dir(&deck).stdin(Stdio::null()).env_remove("QUARTERDECK_DECK");
        command.env("XDG_STATE_HOME", at("state")).env("XDG_CONFIG_HOME", at("config"));
        command.envs(variables.iter().copied());
        let output = command.output().unwrap();
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        Ended { code: output.status.code().unwrap_or(-1), out: text(&output.stdout), err: text(&output.stderr) }
    }

    /// The deck's main file.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("deck/quarterdeck.toml")
    }

    /// The deck.
    pub fn deck(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// The log that `qd` kept.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("state/quarterdeck/quarterdeck.log")).unwrap_or_default()
    }
}
