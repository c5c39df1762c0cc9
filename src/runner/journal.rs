//! The journal of a run on this machine: `runs/ID/{plan.json,runbook.md,journal.jsonl,out/STEP.HOST.log}` in the state
//! folder, for nobody but the user. Every entry is on the disk before what it announces. A last line that a crash has torn
//! is cut off and told of; whoever drives a run holds its lock file, so that two consoles never drive the same.

mod console;
mod list;
mod output;
mod stop;

#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use rustix::fs::{FlockOperation, flock};

use crate::model::run::Entry;
use crate::model::{Plan, RunId, RunState, Text};

pub use console::console_id;
pub use list::{Listed, list};
pub use output::{Files, Printed, end_of, path_of};
pub use stop::{Stop, ask_to_stop, take_stop};

/// Why a journal cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The disk is full: nothing more may begin.
    #[error("no space left for {}: make room, then go on with `qd runs resume`", .0.display())]
    Full(PathBuf),
    /// The system says no.
    #[error("cannot {what} {}: {source}", path.display())]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: PathBuf,
        /// The system's word.
        source: std::io::Error,
    },
    /// There is no such run on this machine.
    #[error("there is no run {0} on this machine")]
    Absent(RunId),
    /// Another console of this machine drives it.
    #[error("run {0} is driven by another console of this machine")]
    Driven(RunId),
    /// A file of it holds something else than it should.
    #[error("{}: {why}", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: Text,
    },
}

impl JournalError {
    pub(crate) fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::Full(path.to_owned()),
            _ => Self::Io { what, path: path.to_owned(), source },
        }
    }

    fn broken(path: &Path, why: impl Into<Text>) -> Self {
        Self::Broken { path: path.to_owned(), why: why.into() }
    }
}

/// Between two tries to hold a run, and how many.
const MOMENT: Duration = Duration::from_millis(5);
const MOMENTS: u32 = 10;

/// The folder of all runs.
pub fn runs_folder(state: &Path) -> PathBuf {
    state.join("runs")
}

/// The folder of one.
pub fn run_folder(state: &Path, run: &RunId) -> PathBuf {
    runs_folder(state).join(run.as_str())
}

/// A run as its folder tells it.
#[derive(Clone, Debug)]
pub struct Kept {
    /// The fold over its entries.
    pub state: RunState,
    /// All of them.
    pub entries: Vec<Entry>,
    /// The text of its runbook.
    pub runbook: String,
    /// Bytes of a last line that was torn, and is not counted.
    pub torn: u64,
    /// Bytes of whole lines.
    pub whole: u64,
}

/// The journal of a run that this console drives. The lock file is held until it is dropped.
#[derive(Debug)]
pub struct Journal {
    run: RunId,
    folder: PathBuf,
    file: File,
    size: u64,
    _lock: Held,
}

impl Journal {
    /// A folder for a run that is about to begin.
    pub fn create(state: &Path, run: &RunId, plan: &Plan, runbook: &str) -> Result<Self, JournalError> {
        let folder = run_folder(state, run);
        private_folder(&runs_folder(state))?;
        DirBuilder::new().mode(0o700).create(&folder).map_err(|e| JournalError::io("make", &folder, e))?;
        private_folder(&folder.join("out"))?;
        let lock = hold(&folder, run)?;
        let path = folder.join("plan.json");
        let text = serde_json::to_vec_pretty(plan).map_err(|e| JournalError::broken(&path, e.to_string()))?;
        write_whole(&path, &text)?;
        write_whole(&folder.join("runbook.md"), runbook.as_bytes())?;
        let path = folder.join("journal.jsonl");
        let file = private().append(true).create_new(true).open(&path);
        let file = file.map_err(|e| JournalError::io("make", &path, e))?;
        sync_folder(&folder)?;
        sync_folder(&runs_folder(state))?;
        Ok(Self { run: run.clone(), folder, file, size: 0, _lock: lock })
    }

    /// Puts a run in place as it was fetched from the mirror of its lock host, to go on with it.
    pub fn adopt(state: &Path, run: &RunId, plan: &[u8], runbook: &[u8], lines: &[u8]) -> Result<(), JournalError> {
        let folder = run_folder(state, run);
        private_folder(&folder)?;
        private_folder(&folder.join("out"))?;
        let _lock = hold(&folder, run)?;
        write_whole(&folder.join("plan.json"), plan)?;
        write_whole(&folder.join("runbook.md"), runbook)?;
        let path = folder.join("journal.jsonl");
        // What was told here alone is not thrown away: somebody may have to learn what it announced.
        if let Ok(known) = std::fs::read(&path)
            && !lines.starts_with(&known)
        {
            write_whole(&folder.join("journal.aside"), &known)?;
        }
        write_whole(&path, lines)?;
        sync_folder(&folder)
    }

    /// Opens a run to go on with it. A torn last line is cut off.
    pub fn open(state: &Path, run: &RunId) -> Result<(Self, Kept), JournalError> {
        let folder = run_folder(state, run);
        if !folder.is_dir() {
            return Err(JournalError::Absent(run.clone()));
        }
        let lock = hold(&folder, run)?;
        // It was meant for who drove the run then.
        take_stop(&folder);
        let kept = read(state, run)?;
        let path = folder.join("journal.jsonl");
        let file = private().append(true).open(&path).map_err(|e| JournalError::io("open", &path, e))?;
        if kept.torn > 0 {
            file.set_len(kept.whole).and_then(|()| file.sync_data()).map_err(|e| JournalError::io("cut", &path, e))?;
        }
        private_folder(&folder.join("out"))?;
        Ok((Self { run: run.clone(), folder, file, size: kept.whole, _lock: lock }, kept))
    }

