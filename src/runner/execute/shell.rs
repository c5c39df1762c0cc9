//! Shell texts on their targets: started, followed, asked after, ended. A lost link is told once; what became of the step
//! is asked until its host answers, and what it printed meanwhile is fetched from where its log was read to.

use std::sync::Arc;

use futures::FutureExt;
use tokio::time::{Duration, Instant, sleep};

use super::drive::Mirror;
use super::hand::{Brake, Hand};
use super::print::{EVERY, Printer, ended};
use crate::model::Text;
use crate::model::runbook::{Action, Step};
use crate::runner::machine::{How, Input, Key, Task, TaskEnd, end_of};
use crate::runner::target::{Fate, Following, Job, News, TargetError};

/// A step that is tried again by itself waits so long before.
const BREATH: Duration = Duration::from_secs(1);
/// What a step printed that is over is asked for so often.
const READS: u32 = 5;
/// Without a person a host that is away is waited for so long beyond the limit of its step.
const PATIENCE: Duration = Duration::from_mins(5);
/// Without a step under way.
const SHORT_PATIENCE: Duration = Duration::from_secs(30);

impl Hand {
    /// Starts an attempt of any kind, whose entry is on the disk since `since`.
    pub(super) async fn start(self: Arc<Self>, task: Task, brake: Arc<Brake>, record: (Instant, Mirror)) {
        if let Err(how) = self.start_it(&task, &brake, record).await {
            self.send(Input::Ended(task, TaskEnd::new(how))).await;
        }
        brake.done.cancel();
    }

    async fn start_it(self: &Arc<Self>, task: &Task, brake: &Arc<Brake>, record: (Instant, Mirror)) -> Result<(), How> {
        let (mut since, mirror) = record;
        let step = self.step_of(task).map_err(How::Failed)?;
        let is_undo = task.step.starts_with("undo:");
        if task.attempt > 1 && !is_undo {
            brake.asked.run_until_cancelled(sleep(BREATH)).await.ok_or(How::Cancelled)?;
            since = Instant::now();
        }
        let changes = is_undo || !step.only_looks();
        let asks = changes && !self.looks_itself(task, &step);
        let locked = async { if asks { self.still_ours(since).await } else { Ok(()) } };
        // The record is written while the lock host is asked; nothing begins before both are done.
        let mirrored = async { if changes { self.is_mirrored(mirror).await } else { Ok(()) } };
        let locked = brake.asked.run_until_cancelled(locked);
        let mirrored = brake.asked.run_until_cancelled(mirrored);
        let (locked, mirrored, recorded) = futures::join!(locked, mirrored, self.put_on_record(task, &step));
        locked.ok_or(How::Cancelled)??;
        mirrored.ok_or(How::Cancelled)??;
        recorded?;
        if brake.asked.is_cancelled() {
            return Err(How::Cancelled);
        }
        let Action::Shell { script, cwd, .. } = &step.action else {
            self.act(task, &step, brake).await;
            return Ok(());
        };
        let target = self.target(&task.host).map_err(How::Failed)?;
        let job = Job {
            run: self.run.clone(),
            task: task.name(),
            script: script.clone(),
            env: self.variables(&step, &task.host),
            cwd: cwd.clone(),
            sudo_password: self.sudo.clone().filter(|_| step.sudo),
            timeout: step.timeout,
            grace: step.grace,
            fence: self.fences.lock().ok().and_then(|f| f.first().cloned()),
            keeps_lock: changes && self.looks_itself(task, &step),
        };
        match target.start(&self.permit, &job).await {
            Ok(following) => self.follow(task, following, brake).await,
            Err(TargetError::Transport(e)) => self.send(Input::Lost(task.clone(), e.to_string().into())).await,
            Err(e @ TargetError::LockLost { .. }) => return Err(How::LockLost(e.to_string().into())),
            Err(e) => return Err(How::Refused(e.to_string().into())),
        }
        Ok(())
    }

    /// Puts what is about to be started on the audit log.
    async fn put_on_record(self: &Arc<Self>, task: &Task, step: &Step) -> Result<(), How> {
        let (witness, hand, asked) = (Arc::clone(&self.witness), Arc::clone(self), task.clone());
        let words = self.redactor.text(&words_of(step));
        let at = (self.surroundings.clock)();
        let told = tokio::task::spawn_blocking(move || witness.intent(at, &hand.run, &hand.plan, &asked, &words)).await;
        told.map_err(|e| How::Refused(e.to_string().into()))?.map_err(How::Refused)
    }

