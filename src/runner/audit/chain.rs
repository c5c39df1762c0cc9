//! A line of the log and what chains it to the one before. Text in and out; the file is written elsewhere, but for the
//! note of the newest line beside it.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::fact::Fact;
use crate::model::{Operator, Text};

/// A line of the log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// Counts up from 1 without a gap.
    pub seq: u64,
    /// The hash of the line before; empty in the first.
    pub prev: String,
    /// Who, as the machine claims.
    pub actor: Operator,
    /// The version of the program that wrote it.
    pub version: Text,
    /// What.
    #[serde(flatten)]
    pub fact: Fact,
    /// SHA-256 of all before it.
    #[serde(skip_serializing, default)]
    pub hash: String,
}

impl Line {
    /// The line after this one.
    pub(super) fn new(last: &Head, fact: Fact, actor: Operator) -> Self {
        let version = Text::line(env!("CARGO_PKG_VERSION"));
        let mut line = Self { seq: last.seq + 1, prev: last.hash.clone(), actor, version, fact, hash: String::new() };
        line.hash = sha256(line.body().as_bytes());
        line
    }

    /// Reads a line; none when it is none, or its hash is not that of its text.
    pub fn read(text: &str) -> Option<Self> {
        let line: Self = serde_json::from_str(text).ok()?;
        (hashed(text)? == line.hash).then_some(line)
    }

    /// As it stands in the file, without its end.
    pub(super) fn text(&self) -> String {
        let mut text = self.body();
        text.pop();
        text.push_str(&format!(",\"hash\":\"{}\"}}", self.hash));
        text
    }

    /// What the next line is chained to.
    pub(super) fn head(&self) -> Head {
        Head { seq: self.seq, hash: self.hash.clone() }
    }

    /// In words, for people.
    pub fn words(&self) -> Text {
        let fact = &self.fact;
        let mut words = format!("{}: {}", self.actor, fact.what.words());
        let place = [&fact.environment, &fact.service].into_iter().flatten().map(Text::as_str).collect::<Vec<_>>();
        let mut add = |name: &str, value: Option<&str>| {
            if let Some(value) = value.filter(|v| !v.is_empty()) {
                words.push_str(&format!(" · {name}{value}"));
            }
        };
        add("", Some(&place.join("/")));
        add("", fact.runbook.as_deref());
        add("step ", fact.step.as_deref());
        add("on ", fact.host.as_deref());
        add("run ", fact.run.as_ref().map(super::RunId::as_str));
        add("because ", fact.reason.as_ref().map(Text::as_str));
        Text::line_at_most(&words, 500)
    }

    fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The hash that a line as it stands should have.
fn hashed(text: &str) -> Option<String> {
    let (before, _) = text.rsplit_once(",\"hash\":\"")?;
    Some(sha256(format!("{before}}}").as_bytes()))
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
    digest.as_ref().iter().fold(String::with_capacity(64), |text, byte| text + &format!("{byte:02x}"))
}

/// The newest line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Its number.
    pub(super) seq: u64,
    /// Its hash.
    pub(super) hash: String,
}

impl Head {
    /// What is noted beside a log; none where there is no note or none that can be read.
    pub(super) fn read(log: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(head_file(log)).ok()?;
        let (seq, hash) = text.trim_end().split_once(' ')?;
        Some(Self { seq: seq.parse().ok()?, hash: hash.to_owned() })
    }

    /// Notes it, after the line itself is on the disk: so the note is never ahead of the log.
    pub(super) fn write(&self, log: &Path) -> std::io::Result<()> {
        let fresh = log.with_extension("head.new");
        let mut file = std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        writeln!(file, "{} {}", self.seq, self.hash)?;
        std::fs::rename(fresh, head_file(log))
    }
}

/// Where the newest line of a log is noted.
pub(super) fn head_file(log: &Path) -> PathBuf {
    log.with_extension("head")
}
