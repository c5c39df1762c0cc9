//! Commands on a host whose output is followed while it comes, and commands that read what they are given.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::{Halt, Remote, Running};
use crate::runner::Permit;
use crate::transport::ssh::actor::{Chunk, Ended};
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
        Ok(Box::new(Following { running, mark, grouped: false, before: [Some(Vec::new()), Some(Vec::new())] }))
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
        Ok(Box::new(Following { running, mark, grouped: true, before: [Some(Vec::new()), Some(Vec::new())] }))
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
}

/// A login shell that prints more than this before the mark is not what was asked for.
const MOST_NOISE: usize = 64 * 1024;

impl Following {
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
                let (stream, bytes) = match self.running.tap.next().await {
                    Chunk::Out(bytes) => (0, bytes),
                    Chunk::Err(bytes) => (1, bytes),
                    Chunk::End(ended) => {
                        self.running.group = None;
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
