//! One SSH connection after its handshake, owned with all its channels by one thread: libssh2 gives no other way that
//! holds. Others send orders; answers leave through bounded channels and sockets. Never waits for anything but `poll`.
//!
//! Why so: `ssh2` channels lock nothing when they are dropped, and libssh2 mixes up the answers to two channels that are
//! started at the same time (source: ssh2-rs issue 322 and libssh2's `packet.c`).

mod exec;
mod job;
mod pipe;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use ssh2::{BlockDirections, Session};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

pub use job::StartError;

use job::{Job, Step};

/// Something a connection is asked for.
pub enum Order {
    /// Run a command.
    Exec(ExecOrder),
    /// Connect to a place that the host can reach.
    Forward {
        /// As the host calls it.
        host: String,
        /// Its port.
        port: u16,
        /// Our end of it.
        reply: oneshot::Sender<Result<UnixStream, StartError>>,
    },
    /// Start the login shell on a terminal.
    Shell {
        /// The terminal's name: `xterm-256color`.
        term: String,
        /// Columns and lines, and every change of them.
        size: watch::Receiver<(u16, u16)>,
        /// Our end of it.
        reply: oneshot::Sender<Result<UnixStream, StartError>>,
    },
}

/// A command to run.
pub struct ExecOrder {
    /// For the login shell of the user, whichever it is: only plain words.
    pub command: String,
    /// What it reads; then comes the end.
    pub stdin: Vec<u8>,
    /// What it prints and how it ends.
    pub sink: mpsc::Sender<Chunk>,
}

/// A part of what a command prints, or its end.
#[derive(Debug)]
pub enum Chunk {
    /// Standard output.
    Out(Vec<u8>),
    /// Standard error.
    Err(Vec<u8>),
    /// It has ended; nothing comes after this.
    End(Ended),
}

/// How a command on a host ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// With this code. libssh2 says 0 too when none came, so a code of 0 is only as good as what the command printed.
    Code(i32),
    /// By this signal, without `SIG`.
    Signal(String),
    /// It was not started.
    NotStarted(StartError),
    /// The connection ended first.
    Lost,
}

/// What a connection says of itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pulse {
    /// The newest round trip.
    pub latency: Option<Duration>,
    /// Nothing has been heard for this long, though an answer is due.
    pub silent: Option<Duration>,
    /// It has ended, and why.
    pub ended: Option<String>,
}

/// How silence is judged.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// An idle connection is asked for a sign of life after this long.
    pub ask_after: Duration,
    /// An idle connection without a sign of life for this long is dead.
    pub give_up: Duration,
}

/// While somebody waits for an answer, a sign of life is asked for after this long.
const BUSY_ASK: Duration = Duration::from_secs(2);
/// While somebody waits, silence for this long is told as such.
const BUSY_TELL: Duration = Duration::from_secs(4);
/// While somebody waits, a connection without a sign of life for this long is dead.
const BUSY_GIVE_UP: Duration = Duration::from_secs(20);
/// How soon a job whose reader is slow is looked at again when nobody wakes the thread.
const STALLED: Duration = Duration::from_millis(5);

/// A server that refused a channel is asked again after this long: it may still count those that have just ended.
const TURNED: Duration = Duration::from_millis(10);
/// With none open it is asked this often.
const MOST_TURNED: u32 = 20;

/// What the thread owns.
pub struct Actor {
    session: Session,
    socket: OwnedFd,
    wake: UnixStream,
    orders: mpsc::Receiver<Order>,
    pulse: watch::Sender<Pulse>,
    patience: Patience,
    jobs: Vec<Job>,
    waiting: VecDeque<Job>,
    /// A channel on which nothing runs: reading it takes in what comes for none, such as signs of life.
    idle: Option<ssh2::Channel>,
    /// That channel is being opened, and so no other may be.
    opening_idle: bool,
    /// Channels for commands that may be open at the same time: many, until the server refuses one.
    most: usize,
    /// As many were open at the same time.
    proven: usize,
    /// When the server had no channel last, and how often in a row although none was open.
    turned: Option<(Instant, u32)>,
    heard: Instant,
    asked: Option<Instant>,
}

