//! Connections that go on from a host (tunnels, hops). libssh2 opens one channel at a time on a connection, and a target
//! that does not answer keeps it busy for minutes; so these have connections of their own, a few at most, and one that is
//! held up is left to itself.

use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout};

use super::{Blocked, Keeper};
use crate::model::{Text, Trouble};
use crate::transport::ssh::actor::StartError;
use crate::transport::ssh::line::Line;
use crate::transport::ssh::refusal::Refusal;

/// Connections for this at most.
const MOST: usize = 6;
/// An opening that nobody waits for any more is given this long before its connection is given up.
const ABANDONED: Duration = Duration::from_secs(2);
/// An opening under way is waited for this long before another connection is made.
const SOON: Duration = Duration::from_millis(300);
/// A host that is being connected to is waited for this long; who asks may have less.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why there is no connection onwards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ForwardError {
    /// The host itself is not reached.
    Blocked(Blocked),
    /// The host is, the target is not.
    Target(StartError),
}

/// The connections of a host that others go through.
#[derive(Default)]
pub struct Forwards {
    lines: RwLock<Vec<Passage>>,
    opening: tokio::sync::Mutex<()>,
    /// The keeper's own connection, when it was lent last.
    lent: RwLock<Weak<Line>>,
}

#[derive(Clone)]
struct Passage {
    line: Arc<Line>,
    turn: Arc<Semaphore>,
}

impl Forwards {
    /// Ends them.
    pub fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Passage>> {
        self.lines.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// One that is not busy with opening.
    fn free(&self) -> Option<(Arc<Line>, OwnedSemaphorePermit)> {
        let mut lines = self.lock();
        lines.retain(|p| p.line.is_alive());
        lines.iter().find_map(|p| Some((Arc::clone(&p.line), Arc::clone(&p.turn).try_acquire_owned().ok()?)))
    }

    fn add(&self, line: Arc<Line>) {
        self.lock().push(Passage { line, turn: Arc::new(Semaphore::new(1)) });
    }

    /// Takes the keeper's own connection, once.
    fn lend(&self, own: &Arc<Line>) {
        let mut lent = self.lent.write().unwrap_or_else(PoisonError::into_inner);
        if !std::ptr::eq(lent.as_ptr(), Arc::as_ptr(own)) {
            *lent = Arc::downgrade(own);
            self.add(Arc::clone(own));
        }
    }

    /// Waits a little for any of them: most openings take a moment, and a login takes longer.
    async fn soon(&self) -> Option<(Arc<Line>, OwnedSemaphorePermit)> {
        let all: Vec<Passage> = self.lock().clone();
        timeout(SOON, first_free(all)).await.ok()?
    }

    fn remove(&self, line: &Arc<Line>) {
        self.lock().retain(|p| !Arc::ptr_eq(&p.line, line));
    }

    /// All of them, when there may be no more.
    fn all(&self) -> Option<Vec<Passage>> {
        let lines = self.lock();
        (lines.len() >= MOST).then(|| lines.clone())
    }
}

/// The first of these that is not busy any more; none when one was given up meanwhile.
async fn first_free(all: Vec<Passage>) -> Option<(Arc<Line>, OwnedSemaphorePermit)> {
    let turns = all.into_iter().map(|p| Box::pin(async move { Some((p.line, p.turn.acquire_owned().await.ok()?)) }));
    let turns: Vec<_> = turns.collect();
    if turns.is_empty() {
        return None;
    }
    let (first, ..) = futures::future::select_all(turns).await;
    first.filter(|(line, _)| line.is_alive())
}

/// A connection onwards. The connection it goes over lasts as long as this.
#[derive(Debug)]
pub struct Onward {
    /// Our end; does not block.
    pub stream: UnixStream,
    /// What it goes over.
    pub over: Arc<Line>,
}

impl Keeper {
    /// Connects to a place that the host can reach: `db.example.com`, `127.0.0.1`, as the host calls it.
    pub async fn forward(self: &Arc<Self>, host: &str, port: u16) -> Result<Onward, ForwardError> {
        self.forward_telling(host, port, &AtomicBool::new(false)).await
    }

