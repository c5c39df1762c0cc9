//! Locks and dirty markers of a target. Who holds a lock, and whether he lives, is judged by the target's own clock.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::call::{Answer, MOST, Piece, decoded, encoded};
use super::{Claim, Target, TargetError};
use crate::model::run::{Dirty, Liveness, LockHolder};
use crate::model::{Operator, RunId, Text};
use crate::runner::Permit;

/// A holder without a beat for this long is not there any more.
const SILENT: SignedDuration = SignedDuration::from_secs(60);
/// Locks of a whole host.
const MOST_LOCKS: usize = 4 << 20;

/// What the console writes into a lock.
#[derive(Serialize, Deserialize)]
struct Written {
    key: String,
    run: Option<RunId>,
    operator: Operator,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    console_id: Option<String>,
    what: Text,
    reason: Option<Text>,
    digest: Option<String>,
}

/// Locks, and markers by key.
type Found = (Vec<LockHolder>, Vec<(String, Dirty)>);

impl Target {
    /// Takes a lock, atomically; its number, one more than ever before.
    pub async fn lock(&self, permit: &Permit, claim: &Claim) -> Result<u64, TargetError> {
        let Claim { key, run, operator, console_id, what, reason, digest } = claim.clone();
        let name = encoded(&key);
        let run_name = run.as_ref().map_or("-".to_owned(), ToString::to_string);
        let written = self.written(&Written { key, run, operator, console_id, what, reason, digest })?;
        let words = [name.as_str(), &run_name, &written.len().to_string()];
        let answer = self.tell(permit, Piece::Keep, "lock", &words, &written).await?;
        if !answer.barred {
            return answer.text().trim().parse().map_err(|_| self.refuse("the number of the lock cannot be read"));
        }
        match self.holders(&answer)?.0.pop() {
            Some(holder) => Err(TargetError::Held(Box::new(holder))),
            // It was given back between two looks.
            None => Err(self.refuse(format!("the lock {} changed hands just now; try again", claim.key))),
        }
    }

    /// Says that the holder lives, and looks whether the lock is still ours.
    pub async fn beat(&self, permit: &Permit, key: &str, fence: u64) -> Result<(), TargetError> {
        self.with_lock(permit, "beat", key, fence).await
    }

    /// Gives a lock back if it is still ours.
    pub async fn unlock(&self, permit: &Permit, key: &str, fence: u64) -> Result<(), TargetError> {
        self.with_lock(permit, "over", key, fence).await
    }

    /// Takes a lock from this holder (its number): who it was stays written there. Exactly one of several who try at once
    /// succeeds; for the others the lock is lost. The lock is free after it.
    pub async fn break_lock(&self, permit: &Permit, key: &str, fence: u64) -> Result<(), TargetError> {
        self.with_lock(permit, "over", key, fence).await
    }

    async fn with_lock(&self, permit: &Permit, verb: &str, key: &str, fence: u64) -> Result<(), TargetError> {
        let answer = self.tell(permit, Piece::Keep, verb, &[&encoded(key), &fence.to_string()], b"").await?;
        if !answer.barred {
            return Ok(());
        }
        let by = self.holders(&answer)?.0.pop().map(Box::new);
        Err(TargetError::LockLost { key: key.to_owned(), by })
    }

    /// Who holds a lock.
    pub async fn holder(&self, key: &str) -> Result<Option<LockHolder>, TargetError> {
        let answer = self.ask(Piece::Keep, "holder", &[&encoded(key)], MOST).await?;
        Ok(self.holders(&answer)?.0.pop())
    }

    /// All locks and dirty markers whose keys begin so.
    pub async fn locks(&self, prefix: &str) -> Result<(Vec<LockHolder>, Vec<(String, Dirty)>), TargetError> {
        let answer = self.ask(Piece::Keep, "locks", &[&encoded(prefix)], MOST_LOCKS).await?;
        self.holders(&answer)
    }