impl Actor {
    /// Takes over a session that is logged in.
    pub fn new(
        session: Session,
        socket: OwnedFd,
        wake: UnixStream,
        orders: mpsc::Receiver<Order>,
        pulse: watch::Sender<Pulse>,
        patience: Patience,
    ) -> Self {
        session.set_blocking(false);
        session.set_keepalive(true, 1);
        Self {
            session,
            socket,
            wake,
            orders,
            pulse,
            patience,
            jobs: Vec::new(),
            waiting: VecDeque::new(),
            idle: None,
            opening_idle: false,
            most: 64,
            proven: 1,
            turned: None,
            heard: Instant::now(),
            asked: None,
        }
    }

    /// Runs until the connection ends or nobody holds it any more; says why.
    pub fn run(mut self) {
        let why = self.turn();
        // The socket goes first: a channel that is freed must not wait for a host that is gone.
        rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both).ok();
        for job in self.jobs.iter_mut().chain(&mut self.waiting) {
            job.lose();
        }
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            Job::new(order).lose();
        }
        self.pulse.send_modify(|pulse| pulse.ended = Some(why));
    }

    fn turn(&mut self) -> String {
        loop {
            loop {
                match self.orders.try_recv() {
                    Ok(order) => self.waiting.push_back(Job::new(order)),
                    Err(mpsc::error::TryRecvError::Empty) => break,
                    Err(mpsc::error::TryRecvError::Disconnected) => return "closed by this console".into(),
                }
            }
            if let Err(why) = self.work() {
                return why;
            }
            if let Err(why) = self.watch_silence() {
                return why;
            }
            if let Err(why) = self.sleep() {
                return why;
            }
        }
    }

    /// Lets every job go as far as it can.
    fn work(&mut self) -> Result<(), String> {
        for _ in 0..64 {
            if self.opening_idle {
                self.drain()?;
            }
            self.admit();
            let mut moved = false;
            for job in &mut self.jobs {
                match job.step(&self.session) {
                    Step::Idle => {}
                    Step::Moved => moved = true,
                    Step::Dead(why) => return Err(why),
                }
            }
            moved |= self.retire();
            if !moved {
                break;
            }
        }
        self.drain()
    }

    /// Starts the next job when none is being started.
    fn admit(&mut self) {
        self.waiting.retain_mut(|job| !job.is_abandoned());
        let is_starting = self.jobs.iter().any(Job::is_starting);
        let sessions = self.jobs.iter().filter(|j| j.is_session()).count() + usize::from(self.idle.is_some());
        if is_starting || self.opening_idle {
            return;
        }
        let turned = self.turned.is_some_and(|(at, _)| at.elapsed() < TURNED);
        let may = |job: &Job| !job.is_session() || (sessions < self.most && !turned);
        if let Some(at) = self.waiting.iter().position(may)
            && let Some(job) = self.waiting.remove(at)
        {
            self.jobs.push(job);
        }
    }

    /// Takes away what is done; a command that the server had no channel for waits again.
    fn retire(&mut self) -> bool {
        let before = self.jobs.len();
        let open = self.jobs.iter().filter(|j| j.is_session() && j.is_open()).count();
        self.proven = self.proven.max(open + usize::from(self.idle.is_some()));
        self.turned = self.turned.map(|(at, often)| (at, if open > 0 { 0 } else { often }));
        let mut at = 0;
        while let Some(job) = self.jobs.get(at) {
            if job.wants_another_try() {
                let mut job = self.jobs.swap_remove(at);
                let none_open = self.idle.take().is_none() && open == 0;
                let often = self.turned.filter(|_| none_open).map_or(0, |(_, often)| often + 1);
                self.turned = Some((Instant::now(), often));
                self.most = self.proven;
                if often >= MOST_TURNED {
                    job.give_up();
                } else {
                    job.begin_again();
                    self.waiting.push_front(job);
                }
            } else if job.is_done() {
                drop(self.jobs.swap_remove(at));
            } else {
                at += 1;
            }
        }
        before != self.jobs.len()
    }

    /// Reads what comes for no job.
    fn drain(&mut self) -> Result<(), String> {
        if let Some(idle) = &mut self.idle {
            return match idle.read(&mut [0; 64]) {
                Ok(0) if idle.eof() => {
                    self.idle = None;
                    Ok(())
                }
                Ok(_) => Ok(()),
                Err(e) if e.kind() == ErrorKind::WouldBlock => Ok(()),
                Err(e) => Err(job::words(&e)),
            };
        }
        // Only when there is nothing else to do, and not on a server that has no channel to spare.
        let unused = self.jobs.is_empty() && self.waiting.is_empty() && self.most > 2;
        if unused || self.opening_idle {
            let opened = self.session.channel_session();
            self.opening_idle = opened.as_ref().is_err_and(job::is_again);
            match opened {
                Ok(channel) => self.idle = Some(channel),
                Err(_) if self.opening_idle => {}
                Err(e) if job::is_refusal(&e) => self.most = self.proven,
                Err(e) => return Err(job::session_words(&e)),
            }
        }
        Ok(())
    }

    /// Asks for a sign of life in time, and gives a connection up that gives none.
    fn watch_silence(&mut self) -> Result<(), String> {
        let silent = self.heard.elapsed();
        let busy = !self.jobs.is_empty() || !self.waiting.is_empty();
        let ask_after = if busy { BUSY_ASK.min(self.patience.ask_after) } else { self.patience.ask_after };
        let ask_again = self.asked.is_none_or(|at| at.elapsed() >= ask_after.max(BUSY_ASK));
        let can_write = !self.is_blocked_on_writing();
        if silent >= ask_after && ask_again && can_write {
            // A failure shows itself in the next read.
            self.session.keepalive_send().ok();
            self.asked = Some(self.asked.unwrap_or_else(Instant::now));
        }
        let give_up = if busy { BUSY_GIVE_UP.min(self.patience.give_up) } else { self.patience.give_up };
        if silent >= give_up {
            return Err(format!("nothing heard for {} s", silent.as_secs()));
        }
        let told = (silent >= BUSY_TELL && self.asked.is_some()).then(|| Duration::from_secs(silent.as_secs()));
        self.pulse.send_if_modified(|pulse| {
            let changed = pulse.silent != told;
            pulse.silent = told;
            changed
        });
        Ok(())
    }

    fn is_blocked_on_writing(&self) -> bool {
        matches!(self.session.block_directions(), BlockDirections::Outbound | BlockDirections::Both)
    }

    /// Sleeps until something comes, somebody calls, or a limit is reached.
    fn sleep(&mut self) -> Result<(), String> {
        let busy = !self.jobs.is_empty() || !self.waiting.is_empty();
        let is_turned = !self.waiting.is_empty() && self.turned.is_some_and(|(at, _)| at.elapsed() < 2 * TURNED);
        let pause = if is_turned || self.jobs.iter().any(Job::is_stalled) {
            STALLED
        } else if busy || self.asked.is_some() {
            Duration::from_millis(500)
        } else {
            self.patience.ask_after.saturating_sub(self.heard.elapsed()).max(Duration::from_millis(50))
        };
        let mut socket_events = PollFlags::empty();
        // Without a channel nothing can be read: what has come waits for the next job.
        if self.idle.is_some() || !self.jobs.is_empty() || self.most > 2 {
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
        let came =
            fds.first().is_some_and(|fd| fd.revents().intersects(PollFlags::IN | PollFlags::HUP | PollFlags::ERR));
        let called = fds.get(1).is_some_and(|fd| !fd.revents().is_empty());
        if called {
            while matches!(self.wake.read(&mut [0; 64]), Ok(1..)) {}
        }
        if came {
            self.heard = Instant::now();
            if let Some(asked) = self.asked.take() {
                let latency = Some(asked.elapsed());
                self.pulse.send_modify(|pulse| pulse.latency = latency);
            }
        }
        Ok(())
    }
}
