//! One source on its way into the merge: its lines with time and level, those that nobody wants left out. A line that goes
//! on with the record before it has that one's time and level. Holds one piece of news at a time.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::sieve::Sieve;
use crate::log::{Filter, Level, Parsed, Pattern, Reader};
use crate::model::{LogLine, LogNews, LogSpec, LogState, Text};

/// A line with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// What it says.
    pub bytes: Vec<u8>,
    /// By this the merge goes: never before that of the line before it.
    pub at: Timestamp,
    /// Its own time, or that of its record.
    pub time: Option<Timestamp>,
    /// When it was read.
    pub received: Timestamp,
    /// Its own level, or that of its record.
    pub level: Option<Level>,
    /// Whether it goes on with the record before.
    pub goes_on: bool,
}

/// What waits to be told.
#[derive(Debug)]
pub enum Item {
    /// A line.
    Line(Line),
    /// Lines may be missing.
    Gap(Text),
}

/// Where its lines come from.
pub enum Inbox {
    /// A source that tells everything.
    News(mpsc::Receiver<LogNews>),
    /// A file of which only what is wanted comes.
    Sieve(Sieve),
}

/// A source.
pub struct Lane {
    inbox: Inbox,
    filter: Arc<Filter>,
    zone: TimeZone,
    reader: Reader,
    pattern: Option<Arc<Pattern>>,
    /// Time and level of the last record.
    record: (Option<Timestamp>, Option<Level>),
    latest: Timestamp,
    waiting: VecDeque<Item>,
    /// When the first of them came.
    since: Instant,
    state: LogState,
    caught_up: bool,
    over: bool,
}

/// Lines before a wanted one among which its record's beginning is looked for.
pub const MOST_BACK: usize = 500;

impl Lane {
    /// Nothing came yet.
    pub fn new(spec: &LogSpec, inbox: Inbox, filter: Arc<Filter>) -> Self {
        // The deck has checked it.
        let pattern = spec.pattern.as_deref().and_then(|text| Pattern::new(text).ok()).map(Arc::new);
        Self {
            zone: zone(spec),
            inbox,
            filter,
            reader: pattern.clone().map_or_else(Reader::new, Reader::with_pattern),
            pattern,
            record: (None, None),
            latest: Timestamp::MIN,
            waiting: VecDeque::new(),
            since: Instant::now(),
            state: LogState::Connecting,
            caught_up: false,
            over: false,
        }
    }

    /// How it stands.
    pub fn state(&self) -> &LogState {
        &self.state
    }

    /// Whether nothing more comes.
    pub fn is_over(&self) -> bool {
        self.over && self.waiting.is_empty()
    }

    /// Whether the merge need not wait for it: all that was there has come, or cannot come.
    pub fn is_caught_up(&self) -> bool {
        self.caught_up || self.over
    }

    /// By what time the first that waits is to be told, and since when it waits.
    pub fn first(&self) -> Option<(Timestamp, Instant)> {
        let at = match self.waiting.front()? {
            Item::Line(line) => line.at,
            // A gap goes with what comes after it, and keeps nothing waiting.
            Item::Gap(_) => Timestamp::MIN,
        };
        Some((at, self.since))
    }

    /// Takes the first that waits.
    pub fn pop(&mut self) -> Option<Item> {
        self.waiting.pop_front()
    }

