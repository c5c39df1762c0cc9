//! Small listeners on loopback that pretend to be hosts and are bad ones. One thread a connection; all end with the
//! test.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::Wire;

/// A listener; it stops on drop.
pub struct FakeHost {
    place: SocketAddr,
    accepted: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
}

impl FakeHost {
    /// Takes connections and never says a word.
    pub fn black_hole() -> Self {
        Self::start(|mut stream, _| {
            // Reads, so that nothing but its silence can be noticed.
            while stream.read(&mut [0; 4096]).is_ok_and(|n| n > 0) {}
        })
    }

    /// Says line after line before the banner, as it may, without end. Lines are told apart by their number.
    pub fn banner_flood() -> Self {
        Self::start(|mut stream, _| {
            let mut number = 0_u64;
            while write!(stream, "line {number} of a very long greeting\r\n").is_ok() {
                number += 1;
            }
        })
    }

    /// One line without end where the banner should be.
    pub fn endless_line() -> Self {
        Self::start(|mut stream, _| while stream.write_all(&[b'x'; 4096]).is_ok() {})
    }

    /// Says something else than SSH, and closes.
    pub fn garbage() -> Self {
        Self::start(|mut stream, _| {
            stream.write_all(b"\x00\xff\x16\x03\x01\x1b[2J\x1b]0;title\x07 not a banner\r\n\r\n").ok();
        })
    }

    /// A banner, and then noise instead of a key exchange.
    pub fn noise_after_banner() -> Self {
        Self::start(|mut stream, _| {
            stream.write_all(b"SSH-2.0-OpenSSH_9.2p1\r\n").ok();
            stream.write_all(&[0xa5; 4096]).ok();
        })
    }

    /// Closes so many connections at once, as an sshd with too many logins does, then leads to a real one.
    pub fn busy(times: usize, real: SocketAddr) -> Self {
        Self::start(move |stream, number| {
            if number > times
                && let Ok(far) = TcpStream::connect(real)
            {
                Wire::join(stream, far);
            }
        })
    }

    /// A listener that treats every connection so; the second argument is its number, from 1. The connection closes
    /// when it returns.
    pub fn start(treat: impl Fn(TcpStream, usize) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let place = listener.local_addr().unwrap();
        let (accepted, over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
        let (counted, ended, treat) = (Arc::clone(&accepted), Arc::clone(&over), Arc::new(treat));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ended.load(Ordering::SeqCst) {
                    break;
                }
                let number = counted.fetch_add(1, Ordering::SeqCst) + 1;
                let treat = Arc::clone(&treat);
                std::thread::spawn(move || treat(stream, number));
            }
        });
        Self { place, accepted, over }
    }

    /// Where it listens.
    pub fn place(&self) -> SocketAddr {
        self.place
    }

    /// How many connections it took.
    pub fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for FakeHost {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        // Wakes the listener up, to see that it is over.
        TcpStream::connect(self.place).ok();
    }
}
