//! A filter over a store, a slice at a time: the latest chunks first, so that a screen is full at once. Looks for the
//! pattern in whole chunks and judges only the lines that it finds. Holds row numbers, no lines.

use std::collections::HashMap;

use memchr::{memchr, memmem};
use regex::bytes::Regex;

use super::access;
use super::chunk::{Chunk, Mark, moment};
use super::filter::{FieldTest, Filter};
use super::groups::Pattern;
use super::merge::{LineId, Merge, Place, Rows, SourceId};
use super::sift::{PATIENCE, wide};
use super::store::LogStore;

/// What a filter finds in a store that goes on growing.
#[derive(Debug)]
pub struct Search {
    filter: Filter,
    /// The pattern for whole chunks, if it means the same there.
    wide: Option<Regex>,
    /// What a line has that has all the fields.
    hint: Option<Hint>,
    sources: Vec<SourceId>,
    found: HashMap<(SourceId, u64), Found>,
    count: u64,
}

/// What was found in one chunk.
#[derive(Debug, Default)]
struct Found {
    /// Rows by time.
    rows: Vec<u16>,
    /// So many rows were looked at.
    seen: usize,
}

impl Search {
    /// That has looked at nothing yet.
    pub fn new(filter: Filter, sources: &[SourceId]) -> Self {
        let wide = filter.grep.as_ref().and_then(wide);
        let hint = Hint::of(&filter);
        Self { filter, wide, hint, sources: sources.to_vec(), found: HashMap::new(), count: 0 }
    }

    /// Its filter.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Looks on through about so many bytes, or all of one chunk if that is more; true once everything that is there
    /// has been looked at. Lines that come later are found by later steps.
    pub fn step(&mut self, store: &LogStore, bytes: usize) -> bool {
        self.forget(store);
        let mut left = Some(bytes);
        let mut due: Vec<_> = store
            .chunks(&self.sources)
            .filter(|(id, c)| self.found.get(&(*id, c.first)).map_or(0, |f| f.seen) < c.len())
            .collect();
        due.sort_unstable_by_key(|(_, c)| std::cmp::Reverse(c.latest));
        for (id, chunk) in due {
            let Some(room) = left.filter(|l| *l > 0) else { return false };
            let seen = self.found.get(&(id, chunk.first)).map_or(0, |f| f.seen);
            left = room.checked_sub(chunk.text(seen).len());
            let mut rows = self.look(chunk, seen, store.pattern(id));
            let found = self.found.entry((id, chunk.first)).or_default();
            self.count += rows.len() as u64;
            found.seen = chunk.len();
            found.rows.append(&mut rows);
            if chunk.order().is_some() {
                found.rows.sort_by_key(|r| chunk.mark(usize::from(*r)).map(Mark::time));
            }
        }
        true
    }

    /// How many lines were found and are still held.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What was found so far, from a place on, that place included.
    pub fn forward<'a>(&'a self, store: &'a LogStore, from: Option<Place>) -> Merge<'a> {
        self.walk(store, from, false)
    }

    /// What was found so far before a place, latest first.
    pub fn backward<'a>(&'a self, store: &'a LogStore, before: Option<Place>) -> Merge<'a> {
        self.walk(store, before, true)
    }

    /// What was found with so many lines around each, in order and every line once; true for the found ones. At most so
    /// many found ones, from a place on or, if `back`, the last ones before it.
    pub fn around(
        &self,
        store: &LogStore,
        edge: Option<Place>,
        back: bool,
        most: usize,
        context: usize,
    ) -> Vec<(LineId, bool)> {
        let mut hits: Vec<Place> = self.walk(store, edge, back).take(most).map(|l| l.place).collect();
        hits.sort_unstable();
        let mut shown: Vec<(Place, LineId)> = Vec::new();
        for hit in &hits {
            let mut before: Vec<_> = store.backward(&self.sources, Some(*hit)).take(context).collect();
            before.reverse();
            let after = store.forward(&self.sources, Some(*hit)).take(context + 1);
            for line in before.into_iter().chain(after) {
                if shown.last().is_none_or(|(last, _)| *last < line.place) {
                    shown.push((line.place, line.id));
                }
            }
        }
        shown.into_iter().map(|(place, id)| (id, hits.binary_search(&place).is_ok())).collect()
    }

    fn walk<'a>(&'a self, store: &'a LogStore, edge: Option<Place>, back: bool) -> Merge<'a> {
        let chunks = store.chunks(&self.sources);
        let found = chunks.filter_map(|(id, c)| Some((id, c, Rows::Some(&self.found.get(&(id, c.first))?.rows))));
        Merge::over(found, edge, back)
    }

