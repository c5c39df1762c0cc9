//! The lines of a file that are wanted for their text, looked for in whole blocks by several threads. Only a line that is
//! found is taken apart, and those before it as far as it goes on with them.

use std::sync::Arc;
use std::task::{Context, Poll};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use super::lane::{Line, MOST_BACK};
use crate::log::{Filter, Level, Parsed, Reader, Sift, sift};
use crate::source::logs::direct::{Block, Direct};

/// Threads that read.
const MOST_THREADS: usize = 4;
/// Blocks that each may be ahead.
const AHEAD: usize = 4;

/// Lines of one block, or why it could not be read.
type Found = std::io::Result<Vec<Line>>;

/// What comes out, block by block in the order of the file.
pub struct Sieve {
    /// One for each thread; they take turns.
    inboxes: Vec<mpsc::Receiver<Found>>,
    turn: usize,
}

impl Sieve {
    /// Begins to read. The filter has a pattern.
    pub fn start(direct: Direct, filter: &Arc<Filter>, zone: &TimeZone, now: Timestamp) -> Option<Self> {
        let sift = Sift::new(filter.grep.as_ref()?, filter.invert);
        let direct = Arc::new(direct);
        let many = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(MOST_THREADS);
        let mut inboxes = Vec::new();
        for first in 0..many {
            let (outbox, inbox) = mpsc::channel(AHEAD);
            let judge = Judge { sift: sift.clone(), filter: Arc::clone(filter), zone: zone.clone(), now };
            let direct = Arc::clone(&direct);
            let work = move || {
                let mut block = Block::default();
                for number in (first as u64..direct.blocks()).step_by(many) {
                    let found = direct.read(number, &mut block).map(|()| judge.wanted(&block));
                    // Whoever has left wants no more.
                    if found.is_err() | outbox.blocking_send(found).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new().name("logs".into()).spawn(work).ok()?;
            inboxes.push(inbox);
        }
        Some(Self { inboxes, turn: 0 })
    }

    /// The lines of the next block; none after the last.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Found>> {
        let Some(inbox) = self.inboxes.get_mut(self.turn) else { return Poll::Ready(None) };
        let polled = inbox.poll_recv(context);
        if matches!(polled, Poll::Ready(Some(_))) {
            self.turn = (self.turn + 1) % self.inboxes.len();
        }
        polled
    }
}

struct Judge {
    sift: Sift,
    filter: Arc<Filter>,
    zone: TimeZone,
    now: Timestamp,
}

/// What is known of the lines of a block so far.
struct Known {
    reader: Reader,
    /// Time and level of the last record that was looked at.
    record: (Option<Timestamp>, Option<Level>),
    /// Lines before this place were looked at.
    judged: usize,
}

impl Judge {
    fn wanted(&self, block: &Block) -> Vec<Line> {
        // Found anew in each block, whichever thread reads it.
        let mut known = Known { reader: Reader::new(), record: (None, None), judged: 0 };
        let (before, text) = (block.before(), block.lines());
        let mut wanted = Vec::new();
        self.sift.each(text, &mut |range| {
            let bytes = sift::cut(text, &range);
            let mut parsed = known.reader.read(&bytes, self.now, &self.zone);
            if parsed.time.is_none() {
                self.look_back(&mut known, before, text, range.start, &bytes, &mut parsed);
            }
            known.judged = range.end;
            if parsed.begins {
                known.record = (parsed.time, parsed.level);
            } else {
                parsed.time = known.record.0;
                parsed.level = parsed.level.or(known.record.1);
            }
            if self.filter.is_match(&bytes, &parsed) {
                wanted.push(Line {
                    bytes: bytes.into_owned(),
                    at: parsed.time.unwrap_or(Timestamp::MIN),
                    time: parsed.time,
                    received: self.now,
                    level: parsed.level,
                    goes_on: !parsed.begins,
                });
            }
        });
        wanted
    }

    /// Finds the record that a line without a time goes on with, if it goes on with one.
    fn look_back(&self, known: &mut Known, before: &[u8], text: &[u8], start: usize, line: &[u8], parsed: &mut Parsed) {
        let between = text.get(known.judged..start).unwrap_or_default();
        let older = if known.judged == 0 { before } else { &[] };
        let back = || backwards(between).chain(backwards(older)).take(MOST_BACK);
        if !known.reader.stamped() {
            let mut lines = back();
            while !known.reader.stamped()
                && let Some(line) = lines.next()
            {
                known.reader.read(line, self.now, &self.zone);
            }
            *parsed = known.reader.read(line, self.now, &self.zone);
        }
        if !parsed.begins {
            let found = back().map(|line| known.reader.read(line, self.now, &self.zone)).find(|p| p.begins);
            if let Some(record) = found {
                known.record = (record.time, record.level);
            }
        }
    }
}

/// The lines of a text, the last one first.
fn backwards(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = text.strip_suffix(b"\n").unwrap_or(text);
    let mut over = text.is_empty();
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        let start = memchr::memrchr(b'\n', rest).map_or(0, |end| end + 1);
        let line = rest.get(start..)?;
        over = start == 0;
        rest = rest.get(..start.saturating_sub(1)).unwrap_or_default();
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        Some(line.get(..crate::log::Splitter::MOST).unwrap_or(line))
    })
}
