//! One line of `known_hosts` (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Reads it or says why not; judges nothing.

use std::path::{Path, PathBuf};

use super::key::{Key, word};
use super::names::Names;
use super::verdict::Line;

/// What a line says of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marker {
    /// It is the host's.
    None,
    /// It signs the keys of hosts.
    Authority,
    /// Nobody may use it any more.
    Revoked,
}

/// A line that could be read.
#[derive(Clone, Debug)]
pub struct Entry {
    path: PathBuf,
    line: usize,
    /// What it says of its key.
    pub marker: Marker,
    /// The hosts that it is for.
    pub names: Names,
    /// Its key.
    pub key: Key,
}

impl Entry {
    /// Reads a line; blank ones and comments are nothing.
    pub fn parse(path: &Path, line: usize, text: &str) -> Result<Option<Self>, &'static str> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return Ok(None);
        }
        let (first, rest) = word(text);
        let marker = match first {
            "@cert-authority" => Marker::Authority,
            "@revoked" => Marker::Revoked,
            other if other.starts_with('@') => return Err("its marker is neither @cert-authority nor @revoked"),
            _ => Marker::None,
        };
        let (names, rest) = if marker == Marker::None { (first, rest) } else { word(rest) };
        if names.starts_with('@') {
            return Err("it has two markers");
        }
        if rest.is_empty() || rest.starts_with('#') {
            return Err("it ends before the key");
        }
        let names = Names::parse(names)?;
        if rest.split_ascii_whitespace().next().is_some_and(|w| w.bytes().all(|byte| byte.is_ascii_digit())) {
            return Err("its key is of SSH version 1, which is no longer spoken");
        }
        let (key, _) = Key::read_text(rest)?;
        Ok(Some(Self { path: path.to_owned(), line, marker, names, key }))
    }

    /// Where it stands and what it holds.
    pub fn place(&self) -> Line {
        Line {
            path: self.path.clone(),
            line: self.line,
            kind: self.key.kind.clone(),
            fingerprint: self.key.fingerprint(),
        }
    }
}
