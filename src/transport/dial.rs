//! From a name and a port to a TCP connection, every address of the name tried, with the time of each phase and with
//! words for each way it can go wrong. Sends nothing and keeps no connection.

pub mod lookup;
pub mod refusal;

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::model::{Phase, PhaseName, Text};
use crate::transport::human;
use refusal::Refusal;

/// The time of one check: when it began, when it must be over, and how long each phase took.
#[derive(Debug)]
pub struct Watch {
    started: Instant,
    lap: Instant,
    until: Instant,
    limit: Duration,
    phases: Vec<Phase>,
    way: Option<Arc<dyn Way>>,
}

/// A way to a target other than straight there: through a host.
pub trait Way: std::fmt::Debug + Send + Sync {
    /// A local address behind which a new connection to the target waits to be used once.
    /// `asked` becomes true when the target is what is waited for.
    fn open_telling<'a>(
        &'a self,
        host: &'a str,
        port: u16,
        asked: &'a AtomicBool,
    ) -> BoxFuture<'a, Result<SocketAddr, WayError>>;

    /// The same for who does not ask how far it came.
    fn open<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, Result<SocketAddr, WayError>> {
        static UNREAD: AtomicBool = AtomicBool::new(false);
        self.open_telling(host, port, &UNREAD)
    }

    /// What it goes through, for words.
    fn through(&self) -> &str;
}

/// Why there is no way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WayError {
    /// Whether the way itself is at fault, so that nothing is known about the target.
    pub ours: bool,
    /// Why, as a sentence.
    pub cause: Text,
}

impl Watch {
    /// Starts now. Ends a trifle before the limit, so that the check itself, which knows how far it came, can say so
    /// before whoever holds the same limit ends it.
    pub fn new(limit: Duration) -> Self {
        let now = Instant::now();
        let margin = (limit / 10).min(Duration::from_millis(10));
        Self {
            started: now,
            lap: now,
            until: now + limit.saturating_sub(margin),
            limit,
            phases: Vec::with_capacity(5),
            way: None,
        }
    }

    /// The same for a target that is reached another way.
    #[must_use]
    pub fn by(mut self, way: Option<Arc<dyn Way>>) -> Self {
        self.way = way;
        self
    }

    /// The way, if it is not straight.
    pub fn way(&self) -> Option<&Arc<dyn Way>> {
        self.way.as_ref()
    }

    /// A phase ends here; a phase that comes again (after a redirect) is added to.
    pub fn mark(&mut self, name: PhaseName) {
        let now = Instant::now();
        let took = now - self.lap;
        self.lap = now;
        match self.phases.iter_mut().find(|p| p.name == name) {
            Some(phase) => phase.took += took,
            None => self.phases.push(Phase { name, took }),
        }
    }

    /// When it must be over.
    pub fn until(&self) -> Instant {
        self.until
    }

    /// The limit in words: `5s`.
    pub fn limit(&self) -> String {
        human(self.limit)
    }

    /// Since the start.
    pub fn elapsed(&self) -> Duration {
        self.lap.max(Instant::now()) - self.started
    }

    /// Up to the end of the last phase, in words: `1 ms`.
    pub fn so_far(&self) -> String {
        brief(self.lap - self.started)
    }

    /// The phases so far, in order.
    pub fn into_phases(self) -> Vec<Phase> {
        self.phases
    }

    /// The phases so far, in order.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }
}

/// `0.4 ms`, `12 ms`, `3.2 s`: a measured time.
pub fn brief(took: Duration) -> String {
    let millis = took.as_secs_f64() * 1000.0;
    match millis {
        0.0..10.0 => format!("{millis:.1} ms"),
        10.0..1000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1000.0),
    }
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The name has no address.
    #[error("{0} does not resolve: no such name")]
    NoName(String),
    /// The resolver of this machine failed, which says nothing about the target.
    #[error("{host} does not resolve: {why}")]
    NoResolver {
        /// The name.
        host: String,
        /// What the resolver says.
        why: String,
    },
    /// This machine could not try one address; the sentence tells for each why.
    #[error("{0}")]
    Ours(String),
    /// No address took the connection; the sentence tells for each why.
    #[error("{0}")]
    NoConnection(String),
}

