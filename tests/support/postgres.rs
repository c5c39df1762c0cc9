//! A real PostgreSQL 15, and standbys that stream from it.

use std::path::{Path, PathBuf};
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{folder, free_port, ordinary, run};

/// A server; ended on drop.
pub struct Postgres {
    folder: TempDir,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
}

impl Postgres {
    /// A primary with an empty database `app`.
    pub fn start() -> Self {
        let server = Self { folder: folder(), port: free_port() };
        let sync = ["--no-sync", "--locale=C.UTF-8", "-E", "UTF8", "-U", "app", "-A", "trust"];
        run(ordinary(program("initdb")).arg("-D").arg(server.data()).args(sync));
        server.configure("max_connections=10\nfsync=off\nshared_buffers=16MB");
        server.go();
        server.sql("create database app");
        server
    }

    /// A standby that streams from this one.
    pub fn standby(&self) -> Self {
        let server = Self { folder: folder(), port: free_port() };
        let source = ["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "app", "-R", "-X", "stream", "--no-sync"];
        run(ordinary(program("pg_basebackup")).arg("-D").arg(server.data()).args(["-c", "fast"]).args(source));
        server.configure("");
        server.go();
        server
    }

    /// Its folder, for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn configure(&self, more: &str) {
        let path = self.data().join("postgresql.conf");
        let old = std::fs::read_to_string(&path).unwrap();
        let place = format!(
            "listen_addresses='127.0.0.1'\nport={}\nunix_socket_directories='{}'",
            self.port,
            self.folder.path().display()
        );
        std::fs::write(path, format!("{old}\n{place}\n{more}\n")).unwrap();
    }

    fn control(&self, words: &[&str]) -> Command {
        let mut command = ordinary(program("pg_ctl"));
        command.arg("-D").arg(self.data()).args(["-w", "-s"]).args(words);
        command
    }

    /// Starts it; returns when it takes connections.
    pub fn go(&self) {
        let log = self.folder.path().join("log");
        // With pipes for its streams the wait would last as long as the server.
        let mut command = self.control(&["-l", log.to_str().unwrap(), "start"]);
        command
            .stdin(std::process::Stdio::null())
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null());
        assert!(command.status().unwrap().success(), "{}", std::fs::read_to_string(log).unwrap_or_default());
    }

    /// Stops it at once, as a crash would.
    pub fn stop(&self) {
        run(&mut self.control(&["-m", "immediate", "stop"]));
    }

    /// Runs a statement.
    pub fn sql(&self, statement: &str) {
        let place = ["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "app", "-d", "postgres", "-X", "-q"];
        run(ordinary(program("psql")).args(place).args(["-v", "ON_ERROR_STOP=1", "-c", statement]));
    }

    /// Puts a line before all others of `pg_hba.conf`.
    pub fn admit(&self, line: &str) {
        let path = self.data().join("pg_hba.conf");
        let old = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, format!("{line}\n{old}")).unwrap();
        run(&mut self.control(&["reload"]));
    }

    /// Sends a signal to its main process.
    pub fn signal(&self, signal: Signal) {
        if let Some(pid) = self.pid() {
            kill_process(pid, signal).ok();
        }
    }

    fn pid(&self) -> Option<Pid> {
        let text = std::fs::read_to_string(self.data().join("postmaster.pid")).ok()?;
        Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
    }

    /// The deck of a check on it.
    pub fn deck(&self, user: &str, more: &str) -> String {
        format!("postgres = \"postgresql://{user}@127.0.0.1:{}/app\"\n{more}", self.port)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.signal(Signal::CONT);
        if self.pid().is_some() {
            self.control(&["-m", "immediate", "stop"]).output().ok();
        }
    }
}

fn program(name: &str) -> PathBuf {
    // Debian keeps every version in a folder of its own.
    let versions = std::fs::read_dir("/usr/lib/postgresql").expect("PostgreSQL is installed; tests/run installs it");
    versions.filter_map(|v| Some(v.ok()?.path().join("bin").join(name))).find(|p| p.exists()).expect("its programs")
}
