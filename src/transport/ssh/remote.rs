//! A host as a transport: commands go there as scripts over its connection. What only glances and comes within a moment
//! goes in one script, so that a round costs the host one command, whatever the number of probes.

mod batch;
mod copy;
mod stream;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::{Instant, timeout_at};

use super::actor::{Chunk, Ended, StartError};
use super::keeper::{ForwardError, Keeper};
use super::line::{Line, Tap};
use super::nonce;
use super::script::{Answers, COMMAND, Script};
use crate::model::Text;
use crate::runner::Permit;
use crate::transport::dial::{Way, WayError};
use crate::transport::tunnel::Tunnels;
use crate::transport::{Argv, Copied, CopyError, Exit, Follow, Limits, Output, Transport, TransportError};

/// A host.
pub struct Remote {
    name: String,
    keeper: Arc<Keeper>,
    batch: batch::Batch,
    tunnels: Tunnels,
}

impl Remote {
    /// A host under its name in the deck.
    pub fn new(name: &str, keeper: Arc<Keeper>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            name: name.to_owned(),
            keeper,
            batch: batch::Batch::new(me.clone()),
            tunnels: Tunnels::default(),
        })
    }

    /// The tunnels that are open through it.
    pub fn tunnels(&self) -> &Tunnels {
        &self.tunnels
    }

    /// What keeps it connected.
    pub fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    async fn line(&self, until: Instant) -> Result<Arc<Line>, TransportError> {
        let blocked =
            |b: super::keeper::Blocked| TransportError::Unreachable { place: self.name.clone(), why: b.cause };
        self.keeper.line(until).await.map_err(blocked)
    }

    /// Runs commands as one script and gives each answer away as it comes.
    async fn run(
        &self,
        commands: &[(&Argv, Limits)],
        mut each: impl FnMut(usize, Result<Output, TransportError>) + Send,
    ) {
        let limits: Vec<Limits> = commands.iter().map(|(_, limits)| *limits).collect();
        let longest = limits.iter().map(|l| l.timeout).max().unwrap_or_default();
        let started = Instant::now();
        let mut script = Script::new(nonce());
        for (argv, _) in commands {
            script.add(argv);
        }
        let mut answers = script.answers(&limits);
        let mut given = 0;
        let outcome = self.talk(&script, &mut answers, started + longest, |answers| {
            while let Some(output) = answers.next(started.elapsed()) {
                let argv = commands.get(given).map(|(argv, _)| *argv);
                each(given, self.judge(argv, output));
                given += 1;
            }
        });
        let error = outcome.await;
        for (at, limit) in limits.iter().enumerate().skip(given) {
            each(at, Err(self.tell(error.clone(), limit.timeout)));
        }
    }

    /// Sends the script and feeds what comes to the answers; says how it ended.
    async fn talk(
        &self,
        script: &Script,
        answers: &mut Answers,
        until: Instant,
        mut came: impl FnMut(&mut Answers) + Send,
    ) -> Halt {
        let line = match self.line(until).await {
            Ok(line) => line,
            Err(TransportError::Unreachable { why, .. }) => return Halt::Blocked(why),
            Err(_) => return Halt::Late,
        };
        let tap = match line.exec_held(COMMAND, script.guarded().into_bytes()).await {
            Ok(tap) => tap,
            Err(error) => return Halt::NotStarted(error),
        };
        let mut running = Running { tap, line, group: None };
        loop {
            let Ok(chunk) = timeout_at(until, running.tap.next()).await else { return Halt::Late };
            match chunk {
                Chunk::Out(bytes) => answers.push(0, &bytes),
                Chunk::Err(bytes) => answers.push(1, &bytes),
                Chunk::End(ended) => {
                    came(answers);
                    return Halt::of(ended, answers, &running.line);
                }
            }
            came(answers);
            if answers.are_all_taken() {
                // What still runs in the background is no part of the answer.
                return Halt::Ended(String::new());
            }
        }
    }

    /// What our own shell says of a command that it could not start.
    fn judge(&self, argv: Option<&Argv>, output: Output) -> Result<Output, TransportError> {
        let program = || argv.map(|a| a.program.clone()).unwrap_or_default();
        match output.exit {
            Exit::Code(127) if output.stdout.is_empty() && output.stderr.is_empty() => {
                Err(TransportError::NoProgram { program: program(), place: self.name.clone() })
            }
            Exit::Code(126) if output.stdout.is_empty() && says(&output, "ermission denied") => {
                Err(TransportError::Forbidden { program: program(), place: self.name.clone() })
            }
            _ => Ok(output),
        }
    }

    fn tell(&self, halt: Halt, limit: Duration) -> TransportError {
        let unreachable = |why: Text| TransportError::Unreachable { place: self.name.clone(), why };
        match halt {
            Halt::Blocked(why) => unreachable(why),
            Halt::Late => match self.keeper.silent() {
                Some(silent) => unreachable(silent.cause),
                None => TransportError::TimedOut { after: limit },
            },
            Halt::Lost(why) => {
                let why = why.map(|why| format!(": {why}")).unwrap_or_default();
                unreachable(format!("the connection to {} was lost{why}", self.name).into())
            }
            Halt::NotStarted(error) => unreachable(format!("{} runs no command now: {error}", self.name).into()),
            Halt::Ended(noise) => {
                let noise = Text::line_at_most(noise.replace('\n', " ").trim(), 120);
                let said = if noise.as_str().is_empty() { String::new() } else { format!(": \"{noise}\"") };
                unreachable(format!("the shell of {} ended before the command did{said}", self.name).into())
            }
        }
    }
}

