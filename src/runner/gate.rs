//! The gate: the one place that admits or refuses a plan, and the only one that makes a [`Permit`].

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::config::acting::Policy;
use crate::model::{EnvironmentId, Level, Operator, Plan, RunState, ServiceId, Text, Tier};

mod declared;
mod rules;

pub use crate::model::plan::SHORTEST_REASON;

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

impl Refusal {
    fn new(why: impl Into<Text>) -> Self {
        Self(why.into())
    }
}

const READ_ONLY: &str = "this console is read-only: nothing may act from it";
/// The shortest reason that overrides a peak time.
pub const SHORTEST_EMERGENCY: usize = 20;

/// How long a console stays armed.
pub const ARMED: SignedDuration = SignedDuration::from_mins(10);
/// A plan of a protected environment is good for this long.
pub const FRESH: Duration = Duration::from_mins(15);

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
    /// Of a console (`arms`) or of a command line.
    pub fn new(read_only: bool, arms: bool) -> Self {
        Self { read_only, arms, armed: BTreeMap::new() }
    }

    /// Arms one protected environment, any other is disarmed; says until when.
    pub fn arm(&mut self, environment: &EnvironmentId, reason: &Text, now: Timestamp) -> Result<Timestamp, Refusal> {
        if self.read_only {
            return Err(Refusal::new(READ_ONLY));
        }
        if !is_reason(reason, SHORTEST_REASON) {
            return Err(Refusal::new(format!(
                "to arm {environment} say why, in at least {SHORTEST_REASON} characters"
            )));
        }
        let until = now.saturating_add(ARMED).unwrap_or(now);
        self.armed.clear();
        self.armed.insert(environment.clone(), (until, reason.clone()));
        Ok(until)
    }

    /// Disarms.
    pub fn disarm(&mut self) {
        self.armed.clear();
    }

    /// The environment that is armed, until when, and why.
    pub fn armed(&self, now: Timestamp) -> Option<(&EnvironmentId, Timestamp, &Text)> {
        let (environment, (until, reason)) = self.armed.first_key_value()?;
        (*until > now).then_some((environment, *until, reason))
    }

    /// Admits a plan to be run, or says why not. What only looks needs no consent beyond its digest.
    pub fn admit(&self, plan: &Plan, policy: &Policy, consent: &Consent, now: Timestamp) -> Result<Permit, Refusal> {
        rules::content(plan, consent)?;
        rules::blocked(plan)?;
        if plan.only_looks() {
            return Ok(Permit(()));
        }
        if self.read_only {
            return Err(Refusal::new(READ_ONLY));
        }
        // The deck may have been made stricter since the plan was made.
        let level = plan.level.max(policy.level).max(Level::of(policy.tier)).max(Level::of(plan.tier));
        self.is_armed(plan, policy, now)?;
        rules::fresh(plan, level, now)?;
        rules::consent(plan, level, consent)?;
        rules::reason(level, consent)?;
        rules::peak(policy, consent, now)?;
        rules::dirty(plan, level, consent)?;
        Ok(Permit(()))
    }

    /// Leave for the rollback that a failed run declares to be started by itself: who agreed to that run agreed to this.
    /// What it would do is planned as any other, and must not ask for a stronger consent than was given, nor for a password
    /// for sudo that the failed run does not hand on (`has_sudo`).
    pub fn admit_declared(
        &self,
        plan: &Plan,
        policy: &Policy,
        (failed, has_sudo): (&RunState, bool),
        now: Timestamp,
    ) -> Result<Permit, Refusal> {
        rules::intact(plan)?;
        rules::blocked(plan)?;
        if self.read_only {
            return Err(Refusal::new(READ_ONLY));
        }
        self.is_armed(plan, policy, now)?;
        rules::fresh(plan, Level::Typed, now)?;
        declared::follows(plan, failed)?;
        declared::leads_back(plan)?;
        declared::has_what_it_asks_for(plan, has_sudo)?;
        Ok(Permit(()))
    }

    /// Leave for what is no run: taking a lock by hand, giving one back or breaking one, ending a job. The words are those
    /// of a plan of this level for the target: `environment/service`, and nothing to be digested.
    pub fn admit_hand(
        &self,
        target: &ServiceId,
        policy: &Policy,
        consent: &Consent,
        now: Timestamp,
    ) -> Result<Permit, Refusal> {
        if self.read_only {
            return Err(Refusal::new(READ_ONLY));
        }
        let level = policy.level.max(Level::of(policy.tier));
        self.is_armed_for(target, policy.tier, now)?;
        rules::by_hand(target, level, consent)?;
        rules::reason(level, consent)?;
        Ok(Permit(()))
    }

    fn is_armed(&self, plan: &Plan, policy: &Policy, now: Timestamp) -> Result<(), Refusal> {
        self.is_armed_for(&plan.target, plan.tier.max(policy.tier), now)
    }

    fn is_armed_for(&self, target: &ServiceId, tier: Tier, now: Timestamp) -> Result<(), Refusal> {
        if !self.arms || !tier.is_protected() {
            return Ok(());
        }
        let environment = &target.environment;
        match self.armed.get(environment) {
            Some((until, _)) if *until > now => Ok(()),
            Some((until, _)) => {
                let ago = crate::transport::human(since(*until, now));
                Err(Refusal::new(format!("{environment} was armed, but not since {ago} ago: arm it again")))
            }
            None => Err(Refusal::new(format!("{environment} is protected: arm it first"))),
        }
    }
}

fn is_reason(reason: &Text, least: usize) -> bool {
    crate::model::plan::letters(reason.as_str()) >= least
}

fn since(before: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(before)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
