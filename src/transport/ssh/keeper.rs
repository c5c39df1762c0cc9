//! Keeps one destination connected: attempts, pauses, and the state as a fact. All who look at or through a host share
//! its keeper. Never asks a person itself; it says what it would have to ask.

mod apart;
mod attempt;
mod forwards;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout_at};
use tokio_util::sync::CancellationToken;

use super::config::Destination;
use super::line::Line;
use super::refusal::{Again, Refusal, SLOWLY, pause};
use super::{Shared, chance};
use crate::model::{Link, LinkState, Text, Trouble};

pub use apart::{NoSeat, Seat};
pub use forwards::{ForwardError, Onward};

/// A round trip that takes longer than this is slow.
const SLOW: Duration = Duration::from_secs(1);

/// One destination.
pub struct Keeper {
    /// Stands for destination and way: who needs the same shares it.
    key: String,
    /// As the deck or a `ProxyJump` names it.
    destination: Destination,
    /// The hop before it in a list of hops, which its own configuration then does not decide.
    before: Option<Arc<Keeper>>,
    /// The hop that the last attempt went through.
    through: RwLock<Option<Arc<Keeper>>>,
    /// Whether commands are to run there; a host that is only passed need not run any.
    runs_commands: bool,
    shared: Arc<Shared>,
    link: watch::Sender<Link>,
    line: RwLock<Option<Arc<Line>>>,
    refused: RwLock<Option<Refusal>>,
    asked: Notify,
    again: Notify,
    forwards: forwards::Forwards,
    apart: apart::Apart,
    stop: CancellationToken,
}

/// Nothing runs on the host now, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Why, as a word.
    pub trouble: Option<Trouble>,
    /// Why, as a sentence without a full stop.
    pub cause: Text,
}

impl Keeper {
    /// Connects as soon as somebody asks for it.
    pub fn start(
        key: String,
        destination: Destination,
        before: Option<Arc<Keeper>>,
        runs_commands: bool,
        shared: Arc<Shared>,
    ) -> Arc<Self> {
        let keeper = Arc::new(Self {
            key,
            destination,
            through: RwLock::new(before.clone()),
            before,
            runs_commands,
            shared,
            link: watch::Sender::new(Link::default()),
            line: RwLock::new(None),
            refused: RwLock::new(None),
            asked: Notify::new(),
            again: Notify::new(),
            forwards: forwards::Forwards::default(),
            apart: apart::Apart::default(),
            stop: CancellationToken::new(),
        });
        let (running, stop) = (Arc::clone(&keeper), keeper.stop.clone());
        tokio::spawn(async move { stop.run_until_cancelled(Box::pin(running.run())).await });
        keeper
    }

    /// What stands for destination and way.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Ends the connection and every attempt.
    pub fn stop(&self) {
        self.stop.cancel();
        self.set_line(None);
        self.forwards.clear();
        self.apart.clear();
        let cause = format!("{} is not connected to any more", self.destination);
        self.report(Link {
            state: LinkState::Lost,
            trouble: Some(Trouble::Closed),
            cause: Some(cause.into()),
            ..Link::default()
        });
    }

    /// The hop that it goes through, as far as that is known.
    pub fn through(&self) -> Option<Arc<Keeper>> {
        read(&self.through)
    }

    /// Finds the way anew: by the list it stands in, or by its configuration.
    fn find_way(&self, jumps: &[Destination]) -> Result<Option<Arc<Keeper>>, Refusal> {
        let hop = self.before.clone().or_else(|| Keeper::last_hop(&self.shared, jumps));
        let mut walked = hop.clone();
        let mut walk = 0;
        while let Some(keeper) = walked {
            walk += 1;
            if keeper.key == self.key || walk > super::MOST_HOPS {
                let cause = format!("the hops to {} lead in a circle (ProxyJump)", self.destination);
                return Err(Refusal::new(Trouble::Settings, cause));
            }
            walked = keeper.through();
        }
        self.through.write().unwrap_or_else(PoisonError::into_inner).clone_from(&hop);
        Ok(hop)
    }

    /// The last of a list of hops; each is reached through the one before it, the first by its own configuration.
    fn last_hop(shared: &Arc<Shared>, jumps: &[Destination]) -> Option<Arc<Keeper>> {
        let mut hops = shared.hops.write().unwrap_or_else(PoisonError::into_inner);
        jumps.iter().fold(None, |before: Option<Arc<Keeper>>, jump| {
            let way = before.as_ref().map(|hop| format!(" through {}", hop.key)).unwrap_or_default();
            let key = format!("{jump} (hop){way}");
            let start = || Keeper::start(key.clone(), jump.clone(), before, false, Arc::clone(shared));
            Some(Arc::clone(hops.entry(key.clone()).or_insert_with(start)))
        })
    }

