//! Steps that are no processes on a target: copies, requests, statements, waits, notices. Each has a limit and a brake; one
//! that was cut off after it may have had an effect is unknown, never failed.

#![allow(
    clippy::disallowed_types,
    reason = "the line sink of a step is a plain function, and only this step and its printer share it"
)]

use std::sync::Mutex;

use tokio::time::{Duration, sleep};

use super::clean::clean;
use super::hand::{Brake, Hand};
use super::print::{EVERY, Printer, on_disk};
use crate::model::Text;
use crate::model::runbook::{Action, Step};
use crate::runner::journal::JournalError;
use crate::runner::machine::{How, Input, Task, TaskEnd};
use crate::runner::redact::Redactor;
use crate::runner::step::{Setting, StepEnd, http, notify, sql, wait};
use crate::runner::target::Target;
use crate::transport::{Argv, Exit, Limits, Output, TransportError};

/// Puts what was staged in its place. `$1` stage, `$2` place, `$3` whether what is not here is removed, `$4` the name.
const PUT: &str = r#"set -e
stage=$1 to=$2
if [ -d "$stage" ]; then
  if [ "$3" = 1 ]; then
    rm -rf -- "$stage.old"
    if [ -e "$to" ]; then mv -- "$to" "$stage.old"; fi
    mv -- "$stage" "$to"
    rm -rf -- "$stage.old"
  else
    mkdir -p -- "$to"
    cp -pR -- "$stage/." "$to/"
    rm -rf -- "$stage"
  fi
else
  if [ -d "$to" ]; then to=$to/$4; fi
  mv -f -- "$stage" "$to"
fi"#;
/// Makes room for it.
const ROOM: &str = r#"set -e
mkdir -p -- "$(dirname -- "$2")"
rm -rf -- "$1""#;
/// For each of these.
const LIMIT: Duration = Duration::from_mins(2);

impl Hand {
    /// Carries out a step that is no process, and says how it ended.
    pub(super) async fn act(&self, task: &Task, step: &Step, brake: &Brake) {
        let printer = match self.printer(task) {
            Ok(printer) => Mutex::new(printer),
            Err(e) => return self.send(Input::JournalBroken(e.to_string().into())).await,
        };
        self.send(Input::Started(task.clone(), None)).await;
        let fault: Mutex<Option<JournalError>> = Mutex::new(None);
        // What was found for headers and passwords on the way may come back in an answer.
        let found = || Redactor::new(&self.surroundings.vault.values());
        let say = |line: &str| {
            let line = found().text(line);
            let said = printer.lock().map(|mut p| p.say(&line));
            if let (Ok(Err(e)), Ok(mut fault)) = (said, fault.lock()) {
                *fault = Some(e);
            }
        };
        let end = self.bounded(task, step, brake, &say, &printer).await;
        let ended = printer.lock().ok().map(|mut p| (p.end().and_then(|()| p.files()), p.bytes()));
        let ended = match ended {
            Some((Ok(files), bytes)) => Some((on_disk(files).await, bytes)),
            Some((Err(e), bytes)) => Some((Err(e), bytes)),
            None => None,
        };
        let fault = fault.into_inner().ok().flatten();
        let bytes = match (ended, fault) {
            (Some((Ok(()), bytes)), None) => bytes,
            (Some((Err(e), _)), _) | (_, Some(e)) => {
                return self.send(Input::JournalBroken(e.to_string().into())).await;
            }
            (None, None) => 0,
        };
        self.send(clean(Input::Ended(task.clone(), TaskEnd { bytes, ..end }), &found())).await;
    }

    async fn bounded(
        &self,
        task: &Task,
        step: &Step,
        brake: &Brake,
        say: &(dyn Fn(&str) + Send + Sync),
        printer: &Mutex<Printer>,
    ) -> TaskEnd {
        let stop = brake.asked.child_token();
        let run = self.kind(task, step, &stop, say);
        tokio::pin!(run);
        let limit = sleep(step.timeout);
        tokio::pin!(limit);
        let mut timed_out = false;
        let end = loop {
            tokio::select! {
                end = &mut run => break end,
                () = &mut limit => {
                    timed_out = true;
                    stop.cancel();
                }
                () = brake.asked.cancelled() => {}
                () = sleep(EVERY) => {
                    if let Ok(mut printer) = printer.lock() {
                        printer.flush();
                    }
                    continue;
                }
            }
            break match tokio::time::timeout(step.grace, &mut run).await {
                Ok(end) => end,
                Err(_) => StepEnd::Unknown("it was cut off before it said how it ended".into()),
            };
        };
        let (how, exit) = match end {
            StepEnd::Ok { exit } => (How::Ok, exit),
            StepEnd::Cancelled if timed_out => (How::TimedOut, None),
            StepEnd::Cancelled => (How::Cancelled, None),
            // What only looks has no effect that could be unknown.
            StepEnd::Unknown(_) if timed_out && step.only_looks() => (How::TimedOut, None),
            StepEnd::Unknown(why) => (How::Unknown(why), None),
            StepEnd::Failed(why) => (How::Failed(why), None),
        };
        TaskEnd { exit, ..TaskEnd::new(how) }
    }