    /// Chunks that were dropped.
    fn forget(&mut self, store: &LogStore) {
        let count = &mut self.count;
        self.found.retain(|(id, first), found| {
            let held = *first >= store.dropped(*id);
            if !held {
                *count -= found.rows.len() as u64;
            }
            held
        });
    }

    fn look(&self, chunk: &Chunk, from: usize, pattern: Option<&Pattern>) -> Vec<u16> {
        let fits = |row: usize| {
            chunk.mark(row).is_some_and(|m| !m.is_gap() && self.filter.fits(m.level(), Some(moment(m.time()))))
                && (self.filter.fields.is_empty() || self.filter.has_fields(chunk.line(row), pattern))
        };
        let mut rows = Vec::new();
        let mut keep = |row: usize| {
            if fits(row) {
                rows.push(row as u16);
            }
        };
        match &self.filter.grep {
            // A group of a pattern has a name that stands in no line.
            None => match self.hint.as_ref().filter(|hint| hint.is_value || pattern.is_none()) {
                Some(hint) => hint.rows(chunk, from, &mut keep),
                None => (from..chunk.len()).for_each(keep),
            },
            Some(grep) if self.filter.invert => {
                let mut next = from;
                self.grep(grep, chunk, from, &mut |row| {
                    (next..row).for_each(&mut keep);
                    next = row + 1;
                });
                (next..chunk.len()).for_each(keep);
            }
            Some(grep) => self.grep(grep, chunk, from, &mut keep),
        }
        rows
    }

    /// The rows that hold the pattern, in the order they came.
    fn grep(&self, grep: &Regex, chunk: &Chunk, from: usize, sink: &mut dyn FnMut(usize)) {
        let mut row = from;
        if let Some(wide) = &self.wide {
            let (text, base) = (chunk.text(from), chunk.start(from));
            let (mut at, mut strays) = (0, 0);
            loop {
                let Some(found) = (if at < text.len() { wide.find_at(text, at) } else { None }) else { return };
                if found.start() >= text.len() {
                    return;
                }
                row = chunk.row_at(base + found.start());
                let next = chunk.start(row + 1) - base;
                // What ends in the same line is a match of that line; what goes over its end may be none, and is slow.
                let inside = found.end() < next;
                if inside || grep.is_match(chunk.line(row)) {
                    sink(row);
                }
                strays += usize::from(!inside);
                row += 1;
                at = next;
                if strays > PATIENCE {
                    break;
                }
            }
        }
        (row..chunk.len()).filter(|row| grep.is_match(chunk.line(*row))).for_each(sink);
    }
}

/// Bytes that a line has whose fields are as they must be: the longest value that is asked for, which may be written with
/// escapes, or else a name.
#[derive(Debug)]
struct Hint {
    bytes: memmem::Finder<'static>,
    is_value: bool,
}

impl Hint {
    fn of(filter: &Filter) -> Option<Self> {
        let values = filter.fields.iter().filter_map(FieldTest::exact).map(|value| (value, true));
        // Of a path the last member; what an access log says it says without names.
        let names = filter.fields.iter().map(|test| test.name.as_str()).filter(|name| !access::is_name(name));
        let names = names.map(|name| (name.rsplit('.').next().unwrap_or(name), false));
        let some = |hint: &(&str, bool)| !hint.0.is_empty();
        let longest = values.filter(some).max_by_key(|(value, _)| value.len());
        let (bytes, is_value) = longest.or_else(|| names.filter(some).max_by_key(|(name, _)| name.len()))?;
        Some(Self { bytes: memmem::Finder::new(bytes).into_owned(), is_value })
    }

    /// The rows that may have the fields, in the order they came.
    fn rows(&self, chunk: &Chunk, from: usize, sink: &mut dyn FnMut(usize)) {
        let (text, base) = (chunk.text(from), chunk.start(from));
        let (mut at, mut next_value, mut next_escape) = (0, Some(0), self.is_value.then_some(0));
        while at < text.len() {
            let rest = text.get(at..).unwrap_or_default();
            // Each is looked for only when what was found of it last is passed.
            if next_value.is_some_and(|place| place <= at) {
                next_value = self.bytes.find(rest).map(|place| at + place);
            }
            if next_escape.is_some_and(|place| place <= at) {
                next_escape = memchr(b'\\', rest).map(|place| at + place);
            }
            let Some(place) = next_value.into_iter().chain(next_escape).min() else { return };
            let row = chunk.row_at(base + place);
            sink(row);
            at = chunk.start(row + 1) - base;
        }
    }
}
