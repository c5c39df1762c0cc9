//! Questions on a real terminal: the word that accepts a key, and a passphrase that is not shown.

use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, RwLock};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::desk::{Desk, known_to, leads_to};
use crate::sshd::Sshd;
use crate::support::stage::{Stage, patience};

/// The binary on a terminal.
struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Box<dyn Write + Send>,
    shown: Arc<RwLock<String>>,
}

impl Terminal {
    fn start(desk: &Desk, words: &[&str]) -> Self {
        let pair =
            native_pty_system().openpty(PtySize { rows: 40, cols: 160, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_qd"));
        command.args(words);
        command.cwd(desk.work());
        Stage::foreign().for_each(|name| command.env_remove(name));
        command.env_remove("SSH_AUTH_SOCK");
        desk.variables().into_iter().for_each(|(name, value)| command.env(name, value));
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let shown = Arc::new(RwLock::new(String::new()));
        let (mut reader, seen) = (pair.master.try_clone_reader().unwrap(), Arc::clone(&shown));
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = reader.read(&mut bytes) {
                seen.write().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
            }
        });
        let keys = pair.master.take_writer().unwrap();
        Self { child, master: pair.master, keys, shown }
    }

    fn shown(&self) -> String {
        self.shown.write().unwrap().clone()
    }

    #[track_caller]
    fn shows(&self, words: &str) {
        let end = Instant::now() + patience();
        while !self.shown().contains(words) {
            assert!(Instant::now() < end, "no `{words}`: {}", self.shown());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn types(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
        self.keys.flush().unwrap();
    }

    /// Waits until what is typed is not shown, which is a moment after the question.
    fn waits_hidden(&self) {
        let end = Instant::now() + patience();
        while self.is_echoing() {
            assert!(Instant::now() < end, "it shows what is typed");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn is_echoing(&self) -> bool {
        self.settings().split_whitespace().all(|word| word != "-echo")
    }

    fn settings(&self) -> String {
        let name = self.master.tty_name().unwrap();
        let output = Command::new("stty").arg("-a").arg("-F").arg(name).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    #[track_caller]
    fn ends(&mut self) -> u32 {
        let end = Instant::now() + patience();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.exit_code();
            }
            assert!(Instant::now() < end, "it does not end: {}", self.shown());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn a_key_is_accepted_when_the_word_is_typed_in_full() {
    let server = Sshd::start(&[]);
    let desk = Desk::new(&["vps"], &leads_to("vps", &server, "/dev/null"));
    let mut terminal = Terminal::start(&desk, &["hosts", "trust"]);
    terminal.shows("to accept, type yes in full: ");
    terminal.types("y\r");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(desk.accepted(), "");
    terminal.types("yes\r");
    assert_eq!(terminal.ends(), 0, "{}", terminal.shown());
    assert_eq!(desk.accepted(), server.known_hosts());
}

#[test]
fn a_key_that_is_declined_is_not_accepted_and_an_interrupt_ends_the_question() {
    let server = Sshd::start(&[]);
    let desk = Desk::new(&["vps"], &leads_to("vps", &server, "/dev/null"));
    let mut declined = Terminal::start(&desk, &["hosts", "trust"]);
    declined.shows("to accept, type yes in full: ");
    declined.types("no\r");
    assert_eq!(declined.ends(), 4, "{}", declined.shown());
    let mut stopped = Terminal::start(&desk, &["hosts", "trust"]);
    stopped.shows("to accept, type yes in full: ");
    stopped.types("\x03");
    assert_eq!(stopped.ends(), 5, "{}", stopped.shown());
    assert_eq!(desk.accepted(), "");
}

/// A server whose client key has a passphrase.
fn locked() -> (Sshd, Desk) {
    let server = Sshd::start(&[]);
    let words = ["-q", "-p", "-P", "", "-N", "open sesame", "-f"];
    assert!(Command::new("ssh-keygen").args(words).arg(server.key_path()).status().unwrap().success());
    let desk = Desk::new(&["vps"], &known_to("vps", &server));
    (server, desk)
}

#[test]
fn a_passphrase_is_asked_for_and_never_shown() {
    let (_server, desk) = locked();
    let mut terminal = Terminal::start(&desk, &["hosts"]);
    terminal.shows("passphrase of ");
    terminal.waits_hidden();
    terminal.types("wrong\r");
    terminal.shows("does not open");
    let asked_twice = Instant::now() + patience();
    while terminal.shown().matches("passphrase of ").count() < 2 {
        assert!(Instant::now() < asked_twice, "{}", terminal.shown());
        std::thread::sleep(Duration::from_millis(20));
    }
    terminal.waits_hidden();
    terminal.types("open sesame\r");
    assert_eq!(terminal.ends(), 0, "{}", terminal.shown());
    let shown = terminal.shown();
    assert!(shown.contains("live") && !shown.contains("sesame") && !shown.contains("wrong"), "{shown}");
}

#[test]
fn an_interrupt_in_the_middle_of_a_passphrase_gives_the_terminal_back() {
    let (_server, desk) = locked();
    for stop in ["\x03", ""] {
        let mut terminal = Terminal::start(&desk, &["hosts"]);
        terminal.shows("passphrase of ");
        terminal.waits_hidden();
        terminal.types(&format!("half{stop}"));
        if stop.is_empty() {
            // Keys that are still on their way belong to whoever has the terminal next.
            std::thread::sleep(Duration::from_millis(300));
            let pid = terminal.child.process_id().unwrap().cast_signed();
            rustix::process::kill_process(rustix::process::Pid::from_raw(pid).unwrap(), rustix::process::Signal::TERM)
                .unwrap();
        }
        assert_eq!(terminal.ends(), 5, "{}", terminal.shown());
        assert!(terminal.is_echoing(), "the terminal is as it was: {stop:?} {}", terminal.settings());
        assert!(!terminal.shown().contains("half"), "{}", terminal.shown());
    }
}

#[test]
fn without_a_terminal_it_says_what_to_do_about_a_passphrase() {
    let (server, desk) = locked();
    let ended = desk.qd(&["hosts"]);
    let help = format!("type: ssh-add {}", server.key_path().display());
    assert!(ended.code == 4 && ended.out.contains(&help), "{ended:?}");
}
