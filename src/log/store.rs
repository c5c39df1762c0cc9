//! Holds the lines of all sources in bounded memory. Drops the oldest chunk of the largest source when it is full, and
//! counts what it drops; knows nothing of where lines come from.

use std::collections::VecDeque;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::chunk::{Chunk, Mark, moment};
use super::groups::Pattern;
use super::level::Level;
use super::merge::{Line, LineId, Merge, Place, SourceId};
use super::parse::{Parsed, Reader};
use super::split::Splitter;

/// How bytes are handed on, so that the bound is looked at often enough.
const SLICE: usize = 64 * 1024;

/// What a source knows of a line beside its text, as the journal does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Known {
    /// When it was written.
    pub time: Option<Timestamp>,
    /// How bad it is, where its text does not say: what a service prints has the same priority whatever it says.
    pub level: Option<Level>,
}

/// The lines of all sources.
#[derive(Debug)]
pub struct LogStore {
    cap: usize,
    chunk: usize,
    sources: Vec<Source>,
    /// Counts up whenever another source has its turn.
    arrival: u64,
    last: Option<SourceId>,
}

impl Default for LogStore {
    fn default() -> Self {
        Self::new(Self::USUAL)
    }
}

impl LogStore {
    /// How much it holds if nobody says otherwise, in bytes.
    pub const USUAL: usize = 256 << 20;
    /// Less than this makes no sense.
    pub const LEAST: usize = 4 << 20;

    /// For so many bytes of text and index together.
    pub fn new(cap: usize) -> Self {
        let cap = cap.max(Self::LEAST);
        let chunk = (cap / 16).clamp(256 << 10, 1 << 20);
        Self { cap, chunk, sources: Vec::new(), arrival: 0, last: None }
    }

    /// A new source, whose stamps without an offset are of this zone.
    pub fn add(&mut self, zone: TimeZone) -> SourceId {
        self.add_with(zone, None)
    }

    /// The same, with lines of a form of their own.
    pub fn add_with(&mut self, zone: TimeZone, pattern: Option<Arc<Pattern>>) -> SourceId {
        let id = SourceId(self.sources.len() as u32);
        self.sources.push(Source::new(zone, pattern));
        id
    }

    /// The form of a source's lines, where it has one of its own.
    pub fn pattern(&self, source: SourceId) -> Option<&Pattern> {
        self.sources.get(source.0 as usize)?.shelf.pattern.as_deref()
    }

    /// Bytes of a source as they came; a line without its end waits for it.
    pub fn push(&mut self, source: SourceId, bytes: &[u8], received: Timestamp) {
        let arrival = self.turn(source);
        for slice in bytes.chunks(SLICE) {
            let Some(Source { splitter, shelf }) = self.sources.get_mut(source.0 as usize) else { return };
            splitter.push(slice, &mut |line| shelf.read(line, received, arrival, self.chunk));
            self.keep_bounds();
        }
    }

    /// One line without its end, of which the source knows more than its text says.
    pub fn push_line(&mut self, source: SourceId, line: &[u8], known: Known, received: Timestamp) {
        let arrival = self.turn(source);
        let Some(Source { shelf, .. }) = self.sources.get_mut(source.0 as usize) else { return };
        let most = self.chunk;
        // Newlines inside (the journal has them) and too long lines are treated as everywhere.
        let mut splitter = Splitter::new();
        let mut pieces = 0;
        let mut sink = |line: &[u8]| {
            let said = shelf.reader.read(line, received, &shelf.zone);
            let time = known.time.or(said.time);
            let parsed =
                Parsed { time, level: said.level.or(known.level.filter(|_| pieces == 0)), begins: pieces == 0 };
            shelf.add(line, parsed, received, arrival, most);
            pieces += 1;
        };
        splitter.push(line, &mut sink);
        splitter.end(&mut sink);
        if line.is_empty() {
            sink(b"");
        }
        self.keep_bounds();
    }

    /// No more bytes come for now: a line without its end is taken as it is.
    pub fn end(&mut self, source: SourceId, received: Timestamp) {
        let arrival = self.turn(source);
        let Some(Source { splitter, shelf }) = self.sources.get_mut(source.0 as usize) else { return };
        splitter.end(&mut |line| shelf.read(line, received, arrival, self.chunk));
        self.keep_bounds();
    }

