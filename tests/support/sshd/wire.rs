//! A wire in front of a server: it carries bytes both ways, late if asked, and can be cut without a word or closed.
//! Understands nothing of what it carries.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

/// How often a waiting end looks whether the wire is whole again.
const STEP: Duration = Duration::from_millis(5);

/// What the threads of a wire share.
#[derive(Default)]
struct State {
    cut: AtomicBool,
    late: AtomicU64,
    /// Connections that began before this many closings are to end.
    closings: AtomicUsize,
    over: AtomicBool,
    accepted: AtomicUsize,
    open: AtomicUsize,
    carried: AtomicU64,
}

/// A proxy on loopback; its connections end with it.
pub struct Wire {
    place: SocketAddr,
    state: Arc<State>,
}

impl Wire {
    /// A whole wire to a server.
    pub fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let state = Arc::new(State::default());
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if shared.over.load(Ordering::SeqCst) {
                    break;
                }
                shared.accepted.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(&shared);
                std::thread::spawn(move || {
                    // A cut wire reaches nobody, so the server must not hear of it.
                    while state.cut.load(Ordering::SeqCst) && !state.over.load(Ordering::SeqCst) {
                        std::thread::sleep(STEP);
                    }
                    if let Ok(far) = TcpStream::connect(server) {
                        carry(near, far, &state);
                    }
                });
            }
        });
        Self { place, state }
    }

    /// Joins two connections until one ends.
    pub(super) fn join(near: TcpStream, far: TcpStream) {
        carry(near, far, &Arc::new(State::default()));
    }

    /// Where it listens.
    pub fn place(&self) -> SocketAddr {
        self.place
    }

    /// Cuts it: what is sent goes nowhere, and nobody is told. New connections are taken and stay silent.
    pub fn cut(&self) {
        self.state.cut.store(true, Ordering::SeqCst);
    }

    /// Mends it: what was held back arrives now.
    pub fn mend(&self) {
        self.state.cut.store(false, Ordering::SeqCst);
    }

    /// From now on everything takes this much longer, each way.
    pub fn delay(&self, late: Duration) {
        self.state.late.store(u64::try_from(late.as_millis()).unwrap(), Ordering::SeqCst);
    }

    /// Closes the connections that are open; new ones are taken.
    pub fn close(&self) {
        self.state.closings.fetch_add(1, Ordering::SeqCst);
    }

    /// How many connections it took.
    pub fn accepted(&self) -> usize {
        self.state.accepted.load(Ordering::SeqCst)
    }

    /// How many of them lead to the server now.
    pub fn open(&self) -> usize {
        self.state.open.load(Ordering::SeqCst)
    }

    /// How many bytes it carried, both ways.
    pub fn carried(&self) -> u64 {
        self.state.carried.load(Ordering::SeqCst)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::SeqCst);
        TcpStream::connect(self.place).ok();
    }
}

/// Carries both ways until either side ends or the wire is closed.
fn carry(near: TcpStream, far: TcpStream, state: &Arc<State>) {
    let began = state.closings.load(Ordering::SeqCst);
    for stream in [&near, &far] {
        stream.set_nodelay(true).ok();
    }
    state.open.fetch_add(1, Ordering::SeqCst);
    let done = Arc::new(AtomicBool::new(false));
    let ways = [(near.try_clone(), far.try_clone()), (far.try_clone(), near.try_clone())];
    for (from, to) in ways {
        let (Ok(from), Ok(to)) = (from, to) else { break };
        one_way(from, to, Arc::clone(state), Arc::clone(&done));
    }
    let closed = || state.closings.load(Ordering::SeqCst) > began || state.over.load(Ordering::SeqCst);
    while !done.load(Ordering::SeqCst) && !closed() {
        std::thread::sleep(STEP);
    }
    done.store(true, Ordering::SeqCst);
    for stream in [near, far] {
        stream.shutdown(Shutdown::Both).ok();
    }
    state.open.fetch_sub(1, Ordering::SeqCst);
}

/// Two threads: one that reads and says when each piece is due, one that delivers.
fn one_way(mut from: TcpStream, to: TcpStream, state: Arc<State>, done: Arc<AtomicBool>) {
    let (sender, pieces) = sync_channel(64);
    let late = Arc::clone(&state);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 32 * 1024];
        // The empty piece at the end says that no more comes; it is late and can be lost like any other.
        while let Ok(count) = from.read(&mut buffer) {
            let due = Instant::now() + Duration::from_millis(late.late.load(Ordering::SeqCst));
            let piece = buffer.get(..count).unwrap_or_default().to_vec();
            if sender.send((due, piece)).is_err() || count == 0 {
                break;
            }
        }
    });
    std::thread::spawn(move || {
        deliver(&pieces, to, &state, &done);
        done.store(true, Ordering::SeqCst);
    });
}

fn deliver(pieces: &Receiver<(Instant, Vec<u8>)>, mut to: TcpStream, state: &State, done: &AtomicBool) {
    while let Ok((due, piece)) = pieces.recv() {
        while Instant::now() < due || state.cut.load(Ordering::SeqCst) {
            if done.load(Ordering::SeqCst) {
                return;
            }
            let left = due.saturating_duration_since(Instant::now());
            std::thread::sleep(if left.is_zero() { STEP } else { left.min(STEP) });
        }
        if piece.is_empty() || to.write_all(&piece).is_err() {
            return;
        }
        state.carried.fetch_add(piece.len() as u64, Ordering::SeqCst);
    }
}
