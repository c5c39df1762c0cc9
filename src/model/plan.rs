//! A plan: a runbook resolved for one target and its inputs. It holds everything a run needs, so a saved plan runs as it is,
//! and nothing secret: secrets stand in it by reference.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::environment::Tier;
use super::id::ServiceId;
use super::run::{Dirty, LockHolder, RunId};
use super::runbook::{Batches, OnFailure, Release, Require, RunbookKind, Step};
use super::text::Text;

/// How strongly a plan must be confirmed.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Enter.
    #[default]
    Enter,
    /// `y`; no is the default.
    Yes,
    /// The environment and service are typed, and a reason.
    Typed,
    /// As `Typed`, and the plan's digest: destructive or wide in production.
    Digest,
}

impl Level {
    /// The level of a tier before anything raises it.
    pub fn of(tier: Tier) -> Self {
        match tier {
            Tier::Development => Level::Enter,
            Tier::Staging => Level::Yes,
            Tier::Production => Level::Typed,
        }
    }

    /// 0 to 3, as ACTING and `--json` count.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The level of this number, at most the highest.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 => Level::Enter,
            1 => Level::Yes,
            2 => Level::Typed,
            _ => Level::Digest,
        }
    }
}

/// A host's name in its environment; `local` is the operator's machine.
pub type HostName = Arc<str>;

/// A plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plan {
    /// The shape of this document.
    pub schema: u32,
    /// SHA-256 in hexadecimal over everything that a confirmation is for: runbook, inputs, hosts, steps, observed facts.
    pub digest: String,
    /// When its facts were read.
    pub made_at: Timestamp,
    /// The runbook's name.
    pub runbook: Arc<str>,
    /// Its title.
    pub title: Text,
    /// What it is for.
    pub kind: RunbookKind,
    /// SHA-256 of its text and includes.
    pub runbook_hash: String,
    /// What it is run on.
    pub target: ServiceId,
    /// The run that it goes on with.
    #[serde(default)]
    pub resumes: Option<RunId>,
    /// The tier of its environment.
    pub tier: Tier,
    /// How it must be confirmed.
    pub level: Level,
    /// What raised the level above that of the tier.
    pub raised_by: Vec<Text>,
    /// What the operator gave, in the order of the runbook.
    pub inputs: Vec<Given>,
    /// Every variable that steps get, by its name in small letters: inputs and names of the service.
    pub values: BTreeMap<String, Value>,
    /// Where hosts steps run, in the order of the deck.
    pub hosts: Vec<PlannedHost>,
    /// Hosts in the order in which they are taken.
    pub batches: Vec<Vec<HostName>>,
    /// How batches are taken; none means one batch.
    pub batching: Option<Batches>,
    /// Where the lock is: the first host, or `local`. None for a run that only looks.
    pub lock: Option<PlannedLock>,
    /// In the order in which they run.
    pub steps: Vec<PlannedStep>,
    /// Preconditions, looked at again before the first change.
    pub require: Vec<Require>,
    /// What becomes of the version.
    pub release: Option<PlannedRelease>,
    /// The runbook that is offered on a failure.
    pub on_failure: Option<OnFailure>,
    /// What will not be undone, or cannot be.
    pub not_undone: Vec<Text>,
    /// Why it cannot run now. Empty when it can.
    pub blocked: Vec<Text>,
    /// What should be known before.
    pub warnings: Vec<Text>,
    /// How long it takes.
    pub estimate: Option<Estimate>,
}

impl Plan {
    /// The shape written now.
    pub const SCHEMA: u32 = 1;

    /// The first eight digits of the digest, as people type them.
    pub fn short(&self) -> &str {
        self.digest.get(..8).unwrap_or(&self.digest)
    }

    /// The step of this id.
    pub fn step(&self, id: &str) -> Option<&PlannedStep> {
        self.steps.iter().find(|s| s.step.id == id)
    }

    /// What other runs left unfinished, and this plan does not mend: neither the same run that goes on, nor a way back.
    pub fn goes_over(&self) -> impl Iterator<Item = &Dirty> {
        let own = self.lock.as_ref().and_then(|l| l.dirty.as_ref()).filter(|_| self.kind == RunbookKind::Rollback);
        let mends = move |dirty: &Dirty| [self.resumes.as_ref(), own.map(|d| &d.run)].contains(&Some(&dirty.run));
        self.lock.iter().flat_map(PlannedLock::left).filter(move |dirty| !mends(dirty))
    }

