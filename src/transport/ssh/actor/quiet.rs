//! The quiet between the turns of a connection's thread: until when it sleeps, what it takes for a sign of life, and
//! when it gives a connection up. Reads nothing but the wake-up calls.

use std::io::Read;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, recv};
use ssh2::BlockDirections;
use tokio::time::Instant;

use super::job::Job;
use super::{AFTER_REFUSAL, Actor};

/// While somebody waits for an answer, a sign of life is asked for after this long.
const BUSY_ASK: Duration = Duration::from_secs(2);
/// Seconds between two that libssh2 sends, at least (source: libssh2's `keepalive.c`).
const KEEPALIVE: u32 = 2;
/// Silence is told only when one has been on its way for this long: after a quiet time there is always silence.
const DUE: Duration = Duration::from_millis(500);
/// While somebody waits, silence for this long is told as such.
const BUSY_TELL: Duration = Duration::from_secs(4);
/// While somebody waits, a connection without a sign of life for this long is dead.
const BUSY_GIVE_UP: Duration = Duration::from_secs(20);
/// How soon a job whose reader is slow is looked at again when nobody wakes the thread.
const STALLED: Duration = Duration::from_millis(5);
/// How often a channel is looked at of which only the end is missing: another may have read it in passing.
const ENDING: Duration = Duration::from_millis(20);
/// How often a connection that cannot be read is looked at.
const DEAF: Duration = Duration::from_secs(1);

impl Actor {
    /// Asks for a sign of life in time, and gives a connection up that gives none.
    pub(super) fn watch_silence(&mut self) -> Result<(), String> {
        let silent = self.heard.elapsed();
        let busy = !self.jobs.is_empty() || !self.waiting.is_empty();
        let ask_after = if busy { BUSY_ASK.min(self.patience.ask_after) } else { self.patience.ask_after };
        let can_write = !self.is_blocked_on_writing();
        // A quiet moment is the time to measure the round trip.
        let measure = !busy
            && self.idle.is_some()
            && self.asked.is_none()
            && self.measured.is_none_or(|at| at.elapsed() >= self.patience.ask_after);
        if (measure || silent >= ask_after || !self.pings.is_empty()) && can_write {
            // libssh2 sends one in two seconds at most and counts the seconds until it may again: fewer are left when it
            // has sent none now. A failure shows itself in the next read.
            let is_sent = !self.session.keepalive_send().is_ok_and(|next| next < KEEPALIVE);
            if is_sent {
                self.asked = Some(self.asked.unwrap_or_else(Instant::now));
            }
        }
        if !self.hears() {
            // What has come cannot be read, so silence says nothing.
            self.heard = Instant::now();
            self.asked = None;
            self.tell_alive();
        }
        let give_up = if busy { BUSY_GIVE_UP.min(self.patience.give_up) } else { self.patience.give_up };
        if silent >= give_up {
            return Err(format!("nothing heard for {} s", silent.as_secs()));
        }
        let is_due = self.asked.is_some_and(|at| at.elapsed() >= DUE);
        let told = (silent >= BUSY_TELL.min(give_up / 2) && is_due).then(|| Duration::from_secs(silent.as_secs()));
        self.pulse.send_if_modified(|pulse| {
            let changed = pulse.silent != told;
            pulse.silent = told;
            changed
        });
        Ok(())
    }

    fn tell_alive(&mut self) {
        for ping in self.pings.drain(..) {
            // Nobody may be waiting any more.
            ping.send(()).ok();
        }
    }

    /// Whether there is a channel, without which libssh2 reads nothing.
    fn hears(&self) -> bool {
        self.idle.is_some() || self.opening_idle || !self.jobs.is_empty()
    }

    fn is_blocked_on_writing(&self) -> bool {
        matches!(self.session.block_directions(), BlockDirections::Outbound | BlockDirections::Both)
    }

    /// Sleeps until something comes, somebody calls, or a limit is reached.
    pub(super) fn sleep(&mut self) -> Result<(), String> {
        let busy = !self.jobs.is_empty() || !self.waiting.is_empty();
        let is_refused = self.refused.is_some_and(|at| at.elapsed() < AFTER_REFUSAL) && !self.waiting.is_empty();
        let pause = if self.jobs.iter().any(Job::is_stalled) || is_refused {
            STALLED
        } else if self.jobs.iter().any(Job::has_more) {
            Duration::ZERO
        } else if self.jobs.iter().any(Job::is_ending) {
            ENDING
        } else if !self.hears() {
            DEAF
        } else if busy || self.asked.is_some() || !self.pings.is_empty() {
            Duration::from_millis(500)
        } else {
            self.patience.ask_after.saturating_sub(self.heard.elapsed()).max(Duration::from_millis(50))
        };
        let mut socket_events = PollFlags::empty();
        // Without a channel nothing can be read: what has come waits for the next job.
        let hears = self.hears();
        if hears {
            socket_events |= PollFlags::IN;
        }
        if self.is_blocked_on_writing() {
            socket_events |= PollFlags::OUT;
        }
        let (socket, wake) = (self.socket.as_fd(), self.wake.as_fd());
        let mut fds =
            vec![PollFd::from_borrowed_fd(socket, socket_events), PollFd::from_borrowed_fd(wake, PollFlags::IN)];
        fds.extend(self.jobs.iter().filter_map(Job::local));
        let timeout = Timespec { tv_sec: pause.as_secs().cast_signed(), tv_nsec: pause.subsec_nanos().into() };
        match poll(&mut fds, Some(&timeout)) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(format!("this machine cannot wait for it: {e}")),
        }
        let broke = fds.first().is_some_and(|fd| fd.revents().intersects(PollFlags::HUP | PollFlags::ERR));
        if !hears && (broke || has_ended(socket)) {
            return Err("closed by the host or on the way".into());
        }
        let came =
            fds.first().is_some_and(|fd| fd.revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR));
        // A connection that breaks is no sign of life.
        let heard = fds.first().is_some_and(|fd| fd.revents().contains(PollFlags::IN));
        let called = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
        if called {
            while matches!(self.wake.read(&mut [0; 64]), Ok(1..)) {}
        }
        if came {
            self.heard = Instant::now();
            if heard {
                self.tell_alive();
            }
            if let Some(asked) = self.asked.take() {
                self.measured = Some(Instant::now());
                let latency = Some(asked.elapsed());
                self.pulse.send_modify(|pulse| pulse.latency = latency);
            }
        }
        Ok(())
    }
}

/// Whether the far end has closed, seen without taking anything away.
fn has_ended(socket: BorrowedFd<'_>) -> bool {
    let mut byte = [0_u8; 1];
    matches!(recv(socket, &mut byte[..], RecvFlags::PEEK | RecvFlags::DONTWAIT), Ok((0, _)))
}
