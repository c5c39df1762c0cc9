//! The kinds of steps that are no processes on a target: requests, statements, waits, notices. Each is one file under
//! `step/` with a function from a [`Setting`] to a [`StepEnd`]. Shell texts and copies are carried out by `execute`; the
//! time limit of a step is kept there too, by `stop`.

pub mod http;
pub mod notify;
pub mod sql;
pub mod wait;

use std::collections::BTreeMap;

use tokio_util::sync::CancellationToken;

use crate::config::Deck;
use crate::model::plan::HostName;
use crate::model::runbook::Step;
use crate::model::{Plan, RunId, Text};
use crate::runner::Permit;
use crate::source::Surroundings;

/// What a step finds around it.
pub struct Setting<'a> {
    /// The clock, the vault, the hosts.
    pub surroundings: &'a Surroundings,
    /// The deck as it is loaded now: probes and hosts of the environment.
    pub deck: &'a Deck,
    /// Leave to change something.
    pub permit: &'a Permit,
    /// The plan that runs.
    pub plan: &'a Plan,
    /// Which run.
    pub run: &'a RunId,
    /// The step; `{names}` in it are filled in.
    pub step: &'a Step,
    /// Where: a host of the plan, or `local`.
    pub host: &'a HostName,
    /// Every variable by its name in small letters, secrets found.
    pub values: &'a BTreeMap<String, String>,
    /// Set when the step must end: it was cancelled, or its time is up. A step that has sent something whose effect it
    /// cannot know answers [`StepEnd::Unknown`], else [`StepEnd::Cancelled`].
    pub stop: &'a CancellationToken,
    /// Takes what is printed, a line a call, without newline. It is redacted behind this.
    pub say: &'a (dyn Fn(&str) + Send + Sync),
}

/// How such a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepEnd {
    /// Well.
    Ok {
        /// A code where there is one: the status of an answer.
        exit: Option<i32>,
    },
    /// With an error; nothing is left open.
    Failed(Text),
    /// Whether it had its effect is not known.
    Unknown(Text),
    /// It was ended before it had an effect.
    Cancelled,
}
