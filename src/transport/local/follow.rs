//! Commands on this machine whose output is followed while it comes. Dropping one ends it with all it started.

use std::process::Stdio;

use futures::future::BoxFuture;
use tokio::io::AsyncReadExt;
use tokio::process::{Child, ChildStderr, ChildStdout};

use super::{Group, command, exit_of, give, group_of, refused};
use crate::transport::{Argv, Exit, Follow, Part, TransportError};

/// Read at once.
const BUFFER: usize = 32 * 1024;

struct Following {
    child: Child,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    exit: Option<Exit>,
    _group: Group,
}

/// Starts it and gives it its input, if there is any.
pub fn start(argv: &Argv, input: &[u8]) -> Result<Box<dyn Follow>, TransportError> {
    let mut command = command(argv);
    if !input.is_empty() {
        command.stdin(Stdio::piped());
    }
    let mut child = command.spawn().map_err(|e| refused(argv, e))?;
    let (stdin, input) = (child.stdin.take(), input.to_vec());
    if stdin.is_some() {
        // Ends with the command at the latest, which closes the pipe.
        tokio::spawn(async move { give(stdin, &input).await });
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    Ok(Box::new(Following { _group: group_of(&child), child, stdout, stderr, exit: None }))
}

impl Follow for Following {
    fn next(&mut self) -> BoxFuture<'_, Part> {
        Box::pin(async move {
            while self.stdout.is_some() || self.stderr.is_some() {
                let (mut out, mut err) = (vec![0; BUFFER], vec![0; BUFFER]);
                tokio::select! {
                    read = read(&mut self.stdout, &mut out), if self.stdout.is_some() => {
                        if read > 0 {
                            out.truncate(read);
                            return Part::Out(out);
                        }
                        self.stdout = None;
                    }
                    read = read(&mut self.stderr, &mut err), if self.stderr.is_some() => {
                        if read > 0 {
                            err.truncate(read);
                            return Part::Err(err);
                        }
                        self.stderr = None;
                    }
                }
            }
            if self.exit.is_none() {
                self.exit = Some(self.child.wait().await.map_or(Exit::Missing, exit_of));
            }
            Part::End(self.exit.unwrap_or(Exit::Missing))
        })
    }
}

async fn read(stream: &mut Option<impl AsyncReadExt + Unpin>, buffer: &mut [u8]) -> usize {
    match stream {
        Some(stream) => stream.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn output_comes_while_the_command_runs_and_its_end_is_told() {
        let mut following = start(&Argv::new("sh", ["-c", "echo one; sleep 0.3; echo two >&2; exit 4"]), b"").unwrap();
        assert_eq!(following.next().await, Part::Out(b"one\n".to_vec()));
        assert_eq!(following.next().await, Part::Err(b"two\n".to_vec()));
        assert_eq!(following.next().await, Part::End(Exit::Code(4)));
        assert_eq!(following.next().await, Part::End(Exit::Code(4)));
    }
}