    /// Whether the target looks whether the lock is still ours when it starts a step, so that nobody has to ask before.
    fn looks_itself(&self, task: &Task, step: &Step) -> bool {
        let lock = self.plan.lock.as_ref().filter(|lock| lock.host == task.host && lock.keys.len() == 1);
        lock.is_some() && matches!(step.action, Action::Shell { .. })
    }

    /// Looks whether the locks are still ours; a lock host that is away is waited for. Those who ask at once look once: a
    /// look that began after `since` is good for all of them.
    async fn still_ours(&self, since: Instant) -> Result<(), How> {
        let fences = self.fences.lock().map(|f| f.clone()).unwrap_or_default();
        let Some(keeper) = self.keeper() else { return Ok(()) };
        let mut looked = self.looked.lock().await;
        if looked.is_some_and(|began| began >= since) {
            return Ok(());
        }
        let most = (!self.is_patient).then_some(SHORT_PATIENCE * 2);
        let began = Instant::now();
        for (key, fence) in fences {
            let beat = self.until_reached(most, || keeper.beat(&self.permit, &key, fence).boxed()).await;
            beat.map_err(|e| match e {
                TargetError::LockLost { .. } => {
                    self.lost.cancel();
                    How::LockLost(e.to_string().into())
                }
                e => How::Refused(format!("nothing begins while the lock cannot be looked at: {e}").into()),
            })?;
        }
        *looked = Some(began);
        Ok(())
    }

    /// Nothing begins that is not on record beside the lock; a lock host that is away is waited for.
    async fn is_mirrored(&self, mirror: Mirror) -> Result<(), How> {
        if self.plan.lock.is_none() {
            return Ok(());
        }
        if mirror.is_behind() {
            self.hurry.notify_one();
        }
        if self.is_patient {
            mirror.holds().await;
            return Ok(());
        }
        let why = |_| How::Refused("nothing begins while the journal cannot be kept beside the lock".into());
        tokio::time::timeout(SHORT_PATIENCE * 2, mirror.holds()).await.map_err(why)
    }

    /// Prints what comes until the end, or until the link is lost.
    async fn follow(&self, task: &Task, mut following: Box<dyn Following>, brake: &Brake) {
        let mut printer = match self.printer(task) {
            Ok(printer) => printer,
            Err(e) => return self.send(Input::JournalBroken(e.to_string().into())).await,
        };
        loop {
            let news = {
                let mut next = following.next();
                loop {
                    tokio::select! {
                        news = &mut next => break news,
                        () = sleep(EVERY) => printer.flush(),
                    }
                }
            };
            let kept = match news {
                News::Started(pid) => {
                    self.send(Input::Started(task.clone(), Some(pid).filter(|p| *p > 0))).await;
                    Ok(())
                }
                News::Output(at, bytes) => printer.push(&bytes, at + bytes.len() as u64),
                News::Ended(end) => {
                    let kept = ended(&mut printer).await;
                    self.hush(task, &printer).await;
                    let mut end = end_of(&end);
                    end.survivors = self.survivors(brake).await;
                    if kept.is_ok() {
                        return self.send(Input::Ended(task.clone(), end)).await;
                    }
                    kept
                }
                News::Lost(why) => {
                    printer.flush();
                    return self.send(Input::Lost(task.clone(), why)).await;
                }
            };
            if let Err(e) = kept {
                return self.send(Input::JournalBroken(e.to_string().into())).await;
            }
        }
    }

    async fn survivors(&self, brake: &Brake) -> Vec<Text> {
        if !brake.asked.is_cancelled() {
            return Vec::new();
        }
        // Whoever ends it looks for what is left when its leader is gone.
        tokio::time::timeout(Duration::from_secs(20), brake.ended.cancelled()).await.ok();
        brake.survivors.lock().map(|s| s.clone()).unwrap_or_default()
    }

    /// Follows an attempt that runs already.
    pub(super) async fn attach(self: Arc<Self>, task: Task, brake: Arc<Brake>) {
        if let Err(why) = self.attach_to(&task, &brake).await {
            sleep(BREATH).await;
            self.send(Input::Lost(task, why)).await;
        }
        brake.done.cancel();
    }

    async fn attach_to(&self, task: &Task, brake: &Brake) -> Result<(), Text> {
        let target = self.target(&task.host)?;
        let offset = self.printer(task).map_err(|e| Text::from(e.to_string()))?.offset();
        let following = target.attach(&self.run, &task.name(), offset).await;
        let following = following.map_err(|e| Text::from(e.to_string()))?;
        self.follow(task, following, brake).await;
        Ok(())
    }

