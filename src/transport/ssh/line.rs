//! A live connection to a host as the rest of the house holds it: orders go to its thread, answers come back. Dropping
//! the last holder ends the connection, and a future that is dropped ends what it asked for.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};

use super::actor::{Actor, Chunk, Ended, ExecOrder, Order, Patience, Pulse, StartError};
use super::login::Login;
use super::refusal::Refusal;
use crate::model::Trouble;

/// Orders that may wait for the thread.
const MOST_ORDERS: usize = 1024;
/// Parts of output that may wait for their reader: 32 of at most 32 KiB.
const MOST_CHUNKS: usize = 32;
/// libssh2 and OpenSSL are content with far less.
const STACK: usize = 512 * 1024;

/// A live connection.
pub struct Line {
    orders: Option<mpsc::Sender<Order>>,
    bell: Arc<Bell>,
    pulse: watch::Receiver<Pulse>,
    brake: OwnedFd,
    /// `SHA256:…` of the host key that it showed.
    identity: Option<String>,
    /// The connection of a hop that this one goes over.
    _over: Option<Arc<Line>>,
}

/// Wakes the thread of a connection.
#[derive(Debug)]
struct Bell(UnixStream);

impl Bell {
    fn ring(&self) {
        // A full pipe rings already.
        (&self.0).write_all(&[1]).ok();
    }
}

impl Line {
    /// Logs in over a connected socket and keeps the connection on a thread of its own. Dropping the future ends it.
    pub async fn open(socket: OwnedFd, over: Option<Arc<Line>>, login: Login) -> Result<Arc<Self>, Refusal> {
        let ours = |e: std::io::Error| {
            Refusal::new(Trouble::Handshake, format!("this machine has no room for a connection: {e}"))
        };
        let (bell, wake) = UnixStream::pair().map_err(ours)?;
        bell.set_nonblocking(true).map_err(ours)?;
        wake.set_nonblocking(true).map_err(ours)?;
        let brake = Brake::of(&socket)?;
        let polled = socket.try_clone().map_err(ours)?;
        let (orders, inbox) = mpsc::channel(MOST_ORDERS);
        let (heart, pulse) = watch::channel(Pulse::default());
        let (report, reported) = oneshot::channel();
        // A console that does not ask cannot tell a quiet host from a dead one, so zero is not followed.
        let interval = login.settings.alive_interval.filter(|i| !i.is_zero()).unwrap_or(super::ALIVE_INTERVAL);
        let patience = Patience {
            ask_after: interval,
            give_up: interval.saturating_mul(login.settings.alive_count.saturating_add(1)),
        };
        let thread = std::thread::Builder::new().name("ssh".into()).stack_size(STACK);
        let started = thread.spawn(move || match login.run(socket) {
            Ok(session) => {
                let identity = session.host_key().map(|(blob, _)| super::known::fingerprint(blob));
                if report.send(Ok(identity)).is_ok() {
                    Actor::new(session, polled, wake, inbox, heart, patience).run();
                }
            }
            Err(refusal) => drop(report.send(Err(refusal))),
        });
        started.map_err(ours)?;
        let broke = |_| {
            Refusal::new(Trouble::Handshake, "the thread of the connection ended, which is a bug; see quarterdeck.log")
        };
        let identity = reported.await.map_err(broke)??;
        let brake = brake.release().ok_or_else(|| Refusal::new(Trouble::Handshake, "the connection is gone"))?;
        Ok(Arc::new(Self { orders: Some(orders), bell: Arc::new(Bell(bell)), pulse, brake, identity, _over: over }))
    }

    /// What the connection says of itself.
    pub fn pulse(&self) -> watch::Receiver<Pulse> {
        self.pulse.clone()
    }

    /// The fingerprint of the host key that was shown and believed.
    pub fn identity(&self) -> Option<&str> {
        self.identity.as_deref()
    }

    /// Why it has ended, as far as it is known.
    pub fn why(&self) -> Option<String> {
        self.pulse.borrow().ended.clone()
    }

    /// Whether it still stands.
    pub fn is_alive(&self) -> bool {
        self.pulse.borrow().ended.is_none() && self.pulse.has_changed().is_ok()
    }

