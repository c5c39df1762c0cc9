//! A real RabbitMQ node with its management interface. It takes five seconds to start: one for all tests.

use std::fs::File;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{folder, free_port, ordinary, run};

const PROGRAMS: &str = "/usr/lib/rabbitmq/bin";

/// A node; ended on drop, with the port mapper that it started.
pub struct RabbitMq {
    folder: TempDir,
    child: Option<Child>,
    mapper: u16,
    ports: [u16; 2],
    /// Where its management interface listens on 127.0.0.1.
    pub port: u16,
}

impl RabbitMq {
    /// A node; returns when its health checks answer.
    pub async fn start() -> Self {
        let mut node = Self {
            folder: folder(),
            child: None,
            mapper: free_port(),
            ports: [free_port(), free_port()],
            port: free_port(),
        };
        let at = |name: &str| node.folder.path().join(name);
        let conf = format!(
            "management.tcp.ip=127.0.0.1\nmanagement.tcp.port={}\ncollect_statistics_interval=1000\n",
            node.port
        );
        std::fs::write(at("rabbitmq.conf"), conf).unwrap();
        std::fs::write(at("enabled_plugins"), "[rabbitmq_management].").unwrap();
        run(ordinary("mkdir").arg(at("home")));
        let log = File::create(at("out")).unwrap();
        let mut command = node.command("rabbitmq-server");
        command.stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
        node.child = Some(command.spawn().unwrap());
        let address = format!("http://127.0.0.1:{}/api/health/checks/local-alarms", node.port);
        for _ in 0..150 {
            let mut curl = Command::new("curl");
            let answer = curl.args([
                "-s",
                "-o",
                "/dev/null",
                "--noproxy",
                "*",
                "-w",
                "%{http_code}",
                "-u",
                "guest:guest",
                &address,
            ]);
            if answer.output().unwrap().stdout == b"200" {
                return node;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("RabbitMQ did not start: {}", std::fs::read_to_string(node.folder.path().join("out")).unwrap());
    }

    /// Its folder, for files of the test.
    pub fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// Runs a command of rabbitmqctl.
    pub fn control(&self, words: &[&str]) {
        run(self.command("rabbitmqctl").args(words));
    }

    /// The deck of a check on it.
    pub fn deck(&self, more: &str) -> String {
        format!("rabbitmq = \"http://127.0.0.1:{}\"\n{more}", self.port)
    }

    fn command(&self, name: &str) -> Command {
        let at = |name: &str| self.folder.path().join(name);
        let mut command = ordinary(format!("{PROGRAMS}/{name}"));
        command
            .env("HOME", at("home"))
            .env("ERL_EPMD_ADDRESS", "127.0.0.1")
            .env("ERL_EPMD_PORT", self.mapper.to_string())
            .env("RABBITMQ_NODENAME", format!("t{}@localhost", self.port))
            .env("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1")
            .env("RABBITMQ_NODE_PORT", self.ports[0].to_string())
            .env("RABBITMQ_DIST_PORT", self.ports[1].to_string())
            .env("RABBITMQ_MNESIA_BASE", at("mnesia"))
            .env("RABBITMQ_LOG_BASE", at("log"))
            .env("RABBITMQ_PID_FILE", at("pid"))
            .env("RABBITMQ_CONFIG_FILE", at("rabbitmq.conf"))
            .env("RABBITMQ_CONF_ENV_FILE", at("none"))
            .env("RABBITMQ_ENABLED_PLUGINS_FILE", at("enabled_plugins"))
            .env("RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
        command
    }
}

impl Drop for RabbitMq {
    fn drop(&mut self) {
        // Erlang's helpers make sessions of their own; the private port in their environment tells whose they are.
        let mark = format!("ERL_EPMD_PORT={}", self.mapper);
        for entry in std::fs::read_dir("/proc").into_iter().flatten().flatten() {
            let pid = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw);
            let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if let (Some(pid), true) = (pid, environment.split(|b| *b == 0).any(|v| v == mark.as_bytes())) {
                kill_process(pid, Signal::KILL).ok();
            }
        }
        if let Some(mut child) = self.child.take() {
            child.wait().ok();
        }
    }
}