    /// Finds out what became of an attempt.
    pub(super) async fn ask_fate(self: Arc<Self>, task: Task) {
        let limit = self.step_of(&task).map_or(Duration::ZERO, |s| s.timeout + s.grace);
        let most = (!self.is_patient).then_some(limit + PATIENCE);
        let target = match self.target(&task.host) {
            Ok(target) => target,
            Err(why) => return self.send(Input::FateHidden(task, why)).await,
        };
        let name = task.name();
        let fate = self.until_reached(most, || target.fate(&self.run, &name).boxed()).await;
        match fate {
            // Its end comes with the rest of what it printed, so it is followed to it.
            Ok(Fate::Ended(ended)) => {
                for attempt in 1..=READS {
                    let Err(why) = self.print_rest(&task).await else { break };
                    tracing::warn!(
                        attempt,
                        "the rest of what {} printed on {} is not had: {why}",
                        task.step,
                        task.host
                    );
                    sleep(BREATH).await;
                }
                self.send(Input::FateKnown(task, Fate::Ended(ended))).await;
            }
            Ok(fate) => self.send(Input::FateKnown(task, fate)).await,
            Err(e) => self.send(Input::FateHidden(task, e.to_string().into())).await,
        }
    }

    async fn print_rest(&self, task: &Task) -> Result<(), Text> {
        let words = |e: TargetError| Text::from(e.to_string());
        let target = self.target(&task.host)?;
        let mut printer = self.printer(task).map_err(|e| Text::from(e.to_string()))?;
        let mut following = target.attach(&self.run, &task.name(), printer.offset()).await.map_err(words)?;
        loop {
            match following.next().await {
                News::Output(at, bytes) => {
                    printer.push(&bytes, at + bytes.len() as u64).map_err(|e| Text::from(e.to_string()))?;
                }
                News::Started(_) => {}
                News::Ended(_) => {
                    ended(&mut printer).await.map_err(|e| Text::from(e.to_string()))?;
                    self.hush(task, &printer).await;
                    return Ok(());
                }
                News::Lost(why) => return Err(why),
            }
        }
    }

    /// What holds a secret does not stay on its host when it was read to its end.
    async fn hush(&self, task: &Task, printer: &Printer) {
        let Ok(target) = self.target(&task.host) else { return };
        if printer.has_secrets()
            && let Err(e) = target.forget_log(&self.permit, &self.run, &task.name()).await
        {
            tracing::warn!("what {} printed on {} stays there with a secret in it: {e}", task.step, task.host);
        }
    }

    /// Ends an attempt, and tries until it has ended: a host that is away is waited for.
    pub(super) async fn end(self: Arc<Self>, task: Task, brake: Arc<Brake>) {
        brake.asked.cancel();
        let Ok(step) = self.step_of(&task) else { return };
        let Ok(target) = self.target(&task.host) else { return };
        if !matches!(step.action, Action::Shell { .. }) {
            return;
        }
        while !brake.done.is_cancelled() {
            let ending = target.end(&self.permit, &self.run, &task.name(), step.grace).await;
            if let (Ok(left), Ok(mut survivors)) = (ending, brake.survivors.lock()) {
                *survivors = left;
                brake.ended.cancel();
            }
            tokio::time::timeout(Duration::from_secs(2), brake.done.cancelled()).await.ok();
        }
    }

    /// Looks whether the proof of a step holds.
    pub(super) async fn verify(self: Arc<Self>, key: Key, is_under_way: bool) {
        let answer = self.is_so(&key, is_under_way).await;
        self.send(Input::Verified(key, answer)).await;
    }

    async fn is_so(&self, key: &Key, is_under_way: bool) -> Result<bool, Text> {
        let task = Task { step: key.0.clone(), host: key.1.clone(), attempt: 1 };
        let step = self.step_of(&task)?;
        let proof = step.verify.clone().unwrap_or_default();
        let target = self.target(&key.1)?;
        let env = self.variables(&step, &key.1);
        let long = (!self.is_patient).then_some(PATIENCE);
        let most = if is_under_way { long } else { Some(SHORT_PATIENCE) };
        let limit = step.timeout.min(Duration::from_mins(1));
        let answer = self.until_reached(most, || target.check(&proof, &env, limit).boxed()).await;
        answer.map(|(code, _)| code == 0).map_err(|e| e.to_string().into())
    }
}

/// What is started, in words for the record.
fn words_of(step: &Step) -> String {
    match &step.action {
        Action::Shell { script, .. } => script.clone(),
        Action::Copy { from, to, delete } => {
            format!("copy {from} to {to}{}", if *delete { ", remove the rest" } else { "" })
        }
        Action::Http(call) => format!("{} {}", call.method, call.url),
        Action::Sql(call) => call.statement.clone(),
        Action::Notify { text, .. } => format!("notify: {text}"),
        other => other.word().to_owned(),
    }
}
