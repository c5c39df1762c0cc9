//! The runs on this machine, the newest first. One whose files cannot be read is listed with its fault, never left out.

use std::path::Path;

use super::{is_driven, read, runs_folder};
use crate::model::{RunId, RunStatus, RunSummary, Text};

/// A run on record.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Which.
    pub id: RunId,
    /// What it came to, or what is wrong with its files.
    pub summary: Result<RunSummary, Text>,
    /// Whether a console of this machine drives it.
    pub is_driven: bool,
}

impl Listed {
    /// Whether it has not ended, and nobody here drives it.
    pub fn is_interrupted(&self) -> bool {
        self.summary.as_ref().is_ok_and(|s| s.status == RunStatus::Interrupted)
    }
}

/// Every run, the newest first. One that has not ended and that nobody drives is told as interrupted.
pub fn list(state: &Path) -> Vec<Listed> {
    let folders = std::fs::read_dir(runs_folder(state)).into_iter().flatten().filter_map(Result::ok);
    let mut runs: Vec<RunId> = folders.filter_map(|f| RunId::parse(f.file_name().to_str()?)).collect();
    runs.sort_by(|a, b| b.cmp(a));
    runs.into_iter().map(|id| one(state, id)).collect()
}

fn one(state: &Path, id: RunId) -> Listed {
    let is_driven = is_driven(state, &id);
    let summary = match read(state, &id) {
        Ok(kept) => {
            let mut summary = kept.state.summary();
            if !summary.status.is_over() && !is_driven {
                summary.status = RunStatus::Interrupted;
            }
            Ok(summary)
        }
        Err(fault) => Err(fault.to_string().into()),
    };
    Listed { id, summary, is_driven }
}
