//! What is heard of logs: the lines of every source that is or was followed, how each stands and since when, and what
//! the filter and the search of the pane have found so far. Derived findings grow in steps that the loop gives them.

mod heard;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Changed;
use crate::log::{Filter, Known, Level, LineId, LogStore, Merge, Parsed, Pattern, Place, Search, SourceId};
use crate::model::{LogId, LogNews, LogSpec};
pub use heard::{Drift, Heard};

/// Which lines are looked at, and which of them are looked for.
#[derive(Clone, Debug, Default)]
pub struct Wish {
    /// The logs.
    pub logs: Vec<LogId>,
    /// What they are filtered by; none lets everything through.
    pub filter: Option<Arc<Filter>>,
    /// What is searched for in them.
    pub find: Option<Arc<Filter>>,
}

impl Wish {
    fn is_same(&self, other: &Self) -> bool {
        let same = |one: &Option<Arc<Filter>>, other: &Option<Arc<Filter>>| match (one, other) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            _ => false,
        };
        self.logs == other.logs && same(&self.filter, &other.filter) && same(&self.find, &other.find)
    }
}

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

/// All of it.
#[derive(Debug, Default)]
pub struct Logs {
    lines: LogStore,
    declared: Vec<Arc<LogSpec>>,
    heard: BTreeMap<LogId, Heard>,
    wish: Wish,
    sources: Vec<SourceId>,
    filtered: Option<Search>,
    found: Option<Search>,
    is_searching: bool,
    bars: Option<Bars>,
}

impl Logs {
    /// So many bytes may be held.
    pub fn bound(&mut self, bytes: usize) {
        if self.heard.is_empty() {
            self.lines = LogStore::new(bytes);
        }
    }

    /// The logs of the deck.
    pub fn declared(&self) -> &[Arc<LogSpec>] {
        &self.declared
    }

    /// One of them.
    pub fn spec(&self, id: &LogId) -> Option<&Arc<LogSpec>> {
        self.declared.iter().find(|spec| spec.id == *id)
    }

    /// The deck was read: what it does not have any more is forgotten, and so is what it reads elsewhere now.
    pub(super) fn declare(&mut self, logs: Vec<Arc<LogSpec>>) {
        let stays = |id: &LogId| {
            let before = self.declared.iter().find(|spec| spec.id == *id);
            logs.iter().find(|spec| spec.id == *id).is_some_and(|now| before.is_some_and(|before| before == now))
        };
        let gone: Vec<LogId> = self.heard.keys().filter(|id| !stays(id)).cloned().collect();
        for id in &gone {
            self.forget(id);
        }
        self.declared = logs;
    }

    /// A log is not followed any more: nothing is known of it from then on.
    pub fn leave(&mut self, id: &LogId) {
        self.forget(id);
    }

    fn forget(&mut self, id: &LogId) {
        if let Some(heard) = self.heard.remove(id) {
            self.lines.retire(heard.source());
            self.wish = Wish::default();
        }
    }

    /// A log is followed from now on, beginning with its last lines; what was known of it is forgotten, because it comes
    /// again. Stamps without an offset are of this zone.
    pub fn begin(&mut self, id: &LogId, asked: Option<u64>, zone: TimeZone, now: Timestamp) {
        self.forget(id);
        // The deck has checked it.
        let pattern = self.spec(id).and_then(|spec| Pattern::new(spec.pattern.as_deref()?).ok());
        let source = self.lines.add_with(zone, pattern.map(Arc::new));
        self.heard.insert(id.clone(), Heard::new(source, asked, now));
        self.wish = Wish::default();
    }

    /// A source told something.
    pub fn hear(&mut self, id: &LogId, news: LogNews, now: Timestamp) -> Changed {
        let Some(heard) = self.heard.get_mut(id) else { return Changed::Nothing };
        match news {
            LogNews::Lines(lines) => {
                heard.count(lines.len() as u64, now);
                // What is looked for may be among them.
                self.is_searching = self.filtered.is_some() || self.found.is_some();
                for line in &lines {
                    let level = line.priority.and_then(Level::from_priority);
                    self.lines.push_line(heard.source(), &line.bytes, Known { time: line.time, level }, line.received);
                    heard.notice(&self.lines, line.received);
                }
                Changed::Numbers
            }
            LogNews::Gap(why) => {
                self.lines.gap(heard.source(), why.as_str(), now);
                Changed::State
            }
            LogNews::State(state, at) => {
                heard.stand(state, at);
                Changed::State
            }
        }
    }

    /// How a log stands; none when it was never followed.
    pub fn heard(&self, id: &LogId) -> Option<&Heard> {
        self.heard.get(id)
    }

    /// The source of a line.
    pub fn heard_as(&self, line: LineId) -> Option<&Heard> {
        self.heard.values().find(|heard| heard.source() == line.source)
    }

    /// The next line of a kind that was not heard before, behind a place or before it.
    pub fn new_kind(&self, edge: Option<Place>, back: bool) -> Option<Place> {
        let heard = self.wish.logs.iter().filter_map(|id| self.heard.get(id));
        let places = heard.flat_map(Heard::new_lines).filter_map(|id| self.lines.line(id)).map(|line| line.place);
        if back { places.filter(|p| Some(*p) < edge).max() } else { places.filter(|p| Some(*p) > edge).min() }
    }

    /// Which log a line is of.
    pub fn of(&self, line: LineId) -> Option<&LogId> {
        self.heard.iter().find(|(_, heard)| heard.source() == line.source).map(|(id, _)| id)
    }

    /// The lines themselves.
    pub fn lines(&self) -> &LogStore {
        &self.lines
    }

    /// What is looked at from now on; what was found for the same wish is kept.
    pub fn look(&mut self, wish: &Wish) {
        if self.wish.is_same(wish) {
            return;
        }
        self.sources = wish.logs.iter().filter_map(|id| self.heard.get(id)).map(Heard::source).collect();
        let search = |filter: &Option<Arc<Filter>>| filter.as_ref().map(|f| Search::new((**f).clone(), &self.sources));
        (self.filtered, self.found) = (search(&wish.filter), search(&wish.find));
        self.is_searching = self.filtered.is_some() || self.found.is_some();
        self.wish = wish.clone();
        self.bars = None;
    }

    /// Counts over so many parts of the time from the first line to now, if that is not known yet or no longer true.
    pub fn measure(&mut self, parts: usize, now: Timestamp) {
        let came: u64 = self.sources.iter().map(|id| self.lines.came(*id)).sum();
        let is_fresh = |bars: &Bars| {
            let (at, of) = bars.counted;
            bars.counts.len() == parts && (of == came || now.duration_since(at).abs() < RECOUNT)
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
        let mut walk = if back { search.backward(&self.lines, edge) } else { search.forward(&self.lines, edge) };
        let passes = |line: &crate::log::Line<'_>| {
            self.wish.filter.as_ref().is_none_or(|filter| {
                let parsed = Parsed { time: Some(line.time), level: line.level, begins: line.begins };
                filter.is_match_with(line.bytes, &parsed, self.lines.pattern(line.id.source))
            })
        };
        walk.find(passes).map(|line| line.place)
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
