//! The gate: the one place that admits or refuses a plan, and the only one that makes a [`Permit`].

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::acting::Policy;
use crate::model::{EnvironmentId, Operator, Plan, Text};

/// Leave to change something. Made by the gate alone, so that a view or a source that tries to act does not compile.
///
/// ```compile_fail
/// let permit = quarterdeck::runner::Permit(());
/// ```
#[derive(Debug)]
pub struct Permit(());

#[cfg(any(test, feature = "trial"))]
impl Permit {
    /// For tests and benchmarks of transports. Not in a released binary.
    pub fn for_trial() -> Self {
        Self(())
    }
}

/// How a person (or a command line) agreed to a plan.
#[derive(Clone, Debug)]
pub struct Consent {
    /// The digest of the plan that was shown.
    pub digest: String,
    /// How.
    pub by: Given,
    /// Why.
    pub reason: Option<Text>,
    /// Who.
    pub operator: Operator,
    /// An incident: overrides peak times. Needs a reason of 20 characters.
    pub break_glass: Option<Text>,
    /// A dirty marker was shown, and this is why it is gone over.
    pub over_dirty: Option<Text>,
}

/// What was done to agree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// Enter was pressed.
    Enter,
    /// `y` was pressed.
    Yes,
    /// This was typed: `production/sales`, at the highest level `production/sales 7c1f09ae`.
    Typed(String),
    /// `--confirm ENV:DIGEST8` stood on the command line.
    Flag(String),
}

/// Why the gate refused, in words that say what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub Text);

/// How long a console stays armed.
pub const ARMED: SignedDuration = SignedDuration::from_mins(10);
/// A plan of a protected environment is good for this long.
pub const FRESH: Duration = Duration::from_secs(15 * 60);

/// What the gate knows of this console.
#[derive(Debug, Default)]
pub struct Gate {
    /// Nothing may act from this console.
    pub read_only: bool,
    /// Whether a protected environment must be armed first: so in the console, not on the command line, where
    /// `--confirm` stands for it.
    pub arms: bool,
    armed: BTreeMap<EnvironmentId, (Timestamp, Text)>,
}

impl Gate {
    /// Arms one protected environment, any other is disarmed; says until when.
    pub fn arm(&mut self, _environment: &EnvironmentId, _reason: &Text, _now: Timestamp) -> Result<Timestamp, Refusal> {
        unimplemented!()
    }

    /// Disarms.
    pub fn disarm(&mut self) {
        self.armed.clear();
    }

    /// Admits a plan to be run, or says why not.
    pub fn admit(
        &self,
        _plan: &Plan,
        _policy: &Policy,
        _consent: &Consent,
        _now: Timestamp,
    ) -> Result<Permit, Refusal> {
        unimplemented!()
    }
}
