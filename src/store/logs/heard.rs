//! One source that is followed: how it stands since when, how fast it speaks, whether it says what it never said before,
//! and whether its clock is right.

use std::collections::VecDeque;
use std::time::Duration;

use jiff::Timestamp;

use crate::log::{self, Level, LineId, LogStore, Novel, SourceId};
use crate::model::LogState;

/// Seconds over which the rate of a source is told.
const RATE: i64 = 10;

/// Lines whose times are compared with the clock, and the fewest that tell something.
const LAGS: usize = 16;
const FEWEST: usize = 4;
/// Lines that lie so far ahead of the clock, or all of them so far behind, tell of a wrong clock or zone; milliseconds.
const AHEAD: i64 = 1_500;
const BEHIND: i64 = 30_000;
/// Lines of a new kind, and gaps, that are remembered.
const MOST_NEW: usize = 256;

/// Times that do not agree with the clock of this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drift {
    /// At least so much later: nothing is written in the future.
    Ahead(Duration),
    /// At least so much earlier; they may also have waited somewhere.
    Behind(Duration),
}

/// One source that was followed.
#[derive(Debug)]
pub struct Heard {
    source: SourceId,
    state: LogState,
    since: Timestamp,
    asked: Option<u64>,
    /// Lines that came, by second, the latest last.
    pace: VecDeque<(i64, u64)>,
    last: Option<Timestamp>,
    novel: Novel,
    new: VecDeque<LineId>,
    gaps: VecDeque<LineId>,
    /// Lines in a row that came from the future, and by how much at least, in milliseconds.
    early: (usize, i64),
    /// How far the times of its last lines lay ahead when they came, in milliseconds.
    lags: VecDeque<i64>,
}

impl Heard {
    pub(super) fn new(source: SourceId, asked: Option<u64>, now: Timestamp) -> Self {
        Self {
            source,
            state: LogState::Connecting,
            since: now,
            asked,
            pace: VecDeque::new(),
            last: None,
            novel: Novel::new(),
            new: VecDeque::new(),
            gaps: VecDeque::new(),
            early: (0, i64::MAX),
            lags: VecDeque::new(),
        }
    }

    /// Its lines.
    pub fn source(&self) -> SourceId {
        self.source
    }

    /// How it stands.
    pub fn state(&self) -> &LogState {
        &self.state
    }

    /// Since when.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// With how many of its last lines it was begun; none for all.
    pub fn asked(&self) -> Option<u64> {
        self.asked
    }

    /// When its last line came.
    pub fn last(&self) -> Option<Timestamp> {
        self.last
    }

    /// Lines a second, over the last ten; only of what was written while it is followed.
    pub fn rate(&self, now: Timestamp) -> f64 {
        let from = now.as_second() - RATE;
        let lines: u64 = self.pace.iter().filter(|(second, _)| *second > from).map(|(_, lines)| lines).sum();
        lines as f64 / RATE as f64
    }

    /// Lines of a kind that was not heard before while it was followed: warnings and worse alone.
    pub fn is_new(&self, line: LineId) -> bool {
        self.new.contains(&line)
    }

    /// The same, in the order in which they came.
    pub fn new_lines(&self) -> impl Iterator<Item = LineId> {
        self.new.iter().copied()
    }

    /// How its times lie beside the clock of this machine, where they do not agree.
    pub fn drift(&self) -> Option<Drift> {
        let (early, least) = self.early;
        if early >= FEWEST {
            return Some(Drift::Ahead(Duration::from_millis(least.unsigned_abs())));
        }
        let most = self.lags.iter().copied().max().filter(|_| self.lags.len() >= FEWEST)?;
        (most < -BEHIND).then(|| Drift::Behind(Duration::from_millis(most.unsigned_abs())))
    }

    /// Where lines may be missing, the latest ones.
    pub(super) fn gaps(&self) -> impl Iterator<Item = LineId> {
        self.gaps.iter().copied()
    }

    /// The line that came last is no line: some may be missing there.
    pub(super) fn missed(&mut self, lines: &LogStore) {
        if let Some(number) = lines.came(self.source).checked_sub(1) {
            if self.gaps.len() >= MOST_NEW {
                self.gaps.pop_front();
            }
            self.gaps.push_back(LineId { source: self.source, number });
        }
    }

    /// Looks at the line that came last.
    pub(super) fn notice(&mut self, lines: &LogStore, received: Timestamp) {
        let number = lines.came(self.source).checked_sub(1);
        let Some(line) = number.and_then(|number| lines.line(LineId { source: self.source, number })) else { return };
        let is_live = self.state == LogState::Live;
        if line.timed {
            let lag = i64::try_from(line.time.duration_since(received).as_millis()).unwrap_or(0);
            // Nothing is written in the future, whenever it is read; what is old is old only when it comes as it is written.
            let (early, least) = self.early;
            self.early = if lag > AHEAD { (early + 1, least.min(lag)) } else { (0, i64::MAX) };
            if is_live {
                if self.lags.len() >= LAGS {
                    self.lags.pop_front();
                }
                self.lags.push_back(lag);
            }
        }
        if line.begins && !line.gap && line.level.is_some_and(|level| level >= Level::Warn) {
            let own = lines.pattern(self.source).and_then(|pattern| pattern.body(line.bytes));
            let body = own.unwrap_or_else(|| log::body(line.bytes));
            // What was there already teaches what is usual.
            if self.novel.is_new(&body.message) && is_live {
                if self.new.len() >= MOST_NEW {
                    self.new.pop_front();
                }
                self.new.push_back(line.id);
            }
        }
    }

    /// It stands so from now on. Why may change as often as it is tried; since when it stands so does not.
    pub(super) fn stand(&mut self, state: LogState, at: Timestamp) {
        if std::mem::discriminant(&self.state) != std::mem::discriminant(&state) {
            self.since = at;
        }
        self.state = state;
    }

    pub(super) fn count(&mut self, lines: u64, now: Timestamp) {
        self.last = Some(now);
        if self.state != LogState::Live {
            return;
        }
        let second = now.as_second();
        match self.pace.back_mut() {
            Some((last, count)) if *last == second => *count += lines,
            _ => self.pace.push_back((second, lines)),
        }
        while self.pace.front().is_some_and(|(first, _)| *first <= second - RATE) {
            self.pace.pop_front();
        }
    }
}
