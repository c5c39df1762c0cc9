//! Log sources: what follows one log and tells its lines, gaps and states, in order, for ever. A reader of each kind says
//! what to run and what its output means; the loop here runs it where the log is, tries again when that ends, and waits
//! for who listens: a source is never ahead of its reader by more than the channel holds. Dropping the future ends all of
//! it. Knows nothing of levels or patterns.

mod command;
pub mod direct;
mod file;
mod journal;
mod loki;
mod runs;
mod sheet;

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until};

use self::sheet::Sheet;
use super::{Clock, Surroundings};
use crate::model::{Link, LogFrom, LogNews, LogSpec, LogState, ServiceId, Text};
use crate::transport::ssh::remote::Remote;
use crate::transport::{Argv, Exit, Follow, Part, Transport, TransportError, human};

/// How much of a log is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The last lines to begin with; none for all that is there. A command prints what it prints.
    pub lines: Option<u64>,
    /// Nothing before this is wanted; the journal leaves it out, others send it all the same. With all lines of a file
    /// comes what was rotated away and written since then.
    pub since: Option<Timestamp>,
    /// Whether to go on with what is written from now on.
    pub follow: bool,
}

/// News that wait for who listens: at most so many reads of a pipe.
pub const WAITING: usize = 8;

/// For the start of the command on a host.
const START: Duration = Duration::from_secs(10);
/// Between two attempts, growing up to the last.
const FIRST_PAUSE: Duration = Duration::from_millis(300);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A source that ran so long begins anew with short pauses.
const STEADY: Duration = Duration::from_secs(20);
/// After so much silence what was there is told, where the source itself does not say so.
const CAUGHT_UP: Duration = Duration::from_millis(400);
/// A command that never ends is read for so long when nobody follows.
pub const A_LOOK: Duration = Duration::from_secs(5);

/// What reads one kind of source.
trait Reader: Send + Sync {
    /// What to run; from where it was left when it ran before.
    fn argv(&mut self, sheet: &mut Sheet) -> Argv;
    /// Bytes of its output.
    fn take(&mut self, bytes: &[u8], sheet: &mut Sheet);
    /// Bytes of its errors.
    fn hear(&mut self, bytes: &[u8], sheet: &mut Sheet);
    /// It ended.
    fn ended(&mut self, exit: Exit, sheet: &mut Sheet) -> After;
    /// Whether silence means that all that was there is told.
    fn is_caught_up_by_silence(&self) -> bool;
    /// Whether it prints something as soon as it runs.
    fn speaks_at_once(&self) -> bool;
}

/// What to do when the command has ended.
enum After {
    /// All was read.
    Over,
    /// Again, after a pause; until then it stands so.
    Again(LogState),
}

/// Reads a log until all of it was read, or for ever when it is followed, or until nobody listens.
pub async fn read(spec: &LogSpec, wanted: Wanted, surroundings: &Surroundings, outbox: mpsc::Sender<LogNews>) {
    let remote = spec.on.as_ref().map(|host| (host, surroundings.hosts.get(host)));
    if let Some((host, None)) = &remote {
        let why = Text::from(format!("host {} is not in the deck", host.name));
        outbox.send(LogNews::State(LogState::Lost(why), (surroundings.clock)())).await.ok();
        return;
    }
    let remote = remote.and_then(|(_, remote)| remote);
    if let LogFrom::Loki(query) = &spec.from {
        return loki::read(query, remote, wanted, surroundings, outbox).await;
    }
    let transport = remote.clone().map_or_else(|| Arc::clone(&surroundings.transport), |r| r as Arc<dyn Transport>);
    let place = transport.place().to_owned();
    let reader: Box<dyn Reader> = match &spec.from {
        LogFrom::File { path, newest } => Box::new(file::FileReader::new(path, *newest, wanted)),
        LogFrom::Journal { unit } => Box::new(journal::JournalReader::new(unit, &place, wanted)),
        LogFrom::Command { words } => Box::new(command::CommandReader::new(words, remote.is_some(), wanted)),
        LogFrom::Runs => {
            let Some(state) = &surroundings.state else {
                let why = Text::from("there is no home folder in which runs are on record");
                outbox.send(LogNews::State(LogState::Absent(why), (surroundings.clock)())).await.ok();
                return;
            };
            Box::new(file::FileReader::new(&runs::path(state), false, wanted))
        }
        LogFrom::Loki(_) => return,
    };
    let is_of = |service: &Arc<str>| spec.id.environment.service(service);
    let runs_of = spec.id.service.as_ref().filter(|_| spec.from == LogFrom::Runs).map(is_of);
    let brief = !wanted.follow && matches!(spec.from, LogFrom::Command { .. });
    let sheet = Sheet::new(Arc::clone(&surroundings.clock));
    let (clock, follow) = (Arc::clone(&surroundings.clock), wanted.follow);
    let mut reading = Reading { reader, sheet, transport, remote, outbox, clock, brief, follow, runs_of };
    reading.run().await;
}