    async fn order(&self, order: Order) -> Result<(), StartError> {
        let orders = self.orders.as_ref().ok_or(StartError::Lost)?;
        orders.send(order).await.map_err(|_| StartError::Lost)?;
        self.bell.ring();
        Ok(())
    }

    /// Returns when the host gives a sign of life; an error when the connection has ended.
    pub async fn ping(&self) -> Result<(), StartError> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Ping(reply)).await?;
        answer.await.map_err(|_| StartError::Lost)
    }

    /// Runs a command; what it prints comes through the tap.
    pub async fn exec(&self, command: impl Into<String>, stdin: Vec<u8>) -> Result<Tap, StartError> {
        self.run(command.into(), stdin, false, false).await
    }

    /// The same for a command that takes the end of its input as a sign that nobody waits for it any more.
    pub async fn exec_held(&self, command: impl Into<String>, stdin: Vec<u8>) -> Result<Tap, StartError> {
        self.run(command.into(), stdin, true, false).await
    }

    /// The same for one that is given up where the server has no session for it now.
    pub async fn exec_at_once(&self, command: impl Into<String>, stdin: Vec<u8>) -> Result<Tap, StartError> {
        self.run(command.into(), stdin, true, true).await
    }

    async fn run(&self, command: String, stdin: Vec<u8>, held: bool, hasty: bool) -> Result<Tap, StartError> {
        let (sink, chunks) = mpsc::channel(MOST_CHUNKS);
        self.order(Order::Exec(ExecOrder { command, stdin, held, hasty, sink })).await?;
        Ok(Tap { chunks, bell: Arc::clone(&self.bell) })
    }

    /// Connects to a place that the host can reach.
    pub async fn forward(&self, host: &str, port: u16) -> Result<UnixStream, StartError> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Forward { host: host.to_owned(), port, reply }).await?;
        answer.await.unwrap_or(Err(StartError::Lost))
    }

    /// Starts the user's shell on a terminal.
    pub async fn shell(&self, term: String, size: watch::Receiver<(u16, u16)>) -> Result<UnixStream, StartError> {
        let (reply, answer) = oneshot::channel();
        self.order(Order::Shell { term, size, reply }).await?;
        answer.await.unwrap_or(Err(StartError::Lost))
    }

    /// Lets the thread look at what changed: the size of a shell's window.
    pub fn nudge(&self) {
        self.bell.ring();
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").field("alive", &self.is_alive()).finish_non_exhaustive()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        // The socket goes at once: the only way that ends any call of libssh2.
        rustix::net::shutdown(&self.brake, rustix::net::Shutdown::Both).ok();
        drop(self.orders.take());
        self.bell.ring();
    }
}

/// Ends a login, or work on a borrowed connection, when nobody waits for it any more.
pub struct Brake(Option<OwnedFd>);

impl Brake {
    /// For a connection over this socket.
    pub fn of(socket: &OwnedFd) -> Result<Self, Refusal> {
        let ours = |e| Refusal::new(Trouble::Handshake, format!("this machine has no room for a connection: {e}"));
        Ok(Self(Some(socket.try_clone().map_err(ours)?)))
    }

    fn release(mut self) -> Option<OwnedFd> {
        self.0.take()
    }
}

impl Drop for Brake {
    fn drop(&mut self) {
        if let Some(socket) = &self.0 {
            rustix::net::shutdown(socket, rustix::net::Shutdown::Both).ok();
        }
    }
}

/// Where the output of a command comes out. Dropping it stops the reading; the command itself may go on.
pub struct Tap {
    chunks: mpsc::Receiver<Chunk>,
    bell: Arc<Bell>,
}

impl Tap {
    /// The next part; the end is the last.
    pub async fn next(&mut self) -> Chunk {
        let chunk = self.chunks.recv().await.unwrap_or(Chunk::End(Ended::Lost));
        // The thread looks again soon by itself; this makes it at once.
        if self.chunks.len() == MOST_CHUNKS / 2 {
            self.bell.ring();
        }
        chunk
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.chunks.close();
        self.bell.ring();
    }
}
