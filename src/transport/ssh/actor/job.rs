//! One channel from its order to its end: opened, started, served, closed. Every step asks libssh2 without waiting and
//! is repeated as it was when libssh2 says "again".

use std::os::unix::net::UnixStream;

use rustix::event::PollFd;
use ssh2::{Channel, ErrorCode, Session};
use tokio::sync::{oneshot, watch};

use super::exec::Exec;
use super::fault::{REQUEST_DENIED, is_again, is_dead, is_refusal, session_words, words};
use super::pipe::Pipe;
use super::{Ended, Order};

/// Why a channel was not started.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The server allows no further session on this connection (MaxSessions).
    #[error("the server allows no further session on this connection")]
    NoSession,
    /// The server runs no command for this user.
    #[error("the server does not run commands for this user")]
    NoExec,
    /// The host has no connection to the target.
    #[error("no connection from there")]
    NoConnection,
    /// The server does not allow this (AllowTcpForwarding).
    #[error("the server does not allow it")]
    Forbidden,
    /// The connection ended first.
    #[error("the connection was lost")]
    Lost,
    /// Anything else.
    #[error("{0}")]
    Other(String),
}

/// How far a step went.
pub enum Step {
    /// Nothing to do now.
    Idle,
    /// Something moved.
    Moved,
    /// The connection is of no more use.
    Dead(String),
}

enum Stage {
    Opening,
    Terminal,
    Starting,
    Serving,
    Closing,
    Closed,
    /// The server had no channel to spare.
    Turned,
}

type Reply = oneshot::Sender<Result<UnixStream, StartError>>;

enum Work {
    Nothing,
    Exec(Exec),
    Forward { host: String, port: u16, reply: Option<Reply>, pipe: Option<Pipe> },
    Shell { term: String, size: watch::Receiver<(u16, u16)>, reply: Option<Reply>, pipe: Option<Pipe> },
}

/// One channel and what it is for.
pub struct Job {
    stage: Stage,
    channel: Option<Channel>,
    work: Work,
    /// The server is known to allow as many sessions as there were with it.
    credited: bool,
    /// How often the server had no channel for it.
    refusals: u32,
}

impl Job {
    /// Not opened yet.
    pub fn new(order: Order) -> Option<Self> {
        let work = match order {
            // Needs no channel.
            Order::Ping(_) => return None,
            Order::Exec(order) => Work::Exec(Exec::new(order)),
            Order::Forward { host, port, reply } => Work::Forward { host, port, reply: Some(reply), pipe: None },
            Order::Shell { term, size, reply } => Work::Shell { term, size, reply: Some(reply), pipe: None },
        };
        Some(Self { stage: Stage::Opening, channel: None, work, credited: false, refusals: 0 })
    }

    /// A channel on which nothing runs, to be closed.
    pub fn closing(channel: Channel) -> Self {
        Self { stage: Stage::Closing, channel: Some(channel), work: Work::Nothing, credited: true, refusals: 0 }
    }

    /// Whether the server has allowed it a session; said once.
    pub fn takes_credit(&mut self) -> bool {
        let allowed = self.is_session() && matches!(self.stage, Stage::Serving);
        allowed && !std::mem::replace(&mut self.credited, true)
    }

    /// While this is so, no other channel may be started.
    pub fn is_starting(&self) -> bool {
        matches!(self.stage, Stage::Opening | Stage::Terminal | Stage::Starting)
    }

    /// Whether it counts for the server's MaxSessions.
    pub fn is_session(&self) -> bool {
        !matches!(self.work, Work::Forward { .. })
    }

    /// Whether it can be taken away.
    pub fn is_done(&self) -> bool {
        matches!(self.stage, Stage::Closed)
    }

    /// Whether the server had no channel for it.
    pub fn wants_another_try(&self) -> bool {
        matches!(self.stage, Stage::Turned)
    }

    /// Whether it waits for no session.
    pub fn is_hasty(&self) -> bool {
        matches!(&self.work, Work::Exec(exec) if exec.is_hasty())
    }

    /// How often the server had no channel for it.
    pub fn refusals(&self) -> u32 {
        self.refusals
    }

    /// From the beginning.
    pub fn start_over(&mut self) {
        self.stage = Stage::Opening;
    }

