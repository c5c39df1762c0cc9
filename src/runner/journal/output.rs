//! What a step printed on a host, redacted, as it is kept on this machine. Beside the text stands how far the log of the
//! target was read, so that whoever attaches again leaves no gap and repeats nothing.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{JournalError, private};

/// The file of one attempt of a step on a host.
#[derive(Debug)]
pub struct Printed {
    path: PathBuf,
    pub(super) file: File,
    marks: File,
    size: u64,
    offset: u64,
}

impl Printed {
    /// Opens it, or goes on with it. `attempt` is that of the step: the log of a new one begins at 0.
    pub fn open(folder: &Path, step: &str, host: &str, attempt: u32) -> Result<Self, JournalError> {
        let path = path_of(folder, step, host);
        let at = folder.join("out").join(format!("{}.{}.at", plain(step), plain(host)));
        let io = |what| move |e| JournalError::io(what, &path_of(folder, step, host), e);
        let file = private().append(true).create(true).open(&path).map_err(io("open"))?;
        let marks = private().append(true).create(true).open(&at).map_err(io("open"))?;
        let known = std::fs::read_to_string(&at).map_err(io("read"))?;
        // A torn last line has no newline.
        let mark = known.rsplit_once('\n').and_then(|(whole, _)| read_mark(whole.lines().last()?));
        let size = file.metadata().map_err(io("read"))?.len();
        let (size, offset) = match mark {
            // What stands beyond the mark was written, but how far it reached was not.
            Some((of, offset, kept)) if kept <= size => (kept, if of == attempt { offset } else { 0 }),
            _ => (0, 0),
        };
        file.set_len(size).map_err(io("cut"))?;
        Ok(Self { path, file, marks, size, offset })
    }

    /// How far the log of the target was read.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Adds redacted text; `offset` is how far the log of the target was read with it.
    pub fn add(&mut self, attempt: u32, redacted: &[u8], offset: u64) -> Result<(), JournalError> {
        let mark = format!("{attempt} {offset} {}\n", self.size + redacted.len() as u64);
        let written = self.file.write_all(redacted).and_then(|()| self.marks.write_all(mark.as_bytes()));
        written.map_err(|e| JournalError::io("write", &self.path, e))?;
        self.size += redacted.len() as u64;
        self.offset = offset;
        Ok(())
    }

    /// What has to be flushed, to be done elsewhere.
    pub fn files(&self) -> Result<Files, JournalError> {
        let files = self.file.try_clone().and_then(|file| Ok((file, self.marks.try_clone()?)));
        let (file, marks) = files.map_err(|e| JournalError::io("open", &self.path, e))?;
        Ok(Files { path: self.path.clone(), file, marks })
    }
}

/// The files of what was printed.
#[derive(Debug)]
pub struct Files {
    path: PathBuf,
    file: File,
    marks: File,
}

impl Files {
    /// Puts them on the disk. Blocks.
    pub fn flush(&self) -> Result<(), JournalError> {
        let flushed = self.file.sync_data().and_then(|()| self.marks.sync_data());
        flushed.map_err(|e| JournalError::io("flush", &self.path, e))
    }
}

/// Where the output of a step on a host is.
pub fn path_of(folder: &Path, step: &str, host: &str) -> PathBuf {
    folder.join("out").join(format!("{}.{}.log", plain(step), plain(host)))
}

/// The end of the output of a step on a host, at most so many bytes; none where it printed nothing. Blocks.
pub fn end_of(folder: &Path, step: &str, host: &str, most: u64) -> Option<Vec<u8>> {
    let mut file = File::open(path_of(folder, step, host)).ok()?;
    let size = file.metadata().ok()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(most))).ok()?;
    let mut bytes = Vec::new();
    // It may still grow.
    file.take(most).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn read_mark(line: &str) -> Option<(u32, u64, u64)> {
    let mut words = line.split(' ');
    Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?, words.next()?.parse().ok()?))
}

/// Safe as a part of a file name.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' }).collect()
}