impl DialError {
    /// Whether this machine is at fault, so that nothing is known about the target.
    pub fn is_ours(&self) -> bool {
        matches!(self, Self::NoResolver { .. } | Self::Ours(_))
    }
}

/// More addresses than this are not tried: a name with more is a load balancer's, and one of these answers.
const MOST_ADDRESSES: usize = 16;
/// An address gets this long alone before the next one is tried beside it (RFC 8305, section 5).
const STAGGER: Duration = Duration::from_millis(250);

/// Connects to the first address of `host` that takes it; Nagle's delay is off.
pub async fn dial(host: &str, port: u16, watch: &mut Watch) -> Result<(TcpStream, SocketAddr), DialError> {
    if let Some(way) = watch.way.clone() {
        return dial_by(&*way, host, port, watch).await;
    }
    let addresses = if let Ok(ip) = host.parse::<IpAddr>() {
        vec![SocketAddr::new(ip, port)]
    } else {
        let found = resolve(host, port, watch).await?;
        watch.mark(PhaseName::Resolve);
        found
    };
    let (stream, address) = match addresses.as_slice() {
        [only] => (connect(*only, watch.until).await.map_err(|e| refused(&[(*only, e)], watch))?, *only),
        many => race(many, watch).await?,
    };
    // A socket that refuses the option still works.
    stream.set_nodelay(true).ok();
    watch.mark(PhaseName::Connect);
    Ok((stream, address))
}

/// Through a host, which resolves the name itself. The address is the target's where it is one, and the local end else.
async fn dial_by(
    way: &dyn Way,
    host: &str,
    port: u16,
    watch: &mut Watch,
) -> Result<(TcpStream, SocketAddr), DialError> {
    let asked = AtomicBool::new(false);
    let opened = timeout_at(watch.until, async {
        let local = way.open_telling(host, port, &asked).await.map_err(|e| {
            let cause = e.cause.as_str().to_owned();
            if e.ours { DialError::Ours(cause) } else { DialError::NoConnection(cause) }
        })?;
        let gone = |e: io::Error| DialError::Ours(format!("the tunnel through {} is gone: {e}", way.through()));
        Ok((TcpStream::connect(local).await.map_err(gone)?, local))
    });
    let target = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let late = |_| {
        let limit = watch.limit();
        let through = way.through();
        if asked.load(Ordering::Relaxed) {
            DialError::NoConnection(format!("no connection to {target} through {through} within {limit}"))
        } else {
            DialError::Ours(format!("{through} could not be asked for {target} within {limit}"))
        }
    };
    let (stream, local) = opened.await.map_err(late)??;
    stream.set_nodelay(true).ok();
    watch.mark(PhaseName::Connect);
    Ok((stream, host.parse::<IpAddr>().map_or(local, |ip| SocketAddr::new(ip, port))))
}

async fn resolve(host: &str, port: u16, watch: &Watch) -> Result<Vec<SocketAddr>, DialError> {
    let found = lookup::lookup(host, watch).await?;
    Ok(interleave(found.into_iter().map(|ip| SocketAddr::new(ip, port))))
}

/// Both families in turn, in the order the resolver prefers, each address once.
fn interleave(found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
    let mut all: Vec<SocketAddr> = Vec::new();
    for address in found.take(MOST_ADDRESSES * 4) {
        if !all.contains(&address) {
            all.push(address);
        }
    }
    let first_is_v6 = all.first().is_some_and(SocketAddr::is_ipv6);
    let (first, second): (Vec<_>, Vec<_>) = all.into_iter().partition(|a| a.is_ipv6() == first_is_v6);
    let mut mixed = Vec::with_capacity(MOST_ADDRESSES);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    while mixed.len() < MOST_ADDRESSES {
        let before = mixed.len();
        mixed.extend(first.next());
        mixed.extend(second.next());
        if mixed.len() == before {
            break;
        }
    }
    mixed
}

