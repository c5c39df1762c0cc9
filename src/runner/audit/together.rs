//! Facts that several threads of this process add in one moment go to the disk together: whoever is first writes those of
//! all who came meanwhile. Knows nothing of the file.

#![expect(
    clippy::disallowed_types,
    reason = "writers of one file take turns, in threads that wait for the disk anyway"
)]

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::{AuditError, Fact};

/// Facts that wait, and the turn to write.
#[derive(Debug, Default)]
pub(super) struct Together {
    waiting: Mutex<Vec<Arc<Waiting>>>,
    turn: Mutex<()>,
}

/// Facts of one caller, in their order.
#[derive(Debug)]
struct Waiting {
    facts: Vec<Fact>,
    /// What became of them.
    answer: OnceLock<Result<(), AuditError>>,
}

impl Together {
    /// Returns when these facts were written, by this caller or by another, or could not be.
    pub(super) fn add(
        &self,
        facts: &[Fact],
        write: impl FnOnce(&[&Fact]) -> Result<(), AuditError>,
    ) -> Result<(), AuditError> {
        let own = Arc::new(Waiting { facts: facts.to_vec(), answer: OnceLock::new() });
        held(&self.waiting).push(Arc::clone(&own));
        let turn = held(&self.turn);
        if let Some(answer) = own.answer.get() {
            return again(answer);
        }
        let all = std::mem::take(&mut *held(&self.waiting));
        let facts: Vec<&Fact> = all.iter().flat_map(|waiting| &waiting.facts).collect();
        let answer = write(&facts);
        for other in &all {
            // Nobody else has the turn, so nobody else has answered.
            other.answer.set(again(&answer)).ok();
        }
        drop(turn);
        answer
    }
}

/// Nothing here is left half done by a thread that panics.
fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn again(answer: &Result<(), AuditError>) -> Result<(), AuditError> {
    answer.as_ref().copied().map_err(AuditError::again)
}
