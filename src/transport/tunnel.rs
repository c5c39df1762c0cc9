//! Ways to a target that is reached through a host: a listener on loopback for each target, opened on demand, shared, and
//! closed when idle. For a check the far end is opened before its address is given out, so that the check learns why
//! there is none; and only what was opened so is let in, so that the listener is of no use to who comes unasked.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::time::{Instant, timeout};

use super::ssh::keeper::Onward;

/// An idle listener is closed after this long.
const IDLE: Duration = Duration::from_mins(1);
/// A connection of which one way has ended is closed when nothing comes the other way for this long.
const HALF: Duration = Duration::from_secs(10);
/// What was opened and not used is closed after this long.
const UNUSED: Duration = Duration::from_secs(5);

type Target = (String, u16);

/// The listeners of one host.
#[derive(Debug)]
pub struct Tunnels {
    open: Arc<RwLock<HashMap<Target, Tunnel>>>,
    idle: Duration,
}

impl Default for Tunnels {
    fn default() -> Self {
        Self::idle_after(IDLE)
    }
}

#[derive(Clone, Debug)]
struct Tunnel {
    address: SocketAddr,
    spares: Arc<RwLock<VecDeque<(Onward, Instant)>>>,
}

impl Tunnels {
    /// Listeners that are closed when they are idle for this long.
    pub fn idle_after(idle: Duration) -> Self {
        Self { open: Arc::default(), idle }
    }

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
        tokio::spawn(serve(listener, tunnel.clone(), Arc::clone(&self.open), target, self.idle));
        Ok(tunnel)
    }
}

async fn serve(
    listener: TcpListener,
    tunnel: Tunnel,
    open: Arc<RwLock<HashMap<Target, Tunnel>>>,
    target: Target,
    idle: Duration,
) {
    let live = Arc::new(AtomicUsize::new(0));
    let mut used = Instant::now();
    loop {
        let accepted = timeout(UNUSED, listener.accept()).await;
        if matches!(accepted, Ok(Err(_))) {
            // No descriptor is left, say; that lasts a while.
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        lock(&tunnel.spares).retain(|(_, since)| since.elapsed() < UNUSED);
        if let Ok(Ok((stream, _))) = accepted {
            used = Instant::now();
            // Whoever comes without having asked first is not served. The newest is the freshest: an older one may have
            // been closed by the target in the meantime.
            let Some((onward, _)) = lock(&tunnel.spares).pop_back() else { continue };
            live.fetch_add(1, Ordering::Relaxed);
            let live = Arc::clone(&live);
            tokio::spawn(async move {
                carry(stream, onward, HALF).await;
                live.fetch_sub(1, Ordering::Relaxed);
            });
        } else if used.elapsed() > idle && live.load(Ordering::Relaxed) == 0 {
            let mut open = lock(&open);
            if lock(&tunnel.spares).is_empty() {
                open.remove(&target);
                return;
            }
        }
    }
}

/// Carries bytes both ways until both ends are done, or one is and nothing comes from the other for this long.
pub async fn carry(mut stream: TcpStream, onward: Onward, half: Duration) {
    let Onward { stream: far, over } = onward;
    let Ok(mut far) = UnixStream::from_std(far) else { return };
    stream.set_nodelay(true).ok();
    let moved = AtomicUsize::new(0);
    {
        let ((near_out, near_in), (far_out, far_in)) = (stream.split(), far.split());
        let (up, down) = (pour(near_out, far_in, &moved), pour(far_out, near_in, &moved));
        tokio::pin!(up, down);
        let up_ended = tokio::select! {
            () = &mut up => true,
            () = &mut down => false,
        };
        let mut rest: Pin<&mut (dyn Future<Output = ()> + Send)> = if up_ended { down } else { up };
        // Who writes no more may still read, or be gone: that cannot be seen before something is written.
        loop {
            let before = moved.load(Ordering::Relaxed);
            if timeout(half, &mut rest).await.is_ok() || moved.load(Ordering::Relaxed) == before {
                break;
            }
        }
    }
    drop(over);
}

/// One way, until either end of it breaks off.
async fn pour(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, moved: &AtomicUsize) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        if to.write_all(buffer.get(..count).unwrap_or_default()).await.is_err() {
            break;
        }
        moved.fetch_add(count, Ordering::Relaxed);
    }
    // An end that is gone needs no telling.
    to.shutdown().await.ok();
}

/// The locks here are held for an instant, and nothing under them can panic.
fn lock<T>(shared: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    shared.write().unwrap_or_else(PoisonError::into_inner)
}
