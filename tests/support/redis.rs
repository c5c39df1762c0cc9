//! A real Redis server on a private port, ended with the test that started it.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{folder, free_port, ordinary, run};

/// A server; ended on drop.
pub struct Redis {
    folder: TempDir,
    child: Child,
    /// Where it listens on 127.0.0.1.
    pub port: u16,
    password: Option<String>,
}

impl Redis {
    /// A server with some more lines of configuration; returns when it answers.
    pub async fn start(more: &str) -> Self {
        let (folder, port) = (folder(), free_port());
        let data = folder.path().join("data");
        run(ordinary("mkdir").arg(&data));
        let path = folder.path().join("redis.conf");
        let place = format!("bind 127.0.0.1\nport {port}\ndir {}\n", data.display());
        std::fs::write(&path, format!("{place}save \"\"\nappendonly no\n{more}\n")).unwrap();
        let child = ordinary("redis-server").arg(&path).stdout(Stdio::null()).stdin(Stdio::null()).spawn().unwrap();
        let password = more.lines().find_map(|l| l.strip_prefix("requirepass ")).map(str::to_owned);
        let server = Self { folder, child, port, password };
        for _ in 0..100 {
            if tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_ok() {
                return server;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("redis-server did not start");
    }

    /// Its folder, for files of the test.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs a command of redis-cli.
    pub fn cli(&self, words: &[&str]) -> String {
        let mut command = Command::new("redis-cli");
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        if let Some(password) = &self.password {
            command.args(["--no-auth-warning", "-a", password]);
        }
        String::from_utf8_lossy(&run(command.args(words)).stdout).into_owned()
    }

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).ok();
    }

    /// The deck of a check on it.
    pub fn deck(&self, more: &str) -> String {
        format!("redis = \"redis://127.0.0.1:{}\"\n{more}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