    async fn kind(
        &self,
        task: &Task,
        step: &Step,
        stop: &tokio_util::sync::CancellationToken,
        say: &(dyn Fn(&str) + Send + Sync),
    ) -> StepEnd {
        let setting = Setting {
            surroundings: &self.surroundings,
            deck: &self.deck,
            permit: &self.permit,
            plan: &self.plan,
            run: &self.run,
            step,
            host: &task.host,
            values: &self.values,
            stop,
            say,
        };
        match &step.action {
            Action::Http(_) => http::run(&setting).await,
            Action::Sql(_) => sql::run(&setting).await,
            Action::Wait(_) => wait::run(&setting).await,
            Action::Notify { .. } => notify::run(&setting).await,
            Action::Copy { from, to, delete } => {
                let stage = self.stage(task, from, to, say);
                match stop.run_until_cancelled(stage).await {
                    // What is being put in its place is not cut off: half of it may be there.
                    Some(Ok((target, stage, name))) => self.put(&target, &stage, to, *delete, &name).await,
                    Some(Err(why)) => StepEnd::Failed(why),
                    None => StepEnd::Cancelled,
                }
            }
            Action::Shell { .. } | Action::Approve { .. } | Action::Manual { .. } => {
                StepEnd::Failed(format!("a step `{}` is not carried out here", step.action.word()).into())
            }
        }
    }

    /// Copies beside the destination: nobody sees half of it there. Where that is, and the name of what was copied.
    async fn stage(
        &self,
        task: &Task,
        from: &str,
        to: &str,
        say: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<(Target, String, String), Text> {
        let target = self.target(&task.host)?;
        let from = self.places.folder().join(from);
        let to = to.trim_end_matches('/');
        // One name for every attempt: what one left behind, the next removes.
        let stage = format!("{to}.{}-{}", self.run, task.step);
        let name = from.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let made = self.shell(&target, ROOM, &[&stage, to]).await.map_err(|e| Text::from(e.to_string()))?;
        well(&target, &made)?;
        let copied = target.transport().copy(&self.permit, &from, &stage).await.map_err(|e| e.to_string())?;
        say(&format!("{} files, {} bytes", copied.files, copied.bytes));
        Ok((target, stage, name))
    }

    /// Moves what was staged to its place. Where nobody hears how that ended, it may be there.
    async fn put(&self, target: &Target, stage: &str, to: &str, delete: bool, name: &str) -> StepEnd {
        let words = [stage, to.trim_end_matches('/'), if delete { "1" } else { "0" }, name];
        match self.shell(target, PUT, &words).await {
            Ok(output) if !matches!(output.exit, Exit::Code(_)) => {
                StepEnd::Unknown(format!("nobody knows whether it was put in its place on {}", target.name).into())
            }
            Ok(output) => match well(target, &output) {
                Ok(()) => StepEnd::Ok { exit: None },
                Err(why) => StepEnd::Failed(why),
            },
            Err(e) => {
                let why = format!("nobody knows whether it was put in its place on {}: {e}", target.name);
                StepEnd::Unknown(why.into())
            }
        }
    }

    async fn shell(&self, target: &Target, script: &str, words: &[&str]) -> Result<Output, TransportError> {
        let arguments = ["-c", script, "sh"].into_iter().chain(words.iter().copied());
        let argv = Argv::new("sh", arguments);
        let limits = Limits { timeout: LIMIT, most_bytes: 4096 };
        target.transport().act(&self.permit, &argv, b"", limits).await
    }
}

/// Whether a text ended with 0, else what it said.
fn well(target: &Target, output: &Output) -> Result<(), Text> {
    if output.exit == Exit::Code(0) {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("on {}: {}", target.name, Text::line_at_most(&said, 300)).into())
}
