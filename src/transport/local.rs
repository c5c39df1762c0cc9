//! Commands on this machine. Each runs in a process group of its own, reads nothing, and is ended with all it started
//! when its time is up or nobody waits for it any more.

mod copy;
mod follow;

use std::io::ErrorKind;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::Instant;

use super::{Argv, Copied, CopyError, Exit, Follow, Limits, Output, Transport, TransportError};
use crate::runner::Permit;

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

impl Transport for Local {
    fn place(&self) -> &'static str {
        "this machine"
    }

    fn read<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        Box::pin(run(argv, b"", limits))
    }

    fn follow<'a>(
        &'a self,
        argv: &'a Argv,
        _limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        Box::pin(async move { follow::start(argv, b"") })
    }

    fn launch<'a>(
        &'a self,
        _permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        _limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        Box::pin(async move { follow::start(argv, input) })
    }

    fn act<'a>(
        &'a self,
        _permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limits: Limits,
    ) -> BoxFuture<'a, Result<Output, TransportError>> {
        Box::pin(run(argv, input, limits))
    }

    fn copy<'a>(
        &'a self,
        _permit: &'a Permit,
        from: &'a Path,
        to: &'a str,
    ) -> BoxFuture<'a, Result<Copied, CopyError>> {
        Box::pin(copy::run(from.to_owned(), to.into()))
    }
}

/// Ends the whole group on drop, so that a cancelled check leaves nothing running.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(pid) = self.0 {
            // An error means that the group is gone already.
            kill_process_group(pid, Signal::KILL).ok();
        }
    }
}

/// A command in a process group of its own; reading and writing are set by the caller.
fn command(argv: &Argv) -> Command {
    let mut command = Command::new(&argv.program);
    command
        .args(&argv.arguments)
        .envs(argv.env.iter().map(|(k, v)| (k, v)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    if let Some(folder) = &argv.folder {
        command.current_dir(folder);
    }
    command
}

fn group_of(child: &Child) -> Group {
    Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)))
}

async fn run(argv: &Argv, input: &[u8], limits: Limits) -> Result<Output, TransportError> {
    let started = Instant::now();
    let mut command = command(argv);
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().map_err(|e| refused(argv, e))?;
    let group = group_of(&child);
    let stdin = child.stdin.take();
    let (mut out, mut err) = (Kept::new(limits.most_bytes), Kept::new(limits.most_bytes));
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = follow(&mut child, async { tokio::join!(out.fill(stdout), err.fill(stderr), give(stdin, input)) });
    let Ok(status) = tokio::time::timeout(limits.timeout, work).await else {
        return Err(TransportError::TimedOut { after: limits.timeout });
    };
    // What it left in the background keeps running only if it made itself a group of its own.
    drop(group);
    let status = status.map_err(|e| refused(argv, e))?;
    Ok(Output {
        exit: exit_of(status),
        truncated: out.more || err.more,
        stdout: out.bytes,
        stderr: err.bytes,
        took: started.elapsed(),
    })
}

/// Writes what a command is to read. One that reads no further has had enough.
async fn give(stdin: Option<ChildStdin>, input: &[u8]) {
    if let Some(mut stdin) = stdin {
        stdin.write_all(input).await.ok();
    }
}

/// How long the streams may stay open after the process has ended: something in the background still holds them, and
/// what the process itself printed is in the pipe already.
const AFTERMATH: Duration = Duration::from_millis(200);

async fn follow<T>(child: &mut Child, reading: impl Future<Output = T>) -> std::io::Result<ExitStatus> {
    tokio::pin!(reading);
    tokio::select! {
        _ = &mut reading => child.wait().await,
        status = child.wait() => {
            // Whether they end in time or not, what was read is kept.
            tokio::time::timeout(AFTERMATH, reading).await.ok();
            status
        }
    }
}

fn exit_of(status: ExitStatus) -> Exit {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Missing,
    }
}

fn refused(argv: &Argv, source: std::io::Error) -> TransportError {
    let program = argv.program.clone();
    let place = Local.place().to_owned();
    match source.kind() {
        ErrorKind::NotFound => {
            // The system says the same of a missing folder and of a missing interpreter.
            let why = match &argv.folder {
                Some(folder) if !folder.is_dir() => format!("there is no folder `{}`", folder.display()),
                _ if program.contains('/') && Path::new(&program).exists() => {
                    "the interpreter named in its first line is missing".to_owned()
                }
                _ => return TransportError::NoProgram { program, place },
            };
            TransportError::Io { program, place, source: std::io::Error::new(ErrorKind::NotFound, why) }
        }
        ErrorKind::PermissionDenied => TransportError::Forbidden { program, place },
        _ => TransportError::Io { program, place, source },
    }
}

