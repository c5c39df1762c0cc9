//! The terminal: taken over on entering and given back on leaving, however that happens: quit, error, panic, signal.

use std::io::{self, Stdout, Write};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use ratatui::{Frame, Terminal};

/// Whether the terminal is ours at the moment; asked by the panic hook.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// The terminal while the console has it.
pub struct Screen {
    // Never dropped: ratatui's drop shows the cursor, which `give_back` did, and panics when the window is gone.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<io::BufWriter<Stdout>>>>,
    mouse: bool,
}

/// Most bytes sent to the clipboard: many terminals drop more.
const MOST_COPIED: usize = 74_000;

impl Screen {
    /// Takes the terminal.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        take(mouse)?;
        // Room for a whole frame, so that it is written in one go.
        let backend = CrosstermBackend::new(io::BufWriter::with_capacity(256 * 1024, io::stdout()));
        match Terminal::new(backend) {
            Ok(terminal) => Ok(Self { terminal: ManuallyDrop::new(terminal), mouse }),
            Err(error) => {
                give_back();
                Err(error)
            }
        }
    }

    /// Columns and lines.
    pub fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws a frame; only what changed is written.
    pub fn draw(&mut self, render: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(render).map(|_| ())
    }

    /// Forgets what is on the screen, so that the next frame is written whole.
    pub fn forget(&mut self) -> io::Result<()> {
        // `Terminal::clear` would ask the terminal for the cursor and wait for its answer, which the thread that reads
        // keys takes away; a change to the same size clears without a question.
        let (width, height) = self.size()?;
        self.terminal.resize(Rect { x: 0, y: 0, width, height })
    }

    /// Sends text to the clipboard of the terminal (OSC 52). Whether the terminal takes it cannot be known.
    pub fn copy(&mut self, text: &str) -> Result<(), String> {
        if text.len() > MOST_COPIED {
            return Err(format!("{} KB are too much for the clipboard of a terminal", text.len() / 1000));
        }
        let mut out = io::stdout();
        execute!(out, CopyToClipboard::to_clipboard_from(text)).map_err(|e| e.to_string())
    }

    /// Gives the terminal to the shell until it continues us.
    pub fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole process group, as ctrl-z would: a wrapper script stops with us.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        take(self.mouse)?;
        self.forget()
    }

    /// Lends the terminal to a shell: the screen as it was before, and keys still come one by one.
    pub fn lend(&mut self) -> io::Result<()> {
        let mut out = io::stdout();
        execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show)
    }

    /// Takes it back.
    pub fn take_back(&mut self) -> io::Result<()> {
        // The shell, or what ran in it, may have left anything behind.
        take(self.mouse)?;
        self.forget()
    }

    /// Gives the terminal back.
    pub fn leave(&mut self) {
        give_back();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

fn take(mouse: bool) -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    // A console that was killed has left what it drew.
    let blank = Clear(ClearType::All);
    execute!(out, EnterAlternateScreen, blank, EnableBracketedPaste, cursor::Hide, SetTitle("quarterdeck"))?;
    if mouse {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

/// Gives the terminal back if it is ours. Errors mean that it is gone, and then there is nothing to restore.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    execute!(out, DisableMouseCapture, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show).ok();
    out.flush().ok();
    disable_raw_mode().ok();
}

/// Makes a panic give the terminal back before it is told. A panic on another thread than the caller's leaves the
/// screen alone: the task is reported as failed and the console goes on.
pub fn install_panic_hook() {
    let before = std::panic::take_hook();
    let ours = std::thread::current().id();
    std::panic::set_hook(Box::new(move |panic| {
        tracing::error!(%panic, "panic");
        if std::thread::current().id() == ours {
            give_back();
            before(panic);
        } else if !TAKEN.load(Ordering::SeqCst) {
            before(panic);
        }
    }));
}