async fn race(addresses: &[SocketAddr], watch: &Watch) -> Result<(TcpStream, SocketAddr), DialError> {
    let left = watch.until.saturating_duration_since(Instant::now());
    let stagger = STAGGER.min(left / (addresses.len() as u32 + 1));
    let mut waiting = addresses.iter().copied();
    let mut trying = FuturesUnordered::new();
    let mut failed: Vec<(SocketAddr, Option<io::Error>)> = Vec::new();
    loop {
        if let Some(address) = waiting.next() {
            trying.push(async move { (address, connect(address, watch.until).await) });
        } else if trying.is_empty() {
            return Err(refused(&failed, watch));
        }
        let pause = if waiting.len() == 0 { watch.until + STAGGER } else { Instant::now() + stagger };
        match timeout_at(pause, trying.next()).await {
            Ok(Some((address, Ok(stream)))) => return Ok((stream, address)),
            Ok(Some((address, Err(e)))) => failed.push((address, e)),
            Ok(None) | Err(_) => {}
        }
    }
}

/// No error means that time was up.
async fn connect(address: SocketAddr, until: Instant) -> Result<TcpStream, Option<io::Error>> {
    match timeout_at(until, TcpStream::connect(address)).await {
        Ok(result) => result.map_err(Some),
        Err(_) => Err(None),
    }
}

/// One sentence for all addresses; those that failed alike are told together. As soon as one of them shows the
/// target's own trouble, what this machine could not try (no IPv6, say) is left out.
fn refused(failed: &[(SocketAddr, Option<io::Error>)], watch: &Watch) -> DialError {
    let mut told: Vec<(Option<Refusal>, Vec<String>)> = Vec::new();
    for (address, error) in failed {
        let refusal = error.as_ref().map(|e| Refusal::of(e, Some(*address)));
        match told.iter_mut().find(|(r, _)| *r == refusal) {
            Some((_, places)) => places.push(address.to_string()),
            None => told.push((refusal, vec![address.to_string()])),
        }
    }
    let is_ours = |refusal: &Option<Refusal>| refusal.as_ref().is_some_and(|r| r.ours);
    let ours = told.iter().all(|(r, _)| is_ours(r));
    let parts = told.iter().filter(|(r, _)| ours || !is_ours(r)).map(|(refusal, places)| {
        let places = places.join(" and ");
        match refusal {
            Some(refusal) => refusal.told(&places),
            None => format!("no connection to {places} within {}", watch.limit()),
        }
    });
    let sentence = parts.collect::<Vec<_>>().join("; ");
    if ours { DialError::Ours(sentence) } else { DialError::NoConnection(sentence) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_closed_port_is_refused_with_its_address() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = dial("127.0.0.1", port, &mut Watch::new(Duration::from_secs(5))).await.unwrap_err();
        assert_eq!(error.to_string(), format!("connection refused on 127.0.0.1:{port}"));
    }

    #[tokio::test]
    async fn the_next_address_is_tried_when_one_refuses() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let open = listener.local_addr().unwrap();
        let closed = std::net::TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap();
        let (_, address) = race(&[closed, open], &Watch::new(Duration::from_secs(5))).await.unwrap();
        assert_eq!(address, open);
        let error = race(&[closed, closed], &Watch::new(Duration::from_secs(5))).await.unwrap_err();
        assert_eq!(error.to_string(), format!("connection refused on {closed} and {closed}"));
    }

    #[test]
    fn what_this_machine_cannot_try_is_left_out_beside_a_refusal() {
        let watch = Watch::new(Duration::from_secs(5));
        let places = ["192.0.2.1:80", "[2001:db8::1]:80"].map(|p| p.parse::<SocketAddr>().unwrap());
        let of = |kind: io::ErrorKind| Some(io::Error::from(kind));
        let missing = || of(io::ErrorKind::AddrNotAvailable);
        let both = refused(&[(places[0], of(io::ErrorKind::ConnectionRefused)), (places[1], missing())], &watch);
        assert!(!both.is_ours());
        assert_eq!(both.to_string(), "connection refused on 192.0.2.1:80");
        let ours = refused(&[(places[0], missing()), (places[1], missing())], &watch);
        assert!(ours.is_ours() && ours.to_string().ends_with("192.0.2.1:80 and [2001:db8::1]:80"), "{ours}");
    }

    #[test]
    fn both_families_take_turns() {
        let of = |t: &str| t.parse::<SocketAddr>().unwrap();
        let all = ["[::1]:1", "[::2]:1", "10.0.0.1:1", "[::1]:1"].map(of);
        assert_eq!(interleave(all.into_iter()), ["[::1]:1", "10.0.0.1:1", "[::2]:1"].map(of));
    }
}
