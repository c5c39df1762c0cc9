//! Plans: everything that can be resolved without changing anything. Hosts are contacted to look; commands that may change
//! something are never run here.

mod batches;
mod digest;
mod draft;
#[cfg(test)]
pub(crate) mod fixture;
mod inputs;
mod level;
mod lock;
mod names;
pub mod past;
pub mod place;
mod release;
pub mod require;
mod secrets;
mod steps;
mod warnings;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Deck;
use crate::config::acting::Acting;
use crate::model::plan::HostName;
use crate::model::{Plan, RunId, Runbook, Text};
use crate::source::Surroundings;

pub use digest::digest;
pub use names::{finish, variables};
pub use past::Past;
pub use place::{LOCAL, target};
pub use release::version_of;

/// What is to be planned.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The service and what runbooks of it know.
    pub acting: Arc<Acting>,
    /// The deck: its hosts and probes.
    pub deck: Arc<Deck>,
    /// The runbook.
    pub runbook: Arc<Runbook>,
    /// Inputs by name, as they were given. Values of secret inputs are only kept in memory.
    pub inputs: BTreeMap<String, String>,
    /// These hosts alone; all where none is named.
    pub only: Vec<HostName>,
    /// Goes on with this run.
    pub resumes: Option<RunId>,
    /// Runs of the service before this one, the newest first ([`past::here`]).
    pub past: Arc<[Past]>,
}

/// Why there is no plan: usage, unknown inputs, values that do not fit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct PlanError(pub Text);

impl From<Text> for PlanError {
    fn from(why: Text) -> Self {
        Self(why)
    }
}

/// Makes a plan. What keeps it from running is in the plan ([`Plan::blocked`]), not an error.
pub async fn plan(ask: &Ask, surroundings: &Surroundings) -> Result<Plan, PlanError> {
    draft::plan(ask, surroundings).await.map_err(PlanError)
}

/// What can be chosen for each input that has choices, for who asks a person; or why that is not known. Only looks.
pub async fn choices(ask: &Ask, surroundings: &Surroundings) -> BTreeMap<String, Result<Vec<String>, Text>> {
    draft::choices(ask, surroundings).await
}
