//! However the console is left, the terminal is as it was: quit, signals, the window closed, and the background and
//! back again.

use std::io::Read;
use std::time::Duration;

use portable_pty::{CommandBuilder, native_pty_system};
use rustix::process::Signal;
use tokio::time::Instant;

use super::support::terminal::{pty_size, settle};
use super::{LARGE, SMALL, Stage, Terminal, moored, patience, paused};

#[test]
fn quitting_gives_the_terminal_back() {
    for key in ["q", "\x03", ":quit\r"] {
        let (_stage, mut terminal) = moored(1, SMALL);
        assert!(terminal.is_taken() && terminal.screen().bracketed_paste());
        terminal.press(key);
        terminal.ends_well(0);
    }
}

#[test]
fn a_signal_ends_it_and_gives_the_terminal_back() {
    for signal in [Signal::TERM, Signal::HUP, Signal::INT, Signal::QUIT] {
        let (_stage, mut terminal) = moored(1, LARGE);
        assert!(terminal.is_taken());
        terminal.signal(signal);
        terminal.ends_well(0);
    }
}

#[test]
fn two_signals_at_once_end_it_as_one_does() {
    let (_stage, mut terminal) = moored(1, LARGE);
    terminal.signal(Signal::TERM);
    terminal.signal(Signal::HUP);
    terminal.ends_well(0);
}

/// A shell that says when the console is stopped, and takes it back to the front on a key.
fn under_a_shell(stage: &Stage) -> Terminal {
    let mut command = CommandBuilder::new("bash");
    let script = "set -m; \"$0\"; echo stopped=$?; read -r _; fg >/dev/null; echo over=$?; read -r _";
    command.args(["--norc", "-c", script, env!("CARGO_BIN_EXE_qd")]);
    Terminal::start(stage, SMALL, command, &[])
}

#[test]
fn in_the_background_the_terminal_is_the_shells_and_in_front_it_is_the_consoles() {
    let stage = Stage::new(&paused(3));
    let mut terminal = under_a_shell(&stage);
    terminal.shows("s02");
    assert!(terminal.is_taken());
    terminal.press("\x1a");
    terminal.shows("stopped=");
    terminal.assert_given_back();
    #[cfg(target_os = "linux")]
    {
        use super::support::process::{children, state};
        let console = children(terminal.id());
        assert!(matches!(console[..], [one] if state(one) == Some('T')), "{console:?}");
    }
    terminal.press("\r");
    terminal.until("the console", Terminal::is_taken);
    terminal.shows("s02");
    // Keys are read as before.
    terminal.press("?");
    terminal.shows("Leave the console");
    terminal.press("?");
    terminal.hides("Leave the console");
    terminal.press("q");
    terminal.shows("over=0");
    terminal.assert_given_back();
    terminal.press("\r");
    terminal.ends_well(0);
}

#[test]
fn it_ends_when_its_window_is_closed() {
    let stage = Stage::new(&paused(1));
    let pair = native_pty_system().openpty(pty_size(SMALL)).unwrap();
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_qd"));
    settle(&mut command, &stage);
    let mut console = pair.slave.spawn_command(command).unwrap();
    let mut reader = pair.master.try_clone_reader().unwrap();
    let (mut drawn, mut buffer) = (Vec::new(), [0; 4096]);
    while !drawn.windows(3).any(|w| w == b"s00") {
        let count = reader.read(&mut buffer).unwrap();
        drawn.extend_from_slice(&buffer[..count]);
    }
    drop((reader, pair));
    let closed = Instant::now();
    let status = loop {
        if let Some(status) = console.try_wait().unwrap() {
            break status;
        }
        if closed.elapsed() > patience() {
            console.kill().unwrap();
            panic!("it goes on without a window");
        }
        std::thread::park_timeout(Duration::from_millis(10));
    };
    // There is nobody to tell, so how it says it does not matter; a crash would.
    assert!(status.signal().is_none() && status.exit_code() != 101, "{status:?}\n{}", stage.log());
}
