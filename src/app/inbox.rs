//! What comes in besides facts: keys from a thread that reads the terminal, changes of the window, and signals.

use std::fs::File;
use std::io::{self, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossterm::event::{Event, read};
use rustix::event::{PollFd, PollFlags};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Keys that may wait; the thread waits when there are more.
const KEYS: usize = 256;

/// Something from the terminal.
pub enum Input {
    /// A key, a click, pasted text, another size.
    Event(Event),
    /// Bytes as they were typed, for a shell.
    Raw(Vec<u8>),
}

/// Says how the terminal is to be read.
#[derive(Clone, Default)]
pub struct Keys {
    raw: Arc<AtomicBool>,
    /// Events are being read now.
    reading: Arc<AtomicBool>,
}

/// Events are read in far less; only a key that came in half takes longer.
const READING: Duration = Duration::from_millis(100);

impl Keys {
    /// From the next key on: as bytes, or as events.
    pub fn raw(&self, raw: bool) {
        self.raw.store(raw, Ordering::SeqCst);
        // What is typed from now on is not to be taken for what is being read.
        let until = Instant::now() + READING;
        while raw && self.reading.load(Ordering::SeqCst) && Instant::now() < until {
            std::thread::yield_now();
        }
    }
}

/// Reads the terminal on a thread of its own, which sleeps until something comes; it ends with the process, when nobody
/// listens any more, or when the terminal is gone.
pub fn inputs() -> io::Result<(mpsc::Receiver<Input>, Keys)> {
    let (sender, receiver) = mpsc::channel(KEYS);
    follow_window(sender.downgrade())?;
    let keys = Keys::default();
    let how = keys.clone();
    let terminal = terminal()?;
    let spawned = std::thread::Builder::new().name("keys".into()).spawn(move || {
        while let Ok(inputs) = next(&terminal, &how) {
            for input in inputs {
                if sender.blocking_send(input).is_err() {
                    return;
                }
            }
        }
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "no thread for the keys");
    }
    Ok((receiver, keys))
}

/// The terminal that crossterm reads.
fn terminal() -> io::Result<OwnedFd> {
    if io::stdin().is_terminal() {
        io::stdin().as_fd().try_clone_to_owned()
    } else {
        Ok(File::open("/dev/tty")?.into())
    }
}

/// Waits for the next input. How it is read is decided when it comes, so that nothing need wake this thread.
fn next(terminal: &OwnedFd, how: &Keys) -> io::Result<Vec<Input>> {
    // Without a time limit: what waits for one turns in circles for its last millisecond, which adds up.
    match rustix::event::poll(&mut [PollFd::new(terminal, PollFlags::IN)], None) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(Vec::new()),
        Err(e) => return Err(e.into()),
    }
    how.reading.store(true, Ordering::SeqCst);
    let read = if how.raw.load(Ordering::SeqCst) { bytes(terminal) } else { events() };
    how.reading.store(false, Ordering::SeqCst);
    read
}

fn bytes(terminal: &OwnedFd) -> io::Result<Vec<Input>> {
    let mut buffer = vec![0; 4096];
    let count = rustix::io::read(terminal, &mut buffer)?;
    if count == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    buffer.truncate(count);
    Ok(vec![Input::Raw(buffer)])
}

fn events() -> io::Result<Vec<Input>> {
    let mut inputs = vec![Input::Event(read()?)];
    // What was read along with it is not on the terminal any more. Without any time crossterm does not even look.
    while crossterm::event::poll(Duration::from_millis(1))? {
        inputs.push(Input::Event(read()?));
    }
    Ok(inputs)
}

/// Tells changes of the window apart from the keys: the thread that reads them waits for the rest of a sequence that
/// was cut, and sees no signal meanwhile. Holds no sender of its own, so that the end of that thread is noticed.
fn follow_window(sender: mpsc::WeakSender<Input>) -> io::Result<()> {
    let mut changes = signal(SignalKind::window_change())?;
    tokio::spawn(async move {
        while changes.recv().await.is_some() {
            let Some(sender) = sender.upgrade() else { return };
            let Ok((columns, lines)) = crossterm::terminal::size() else { continue };
            if sender.send(Input::Event(Event::Resize(columns, lines))).await.is_err() {
                return;
            }
        }
    });
    Ok(())
}

/// Signals that end the console.
pub struct Signals {
    hangup: Signal,
    interrupt: Signal,
    quit: Signal,
    terminate: Signal,
}

/// Listens to the signals that end the console.
pub fn signals() -> io::Result<Signals> {
    Ok(Signals {
        hangup: signal(SignalKind::hangup())?,
        interrupt: signal(SignalKind::interrupt())?,
        quit: signal(SignalKind::quit())?,
        terminate: signal(SignalKind::terminate())?,
    })
}

impl Signals {
    /// The name of the next one.
    pub async fn recv(&mut self) -> Option<&'static str> {
        tokio::select! {
            _ = self.hangup.recv() => Some("SIGHUP"),
            _ = self.interrupt.recv() => Some("SIGINT"),
            _ = self.quit.recv() => Some("SIGQUIT"),
            _ = self.terminate.recv() => Some("SIGTERM"),
        }
    }
}
