//! Forwarded ports for people: a listener on loopback that stays until it is closed, whatever becomes of the host behind
//! it. Each connection goes through the host as the host is then. Unlike a tunnel it serves whoever connects on this
//! machine, as `ssh -L` does; never anybody else's.

mod list;
mod target;
#[cfg(test)]
mod tests;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::Clock;
use super::remote::Remote;
use crate::model::{Link, LinkState, Text};
use crate::transport::tunnel::carry;

pub use list::{Forwardings, Listed};
pub use target::{Target, TargetError};

/// After a connection that could not be taken, because this machine is short of something.
const SHORT: Duration = Duration::from_millis(100);
/// A connection of which one way has ended is closed when nothing comes the other way for this long.
const HALF: Duration = Duration::from_mins(10);
/// Ports looked at for a free one.
const NEAR: u16 = 100;

/// How the way to the target stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The host is being connected to.
    Opening,
    /// The host is connected: what connects here is carried on.
    Open,
    /// The host is not: what connects here is closed at once.
    Broken,
}

/// A forwarded port at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// How the way stands.
    pub phase: Phase,
    /// Since when.
    pub since: Timestamp,
    /// When it was told last.
    pub at: Timestamp,
    /// Why nothing goes through.
    pub cause: Option<Text>,
    /// Connections that are carried now.
    pub connections: usize,
    /// Why the newest connection did not come through; none once one did.
    pub failed: Option<Text>,
}

/// Why there is no forwarded port.
#[derive(Debug, thiserror::Error)]
pub enum ForwardingError {
    /// Somebody else has it.
    #[error("port {port} of this machine is in use{}", free.map(|f| format!("; {f} is free")).unwrap_or_default())]
    InUse {
        /// The port.
        port: u16,
        /// The next one that is free.
        free: Option<u16>,
    },
    /// The system keeps it for itself.
    #[error("this user may not open port {port}; ports from 1024 on are for everybody")]
    Forbidden {
        /// The port.
        port: u16,
    },
    /// Anything else.
    #[error("this machine opens no port: {0}")]
    Io(io::Error),
}

/// A forwarded port. Dropping it closes it.
#[derive(Debug)]
pub struct Forwarding {
    address: SocketAddr,
    target: Target,
    standing: watch::Receiver<Standing>,
    stop: CancellationToken,
}

impl Forwarding {
    /// Opens a port of this machine: this one, or a free one, where the target's own number is preferred.
    pub async fn open(
        remote: Arc<Remote>,
        target: Target,
        port: Option<u16>,
        clock: Clock,
    ) -> Result<Self, ForwardingError> {
        let listener = match port {
            Some(port) => listen(port).await?,
            None => match listen(target.port).await {
                Ok(listener) => listener,
                Err(_) => listen(0).await?,
            },
        };
        let address = listener.local_addr().map_err(ForwardingError::Io)?;
        let link = remote.keeper().link();
        let first = standing_of(&link.borrow(), clock());
        let (tell, standing) = watch::channel(first);
        let stop = CancellationToken::new();
        let work = Work { remote, target: target.clone(), tell: Arc::new(tell), clock };
        work.remote.keeper().ask();
        let until = stop.clone();
        tokio::spawn(async move { until.run_until_cancelled(work.run(listener, link, until.clone())).await });
        Ok(Self { address, target, standing, stop })
    }

    /// Where it is taken up on this machine.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it leads, as the host sees it.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// How it stands, and every change.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Closes it and what it carries.
    pub fn close(&self) {
        self.stop.cancel();
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        self.close();
    }
}

async fn listen(port: u16) -> Result<TcpListener, ForwardingError> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
        Ok(listener) => Ok(listener),
        Err(e) if e.kind() == io::ErrorKind::AddrInUse => Err(ForwardingError::InUse { port, free: free_after(port) }),
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => Err(ForwardingError::Forbidden { port }),
        Err(e) => Err(ForwardingError::Io(e)),
    }
}

/// The next port that nobody has at this moment.
fn free_after(port: u16) -> Option<u16> {
    let last = port.saturating_add(NEAR);
    (port.saturating_add(1)..=last).find(|p| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, *p)).is_ok())
}

/// What the connection to the host means for a forwarded port.
fn standing_of(link: &Link, since: Timestamp) -> Standing {
    let phase = match link.state {
        LinkState::Live | LinkState::Degraded => Phase::Open,
        LinkState::Idle | LinkState::Connecting => Phase::Opening,
        LinkState::Lost | LinkState::Refused => Phase::Broken,
    };
    let cause = link.cause.clone().filter(|_| phase == Phase::Broken);
    Standing { phase, since, at: since, cause, connections: 0, failed: None }
}

/// What the listener and its connections share.
#[derive(Clone)]
struct Work {
    remote: Arc<Remote>,
    target: Target,
    tell: Arc<watch::Sender<Standing>>,
    clock: Clock,
}

impl Work {
    async fn run(&self, listener: TcpListener, mut link: watch::Receiver<Link>, stop: CancellationToken) {
        loop {
            tokio::select! {
                changed = link.changed() => match changed {
                    Ok(()) => self.follow(&link.borrow_and_update()),
                    Err(_) => return,
                },
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let (work, stop) = (self.clone(), stop.clone());
                        tokio::spawn(async move { stop.run_until_cancelled(Box::pin(work.serve(stream))).await });
                    }
                    Err(_) => sleep(SHORT).await,
                },
            }
        }
    }

    /// Takes over how the host stands. It is broken since the first report, not since the newest attempt.
    fn follow(&self, link: &Link) {
        let newer = standing_of(link, (self.clock)());
        self.tell.send_if_modified(|known| {
            // While it is tried again it is as broken as before.
            let again = known.phase == Phase::Broken && newer.phase == Phase::Opening;
            if again || (known.phase == newer.phase && known.cause == newer.cause) {
                return false;
            }
            let since = if known.phase == newer.phase { known.since } else { newer.since };
            *known = Standing { since, connections: known.connections, ..newer.clone() };
            true
        });
    }

    async fn serve(&self, stream: TcpStream) {
        match self.remote.keeper().forward(&self.target.host, self.target.port).await {
            Ok(onward) => {
                let _carried = Carried::begin(&self.tell);
                carry(stream, onward, HALF).await;
            }
            Err(error) => {
                drop(stream);
                let why = error.told(&self.target.to_string(), crate::transport::Transport::place(&*self.remote));
                let at = (self.clock)();
                self.tell.send_modify(|known| {
                    known.at = at;
                    known.failed = Some(why);
                });
            }
        }
    }
}

/// Counts a connection for as long as it lives.
struct Carried(Arc<watch::Sender<Standing>>);

impl Carried {
    fn begin(tell: &Arc<watch::Sender<Standing>>) -> Self {
        tell.send_modify(|known| {
            known.connections = known.connections.saturating_add(1);
            known.failed = None;
        });
        Self(Arc::clone(tell))
    }
}

impl Drop for Carried {
    fn drop(&mut self) {
        self.0.send_modify(|known| known.connections = known.connections.saturating_sub(1));
    }
}