    /// Whether its reader is slow, so that it must be looked at again without anything coming.
    pub fn is_stalled(&self) -> bool {
        match (&self.stage, &self.work) {
            (Stage::Serving, Work::Exec(exec)) => exec.is_stalled(),
            (Stage::Serving, Work::Forward { pipe: Some(pipe), .. } | Work::Shell { pipe: Some(pipe), .. }) => {
                pipe.is_stalled()
            }
            _ => false,
        }
    }

    /// Whether nobody waits for it any more, before it was begun.
    pub fn is_abandoned(&self) -> bool {
        match &self.work {
            Work::Nothing => true,
            Work::Exec(exec) => exec.is_abandoned(),
            Work::Forward { reply, .. } | Work::Shell { reply, .. } => {
                reply.as_ref().is_none_or(oneshot::Sender::is_closed)
            }
        }
    }

    /// Whether something has come for it that was not taken yet, though it could be.
    pub fn has_more(&self) -> bool {
        let waits = matches!(self.stage, Stage::Serving) && !self.is_stalled();
        waits && self.channel.as_ref().is_some_and(|channel| channel.read_window().available > 0)
    }

    /// Whether only the server's last word is missing.
    pub fn is_ending(&self) -> bool {
        let ended = || self.channel.as_ref().is_some_and(Channel::eof);
        matches!(self.stage, Stage::Closing) || (matches!(self.stage, Stage::Serving) && self.is_session() && ended())
    }

