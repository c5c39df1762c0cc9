//! `file`: a file followed by its name. A shell text on the host does the looking and marks in its output where which file
//! begins, so that the place of every byte is known here, and a lost link costs nothing: the next attempt names inode,
//! offset and a sum of the bytes before it.

mod sum;

use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;

use memchr::memmem;

use super::sheet::Sheet;
use super::{After, Reader, Wanted};
use crate::log::Splitter;
use crate::model::{LogState, Text};
use crate::transport::{Argv, Exit};

use sum::cksum;

/// Sent without comments and indents, which no shell needs.
static TEXT: LazyLock<String> = LazyLock::new(|| {
    let lines = include_str!("follow.sh").lines().map(str::trim_start);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).flat_map(|line| [line, "\n"]).collect()
});

/// Bytes before the place where it goes on that must be the same.
const BEFORE: usize = 256;
/// A word between the bytes is shorter; a name of a file may be long.
const MOST_WORD: usize = 8 * 1024;
/// Errors of the shell that are kept.
const MOST_ERRORS: usize = 4 * 1024;

/// Where the next byte stands.
#[derive(Clone, Debug)]
struct Spot {
    inode: String,
    offset: u64,
}

/// Reads a file.
pub(super) struct FileReader {
    path: String,
    newest: bool,
    wanted: Wanted,
    mark: String,
    /// Bytes that may be the beginning of a word.
    held: Vec<u8>,
    spot: Option<Spot>,
    /// The last bytes before the spot.
    before: Vec<u8>,
    /// What comes belongs to a line that began before the last lines.
    skips_a_rest: bool,
    splitter: Splitter,
    errors: Vec<u8>,
    is_over: bool,
}

impl FileReader {
    pub fn new(path: &str, newest: bool, wanted: Wanted) -> Self {
        Self {
            path: path.to_owned(),
            newest,
            wanted,
            mark: String::new(),
            held: Vec::new(),
            spot: None,
            before: Vec::new(),
            skips_a_rest: false,
            splitter: Splitter::new(),
            errors: Vec::new(),
            is_over: false,
        }
    }

    /// Bytes of the file.
    fn bytes(&mut self, mut bytes: &[u8], sheet: &mut Sheet) {
        if bytes.is_empty() {
            return;
        }
        if let Some(spot) = &mut self.spot {
            spot.offset += bytes.len() as u64;
        }
        let fresh = bytes.get(bytes.len().saturating_sub(BEFORE)..).unwrap_or_default();
        let kept = BEFORE - fresh.len();
        self.before.drain(..self.before.len().saturating_sub(kept));
        self.before.extend_from_slice(fresh);
        if self.skips_a_rest {
            let Some(end) = memchr::memchr(b'\n', bytes) else { return };
            bytes = bytes.get(end + 1..).unwrap_or_default();
            self.skips_a_rest = false;
        }
        let now = sheet.now();
        self.splitter.push(bytes, &mut |line| sheet.line(line, now));
    }

    /// A line without an end stays one: what comes next belongs to another file.
    fn end_line(&mut self, sheet: &mut Sheet) {
        let now = sheet.now();
        self.splitter.end(&mut |line| sheet.line(line, now));
    }

    fn word(&mut self, word: &str, sheet: &mut Sheet) {
        let (verb, rest) = word.split_once(' ').unwrap_or((word, ""));
        match verb {
            "at" => self.go_to(rest, sheet),
            "live" => sheet.state(LogState::Live),
            "absent" => {
                let why = if self.spot.is_some() { "is not there any more" } else { "is not there yet" };
                sheet.state(LogState::Absent(Text::line_at_most(&format!("{} {why}", self.path), 300)));
            }
            "denied" => sheet.state(LogState::Denied(Text::line_at_most(rest, 300))),
            "cut" => {
                self.end_line(sheet);
                sheet.gap("the file was cut; what was written just before may be missing");
            }
            "gap" => {
                self.end_line(sheet);
                sheet.gap(Text::line_at_most(rest, 300));
            }
            "end" => self.is_over = true,
            _ => {}
        }
    }

