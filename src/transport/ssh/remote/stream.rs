//! Commands on a host whose output is followed while it comes, and commands that read what they are given.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::{Halt, Remote, Running};
use crate::runner::Permit;
use crate::transport::ssh::actor::{Chunk, Ended, StartError};
use crate::transport::ssh::keeper::{NoSeat, Seat};
use crate::transport::ssh::nonce;
use crate::transport::ssh::script::{COMMAND, Script, taking};
use crate::transport::{Argv, Exit, Follow, Limits, Output, Part, TransportError};

impl Remote {
    /// Starts a command and follows it. Dropping the stream ends it on the host.
    pub(super) async fn start(
        &self,
        argv: &Argv,
        limit: std::time::Duration,
    ) -> Result<Box<dyn Follow>, TransportError> {
        let line = self.line(Instant::now() + limit).await?;
        let (script, mark) = Script::of_one(nonce(), argv);
        let tap =
            line.exec_held(COMMAND, script.into_bytes()).await.map_err(|e| self.tell(Halt::NotStarted(e), limit))?;
        let running = Running { tap, line: Arc::clone(&line), group: None };
        Ok(Box::new(Following::new(running, mark, false)))
    }

    /// Starts a command that goes on for long and follows it, over a connection that others like it share: the sessions
    /// of the main one stay free for what is short. Where the login is let in no further, over the main one all the same.
    pub async fn follow_apart(
        &self,
        argv: &Argv,
        limit: std::time::Duration,
    ) -> Result<Box<dyn Follow>, TransportError> {
        let until = Instant::now() + limit;
        while Instant::now() < until {
            let seat = match self.keeper.seat(until).await {
                Ok(seat) => seat,
                Err(NoSeat::Refused) => return self.start(argv, limit).await,
                Err(NoSeat::Blocked(away)) => {
                    return Err(TransportError::Unreachable { place: self.name.clone(), why: away.cause });
                }
            };
            let (script, mark) = Script::of_one(nonce(), argv);
            let line = Arc::clone(seat.line());
            // One that has just ended is not offered again.
            let Ok(mut tap) = line.exec_at_once(COMMAND, script.into_bytes()).await else { continue };
            // The script speaks before the command does.
            let Ok(first) = timeout_at(until, tap.next()).await else { break };
            if matches!(first, Chunk::End(Ended::NotStarted(StartError::NoSession))) {
                self.keeper.is_full(&seat);
                continue;
            }
            let mut following = Following::new(Running { tap, line, group: None }, mark, false);
            following.first = Some(first);
            following.seat = Some(seat);
            return Ok(Box::new(following));
        }
        Err(self.tell(Halt::Late, limit))
    }

    /// Starts a command that changes something, gives it its input and follows it. Dropping the stream ends its group.
    pub(super) async fn launch_on(
        &self,
        _permit: &Permit,
        argv: &Argv,
        input: &[u8],
        limit: std::time::Duration,
    ) -> Result<Box<dyn Follow>, TransportError> {
        let line = self.line(Instant::now() + limit).await?;
        let (script, mark) = Script::of_one_reading(nonce(), argv);
        let sent = line.exec(taking(&script), [script.as_bytes(), input].concat()).await;
        let tap = sent.map_err(|e| self.tell(Halt::NotStarted(e), limit))?;
        let running = Running { tap, line: Arc::clone(&line), group: None };
        Ok(Box::new(Following::new(running, mark, true)))
    }