    /// Marks that lines may be missing here, and says why.
    pub fn gap(&mut self, source: SourceId, why: &str, received: Timestamp) {
        self.end(source, received);
        let arrival = self.turn(source);
        let Some(Source { shelf, .. }) = self.sources.get_mut(source.0 as usize) else { return };
        let time = shelf.last_time.unwrap_or_else(|| received.as_microsecond());
        // One line, whatever the reason says.
        let why = why.replace(['\n', '\r'], " ");
        shelf.put(why.as_bytes(), Mark::new(time, None).gap(), arrival, self.chunk);
        self.keep_bounds();
    }

    /// Nothing more of a source is wanted: its lines are let go, and its number is not given again.
    pub fn retire(&mut self, source: SourceId) {
        if let Some(Source { splitter, shelf }) = self.sources.get_mut(source.0 as usize) {
            *splitter = Splitter::new();
            shelf.chunks = VecDeque::new();
            shelf.bytes = 0;
        }
    }

    /// A line, unless it was dropped or never was.
    pub fn line(&self, id: LineId) -> Option<Line<'_>> {
        let (chunk, row) = self.sources.get(id.source.0 as usize)?.shelf.find(id.number)?;
        Line::of(id.source, chunk, row)
    }

    /// Lines of some sources by time from a place on, that place included; from the oldest if none is given.
    pub fn forward(&self, sources: &[SourceId], from: Option<Place>) -> Merge<'_> {
        Merge::all(self, sources, from, false)
    }

    /// Lines of some sources by time, latest first, before a place; from the latest if none is given.
    pub fn backward(&self, sources: &[SourceId], before: Option<Place>) -> Merge<'_> {
        Merge::all(self, sources, before, true)
    }

    /// The records that begin between two moments, in buckets of equal length: by level, with those that say none first.
    /// The end belongs to none.
    pub fn histogram(&self, sources: &[SourceId], from: Timestamp, to: Timestamp, buckets: usize) -> Vec<[u32; 7]> {
        let (from, to) = (from.as_microsecond(), to.as_microsecond());
        let mut counts = vec![[0_u32; 7]; buckets];
        let each = buckets as f64 / to.saturating_sub(from).max(1) as f64;
        for (_, chunk) in self.chunks(sources).filter(|(_, c)| c.latest >= from) {
            let marks = chunk.marks().iter().filter(|m| m.begins() && !m.is_gap() && (from..to).contains(&m.time()));
            for mark in marks {
                let at = ((mark.time() - from) as f64 * each) as usize;
                if let Some(count) =
                    counts.get_mut(at.min(buckets.saturating_sub(1))).and_then(|b| b.get_mut(mark.code()))
                {
                    *count = count.saturating_add(1);
                }
            }
        }
        counts
    }

    /// The first and the last moment that lines of some sources have.
    pub fn span(&self, sources: &[SourceId]) -> Option<(Timestamp, Timestamp)> {
        let first = self.forward(sources, None).next()?.time;
        let last = self.chunks(sources).map(|(_, c)| c.latest).max()?;
        Some((first, moment(last)))
    }

    /// How many lines of a source were dropped to keep the bound.
    pub fn dropped(&self, source: SourceId) -> u64 {
        self.sources.get(source.0 as usize).map_or(0, |s| s.shelf.first())
    }

    /// How many bytes of too long lines of a source were left out.
    pub fn left_out(&self, source: SourceId) -> u64 {
        self.sources.get(source.0 as usize).map_or(0, |s| s.splitter.left_out())
    }

    /// How many lines of a source came so far, those that were dropped among them.
    pub fn came(&self, source: SourceId) -> u64 {
        self.sources.get(source.0 as usize).map_or(0, |s| s.shelf.next)
    }

    /// How many lines of a source are held.
    pub fn lines(&self, source: SourceId) -> u64 {
        self.sources.get(source.0 as usize).map_or(0, |s| s.shelf.next - s.shelf.first())
    }

    /// How many bytes it takes.
    pub fn memory(&self) -> usize {
        self.sources.iter().map(|s| s.shelf.bytes + s.splitter.pending()).sum()
    }

    /// How many of them are index.
    pub fn index(&self) -> usize {
        self.sources.iter().flat_map(|s| &s.shelf.chunks).map(Chunk::index).sum()
    }

    pub(super) fn chunks(&self, sources: &[SourceId]) -> impl Iterator<Item = (SourceId, &Chunk)> {
        let known = sources.iter().filter_map(|id| Some((*id, self.sources.get(id.0 as usize)?)));
        known.flat_map(|(id, source)| source.shelf.chunks.iter().map(move |chunk| (id, chunk)))
    }

    fn turn(&mut self, source: SourceId) -> u64 {
        if self.last != Some(source) {
            self.arrival += 1;
            self.last = Some(source);
        }
        self.arrival
    }

    /// A flood in one source does not wash away what the quiet ones said.
    fn keep_bounds(&mut self) {
        let mut held = self.memory();
        while held > self.cap {
            let Some(largest) = self.sources.iter_mut().max_by_key(|s| s.shelf.bytes) else { return };
            let freed = largest.shelf.drop_oldest();
            if freed == 0 {
                return;
            }
            held = held.saturating_sub(freed);
        }
    }
}

