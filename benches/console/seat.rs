//! A console in a pseudo-terminal: what it draws is read and parsed as it comes, keys are sent, processor time and
//! memory are read from `/proc` (Linux).

use std::error::Error;
use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A running console.
pub struct Seat {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    screen: vt100::Parser,
}

impl Seat {
    /// Starts `qd` with these arguments; its state goes to the folder.
    pub fn take(state: &Path, arguments: &[&str], (columns, lines): (u16, u16)) -> Outcome<Self> {
        let pair =
            native_pty_system().openpty(PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 })?;
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_qd"));
        command.args(arguments);
        command.env("TERM", "xterm-256color");
        command.env("XDG_STATE_HOME", state);
        command.env("XDG_CONFIG_HOME", state);
        let child = pair.slave.spawn_command(command)?;
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader()?;
        let (sender, output) = sync_channel(1024);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer.get(..count).unwrap_or_default().to_vec()).is_err() {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer()?;
        let size = |cells: u16| std::num::NonZero::new(cells).ok_or("a screen of nothing");
        let screen = vt100::Parser::new(size(lines)?, size(columns)?, 0);
        Ok(Self { child, _master: pair.master, writer, output, screen })
    }

    /// Presses keys.
    pub fn send(&mut self, keys: &[u8]) -> Outcome<()> {
        self.writer.write_all(keys)?;
        Ok(self.writer.flush()?)
    }

    /// Reads what is drawn until the screen shows these words.
    pub fn until(&mut self, words: &str, most: Duration) -> Outcome<()> {
        self.wait(most, words, |screen| screen.contents().contains(words))
    }

    /// Reads what is drawn until the line at the bottom shows the typed character.
    pub fn typed(&mut self, key: char, most: Duration) -> Outcome<()> {
        self.wait(most, "the key typed", |screen| {
            let last = screen.rows(0, screen.size().1.get()).last().unwrap_or_default();
            last.trim_start().strip_prefix('/').is_some_and(|rest| rest.trim().starts_with(key))
        })
    }

    fn wait(&mut self, most: Duration, what: &str, shown: impl Fn(&vt100::Screen) -> bool) -> Outcome<()> {
        let deadline = Instant::now() + most;
        while !shown(self.screen.screen()) {
            match self.output.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(_) => {
                    return Err(format!("no `{what}` within {most:?}:\n{}", self.screen.screen().contents()).into());
                }
            }
        }
        Ok(())
    }

    /// Lets time pass, reading what is drawn.
    pub fn rest(&mut self, time: Duration) -> Outcome<()> {
        let until = Instant::now() + time;
        loop {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.screen.process(&bytes),
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => return Err("the console ended".into()),
            }
        }
    }

    /// Waits until the process has ended.
    pub fn gone(&mut self, most: Duration) -> Outcome<()> {
        let deadline = Instant::now() + most;
        while Instant::now() < deadline {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        Err("the console does not leave".into())
    }

    /// Leaves by key.
    pub fn leave(mut self) -> Outcome<()> {
        self.send(b"q")?;
        self.gone(Duration::from_secs(5))
    }

    /// Processor time of all its threads so far, to the nanosecond (`/proc/PID/task/*/schedstat`, first field; the
    /// ticks of `/proc/PID/stat` are too coarse for a console that hardly runs).
    pub fn processor(&self) -> Outcome<Duration> {
        let mut total = 0;
        for task in std::fs::read_dir(format!("/proc/{}/task", self.pid()?))? {
            let schedule = std::fs::read_to_string(task?.path().join("schedstat")).unwrap_or_default();
            total += schedule.split_whitespace().next().and_then(|t| t.parse::<u64>().ok()).unwrap_or(0);
        }
        Ok(Duration::from_nanos(total))
    }

    /// Resident memory in MiB (proc(5), `VmRSS`).
    pub fn memory(&self) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()?))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS")).unwrap_or_default();
        let kib: f64 = line.split_whitespace().nth(1).unwrap_or("0").parse()?;
        Ok(kib / 1024.0)
    }

    fn pid(&self) -> Outcome<u32> {
        self.child.process_id().ok_or_else(|| "the console has no process".into())
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
