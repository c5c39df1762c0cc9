//! Runs of the binary: to the end, or on and on with its lines as they come.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::time::Instant;

use super::support::server::Server;
use super::support::stage::{Stage, patience};

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub told: String,
}

/// The binary, to be run on a stage.
pub fn command(stage: &Stage, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    for name in Stage::foreign() {
        command.env_remove(name);
    }
    command.args(arguments).envs(stage.variables()).current_dir(stage.work()).stdin(Stdio::null());
    command
}

/// Runs to the end.
pub fn qd(stage: &Stage, arguments: &[&str]) -> Ended {
    let output = command(stage, arguments).output().unwrap();
    let [out, told] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    let code = output.status.code().unwrap_or_else(|| panic!("{:?}: {told}", output.status));
    assert_ne!(code, 101, "it panicked: {told}");
    Ended { code, out, told }
}

/// One environment with these services: name, and what stands in its table.
pub fn deck(services: &[(&str, String)]) -> String {
    let mut deck = "name = \"yard\"\n[defaults]\nevery = \"500ms\"\ntimeout = \"3s\"\nrise = 1\nfall = 1\n\
                    [environments.harbour]\ntier = \"development\"\nhosts.far = { ssh = \"ops@192.0.2.1\" }\n\
                    [environments.harbour.services]\n"
        .to_owned();
    for (name, table) in services {
        deck += &format!("{name} = {{ {table} }}\n");
    }
    deck
}

/// A service with one probe on a path of a server.
pub fn on(server: &Server, path: &str) -> String {
    format!("probes.live = {{ http = \"{}\" }}", server.url(path))
}

/// A run that goes on until it is told to end.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
}

impl Running {
    pub fn start(stage: &Stage, arguments: &[&str]) -> Self {
        let mut child = command(stage, arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = sync_channel(4096);
        let out = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line with these words.
    #[track_caller]
    pub fn prints(&self, words: &str) -> String {
        let end = Instant::now() + patience();
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) if line.contains(words) => return line,
                Ok(_) => {}
                Err(why) => panic!("no `{words}`: {why}"),
            }
        }
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_raw(i32::try_from(self.id()).unwrap()).unwrap(), signal).unwrap();
    }

    /// Waits for the end.
    #[track_caller]
    pub fn ends(&mut self) -> ExitStatus {
        ends(&mut self.child)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Waits for the end of a process.
#[track_caller]
pub fn ends(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if began.elapsed() > patience() {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
