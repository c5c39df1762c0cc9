//! Asking the process of this machine that drives a run to end it: a file in the run's folder, whole or not there. Who drives
//! looks for it, takes it away, and ends the run.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{JournalError, run_folder, write_whole};
use crate::model::{Operator, RunId};

const FILE: &str = "stop";

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// By whom.
    pub by: Operator,
    /// Steps that say that they must not be interrupted, too.
    pub insist: bool,
}

/// Asks who drives a run to end it.
pub fn ask_to_stop(state: &Path, run: &RunId, stop: &Stop) -> Result<(), JournalError> {
    let path = run_folder(state, run).join(FILE);
    let text = serde_json::to_vec(stop).map_err(|e| JournalError::broken(&path, e.to_string()))?;
    write_whole(&path, &text)
}

/// What was asked of who drives the run of this folder; it is taken away. One that cannot be read asks for nothing.
pub fn take_stop(folder: &Path) -> Option<Stop> {
    let path = folder.join(FILE);
    let text = std::fs::read(&path).ok()?;
    std::fs::remove_file(&path).ok()?;
    serde_json::from_slice(&text).ok()
}