    /// What of this machine it waits for.
    pub fn local(&self) -> Option<PollFd<'_>> {
        match (&self.stage, &self.work) {
            (Stage::Serving, Work::Forward { pipe: Some(pipe), .. } | Work::Shell { pipe: Some(pipe), .. }) => {
                pipe.interest()
            }
            _ => None,
        }
    }

    /// The connection has ended.
    pub fn lose(&mut self) {
        self.tell(StartError::Lost);
        if let Work::Exec(exec) = &mut self.work {
            exec.end(Ended::Lost);
        }
        self.stage = Stage::Closed;
    }

    /// The server has no channel for it and will have none.
    pub fn give_up(&mut self) {
        self.tell(StartError::NoSession);
        self.stage = Stage::Closed;
    }

    fn tell(&mut self, error: StartError) {
        match &mut self.work {
            Work::Exec(exec) if error != StartError::Lost => exec.end(Ended::NotStarted(error)),
            Work::Exec(_) | Work::Nothing => {}
            Work::Forward { reply, .. } | Work::Shell { reply, .. } => {
                // Nobody may be waiting any more.
                drop(reply.take().map(|reply| reply.send(Err(error))));
            }
        }
    }

    /// Goes as far as it can without waiting.
    pub fn step(&mut self, session: &Session) -> Step {
        match self.stage {
            Stage::Opening => self.open(session),
            Stage::Terminal => self.ask_for_terminal(),
            Stage::Starting => self.start(),
            Stage::Serving => self.serve(),
            Stage::Closing => self.close(),
            Stage::Closed | Stage::Turned => Step::Idle,
        }
    }

    fn open(&mut self, session: &Session) -> Step {
        let opened = match &self.work {
            Work::Forward { host, port, .. } => session.channel_direct_tcpip(host, *port, None),
            Work::Exec(_) | Work::Shell { .. } | Work::Nothing => session.channel_open("session", WINDOW, PACKET, None),
        };
        match opened {
            Ok(channel) => {
                self.channel = Some(channel);
                self.stage = match self.work {
                    Work::Shell { .. } => Stage::Terminal,
                    Work::Exec(_) => Stage::Starting,
                    Work::Nothing => Stage::Closing,
                    Work::Forward { .. } => {
                        self.hand_over();
                        Stage::Serving
                    }
                };
                Step::Moved
            }
            Err(e) if is_again(&e) => Step::Idle,
            Err(e) if is_refusal(&e) && self.is_session() => {
                self.stage = Stage::Turned;
                self.refusals += 1;
                Step::Moved
            }
            Err(e) if is_refusal(&e) => {
                let forbidden = ["prohibited", "unknown channel", "shortage"].iter().any(|w| e.message().contains(w));
                self.tell(if forbidden { StartError::Forbidden } else { StartError::NoConnection });
                self.stage = Stage::Closed;
                Step::Moved
            }
            Err(e) => Step::Dead(session_words(&e)),
        }
    }

    fn ask_for_terminal(&mut self) -> Step {
        let (Some(channel), Work::Shell { term, size, .. }) = (&mut self.channel, &mut self.work) else {
            return Step::Idle;
        };
        let (columns, lines) = *size.borrow_and_update();
        match channel.request_pty(term, None, Some((columns.into(), lines.into(), 0, 0))) {
            Err(e) if is_again(&e) => return Step::Idle,
            // A shell without a terminal is better than none.
            Ok(()) | Err(_) => self.stage = Stage::Starting,
        }
        Step::Moved
    }

    fn start(&mut self) -> Step {
        let Some(channel) = &mut self.channel else { return Step::Idle };
        let started = match &self.work {
            Work::Exec(exec) => channel.exec(exec.command()),
            Work::Shell { .. } => channel.shell(),
            Work::Forward { .. } | Work::Nothing => Ok(()),
        };
        match started {
            Ok(()) => {
                self.hand_over();
                self.stage = Stage::Serving;
            }
            Err(e) if is_again(&e) => return Step::Idle,
            Err(e) if matches!(e.code(), ErrorCode::Session(REQUEST_DENIED)) => {
                self.tell(StartError::NoExec);
                self.stage = Stage::Closing;
            }
            Err(e) => return Step::Dead(session_words(&e)),
        }
        Step::Moved
    }

    /// Gives our end of the pipe away.
    fn hand_over(&mut self) {
        let (Work::Forward { reply, pipe, .. } | Work::Shell { reply, pipe, .. }) = &mut self.work else { return };
        match Pipe::pair() {
            Ok((ours, theirs)) => {
                *pipe = Some(ours);
                // When nobody waits any more, the far end of the pair is dropped, which ends the job.
                drop(reply.take().map(|reply| reply.send(Ok(theirs))));
            }
            Err(e) => drop(reply.take().map(|reply| reply.send(Err(StartError::Other(e.to_string()))))),
        }
    }

    fn serve(&mut self) -> Step {
        let Some(channel) = &mut self.channel else { return Step::Idle };
        let served = match &mut self.work {
            Work::Exec(exec) => exec.serve(channel),
            Work::Forward { pipe: Some(pipe), .. } => pipe.serve(channel),
            Work::Shell { pipe: Some(pipe), size, .. } => {
                if size.has_changed().unwrap_or(false) {
                    let (columns, lines) = *size.borrow();
                    match channel.request_pty_size(columns.into(), lines.into(), None, None) {
                        Err(e) if is_again(&e) => {}
                        Ok(()) | Err(_) => size.mark_unchanged(),
                    }
                }
                pipe.serve(channel)
            }
            Work::Forward { .. } | Work::Shell { .. } | Work::Nothing => Ok(Served::Done),
        };
        match served {
            Ok(Served::Waiting) => Step::Idle,
            Ok(Served::Moved) => Step::Moved,
            Ok(Served::Done) => {
                self.stage = Stage::Closing;
                Step::Moved
            }
            Err(e) => Step::Dead(words(&e)),
        }
    }

    /// Ends the channel; a command that still runs keeps it open on the server, and then this stays as it is.
    fn close(&mut self) -> Step {
        let Some(channel) = &mut self.channel else {
            self.stage = Stage::Closed;
            return Step::Moved;
        };
        match channel.close() {
            Err(e) if is_again(&e) => return Step::Idle,
            Err(e) if is_dead(&e) => return Step::Dead(session_words(&e)),
            Ok(()) | Err(_) => {}
        }
        match channel.wait_close() {
            Err(e) if is_again(&e) => return Step::Idle,
            Err(e) if is_dead(&e) => return Step::Dead(session_words(&e)),
            Ok(()) | Err(_) => {}
        }
        self.stage = Stage::Closed;
        self.channel = None;
        Step::Moved
    }
}

/// How far serving a channel went.
pub enum Served {
    /// Nothing to do now.
    Waiting,
    /// Something moved.
    Moved,
    /// There is nothing more to do but close it.
    Done,
}

/// What one channel may have under way: enough for a fast line, little enough that one cannot fill the others' way.
const WINDOW: u32 = 128 * 1024;
const PACKET: u32 = 32 * 1024;