    /// Marks a key as left in the middle by a run.
    pub async fn set_dirty(&self, permit: &Permit, key: &str, dirty: &Dirty) -> Result<(), TargetError> {
        let written = self.written(dirty)?;
        let words = [marker(key), written.len().to_string()];
        self.tell(permit, Piece::Keep, "put", &[&words[0], &words[1]], &written).await.map(drop)
    }

    /// The marker of a key.
    pub async fn dirty(&self, key: &str) -> Result<Option<Dirty>, TargetError> {
        let answer = self.ask(Piece::Keep, "get", &[&marker(key), &MOST.to_string()], MOST).await?;
        if !answer.says("there") {
            return Ok(None);
        }
        self.read(&answer.text(), &format!("the marker of {key}")).map(Some)
    }

    /// Takes the marker away.
    pub async fn clean(&self, permit: &Permit, key: &str) -> Result<(), TargetError> {
        self.tell(permit, Piece::Keep, "drop", &[&marker(key)], b"").await.map(drop)
    }

    /// Locks and markers as they are printed: a line of numbers and a line of what the console wrote.
    fn holders(&self, answer: &Answer) -> Result<Found, TargetError> {
        if answer.truncated {
            return Err(self.refuse("there are more locks than can be read; look into its folder of locks"));
        }
        let text = answer.text();
        let mut lines = text.lines().filter(|line| !line.is_empty());
        let (mut holders, mut marked) = (Vec::new(), Vec::new());
        while let Some(head) = lines.next() {
            let body = lines.next().unwrap_or_default();
            if let Some(numbers) = head.strip_prefix("lock ") {
                let written = self.read(body, "a lock")?;
                let numbers: Vec<i64> = numbers.split_whitespace().filter_map(|n| n.parse().ok()).collect();
                let holder = holder(&numbers, written);
                holders.push(holder.ok_or_else(|| self.refuse("the numbers of a lock cannot be read"))?);
            } else if let Some(name) = head.strip_prefix("dirty ") {
                let key = decoded(name);
                let dirty = self.read(body, &format!("the marker of {key}"))?;
                marked.push((key, dirty));
            }
        }
        Ok((holders, marked))
    }

    /// One line of JSON.
    pub(super) fn written(&self, what: &impl Serialize) -> Result<Vec<u8>, TargetError> {
        serde_json::to_vec(what).map_err(|e| self.refuse(format!("it cannot be written down: {e}")))
    }

    /// What a console wrote there, or anybody else.
    pub(super) fn read<T: for<'de> Deserialize<'de>>(&self, text: &str, what: &str) -> Result<T, TargetError> {
        serde_json::from_str(text.trim()).map_err(|e| {
            let folder = self.folder.as_deref().unwrap_or("~/.local/state/quarterdeck");
            self.refuse(format!("{what} is damaged ({e}); look into {folder} there"))
        })
    }
}

fn marker(key: &str) -> String {
    format!("dirty/{}.json", encoded(key))
}

/// `NUMBER NOW TAKEN BEAT PIDS…`, and what was written.
fn holder(numbers: &[i64], written: Written) -> Option<LockHolder> {
    let [fence, now, taken, beat, pids @ ..] = numbers else { return None };
    let silent_for = SignedDuration::from_secs(now.saturating_sub(*beat).max(0));
    let pids: Vec<u32> = pids.iter().filter_map(|pid| u32::try_from(*pid).ok()).collect();
    let liveness = match &written.run {
        None => Liveness::Manual,
        Some(_) if silent_for < SILENT => Liveness::Held,
        Some(_) if pids.is_empty() => Liveness::Stale,
        Some(_) => Liveness::Unattended { pids },
    };
    Some(LockHolder {
        key: written.key,
        run: written.run,
        fence: u64::try_from(*fence).ok()?,
        operator: written.operator,
        console_id: written.console_id,
        what: written.what,
        reason: written.reason,
        digest: written.digest,
        taken_at: Timestamp::from_second(*taken).ok()?,
        liveness,
        silent_for,
    })
}
