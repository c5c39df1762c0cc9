//! Sources in one order: always the earliest of what waits, the source's own order never changed. Without following every
//! source is waited for. While following a source that says nothing is waited for a moment alone, and one that has not
//! told yet what was there a little longer.

use std::collections::VecDeque;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::lane::{Item, Lane, Line};
use crate::model::{LogState, Text};

/// How long a line waits for earlier ones of others.
const WINDOW: Duration = Duration::from_millis(120);
/// The same while what was there is still on its way.
const BEGINNING: Duration = Duration::from_secs(4);

/// What comes out. The number is that of the source.
pub enum Out {
    /// A line.
    Line(usize, Line),
    /// Lines may be missing.
    Gap(usize, Text),
    /// A source stands differently.
    State {
        /// Which.
        source: usize,
        /// How.
        state: LogState,
        /// Whether something was wrong with it before.
        was_troubled: bool,
    },
}

/// The merge.
pub struct Merge {
    lanes: Vec<Lane>,
    follow: bool,
    states: VecDeque<Out>,
}

impl Merge {
    /// Of these sources.
    pub fn new(lanes: Vec<Lane>, follow: bool) -> Self {
        Self { lanes, follow, states: VecDeque::new() }
    }

    /// How each source stands.
    pub fn states(&self) -> impl Iterator<Item = &LogState> {
        self.lanes.iter().map(Lane::state)
    }

    /// Whether nothing more comes.
    pub fn is_over(&self) -> bool {
        self.states.is_empty() && self.lanes.iter().all(Lane::is_over)
    }

    /// The next that can be told by now.
    pub fn next(&mut self, now: Instant) -> Option<Out> {
        if let Some(state) = self.states.pop_front() {
            return Some(state);
        }
        let (source, since) = self.earliest()?;
        if self.due(since).is_none_or(|due| due > now) {
            return None;
        }
        match self.lanes.get_mut(source)?.pop()? {
            Item::Line(line) => Some(Out::Line(source, line)),
            Item::Gap(why) => Some(Out::Gap(source, why)),
        }
    }

    fn earliest(&self) -> Option<(usize, Instant)> {
        let firsts =
            self.lanes.iter().enumerate().filter_map(|(n, lane)| lane.first().map(|(at, since)| (at, n, since)));
        firsts.min_by_key(|(at, n, _)| (*at, *n)).map(|(_, n, since)| (n, since))
    }

    /// When what waits since then may be told, if no news come before; none where all of them are waited for.
    fn due(&self, since: Instant) -> Option<Instant> {
        let mut empty = self.lanes.iter().filter(|lane| lane.first().is_none() && !lane.is_over()).peekable();
        if empty.peek().is_none() {
            return Some(since);
        }
        let window = if empty.all(Lane::is_caught_up) { WINDOW } else { BEGINNING };
        self.follow.then(|| since + window)
    }

    /// Returns when there may be something to tell.
    pub async fn wait(&mut self) {
        let due = self.earliest().and_then(|(_, since)| self.due(since));
        let ripe = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = ripe => {}
            () = self.news() => {}
        }
    }

    async fn news(&mut self) {
        let (lanes, states) = (&mut self.lanes, &mut self.states);
        std::future::poll_fn(|context| {
            let mut came = false;
            for (source, lane) in lanes.iter_mut().enumerate() {
                if let Poll::Ready(changed) = lane.poll(context) {
                    came = true;
                    if let Some(before) = changed {
                        let was_troubled = before.why().is_some();
                        states.push_back(Out::State { source, state: lane.state().clone(), was_troubled });
                    }
                }
            }
            if came { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }
}
