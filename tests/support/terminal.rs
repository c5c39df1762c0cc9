//! A terminal with a program in it: keys go in, what comes out is put on a screen by a parser of its own, and at the
//! end it is compared with how it was before. Knows no words of the console.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtyPair, PtySize, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::stage::{Stage, patience};

/// What a wait looks at between two pieces of output.
const STEP: Duration = Duration::from_millis(10);
/// Written behind the last word of a program that ended, to know that all of it was read.
const END: &str = "\x1b]2;that was all\x07";

/// A pseudo terminal, the program in it and its screen.
pub struct Terminal {
    // Kept open, so that the modes can be read when the program is gone.
    pair: PtyPair,
    writer: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<Vec<u8>>,
    parser: vt100::Parser,
    raw: Vec<u8>,
    modes: String,
}

/// The size as the system wants it.
pub fn pty_size((columns, lines): (u16, u16)) -> PtySize {
    PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 }
}

/// Makes a program start on a stage.
pub fn settle(command: &mut CommandBuilder, stage: &Stage) {
    Stage::foreign().for_each(|name| command.env_remove(name));
    stage.variables().into_iter().for_each(|(name, value)| command.env(name, value));
    command.cwd(stage.work());
}

fn modes(master: &dyn MasterPty) -> String {
    let all = master.get_termios().unwrap();
    format!("{:?} {:?} {:?} {:?}", all.input_flags, all.output_flags, all.control_flags, all.local_flags)
}

impl Terminal {
    /// The binary in a terminal of so many columns and lines.
    pub fn qd(stage: &Stage, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::qd_with(stage, size, arguments, &[])
    }

    /// The binary with variables of its own.
    pub fn qd_with(stage: &Stage, size: (u16, u16), arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_qd"));
        command.args(arguments);
        Self::start(stage, size, command, variables)
    }

    /// Any program, started on the stage.
    pub fn start(stage: &Stage, size: (u16, u16), mut command: CommandBuilder, variables: &[(&str, &str)]) -> Self {
        settle(&mut command, stage);
        for (name, value) in variables {
            command.env(name, value);
        }
        let pair = native_pty_system().openpty(pty_size(size)).unwrap();
        let modes = modes(&*pair.master);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = sync_channel(4096);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let child = pair.slave.spawn_command(command).unwrap();
        let writer = pair.master.take_writer().unwrap();
        let [columns, lines] = [size.0, size.1].map(|n| NonZeroU16::new(n).unwrap());
        Self { pair, writer, child, output, parser: vt100::Parser::new(lines, columns, 0), raw: Vec::new(), modes }
    }

    /// Sends bytes as if they were typed.
    pub fn press(&mut self, keys: impl AsRef<[u8]>) {
        self.writer.write_all(keys.as_ref()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Changes the size of the window.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.take_in(Duration::ZERO);
        let [columns, lines] = [size.0, size.1].map(|n| NonZeroU16::new(n).unwrap());
        self.parser.screen_mut().set_size(lines, columns);
        self.pair.master.resize(pty_size(size)).unwrap();
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// The process id of the program.
    pub fn id(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// The words on the screen.
    pub fn text(&self) -> String {
        self.parser.screen().contents()
    }

    /// The screen.
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Everything that was ever written.
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Takes in what is written meanwhile.
    pub fn take_in(&mut self, time: Duration) {
        let end = Instant::now() + time;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(bytes) => {
                    self.parser.process(&bytes);
                    self.raw.extend(bytes);
                }
                Err(RecvTimeoutError::Timeout) => return,
                Err(RecvTimeoutError::Disconnected) => {
                    std::thread::park_timeout(end.saturating_duration_since(Instant::now()));
                    return;
                }
            }
        }
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            assert!(
                began.elapsed() < patience(),
                "{what} did not come within {:?}; the screen:\n{}\n",
                patience(),
                self.text()
            );
            self.take_in(STEP);
        }
    }

    /// Waits until the screen shows words.
    #[track_caller]
    pub fn shows(&mut self, words: &str) {
        self.until(&format!("`{words}`"), |t| t.text().contains(words));
    }

    /// Waits until the screen shows words no more.
    #[track_caller]
    pub fn hides(&mut self, words: &str) {
        self.until(&format!("the end of `{words}`"), |t| !t.text().contains(words));
    }

    /// Waits for the end of the program and takes in all that it wrote.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        let began = Instant::now();
        let status = loop {
            self.take_in(STEP);
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < patience(), "it does not end; the screen:\n{}\n", self.text());
        };
        let name = self.pair.master.tty_name().unwrap();
        let no_terminal = i32::try_from(rustix::fs::OFlags::NOCTTY.bits()).unwrap();
        let mut other_end = std::fs::File::options().write(true).custom_flags(no_terminal).open(name).unwrap();
        other_end.write_all(END.as_bytes()).unwrap();
        self.until("the last word", |t| t.raw.ends_with(END.as_bytes()));
        status
    }

    /// Waits for the end and expects this exit code and a terminal as it was before.
    #[track_caller]
    pub fn ends_well(&mut self, code: u32) {
        let status = self.ends();
        assert_eq!(status.exit_code(), code, "{status:?}\n{}", self.text());
        self.assert_given_back();
    }

    /// Whether the program has the terminal: another screen, no cursor.
    pub fn is_taken(&self) -> bool {
        self.screen().alternate_screen() && self.screen().hide_cursor()
    }

    /// Expects the terminal to be as it was before.
    #[track_caller]
    pub fn assert_given_back(&self) {
        let screen = self.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is still shown:\n{}", self.text());
        assert!(!screen.hide_cursor(), "the cursor is still hidden");
        assert!(!screen.bracketed_paste(), "bracketed paste is still on");
        assert_eq!(screen.mouse_protocol_mode(), vt100::MouseProtocolMode::None, "the mouse is still reported");
        assert_eq!(modes(&*self.pair.master), self.modes, "the modes of the terminal differ");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.child.kill().ok();
            self.child.wait().ok();
        }
    }
}
