//! A shell on a host in the console's terminal: while it lasts, keys go to the host as they are typed and what comes goes
//! to the screen as it is; facts are taken in as before, and nothing is drawn.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::App;
use crate::model::HostId;
use crate::transport::ssh::line::Line;

/// A shell that does not start within this is given up.
const START: Duration = Duration::from_secs(10);
/// Pieces of typed text that may wait for the host.
const TYPED: usize = 64;

/// A shell that is open.
pub struct Shell {
    number: u64,
    /// Ends it.
    stop: CancellationToken,
    /// It ended by itself: the next Enter brings the console back, so that no key meant for it becomes one of the console's.
    ended: Option<String>,
    typed: mpsc::Sender<Vec<u8>>,
    size: watch::Sender<(u16, u16)>,
    line: Arc<Line>,
    escape: Escape,
}

/// What a shell reports.
pub enum News {
    /// It is there.
    Open(Box<Opened>),
    /// There is none, and why.
    Failed(u64, String),
    /// It has ended, and nothing of it comes any more: by itself, or because it was left.
    Ended {
        /// Which.
        number: u64,
        /// What is to be said.
        words: String,
        /// Whether the operator left it.
        left: bool,
    },
}

/// A shell that has just been started.
pub struct Opened {
    number: u64,
    host: HostId,
    line: Arc<Line>,
    stream: UnixStream,
    size: watch::Sender<(u16, u16)>,
}

impl App {
    /// Gives the terminal to a shell on a host until that shell ends.
    pub(super) fn shell(&mut self, host: &HostId) {
        let now = self.clock.get();
        let Some(remote) = self.supervisor.hosts().get(host) else {
            self.ui.warn(format!("host {host} is not in the deck any more"), now);
            return;
        };
        if let Some(blocked) = remote.keeper().blocked() {
            self.ui.warn(format!("no shell on {host}: {}", blocked.cause), now);
            return;
        }
        let Some(helm) = self.helm() else {
            self.ui.warn("there is no home folder for the audit log; set XDG_STATE_HOME", now);
            return;
        };
        self.ui.say(format!("opening a shell on {host} …"), now);
        self.shell_number += 1;
        let number = self.shell_number;
        self.opening = Some(number);
        let (host, size, news) = (host.clone(), self.ui.size, self.shells.clone());
        tokio::spawn(async move {
            let opened = timeout(START, async {
                let about = host.clone();
                let written = tokio::task::spawn_blocking(move || helm.shell(&about)).await;
                written.map_err(|e| e.to_string())?.map_err(|e| e.to_string())?;
                let line = remote.keeper().line(Instant::now() + START).await.map_err(|b| b.cause.to_string())?;
                let (sizes, changes) = watch::channel(size);
                let term = std::env::var("TERM").unwrap_or_else(|_| "xterm".into());
                let stream = line.shell(term, changes).await.map_err(|e| e.to_string())?;
                let stream = UnixStream::from_std(stream).map_err(|e| e.to_string())?;
                Ok::<_, String>(Opened { number, host: host.clone(), line, stream, size: sizes })
            });
            let report = match opened.await {
                Ok(Ok(opened)) => News::Open(Box::new(opened)),
                Ok(Err(why)) => News::Failed(number, format!("no shell on {host}: {why}")),
                Err(_) => News::Failed(number, format!("no shell on {host} within {} s", START.as_secs())),
            };
            news.send(report).await.ok();
        });
    }

    /// A key was pressed before the shell was there: it was not meant for it.
    pub(super) fn withdraw_shell(&mut self) {
        if self.opening.take().is_some() {
            let now = self.clock.get();
            self.ui.say("the shell was not opened: another key came first", now);
        }
    }

    /// A shell has opened, failed or ended.
    pub(super) fn shell_news(&mut self, news: News) -> io::Result<()> {
        let now = self.clock.get();
        match news {
            News::Failed(number, why) => {
                if self.opening == Some(number) {
                    self.opening = None;
                    self.ui.warn(why, now);
                    self.pacer.now();
                }
            }
            // Withdrawn meanwhile; dropping it ends it.
            News::Open(opened) if self.opening != Some(opened.number) || self.shell.is_some() => {}
            News::Open(opened) => {
                self.opening = None;
                self.enter_shell(*opened)?;
            }
            News::Ended { number, words, left } => {
                let Some(shell) = self.shell.as_mut().filter(|shell| shell.number == number) else { return Ok(()) };
                if left {
                    return self.leave_shell(words);
                }
                let mut out = io::stdout();
                write!(out, "\r\nquarterdeck: {words}; press Enter to go back\r\n")?;
                out.flush()?;
                shell.ended = Some(words);
            }
        }
        Ok(())
    }

