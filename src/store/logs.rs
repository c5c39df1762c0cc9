//! What is heard of logs: the lines of every source that is or was followed, how each stands and since when, and what
//! the filter and the search of the pane have found so far. Derived findings grow in steps that the loop gives them.

mod heard;
mod sight;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Changed;
use crate::log::{Filter, Known, Level, LineId, LogStore, Pattern, Place, Search, SourceId};
use crate::model::{LogId, LogNews, LogSpec, LogState};
pub use heard::{Drift, Heard};
pub use sight::Bars;

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

/// All of it.
#[derive(Debug, Default)]
pub struct Logs {
    lines: LogStore,
    declared: Vec<Arc<LogSpec>>,
    heard: BTreeMap<LogId, Heard>,
    /// Logs that are read again from further back: until they are live, what was known stays.
    coming: BTreeMap<LogId, Heard>,
    /// Sources that others took the place of, until their marks have moved there.
    replaced: Vec<(SourceId, SourceId)>,
    /// How far the wall clock was set back while the console runs.
    set_back: SignedDuration,
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
        let gone = self.heard.remove(id).into_iter().chain(self.coming.remove(id));
        for heard in gone {
            self.lines.retire(heard.source());
            self.wish = Wish::default();
        }
    }

    /// How far the wall clock was set back while the console runs.
    pub fn set_back(&mut self, by: SignedDuration) {
        self.set_back = by;
    }

    /// A log is followed from now on, beginning with its last lines. What is known of it already stays until those are
    /// there, and then makes room for them. Stamps without an offset are of this zone.
    pub fn begin(&mut self, id: &LogId, asked: Option<u64>, zone: TimeZone, now: Timestamp) {
        // The deck has checked it.
        let pattern = self.spec(id).and_then(|spec| Pattern::new(spec.pattern.as_deref()?).ok());
        let source = self.lines.add_with(zone, pattern.map(Arc::new));
        let heard = Heard::new(source, asked, now);
        if let Some(before) = self.coming.remove(id) {
            self.lines.retire(before.source());
        }
        if self.heard.get(id).is_some_and(|before| self.lines.lines(before.source()) > 0) {
            self.coming.insert(id.clone(), heard);
        } else {
            self.forget(id);
            self.heard.insert(id.clone(), heard);
            self.wish = Wish::default();
        }
    }

    /// A source told something.
    pub fn hear(&mut self, id: &LogId, news: LogNews, now: Timestamp) -> Changed {
        let is_coming = self.coming.contains_key(id);
        let logs = if is_coming { &mut self.coming } else { &mut self.heard };
        let Some(heard) = logs.get_mut(id) else { return Changed::Nothing };
        match news {
            LogNews::Lines(lines) => {
                heard.count(lines.len() as u64, now);
                // What is looked for may be among them.
                self.is_searching = self.filtered.is_some() || self.found.is_some();
                for line in &lines {
                    let level = line.priority.and_then(Level::from_priority);
                    self.lines.push_line(heard.source(), &line.bytes, Known { time: line.time, level }, line.received);
                    let received = line.received.checked_sub(self.set_back).unwrap_or(line.received);
                    heard.notice(&self.lines, received);
                }
                Changed::Numbers
            }
            LogNews::Gap(why) => {
                self.lines.gap(heard.source(), why.as_str(), now);
                heard.missed(&self.lines);
                Changed::State
            }
            LogNews::State(state, at) => {
                heard.stand(state.clone(), at);
                if is_coming {
                    self.replace(id, state, at);
                }
                Changed::State
            }
        }
    }

    /// Once what was read again is live it takes the place of what was known; until then that stands as it does.
    fn replace(&mut self, id: &LogId, state: LogState, at: Timestamp) {
        if state != LogState::Live {
            if let Some(before) = self.heard.get_mut(id) {
                before.stand(state, at);
            }
            return;
        }
        let Some(new) = self.coming.remove(id) else { return };
        let source = new.source();
        if let Some(before) = self.heard.insert(id.clone(), new) {
            self.replaced.push((before.source(), source));
        }
        self.wish = Wish::default();
    }

    /// Whether a log is being read again from further back.
    pub fn is_coming(&self, id: &LogId) -> bool {
        self.coming.contains_key(id)
    }

    /// Which line of what was read again is the same as one that was known before, for each of these; the others are let
    /// go. To be asked once a frame.
    pub fn moved(&mut self, lines: impl Iterator<Item = LineId>) -> BTreeMap<LineId, LineId> {
        let mut moved = BTreeMap::new();
        if self.replaced.is_empty() {
            return moved;
        }
        for old in lines {
            let Some((_, new)) = self.replaced.iter().find(|(before, _)| *before == old.source) else { continue };
            let Some(line) = self.lines.line(old) else { continue };
            let same =
                self.lines.forward(&[*new], Some(Place::at(line.time))).take_while(|other| other.time == line.time);
            if let Some(found) = same.into_iter().find(|other| other.bytes == line.bytes) {
                moved.insert(old, found.id);
            }
        }
        for (before, _) in std::mem::take(&mut self.replaced) {
            self.lines.retire(before);
        }
        moved
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
        let places = heard.flat_map(Heard::new_lines).filter_map(|id| self.passing(id));
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
}
