//! Locks and the mirror of a run, on the host that keeps them. A lock that the run itself left behind is taken
//! over; one of another is never.

use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use tokio::sync::watch;
use tokio::time::{Duration, sleep};

use super::hand::Hand;
use crate::model::Text;
use crate::model::run::{Liveness, LockHolder};
use crate::runner::journal::{runs_folder, tail, take_stop};
use crate::runner::machine::{Input, Taken};
use crate::runner::plan::{past, require};
use crate::runner::target::{Claim, Target, TargetError};

/// Between two beats.
const BEAT: Duration = Duration::from_secs(10);
/// Between two looks whether somebody wants the run to end.
const LISTEN: Duration = Duration::from_millis(500);
/// Between two pieces of the mirror.
const MIRROR: Duration = Duration::from_millis(100);
/// The same while something waits to begin.
const MOMENT: Duration = Duration::from_millis(5);
/// A lock host that is away is waited for so long before locks are taken, and at the end.
pub(super) const PATIENCE: Duration = Duration::from_secs(30);

impl Hand {
    /// Takes every lock in the order of the plan; all or none.
    pub(super) async fn take_locks(self: Arc<Self>) {
        let input = match self.try_locks().await {
            Ok(taken) => Input::Locked(taken),
            Err(why) => {
                self.give_back().await.ok();
                Input::LockRefused(why)
            }
        };
        self.send(input).await;
    }

    async fn try_locks(&self) -> Result<Vec<Taken>, Text> {
        let lock = self.plan.lock.as_ref().ok_or("the plan has no lock")?;
        let keeper = self.target(&lock.host)?;
        let mut keys = lock.keys.clone();
        keys.sort();
        let mut all = Vec::new();
        for key in keys {
            let taken = self.take(&keeper, &key).await.map_err(|e| Text::from(e.to_string()))?;
            if let Ok(mut fences) = self.fences.lock() {
                fences.push((key, taken.fence));
            }
            all.push(taken);
        }
        if all.is_empty() { Err("the plan names no lock".into()) } else { Ok(all) }
    }

    async fn take(&self, keeper: &Target, key: &str) -> Result<Taken, TargetError> {
        let claim = Claim {
            key: key.to_owned(),
            run: Some(self.run.clone()),
            operator: self.operator.clone(),
            console_id: Some(self.console_id.clone()),
            what: (&*self.plan.runbook).into(),
            reason: self.reason.clone(),
            digest: Some(self.plan.digest.clone()),
        };
        let mut left = None;
        loop {
            let answer = self.until_reached(Some(PATIENCE), || keeper.lock(&self.permit, &claim).boxed()).await;
            match answer {
                Err(TargetError::Held(holder)) if self.is_left_behind(&holder) => {
                    keeper.break_lock(&self.permit, key, holder.fence).await?;
                    left = Some(holder.fence);
                }
                answer => return answer.map(|fence| Taken { key: key.to_owned(), fence, left }),
            }
        }
    }

    /// A lock of this very run: of a console that is gone, or of this one's state folder, where nobody else can drive the
    /// run as long as its journal is ours.
    fn is_left_behind(&self, holder: &LockHolder) -> bool {
        let is_here = holder.console_id.as_ref() == Some(&self.console_id);
        holder.run.as_ref() == Some(&self.run) && (is_here || holder.liveness != Liveness::Held)
    }

    /// Says that this console lives, and hears when a lock is another's.
    pub(super) async fn beat(self: Arc<Self>) {
        let Some(keeper) = self.keeper() else { return };
        loop {
            sleep(BEAT).await;
            let fences = self.fences.lock().map(|f| f.clone()).unwrap_or_default();
            for (key, fence) in fences {
                let beaten = keeper.beat(&self.permit, &key, fence).await;
                // One that was given back meanwhile is nobody's loss.
                if let Err(e @ TargetError::LockLost { .. }) = beaten
                    && self.has(&key)
                {
                    self.lost.cancel();
                    return self.send(Input::LockLost(e.to_string().into())).await;
                }
            }
        }
    }

    /// Whether a lock was not given back yet, nor is about to be.
    pub(super) fn has(&self, key: &str) -> bool {
        self.fences.lock().is_ok_and(|fences| fences.iter().any(|(held, _)| held == key))
    }

