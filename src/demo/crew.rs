//! The console's side of one service: starts its process, tells it who the others are, starts it again when it
//! crashed and ends it. Closing a process's standard input ends it, so nothing outlives the console, however that ends.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::wire::{Announcement, Briefing, MOST_LINE, ServiceOptions};
use super::yard::Yard;
use super::{AWAY, DemoError};
use crate::model::ServiceId;

/// How long a process may take to say its port.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a process may take to end by itself once it is told.
const GRACE: Duration = Duration::from_millis(50);

/// How long a service that was told to end stays away.
const RESTART: Duration = Duration::from_millis(300);

/// What is the same for the whole crew.
#[derive(Debug)]
pub struct Ship {
    /// The program to start.
    pub executable: PathBuf,
    /// The token of the control path.
    pub token: String,
    /// When the demo began.
    pub began: Instant,
    /// The folder of the demo; goes with the last of the crew.
    pub yard: Arc<Yard>,
}

/// A running process.
#[derive(Debug)]
pub struct Hand {
    /// The service it plays.
    pub id: ServiceId,
    child: Child,
    // Apart from the child, because waiting for a child closes its standard input.
    stdin: ChildStdin,
    stdout: ChildStdout,
}

impl Hand {
    /// Starts a process; returns at once.
    pub fn start(ship: &Ship, id: &ServiceId, port: u16) -> Result<Self, DemoError> {
        let failed = |source| DemoError::Start { service: id.clone(), source };
        let options = ServiceOptions {
            environment: id.environment.to_string(),
            service: id.name.to_string(),
            port,
            place: ship.yard.place(id),
        };
        let mut child = Command::new(&ship.executable)
            .args(options.arguments())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // Keys that signal the terminal's foreground group are not meant for it.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(failed)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (stdin, stdout) = pipes.ok_or_else(|| failed(std::io::Error::other("it has no pipes")))?;
        Ok(Self { id: id.clone(), child, stdin, stdout })
    }

    /// Waits for the port that the process listens on.
    pub async fn port(&mut self) -> Result<u16, DemoError> {
        let silent = |why: String| DemoError::Silent { service: self.id.clone(), why };
        let mut line = Vec::new();
        let read = async {
            while !line.ends_with(b"\n") && line.len() < MOST_LINE {
                if self.stdout.read_buf(&mut line).await.unwrap_or(0) == 0 {
                    break;
                }
            }
        };
        if timeout(PATIENCE, read).await.is_err() {
            return Err(silent(format!("it said nothing within {}", crate::transport::human(PATIENCE))));
        }
        match serde_json::from_slice(&line) {
            Ok(Announcement::Port(port)) => Ok(port),
            Ok(Announcement::Fault(why)) => Err(silent(why)),
            Err(_) => Err(silent("it ended before it said its port".to_owned())),
        }
    }

    /// Tells the process who the others are; from then on it answers.
    pub async fn brief(&mut self, berth: &Berth) -> Result<(), DemoError> {
        let elapsed = u64::try_from(berth.ship.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let briefing = Briefing { token: berth.ship.token.clone(), elapsed, peers: (*berth.peers).clone() };
        let mut line = serde_json::to_vec(&briefing).map_err(DemoError::Line)?;
        line.push(b'\n');
        let failed = |source| DemoError::Start { service: self.id.clone(), source };
        self.stdin.write_all(&line).await.map_err(failed)
    }

    /// Ends the process and waits until it is gone.
    async fn end(mut self) {
        drop(self.stdin);
        if let Some(pid) = self.child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
            // An error means that it is gone already.
            kill_process(pid, Signal::TERM).ok();
        }
        if timeout(GRACE, self.child.wait()).await.is_err() {
            self.child.kill().await.ok();
        }
    }
}

/// One place to fill: a service, its port and what its process must know.
#[derive(Debug)]
pub struct Berth {
    /// What is the same for all.
    pub ship: Arc<Ship>,
    /// The service.
    pub id: ServiceId,
    /// Where it listens, now and after each crash.
    pub port: u16,
    /// The ports of its environment.
    pub peers: Arc<BTreeMap<String, u16>>,
}

impl Berth {
    /// Keeps the service running until `stop`: a process that crashed is started again after [`AWAY`], one that was told to
    /// end (SIGTERM, as a service manager does for a restart) at once.
    pub async fn keep(self, mut hand: Hand, stop: CancellationToken) {
        loop {
            let pause = tokio::select! {
                status = hand.child.wait() => if status.is_ok_and(|s| s.success()) { RESTART } else { AWAY },
                () = stop.cancelled() => return hand.end().await,
            };
            let Some(next) = stop.run_until_cancelled(self.refill(pause)).await else { return };
            hand = next;
        }
    }

    /// Starts until it works: the port may be taken for a moment by somebody's outgoing connection.
    async fn refill(&self, mut pause: Duration) -> Hand {
        loop {
            tokio::time::sleep(std::mem::replace(&mut pause, AWAY)).await;
            match self.launch().await {
                Ok(hand) => return hand,
                Err(error) => tracing::warn!(service = %self.id, %error, "a demo service does not start again"),
            }
        }
    }

    async fn launch(&self) -> Result<Hand, DemoError> {
        let mut hand = Hand::start(&self.ship, &self.id, self.port)?;
        hand.port().await?;
        hand.brief(self).await?;
        Ok(hand)
    }
}
