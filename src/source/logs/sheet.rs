//! What a reader has to tell, until it is handed on: lines together, gaps and states between them, in order. A state that
//! is the same as before is not told again.

use crate::model::{Link, LinkState, LogLine, LogNews, LogState, Text};
use crate::source::Clock;

/// What is to be told.
pub(super) struct Sheet {
    clock: Clock,
    news: Vec<LogNews>,
    state: Option<LogState>,
    /// How it stood before nothing was heard of the host.
    before: Option<LogState>,
}

impl Sheet {
    pub fn new(clock: Clock) -> Self {
        Self { clock, news: Vec::new(), state: None, before: None }
    }

    pub fn now(&self) -> jiff::Timestamp {
        (self.clock)()
    }

    /// Adds a line of which nothing more is known.
    pub fn line(&mut self, bytes: &[u8], received: jiff::Timestamp) {
        self.add(LogLine { bytes: bytes.to_vec(), received, time: None, priority: None });
    }

    pub fn add(&mut self, line: LogLine) {
        match self.news.last_mut() {
            Some(LogNews::Lines(lines)) => lines.push(line),
            _ => self.news.push(LogNews::Lines(vec![line])),
        }
    }

    pub fn gap(&mut self, why: impl Into<Text>) {
        self.news.push(LogNews::Gap(why.into()));
    }

    pub fn state(&mut self, state: LogState) {
        self.before = None;
        self.put(state);
    }

    /// How it stands while nothing is heard of its host; see [`Self::end_silence`].
    pub fn silence(&mut self, state: LogState) {
        let before = self.before.take().or_else(|| self.state.clone());
        self.put(state);
        self.before = before;
    }

    fn put(&mut self, state: LogState) {
        if self.state.as_ref() != Some(&state) {
            self.news.push(LogNews::State(state.clone(), self.now()));
            self.state = Some(state);
        }
    }

    /// Whether it is not known yet that all that was there is told.
    pub fn is_connecting(&self) -> bool {
        let state = self.before.as_ref().or(self.state.as_ref());
        matches!(state, None | Some(LogState::Connecting | LogState::Lost(_)))
    }

    /// A host that says nothing any more looks like a log in which nothing is written. A log that is followed has another
    /// connection than its host, which may stand when that one does not.
    pub fn heed(&mut self, link: Link) {
        match link.state {
            LinkState::Degraded if link.cause.is_some() => {
                self.silence(LogState::Silent(link.cause.unwrap_or_default()));
            }
            LinkState::Lost | LinkState::Refused => self.silence(LogState::Lost(link.cause.unwrap_or_default())),
            LinkState::Live => self.end_silence(),
            _ => {}
        }
    }

    /// The host is heard again: it stands as it did before.
    fn end_silence(&mut self) {
        if let Some(before) = self.before.take() {
            self.state(before);
        }
    }

    pub fn take(&mut self) -> Vec<LogNews> {
        std::mem::take(&mut self.news)
    }
}
