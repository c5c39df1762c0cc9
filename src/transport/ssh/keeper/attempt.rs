//! One attempt to connect: settings, way, banner, login, and a first command that proves that commands run.

use std::os::fd::OwnedFd;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, timeout};

use super::{ForwardError, Keeper};
use crate::model::{Text, Trouble};
use crate::transport::dial::{self, DialError, Watch};
use crate::transport::ssh::actor::{Chunk, Ended, StartError};
use crate::transport::ssh::config::{self, Settings};
use crate::transport::ssh::line::{Brake, Line};
use crate::transport::ssh::login::Login;
use crate::transport::ssh::refusal::Refusal;
use crate::transport::ssh::script::{COMMAND, Script};
use crate::transport::ssh::{banner, chance, nonce, place};
use crate::transport::{Argv, Exit, Limits};

/// Without `ConnectTimeout` a connection must be made within this.
const CONNECT: Duration = Duration::from_secs(5);
/// A server that closes before it says anything is asked this often again at once: it limits logins under way
/// (MaxStartups), or had a moment.
const EARLY_RESETS: u32 = 5;
/// Borrowed connections: one answer, at most, in milliseconds.
const BORROWED: u32 = 60_000;
/// A hop that is being connected to is waited for this long.
const HOP: Duration = Duration::from_secs(30);
/// A login, at most: an agent may ask a person before it signs.
const LOGIN: Duration = Duration::from_secs(90);
/// The first command, at most.
const HELLO: Duration = Duration::from_secs(15);

/// A server that speaks SSH, and what to say to it.
struct Ready {
    socket: OwnedFd,
    over: Option<Arc<Line>>,
    login: Login,
    /// Others wait for their turn until this is dropped.
    turn: Option<OwnedSemaphorePermit>,
}

impl Keeper {
    /// Connects.
    pub(super) async fn attempt(&self) -> Result<Arc<Line>, Refusal> {
        let line = self.connect().await?;
        if self.runs_commands {
            self.prove_commands(&line).await?;
        }
        Ok(line)
    }

    /// Connects and logs in, and no more.
    pub(super) async fn connect(&self) -> Result<Arc<Line>, Refusal> {
        let ready = self.approach().await?;
        let place = ready.login.place();
        let line = timeout(LOGIN, Line::open(ready.socket, ready.over, ready.login)).await;
        drop(ready.turn);
        // Whatever the reason, the one who would ask again is a person.
        let late = |_| {
            let limit = LOGIN.as_secs();
            let cause =
                format!("the login on {place} did not end within {limit} s: the ssh-agent may wait for somebody");
            Refusal::new(Trouble::Authentication, cause)
        };
        line.map_err(late)?
    }

