//! The audit log: one fact a line, each line holding the hash of the one before. Only ever added to; flushed to the disk
//! before a call returns; what cannot be written is an error, and whoever gets it does nothing. Holds no secret: whoever
//! writes a command masks it first.
//!
//! ```text
//! {"seq":7,"prev":"…","at":"…","actor":{…},"version":"…","what":"intent",…,"hash":"…"}
//! ```
//!
//! The hash is SHA-256 of the line up to the comma before `"hash"`, closed by a brace. A chain shows what was changed,
//! removed or reordered inside; beside it lies the hash of the newest line, so that lines cut off at the end show too.
//! Who can write both files can make a new chain: only a copy held elsewhere shows that.

mod bundle;
mod chain;
mod fact;
mod together;
mod verify;
mod words;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

pub use bundle::export;
pub use chain::Line;
pub(crate) use chain::sha256;
pub use fact::{Fact, Stop, What};
pub use verify::{Verdict, verify};

use crate::model::Operator;
use crate::model::run::RunId;
use chain::Head;
use together::Together;

/// The name of the log in the state folder.
pub const FILE: &str = "audit.jsonl";
/// Another process that writes has this long to end.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
/// Longer lines are not written: commands are cut before.
const LONGEST: usize = 1024 * 1024;

/// The log of this machine's user.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
    operator: Operator,
    together: Arc<Together>,
}

/// Why a fact is not on record. What it would have announced must not be done.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The file cannot be opened, read or written.
    #[error("cannot write the audit log {}: {source}", path.display())]
    Io {
        /// The log.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process holds it and does not let go.
    #[error("the audit log {} is locked by another process for more than {}s", path.display(), PATIENCE.as_secs())]
    Busy {
        /// The log.
        path: PathBuf,
    },
    /// What stands at its end is no line of ours, so nothing can be chained to it.
    #[error("the audit log {} ends in a line that was changed; look at it, then move it to another name", path.display())]
    Damaged {
        /// The log.
        path: PathBuf,
    },
}

impl AuditError {
    /// The same for another who waited for the same write.
    fn again(&self) -> Self {
        match self {
            Self::Io { path, source } => {
                let source = std::io::Error::new(source.kind(), source.to_string());
                Self::Io { path: path.clone(), source }
            }
            Self::Busy { path } => Self::Busy { path: path.clone() },
            Self::Damaged { path } => Self::Damaged { path: path.clone() },
        }
    }
}

