//! Verdicts on host keys and the words for them: what, where, why. Decides nothing.

use std::collections::BTreeSet;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::key::{fingerprint, kind};
use super::names::looked_up;
use crate::model::Text;

/// How many lines a sentence names.
const MOST_LINES: usize = 3;

/// A line of a file that holds a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The type of its key: `ssh-ed25519`.
    pub kind: String,
    /// `SHA256:…`
    pub fingerprint: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {} of {}", self.line, home_shortened(&self.path))
    }
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The file.
    pub path: PathBuf,
    /// The line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// Why, as a part of a sentence.
    pub why: String,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = home_shortened(&self.path);
        match self.line {
            0 => write!(f, "{path} is left out: {}", self.why),
            line => write!(f, "line {line} of {path} is left out: {}", self.why),
        }
    }
}

/// What is to be thought of a key that a host shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the host's.
    Known,
    /// Nothing is known of a key of this type for this host.
    Unknown {
        /// Keys of other types that are known for it. OpenSSH treats that as a changed key.
        others: Vec<Line>,
        /// The line that holds this key, or its authority, for the host without the port. OpenSSH would take it.
        without_port: Option<Line>,
    },
    /// Other keys of the same type are known for the host, and not this one.
    Changed {
        /// The lines that hold them.
        known: Vec<Line>,
    },
    /// The key, or the authority that signed it, may not be used any more.
    Revoked {
        /// The line that says so.
        line: Line,
    },
    /// It comes with a certificate that does not vouch for it, and the key itself is not known.
    CertificateRefused {
        /// Why, as a part of a sentence.
        why: String,
    },
}

impl Verdict {
    /// Whether a person may be asked to accept the key. Only where nothing at all speaks against it: a host of which
    /// another type of key is known is, as for ssh, no new host.
    pub fn may_be_accepted(&self) -> bool {
        matches!(self, Self::Unknown { others, .. } if others.is_empty())
    }

    /// What to look at and to type about a key that is not the one known; none where a person may be asked.
    pub fn remedy(&self, name: &str, port: u16) -> Option<String> {
        let host = looked_up(name, port);
        let at = |line: &Line| format!("{}:{}", home_shortened(&line.path), line.line);
        match self {
            Self::Changed { known: lines } | Self::Unknown { others: lines, .. } => {
                let files: BTreeSet<&Path> = lines.iter().map(|line| line.path.as_path()).collect();
                let remove =
                    |file: &&Path| format!("ssh-keygen -R {} -f {}", quoted(&host), quoted(&file.to_string_lossy()));
                let places: Vec<String> = lines.iter().map(at).collect();
                let types: Vec<String> = files.iter().map(remove).collect();
                (!lines.is_empty()).then(|| {
                    format!(
                        "look at {}; ask who runs the host, and only when the new key is right: {}",
                        listed(&places),
                        types.join(" && ")
                    )
                })
            }
            Self::Revoked { line } => {
                Some(format!("look at {}; the host needs a new key, this one may be in wrong hands", at(line)))
            }
            Self::Known | Self::CertificateRefused { .. } => None,
        }
    }

    /// A sentence on the key `blob` that the host `name` shows on `port`.
    pub fn words(&self, name: &str, port: u16, blob: &[u8]) -> String {
        let host = Text::line_at_most(&looked_up(name, port), 120);
        let shown = format!("{} {}", kind(blob), fingerprint(blob));
        match self {
            Self::Known => format!("the host key of {host} is known: {shown}"),
            Self::Unknown { others, without_port } => {
                let mut words = format!("the host key of {host} is not known: it is {shown}");
                if !others.is_empty() {
                    let known: Vec<String> = others.iter().map(|l| format!("{} on {l}", l.kind)).collect();
                    words.push_str(&format!(", but keys of other types are known for this host: {}", listed(&known)));
                }
                if let Some(line) = without_port {
                    words.push_str(&format!(", and {line} holds it for {} without the port", Text::line(name)));
                }
                words
            }
            Self::Changed { known } => {
                let said: Vec<String> = known.iter().map(|l| format!("{l} says {}", l.fingerprint)).collect();
                format!("the host key of {host} has changed: it is {shown}, but {}", listed(&said))
            }
            Self::Revoked { line } if line.fingerprint == fingerprint(blob) => {
                format!("the host key of {host} is revoked: it is {shown}, and {line} says that it may not be used")
            }
            Self::Revoked { line } => format!(
                "the host key of {host} is revoked: it is {shown}, and {line} says that the authority that signed it, \
                 {} {}, may not be used",
                line.kind, line.fingerprint
            ),
            Self::CertificateRefused { why } => {
                format!("the host certificate of {host} is refused: {why}; its key is {shown}")
            }
        }
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./~+:,@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// `a, b and c`; of many, the first and how many more.
fn listed(all: &[String]) -> String {
    let shown = all.get(..MOST_LINES).unwrap_or(all);
    let more = all.len().saturating_sub(shown.len());
    match (shown, more) {
        ([], _) => String::new(),
        (shown, 1..) => format!("{} and {more} more", shown.join(", ")),
        ([one], 0) => one.clone(),
        ([start @ .., last], 0) => format!("{} and {last}", start.join(", ")),
    }
}

/// A path for people: the home folder as `~`.
pub fn home_shortened(path: &Path) -> Text {
    let home = directories::BaseDirs::new();
    let inside = home.as_ref().and_then(|dirs| path.strip_prefix(dirs.home_dir()).ok());
    match inside {
        Some(rest) => Text::line(&format!("~/{}", rest.to_string_lossy())),
        None => Text::line(&path.to_string_lossy()),
    }
}

/// What the system says, without its number.
pub fn reason(error: &io::Error) -> String {
    error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase()
}
