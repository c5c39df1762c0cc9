//! What comes in besides facts: keys from a thread that reads the terminal, changes of the window, and signals.

use std::io;

use crossterm::event::{Event, read};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;

/// Keys that may wait; the thread waits when there are more.
const KEYS: usize = 256;

/// Reads the terminal on a thread of its own, which sleeps until something comes; it ends with the process, when nobody
/// listens any more, or when the terminal is gone.
pub fn inputs() -> io::Result<mpsc::Receiver<Event>> {
    let (sender, receiver) = mpsc::channel(KEYS);
    follow_window(sender.downgrade())?;
    let spawned = std::thread::Builder::new().name("keys".into()).spawn(move || {
        // Without a time limit: what waits for one turns in circles for its last millisecond, which adds up.
        while let Ok(event) = read() {
            if sender.blocking_send(event).is_err() {
                return;
            }
        }
    });
    if let Err(error) = spawned {
        tracing::error!(%error, "no thread for the keys");
    }
    Ok(receiver)
}

/// Tells changes of the window apart from the keys: the thread that reads them waits for the rest of a sequence that
/// was cut, and sees no signal meanwhile. Holds no sender of its own, so that the end of that thread is noticed.
fn follow_window(sender: mpsc::WeakSender<Event>) -> io::Result<()> {
    let mut changes = signal(SignalKind::window_change())?;
    tokio::spawn(async move {
        while changes.recv().await.is_some() {
            let Some(sender) = sender.upgrade() else { return };
            let Ok((columns, lines)) = crossterm::terminal::size() else { continue };
            if sender.send(Event::Resize(columns, lines)).await.is_err() {
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