    /// Lends a connection of its own to work that blocks, on a thread that may. Dropping the future ends the connection.
    pub async fn borrow<R: Send + 'static>(
        &self,
        work: impl FnOnce(&ssh2::Session) -> R + Send + 'static,
    ) -> Result<R, Refusal> {
        let Ready { socket, over, login, turn } = self.approach().await?;
        let brake = Brake::of(&socket)?;
        let worked = tokio::task::spawn_blocking(move || {
            let session = login.run(socket)?;
            drop(turn);
            session.set_timeout(BORROWED);
            Ok(work(&session))
        });
        let worked = worked.await.map_err(|e| Refusal::new(Trouble::Handshake, format!("the work broke off: {e}")))?;
        drop((brake, over));
        worked
    }

    /// Reaches the host and waits for its turn; early resets are tried again.
    async fn approach(&self) -> Result<Ready, Refusal> {
        let settings = self.settings().await?;
        let hop = self.find_way(&settings.proxy_jump)?;
        let place = place(&settings.host_name, settings.port);
        let route = format!("{}@{place}", settings.user);
        self.shared.routes.write().unwrap_or_else(PoisonError::into_inner).insert(self.destination.to_string(), route);
        let mut resets = 0;
        loop {
            let (socket, over) = self.reach(&settings, hop.as_ref()).await?;
            match banner::wait(&socket, &place).await {
                Ok(()) => {
                    // Only for what costs this machine work: hosts that hang must not use the turns up. The semaphore is
                    // never closed.
                    let turn = Arc::clone(&self.shared.handshakes).acquire_owned().await.ok();
                    set_blocking(&socket)?;
                    return Ok(Ready { socket, over, login: self.login(settings), turn });
                }
                Err(refusal) if refusal.trouble == Trouble::Closed && resets < EARLY_RESETS => {
                    drop(socket);
                    resets += 1;
                    sleep(Duration::from_millis(100).mul_f64(f64::from(resets) * (0.5 + chance()))).await;
                }
                Err(refusal) => return Err(refusal),
            }
        }
    }

    fn login(&self, settings: Settings) -> Login {
        let passphrases = self.shared.passphrases.read().unwrap_or_else(PoisonError::into_inner).clone();
        Login {
            settings,
            own_known_hosts: self.shared.own_known_hosts.clone(),
            passphrases,
            now: (self.shared.clock)(),
        }
    }

    /// Reads the configuration anew, so that a change counts from the next attempt on.
    async fn settings(&self) -> Result<Settings, Refusal> {
        let (destination, shared) = (self.destination.clone(), Arc::clone(&self.shared));
        let read = tokio::task::spawn_blocking(move || config::resolve(&destination, &shared.sources));
        let broken = |_| Refusal::new(Trouble::Settings, "reading the OpenSSH configuration failed, which is a bug");
        let resolved = read.await.map_err(broken)?;
        match resolved.notes.iter().find(|n| n.fatal) {
            Some(note) => Err(Refusal::new(Trouble::Settings, note.to_string())),
            None => Ok(resolved.settings),
        }
    }

    /// A connected socket that does not block, and the connection it goes over.
    async fn reach(
        &self,
        settings: &Settings,
        hop: Option<&Arc<Keeper>>,
    ) -> Result<(OwnedFd, Option<Arc<Line>>), Refusal> {
        let limit = settings.connect_timeout.unwrap_or(CONNECT);
        let (host, port) = (settings.host_name.as_str(), settings.port);
        let Some(hop) = hop else {
            let mut watch = Watch::new(limit);
            let (stream, _) = dial::dial(host, port, &mut watch).await.map_err(|e| unreached(&e))?;
            let ours = |e: std::io::Error| Refusal::new(Trouble::Route, format!("this machine: {e}"));
            return Ok((stream.into_std().map_err(ours)?.into(), None));
        };
        let behind = hop.destination.host.as_str();
        // The hop has its own time for its own connection, and its own words when there is none.
        let patience = Instant::now() + HOP;
        hop.line(patience).await.map_err(|b| ForwardError::Blocked(b).into_refusal(&place(host, port), behind))?;
        // Boxed: a hop may have a hop of its own.
        match timeout(limit, Box::pin(hop.forward(host, port))).await {
            Ok(Ok(onward)) => Ok((onward.stream.into(), Some(onward.over))),
            Ok(Err(error)) => {
                let mut refusal = error.into_refusal(&place(host, port), behind);
                // Who is asked about a hop is asked wherever the hop is needed.
                if refusal.trouble == Trouble::Hop {
                    refusal.ask = hop.question().and_then(|question| question.ask);
                }
                Err(refusal)
            }
            Err(_) => {
                let cause =
                    format!("no connection to {} through {behind} within {} s", place(host, port), limit.as_secs());
                Err(Refusal::new(Trouble::NoAnswer, cause))
            }
        }
    }

    /// Runs nothing in a shell, to see whether commands run at all.
    async fn prove_commands(&self, line: &Line) -> Result<(), Refusal> {
        let mut script = Script::new(nonce());
        script.add(&Argv::new("true", [""; 0]));
        let limits = Limits { timeout: HELLO, most_bytes: 0 };
        let mut answers = script.answers(&[limits]);
        let host = &self.destination.host;
        let refused =
            |why: String| Refusal::new(Trouble::Exec, format!("{host} lets the user in but runs no commands: {why}"));
        let until = Instant::now() + HELLO;
        let mut tap = line.exec(COMMAND, script.text().as_bytes().to_vec()).await.map_err(|e| lost(host, &e))?;
        loop {
            let Ok(chunk) = tokio::time::timeout_at(until, tap.next()).await else {
                return Err(refused(format!("the first one did not end within {} s", HELLO.as_secs())));
            };
            match chunk {
                Chunk::Out(bytes) => answers.push(0, &bytes),
                Chunk::Err(bytes) => answers.push(1, &bytes),
                Chunk::End(Ended::NotStarted(error)) => return Err(refused(error.to_string())),
                Chunk::End(Ended::Lost) => return Err(lost(host, &StartError::Lost)),
                Chunk::End(ended) => {
                    let noise = Text::line_at_most(answers.noise().replace('\n', " ").trim(), 120);
                    return Err(refused(match (noise.as_str().is_empty(), ended) {
                        (false, _) => format!("it answers \"{noise}\""),
                        (true, Ended::Code(code)) => format!("the login shell ended with {code} and said nothing"),
                        (true, _) => "the login shell was ended".to_owned(),
                    }));
                }
            }
            if let Some(output) = answers.next(Duration::ZERO) {
                return if output.exit == Exit::Code(0) {
                    Ok(())
                } else {
                    Err(refused("`true` does not succeed".into()))
                };
            }
        }
    }
}

fn lost(host: &str, error: &StartError) -> Refusal {
    Refusal::new(Trouble::Closed, format!("{host} closed the connection right after the login: {error}"))
}

fn set_blocking(socket: &OwnedFd) -> Result<(), Refusal> {
    let failed = |e| Refusal::new(Trouble::Handshake, format!("this machine: {e}"));
    let flags = rustix::fs::fcntl_getfl(socket).map_err(failed)?;
    rustix::fs::fcntl_setfl(socket, flags - rustix::fs::OFlags::NONBLOCK).map_err(failed)
}

/// Which of the troubles a failed connection is.
fn unreached(error: &DialError) -> Refusal {
    let cause = error.to_string();
    let trouble = match error {
        DialError::NoName(_) | DialError::NoResolver { .. } => Trouble::Name,
        DialError::Ours(_) => Trouble::Route,
        DialError::NoConnection(_) if cause.starts_with("connection refused") => Trouble::Refused,
        DialError::NoConnection(_) if cause.contains("no route") => Trouble::Route,
        DialError::NoConnection(_) if cause.contains("reset") => Trouble::Closed,
        DialError::NoConnection(_) => Trouble::NoAnswer,
    };
    Refusal::new(trouble, cause)
}
