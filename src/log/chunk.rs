//! A piece of one source's lines: their bytes in one arena, and fourteen bytes of index for each. Lines are added at the
//! end and never altered; the whole chunk is dropped at once.

use std::mem::size_of;

use jiff::Timestamp;

use super::level::Level;

const LEVEL: u64 = 0b111;
const BEGINS: u64 = 1 << 3;
const TIMED: u64 = 1 << 4;
const GAP: u64 = 1 << 5;
/// Fifty-six bits hold the microseconds of more than a thousand years on both sides of 1970.
const SHIFT: u32 = 8;
const FURTHEST: i64 = i64::MAX >> SHIFT;

/// Time, level and kind of a line in eight bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark(u64);

impl Mark {
    pub fn new(time: i64, level: Option<Level>) -> Self {
        let time = time.clamp(-FURTHEST, FURTHEST);
        Self((time << SHIFT).cast_unsigned() | level.map_or(0, |l| l as u64))
    }

    pub fn beginning(self, begins: bool) -> Self {
        Self(self.0 | if begins { BEGINS } else { 0 })
    }

    pub fn timed(self, timed: bool) -> Self {
        Self(self.0 | if timed { TIMED } else { 0 })
    }

    pub fn gap(self) -> Self {
        Self(self.0 | GAP | BEGINS)
    }

    /// Microseconds since 1970.
    pub fn time(self) -> i64 {
        self.0.cast_signed() >> SHIFT
    }

    pub fn level(self) -> Option<Level> {
        Level::from_code((self.0 & LEVEL) as u8)
    }

    /// 0 for none.
    pub fn code(self) -> usize {
        (self.0 & LEVEL) as usize
    }

    pub fn begins(self) -> bool {
        self.0 & BEGINS != 0
    }

    pub fn is_timed(self) -> bool {
        self.0 & TIMED != 0
    }

    pub fn is_gap(self) -> bool {
        self.0 & GAP != 0
    }
}

/// Microseconds since 1970, as a moment.
pub(super) fn moment(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 { Timestamp::MIN } else { Timestamp::MAX })
}

/// Lines that came one after the other.
#[derive(Debug, Default)]
pub(super) struct Chunk {
    /// The number of its first line in the source.
    pub first: u64,
    /// The arrival of its first line.
    arrival: u64,
    /// Every line with a newline behind it.
    text: Vec<u8>,
    starts: Vec<u32>,
    marks: Vec<Mark>,
    /// Arrivals after the first one's.
    arrivals: Vec<u16>,
    /// The rows by time, if that is not how they came.
    order: Option<Vec<u16>>,
    pub latest: i64,
}

impl Chunk {
    pub fn new(first: u64, arrival: u64) -> Self {
        Self { first, arrival, latest: i64::MIN, ..Self::default() }
    }

    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether a line finds room.
    pub fn has_room(&self, line: usize, arrival: u64, most: usize) -> bool {
        self.starts.is_empty()
            || (self.text.len() + line < most
                && self.len() < (most / 16).min(usize::from(u16::MAX))
                && u16::try_from(arrival - self.arrival).is_ok())
    }

    pub fn push(&mut self, line: &[u8], mark: Mark, arrival: u64) {
        let row = self.len() as u16;
        self.starts.push(self.text.len() as u32);
        self.text.extend_from_slice(line);
        self.text.push(b'\n');
        self.marks.push(mark);
        self.arrivals.push((arrival - self.arrival) as u16);
        let time = mark.time();
        if time < self.latest && self.order.is_none() {
            self.order = Some((0..row).collect());
        }
        if let Some(order) = &mut self.order {
            let marks = &self.marks;
            let at = order.partition_point(|r| marks.get(usize::from(*r)).is_some_and(|m| m.time() <= time));
            order.insert(at, row);
        }
        self.latest = self.latest.max(time);
    }

    /// No more lines come: gives back what was taken ahead.
    pub fn seal(&mut self) {
        self.text.shrink_to_fit();
        self.starts.shrink_to_fit();
        self.marks.shrink_to_fit();
        self.arrivals.shrink_to_fit();
        if let Some(order) = &mut self.order {
            order.shrink_to_fit();
        }
    }

    /// Bytes of the index.
    pub fn index(&self) -> usize {
        self.starts.capacity() * size_of::<u32>()
            + self.marks.capacity() * size_of::<Mark>()
            + self.arrivals.capacity() * size_of::<u16>()
            + self.order.as_ref().map_or(0, |o| o.capacity() * size_of::<u16>())
            + size_of::<Self>()
    }

    /// Bytes that it takes.
    pub fn memory(&self) -> usize {
        self.text.capacity() + self.index()
    }

    /// The lines from a row on, each with its newline.
    pub fn text(&self, from: usize) -> &[u8] {
        self.starts.get(from).and_then(|s| self.text.get(*s as usize..)).unwrap_or_default()
    }

    /// Where a row starts in the text.
    pub fn start(&self, row: usize) -> usize {
        self.starts.get(row).map_or(self.text.len(), |s| *s as usize)
    }

    /// The row that holds a byte of the text.
    pub fn row_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|s| *s as usize <= offset).saturating_sub(1)
    }

    pub fn line(&self, row: usize) -> &[u8] {
        let end = self.start(row + 1).saturating_sub(1);
        self.text.get(self.start(row)..end).unwrap_or_default()
    }

    pub fn mark(&self, row: usize) -> Option<Mark> {
        self.marks.get(row).copied()
    }

    pub fn marks(&self) -> &[Mark] {
        &self.marks
    }

    pub fn arrival(&self, row: usize) -> u64 {
        self.arrival + self.arrivals.get(row).map_or(0, |a| u64::from(*a))
    }

    pub fn order(&self) -> Option<&[u16]> {
        self.order.as_deref()
    }
}