    /// Hears when another process of this machine wants the run to end.
    pub(super) async fn hear_stop(self: Arc<Self>) {
        loop {
            sleep(LISTEN).await;
            let folder = self.folder.clone();
            if let Ok(Some(stop)) = tokio::task::spawn_blocking(move || take_stop(&folder)).await {
                self.send(Input::Interrupt { by: stop.by, insist: stop.insist }).await;
            }
        }
    }

    pub(super) async fn release(self: Arc<Self>) {
        let answer = self.give_back().await;
        self.send(Input::Released(answer)).await;
    }

    async fn give_back(&self) -> Result<(), Text> {
        let fences = self.fences.lock().map(|mut f| std::mem::take(&mut *f)).unwrap_or_default();
        let Some(keeper) = self.keeper() else { return Ok(()) };
        for (key, fence) in fences.into_iter().rev() {
            let freed = || keeper.unlock(&self.permit, &key, fence).boxed();
            match self.until_reached(Some(PATIENCE), freed).await {
                // It is not ours any more, so there is nothing to give back.
                Ok(()) | Err(TargetError::LockLost { .. }) => {}
                Err(e) => return Err(e.to_string().into()),
            }
        }
        Ok(())
    }

    /// Looks at the preconditions again.
    pub(super) async fn require(self: Arc<Self>) {
        let targets: Vec<Target> = self.plan.hosts.iter().filter_map(|h| self.places.target(&h.name)).collect();
        let keeper = self.keeper();
        let (runs, service) = (runs_folder(&self.state), self.plan.target.clone());
        let known = tokio::task::spawn_blocking(move || past::here(&runs, &service)).await.unwrap_or_default();
        let ground = require::Ground {
            service: &self.plan.target,
            deck: &self.deck,
            surroundings: &self.surroundings,
            values: &self.values,
            hosts: targets.iter().collect(),
            past: &known,
            keeper: keeper.as_ref(),
            now: (self.surroundings.clock)(),
        };
        let failed = require::missing(&self.plan.require, &ground).await;
        self.send(Input::Required(failed)).await;
    }

    /// Keeps the mirror up with the journal: plan and runbook first, then what was added. `size` is that of the journal.
    /// Ends with the lock: who has it now may go on with this run, and the mirror is his.
    pub(super) async fn mirror(self: Arc<Self>, size: watch::Receiver<u64>, done: watch::Sender<u64>) {
        self.lost.run_until_cancelled(self.keep_mirror(size, done)).await;
    }

    async fn keep_mirror(&self, mut size: watch::Receiver<u64>, done: watch::Sender<u64>) {
        let Some(keeper) = self.keeper() else { return };
        for file in ["plan.json", "runbook.md"] {
            let Ok(bytes) = read(&self.folder.join(file), 0).await else { return };
            let put = || keeper.mirror(&self.permit, &self.run, file, 0, &bytes).boxed();
            if self.until_reached(None, put).await.is_err() {
                return;
            }
        }
        let mut there = 0;
        loop {
            let here = *size.borrow_and_update();
            if here > there {
                let Ok(bytes) = read(&self.folder.join("journal.jsonl"), there).await else { return };
                let put = || keeper.mirror(&self.permit, &self.run, "journal.jsonl", there, &bytes).boxed();
                match self.until_reached(None, put).await {
                    Ok(()) => {}
                    // What is there is not what was written: all of it goes once more.
                    Err(TargetError::Refused { .. }) if there > 0 => {
                        there = 0;
                        continue;
                    }
                    Err(_) => return,
                }
                there += bytes.len() as u64;
                done.send_replace(there);
                // What comes in one moment goes together, so that the mirror does not take up its host.
                tokio::select! {
                    () = sleep(MIRROR) => {}
                    () = self.hurry.notified() => sleep(MOMENT).await,
                    () = self.closing.cancelled() => {}
                }
            } else if size.changed().await.is_err() {
                return;
            }
        }
    }
}

async fn read(path: &Path, from: u64) -> Result<Vec<u8>, Text> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || tail(&path, from)).await;
    read.map_err(|e| e.to_string())?.map_err(|e| e.to_string().into())
}