    /// Runs a command that changes something and gives it its input.
    pub(super) async fn act_on(
        &self,
        _permit: &Permit,
        argv: &Argv,
        input: &[u8],
        limits: Limits,
    ) -> Result<Output, TransportError> {
        let started = Instant::now();
        let until = started + limits.timeout;
        let line = self.line(until).await?;
        let mut script = Script::new(nonce());
        script.add_reading(argv);
        let mut answers = script.answers(&[limits]);
        let text = script.text().as_bytes();
        let sent = line.exec(taking(script.text()), [text, input].concat()).await;
        let tap = sent.map_err(|e| self.tell(Halt::NotStarted(e), limits.timeout))?;
        let mut running = Running { tap, line, group: None };
        loop {
            let Ok(chunk) = timeout_at(until, running.tap.next()).await else {
                return Err(self.tell(Halt::Late, limits.timeout));
            };
            match chunk {
                Chunk::Out(bytes) => answers.push(0, &bytes),
                Chunk::Err(bytes) => answers.push(1, &bytes),
                Chunk::End(ended) => {
                    running.group = None;
                    if let Some(output) = answers.next(started.elapsed()) {
                        return self.judge(Some(argv), output);
                    }
                    return Err(self.tell(Halt::of(ended, &answers, &running.line), limits.timeout));
                }
            }
            running.group = answers.group();
            if let Some(output) = answers.next(started.elapsed()) {
                running.group = None;
                return self.judge(Some(argv), output);
            }
        }
    }
}

/// A command whose output is followed.
struct Following {
    running: Running,
    mark: Vec<u8>,
    /// Whether nothing on the host ends it when nobody waits any more.
    grouped: bool,
    /// What came before the mark, for as long as it has not come, of both streams.
    before: [Option<Vec<u8>>; 2],
    /// What has come already.
    first: Option<Chunk>,
    /// Its place on a connection that is not the main one.
    seat: Option<Seat>,
}

/// A login shell that prints more than this before the mark is not what was asked for.
const MOST_NOISE: usize = 64 * 1024;

impl Following {
    fn new(running: Running, mark: Vec<u8>, grouped: bool) -> Self {
        Self { running, mark, grouped, before: [Some(Vec::new()), Some(Vec::new())], first: None, seat: None }
    }

    /// What of these bytes is output.
    fn after_mark(&mut self, stream: usize, bytes: Vec<u8>) -> Vec<u8> {
        let Some(slot) = self.before.get_mut(stream) else { return bytes };
        let Some(before) = slot else { return bytes };
        before.extend_from_slice(&bytes);
        if let Some(at) = memchr::memmem::find(before, &self.mark)
            && let Some(end) = memchr::memchr(b'\n', before.get(at + self.mark.len()..).unwrap_or_default())
        {
            let rest = before.split_off(at + self.mark.len() + end + 1);
            if self.grouped && stream == 0 {
                let group = before.get(at + self.mark.len()..).unwrap_or_default();
                self.running.group = String::from_utf8_lossy(group).trim().parse().ok();
            }
            *slot = None;
            return rest;
        }
        before.drain(..before.len().saturating_sub(MOST_NOISE));
        Vec::new()
    }
}

impl Follow for Following {
    fn next(&mut self) -> BoxFuture<'_, Part> {
        Box::pin(async move {
            loop {
                let chunk = match self.first.take() {
                    Some(first) => first,
                    None => self.running.tap.next().await,
                };
                let (stream, bytes) = match chunk {
                    Chunk::Out(bytes) => (0, bytes),
                    Chunk::Err(bytes) => (1, bytes),
                    Chunk::End(ended) => {
                        self.running.group = None;
                        self.seat = None;
                        let began = self.before.iter().any(Option::is_none);
                        return Part::End(match ended {
                            // libssh2 says 0 of a connection that broke, and of a shell that never began.
                            Ended::Code(code) if began => Exit::Code(code),
                            Ended::Signal(name) if began => signal(&name).map_or(Exit::Missing, Exit::Signal),
                            _ => Exit::Missing,
                        });
                    }
                };
                let bytes = self.after_mark(stream, bytes);
                if !bytes.is_empty() {
                    return if stream == 0 { Part::Out(bytes) } else { Part::Err(bytes) };
                }
            }
        })
    }
}

/// The number of a signal as SSH names it (RFC 4254, section 6.10); those of Linux and macOS agree on these.
fn signal(name: &str) -> Option<i32> {
    Some(match name {
        "HUP" => 1,
        "INT" => 2,
        "QUIT" => 3,
        "ILL" => 4,
        "ABRT" => 6,
        "FPE" => 8,
        "KILL" => 9,
        "SEGV" => 11,
        "PIPE" => 13,
        "ALRM" => 14,
        "TERM" => 15,
        _ => return None,
    })
}
