//! What is looked at of the lines that are held: filtered, searched, counted over time. Findings grow in steps that the
//! loop gives them.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Heard, Logs, Wish};
use crate::log::{Filter, LineId, Merge, Parsed, Place, Search, SourceId};

/// How many records there were over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bars {
    /// The first moment.
    pub from: Timestamp,
    /// Behind the last moment.
    pub to: Timestamp,
    /// Records by level in parts of equal length, those that say no level first.
    pub counts: Vec<[u32; 7]>,
    /// When they were counted, of how many lines.
    counted: (Timestamp, u64),
}

/// Bars of lines that ended so long ago end now, however short the time was in which they came.
const RECENT: SignedDuration = SignedDuration::from_mins(10);

/// Bars are counted again after this time, and not before.
const RECOUNT: SignedDuration = SignedDuration::from_secs(1);

impl Logs {
    /// What is looked at from now on; what was found for the same wish is kept.
    pub fn look(&mut self, wish: &Wish) {
        if self.wish.is_same(wish) {
            return;
        }
        let sources: Vec<_> = wish.logs.iter().filter_map(|id| self.heard.get(id)).map(Heard::source).collect();
        if self.sources != sources {
            (self.sources, self.bars) = (sources, None);
        }
        let search = |filter: &Option<Arc<Filter>>| filter.as_ref().map(|f| Search::new((**f).clone(), &self.sources));
        (self.filtered, self.found) = (search(&wish.filter), search(&wish.find));
        self.is_searching = self.filtered.is_some() || self.found.is_some();
        self.wish = wish.clone();
    }

    /// Counts over so many parts of the time from the first line to now, if that is not known yet or no longer true.
    pub fn measure(&mut self, parts: usize, now: Timestamp) {
        let came: u64 = self.sources.iter().map(|id| self.lines.came(*id)).sum();
        let is_fresh = |bars: &Bars| {
            let (at, of) = bars.counted;
            let long = bars.to.duration_since(bars.from) / i32::try_from(parts.max(1)).unwrap_or(i32::MAX);
            let old = now.duration_since(at).abs();
            bars.counts.len() == parts && (old < RECOUNT || (of == came && old < long))
        };
        if self.bars.as_ref().is_some_and(is_fresh) {
            return;
        }
        let span = self.lines.span(&self.sources).filter(|_| parts > 0);
        self.bars = span.and_then(|(from, last)| {
            // Up to now, unless the lines are so old that they would be one bar.
            let is_recent = now.duration_since(last) < last.duration_since(from).max(RECENT);
            let to = if is_recent { last.max(now) } else { last };
            let to = to.checked_add(SignedDuration::from_millis(1)).ok()?;
            let counts = self.lines.histogram(&self.sources, from, to, parts);
            Some(Bars { from, to, counts, counted: (now, came) })
        });
    }

    /// How many records there were over time, as last counted.
    pub fn bars(&self) -> Option<&Bars> {
        self.bars.as_ref()
    }

    /// Whether not everything was looked through yet.
    pub fn is_searching(&self) -> bool {
        self.is_searching
    }

    /// Looks through about so many bytes more.
    pub fn step(&mut self, bytes: usize) {
        let filtered = self.filtered.as_mut().is_none_or(|search| search.step(&self.lines, bytes));
        let found = self.found.as_mut().is_none_or(|search| search.step(&self.lines, bytes));
        self.is_searching = !(filtered && found);
    }

    /// What is looked at.
    pub fn wish(&self) -> &Wish {
        &self.wish
    }

    /// The sources that are looked at.
    pub fn sources(&self) -> &[SourceId] {
        &self.sources
    }

