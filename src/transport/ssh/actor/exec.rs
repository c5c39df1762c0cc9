//! A command on a channel: what it reads is written, what it prints goes to whoever waits, in turns that are short
//! enough for the others. A reader that is slow holds up its own command alone.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use ssh2::Channel;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio::time::Instant;

use super::fault::{is_again, is_closed};
use super::job::Served;
use super::{Chunk, Ended, ExecOrder};

/// Read from one channel in one turn.
const TURN: usize = 64 * 1024;
const BUFFER: usize = 32 * 1024;
/// A packet that is not gone after this long is not half sent: the far end does not read.
pub const STUCK: Duration = Duration::from_secs(10);

/// A command and its streams.
pub struct Exec {
    command: String,
    stdin: Vec<u8>,
    written: usize,
    /// A packet may be half sent; until it is gone, libssh2 sends no other.
    stuck: Option<Instant>,
    held: bool,
    hasty: bool,
    closed_stdin: bool,
    sink: Option<mpsc::Sender<Chunk>>,
    stalled: bool,
    ended: bool,
}

impl Exec {
    /// Not started yet.
    pub fn new(order: ExecOrder) -> Self {
        Self {
            command: order.command,
            stdin: order.stdin,
            written: 0,
            stuck: None,
            held: order.held,
            hasty: order.hasty,
            closed_stdin: false,
            sink: Some(order.sink),
            stalled: false,
            ended: false,
        }
    }

    /// What the login shell is to run.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Whether it waits for no session.
    pub fn is_hasty(&self) -> bool {
        self.hasty
    }

    /// Whether the reader was too slow the last time, or what is written does not get away.
    pub fn is_stalled(&self) -> bool {
        self.stalled || self.written < self.stdin.len()
    }

    /// Whether nobody waits for it.
    pub fn is_abandoned(&self) -> bool {
        self.sink.as_ref().is_none_or(mpsc::Sender::is_closed)
    }

    /// Tells how it ended, once.
    pub fn end(&mut self, ended: Ended) {
        if !std::mem::replace(&mut self.ended, true)
            && let Some(sink) = self.sink.take()
        {
            // A place was kept for this one; nobody may be waiting any more.
            sink.try_send(Chunk::End(ended)).ok();
        }
    }

    /// Writes and reads as far as it goes.
    pub fn serve(&mut self, channel: &mut Channel) -> io::Result<Served> {
        if self.is_abandoned() {
            if self.stuck.is_some_and(|since| since.elapsed() < STUCK) {
                self.write(channel)?;
                return Ok(if self.stuck.is_some() { Served::Waiting } else { Served::Done });
            }
            return Ok(Served::Done);
        }
        let wrote = self.write(channel)?;
        self.stalled = false;
        let read = self.read(channel, 0)? | self.read(channel, 1)?;
        if read {
            return Ok(Served::Moved);
        }
        if self.stalled || !channel.eof() {
            return Ok(if wrote { Served::Moved } else { Served::Waiting });
        }
        // Only after the server has closed is its word on the end complete.
        match channel.wait_close() {
            Err(e) if is_again(&e) => return Ok(Served::Waiting),
            Err(e) => return Err(io::Error::new(ErrorKind::UnexpectedEof, e.message().to_owned())),
            Ok(()) => {}
        }
        if self.sink.as_ref().is_some_and(|sink| sink.capacity() == 0) {
            self.stalled = true;
            return Ok(Served::Waiting);
        }
        let signal = channel.exit_signal().ok().and_then(|s| s.exit_signal);
        let ended = match signal {
            Some(signal) => Ended::Signal(signal),
            None => Ended::Code(channel.exit_status().unwrap_or(-1)),
        };
        self.end(ended);
        Ok(Served::Done)
    }

    fn write(&mut self, channel: &mut Channel) -> io::Result<bool> {
        let mut moved = false;
        while let Some(rest) = self.stdin.get(self.written..).filter(|r| !r.is_empty()) {
            match channel.write(rest) {
                Ok(0) => return Ok(moved),
                Ok(count) => {
                    self.written += count;
                    self.stuck = None;
                    moved = true;
                    if self.is_abandoned() {
                        return Ok(moved);
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    self.stuck.get_or_insert_with(Instant::now);
                    return Ok(moved);
                }
                // It reads no more; what it printed is still of interest.
                Err(e) if is_closed(&e) => self.written = self.stdin.len(),
                Err(e) => return Err(e),
            }
        }
        if !self.closed_stdin && !self.held {
            match channel.send_eof() {
                Err(e) if is_again(&e) => return Ok(moved),
                Ok(()) | Err(_) => self.closed_stdin = true,
            }
        }
        Ok(moved)
    }

    fn read(&mut self, channel: &mut Channel, stream: i32) -> io::Result<bool> {
        let mut left = TURN;
        let mut moved = false;
        let Some(sink) = &self.sink else { return Ok(false) };
        while left > 0 {
            // One place is kept for the end.
            if sink.capacity() < 2 {
                self.stalled = true;
                break;
            }
            let mut buffer = vec![0; BUFFER];
            match channel.stream(stream).read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    buffer.truncate(count);
                    left = left.saturating_sub(count);
                    moved = true;
                    let chunk = if stream == 0 { Chunk::Out(buffer) } else { Chunk::Err(buffer) };
                    if let Err(TrySendError::Closed(_)) = sink.try_send(chunk) {
                        break;
                    }
                }
                Err(e) if e.kind() == ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
        Ok(moved)
    }
}
