//! Questions on the terminal that `qd` was started on: a line that is typed, a passphrase that is not shown. Whatever ends
//! the question, the terminal is as it was. Without a terminal nobody is asked.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use color_eyre::Result;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers, poll, read};
use crossterm::terminal::{disable_raw_mode, enable_raw_mode};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::exit::Ending;
use crate::ui::hidden::{Hidden, Passphrase};

/// How often a question looks whether it is still wanted.
const STEP: Duration = Duration::from_millis(50);

/// Set when the command is to end.
static OVER: AtomicBool = AtomicBool::new(false);
/// Set while [`until_stopped`] sees to that.
static WATCHED: AtomicBool = AtomicBool::new(false);

/// Whether somebody can answer: questions are read from standard input and written to standard error.
pub fn is_answered() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Works until it is done, or until somebody wants it to end.
pub async fn until_stopped(work: impl Future<Output = Result<Ending>>) -> Result<Ending> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let stopped = async {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
            () = told() => {}
        }
    };
    WATCHED.store(true, Ordering::SeqCst);
    let ended = tokio::select! {
        done = work => done,
        () = stopped => {
            OVER.store(true, Ordering::SeqCst);
            // The thread that asks may take a moment to notice; the terminal must not wait for it.
            disable_raw_mode().ok();
            Ok(Ending::Cancelled)
        }
    };
    WATCHED.store(false, Ordering::SeqCst);
    ended
}

/// Waits until a question was ended with Ctrl-C, which sends no signal while nothing is shown.
async fn told() {
    while !is_over() {
        tokio::time::sleep(STEP).await;
    }
}

/// The line that is being read. Reading cannot be given up: what a question that was dropped left is taken over by the next.
static READING: Mutex<Option<JoinHandle<Option<String>>>> = Mutex::const_new(None);

/// Asks for a line; none at the end of the input. It may be dropped while nothing was typed yet.
pub async fn line(question: &str) -> Option<String> {
    let mut reading = READING.lock().await;
    // What was typed while nothing was asked answers nothing.
    if reading.as_ref().is_some_and(JoinHandle::is_finished) {
        *reading = None;
    }
    write!(std::io::stderr(), "{question}").and_then(|()| std::io::stderr().flush()).ok();
    let read = || {
        let mut answer = String::new();
        let count = std::io::stdin().read_line(&mut answer).unwrap_or(0);
        (count > 0).then(|| answer.trim().to_owned())
    };
    let answer = reading.get_or_insert_with(|| tokio::task::spawn_blocking(read)).await;
    *reading = None;
    answer.ok().flatten()
}

/// Asks for the passphrase of a key file; none when nothing was typed.
pub async fn passphrase(file: &str) -> Option<Passphrase> {
    hidden(&format!("passphrase of {file} (not shown; empty leaves it): ")).await
}

/// Asks for something that is not shown; none when nothing was typed.
pub async fn hidden(question: &str) -> Option<Passphrase> {
    write!(std::io::stderr(), "{question}").ok();
    std::io::stderr().flush().ok();
    let typed = tokio::task::spawn_blocking(|| {
        let raw = Raw::enter()?;
        let typed = typed();
        drop(raw);
        typed
    });
    let typed = typed.await.ok().flatten();
    tell!();
    if is_over() && WATCHED.load(Ordering::SeqCst) {
        // Everything ends in a moment; nothing is to come of the question meanwhile.
        std::future::pending::<()>().await;
    }
    typed
}

/// Whether a question was left with Ctrl-C: what it was asked for is to end.
pub fn is_over() -> bool {
    OVER.load(Ordering::SeqCst)
}

/// The terminal while what is typed is not shown.
struct Raw;

impl Raw {
    fn enter() -> Option<Self> {
        enable_raw_mode().ok().map(|()| Self)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        disable_raw_mode().ok();
    }
}

fn typed() -> Option<Passphrase> {
    let mut hidden = Hidden::default();
    loop {
        if OVER.load(Ordering::SeqCst) {
            return None;
        }
        if !poll(STEP).ok()? {
            continue;
        }
        match read().ok()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                let control = key.modifiers.contains(KeyModifiers::CONTROL);
                match key.code {
                    KeyCode::Enter => break,
                    KeyCode::Char('c' | 'd') if control => {
                        OVER.store(true, Ordering::SeqCst);
                        return None;
                    }
                    KeyCode::Char('u') if control => hidden.delete_all(),
                    KeyCode::Char(c) if !control => {
                        hidden.insert(c.encode_utf8(&mut [0; 4]));
                    }
                    KeyCode::Backspace => hidden.delete_back(),
                    _ => {}
                }
            }
            Event::Paste(text) => {
                hidden.insert(&text);
            }
            _ => {}
        }
    }
    (!hidden.is_empty()).then(|| hidden.take())
}