struct Reading {
    reader: Box<dyn Reader>,
    sheet: Sheet,
    transport: Arc<dyn Transport>,
    remote: Option<Arc<Remote>>,
    outbox: mpsc::Sender<LogNews>,
    clock: Clock,
    /// The command may never end, and is only looked at.
    brief: bool,
    follow: bool,
    /// Only what was run on this service is told.
    runs_of: Option<ServiceId>,
}

/// Nobody listens any more.
struct Unheard;

impl Reading {
    async fn run(&mut self) {
        let mut pause = FIRST_PAUSE;
        self.sheet.state(LogState::Connecting);
        loop {
            let began = Instant::now();
            let argv = self.reader.argv(&mut self.sheet);
            let Ok(()) = self.send().await else { return };
            let after = match self.start(&argv).await {
                Ok(following) => match self.listen(following).await {
                    Ok(after) => after,
                    Err(Unheard) => return,
                },
                Err(error) => After::Again(refused(&error)),
            };
            let over = matches!(after, After::Over);
            if let After::Again(state) = after {
                self.sheet.state(state);
            }
            let Ok(()) = self.send().await else { return };
            if over || !self.follow {
                return;
            }
            if began.elapsed() > STEADY {
                pause = FIRST_PAUSE;
            }
            rest(pause, self.remote.as_deref(), &self.outbox).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn start(&self, argv: &Argv) -> Result<Box<dyn Follow>, TransportError> {
        if let Some(remote) = &self.remote {
            let line = remote.keeper().line(Instant::now() + START).await;
            let place = remote.place().to_owned();
            line.map_err(|away| TransportError::Unreachable { place, why: away.cause })?;
            // What is followed holds a session for as long as that goes on; a look is over soon.
            if self.follow {
                return remote.follow_apart(argv, START).await;
            }
        }
        self.transport.follow(argv, START).await
    }

    /// Hands on what it prints until it ends.
    async fn listen(&mut self, mut following: Box<dyn Follow>) -> Result<After, Unheard> {
        let mut link = self.remote.as_ref().map(|r| r.keeper().link());
        let (until, late) = (Instant::now() + A_LOOK, Instant::now() + START);
        let mut began = !self.reader.speaks_at_once();
        loop {
            let next = following.next();
            tokio::pin!(next);
            let part = loop {
                let quiet = began && self.reader.is_caught_up_by_silence() && self.sheet.is_connecting();
                tokio::select! {
                    part = &mut next => break part,
                    link = change(link.as_mut()) => self.sheet.heed(link),
                    () = sleep(CAUGHT_UP), if quiet => self.sheet.state(LogState::Live),
                    () = sleep_until(late), if !began => return Ok(After::Again(no_room(self.transport.place()))),
                    () = sleep_until(until), if self.brief => return Ok(After::Over),
                    () = self.outbox.closed() => return Err(Unheard),
                }
                self.send().await?;
            };
            began = true;
            match part {
                Part::Out(bytes) => self.reader.take(&bytes, &mut self.sheet),
                Part::Err(bytes) => self.reader.hear(&bytes, &mut self.sheet),
                Part::End(exit) => {
                    let after = self.reader.ended(exit, &mut self.sheet);
                    let away = self.remote.as_ref().and_then(|r| r.keeper().blocked());
                    return Ok(match (after, away) {
                        (After::Again(_), Some(away)) => After::Again(LogState::Lost(away.cause)),
                        (after, _) => after,
                    });
                }
            }
            self.send().await?;
        }
    }

    async fn send(&mut self) -> Result<(), Unheard> {
        for news in self.sheet.take() {
            let news = match &self.runs_of {
                Some(service) => runs::told(news, service),
                None => Some(news),
            };
            let Some(news) = news else { continue };
            self.outbox.send(news).await.map_err(|_| Unheard)?;
        }
        Ok(())
    }
}

impl std::fmt::Debug for Reading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reading").field("at", &(self.clock)()).finish_non_exhaustive()
    }
}

/// Until the pause is over; a host that is there again is not waited for any longer.
async fn rest(pause: Duration, remote: Option<&Remote>, outbox: &mpsc::Sender<LogNews>) {
    let back = async {
        let Some(remote) = remote else { return std::future::pending().await };
        let mut link = remote.keeper().link();
        if link.borrow_and_update().state.is_up() {
            return std::future::pending().await;
        }
        if link.wait_for(|l| l.state.is_up()).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        () = back => {}
        () = sleep(pause) => {}
        () = outbox.closed() => {}
    }
}

/// How the connection to a host stands once that has changed.
async fn change(link: Option<&mut watch::Receiver<Link>>) -> Link {
    if let Some(link) = link
        && link.changed().await.is_ok()
    {
        return link.borrow_and_update().clone();
    }
    std::future::pending().await
}

fn refused(error: &TransportError) -> LogState {
    let why = Text::line_at_most(&error.to_string(), 400);
    match error {
        TransportError::Forbidden { .. } => LogState::Denied(why),
        _ => LogState::Lost(why),
    }
}

/// A followed log holds a session for as long as it is followed, and others wait until there is room.
fn no_room(place: &str) -> LogState {
    LogState::Lost(Text::from(format!(
        "{place} began nothing within {}; it may allow no more sessions (MaxSessions of its sshd): read fewer logs of it \
         at once, or raise that",
        human(START)
    )))
}
