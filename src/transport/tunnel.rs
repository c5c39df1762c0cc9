//! Ways to a target that is reached through a host: a listener on loopback for each target, opened on demand, shared, and
//! closed when idle. For a check the far end is opened before its address is given out, so that the check learns why
//! there is none; and only what was opened so is let in, so that the listener serves nobody else on this machine.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::{Instant, timeout};

use super::ssh::keeper::Onward;

/// An idle listener is closed after this long.
const IDLE: Duration = Duration::from_mins(1);
/// What was opened and not used is closed after this long.
const UNUSED: Duration = Duration::from_secs(5);

type Target = (String, u16);

/// The listeners of one host.
#[derive(Debug, Default)]
pub struct Tunnels {
    open: Arc<RwLock<HashMap<Target, Tunnel>>>,
}

#[derive(Clone, Debug)]
struct Tunnel {
    address: SocketAddr,
    spares: Arc<RwLock<VecDeque<(Onward, Instant)>>>,
}

impl Tunnels {
    /// Gives a connection to the target out at a loopback address.
    pub async fn offer(&self, host: &str, port: u16, onward: Onward) -> io::Result<SocketAddr> {
        let target = (host.to_owned(), port);
        let known = lock(&self.open).get(&target).cloned();
        let tunnel = match known {
            Some(tunnel) => tunnel,
            None => self.listen(target.clone()).await?,
        };
        lock(&tunnel.spares).push_back((onward, Instant::now()));
        // It may have been closed for idleness in this instant.
        let still = lock(&self.open).get(&target).is_some_and(|t| t.address == tunnel.address);
        if still {
            return Ok(tunnel.address);
        }
        let (renewed, held) = (self.listen(target).await?, std::mem::take(&mut *lock(&tunnel.spares)));
        lock(&renewed.spares).extend(held);
        Ok(renewed.address)
    }

    /// Targets and where they are offered now.
    pub fn list(&self) -> Vec<(String, u16, SocketAddr)> {
        lock(&self.open).iter().map(|((host, port), t)| (host.clone(), *port, t.address)).collect()
    }

    async fn listen(&self, target: Target) -> io::Result<Tunnel> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let tunnel = Tunnel { address: listener.local_addr()?, spares: Arc::default() };
        lock(&self.open).insert(target.clone(), tunnel.clone());
        tokio::spawn(serve(listener, tunnel.clone(), Arc::clone(&self.open), target));
        Ok(tunnel)
    }
}

async fn serve(listener: TcpListener, tunnel: Tunnel, open: Arc<RwLock<HashMap<Target, Tunnel>>>, target: Target) {
    let live = Arc::new(AtomicUsize::new(0));
    let mut used = Instant::now();
    loop {
        let accepted = timeout(UNUSED, listener.accept()).await;
        lock(&tunnel.spares).retain(|(_, since)| since.elapsed() < UNUSED);
        if let Ok(Ok((stream, _))) = accepted {
            used = Instant::now();
            // Whoever comes without having asked first is not served.
            let Some((onward, _)) = lock(&tunnel.spares).pop_front() else { continue };
            live.fetch_add(1, Ordering::Relaxed);
            let live = Arc::clone(&live);
            tokio::spawn(async move {
                carry(stream, onward).await;
                live.fetch_sub(1, Ordering::Relaxed);
            });
        } else if used.elapsed() > IDLE && live.load(Ordering::Relaxed) == 0 {
            let mut open = lock(&open);
            if lock(&tunnel.spares).is_empty() {
                open.remove(&target);
                return;
            }
        }
    }
}

/// Carries bytes both ways until both ends are done.
pub async fn carry(mut stream: TcpStream, onward: Onward) {
    let Onward { stream: far, over } = onward;
    let Ok(mut far) = UnixStream::from_std(far) else { return };
    stream.set_nodelay(true).ok();
    // An end that breaks off is the other end's to notice.
    tokio::io::copy_bidirectional_with_sizes(&mut stream, &mut far, 64 * 1024, 64 * 1024).await.ok();
    drop(over);
}

/// The locks here are held for an instant, and nothing under them can panic.
fn lock<T>(shared: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    shared.write().unwrap_or_else(PoisonError::into_inner)
}
