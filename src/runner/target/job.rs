//! Jobs of a target: started under a supervisor that outlives the connection, attached to from anywhere, ended with all
//! that they started. Never starts the same task twice.

use std::time::Duration;

use super::call::{MOST, PATIENCE, Piece, mark};
use super::following::{Stream, ended};
use super::{Fate, Following, Job, Target, TargetError, script};
use crate::model::{RunId, Text};
use crate::runner::Permit;
use crate::transport::TransportError;

/// After the grace: KILL, the supervisor's last word, a look for survivors.
const AFTER_GRACE: Duration = Duration::from_secs(15);
/// Survivors that are told.
const MOST_SURVIVORS: usize = 100;

impl Target {
    /// Starts a job and follows it.
    pub async fn start(&self, permit: &Permit, job: &Job) -> Result<Box<dyn Following>, TargetError> {
        if let Some(fault) = script::fault(job) {
            return Err(self.refuse(fault));
        }
        let mark = mark();
        let (key, fence) = job.fence.as_ref().map_or((String::new(), 0), |(key, n)| (super::call::encoded(key), *n));
        let (fence, limit, grace) = (fence.to_string(), seconds(job.timeout), seconds(job.grace));
        let kept = if job.keeps_lock { "kept" } else { "" };
        let words = [job.run.as_str(), &job.task, &key, &fence, &limit, &grace, kept];
        let argv = self.argv(Piece::Job, &mark, "start", &words);
        let input = script::words(job, &mark);
        let follow = self.transport.launch(permit, &argv, input.as_bytes(), PATIENCE).await?;
        match self.follow(Stream::new(self, &job.run, &job.task, follow, mark, 0)).await {
            Err(TargetError::LockLost { by: None, key: _ }) => {
                let key = job.fence.as_ref().map(|(key, _)| key.clone()).unwrap_or_default();
                let by = self.holder(&key).await.ok().flatten().map(Box::new);
                Err(TargetError::LockLost { key, by })
            }
            begun => begun,
        }
    }

    /// Follows a job that was started before, from this offset of its log on.
    pub async fn attach(&self, run: &RunId, task: &str, offset: u64) -> Result<Box<dyn Following>, TargetError> {
        self.named(task)?;
        let mark = mark();
        let argv = self.argv(Piece::Job, &mark, "attach", &[run.as_str(), task, &offset.to_string()]);
        let follow = self.transport.follow(&argv, PATIENCE).await?;
        self.follow(Stream::new(self, run, task, follow, mark, offset)).await
    }

    async fn follow(&self, mut stream: Stream) -> Result<Box<dyn Following>, TargetError> {
        match tokio::time::timeout(PATIENCE, stream.begin()).await {
            Ok(begun) => begun.map(|()| Box::new(stream) as Box<dyn Following>),
            Err(_) => Err(TransportError::TimedOut { after: PATIENCE }.into()),
        }
    }

    fn named(&self, task: &str) -> Result<(), TargetError> {
        if script::is_task(task) { Ok(()) } else { Err(self.refuse(format!("`{task}` is no name for a task"))) }
    }

    /// What became of a job.
    pub async fn fate(&self, run: &RunId, task: &str) -> Result<Fate, TargetError> {
        self.named(task)?;
        let answer = self.ask(Piece::Job, "fate", &[run.as_str(), task], MOST).await?;
        let fate = answer.words.iter().find_map(|word| fate(word));
        fate.ok_or_else(|| self.refuse(format!("what it says of {task} of run {run} cannot be read")))
    }

    /// Takes away what an attempt printed; how it ended stays known.
    pub async fn forget_log(&self, permit: &Permit, run: &RunId, task: &str) -> Result<(), TargetError> {
        self.named(task)?;
        self.tell(permit, Piece::Job, "forget_log", &[run.as_str(), task], b"").await.map(|_| ())
    }

    /// Ends a job: TERM to its group and session, KILL after `grace`; the processes that survive, as `pid command`.
    pub async fn end(
        &self,
        permit: &Permit,
        run: &RunId,
        task: &str,
        grace: Duration,
    ) -> Result<Vec<Text>, TargetError> {
        self.named(task)?;
        let words = [run.as_str(), task, &seconds(grace)];
        let answer = self.tell_for(grace + AFTER_GRACE, permit, Piece::Job, "end", &words, b"").await?;
        Ok(answer.text().lines().take(MOST_SURVIVORS).map(|line| Text::line_at_most(line, 300)).collect())
    }
}

/// Seconds for `sleep`; not every one knows parts of them, so only where needed.
fn seconds(duration: Duration) -> String {
    match duration.subsec_millis() {
        0 => duration.as_secs().to_string(),
        millis => format!("{}.{millis:03}", duration.as_secs()),
    }
}

fn fate(word: &str) -> Option<Fate> {
    let (verb, rest) = word.split_once(' ').unwrap_or((word, ""));
    let mut numbers = rest.split_whitespace();
    Some(match verb {
        "absent" => Fate::Absent,
        "alive" => Fate::Alive { pid: numbers.next()?.parse().ok()?, size: numbers.next()?.parse().ok()? },
        "ended" => Fate::Ended(ended(rest)?),
        "gone" => Fate::Gone { size: numbers.next()?.parse().ok()? },
        _ => return None,
    })
}