    fn leave_shell(&mut self, words: String) -> io::Result<()> {
        self.shell = None;
        self.keys.raw(false);
        self.screen.take_back()?;
        self.ui.size = self.screen.size()?;
        let now = self.clock.get();
        self.ui.say(words, now);
        self.pacer.now();
        Ok(())
    }

    fn enter_shell(&mut self, opened: Opened) -> io::Result<()> {
        let Opened { number, host, line, stream, size } = opened;
        self.screen.lend()?;
        self.keys.raw(true);
        let mut out = io::stdout();
        write!(out, "\r\nquarterdeck: shell on {host}; `exit` leaves it, or Enter ~ . when it hangs\r\n\r\n")?;
        out.flush()?;
        let (typed, taken) = mpsc::channel(TYPED);
        let stop = CancellationToken::new();
        let carried = Carried { number, host, stop: stop.clone(), news: self.shells.clone() };
        tokio::spawn(carried.run(stream, taken, Arc::clone(&line)));
        self.shell = Some(Shell { number, stop, ended: None, typed, size, line, escape: Escape::default() });
        Ok(())
    }

    /// Something was typed for the shell.
    pub(super) fn typed(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        let Some(shell) = &mut self.shell else { return Ok(()) };
        if let Some(words) = shell.ended.clone() {
            let enter = bytes.iter().any(|b| matches!(b, b'\r' | b'\n'));
            return if enter { self.leave_shell(words) } else { Ok(()) };
        }
        // One that takes nothing any more is left as a whole: half of what was typed could be another command.
        if shell.escape.leaves(&bytes) || shell.typed.try_send(bytes).is_err() {
            shell.stop.cancel();
        }
        Ok(())
    }

    /// The window changed while a shell has it.
    pub(super) fn shell_resized(&mut self, size: (u16, u16)) {
        if let Some(shell) = &self.shell {
            shell.size.send_replace(size);
            shell.line.nudge();
        }
    }
}

/// What goes between a shell and the terminal.
struct Carried {
    number: u64,
    host: HostId,
    stop: CancellationToken,
    news: mpsc::Sender<News>,
}

impl Carried {
    async fn run(self, stream: UnixStream, mut typed: mpsc::Receiver<Vec<u8>>, line: Arc<Line>) {
        let (mut from, mut to) = stream.into_split();
        let write = async {
            while let Some(bytes) = typed.recv().await {
                if to.write_all(&bytes).await.is_err() {
                    break;
                }
            }
            // What the shell still says is of interest.
            std::future::pending::<()>().await;
        };
        let mut out = tokio::io::stdout();
        let read = async {
            let mut buffer = vec![0; 16 * 1024];
            while let Ok(count @ 1..) = from.read(&mut buffer).await {
                let bytes = buffer.get(..count).unwrap_or_default();
                if out.write_all(bytes).await.is_err() || out.flush().await.is_err() {
                    break;
                }
            }
        };
        let left = tokio::select! {
            () = write => false,
            () = read => false,
            () = self.stop.cancelled() => true,
        };
        // Nothing of it may come when the console has its screen again.
        out.flush().await.ok();
        let host = &self.host;
        let (words, left) = match (left, line.is_alive()) {
            (true, _) => (format!("the shell on {host} was left"), true),
            (false, true) => (format!("the shell on {host} has ended"), true),
            (false, false) => (format!("the shell on {host} ended: the connection was lost"), false),
        };
        self.news.send(News::Ended { number: self.number, words, left }).await.ok();
    }
}

/// `~.` at the beginning of a line, as in ssh: the way out of a shell that hangs.
#[derive(Debug)]
struct Escape(Seen);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    LineStart,
    Tilde,
    Other,
}

impl Default for Escape {
    fn default() -> Self {
        Self(Seen::LineStart)
    }
}

impl Escape {
    /// Follows what is typed; whether it says to leave.
    fn leaves(&mut self, bytes: &[u8]) -> bool {
        for byte in bytes {
            self.0 = match (self.0, byte) {
                (_, b'\r' | b'\n') => Seen::LineStart,
                (Seen::LineStart, b'~') => Seen::Tilde,
                (Seen::Tilde, b'.') => return true,
                _ => Seen::Other,
            };
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilde_and_dot_leave_at_the_beginning_of_a_line_alone() {
        assert!(Escape::default().leaves(b"~."));
        assert!(Escape::default().leaves(b"ls\r~."));
        assert!(!Escape::default().leaves(b"cp a~."));
        assert!(!Escape::default().leaves(b"~~."));
        let mut pieces = Escape::default();
        assert!(!pieces.leaves(b"x\r") && !pieces.leaves(b"~") && pieces.leaves(b"."));
    }
}
