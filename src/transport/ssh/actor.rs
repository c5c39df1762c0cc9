//! One SSH connection after its handshake, owned with all its channels by one thread: libssh2 gives no other way that
//! holds. Others send orders; answers leave through bounded channels and sockets. Never waits for anything but `poll`.
//!
//! Why so: `ssh2` channels lock nothing when they are dropped, and libssh2 mixes up the answers to two channels that are
//! started at the same time (source: ssh2-rs issue 322 and libssh2's `packet.c`).

mod exec;
mod fault;
mod job;
mod pipe;
mod quiet;

use std::collections::VecDeque;
use std::io::{ErrorKind, Read};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use ssh2::Session;
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
    /// Say when the host gives a sign of life.
    Ping(oneshot::Sender<()>),
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
    /// What it reads.
    pub stdin: Vec<u8>,
    /// Whether the end of what it reads comes only when nobody waits for it any more.
    pub held: bool,
    /// Whether it is given up where the server has no session for it, instead of waiting for one.
    pub hasty: bool,
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

/// A server that refused a channel is asked again after this long at the earliest: it takes a moment to be done with one
/// that was closed.
const AFTER_REFUSAL: Duration = Duration::from_millis(20);
/// And whether it allows more than it did is tried this long after.
const TRY_MORE: Duration = Duration::from_secs(2);
/// A server that refuses the only channel this often in a row allows none.
const MOST_REFUSALS: u32 = 10;
/// What does not wait for a session is given up when the server has refused it this often.
const HASTY_REFUSALS: u32 = 3;

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
    /// Channels for commands that the server has been seen to allow at the same time, and when it last refused one.
    most: usize,
    refused: Option<Instant>,
    /// Refusals in a row while no other channel was open.
    refused_alone: u32,
    heard: Instant,
    asked: Option<Instant>,
    /// Who wants to know whether the host still answers.
    pings: Vec<oneshot::Sender<()>>,
    measured: Option<Instant>,
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
            refused: None,
            refused_alone: 0,
            heard: Instant::now(),
            asked: None,
            pings: Vec::new(),
            measured: None,
        }
    }

    /// Runs until the connection ends or nobody holds it any more; says why.
    pub fn run(mut self) {
        let why = self.turn();
        // The socket goes first: a channel that is freed must not wait for a host that is gone.
        rustix::net::shutdown(&self.socket, rustix::net::Shutdown::Both).ok();
        // Who is told of the loss can then ask why.
        self.pulse.send_modify(|pulse| pulse.ended = Some(why));
        for job in self.jobs.iter_mut().chain(&mut self.waiting) {
            job.lose();
        }
        self.orders.close();
        while let Ok(order) = self.orders.try_recv() {
            if let Some(mut job) = Job::new(order) {
                job.lose();
            }
        }
    }

    fn turn(&mut self) -> String {
        loop {
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

    fn take_orders(&mut self) -> Result<(), String> {
        loop {
            match self.orders.try_recv() {
                Ok(Order::Ping(reply)) => self.pings.push(reply),
                Ok(order) => self.waiting.extend(Job::new(order)),
                Err(mpsc::error::TryRecvError::Empty) => return Ok(()),
                Err(mpsc::error::TryRecvError::Disconnected) => return Err("closed by this console".into()),
            }
        }
    }

    /// Lets every job go as far as it can.
    fn work(&mut self) -> Result<(), String> {
        for _ in 0..64 {
            self.take_orders()?;
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
                self.drain()?;
                // Whatever was read for one channel may have brought something for another.
                if !self.jobs.iter().any(Job::has_more) {
                    return Ok(());
                }
            }
        }
        self.drain()
    }

    /// Starts the next job when none is being started.
    fn admit(&mut self) {
        self.waiting.retain_mut(|job| !job.is_abandoned());
        if self.opening_idle || self.jobs.iter().any(Job::is_starting) {
            return;
        }
        let sessions = self.sessions() + usize::from(self.idle.is_some());
        let since = self.refused.map(|at| at.elapsed());
        let rested = since.is_none_or(|s| s >= AFTER_REFUSAL);
        let has_room = rested && (sessions < self.most || since.is_some_and(|s| s >= TRY_MORE));
        let may = |job: &Job| !job.is_session() || has_room || (rested && job.is_hasty());
        if let Some(at) = self.waiting.iter().position(may)
            && let Some(job) = self.waiting.remove(at)
        {
            self.jobs.push(job);
        } else if sessions >= self.most && !self.waiting.is_empty() {
            self.give_idle_up();
        }
    }

    fn sessions(&self) -> usize {
        self.jobs.iter().filter(|j| j.is_session()).count()
    }

    /// Makes room for a command. The server has it only when it has closed the channel too.
    fn give_idle_up(&mut self) -> bool {
        let idle = self.idle.take();
        let had = idle.is_some();
        self.jobs.extend(idle.map(Job::closing));
        had
    }

    /// Takes away what is done; a command that the server had no channel for waits again.
    fn retire(&mut self) -> bool {
        let before = self.jobs.len();
        let mut at = 0;
        while let Some(job) = self.jobs.get_mut(at) {
            if job.wants_another_try() {
                let job = self.jobs.swap_remove(at);
                self.turned_away(job);
            } else if job.takes_credit() {
                self.refused_alone = 0;
                self.most = self.most.max(self.sessions());
            } else if job.is_done() {
                drop(self.jobs.swap_remove(at));
            } else {
                at += 1;
            }
        }
        before != self.jobs.len()
    }

    /// The server had no channel for a command. It counts one that was closed for a moment longer, so this is not yet
    /// its last word, and how many it allows is tried again now and then.
    fn turned_away(&mut self, mut job: Job) {
        let is_alone = !self.give_idle_up() && self.sessions() == 0;
        self.refused_alone = if is_alone { self.refused_alone + 1 } else { 0 };
        self.most = self.sessions().max(1);
        if self.refused_alone > MOST_REFUSALS || (job.is_hasty() && job.refusals() >= HASTY_REFUSALS) {
            self.refused_alone = 0;
            job.give_up();
            self.jobs.push(job);
            return;
        }
        self.refused = Some(Instant::now());
        job.start_over();
        self.waiting.push_front(job);
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
                Err(e) => Err(fault::words(&e)),
            };
        }
        // Only when there is nothing else to do, and not again and again on a server that allows none.
        let may = self.refused.is_none_or(|at| at.elapsed() >= TRY_MORE);
        let unused = self.jobs.is_empty() && self.waiting.is_empty() && may;
        if unused || self.opening_idle {
            let opened = self.session.channel_session();
            self.opening_idle = opened.as_ref().is_err_and(fault::is_again);
            match opened {
                Ok(channel) => self.idle = Some(channel),
                Err(_) if self.opening_idle => {}
                Err(e) if fault::is_refusal(&e) => {
                    self.most = 1;
                    self.refused = Some(Instant::now());
                }
                Err(e) => return Err(fault::session_words(&e)),
            }
        }
        Ok(())
    }
}