    /// Whether sudo asks for a password on one of its hosts.
    pub fn asks_sudo(&self) -> bool {
        self.hosts.iter().any(|host| host.sudo == Some(Sudo::Password))
    }

    /// Whether no step of it changes anything.
    pub fn only_looks(&self) -> bool {
        self.steps.iter().all(|s| s.step.only_looks())
    }
}

/// An input as it was given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Given {
    /// Its name.
    pub name: String,
    /// As it is shown: `•••` for a secret.
    pub shown: Text,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Value {
    /// This.
    Plain(String),
    /// What is found behind a secret reference when the step runs.
    Reference(String),
    /// What was typed for this plan; asked again by who resumes it.
    Asked,
}

/// A host of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedHost {
    /// Its name.
    pub name: HostName,
    /// How it is reached, as the deck says.
    pub destination: Text,
    /// `SHA256:…` of its host key; none for this machine.
    pub identity: Option<Text>,
    /// Why it is not reached; none when it is.
    pub unreachable: Option<Text>,
    /// Whether supervised steps work there; else why not, and steps end with the link.
    pub unsupervised: Option<Text>,
    /// Its clock less the console's.
    pub clock_offset: Option<jiff::SignedDuration>,
    /// How sudo fares there, where a step needs it.
    pub sudo: Option<Sudo>,
}

/// How sudo fares.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sudo {
    /// Without a password.
    Free,
    /// With a password, asked once a run.
    Password,
    /// Not at all, and why.
    Refused(Text),
}

/// The lock of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedLock {
    /// Where the locks are directories.
    pub host: HostName,
    /// All of them, in the order in which they are taken.
    pub keys: Vec<String>,
    /// Who holds one of them now.
    pub held: Option<LockHolder>,
    /// What a run of the service before left unfinished.
    pub dirty: Option<Dirty>,
    /// What runs of others left unfinished under the other keys, by key.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub also: BTreeMap<String, Dirty>,
}

impl PlannedLock {
    /// What was left unfinished, each run once.
    pub fn left(&self) -> impl Iterator<Item = &Dirty> {
        let is_new = |dirty: &&Dirty| self.dirty.as_ref().is_none_or(|own| own.run != dirty.run);
        self.dirty.iter().chain(self.also.values().filter(is_new))
    }
}

/// A step of a plan: the step with names filled in, and what is known of it on each host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedStep {
    /// The step. `{names}` in it are filled in; shell texts are as in the file.
    pub step: Step,
    /// Where it runs: hosts of the plan, `local`, or a host of the environment.
    pub hosts: Vec<HostName>,
    /// Whether `when` leaves it out, and the words for it.
    pub left_out: Option<Text>,
    /// What it would do, host by host.
    pub effects: BTreeMap<HostName, StepEffect>,
    /// What it usually takes.
    pub estimate: Option<Duration>,
}

/// What a step would do on a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepEffect {
    /// Its proof does not hold yet.
    WouldChange,
    /// Its proof holds already.
    NoChange,
    /// It will run; what it does is not known before.
    WillRun,
    /// It only looks.
    Looks,
    /// What an earlier step does decides.
    Depends,
    /// It cannot run, and why.
    Blocked(Text),
}

/// What becomes of the version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PlannedRelease {
    /// How it is found and kept.
    pub release: Release,
    /// The version that the run brings.
    pub version: Text,
    /// The version on each host now.
    pub current: BTreeMap<HostName, Text>,
    /// Hosts on which the version is there already.
    pub available: Vec<HostName>,
    /// When the version was on record as good.
    pub recorded_at: Option<Timestamp>,
    /// Whether it was rolled back from before.
    pub is_bad: bool,
}

/// The shortest reason, in characters that are no blanks.
pub const SHORTEST_REASON: usize = 3;

/// How many characters of a text are no blanks: what a reason is measured by.
pub fn letters(text: &str) -> usize {
    text.chars().filter(|c| !c.is_whitespace()).count()
}

/// How long a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Estimate {
    /// In half of the runs at most this.
    pub p50: Duration,
    /// In nine of ten at most this.
    pub p90: Duration,
    /// How many runs this was seen in; 0 when the runbook says so.
    pub runs: usize,
}
