//! One operator: a deck, an OpenSSH configuration of their own and nothing of whoever runs the tests.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::sshd::Sshd;
use crate::support::stage::{Stage, patience};

/// How a run ended and what it said.
#[derive(Debug)]
pub struct Ended {
    pub code: i32,
    pub out: String,
    pub told: String,
}

pub struct Desk {
    stage: Stage,
    config: PathBuf,
}

impl Desk {
    /// With these hosts in the environment `qa`, and this OpenSSH configuration.
    pub fn new(hosts: &[&str], config: &str) -> Self {
        let mut deck = "name = \"yard\"\n[environments.qa]\ntier = \"staging\"\n".to_owned();
        for host in hosts {
            deck.push_str(&format!("hosts.{host} = {{ ssh = \"{host}\" }}\n"));
        }
        deck.push_str("services.disk.probes.tmp = { command = [\"test\", \"-w\", \"/tmp\"] }\n");
        Self::with(&deck, config)
    }

    /// With this deck.
    pub fn with(deck: &str, config: &str) -> Self {
        let stage = Stage::new(deck);
        let desk = Self { config: stage.work().join("ssh_config"), stage };
        desk.configure(config);
        desk
    }

    pub fn configure(&self, config: &str) {
        fs::write(&self.config, config).unwrap();
    }

    /// A file of the operator.
    pub fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.stage.work().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    /// The deck.
    pub fn deck(&self) -> String {
        fs::read_to_string(self.stage.work().join("quarterdeck.toml")).unwrap()
    }

    /// The host keys that were accepted.
    pub fn accepted(&self) -> String {
        let state = self.stage.variables().into_iter().find(|(name, _)| *name == "XDG_STATE_HOME").unwrap().1;
        fs::read_to_string(PathBuf::from(state).join("quarterdeck/known_hosts")).unwrap_or_default()
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
        for name in Stage::foreign() {
            command.env_remove(name);
        }
        command.args(words).envs(self.variables()).env_remove("SSH_AUTH_SOCK");
        command.current_dir(self.stage.work()).stdin(Stdio::null());
        command
    }

    pub fn variables(&self) -> Vec<(&'static str, std::ffi::OsString)> {
        [self.stage.variables(), vec![("QUARTERDECK_SSH_CONFIG", self.config.clone().into_os_string())]].concat()
    }

    /// Where it is run.
    pub fn work(&self) -> PathBuf {
        self.stage.work()
    }

    /// Runs to the end.
    pub fn qd(&self, words: &[&str]) -> Ended {
        let output = self.command(words).output().unwrap();
        let [out, told] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
        let code = output.status.code().unwrap_or_else(|| panic!("{:?}: {told}", output.status));
        assert_ne!(code, 101, "it panicked: {told}");
        Ended { code, out, told }
    }

    /// Starts what goes on until it is stopped.
    pub fn start(&self, words: &[&str]) -> Running {
        let mut child = self.command(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let out: Box<dyn BufRead + Send> = Box::new(BufReader::new(child.stdout.take().unwrap()));
        let told: Box<dyn BufRead + Send> = Box::new(BufReader::new(child.stderr.take().unwrap()));
        for stream in [out, told] {
            let sender = sender.clone();
            std::thread::spawn(move || stream.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        }
        Running { child, lines, said: Vec::new() }
    }
}

/// A run that goes on.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl Running {
    /// Waits for a line with these words.
    #[track_caller]
    pub fn says(&mut self, words: &str) -> String {
        let end = Instant::now() + patience();
        loop {
            match self.lines.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.said.push(line.clone());
                    if line.contains(words) {
                        return line;
                    }
                }
                Err(why) => panic!("no `{words}`: {why}; it said {:?}", self.said),
            }
        }
    }

    /// Interrupts it, as Ctrl-C does; its exit code.
    #[track_caller]
    pub fn stop(mut self) -> i32 {
        kill_process(Pid::from_child(&self.child), Signal::INT).unwrap();
        let end = Instant::now() + Duration::from_secs(5);
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "it does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The lines of a configuration that lead to a server, its keys known from this file.
pub fn leads_to(name: &str, server: &Sshd, known: &str) -> String {
    leads_at(name, server, server.port(), known)
}

/// The same through another port.
pub fn leads_at(name: &str, server: &Sshd, port: u16, known: &str) -> String {
    format!(
        "Host {name}\n  HostName {}\n  Port {port}\n  User {}\n  IdentityFile {}\n  IdentitiesOnly yes\n  \
         UserKnownHostsFile {known}\n  GlobalKnownHostsFile /dev/null\n  ConnectTimeout 2\n",
        server.address(),
        server.user(),
        server.key_path().display()
    )
}

/// The same with a file that knows its keys.
pub fn known_to(name: &str, server: &Sshd) -> String {
    let known = server.folder().join("known_hosts");
    fs::write(&known, server.known_hosts()).unwrap();
    leads_to(name, server, &known.display().to_string())
}

/// The fingerprint of the server's key, as the real `ssh-keygen` tells it.
pub fn fingerprint(server: &Sshd) -> String {
    let file = server.folder().join("host-ed25519.pub");
    let output = Command::new("ssh-keygen").arg("-lf").arg(file).output().unwrap();
    String::from_utf8_lossy(&output.stdout).split(' ').nth(1).unwrap().to_owned()
}