    /// The lines that pass the filter, from a place on.
    pub fn forward(&self, from: Option<Place>) -> Merge<'_> {
        match &self.filtered {
            Some(search) => search.forward(&self.lines, from),
            None => self.lines.forward(&self.sources, from),
        }
    }

    /// The lines that pass the filter before a place, the latest first.
    pub fn backward(&self, before: Option<Place>) -> Merge<'_> {
        match &self.filtered {
            Some(search) => search.backward(&self.lines, before),
            None => self.lines.backward(&self.sources, before),
        }
    }

    /// So many lines that pass with their neighbours, in order; true for those that pass.
    pub fn around(&self, edge: Option<Place>, back: bool, most: usize, context: usize) -> Vec<(LineId, bool)> {
        match &self.filtered {
            Some(search) if context > 0 => search.around(&self.lines, edge, back, most, context),
            _ => {
                let walk = if back { self.backward(edge) } else { self.forward(edge) };
                let mut lines: Vec<_> = walk.take(most).map(|line| (line.id, true)).collect();
                if back {
                    lines.reverse();
                }
                lines
            }
        }
    }

    /// How many lines pass the filter; of all that are held, while it is looked for, those found so far.
    pub fn count(&self) -> u64 {
        match &self.filtered {
            Some(search) => search.count(),
            None => self.sources.iter().map(|id| self.lines.lines(*id)).sum(),
        }
    }

    /// How many lines hold what is searched for.
    pub fn hits(&self) -> Option<u64> {
        self.found.as_ref().map(Search::count)
    }

    /// The next line with what is searched for from a place on, or before it; among those that pass the filter.
    pub fn hit(&self, edge: Option<Place>, back: bool) -> Option<Place> {
        let search = self.found.as_ref()?;
        let mut hits = if back { search.backward(&self.lines, edge) } else { search.forward(&self.lines, edge) };
        let mut passing = if back { self.backward(edge) } else { self.forward(edge) };
        let (mut hit, mut passes) = (hits.next()?.place, passing.next()?.place);
        // Both walks are in order: the one that is behind goes on.
        while hit != passes {
            if (hit < passes) == back {
                passes = passing.next()?.place;
            } else {
                hit = hits.next()?.place;
            }
        }
        Some(hit)
    }

    /// The place of a line, if it is of what is looked at and passes the filter.
    pub fn passing(&self, id: LineId) -> Option<Place> {
        let line = self.lines.line(id).filter(|line| self.sources.contains(&line.id.source))?;
        let is_wanted = self.wish.filter.as_ref().is_none_or(|filter| {
            let parsed = Parsed { time: Some(line.time), level: line.level, begins: line.begins };
            filter.is_match_with(line.bytes, &parsed, self.lines.pattern(id.source))
        });
        is_wanted.then_some(line.place)
    }

    /// Where lines may be missing in what is looked at, between two places; of the end of time, where none is given.
    pub fn gaps(&self, from: Option<Place>, to: Option<Place>) -> Vec<(Place, LineId)> {
        let heard = self.wish.logs.iter().filter_map(|id| self.heard.get(id));
        let gaps = heard.flat_map(Heard::gaps).filter_map(|id| Some((self.lines.line(id)?.place, id)));
        let within = |place: &Place| from.is_none_or(|f| f < *place) && to.is_none_or(|t| *place < t);
        let mut gaps: Vec<_> = gaps.filter(|(place, _)| within(place)).collect();
        gaps.sort_unstable();
        gaps
    }

    /// Whether lines of the same log came before this one that are not held: so many were dropped, or it is not known
    /// how many were not read.
    pub fn begins_here(&self, id: LineId) -> Option<u64> {
        let heard = self.heard_as(id)?;
        let dropped = self.lines.dropped(id.source);
        let may_have_more = heard.asked().is_some_and(|asked| self.lines.came(id.source) >= asked);
        (id.number == dropped && (dropped > 0 || may_have_more)).then_some(dropped)
    }

    /// How many lines of what is looked at were dropped to keep the bound.
    pub fn dropped(&self) -> u64 {
        self.sources.iter().map(|id| self.lines.dropped(*id)).sum()
    }

    /// The times of the first and the last line that is looked at.
    pub fn span(&self) -> Option<(Timestamp, Timestamp)> {
        self.lines.span(&self.sources)
    }
}