impl Audit {
    /// The log at this path, written as this operator. Makes the file and its folder, for nobody but the user.
    pub fn open(path: impl Into<PathBuf>, operator: Operator) -> Result<Self, AuditError> {
        let audit = Self { path: path.into(), operator, together: Arc::default() };
        if let Some(folder) = audit.path.parent().filter(|f| !f.exists()) {
            let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
            made.map_err(|e| audit.failed(e))?;
        }
        audit.file()?;
        Ok(audit)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a fact, and returns when it is on the disk.
    pub fn write(&self, fact: &Fact) -> Result<(), AuditError> {
        self.write_all(std::slice::from_ref(fact))
    }

    /// Adds facts in this order, and returns when they are on the disk.
    pub fn write_all(&self, facts: &[Fact]) -> Result<(), AuditError> {
        if facts.is_empty() {
            return Ok(());
        }
        self.together.add(facts, |facts| {
            let mut file = self.file()?;
            self.lock(&file)?;
            // The lock goes with the file, whatever comes of this.
            self.append(&mut file, facts)
        })
    }

    /// The newest facts, the newest first. Lines that cannot be read are left out: [`verify`] tells of them.
    pub fn newest(&self, count: usize) -> std::io::Result<Vec<Line>> {
        newest(&self.path, count)
    }

    fn failed(&self, source: std::io::Error) -> AuditError {
        AuditError::Io { path: self.path.clone(), source }
    }

    fn file(&self) -> Result<File, AuditError> {
        let mut options = File::options();
        options.read(true).append(true).create(true).mode(0o600);
        options.custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
        let file = options.open(&self.path).map_err(|e| self.failed(e))?;
        let mode = file.metadata().map_err(|e| self.failed(e))?.permissions().mode();
        if mode & 0o077 != 0 {
            file.set_permissions(std::fs::Permissions::from_mode(0o600)).map_err(|e| self.failed(e))?;
        }
        Ok(file)
    }

    #[expect(clippy::disallowed_methods, reason = "who waits for the disk here anyway waits for another writer too")]
    fn lock(&self, file: &File) -> Result<(), AuditError> {
        for _ in 0..PATIENCE.as_millis() / LOOK_AGAIN.as_millis() {
            match flock(file, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(()),
                Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => std::thread::sleep(LOOK_AGAIN),
                Err(e) => return Err(self.failed(e.into())),
            }
        }
        Err(AuditError::Busy { path: self.path.clone() })
    }

    fn append(&self, file: &mut File, facts: &[&Fact]) -> Result<(), AuditError> {
        let failed = |e| self.failed(e);
        let Some(at) = facts.first().map(|fact| fact.at) else { return Ok(()) };
        let end = tail(file).map_err(failed)?;
        let mut last = match &end.line {
            None => Head::default(),
            Some(line) => Line::read(line).ok_or_else(|| AuditError::Damaged { path: self.path.clone() })?.head(),
        };
        let mut text = String::new();
        if !end.torn.is_empty() {
            text.push('\n');
            // A whole line that lacks its end alone is as good as any.
            let whole = std::str::from_utf8(&end.torn).ok().and_then(Line::read);
            let kept = whole.filter(|line| line.seq == last.seq + 1 && line.prev == last.hash);
            let what = What::Repaired { bytes: end.torn.len() as u64, sha256: sha256(&end.torn), kept: kept.is_some() };
            last = kept.map_or(last, |line| line.head());
            text.push_str(&self.chained(&mut last, &Fact::new(at, what)));
        }
        // Read after the tail: it is written after it.
        if let Some(known) = Head::read(&self.path).filter(|known| known.seq > last.seq) {
            let what = What::Missing { lost: known.seq, sha256: known.hash };
            text.push_str(&self.chained(&mut last, &Fact::new(at, what)));
        }
        for fact in facts {
            text.push_str(&self.chained(&mut last, fact));
        }
        let before = file.metadata().map_err(failed)?.len();
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_data());
        if let Err(error) = written {
            // A full disk leaves a part of a line: better none of it. The next one repairs what stays.
            file.set_len(before).ok();
            return Err(failed(error));
        }
        if before == 0
            && let Some(folder) = self.path.parent()
        {
            File::open(folder).and_then(|f| f.sync_all()).map_err(failed)?;
        }
        last.write(&self.path).map_err(failed)
    }

    /// The next line, with its end.
    fn chained(&self, last: &mut Head, fact: &Fact) -> String {
        let line = Line::new(last, fact.clone(), self.operator.clone());
        *last = line.head();
        let mut text = line.text();
        text.push('\n');
        text
    }
}

/// The end of a log.
#[derive(Default)]
struct End {
    /// The last whole line.
    line: Option<String>,
    /// What stands behind it.
    torn: Vec<u8>,
}

fn tail(file: &mut File) -> std::io::Result<End> {
    let size = file.metadata()?.len();
    let mut span = 8 * 1024;
    loop {
        let from = size.saturating_sub(span);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        file.take(size - from).read_to_end(&mut bytes)?;
        let mut pieces = bytes.rsplitn(3, |b| *b == b'\n');
        let torn = pieces.next().unwrap_or_default().to_vec();
        let line = pieces.next().map(|l| String::from_utf8_lossy(l).into_owned());
        if pieces.next().is_some() || from == 0 {
            return Ok(End { line, torn });
        }
        if span > 4 * LONGEST as u64 {
            return Ok(End { line: Some(String::new()), torn });
        }
        span *= 4;
    }
}

/// The newest facts of a log, the newest first; none where there is no log.
pub fn newest(path: &Path, count: usize) -> std::io::Result<Vec<Line>> {
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(e),
    };
    let size = file.metadata()?.len();
    let mut span = 256 * 1024;
    loop {
        let from = size.saturating_sub(span);
        file.seek(SeekFrom::Start(from))?;
        let mut bytes = Vec::new();
        (&mut file).take(size - from).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<Line> = text.lines().rev().filter_map(Line::read).take(count).collect();
        if lines.len() >= count || from == 0 {
            return Ok(lines);
        }
        span *= 4;
    }
}

/// The lines of one run, as they stand in the log.
fn of_run(path: &Path, run: &RunId) -> std::io::Result<String> {
    let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
    let is_of = |line: &&str| Line::read(line).is_some_and(|l| l.fact.run.as_ref() == Some(run));
    Ok(text.lines().filter(is_of).flat_map(|line| [line, "\n"]).collect())
}

#[cfg(test)]
mod tests;