/// The first bytes of a stream; it outlives the reading, so that a stream that never ends gives what it gave.
struct Kept {
    bytes: Vec<u8>,
    most: usize,
    more: bool,
}

impl Kept {
    fn new(most: usize) -> Self {
        Self { bytes: Vec::new(), most, more: false }
    }

    /// Reads to the end; what is over the limit is read and dropped, so that the writer is not held up.
    async fn fill(&mut self, stream: Option<impl AsyncRead + Unpin>) {
        let Some(mut stream) = stream else { return };
        let mut buffer = vec![0; 16 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut buffer).await {
            let room = self.most.saturating_sub(self.bytes.len());
            self.bytes.extend_from_slice(buffer.get(..count.min(room)).unwrap_or_default());
            self.more |= count > room;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { timeout: Duration::from_secs(5), most_bytes: 1000 };

    #[tokio::test]
    async fn output_and_exit_code_come_back_apart() {
        let argv = Argv::new("sh", ["-c", "echo out; echo err >&2; exit 7"]);
        let output = Local.read(&argv, LIMITS).await.unwrap();
        assert_eq!((output.exit, output.stdout, output.stderr), (Exit::Code(7), b"out\n".to_vec(), b"err\n".to_vec()));
    }

    #[tokio::test]
    async fn death_by_signal_is_not_an_exit_code() {
        let output = Local.read(&Argv::new("sh", ["-c", "kill -9 $$"]), LIMITS).await.unwrap();
        assert_eq!(output.exit, Exit::Signal(9));
    }

    #[tokio::test]
    async fn a_missing_program_is_named() {
        let error = Local.read(&Argv::new("no-such-program", [""; 0]), LIMITS).await.unwrap_err();
        assert_eq!(error.to_string(), "no program `no-such-program` on this machine");
    }

    #[tokio::test]
    async fn a_flood_is_cut_at_the_limit_and_read_to_its_end() {
        let output = Local.read(&Argv::new("sh", ["-c", "yes | head -c 3000000"]), LIMITS).await.unwrap();
        assert_eq!((output.stdout.len(), output.truncated, output.exit), (1000, true, Exit::Code(0)));
    }

    #[tokio::test]
    async fn when_time_is_up_the_whole_group_is_ended() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 60 & echo $! > {}; wait", file.display());
        let limits = Limits { timeout: Duration::from_millis(300), ..LIMITS };
        let error = Local.read(&Argv::new("sh", ["-c", &script]), limits).await.unwrap_err();
        assert!(matches!(error, TransportError::TimedOut { .. }));
        let pid: i32 = std::fs::read_to_string(file).unwrap().trim().parse().unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        assert!(stat.is_empty() || stat.contains(" Z "), "the sleep lives on: {stat}");
    }

    #[tokio::test]
    async fn a_background_process_that_holds_the_streams_does_not_hold_up_the_answer() {
        for script in ["echo done; sleep 30 &", "echo done; setsid sleep 3 &"] {
            let started = Instant::now();
            let output = Local.read(&Argv::new("sh", ["-c", script]), LIMITS).await.unwrap();
            assert_eq!((output.exit, output.stdout), (Exit::Code(0), b"done\n".to_vec()), "{script}");
            assert!(started.elapsed() < Duration::from_secs(2), "{script} took {:?}", started.elapsed());
        }
    }

    #[tokio::test]
    async fn a_process_that_closes_its_streams_is_still_waited_for() {
        let argv = Argv::new("sh", ["-c", "echo out; exec >&- 2>&-; sleep 0.2; exit 5"]);
        let output = Local.read(&argv, LIMITS).await.unwrap();
        assert_eq!((output.exit, output.stdout), (Exit::Code(5), b"out\n".to_vec()));
    }

    #[tokio::test]
    async fn a_missing_folder_and_a_missing_interpreter_are_not_taken_for_a_missing_program() {
        let folder = tempfile::tempdir().unwrap();
        let mut argv = Argv::new("true", [""; 0]);
        argv.folder = Some(folder.path().join("gone"));
        let error = Local.read(&argv, LIMITS).await.unwrap_err().to_string();
        assert!(error.contains("there is no folder"), "{error}");
        let script = folder.path().join("script");
        std::fs::write(&script, "#!/no/such/shell\n").unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let error = Local.read(&Argv::new(script.to_str().unwrap(), [""; 0]), LIMITS).await.unwrap_err().to_string();
        assert!(error.contains("interpreter"), "{error}");
    }
}
