//! `loki`: what a Loki server has for a query. What was there comes by pages of `query_range`, what is written from now on by
//! a WebSocket of `tail`, or by pages again where that is refused. After a lost connection pages fill what is missing; an
//! entry is told once. Runs nothing on a host.

mod answer;
mod ask;
mod back;
mod seen;
mod tail;

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

/// Between two looks where no tail is to be had.
const LOOK: Duration = Duration::from_secs(2);
/// After so long a tail is tried again.
const LOOKS: Duration = Duration::from_mins(1);
/// Entries of a page; Loki itself allows 5,000 unless it is told otherwise.
const PAGE: usize = 1000;
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
            let mut reading = Reading { asker, remote, wanted, sheet, outbox, seen: None, limit: PAGE, span };
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
                Ok(()) => {}
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

    /// What was there, and then what comes until that ends.
    async fn turn(&mut self) -> Result<(), Stop> {
        self.send().await?;
        self.fill().await?;
        self.sheet.state(LogState::Live);
        self.send().await?;
        if !self.wanted.follow {
            return Ok(());
        }
        let start = self.seen.as_ref().map_or(0, Seen::horizon);
        match self.asker.tail(start).await {
            Ok(Tail::Open(socket)) => {
                if self.listen(socket).await? {
                    return Ok(());
                }
            }
            Ok(Tail::Refused) => {}
            Err(refusal) => return Err(Stop::State(refusal.state())),
        }
        self.look().await
    }

    /// Looks again and again, for a while.
    async fn look(&mut self) -> Result<(), Stop> {
        let until = Instant::now() + LOOKS;
        while Instant::now() < until {
            tokio::select! {
                () = sleep(LOOK) => {}
                () = self.outbox.closed() => return Err(Stop::Unheard),
            }
            self.fill().await?;
        }
        Ok(())
    }

    /// Tells the entries that were not told yet.
    fn tell(&mut self, entries: &[Entry]) {
        let received = self.sheet.now();
        for entry in entries {
            if self.seen.as_mut().is_some_and(|seen| !seen.is_new(entry)) {
                continue;
            }
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
