//! What is there already, by pages of `query_range`: the last entries, or all from a moment on. A page that is full is
//! followed by the next one, which begins with the moment that the last one ended with. Never waits for new entries.

use std::collections::HashSet;
use std::time::Duration;

use super::answer::Entry;
use super::ask::{Page, Refusal};
use super::seen::Seen;
use super::{FAR, Reading, Stop, nanoseconds, stamp};
use crate::model::{LogState, Text};

/// Where the clock of a server is ahead; Loki takes no entry that is further in the future.
const AHEAD: Duration = Duration::from_mins(10);
/// The last entries are looked for in so much time, then in more.
const BACK: [Duration; 4] = [Duration::from_hours(1), Duration::from_hours(24), Duration::from_hours(7 * 24), FAR];
/// Asked for where more entries than a page have the same moment.
const MOST_PAGE: usize = 5000;
/// The last entries are held until the first of them is known: so many, of so many bytes.
const MOST_LAST: usize = 50_000;
const MOST_BYTES: usize = 64 << 20;
/// A server that allows no query over so long a time is not asked any more.
const SHORTEST: Duration = Duration::from_mins(30);

impl Reading {
    /// Tells what is there and was not told yet.
    pub(super) async fn fill(&mut self) -> Result<(), Stop> {
        let now = stamp(self.sheet.now());
        let (oldest, end) = (now.saturating_sub(nanoseconds(FAR)), now.saturating_add(nanoseconds(AHEAD)));
        let since = self.wanted.since.map(stamp);
        let start = match (&self.seen, self.wanted.lines) {
            (Some(seen), _) => seen.horizon(),
            (None, None) => since.unwrap_or(oldest),
            (None, Some(lines)) => {
                let last = self.last(lines, now, since.unwrap_or(oldest)).await?;
                let first = if lines == 0 { last.last() } else { last.first() };
                // Others of that moment were not wanted.
                let horizon =
                    first.map_or_else(|| since.unwrap_or(now.saturating_sub(nanoseconds(AHEAD))), |e| e.stamp + 1);
                self.seen = Some(Seen::from(horizon));
                if lines > 0 {
                    self.tell(&last);
                }
                return self.send().await;
            }
        };
        self.seen.get_or_insert_with(|| Seen::from(start));
        self.forward(start, end).await
    }

    /// Tells all between two moments.
    async fn forward(&mut self, start: i64, until: i64) -> Result<(), Stop> {
        let (mut start, mut stuck) = (start, false);
        while start < until {
            let end = start.saturating_add(self.span).min(until);
            let limit = if stuck { MOST_PAGE.max(self.limit) } else { self.limit };
            let (entries, limit) = match self.page(Page { start, end, limit, backward: false }).await {
                Err(Stop::Range(why)) => {
                    self.shorten(why)?;
                    continue;
                }
                page => page?,
            };
            let full = entries.len() >= limit;
            self.tell(&entries);
            let last = entries.last().map_or(end, |e| e.stamp);
            (start, stuck) = match (full, last > start) {
                (false, _) => (end, false),
                (true, true) => (last, false),
                (true, false) if !stuck => (start, true),
                (true, false) => {
                    let told = entries.len();
                    self.sheet.gap(format!("more than {told} lines have the same time; some of them may be missing"));
                    (start + 1, false)
                }
            };
            self.send().await?;
        }
        Ok(())
    }

    /// The last entries, at least one, oldest first.
    async fn last(&mut self, lines: u64, now: i64, oldest: i64) -> Result<Vec<Entry>, Stop> {
        let wanted = usize::try_from(lines).unwrap_or(usize::MAX).max(1);
        let most = wanted.min(MOST_LAST);
        let mut found: Vec<Entry> = Vec::new();
        // Those of the oldest moment found so far, which come again.
        let mut edge: HashSet<u64> = HashSet::new();
        let (mut end, mut bytes) = (now.saturating_add(nanoseconds(AHEAD)), 0);
        for back in BACK {
            let start = now.saturating_sub(nanoseconds(back)).max(oldest);
            while found.len() < most && bytes < MOST_BYTES && start < end {
                let limit = (most - found.len() + edge.len()).min(self.limit.max(edge.len() + 1));
                let (entries, limit) = match self.page(Page { start, end, limit, backward: true }).await {
                    Err(Stop::Range(why)) => {
                        self.sheet.gap(format!("older lines are not looked for: {why}"));
                        found.reverse();
                        return Ok(found);
                    }
                    page => page?,
                };
                let full = entries.len() >= limit;
                let first = entries.first().map_or(start, |e| e.stamp);
                let before = found.len();
                found.extend(entries.into_iter().rev().filter(|e| e.stamp + 1 != end || !edge.contains(&e.mark)));
                bytes += found.iter().skip(before).map(|e| e.line.len()).sum::<usize>();
                let stuck = found.len() == before;
                end = match (full, stuck) {
                    (false, _) => start,
                    (true, true) => first,
                    (true, false) => first + 1,
                };
                edge = found.iter().rev().take_while(|e| e.stamp + 1 == end).map(|e| e.mark).collect();
            }
        }
        found.truncate(most);
        found.reverse();
        if found.len() < wanted && (found.len() >= most || bytes >= MOST_BYTES) {
            let told = found.len();
            self.sheet.gap(format!("only the last {told} lines are read at once; say since when to read more"));
        }
        Ok(found)
    }

    /// A page, and how many entries it could have. A page that is too large is asked for again in parts.
    async fn page(&mut self, page: Page) -> Result<(Vec<Entry>, usize), Stop> {
        let mut page = page;
        loop {
            let answer = tokio::select! {
                answer = self.asker.page(page) => answer,
                () = self.outbox.closed() => return Err(Stop::Unheard),
            };
            match answer {
                Ok(entries) => return Ok((entries, page.limit)),
                Err(Refusal::Page(_)) if page.limit > 1 => {
                    page.limit = (page.limit / 4).max(1);
                    self.limit = self.limit.min(page.limit);
                }
                Err(Refusal::Range(why)) => return Err(Stop::Range(why)),
                Err(other) => return Err(Stop::State(other.state())),
            }
        }
    }

    fn shorten(&mut self, why: Text) -> Result<(), Stop> {
        if self.span <= nanoseconds(SHORTEST) {
            return Err(Stop::State(LogState::Lost(why)));
        }
        self.span /= 4;
        Ok(())
    }
}
