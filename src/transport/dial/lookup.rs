//! From a name to its addresses by the machine's own resolver. `getaddrinfo` cannot be stopped, so it runs on plain
//! threads that nobody waits for at the end, never on the runtime's pool, which files need too: at most eight at a
//! time and one for each name, which all who ask for that name share. Remembers no answer.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::sync::{Arc, LazyLock, RwLock};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{Instant, sleep_until};

use super::{DialError, Watch};

/// Look-ups that run at the same time. A resolver that answers does far more in a second; of one that does not, eight
/// threads learn as much as two hundred.
const MOST: usize = 8;

static MACHINE: LazyLock<Resolver> = LazyLock::new(|| Resolver::new(getaddrinfo));

/// The addresses of a name, in the order the resolver prefers, never none. An address as text stands for itself, and
/// `localhost` for loopback (RFC 6761, section 6.3): neither needs the resolver.
pub async fn lookup(host: &str, watch: &Watch) -> Result<Vec<IpAddr>, DialError> {
    MACHINE.lookup(host, Some((watch.until(), &watch.limit()))).await
}

/// The same without an end of its own, for clients that are dropped when time is up.
pub async fn lookup_patiently(host: &str) -> Result<Vec<IpAddr>, DialError> {
    MACHINE.lookup(host, None).await
}

/// Whether the resolver still owes an answer for this name: then it is what keeps a connection from being made.
pub fn is_under_way(host: &str) -> bool {
    MACHINE.flights.read().is_ok_and(|flights| flights.contains_key(host))
}

/// What `getaddrinfo` means by an error. std gives no kind for it, only its words (glibc, musl, macOS).
pub fn failure(host: &str, error: &io::Error) -> DialError {
    let words = error.to_string();
    let words = words.rsplit(": ").next().unwrap_or_default();
    let absent = ["not known", "No address", "no address", "does not resolve", "Non-recoverable", "No data"];
    if absent.iter().any(|a| words.contains(a)) {
        DialError::NoName(host.to_owned())
    } else if words.contains("Temporary") || words.contains("ry again") {
        no_resolver(host, "this machine's resolver does not answer".into())
    } else {
        no_resolver(host, format!("this machine's resolver failed: {words}"))
    }
}

/// The sentence for a name whose look-up takes longer than the time there is.
pub fn silence(host: &str, limit: &str) -> DialError {
    no_resolver(host, format!("this machine's resolver does not answer within {limit}"))
}

fn no_resolver(host: &str, why: String) -> DialError {
    DialError::NoResolver { host: host.to_owned(), why }
}

type Found = Result<Vec<IpAddr>, Arc<io::Error>>;

/// How far a look-up is.
#[derive(Clone, Debug)]
enum State {
    Queued,
    Asking,
    Done(Found),
}

type Flights = RwLock<BTreeMap<String, watch::Receiver<State>>>;

struct Resolver {
    slots: Arc<Semaphore>,
    flights: Arc<Flights>,
    ask: fn(&str) -> io::Result<Vec<IpAddr>>,
}

impl Resolver {
    fn new(ask: fn(&str) -> io::Result<Vec<IpAddr>>) -> Self {
        Self { slots: Arc::new(Semaphore::new(MOST)), flights: Arc::default(), ask }
    }

    /// Asks until the time given, which the words call `limit`.
    async fn lookup(&self, host: &str, end: Option<(Instant, &str)>) -> Result<Vec<IpAddr>, DialError> {
        if let Some(known) = known(host) {
            return Ok(known);
        }
        let (mut flight, joined) = self.join(host);
        let landed = async { flight.wait_for(|s| matches!(s, State::Done(_))).await.map(|s| s.clone()) };
        let landed = match end {
            None => Some(landed.await),
            Some((until, _)) => tokio::select! {
                biased;
                landed = landed => Some(landed),
                () = sleep_until(until) => None,
            },
        };
        match landed {
            Some(Ok(State::Done(Ok(found)))) if found.is_empty() => Err(DialError::NoName(host.to_owned())),
            Some(Ok(State::Done(Ok(found)))) => Ok(found),
            Some(Ok(State::Done(Err(e)))) => Err(failure(host, &e)),
            Some(_) => Err(no_resolver(host, "its look-up broke off".into())),
            None => Err(match (&*flight.borrow(), joined, end) {
                (State::Queued, ..) => {
                    let others =
                        format!("this machine's resolver does not answer ({MOST} other look-ups are under way)");
                    no_resolver(host, others)
                }
                (_, false, Some((_, limit))) => silence(host, limit),
                _ => {
                    let why = "this machine's resolver does not answer (another look-up of";
                    no_resolver(host, format!("{why} {host} is under way)"))
                }
            }),
        }
    }

    /// The flight of this name, and whether it was there before.
    fn join(&self, host: &str) -> (watch::Receiver<State>, bool) {
        // The lock is held for an instant, and nothing under it can panic.
        let mut flights = self.flights.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(flight) = flights.get(host) {
            return (flight.clone(), true);
        }
        let (state, flight) = watch::channel(State::Queued);
        flights.insert(host.to_owned(), flight.clone());
        drop(flights);
        let flying = Flight { host: host.to_owned(), flights: Arc::clone(&self.flights), state, slot: None };
        tokio::spawn(flying.run(Arc::clone(&self.slots), self.ask));
        (flight, false)
    }
}

/// One look-up, from its place in the queue to its answer. Strikes itself off the list wherever it ends.
struct Flight {
    host: String,
    flights: Arc<Flights>,
    state: watch::Sender<State>,
    slot: Option<OwnedSemaphorePermit>,
}

impl Flight {
    async fn run(mut self, slots: Arc<Semaphore>, ask: fn(&str) -> io::Result<Vec<IpAddr>>) {
        // The semaphore is never closed.
        self.slot = slots.acquire_owned().await.ok();
        if !self.is_awaited() {
            return;
        }
        self.state.send_replace(State::Asking);
        let state = self.state.clone();
        let thread = std::thread::Builder::new().name("look-up".into());
        // The place among the eight goes along: it is free again when the thread is, not when somebody stops waiting.
        let started = thread.spawn(move || {
            let found = ask(&self.host).map_err(Arc::new);
            self.land(found);
        });
        if let Err(e) = started {
            state.send_replace(State::Done(Err(Arc::new(e))));
        }
    }

    /// Whether anybody still waits; if nobody does, nobody can join any more either.
    fn is_awaited(&self) -> bool {
        let mut flights = self.flights.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // One receiver is the list's own.
        let awaited = self.state.receiver_count() > 1;
        if !awaited {
            flights.remove(&self.host);
        }
        awaited
    }

    fn land(self, found: Found) {
        let state = self.state.clone();
        // Off the list first: who comes after the answer asks anew.
        drop(self);
        state.send_replace(State::Done(found));
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        let mut flights = self.flights.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Another flight of that name may be on the list by now.
        if flights.get(&self.host).is_some_and(|f| f.same_channel(&self.state.subscribe())) {
            flights.remove(&self.host);
        }
    }
}

fn known(host: &str) -> Option<Vec<IpAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Some(vec![ip]);
    }
    let loopback = || vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
    host.trim_end_matches('.').eq_ignore_ascii_case("localhost").then(loopback)
}

fn getaddrinfo(host: &str) -> io::Result<Vec<IpAddr>> {
    Ok((host, 0).to_socket_addrs()?.map(|address: SocketAddr| address.ip()).collect())
}

#[cfg(test)]
mod tests;
