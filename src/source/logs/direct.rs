//! A file of this machine that nobody follows, in blocks that several threads read: no shell stands between, and its lines
//! are those that [`super::read`] tells. Takes nothing apart but where lines begin.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use memchr::memchr;

use super::Wanted;
use crate::log::Splitter;
use crate::model::{LogFrom, LogSpec};

/// So many bytes are one block; a line belongs to the block that it begins in.
const BLOCK: u64 = 1 << 20;
/// Bytes before a block that are read with it, for who wants to look back.
const LEAD: u64 = 32 << 10;
/// Bytes behind it: what is wanted of its last line, whose length is bound.
const TAIL: u64 = Splitter::MOST as u64 + 2;

/// A file as it is now.
#[derive(Debug)]
pub struct Direct {
    file: File,
    size: u64,
}

/// What was read with a block, and where in that its lines stand.
#[derive(Debug, Default)]
pub struct Block {
    bytes: Vec<u8>,
    lead: usize,
    lines: Range<usize>,
}

impl Block {
    /// Its own lines, whole but for the last if that is too long.
    pub fn lines(&self) -> &[u8] {
        self.bytes.get(self.lines.clone()).unwrap_or_default()
    }

    /// Lines before them.
    pub fn before(&self) -> &[u8] {
        self.bytes.get(self.lead..self.lines.start).unwrap_or_default()
    }
}

impl Direct {
    /// Where all of a plain file of this machine is wanted as it is; who follows it, or wants what was rotated away, or
    /// why it cannot be read, asks [`super::read`]. So does who knows the form of its lines: whether a line has it depends
    /// on all before it.
    pub fn open(spec: &LogSpec, wanted: &Wanted) -> Option<Self> {
        let LogFrom::File { path, newest: false } = &spec.from else { return None };
        let is_all = !wanted.follow && wanted.lines.is_none() && wanted.since.is_none();
        // Not to open what waits for a writer.
        if !is_all || spec.on.is_some() || spec.pattern.is_some() || !std::fs::metadata(path).is_ok_and(|m| m.is_file())
        {
            return None;
        }
        let file = File::open(path).ok()?;
        let size = file.metadata().ok().filter(std::fs::Metadata::is_file)?.len();
        // Files that the kernel makes up have no size.
        (size > 0).then_some(Self { file, size })
    }

    /// How many blocks it has.
    pub fn blocks(&self) -> u64 {
        self.size.div_ceil(BLOCK)
    }

    /// Reads a block.
    pub fn read(&self, number: u64, block: &mut Block) -> io::Result<()> {
        let first = number.saturating_mul(BLOCK);
        let from = first.saturating_sub(LEAD);
        let to = first.saturating_add(BLOCK + TAIL).min(self.size);
        let length = usize::try_from(to.saturating_sub(from)).unwrap_or_default();
        block.bytes.resize(length, 0);
        let got = self.fill(&mut block.bytes, from)?;
        block.bytes.truncate(got);
        let text = block.bytes.as_slice();
        // Where the next line begins, from the byte before a place on.
        let line_at = |place: u64| {
            let at = usize::try_from(place.saturating_sub(from)).unwrap_or_default();
            if place == 0 {
                return Some(0);
            }
            let before = at.saturating_sub(1);
            memchr(b'\n', text.get(before..)?).map(|end| before + end + 1)
        };
        let end = usize::try_from(first.saturating_add(BLOCK) - from).unwrap_or_default();
        let start = line_at(first).filter(|start| *start < end).unwrap_or(text.len());
        let stop = if start < end { line_at(first.saturating_add(BLOCK)).unwrap_or(text.len()) } else { text.len() };
        block.lines = start..stop.max(start);
        block.lead = if from == 0 { 0 } else { memchr(b'\n', text).map_or(start, |end| end + 1) }.min(start);
        Ok(())
    }

    /// As much as there is: a file that was cut has less.
    fn fill(&self, bytes: &mut [u8], from: u64) -> io::Result<usize> {
        let mut got = 0;
        while let Some(rest) = bytes.get_mut(got..).filter(|rest| !rest.is_empty()) {
            match self.file.read_at(rest, from + got as u64) {
                Ok(0) => break,
                Ok(count) => got += count,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(got)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::model::{EnvironmentId, LogId};

    fn spec(path: &std::path::Path) -> LogSpec {
        let id = LogId::of_environment(&EnvironmentId::new("test"), "app");
        let from = LogFrom::File { path: path.to_str().unwrap().to_owned(), newest: false };
        LogSpec { id, from, on: None, zone: None, pattern: None, doc: None }
    }

    #[test]
    fn the_blocks_together_are_the_file_and_each_begins_and_ends_with_a_line() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let mut text = Vec::new();
        for n in 0..40_000 {
            text.extend_from_slice(format!("{n} {}\n", "x".repeat(n % 150)).as_bytes());
        }
        text.extend_from_slice(b"no end");
        file.write_all(&text).unwrap();
        let all = Wanted { lines: None, since: None, follow: false };
        let direct = Direct::open(&spec(file.path()), &all).unwrap();
        assert!(direct.blocks() > 2);
        let (mut read, mut block) = (Vec::new(), Block::default());
        for number in 0..direct.blocks() {
            direct.read(number, &mut block).unwrap();
            let before = block.before();
            assert!(read.ends_with(before) && (number == 0 || before.len() > 30_000), "{number}: {}", before.len());
            read.extend_from_slice(block.lines());
            assert!(number + 1 == direct.blocks() || read.ends_with(b"\n"));
        }
        assert_eq!(read, text);
    }

    #[test]
    fn what_is_followed_or_wanted_in_part_is_not_read_so() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        let all = Wanted { lines: None, since: None, follow: false };
        assert!(Direct::open(&spec(file.path()), &all).is_none(), "it is empty, or made up by the kernel");
        file.write_all(b"one\n").unwrap();
        assert!(Direct::open(&spec(file.path()), &all).is_some());
        assert!(Direct::open(&spec(file.path()), &Wanted { follow: true, ..all }).is_none());
        assert!(Direct::open(&spec(file.path()), &Wanted { lines: Some(1), ..all }).is_none());
        assert!(Direct::open(&spec(std::path::Path::new("/dev/null")), &all).is_none());
    }
}
