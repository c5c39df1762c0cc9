//! The lines of several sources in one order: by time, then as they arrived. Walks both ways from any place without
//! copying a line; keeps nothing between two walks but what the caller remembers.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::fmt::Write;

use jiff::Timestamp;

use super::chunk::{Chunk, moment};
use super::level::Level;
use super::store::LogStore;
use crate::model::Text;

/// A source in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub(super) u32);

/// A line in a store; means the same line until that is dropped, and none afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LineId {
    /// Its source.
    pub source: SourceId,
    /// Its number in the source, from 0.
    pub number: u64,
}

/// A place in the order of lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    time: i64,
    arrival: u64,
    source: SourceId,
    number: u64,
}

impl Place {
    /// Before every line of that moment.
    pub fn at(time: Timestamp) -> Self {
        Self { time: time.as_microsecond(), arrival: 0, source: SourceId(0), number: 0 }
    }

    /// Right behind this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self { number: self.number + 1, ..self }
    }

    /// The time of the line there.
    pub fn time(self) -> Timestamp {
        moment(self.time)
    }

    /// The line there.
    pub fn line(self) -> LineId {
        LineId { source: self.source, number: self.number }
    }

    fn of(source: SourceId, chunk: &Chunk, row: usize) -> Option<Self> {
        let time = chunk.mark(row)?.time();
        Some(Self { time, arrival: chunk.arrival(row), source, number: chunk.first + row as u64 })
    }
}

/// A line as the store holds it.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// How to find it again.
    pub id: LineId,
    /// Where it stands among the lines of other sources.
    pub place: Place,
    /// As it came, without its end.
    pub bytes: &'a [u8],
    /// When it was written, to the microsecond; of the record before, or when it was received, if it does not say.
    pub time: Timestamp,
    /// Whether the time is its own.
    pub timed: bool,
    /// Its level, or that of its record.
    pub level: Option<Level>,
    /// Whether a record begins here.
    pub begins: bool,
    /// No line of the source: the bytes say why some may be missing here.
    pub gap: bool,
}

impl<'a> Line<'a> {
    pub(super) fn of(source: SourceId, chunk: &'a Chunk, row: usize) -> Option<Self> {
        let mark = chunk.mark(row)?;
        let place = Place::of(source, chunk, row)?;
        Some(Self {
            id: LineId { source, number: place.number },
            place,
            bytes: chunk.line(row),
            time: moment(mark.time()),
            timed: mark.is_timed(),
            level: mark.level(),
            begins: mark.begins(),
            gap: mark.is_gap(),
        })
    }

    /// For a screen or a terminal: without control sequences, with U+FFFD for what is no UTF-8.
    pub fn text(&self) -> Text {
        Text::line(&String::from_utf8_lossy(self.bytes))
    }
}

/// All bytes of a line in letters that are safe anywhere: what is no plain text is written as `\x1b` or `\u{202e}`.
pub fn escaped(bytes: &[u8]) -> Cow<'_, str> {
    let harmless = |c: char| !c.is_control() && Text::line(c.encode_utf8(&mut [0; 4])).as_str().contains(c);
    if let Ok(text) = std::str::from_utf8(bytes)
        && (text.bytes().all(|b| (b' '..=b'~').contains(&b)) || text.chars().all(|c| c == ' ' || harmless(c)))
    {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(bytes.len() + 16);
    for part in bytes.utf8_chunks() {
        for c in part.valid().chars() {
            if c == ' ' || harmless(c) {
                out.push(c);
            } else if c.is_ascii() {
                out.extend(c.escape_default());
            } else {
                out.extend(c.escape_unicode());
            }
        }
        for byte in part.invalid() {
            // Writing into a String cannot fail.
            let _written = write!(out, "\\x{byte:02x}");
        }
    }
    Cow::Owned(out)
}

/// The rows of a chunk that are walked over, in the order of their times.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rows<'a> {
    All(usize),
    Some(&'a [u16]),
}

impl Rows<'_> {
    pub fn of(chunk: &Chunk) -> Rows<'_> {
        chunk.order().map_or(Rows::All(chunk.len()), Rows::Some)
    }

    fn len(self) -> usize {
        match self {
            Self::All(len) => len,
            Self::Some(rows) => rows.len(),
        }
    }

    fn get(self, at: usize) -> Option<usize> {
        match self {
            Self::All(len) => (at < len).then_some(at),
            Self::Some(rows) => rows.get(at).map(|r| usize::from(*r)),
        }
    }
}

/// A chunk with the next row of it.
#[derive(Debug)]
struct Head<'a> {
    source: SourceId,
    chunk: &'a Chunk,
    rows: Rows<'a>,
    at: usize,
    place: Place,
    back: bool,
}

impl<'a> Head<'a> {
    fn new(source: SourceId, chunk: &'a Chunk, rows: Rows<'a>, edge: Option<Place>, back: bool) -> Option<Self> {
        let (mut low, mut high) = (0, rows.len());
        match edge {
            None => low = if back { high } else { 0 },
            Some(edge) => {
                while low < high {
                    let middle = low.midpoint(high);
                    let before = rows.get(middle).and_then(|row| Place::of(source, chunk, row))? < edge;
                    if before {
                        low = middle + 1;
                    } else {
                        high = middle;
                    }
                }
            }
        }
        let at = if back { low.checked_sub(1)? } else { low };
        let place = Place::of(source, chunk, rows.get(at)?)?;
        Some(Self { source, chunk, rows, at, place, back })
    }

    /// On to the next row; false if there is none.
    fn advance(&mut self) -> bool {
        let at = if self.back { self.at.checked_sub(1) } else { Some(self.at + 1) };
        let row = at.and_then(|at| Some((at, self.rows.get(at)?)));
        let Some((at, place)) = row.and_then(|(at, row)| Some((at, Place::of(self.source, self.chunk, row)?))) else {
            return false;
        };
        self.at = at;
        self.place = place;
        true
    }
}

impl Ord for Head<'_> {
    /// The heap gives the greatest first.
    fn cmp(&self, other: &Self) -> Ordering {
        let order = self.place.cmp(&other.place);
        if self.back { order } else { order.reverse() }
    }
}

impl PartialOrd for Head<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Head<'_> {}

/// A walk over the lines of several sources.
#[derive(Debug)]
pub struct Merge<'a> {
    heads: BinaryHeap<Head<'a>>,
    /// The chunk whose turn it is, out of the heap as long as its lines come next.
    current: Option<Head<'a>>,
}

impl<'a> Merge<'a> {
    pub(super) fn all(store: &'a LogStore, sources: &[SourceId], edge: Option<Place>, back: bool) -> Self {
        Self::over(store.chunks(sources).map(|(id, chunk)| (id, chunk, Rows::of(chunk))), edge, back)
    }

    pub(super) fn over(
        chunks: impl Iterator<Item = (SourceId, &'a Chunk, Rows<'a>)>,
        edge: Option<Place>,
        back: bool,
    ) -> Self {
        let mut heads: BinaryHeap<_> =
            chunks.filter_map(|(id, chunk, rows)| Head::new(id, chunk, rows, edge, back)).collect();
        let current = heads.pop();
        Self { heads, current }
    }
}

impl<'a> Iterator for Merge<'a> {
    type Item = Line<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let head = self.current.as_mut()?;
        let line = Line::of(head.source, head.chunk, head.rows.get(head.at)?);
        if !head.advance() {
            self.current = self.heads.pop();
        } else if let Some(mut top) = self.heads.peek_mut()
            && *top > *head
        {
            std::mem::swap(&mut *top, head);
        }
        line
    }
}
