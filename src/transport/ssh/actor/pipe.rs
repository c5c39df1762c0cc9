//! Bytes between a channel and a local socket, both ways, with an end of each way of its own. Nothing is kept beyond
//! one buffer a way: who is slow holds up the other end, and nobody else.

use std::io::{self, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ssh2::Channel;
use tokio::time::Instant;

use super::exec::STUCK;
use super::fault::{is_again, is_closed};
use super::job::Served;

const BUFFER: usize = 64 * 1024;
/// Moved each way in one turn.
const TURN: usize = 256 * 1024;

/// One way: bytes that were read and not written yet.
struct Way {
    buffer: Vec<u8>,
    from: usize,
    to: usize,
    /// The reading side has ended.
    read_all: bool,
    /// The writing side was told so.
    told: bool,
}

impl Way {
    fn new() -> Self {
        Self { buffer: vec![0; BUFFER], from: 0, to: 0, read_all: false, told: false }
    }

    fn is_empty(&self) -> bool {
        self.from == self.to
    }

    fn held(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }
}

/// A channel's local end.
pub struct Pipe {
    socket: UnixStream,
    up: Way,
    down: Way,
    /// Since when what is held cannot be sent.
    stuck: Option<Instant>,
}

impl Pipe {
    /// A pair: this end, and the one to give away.
    pub fn pair() -> io::Result<(Self, UnixStream)> {
        let (ours, theirs) = UnixStream::pair()?;
        ours.set_nonblocking(true)?;
        theirs.set_nonblocking(true)?;
        Ok((Self { socket: ours, up: Way::new(), down: Way::new(), stuck: None }, theirs))
    }

    /// What it waits for on this machine.
    pub fn interest(&self) -> Option<PollFd<'_>> {
        if self.is_stalled() {
            // It is looked at soon anyway, and a far end that is gone would be told without end.
            return None;
        }
        let mut events = PollFlags::empty();
        if !self.up.read_all {
            events |= PollFlags::IN;
        }
        if !self.down.is_empty() {
            events |= PollFlags::OUT;
        }
        // Without any, it is still told when whoever has the other end is gone altogether.
        Some(PollFd::from_borrowed_fd(self.socket.as_fd(), events))
    }

    /// Whether nobody has the other end any more: who only writes no more still wants to read.
    fn is_left(&self) -> bool {
        let mut fds = [PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::empty())];
        let told = poll(&mut fds, Some(&Timespec { tv_sec: 0, tv_nsec: 0 }));
        told.is_ok_and(|n| n > 0) && fds.iter().any(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR))
    }

    /// Whether something does not get away to the host.
    pub fn is_stalled(&self) -> bool {
        !self.up.is_empty()
    }

    /// Moves bytes as far as they go.
    pub fn serve(&mut self, channel: &mut Channel) -> io::Result<Served> {
        let mut moved = false;
        let mut left = TURN;
        while left > 0 {
            let count = self.send(channel)? + self.receive(channel)?;
            if count == 0 {
                break;
            }
            moved = true;
            left = left.saturating_sub(count);
        }
        // What is half sent must be gone before the channel is closed: until then libssh2 sends nothing else.
        let stuck = !self.up.is_empty() && self.stuck.is_some_and(|since| since.elapsed() < STUCK);
        let sent = self.up.told || (self.up.read_all && !stuck);
        if self.down.told && self.down.is_empty() && sent {
            return Ok(Served::Done);
        }
        // A target that never answers would keep the channel open for ever.
        if self.up.read_all && self.up.is_empty() && self.is_left() {
            return Ok(Served::Done);
        }
        Ok(if moved { Served::Moved } else { Served::Waiting })
    }

    /// From the socket to the channel.
    fn send(&mut self, channel: &mut Channel) -> io::Result<usize> {
        let way = &mut self.up;
        if way.is_empty() && !way.read_all {
            match self.socket.read(&mut way.buffer) {
                Ok(0) => way.read_all = true,
                Ok(count) => (way.from, way.to) = (0, count),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                // Whoever had the other end is gone.
                Err(_) => {
                    way.read_all = true;
                    self.down.told = true;
                    (self.down.from, self.down.to) = (0, 0);
                }
            }
        }
        if !way.is_empty() {
            match channel.write(way.held()) {
                Ok(count) => {
                    way.from += count;
                    self.stuck = None;
                    return Ok(count);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.stuck.get_or_insert_with(Instant::now);
                    return Ok(0);
                }
                // The far end reads no more.
                Err(e) if is_closed(&e) => {
                    way.read_all = true;
                    way.from = way.to;
                }
                Err(e) => return Err(e),
            }
        }
        if way.read_all && way.is_empty() && !way.told {
            match channel.send_eof() {
                Err(e) if is_again(&e) => {}
                Ok(()) | Err(_) => way.told = true,
            }
        }
        Ok(0)
    }

    /// From the channel to the socket.
    fn receive(&mut self, channel: &mut Channel) -> io::Result<usize> {
        let way = &mut self.down;
        if way.is_empty() && !way.read_all && !way.told {
            match channel.read(&mut way.buffer) {
                Ok(0) if channel.eof() => way.read_all = true,
                Ok(count) => (way.from, way.to) = (0, count),
                Err(e) if e.kind() == ErrorKind::WouldBlock => {}
                Err(e) => return Err(e),
            }
        }
        if !way.is_empty() {
            match self.socket.write(way.held()) {
                Ok(count) => {
                    way.from += count;
                    return Ok(count);
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => return Ok(0),
                Err(_) => {
                    way.from = way.to;
                    way.told = true;
                    self.up.read_all = true;
                }
            }
        }
        if way.read_all && way.is_empty() && !way.told {
            self.socket.shutdown(Shutdown::Write).ok();
            way.told = true;
        }
        Ok(0)
    }
}
