//! The other side: parallel-ssh, ansible, the OpenSSH client and rsync, all with the same client configuration.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::table::{Peer, median};

/// Runs a program several times and keeps the middle one of its times; absent when it is, or fails.
pub fn measured(times: usize, mut command: impl FnMut() -> Command) -> Peer {
    let mut took = Vec::new();
    for _ in 0..times {
        match timed(&mut command()) {
            Ok(time) => took.push(time),
            Err(why) => return Peer::Absent(why.to_string()),
        }
    }
    Peer::Took(median(&mut took))
}

/// Runs a program to its good end and says how long it took.
pub fn timed(command: &mut Command) -> Outcome<Duration> {
    let name = command.get_program().to_string_lossy().into_owned();
    command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
    let started = Instant::now();
    let output = command.output().map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => format!("no {name}"),
        _ => format!("{name}: {e}"),
    })?;
    let took = started.elapsed();
    if output.status.success() {
        return Ok(took);
    }
    eprintln!("{name} {}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    Err(format!("{name} failed").into())
}

/// `parallel-ssh` that runs `true` everywhere.
pub fn parallel_ssh(config: &Path, list: &Path, count: usize) -> Command {
    let mut command = Command::new("parallel-ssh");
    command.args(["-p", &count.to_string(), "-t", "60", "-x", &format!("-F {}", config.display())]);
    command.arg("-h").arg(list).arg("true");
    command
}

/// `ansible` that runs `true` everywhere over connections that it keeps.
pub fn ansible(config: &Path, list: &Path, folder: &Path, count: usize) -> Command {
    let mut command = Command::new("ansible");
    let arguments = format!("-F {} -o ControlMaster=auto -o ControlPersist=60s", config.display());
    command.env("ANSIBLE_SSH_ARGS", arguments).env("ANSIBLE_SSH_CONTROL_PATH_DIR", folder.join("cp"));
    // Without a file of that name it would read that of whoever runs the bench.
    command.env("ANSIBLE_CONFIG", folder.join("none.cfg")).env("ANSIBLE_HOME", folder.join("ansible"));
    command.args(["all", "-m", "raw", "-a", "true", "-f", &count.to_string(), "-i"]).arg(list);
    command
}

/// A connection that OpenSSH keeps, as a ControlMaster.
pub struct Master {
    config: PathBuf,
    socket: PathBuf,
    host: String,
}

impl Master {
    /// Connects.
    pub fn connect(config: &Path, folder: &Path, host: &str) -> Outcome<Self> {
        let master =
            Self { config: config.to_owned(), socket: folder.join(format!("master-{host}")), host: host.to_owned() };
        // Not `output`: what stays in the background would keep its pipes open.
        let mut command = master.ssh();
        command.args(["-M", "-N", "-f", &master.host]).stdout(Stdio::null()).stderr(Stdio::null());
        if command.status()?.success() { Ok(master) } else { Err(format!("no connection of ssh to {host}").into()) }
    }

    fn ssh(&self) -> Command {
        let mut command = Command::new("ssh");
        command.arg("-F").arg(&self.config).arg("-S").arg(&self.socket);
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
        command
    }

    /// A command over it.
    pub fn run(&self, words: &str) -> Command {
        let mut command = self.ssh();
        command.args([&self.host, words]);
        command
    }
}

impl Drop for Master {
    fn drop(&mut self) {
        let mut command = self.ssh();
        command.args(["-O", "exit", &self.host]).stdout(Stdio::null()).stderr(Stdio::null());
        // It may be gone with its host.
        command.status().ok();
    }
}

/// `rsync -a` of a folder to a place on a host.
pub fn rsync(config: &Path, from: &Path, host: &str, to: &str) -> Command {
    let mut command = Command::new("rsync");
    command.args(["-a", "-e", &format!("ssh -F {}", config.display())]);
    command.arg(format!("{}/", from.display())).arg(format!("{host}:{to}/"));
    command
}