    /// How the connection stands, and every change of it.
    pub fn link(&self) -> watch::Receiver<Link> {
        self.link.subscribe()
    }

    /// Connects now, if it is not connected and whatever went wrong before.
    pub fn reconnect(&self) {
        if let Some(hop) = self.through() {
            hop.reconnect();
        }
        // At once, so that who asks next waits for what comes of it.
        self.link.send_if_modified(|link| {
            let is_down = matches!(link.state, LinkState::Lost | LinkState::Refused);
            if is_down {
                *link = Link { state: LinkState::Connecting, route: link.route.clone(), ..Link::default() };
            }
            is_down
        });
        self.ask();
        self.again.notify_one();
    }

    /// Whether an attempt is under way whose outcome is worth waiting for: the first one, or one after a person did
    /// something, here or on the way.
    pub fn is_trying(&self) -> bool {
        let (state, trouble) = {
            let link = self.link.borrow();
            (link.state, link.trouble)
        };
        match state {
            LinkState::Idle | LinkState::Connecting => true,
            // What kept it back is gone already.
            LinkState::Lost if trouble == Some(Trouble::Hop) => {
                self.through().is_some_and(|hop| hop.is_trying() || hop.link.borrow().state.is_up())
            }
            _ => false,
        }
    }

    /// Why there is no connection, here or on the way there: what everything else follows from.
    pub fn origin(&self) -> Option<Refusal> {
        let own = read(&self.refused)?;
        let hop = self.through().filter(|_| own.trouble == Trouble::Hop);
        hop.and_then(|hop| hop.origin()).or(Some(own))
    }

    /// Says that somebody needs the host.
    pub fn ask(&self) {
        if self.link.borrow().state == LinkState::Idle {
            self.asked.notify_one();
        }
    }

    /// What a person is asked about, here or on the way: which keeper, and the refusal.
    pub fn question(&self) -> Option<Refusal> {
        let own = read(&self.refused).filter(|r| r.ask.is_some() && r.trouble != Trouble::Hop);
        own.or_else(|| self.through()?.question())
    }

    /// The live connection. Waits while the first attempt is under way; when the host is known to be out of reach, says
    /// so at once.
    pub async fn line(&self, until: Instant) -> Result<Arc<Line>, Blocked> {
        self.ask();
        let mut link = self.link.subscribe();
        loop {
            if let Some(line) = read(&self.line).filter(|l| l.is_alive()) {
                return Ok(line);
            }
            if let Some(blocked) = self.blocked() {
                return Err(blocked);
            }
            if !matches!(timeout_at(until, link.changed()).await, Ok(Ok(()))) {
                let cause = format!("{} is still being connected to", self.destination.host);
                return Err(Blocked { trouble: None, cause: cause.into() });
            }
        }
    }

    /// The fingerprint of the host key of the live connection; none while there is none.
    pub fn identity(&self) -> Option<String> {
        read(&self.line)?.identity().map(ToOwned::to_owned)
    }

    /// Why nothing can run there now; none while it is up or the first attempt is under way.
    pub fn blocked(&self) -> Option<Blocked> {
        let link = self.link.borrow();
        let blocked =
            || Blocked { trouble: link.trouble, cause: link.cause.clone().unwrap_or_else(|| "not connected".into()) };
        matches!(link.state, LinkState::Lost | LinkState::Refused).then(blocked)
    }

    /// Whether the host gives a sign of life within this long.
    pub async fn answers(&self, within: Duration) -> bool {
        let Some(line) = read(&self.line) else { return false };
        matches!(tokio::time::timeout(within, line.ping()).await, Ok(Ok(())))
    }

    /// Why answers do not come although it counts as connected.
    pub fn silent(&self) -> Option<Blocked> {
        let link = self.link.borrow();
        let silent = link.state == LinkState::Degraded && link.trouble == Some(Trouble::Silent);
        silent.then(|| Blocked { trouble: link.trouble, cause: link.cause.clone().unwrap_or_default() })
    }

    fn set_line(&self, line: Option<Arc<Line>>) {
        *self.line.write().unwrap_or_else(PoisonError::into_inner) = line;
    }

    fn report(&self, link: Link) {
        let route = self.route();
        self.link.send_replace(Link { route, ..link });
    }

