//! Our side: hosts connected as the console connects them, in this process or, where a peer is a program too, in one of
//! its own that this bench starts from itself.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::join_all;
use quarterdeck::model::{EnvironmentId, Host};
use quarterdeck::source::Surroundings;
use quarterdeck::transport::ssh::config::Sources;
use quarterdeck::transport::ssh::remote::Remote;
use quarterdeck::transport::{Argv, Exit, Limits, Transport};

use crate::Outcome;

/// Set, with what to do, in a process that this bench starts from itself.
const ROLE: &str = "QUARTERDECK_BENCH_HOSTS";

/// Nothing here takes longer.
pub const LIMITS: Limits = Limits { timeout: Duration::from_mins(1), most_bytes: 1 << 20 };

/// Hosts that are connected to.
pub struct Ours {
    surroundings: Surroundings,
    /// One a host, in the order of the names.
    pub remotes: Vec<Arc<Remote>>,
}

impl Ours {
    /// Begins to connect to hosts of a client configuration. Call it in a runtime.
    pub fn connect(config: &Path, names: &[String]) -> Self {
        let environment = EnvironmentId::new("bench");
        let hosts: Vec<Host> =
            names.iter().map(|name| Host { id: environment.host(name), destination: name.as_str().into() }).collect();
        let surroundings = Surroundings::with(Arc::new(jiff::Timestamp::now), Sources::only(config), None);
        surroundings.hosts.follow(hosts.iter());
        surroundings.hosts.ask_all();
        let remotes = hosts.iter().filter_map(|h| surroundings.hosts.get(&h.id)).collect();
        Self { surroundings, remotes }
    }

    /// Runs `true` on every host at once.
    pub async fn all_true(&self) -> Outcome<Duration> {
        let started = Instant::now();
        let ran = join_all(self.remotes.iter().map(|remote| run(remote, "true", &[]))).await;
        ran.into_iter().collect::<Outcome<Vec<_>>>()?;
        Ok(started.elapsed())
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        self.surroundings.hosts.stop();
    }
}

/// Runs a command that must be good, and says how long it took.
pub async fn run(remote: &Remote, program: &str, arguments: &[&str]) -> Outcome<Duration> {
    let started = Instant::now();
    let output = remote.read(&Argv::new(program, arguments.iter().copied()), LIMITS).await?;
    let took = started.elapsed();
    if output.exit == Exit::Code(0) {
        Ok(took)
    } else {
        Err(format!("`{program}` ended with {:?}", output.exit).into())
    }
}

/// A runtime as the console has it.
pub fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// What a process is to do that is not the bench itself.
pub struct Role {
    what: String,
    config: PathBuf,
    names: Vec<String>,
}

/// What this process is to do, if it is not the bench itself.
pub fn role() -> Option<Role> {
    let text = std::env::var(ROLE).ok()?;
    let mut lines = text.lines().map(str::to_owned);
    Some(Role { what: lines.next()?, config: lines.next()?.into(), names: lines.collect() })
}

/// This bench again, in another role.
pub fn another(what: &str, config: &Path, names: &[String]) -> Outcome<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.env(ROLE, format!("{what}\n{}\n{}", config.display(), names.join("\n")));
    command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
    Ok(command)
}

/// Plays a role to its end.
pub fn play(role: &Role) -> Outcome<()> {
    let runtime = runtime()?;
    runtime.block_on(async {
        match role.what.as_str() {
            "true" => Ours::connect(&role.config, &role.names).all_true().await.map(drop),
            "crowd" => crate::crowd::play(&role.config, &role.names).await,
            other => Err(format!("no role {other}").into()),
        }
    })
}
