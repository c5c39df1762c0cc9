//! Connections beside the main one, for what holds a session for long: a server allows few on one connection, and probes,
//! runs and shells need those of the main one. Opened one after the other when no seat is left, only while the main one
//! stands, and closed when nobody has used them for a while. Nobody is asked about them: where the login is let in no
//! further, that is said, and tried again later.

use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

use super::{Blocked, Keeper};
use crate::model::Text;
use crate::transport::ssh::line::Line;
use crate::transport::ssh::refusal::Again;

/// Seats on one connection. A server allows ten sessions where nobody says otherwise, and takes a moment to be done with
/// one that has ended.
const SEATS: usize = 6;
/// How often unused connections are looked for; one that is unused at two looks in a row is closed.
const LOOK: Duration = Duration::from_secs(10);
/// After a refusal no other login is tried for this long: what refused it may pass (MaxStartups, a limit of the user).
const REST: Duration = Duration::from_mins(1);
/// The same after one that would be refused again.
const LONG_REST: Duration = Duration::from_hours(1);
/// Whether the main connection stands is asked of the host itself, and waited for this long.
const SIGN: Duration = Duration::from_secs(4);

/// The connections.
#[derive(Default)]
pub(super) struct Apart {
    pool: RwLock<Pool>,
    /// Held by who opens one; others then wait for the seats that it brings.
    opening: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Pool {
    sides: Vec<Side>,
    /// Seats on a connection, where a server has been seen to allow fewer.
    seats: Option<usize>,
    /// No login is tried before this.
    rests: Option<Instant>,
    /// Somebody looks for unused ones.
    is_watched: bool,
}

struct Side {
    line: Arc<Line>,
    /// Held by every seat.
    taken: Arc<()>,
    seats: usize,
    /// Nobody sat there at the last look.
    unused: bool,
}

/// A place for one command on a connection that is not the main one. Free again when it is dropped.
pub struct Seat {
    line: Arc<Line>,
    _taken: Arc<()>,
}

/// There is no seat.
#[derive(Debug)]
pub enum NoSeat {
    /// The host lets this login in no further; the main connection stands.
    Refused,
    /// The host is out of reach.
    Blocked(Blocked),
}

impl Seat {
    /// The connection.
    pub fn line(&self) -> &Arc<Line> {
        &self.line
    }
}

impl Side {
    fn taken(&self) -> usize {
        Arc::strong_count(&self.taken) - 1
    }

    fn seat(&mut self) -> Option<Seat> {
        (self.taken() < self.seats).then(|| {
            self.unused = false;
            Seat { line: Arc::clone(&self.line), _taken: Arc::clone(&self.taken) }
        })
    }
}

impl Apart {
    pub fn clear(&self) {
        self.pool().sides.clear();
    }

    fn pool(&self) -> RwLockWriteGuard<'_, Pool> {
        self.pool.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn free(&self) -> Option<Seat> {
        let mut pool = self.pool();
        pool.sides.retain(|side| side.line.is_alive());
        pool.sides.iter_mut().find_map(Side::seat)
    }

    /// Takes a new connection in, with somebody on its first seat; whether somebody is to look after it.
    fn add(&self, line: Arc<Line>) -> (Option<Seat>, bool) {
        let mut pool = self.pool();
        pool.rests = None;
        let mut side = Side { line, taken: Arc::new(()), seats: pool.seats.unwrap_or(SEATS), unused: false };
        let seat = side.seat();
        pool.sides.push(side);
        (seat, !std::mem::replace(&mut pool.is_watched, true))
    }

    /// Closes what is unused; whether any is left.
    fn sweep(&self) -> bool {
        let mut pool = self.pool();
        pool.sides.retain_mut(|side| {
            let is_unused = side.taken() == 0;
            let was_unused = std::mem::replace(&mut side.unused, is_unused);
            !(was_unused && is_unused)
        });
        pool.is_watched = !pool.sides.is_empty();
        pool.is_watched
    }
}

impl Keeper {
    /// A seat on a connection that is not the main one.
    pub async fn seat(self: &Arc<Self>, until: Instant) -> Result<Seat, NoSeat> {
        self.line(until).await.map_err(NoSeat::Blocked)?;
        if let Some(seat) = self.apart.free() {
            return Ok(seat);
        }
        let Ok(opening) = timeout_at(until, self.apart.opening.lock()).await else { return Err(NoSeat::Refused) };
        // Who opened one meanwhile has brought more than one seat.
        if let Some(seat) = self.apart.free() {
            return Ok(seat);
        }
        if self.apart.pool().rests.is_some_and(|until| Instant::now() < until) {
            return Err(NoSeat::Refused);
        }
        let (why, rest) = match timeout_at(until, self.connect()).await {
            Ok(Ok(_)) if self.stop.is_cancelled() => (Text::from("not connected"), REST),
            Ok(Ok(line)) => {
                let (seat, watch) = self.apart.add(line);
                if watch {
                    self.look_after_unused();
                }
                drop(opening);
                return seat.ok_or(NoSeat::Refused);
            }
            Ok(Err(refusal)) => {
                let rest = if refusal.again() == Again::Soon { REST } else { LONG_REST };
                (refusal.cause, rest)
            }
            Err(_) => (format!("no further connection to {} in time", self.destination.host).into(), REST),
        };
        tracing::info!(host = %self.destination, cause = %why, "no connection beside the main one");
        if !self.answers(SIGN).await {
            let away = self.blocked().or_else(|| self.silent());
            return Err(NoSeat::Blocked(away.unwrap_or(Blocked { trouble: None, cause: why })));
        }
        self.apart.pool().rests = Some(Instant::now() + rest);
        Err(NoSeat::Refused)
    }

    /// The server had no session for who has this seat.
    pub fn is_full(&self, seat: &Seat) {
        let mut pool = self.apart.pool();
        let Some(side) = pool.sides.iter_mut().find(|side| Arc::ptr_eq(&side.line, &seat.line)) else { return };
        side.seats = side.taken().saturating_sub(1);
        let seats = side.seats;
        pool.seats = Some(seats.max(1));
        if seats == 0 {
            // It allows none at all, and another connection would be of no more use.
            pool.rests = Some(Instant::now() + REST);
        }
    }

    fn look_after_unused(self: &Arc<Self>) {
        let (keeper, stop) = (Arc::downgrade(self), self.stop.clone());
        let look = async move {
            loop {
                sleep(LOOK).await;
                let Some(keeper) = keeper.upgrade() else { return };
                if !keeper.apart.sweep() {
                    return;
                }
            }
        };
        tokio::spawn(async move { stop.run_until_cancelled(look).await });
    }
}