    /// The same; `asked` becomes true when the host has been asked, so that from then on it is the target that is waited for.
    pub async fn forward_telling(
        self: &Arc<Self>,
        host: &str,
        port: u16,
        asked: &AtomicBool,
    ) -> Result<Onward, ForwardError> {
        // The keeper's own connection says whether the host is there at all.
        let own = self.line(Instant::now() + PATIENCE).await.map_err(ForwardError::Blocked)?;
        if !self.runs_commands {
            // No command waits on this one.
            self.forwards.lend(&own);
        }
        drop(own);
        let (line, turn) = self.passage().await?;
        asked.store(true, Ordering::Relaxed);
        let (reply, answer) = oneshot::channel();
        let (keeper, host) = (Arc::clone(self), host.to_owned());
        // The opening goes on when who asked for it goes away: libssh2 cannot take it back.
        tokio::spawn(async move {
            let by = Arc::clone(&line);
            let opened = by.forward(&host, port);
            tokio::pin!(opened);
            let mut reply = reply;
            let opened = tokio::select! {
                opened = &mut opened => opened,
                () = reply.closed() => {
                    let Ok(opened) = timeout(ABANDONED, &mut opened).await else {
                        // Others may be using it: they hold it until they are done, and nobody new gets it.
                        keeper.forwards.remove(&line);
                        turn.semaphore().close();
                        return;
                    };
                    opened
                }
            };
            drop(turn);
            // Nobody may be waiting any more; then the stream is closed here.
            drop(reply.send(opened.map(|stream| Onward { stream, over: line })));
        });
        answer.await.unwrap_or(Err(StartError::Lost)).map_err(ForwardError::Target)
    }

    async fn passage(self: &Arc<Self>) -> Result<(Arc<Line>, OwnedSemaphorePermit), ForwardError> {
        loop {
            if let Some(free) = self.forwards.free() {
                return Ok(free);
            }
            if let Some(soon) = self.forwards.soon().await {
                return Ok(soon);
            }
            if let Some(busy) = self.forwards.all() {
                // All are busy: wait for the first that is not.
                if let Some(turn) = first_free(busy).await {
                    return Ok(turn);
                }
                continue;
            }
            let one_at_a_time = self.forwards.opening.lock().await;
            if let Some(free) = self.forwards.free() {
                return Ok(free);
            }
            let connected = self.connect().await.map_err(|refusal| {
                ForwardError::Blocked(Blocked { trouble: Some(refusal.trouble), cause: refusal.cause })
            })?;
            self.forwards.add(connected);
            drop(one_at_a_time);
        }
    }
}

impl ForwardError {
    /// What it means for a host behind this one.
    pub fn into_refusal(self, target: &str, through: &str) -> Refusal {
        match self {
            Self::Blocked(blocked) => {
                Refusal::new(Trouble::Hop, format!("{through} on the way is not reached: {}", blocked.cause))
            }
            Self::Target(error) => {
                let trouble = match error {
                    StartError::NoConnection => Trouble::Refused,
                    StartError::Forbidden => Trouble::Route,
                    _ => Trouble::Closed,
                };
                Refusal::new(trouble, Self::Target(error).told(target, through).as_str())
            }
        }
    }

    /// The sentence: `connection refused on 127.0.0.1:5006 through vps`.
    pub fn told(&self, target: &str, through: &str) -> Text {
        let is_loopback = ["127.", "localhost", "[::1]"].iter().any(|l| target.starts_with(l));
        let sentence = match self {
            Self::Blocked(blocked) => blocked.cause.as_str().to_owned(),
            Self::Target(StartError::NoConnection) if is_loopback => {
                format!("connection refused on {target} through {through}")
            }
            Self::Target(StartError::NoConnection) => {
                format!("{through} has no connection to {target}: refused, out of reach or no such name there")
            }
            Self::Target(StartError::Forbidden) => {
                format!("{through} does not allow connections to {target} (AllowTcpForwarding, PermitOpen)")
            }
            Self::Target(error) => format!("no connection to {target} through {through}: {error}"),
        };
        Text::line_at_most(&sentence, 300)
    }
}