    /// The run.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds entries in this order; they are on the disk when this returns. Gives the size of the journal.
    pub fn append(&mut self, entries: &[Entry]) -> Result<u64, JournalError> {
        let path = self.folder.join("journal.jsonl");
        let mut lines = Vec::new();
        for entry in entries {
            serde_json::to_writer(&mut lines, entry).map_err(|e| JournalError::broken(&path, e.to_string()))?;
            lines.push(b'\n');
        }
        let written = self.file.write_all(&lines).and_then(|()| self.file.sync_data());
        if let Err(source) = written {
            // A part of a line would make the next one unreadable. When this fails too, the reader cuts it off.
            self.file.set_len(self.size).ok();
            return Err(JournalError::io("write", &path, source));
        }
        self.size += lines.len() as u64;
        Ok(self.size)
    }
}

/// Reads a run without driving it.
pub fn read(state: &Path, run: &RunId) -> Result<Kept, JournalError> {
    let folder = run_folder(state, run);
    if !folder.is_dir() {
        return Err(JournalError::Absent(run.clone()));
    }
    let plan = read_whole(&folder.join("plan.json"))?;
    let runbook = read_whole(&folder.join("runbook.md"))?;
    let lines = read_whole(&folder.join("journal.jsonl"))?;
    fold(run, &folder, &plan, &runbook, &lines)
}

/// Folds a run from the bytes of its files, wherever they came from.
pub fn fold(run: &RunId, place: &Path, plan: &[u8], runbook: &[u8], lines: &[u8]) -> Result<Kept, JournalError> {
    let path = place.join("plan.json");
    let plan: Plan = serde_json::from_slice(plan).map_err(|e| JournalError::broken(&path, e.to_string()))?;
    let mut state = RunState::new(run.clone(), Arc::new(plan));
    let path = place.join("journal.jsonl");
    let mut entries = Vec::new();
    let mut whole = 0u64;
    let mut rest = lines.split_inclusive(|b| *b == b'\n').peekable();
    while let Some(line) = rest.next() {
        let is_last = rest.peek().is_none();
        let read = line.strip_suffix(b"\n").map(serde_json::from_slice::<Entry>);
        match read {
            Some(Ok(entry)) if state.apply(&entry) => entries.push(entry),
            Some(Ok(entry)) => {
                let (number, due) = (entry.number, state.number + 1);
                return Err(JournalError::broken(&path, format!("line {due} has the number {number}")));
            }
            // The console died while it wrote this one, so nothing that it announces was done.
            None | Some(Err(_)) if is_last => break,
            Some(Err(e)) => return Err(JournalError::broken(&path, format!("line {}: {e}", state.number + 1))),
            None => break,
        }
        whole += line.len() as u64;
    }
    let runbook = String::from_utf8_lossy(runbook).into_owned();
    Ok(Kept { state, entries, runbook, torn: lines.len() as u64 - whole, whole })
}

/// Whether a console of this machine drives a run.
pub fn is_driven(state: &Path, run: &RunId) -> bool {
    matches!(hold(&run_folder(state, run), run), Err(JournalError::Driven(_)))
}

/// The lock of a run's folder. Let go of by word: a child that is just being started has the file open for a moment more.
#[derive(Debug)]
struct Held(File);

impl Drop for Held {
    fn drop(&mut self) {
        // Closing it does the same, a moment later.
        flock(&self.0, FlockOperation::Unlock).ok();
    }
}

/// Somebody who only looks, or a child that is just being started, holds it for a moment; who drives holds on.
#[expect(clippy::disallowed_methods, reason = "who waits for the disk here anyway waits for a moment more")]
fn hold(folder: &Path, run: &RunId) -> Result<Held, JournalError> {
    let path = folder.join("driven");
    let file = private().write(true).create(true).truncate(false).open(&path);
    let file = file.map_err(|e| JournalError::io("open", &path, e))?;
    for _ in 0..MOMENTS {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Held(file)),
            Err(rustix::io::Errno::WOULDBLOCK | rustix::io::Errno::INTR) => std::thread::sleep(MOMENT),
            Err(e) => return Err(JournalError::io("lock", &path, e.into())),
        }
    }
    Err(JournalError::Driven(run.clone()))
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

fn private_folder(path: &Path) -> Result<(), JournalError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|e| JournalError::io("make", path, e))
}

/// Writes a file beside its place and moves it there, so that it is whole or not there.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let beside = path.with_extension("new");
    let written = private().write(true).create(true).truncate(true).open(&beside).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.and_then(|()| std::fs::rename(&beside, path)).map_err(|e| JournalError::io("write", path, e))
}

fn sync_folder(path: &Path) -> Result<(), JournalError> {
    File::open(path).and_then(|f| f.sync_all()).map_err(|e| JournalError::io("flush", path, e))
}

fn read_whole(path: &Path) -> Result<Vec<u8>, JournalError> {
    std::fs::read(path).map_err(|e| JournalError::io("read", path, e))
}

/// What stands in a file from this offset on, for whoever looks on.
pub fn tail(path: &Path, offset: u64) -> Result<Vec<u8>, JournalError> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(offset))?;
        file.read_to_end(&mut bytes)
    });
    read.map_err(|e| JournalError::io("read", path, e))?;
    Ok(bytes)
}