    /// Looks for news where nothing waits; a state that changed is returned.
    pub fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<LogState>> {
        if !self.waiting.is_empty() || self.over {
            return Poll::Pending;
        }
        loop {
            let inbox = match &mut self.inbox {
                Inbox::News(inbox) => inbox,
                Inbox::Sieve(_) => return self.poll_sieve(context),
            };
            match inbox.poll_recv(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.over = true;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(LogNews::Lines(lines))) => self.take(lines),
                Poll::Ready(Some(LogNews::Gap(why))) => self.waiting.push_back(Item::Gap(why)),
                Poll::Ready(Some(LogNews::State(state, _))) => {
                    self.caught_up = !matches!(state, LogState::Connecting);
                    return Poll::Ready(Some(std::mem::replace(&mut self.state, state)));
                }
            }
            if !self.waiting.is_empty() {
                self.since = Instant::now();
                return Poll::Ready(None);
            }
        }
    }

    fn poll_sieve(&mut self, context: &mut Context<'_>) -> Poll<Option<LogState>> {
        let Inbox::Sieve(sieve) = &mut self.inbox else { return Poll::Pending };
        loop {
            match sieve.poll(context) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    self.over = true;
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Ok(lines))) if lines.is_empty() => {}
                Poll::Ready(Some(Ok(lines))) => {
                    for mut line in lines {
                        let latest = (self.latest > Timestamp::MIN).then_some(self.latest);
                        let own = line.time.or(latest).unwrap_or(line.received);
                        self.latest = self.latest.max(own);
                        line.at = self.latest;
                        self.waiting.push_back(Item::Line(line));
                    }
                    self.since = Instant::now();
                    return Poll::Ready(None);
                }
                Poll::Ready(Some(Err(error))) => {
                    self.over = true;
                    let lost = LogState::Lost(Text::from(format!("it can be read no further: {error}")));
                    return Poll::Ready(Some(std::mem::replace(&mut self.state, lost)));
                }
            }
        }
    }

    fn take(&mut self, lines: Vec<LogLine>) {
        let filter = Arc::clone(&self.filter);
        let mut judged = 0;
        for at in 0..lines.len() {
            let Some(line) = lines.get(at) else { break };
            // Most lines of a search are not wanted: finding that out is cheaper than reading their time.
            if filter.grep.as_ref().is_some_and(|grep| grep.is_match(&line.bytes) == filter.invert) {
                continue;
            }
            let between = lines.get(judged.max(at.saturating_sub(MOST_BACK))..at).unwrap_or_default();
            judged = at + 1;
            let mut parsed = self.parse(line);
            if parsed.time.is_none() && !self.reader.stamped() {
                // Whether records here carry a stamp was not seen yet.
                let mut back = between.iter().rev();
                while !self.reader.stamped()
                    && let Some(line) = back.next()
                {
                    self.parse(line);
                }
                parsed = self.parse(line);
            }
            if !parsed.begins {
                self.find_record(between);
            }
            self.settle(&mut parsed);
            if filter.is_match_with(&line.bytes, &parsed, self.pattern.as_deref()) {
                let line = self.line(line, &parsed);
                self.waiting.push_back(Item::Line(line));
            }
        }
        if judged < lines.len() {
            // The record may go on in what comes next.
            let rest = lines.get(judged.max(lines.len().saturating_sub(MOST_BACK))..).unwrap_or_default();
            self.find_record(rest);
        }
    }

    /// The last line that begins a record, among those that were left out.
    fn find_record(&mut self, lines: &[LogLine]) {
        let found = lines.iter().rev().map(|line| self.parse(line)).find(|parsed| parsed.begins);
        if let Some(parsed) = found {
            self.record = (parsed.time, parsed.level);
        }
    }

    fn parse(&mut self, line: &LogLine) -> Parsed {
        let mut parsed = self.reader.read(&line.bytes, line.received, &self.zone);
        if line.time.is_some() {
            // The journal knows it better than the text.
            parsed.time = line.time;
            parsed.begins = true;
        }
        // What a service prints has the same priority whatever it says.
        parsed.level = parsed.level.or(line.priority.and_then(Level::from_priority));
        parsed
    }

    fn settle(&mut self, parsed: &mut Parsed) {
        if parsed.begins {
            self.record = (parsed.time, parsed.level);
        } else {
            parsed.time = self.record.0;
            parsed.level = parsed.level.or(self.record.1);
        }
    }

    fn line(&mut self, line: &LogLine, parsed: &Parsed) -> Line {
        let own = parsed.time.or((self.latest > Timestamp::MIN).then_some(self.latest)).unwrap_or(line.received);
        self.latest = self.latest.max(own);
        Line {
            bytes: line.bytes.clone(),
            at: self.latest,
            time: parsed.time,
            received: line.received,
            level: parsed.level,
            goes_on: !parsed.begins,
        }
    }
}

/// The zone of times that name none.
pub fn zone(spec: &LogSpec) -> TimeZone {
    let named = spec.zone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
    named.unwrap_or_else(|| if spec.on.is_none() { TimeZone::system() } else { TimeZone::UTC })
}
