//! Commands on this machine. Each runs in a process group of its own, reads nothing, and is ended with all it started
//! when its time is up or nobody waits for it any more.

use std::io::ErrorKind;
use std::process::Stdio;

use futures::future::BoxFuture;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio::time::Instant;

use super::{Argv, Exit, Limits, Output, Transport, TransportError};

/// This machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct Local;

impl Transport for Local {
    fn place(&self) -> &'static str {
        "this machine"
    }

    fn read<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        Box::pin(run(argv, limits))
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

async fn run(argv: &Argv, limits: Limits) -> Result<Output, TransportError> {
    let started = Instant::now();
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
    let mut child = command.spawn().map_err(|e| refused(argv, e))?;
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    let stdout = child.stdout.take();
    let stderr = child.stderr.take();
    let work = async {
        let (out, err, status) =
            tokio::join!(keep(stdout, limits.most_bytes), keep(stderr, limits.most_bytes), child.wait());
        (out, err, status)
    };
    let Ok((out, err, status)) = tokio::time::timeout(limits.timeout, work).await else {
        return Err(TransportError::TimedOut { after: limits.timeout });
    };
    // What it left in the background keeps running only if it made itself a group of its own.
    drop(group.0.take().map(|pid| Group(Some(pid))));
    let status = status.map_err(|e| refused(argv, e))?;
    Ok(Output {
        exit: exit_of(status),
        truncated: out.1 || err.1,
        stdout: out.0,
        stderr: err.0,
        took: started.elapsed(),
    })
}

fn exit_of(status: std::process::ExitStatus) -> Exit {
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
        ErrorKind::NotFound => TransportError::NoProgram { program, place },
        ErrorKind::PermissionDenied => TransportError::Forbidden { program, place },
        _ => TransportError::Io { program, place, source },
    }
}

/// Reads to the end, keeps the first `most` bytes; whether there was more.
async fn keep(stream: Option<impl AsyncRead + Unpin>, most: usize) -> (Vec<u8>, bool) {
    let Some(mut stream) = stream else { return (Vec::new(), false) };
    let mut kept = Vec::new();
    let mut more = false;
    let mut buffer = vec![0; 16 * 1024];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = most.saturating_sub(kept.len());
        kept.extend_from_slice(buffer.get(..count.min(room)).unwrap_or_default());
        more |= count > room;
    }
    (kept, more)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
}