fn says(output: &Output, words: &str) -> bool {
    String::from_utf8_lossy(&output.stderr).contains(words)
}

/// How a script ended, or did not.
#[derive(Clone, Debug)]
enum Halt {
    /// The host was not reached.
    Blocked(Text),
    /// Time was up.
    Late,
    /// The connection ended, and why.
    Lost(Option<String>),
    /// The server refused to run it.
    NotStarted(StartError),
    /// The shell ended; what it said before the script began.
    Ended(String),
}

impl Halt {
    fn of(ended: Ended, answers: &Answers, line: &Line) -> Self {
        match ended {
            Ended::Lost => Self::Lost(line.why()),
            Ended::NotStarted(error) => Self::NotStarted(error),
            Ended::Code(_) | Ended::Signal(_) => Self::Ended(answers.noise()),
        }
    }
}

/// A script on the host. When nobody waits for it any more, what it started is ended there too.
struct Running {
    tap: Tap,
    line: Arc<Line>,
    group: Option<u32>,
}

/// A command that ends a process group is given this long.
const ENDING: Duration = Duration::from_secs(10);

impl Drop for Running {
    fn drop(&mut self) {
        let Some(group) = self.group.filter(|g| *g > 1) else { return };
        let line = Arc::clone(&self.line);
        let end = async move {
            // `kill -TERM -- -N` fails in dash; a shell of its own survives the signal.
            let text = format!(
                "kill -s TERM -- -{group} 2>/dev/null || kill -s TERM {group} 2>/dev/null\nsleep 1\nkill -s KILL -- -{group} 2>/dev/null\n"
            );
            let ended = async {
                let mut tap = line.exec(COMMAND, text.into_bytes()).await.ok()?;
                while !matches!(tap.next().await, Chunk::End(_)) {}
                Some(())
            };
            tokio::time::timeout(ENDING, ended).await.ok();
        };
        // Without a runtime the console is leaving, and the connection with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(end);
        }
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Remote").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Way for Remote {
    fn open_telling<'a>(
        &'a self,
        host: &'a str,
        port: u16,
        asked: &'a AtomicBool,
    ) -> BoxFuture<'a, Result<SocketAddr, WayError>> {
        Box::pin(async move {
            let onward = self.keeper.forward_telling(host, port, asked).await.map_err(|e| WayError {
                // Only a refused connection says something about the target.
                ours: !matches!(e, ForwardError::Target(StartError::NoConnection)),
                cause: e.told(&super::place(host, port), &self.name),
            })?;
            let ours = |e: std::io::Error| WayError {
                ours: true,
                cause: format!("this machine has no port for a tunnel: {e}").into(),
            };
            self.tunnels.offer(host, port, onward).await.map_err(ours)
        })
    }

    fn through(&self) -> &str {
        &self.name
    }
}

impl Transport for Remote {
    fn place(&self) -> &str {
        &self.name
    }

    fn read<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        Box::pin(async move {
            let mut answer = None;
            self.run(&[(argv, limits)], |_, output| answer = Some(output)).await;
            answer.unwrap_or(Err(TransportError::TimedOut { after: limits.timeout }))
        })
    }

    fn follow<'a>(&'a self, argv: &'a Argv, limit: Duration) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        Box::pin(self.start(argv, limit))
    }

    fn act<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limits: Limits,
    ) -> BoxFuture<'a, Result<Output, TransportError>> {
        Box::pin(self.act_on(permit, argv, input, limits))
    }

    fn launch<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        Box::pin(self.launch_on(permit, argv, input, limit))
    }

    fn copy<'a>(&'a self, permit: &'a Permit, from: &'a Path, to: &'a str) -> BoxFuture<'a, Result<Copied, CopyError>> {
        Box::pin(self.copy_to(permit, from.to_owned(), to.to_owned()))
    }

    fn glance<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        Box::pin(self.batch.join(argv.clone(), limits))
    }
}
