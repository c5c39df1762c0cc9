//! Plans: everything that can be resolved without changing anything. Hosts are contacted to look; commands that may change
//! something are never run here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::acting::Acting;
use crate::model::plan::HostName;
use crate::model::{Plan, RunId, Runbook, Text};
use crate::source::Surroundings;

mod digest;
#[cfg(test)]
pub(crate) mod fixture;

pub use digest::digest;

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The service and what runbooks of it know.
    pub acting: Arc<Acting>,
    /// The runbook.
    pub runbook: Arc<Runbook>,
    /// Inputs by name, as they were given. Values of secret inputs are only kept in memory.
    pub inputs: BTreeMap<String, String>,
    /// These hosts alone; all where none is named.
    pub only: Vec<HostName>,
    /// Goes on with this run.
    pub resumes: Option<RunId>,
}

/// Why there is no plan: usage, unknown inputs, values that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlanError(pub Text);

/// Makes a plan. What keeps it from running is in the plan ([`Plan::blocked`]), not an error.
pub async fn plan(_ask: &Ask, _surroundings: &Surroundings) -> Result<Plan, PlanError> {
    unimplemented!()
}