#[derive(Debug)]
struct Source {
    splitter: Splitter,
    shelf: Shelf,
}

impl Source {
    fn new(zone: TimeZone, pattern: Option<Arc<Pattern>>) -> Self {
        let shelf = Shelf {
            zone,
            reader: pattern.clone().map_or_else(Reader::new, Reader::with_pattern),
            pattern,
            chunks: VecDeque::new(),
            next: 0,
            bytes: 0,
            last_time: None,
            last_level: None,
        };
        Self { splitter: Splitter::new(), shelf }
    }
}

/// The lines of one source.
#[derive(Debug)]
struct Shelf {
    zone: TimeZone,
    reader: Reader,
    pattern: Option<Arc<Pattern>>,
    chunks: VecDeque<Chunk>,
    /// The number of the next line.
    next: u64,
    bytes: usize,
    /// Of the record before.
    last_time: Option<i64>,
    last_level: Option<Level>,
}

impl Shelf {
    fn read(&mut self, line: &[u8], received: Timestamp, arrival: u64, most: usize) {
        let parsed = self.reader.read(line, received, &self.zone);
        self.add(line, parsed, received, arrival, most);
    }

    /// A line without a time has that of the record before it, if records here have any.
    fn add(&mut self, line: &[u8], parsed: Parsed, received: Timestamp, arrival: u64, most: usize) {
        let begins = parsed.begins || self.next == 0;
        let before = self.last_time.filter(|_| !begins || self.reader.stamped());
        let own = parsed.time.map(Timestamp::as_microsecond);
        let time = own.or(before).unwrap_or_else(|| received.as_microsecond());
        let level = if begins { parsed.level } else { parsed.level.or(self.last_level) };
        self.last_time = Some(time);
        self.last_level = level;
        self.put(line, Mark::new(time, level).beginning(begins).timed(own.is_some()), arrival, most);
    }

    fn put(&mut self, line: &[u8], mark: Mark, arrival: u64, most: usize) {
        if !self.chunks.back().is_some_and(|c| c.has_room(line.len(), arrival, most)) {
            if let Some(full) = self.chunks.back_mut() {
                self.bytes -= full.memory();
                full.seal();
                self.bytes += full.memory();
            }
            self.chunks.push_back(Chunk::new(self.next, arrival));
        }
        if let Some(chunk) = self.chunks.back_mut() {
            let before = if chunk.len() == 0 { 0 } else { chunk.memory() };
            chunk.push(line, mark, arrival);
            self.bytes = self.bytes - before + chunk.memory();
            self.next += 1;
        }
    }

    /// The number of the oldest line that is held; as many were dropped.
    fn first(&self) -> u64 {
        self.chunks.front().map_or(self.next, |c| c.first)
    }

    fn find(&self, number: u64) -> Option<(&Chunk, usize)> {
        let at = self.chunks.partition_point(|c| c.first <= number).checked_sub(1)?;
        let chunk = self.chunks.get(at)?;
        let row = usize::try_from(number - chunk.first).ok()?;
        (row < chunk.len()).then_some((chunk, row))
    }

    fn drop_oldest(&mut self) -> usize {
        let freed = self.chunks.pop_front().map_or(0, |c| c.memory());
        self.bytes = self.bytes.saturating_sub(freed);
        freed
    }
}