    fn go_to(&mut self, words: &str, sheet: &mut Sheet) {
        let mut words = words.splitn(3, ' ');
        let (Some(inode), Some(offset)) = (words.next(), words.next().and_then(|o| o.parse::<u64>().ok())) else {
            return;
        };
        let goes_on = self.spot.as_ref().is_some_and(|s| s.inode == inode && s.offset == offset);
        if goes_on {
            return;
        }
        self.end_line(sheet);
        self.skips_a_rest = self.spot.is_none() && offset > 0;
        self.before.clear();
        self.spot = Some(Spot { inode: inode.to_owned(), offset });
    }
}

impl Reader for FileReader {
    fn argv(&mut self, _sheet: &mut Sheet) -> Argv {
        self.mark = format!("\u{1e}qd-{:016x}", RandomState::new().hash_one(0));
        self.held.clear();
        self.errors.clear();
        let lines = self.wanted.lines.map_or_else(|| "all".to_owned(), |n| n.to_string());
        let spot = self.spot.clone().unwrap_or(Spot { inode: "-".into(), offset: 0 });
        let flag = |is: bool| if is { "yes" } else { "" };
        let (before, sum) = (self.before.len().to_string(), cksum(&self.before));
        let offset = spot.offset.to_string();
        let since = self.wanted.since.map(|at| at.as_second().to_string()).unwrap_or_default();
        let words = [
            "-c",
            &TEXT,
            "qd",
            &self.mark,
            &self.path,
            flag(self.newest),
            &lines,
            flag(self.wanted.follow),
            &spot.inode,
            &offset,
            &before,
            &sum,
            &since,
        ];
        Argv::new("sh", words)
    }

    fn take(&mut self, bytes: &[u8], sheet: &mut Sheet) {
        let mut all = std::mem::take(&mut self.held);
        all.extend_from_slice(bytes);
        let mark = std::mem::take(&mut self.mark);
        let mut rest = all.as_slice();
        while let Some(at) = memmem::find(rest, mark.as_bytes()) {
            let (data, from) = rest.split_at(at);
            self.bytes(data, sheet);
            let Some(end) = memchr::memchr(b'\n', from).or((from.len() > MOST_WORD).then_some(MOST_WORD)) else {
                self.held = from.to_vec();
                self.mark = mark;
                return;
            };
            let word = from.get(mark.len()..end).unwrap_or_default();
            self.word(String::from_utf8_lossy(word).trim(), sheet);
            rest = from.get(end + 1..).unwrap_or_default();
        }
        let held = beginning(rest, mark.as_bytes());
        let (data, held) = rest.split_at(rest.len() - held);
        self.bytes(data, sheet);
        self.held = held.to_vec();
        self.mark = mark;
    }

    fn hear(&mut self, bytes: &[u8], _sheet: &mut Sheet) {
        let room = MOST_ERRORS.saturating_sub(self.errors.len());
        self.errors.extend(bytes.iter().take(room));
    }

    fn ended(&mut self, exit: Exit, sheet: &mut Sheet) -> After {
        if self.is_over {
            self.end_line(sheet);
            return After::Over;
        }
        let said = String::from_utf8_lossy(&self.errors);
        let why = match (said.lines().last().filter(|l| !l.trim().is_empty()), exit) {
            (Some(said), _) => format!("what follows {} ended: {said}", self.path),
            (None, Exit::Code(code)) => format!("what follows {} ended with {code}", self.path),
            (None, _) => format!("what follows {} was ended", self.path),
        };
        After::Again(LogState::Lost(Text::line_at_most(&why, 300)))
    }

    fn is_caught_up_by_silence(&self) -> bool {
        false
    }

    fn speaks_at_once(&self) -> bool {
        true
    }
}

/// How many of the last bytes may be the beginning of the mark.
fn beginning(bytes: &[u8], mark: &[u8]) -> usize {
    let most = mark.len().saturating_sub(1).min(bytes.len());
    let is_one = |n: &usize| mark.get(..*n).is_some_and(|head| bytes.ends_with(head));
    (1..=most).rev().find(is_one).unwrap_or(0)
}