    fn route(&self) -> Text {
        let known = self.shared.routes.read().unwrap_or_else(PoisonError::into_inner);
        let own = known.get(&self.destination.to_string()).cloned().unwrap_or_else(|| self.destination.to_string());
        match self.through() {
            Some(hop) => format!("{own} through {}", hop.destination).into(),
            None => own.into(),
        }
    }

    async fn run(self: Arc<Self>) {
        self.asked.notified().await;
        let mut failed = 0_u32;
        let mut was_up = false;
        self.report(Link { state: LinkState::Connecting, ..Link::default() });
        loop {
            match self.attempt().await {
                Ok(line) => {
                    failed = 0;
                    was_up = true;
                    *self.refused.write().unwrap_or_else(PoisonError::into_inner) = None;
                    self.set_line(Some(Arc::clone(&line)));
                    let cause = self.follow(line).await;
                    self.set_line(None);
                    tracing::info!(host = %self.destination, %cause, "connection lost");
                    self.report(Link {
                        state: LinkState::Lost,
                        trouble: Some(Trouble::Closed),
                        cause: Some(Text::line_at_most(&cause, 300)),
                        ..Link::default()
                    });
                    // Most often it is gone for longer than this; when it was only the connection, it is back at once.
                    self.rest(Duration::from_millis(200)).await;
                }
                Err(refusal) => {
                    failed = failed.saturating_add(1);
                    tracing::debug!(host = %self.destination, trouble = ?refusal.trouble, cause = %refusal.cause, "not connected");
                    let (again, wait) = (refusal.again(), wait_after(&refusal, failed));
                    // First, so that who sees the report finds the reason.
                    *self.refused.write().unwrap_or_else(PoisonError::into_inner) = Some(refusal.clone());
                    // What a hop refuses is refused here too, and asked here too.
                    let origin = self.origin().unwrap_or_else(|| refusal.clone());
                    let state = if was_up && origin.again() == Again::Soon { LinkState::Lost } else { origin.state() };
                    self.report(Link {
                        state,
                        trouble: Some(refusal.trouble),
                        cause: Some(refusal.cause.clone()),
                        next_in: wait,
                        ask: self.question().and_then(|q| q.ask).map(|ask| *ask),
                        ..Link::default()
                    });
                    match wait {
                        Some(wait) => self.rest(wait).await,
                        None => self.again.notified().await,
                    }
                    if state == LinkState::Refused && again == Again::OnDemand {
                        // A person did something about it: who asks now is to wait for what comes of it.
                        self.report(Link { state: LinkState::Connecting, ..Link::default() });
                    }
                }
            }
        }
    }

    async fn rest(&self, wait: Duration) {
        tokio::select! {
            () = sleep(wait) => {}
            () = self.again.notified() => {}
        }
    }

    /// Tells how a live connection fares until it ends; says why it did.
    async fn follow(&self, line: Arc<Line>) -> String {
        let mut pulse = line.pulse();
        // Only the keeper's own hold and those who use it now keep a connection alive.
        drop(line);
        loop {
            let seen = pulse.borrow_and_update().clone();
            if let Some(why) = seen.ended {
                return why;
            }
            let mut link = Link { state: LinkState::Live, latency: seen.latency, ..Link::default() };
            if let Some(silent) = seen.silent {
                link.state = LinkState::Degraded;
                link.trouble = Some(Trouble::Silent);
                link.cause =
                    Some(format!("nothing heard from {} for {} s", self.destination.host, silent.as_secs()).into());
            } else if let Some(latency) = seen.latency.filter(|l| *l > SLOW) {
                link.state = LinkState::Degraded;
                link.trouble = Some(Trouble::Slow);
                link.cause = Some(format!("answers take {:.1} s", latency.as_secs_f64()).into());
            }
            self.report(link);
            if pulse.changed().await.is_err() {
                return "the thread of the connection ended".into();
            }
        }
    }
}

impl std::fmt::Debug for Keeper {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Keeper").field("destination", &self.destination.to_string()).finish_non_exhaustive()
    }
}

fn wait_after(refusal: &Refusal, failed: u32) -> Option<Duration> {
    match refusal.again() {
        Again::Soon => Some(pause(failed, chance())),
        Again::Slowly => Some(SLOWLY.mul_f64(0.8 + 0.4 * chance())),
        Again::OnDemand => None,
    }
}

/// The locks here are held for an instant, and nothing under them can panic.
fn read<T: Clone>(lock: &RwLock<Option<T>>) -> Option<T> {
    lock.read().unwrap_or_else(PoisonError::into_inner).clone()
}
