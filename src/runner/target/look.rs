//! Looks at a target: what runs can have there, commands that only look, whether sudo opens. The password goes over
//! standard input alone.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::call::{MOST, Piece};
use super::script::looking;
use super::{Ground, Target, TargetError};
use crate::model::Text;
use crate::model::plan::Sudo;
use crate::runner::Permit;
use crate::transport::{Argv, Exit, Limits};

/// Output of a check that is kept.
const MOST_CHECKED: usize = 64 * 1024;

impl Target {
    /// Looks whether runs can be had there. Changes nothing.
    pub async fn look(&self, now: Timestamp, sudo: bool) -> Result<Ground, TargetError> {
        let started = Instant::now();
        let answer = self.ask(Piece::Look, "look", &[if sudo { "sudo" } else { "" }], MOST).await?;
        // The answer is printed at its end, so the way back is what is to be guessed.
        let now = now + started.elapsed();
        let mut ground = Ground {
            folder: String::new(),
            unwritable: None,
            unsupervised: None,
            clock_offset: SignedDuration::ZERO,
            user: Text::default(),
            sudo: None,
            free: None,
        };
        for (name, value) in answer.text().lines().filter_map(|line| line.split_once(' ')) {
            let text = Text::line_at_most(value, 300);
            match name {
                "folder" => value.clone_into(&mut ground.folder),
                "unwritable" => ground.unwritable = Some(text),
                "unsupervised" => ground.unsupervised = Some(text),
                "user" => ground.user = text,
                "free" => ground.free = value.trim().parse::<u64>().ok().map(|kib| kib.saturating_mul(1024)),
                "sudo" => ground.sudo = Some(fares(value)),
                "clock" => ground.clock_offset = self.clock(value)?.duration_since(now),
                _ => {}
            }
        }
        if ground.free == Some(0) && ground.unwritable.is_none() {
            ground.unwritable = Some(format!("the disk of {} is full", ground.folder).into());
        }
        if ground.folder.is_empty() {
            return Err(self.refuse("what it says of itself cannot be read"));
        }
        Ok(ground)
    }

    fn clock(&self, value: &str) -> Result<Timestamp, TargetError> {
        let (seconds, parts) = value.trim().split_once('.').unwrap_or((value.trim(), "0"));
        let nanos = format!("{parts:0<9}").chars().take(9).collect::<String>().parse().unwrap_or(0);
        let time = seconds.parse().ok().and_then(|seconds| Timestamp::new(seconds, nanos).ok());
        time.ok_or_else(|| self.refuse("its clock cannot be read"))
    }

    /// Runs a shell text that only looks, with these variables; its exit code and its output, at most 64 KiB.
    pub async fn check(
        &self,
        script: &str,
        env: &[(String, String)],
        limit: Duration,
    ) -> Result<(i32, String), TargetError> {
        let (mut words, text) = looking(script);
        let program = words.remove(0);
        let mut argv = Argv::new(program, words.into_iter().chain(["-c".to_owned(), text]));
        argv.env = env.to_vec();
        let output = self.transport.read(&argv, Limits { timeout: limit, most_bytes: MOST_CHECKED }).await?;
        let code = match output.exit {
            Exit::Code(code) => code,
            Exit::Signal(signal) => 128 + signal,
            Exit::Missing => return Err(self.unknown("nobody said how the check ended").into()),
        };
        Ok((code, String::from_utf8_lossy(&output.stdout).into_owned()))
    }

    /// Whether a password opens sudo there.
    pub async fn try_sudo(&self, permit: &Permit, password: &secrecy::SecretString) -> Result<bool, TargetError> {
        let input = format!("{}\n", password.expose_secret());
        let answer = self.tell(permit, Piece::Look, "try", &[], input.as_bytes()).await?;
        Ok(answer.says("yes"))
    }
}

fn fares(words: &str) -> Sudo {
    match words.split_once(' ').unwrap_or((words, "")) {
        ("free", _) => Sudo::Free,
        ("password", _) => Sudo::Password,
        (_, why) => Sudo::Refused(Text::line_at_most(why, 300)),
    }
}
