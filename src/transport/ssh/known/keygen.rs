//! The real `ssh-keygen` for tests: keys, certificates and files as people have them, in a folder that goes with the
//! test. Says so and gives nothing where the program is missing.

use std::path::{Path, PathBuf};
use std::process::Command;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Types of keys with the arguments that make them.
pub const KINDS: &[(&str, &[&str])] = &[
    ("ssh-ed25519", &["-t", "ed25519"]),
    ("ecdsa-sha2-nistp256", &["-t", "ecdsa", "-b", "256"]),
    ("ecdsa-sha2-nistp384", &["-t", "ecdsa", "-b", "384"]),
    ("ecdsa-sha2-nistp521", &["-t", "ecdsa", "-b", "521"]),
    ("ssh-rsa", &["-t", "rsa", "-b", "2048"]),
];

/// A folder in which `ssh-keygen` works.
pub struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    /// A new folder; none where there is no `ssh-keygen`.
    pub fn new() -> Option<Self> {
        if Command::new("ssh-keygen").arg("-?").output().is_err() {
            eprintln!("not tested: there is no ssh-keygen on this machine");
            return None;
        }
        Some(Self { folder: tempfile::tempdir().unwrap() })
    }

    /// A file in the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file into the folder.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    /// Runs `ssh-keygen` in the folder; what it printed, and whether it was content.
    pub fn try_run(&self, arguments: &[&str]) -> (String, bool) {
        let output = Command::new("ssh-keygen")
            .args(arguments)
            .current_dir(self.folder.path())
            .env("TZ", "UTC")
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (said, output.status.success())
    }

    /// The same, and it has to be content.
    pub fn run(&self, arguments: &[&str]) -> String {
        let (said, fine) = self.try_run(arguments);
        assert!(fine, "ssh-keygen {arguments:?}: {said}");
        said
    }

    /// Makes a key without a passphrase; its public half in wire form.
    pub fn key(&self, name: &str, kind: &str) -> Vec<u8> {
        self.key_with(name, kind, &["-N", ""])
    }

    /// Makes a key with these further arguments.
    pub fn key_with(&self, name: &str, kind: &str, more: &[&str]) -> Vec<u8> {
        let (_, arguments) = KINDS.iter().find(|(known, _)| *known == kind).unwrap();
        self.run(&[&["-q", "-C", "someone", "-f", name], *arguments, more].concat());
        blob(&self.path(&format!("{name}.pub")))
    }

    /// `type base64` of the public half of a key.
    pub fn public(&self, name: &str) -> String {
        let text = std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        text.split_whitespace().take(2).collect::<Vec<_>>().join(" ")
    }

    /// Has a key signed by an authority; the certificate in wire form.
    pub fn sign(&self, authority: &str, name: &str, more: &[&str]) -> Vec<u8> {
        let public = format!("{name}.pub");
        self.run(&[&["-q", "-s", authority, "-I", "test"], more, &[public.as_str()]].concat());
        blob(&self.path(&format!("{name}-cert.pub")))
    }
}

/// The key in a public file, in wire form.
pub fn blob(file: &Path) -> Vec<u8> {
    let text = std::fs::read_to_string(file).unwrap();
    STANDARD.decode(text.split_whitespace().nth(1).unwrap()).unwrap()
}
