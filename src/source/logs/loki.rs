//! `loki`: what a Loki server has for a query. What was there comes by pages of `query_range`, what is written from now on by
//! a WebSocket of `tail`, or by pages again where that is refused. After a lost connection, and where more comes than Loki
//! puts into a tail, pages fill what is missing; an entry is told once. Runs nothing on a host.

mod answer;
mod ask;
mod back;
mod seen;
mod tail;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use super::sheet::Sheet;
use super::{FIRST_PAUSE, LONGEST_PAUSE, STEADY, Wanted, rest};
use crate::log::Splitter;
use crate::model::{LogLine, LogNews, LogState, LokiQuery, Text};
use crate::source::Surroundings;
use crate::transport::ssh::remote::Remote;

use answer::Entry;
use ask::{Asker, Tail};
use seen::Seen;
use tail::End;

/// Between two looks where no tail is to be had.
const LOOK: Duration = Duration::from_secs(2);
/// The same while more comes than Loki puts into a tail, and so many looks with less end that.
const HURRIED_LOOK: Duration = Duration::from_millis(500);
const QUIET_LOOKS: usize = 4;
/// After so long a tail is tried again.
const LOOKS: Duration = Duration::from_mins(1);
/// Entries of a page: what Loki allows unless it is told otherwise.
const PAGE: usize = 5000;
/// How far back it is looked without `since`, and the longest time that is asked for at once: Loki's own limit.
const FAR: Duration = Duration::from_hours(30 * 24);

/// Reads it.
pub(super) async fn read(
    query: &Arc<LokiQuery>,
    remote: Option<Arc<Remote>>,
    wanted: Wanted,
    around: &Surroundings,
    outbox: mpsc::Sender<LogNews>,
) {
    let mut sheet = Sheet::new(Arc::clone(&around.clock));
    sheet.state(LogState::Connecting);
    match Asker::new(query, remote.clone(), around) {
        Ok(asker) => {
            let span = nanoseconds(FAR);
            let (awaited, limit) = (HashSet::new(), PAGE);
            let mut reading =
                Reading { asker, remote, wanted, sheet, outbox, seen: None, awaited, fresh: 0, limit, span };
            reading.run().await;
        }
        Err(why) => {
            sheet.state(LogState::Lost(Text::line_at_most(&why, 300)));
            for news in sheet.take() {
                if outbox.send(news).await.is_err() {
                    return;
                }
            }
        }
    }
}

struct Reading {
    asker: Asker,
    remote: Option<Arc<Remote>>,
    wanted: Wanted,
    sheet: Sheet,
    outbox: mpsc::Sender<LogNews>,
    /// None before it is known where the log begins.
    seen: Option<Seen>,
    /// The moments of entries that a tail left out and that no page brought yet.
    awaited: HashSet<i64>,
    /// Entries that were told since the last look.
    fresh: usize,
    /// Entries of a page.
    limit: usize,
    /// Nanoseconds that are asked for at once.
    span: i64,
}

/// Why it cannot go on.
enum Stop {
    /// Nobody listens any more.
    Unheard,
    /// Loki gives nothing; how the log stands.
    State(LogState),
    /// Loki allows no query over so long a time.
    Range(Text),
}

impl Reading {
    async fn run(&mut self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let began = Instant::now();
            match self.turn().await {
                Ok(true) => pause = FIRST_PAUSE,
                Ok(false) => {}
                Err(Stop::Unheard) => return,
                Err(Stop::State(state)) => self.sheet.state(state),
                Err(Stop::Range(why)) => self.sheet.state(LogState::Lost(why)),
            }
            if self.send().await.is_err() || !self.wanted.follow {
                return;
            }
            if began.elapsed() > STEADY {
                pause = FIRST_PAUSE;
            }
            rest(pause, self.remote.as_deref(), &self.outbox).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// What was there, and then what comes until that ends; whether the next turn may begin at once.
    async fn turn(&mut self) -> Result<bool, Stop> {
        self.send().await?;
        self.fill().await?;
        self.sheet.state(LogState::Live);
        self.send().await?;
        if !self.wanted.follow {
            return Ok(true);
        }
        let start = self.seen.as_ref().map_or(0, Seen::horizon);
        match self.asker.tail(start).await {
            Ok(Tail::Open(socket)) => match self.listen(socket).await? {
                End::Over => return Ok(false),
                End::Hurried(dropped) => self.hurry(&dropped).await?,
                End::Refused => self.look().await?,
            },
            Ok(Tail::Refused) => self.look().await?,
            Err(refusal) => return Err(Stop::State(refusal.state())),
        }
        Ok(true)
    }

    /// Looks again and again, for a while.
    async fn look(&mut self) -> Result<(), Stop> {
        let until = Instant::now() + LOOKS;
        while Instant::now() < until {
            self.sleep(LOOK).await?;
            self.fill().await?;
        }
        Ok(())
    }

    /// Looks often, until so little comes that a tail holds it. What a tail left out comes by the first look.
    async fn hurry(&mut self, dropped: &[i64]) -> Result<(), Stop> {
        self.awaited = dropped.iter().copied().collect();
        self.fill().await?;
        let missing = dropped.iter().filter(|at| self.awaited.contains(at)).count();
        self.awaited.clear();
        if missing > 0 {
            let lines = if missing == 1 { "line" } else { "lines" };
            self.sheet.gap(format!("Loki left out {missing} {lines} here, more than it can tell at once"));
        }
        self.send().await?;
        let mut quiet = 0;
        while quiet < QUIET_LOOKS {
            self.fresh = 0;
            self.sleep(HURRIED_LOOK).await?;
            self.fill().await?;
            quiet = if self.fresh < tail::FULL / 2 { quiet + 1 } else { 0 };
        }
        Ok(())
    }

    async fn sleep(&mut self, time: Duration) -> Result<(), Stop> {
        tokio::select! {
            () = sleep(time) => Ok(()),
            () = self.outbox.closed() => Err(Stop::Unheard),
        }
    }

    /// Tells the entries that were not told yet.
    fn tell(&mut self, entries: &[Entry]) {
        let received = self.sheet.now();
        for entry in entries {
            self.awaited.remove(&entry.stamp);
            if self.seen.as_mut().is_some_and(|seen| !seen.is_new(entry)) {
                continue;
            }
            self.fresh += 1;
            let (time, priority) = (entry.time(), entry.priority);
            let sheet = &mut self.sheet;
            let mut add = |bytes: &[u8]| sheet.add(LogLine { bytes: bytes.to_vec(), received, time, priority });
            if entry.line.is_empty() {
                add(&[]);
            }
            // An entry of several lines is several lines of one moment.
            let mut splitter = Splitter::new();
            splitter.push(entry.line.as_bytes(), &mut add);
            splitter.end(&mut add);
        }
    }

    async fn send(&mut self) -> Result<(), Stop> {
        for news in self.sheet.take() {
            self.outbox.send(news).await.map_err(|_| Stop::Unheard)?;
        }
        Ok(())
    }
}

fn nanoseconds(time: Duration) -> i64 {
    i64::try_from(time.as_nanos()).unwrap_or(i64::MAX)
}

fn stamp(at: Timestamp) -> i64 {
    i64::try_from(at.as_nanosecond()).unwrap_or(i64::MAX)
}
