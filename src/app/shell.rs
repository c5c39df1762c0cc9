//! A shell on a host in the console's terminal: while it lasts, keys go to the host as they are typed and what comes goes
//! to the screen as it is; facts are taken in as before, and nothing is drawn.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout};

use super::App;
use crate::model::HostId;
use crate::transport::ssh::line::Line;

/// A shell that does not start within this is given up.
const START: Duration = Duration::from_secs(10);
/// Pieces of typed text that may wait for the host.
const TYPED: usize = 64;

/// A shell that is open.
pub struct Shell {
    host: HostId,
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
    Failed(String),
    /// It has ended.
    Ended(String),
}

/// A shell that has just been started.
pub struct Opened {
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
        self.ui.say(format!("opening a shell on {host} …"), now);
        let (host, size, news) = (host.clone(), self.ui.size, self.shells.clone());
        tokio::spawn(async move {
            let opened = timeout(START, async {
                let line = remote.keeper().line(Instant::now() + START).await.map_err(|b| b.cause.to_string())?;
                let (sizes, changes) = watch::channel(size);
                let term = std::env::var("TERM").unwrap_or_else(|_| "xterm".into());
                let stream = line.shell(term, changes).await.map_err(|e| e.to_string())?;
                let stream = UnixStream::from_std(stream).map_err(|e| e.to_string())?;
                Ok::<_, String>(Opened { host: host.clone(), line, stream, size: sizes })
            });
            let report = match opened.await {
                Ok(Ok(opened)) => News::Open(Box::new(opened)),
                Ok(Err(why)) => News::Failed(format!("no shell on {host}: {why}")),
                Err(_) => News::Failed(format!("no shell on {host} within {} s", START.as_secs())),
            };
            news.send(report).await.ok();
        });
    }

    /// A shell has opened, failed or ended.
    pub(super) fn shell_news(&mut self, news: News) -> io::Result<()> {
        let now = self.clock.get();
        match news {
            News::Failed(why) => {
                self.ui.warn(why, now);
                self.pacer.now();
            }
            // Two keys were faster than the first shell.
            News::Open(_) if self.shell.is_some() => {}
            News::Open(opened) => self.enter_shell(*opened)?,
            News::Ended(words) => {
                if self.shell.take().is_some() {
                    self.keys.raw(false);
                    self.screen.take_back()?;
                    self.ui.size = self.screen.size()?;
                    self.ui.say(words, now);
                    self.pacer.now();
                }
            }
        }
        Ok(())
    }

    fn enter_shell(&mut self, opened: Opened) -> io::Result<()> {
        let Opened { host, line, stream, size } = opened;
        self.screen.lend()?;
        self.keys.raw(true);
        let mut out = io::stdout();
        write!(out, "\r\nquarterdeck: shell on {host}; `exit` leaves it, or Enter ~ . when it hangs\r\n\r\n")?;
        out.flush()?;
        let (typed, taken) = mpsc::channel(TYPED);
        tokio::spawn(carry(host.clone(), stream, taken, self.shells.clone(), Arc::clone(&line)));
        self.shell = Some(Shell { host, typed, size, line, escape: Escape::default() });
        Ok(())
    }

    /// Something was typed for the shell.
    pub(super) fn typed(&mut self, bytes: Vec<u8>) -> io::Result<()> {
        let Some(shell) = &mut self.shell else { return Ok(()) };
        if shell.escape.leaves(&bytes) {
            let words = format!("the shell on {} was left", shell.host);
            return self.shell_news(News::Ended(words));
        }
        // A host that takes nothing any more loses what is typed, and the console goes on.
        shell.typed.try_send(bytes).ok();
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

async fn carry(
    host: HostId,
    stream: UnixStream,
    mut typed: mpsc::Receiver<Vec<u8>>,
    news: mpsc::Sender<News>,
    line: Arc<Line>,
) {
    let (mut from, mut to) = stream.into_split();
    let write = async {
        while let Some(bytes) = typed.recv().await {
            if to.write_all(&bytes).await.is_err() {
                break;
            }
        }
    };
    let read = async {
        let mut out = tokio::io::stdout();
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = from.read(&mut buffer).await {
            let bytes = buffer.get(..count).unwrap_or_default();
            if out.write_all(bytes).await.is_err() || out.flush().await.is_err() {
                break;
            }
        }
    };
    // Typing ends when the console leaves the shell, reading when the shell does.
    tokio::select! {
        () = write => {}
        () = read => {}
    }
    let words = if line.is_alive() {
        format!("the shell on {host} has ended")
    } else {
        format!("the shell on {host} ended: the connection was lost")
    };
    news.send(News::Ended(words)).await.ok();
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
