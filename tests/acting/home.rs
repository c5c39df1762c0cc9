//! The machine of an operator: folders for state and settings, and the binary run from it, to the end or as it goes.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::JoinHandle;

use portable_pty::CommandBuilder;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::site::{ENVIRONMENT, Site};
use crate::stage::Stage;
use crate::terminal::Terminal;
use crate::until;

/// How a call of the binary ended and what it said.
#[derive(Debug)]
pub struct Ended {
    /// The exit code; none when a signal ended it.
    pub code: Option<i32>,
    pub out: String,
    pub told: String,
}

impl Ended {
    /// Holds it against an exit code.
    #[track_caller]
    pub fn with(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.out, self.told);
        self
    }

    /// Both streams.
    pub fn all(&self) -> String {
        format!("{}{}", self.out, self.told)
    }

    /// The name of the run that it told of.
    #[track_caller]
    pub fn run(&self) -> String {
        let line = self.told.lines().find_map(|l| l.strip_prefix("run "));
        let line = line.unwrap_or_else(|| panic!("no run: {}\n{}", self.out, self.told));
        line.split(' ').next().unwrap().to_owned()
    }
}

/// An operator's machine.
pub struct Home<'s> {
    site: &'s Site,
    name: String,
    stage: Stage,
}

impl<'s> Home<'s> {
    pub fn new(site: &'s Site, operator: &str) -> Self {
        Self { site, name: operator.to_owned(), stage: Stage::empty() }
    }

    /// The binary about to be run here.
    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        for name in Stage::foreign().chain(["SSH_AUTH_SOCK"]) {
            command.env_remove(name);
        }
        command.arg("--deck").arg(self.site.deck()).args(words).envs(self.stage.variables());
        command.env("QUARTERDECK_SSH_CONFIG", self.site.ssh_config()).env("USER", &self.name);
        command.current_dir(self.stage.work()).stdin(Stdio::null());
        command
    }

    /// The console in a terminal of its own; the keys are the caller's.
    pub fn console(&self) -> Terminal {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_qd"));
        command.env_remove("SSH_AUTH_SOCK");
        command.arg("--deck");
        command.arg(self.site.deck());
        let ssh = self.site.ssh_config();
        let own = [("QUARTERDECK_SSH_CONFIG", ssh.to_str().unwrap()), ("USER", self.name.as_str())];
        Terminal::start(&self.stage, (120, 40), command, &own)
    }

    /// Runs it to its end.
    #[track_caller]
    pub fn qd(&self, words: &[&str]) -> Ended {
        self.start(words).ends()
    }

    /// Starts it.
    pub fn start(&self, words: &[&str]) -> Going {
        Going::start(self.command(words))
    }

    /// The state folder.
    pub fn state(&self) -> PathBuf {
        self.stage.work().with_file_name("state").join("quarterdeck")
    }

    /// Makes a plan that can run, and gives it.
    #[track_caller]
    pub fn plan(&self, what: &[&str]) -> Value {
        let planned = self.qd(&[&["plan", "--json"], what].concat()).with(0);
        serde_json::from_str(&planned.out).unwrap()
    }

    /// What must be given to agree to it.
    #[track_caller]
    pub fn agreement(&self, what: &[&str]) -> String {
        let plan = self.plan(what);
        format!("{ENVIRONMENT}:{}", &plan["digest"].as_str().unwrap()[..8])
    }

    /// Plans, agrees and starts.
    #[track_caller]
    pub fn begin(&self, what: &[&str]) -> Going {
        let agreement = self.agreement(what);
        self.start(&[&["run"], what, &["--confirm", &agreement, "--reason", "as the test asks"]].concat())
    }

    /// Plans, agrees and runs to the end.
    #[track_caller]
    pub fn run(&self, what: &[&str]) -> Ended {
        self.begin(what).ends()
    }

    /// Goes on with a run, after agreeing to what is left of it.
    #[track_caller]
    pub fn resume(&self, run: &str) -> Ended {
        let asked = self.qd(&["runs", "resume", run]);
        let agreement = asked.told.split("--confirm ").nth(1).map(|rest| rest.split_whitespace().next().unwrap());
        let Some(agreement) = agreement.filter(|_| asked.code == Some(4)) else { return asked };
        self.qd(&["runs", "resume", run, "--confirm", agreement, "--reason", "as the test asks"])
    }

    /// Every run that this machine knows, by name.
    pub fn runs(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.state().join("runs")) else { return Vec::new() };
        let mut names: Vec<String> = entries.flatten().filter_map(|e| e.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// The folder of a run.
    pub fn folder(&self, run: &str) -> PathBuf {
        self.state().join("runs").join(run)
    }

    /// The journal of a run.
    #[track_caller]
    pub fn journal(&self, run: &str) -> Vec<Value> {
        entries(&self.folder(run).join("journal.jsonl"))
    }

    /// What a step printed on a host, over all attempts.
    pub fn printed(&self, run: &str, step: &str, host: &str) -> String {
        std::fs::read_to_string(self.folder(run).join("out").join(format!("{step}.{host}.log"))).unwrap_or_default()
    }

    /// The last outcome of every step on every host: `("switch", "a", "ok")`.
    #[track_caller]
    pub fn outcomes(&self, run: &str) -> Vec<(String, String, String)> {
        let mut last = std::collections::BTreeMap::new();
        let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
        for entry in self.journal(run).iter().filter(|e| e["fact"] == "finished") {
            last.insert((word(entry, "step"), word(entry, "host")), word(entry, "outcome"));
        }
        last.into_iter().map(|((step, host), outcome)| (step, host, outcome)).collect()
    }

    /// The last outcome of a step on a host.
    #[track_caller]
    pub fn outcome(&self, run: &str, step: &str, host: &str) -> String {
        let all = self.outcomes(run);
        let found = all.iter().find(|(s, h, _)| s == step && h == host);
        found.unwrap_or_else(|| panic!("no {step} on {host} in {all:?}")).2.clone()
    }
}

/// The whole lines of a journal.
pub fn entries(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The binary as it goes.
pub struct Going {
    child: Child,
    streams: [Option<JoinHandle<String>>; 2],
}

impl Going {
    /// Starts a command.
    pub fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (out, told) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        Self { child, streams: [Some(reads(out)), Some(reads(told))] }
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Waits for its end.
    #[track_caller]
    pub fn ends(mut self) -> Ended {
        let mut status = None;
        until("the binary ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let [out, told] = self.streams.each_mut().map(|s| s.take().unwrap().join().unwrap());
        let code = status.unwrap().code();
        assert_ne!(code, Some(101), "it panicked: {told}");
        Ended { code, out, told }
    }

    /// Kills it as the kernel does when memory is short.
    pub fn dies(self) {
        self.signal(Signal::KILL);
        self.ends();
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn reads(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).ok();
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
