//! Whether a log is what was written: every line in turn against its own hash and the one before. Names the first that is
//! not, and why. Reads only, and mends nothing.

use std::path::Path;

use super::chain::{Head, Line, sha256};
use super::fact::What;
use crate::model::Text;

/// What comes of looking at a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every line is as it was written. To be compared with a copy of the newest hash held elsewhere.
    Holds {
        /// How many lines count.
        lines: u64,
        /// The hash of the newest; empty in an empty log.
        hash: String,
    },
    /// It is not.
    Broken {
        /// The first line that is wrong, from 1.
        line: usize,
        /// Why.
        why: Text,
    },
}

/// Looks at a log.
pub fn verify(path: &Path) -> std::io::Result<Verdict> {
    let text = match std::fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(e) => return Err(e),
    };
    Ok(judge(&text, Head::read(path)))
}

fn judge(all: &str, known: Option<Head>) -> Verdict {
    let broken = |line: usize, why: String| Verdict::Broken { line, why: why.into() };
    let raw: Vec<&str> = all.lines().collect();
    let lines: Vec<Option<Line>> = raw.iter().map(|line| Line::read(line)).collect();
    let mut last = Head::default();
    for (at, (line, text)) in lines.iter().zip(&raw).enumerate() {
        let next = lines.get(at + 1).and_then(Option::as_ref);
        let Some(line) = line else {
            if next.is_some_and(|next| repairs(next, text, &last)) {
                continue;
            }
            return broken(at + 1, unreadable(text, at + 1 == raw.len() && !all.ends_with('\n')));
        };
        if line.seq != last.seq + 1 {
            let later = lines.iter().skip(at + 1).flatten().any(|l| l.seq == last.seq + 1);
            return broken(at + 1, out_of_turn(line.seq, last.seq + 1, later));
        }
        if line.prev != last.hash {
            return broken(at + 1, format!("line {} before it is not the one it was written after", last.seq));
        }
        if let What::Missing { lost, .. } = &line.fact.what {
            let (from, to) = (line.seq, *lost);
            return broken(at + 1, format!("lines {from} to {to} had been written before it and were removed"));
        }
        last = line.head();
    }
    if !all.is_empty() && !all.ends_with('\n') {
        return broken(raw.len(), "it lacks its end: a crash; the next fact repairs it".into());
    }
    match known {
        Some(known) if known.seq > last.seq => {
            let (from, to) = (last.seq + 1, known.seq);
            broken(raw.len() + 1, format!("lines {from} to {to} were removed from the end"))
        }
        _ => Verdict::Holds { lines: last.seq, hash: last.hash },
    }
}

/// Whether a line says that the text before it was torn by a crash.
fn repairs(next: &Line, torn: &str, last: &Head) -> bool {
    let is_it = |what: &What| match what {
        What::Repaired { bytes, sha256: sum, kept: false } => {
            *bytes == torn.len() as u64 && *sum == sha256(torn.as_bytes())
        }
        _ => false,
    };
    next.seq == last.seq + 1 && next.prev == last.hash && is_it(&next.fact.what)
}

fn unreadable(text: &str, is_torn: bool) -> String {
    if is_torn {
        "it was not written to its end: a crash, or somebody cut it".into()
    } else if serde_json::from_str::<serde_json::Value>(text).is_ok() {
        "it was changed: its hash is not that of its text".into()
    } else {
        "it was changed: it is no line of this log".into()
    }
}

fn out_of_turn(found: u64, wanted: u64, later: bool) -> String {
    if found < wanted {
        format!("it is number {found}, which belongs further up: lines were reordered or repeated")
    } else if later {
        format!("it is number {found}, but {wanted} comes further down: lines were reordered")
    } else if found == wanted + 1 {
        format!("line {wanted} before it was removed")
    } else {
        format!("lines {wanted} to {} before it were removed", found - 1)
    }
}
