//! What a console or a command line holds to act: the gate, the audit log, and the runner. Plans are made, agreed to and
//! started here, resumed and looked on at, locks are listed and broken; all of it goes on record.
//!
//! | file | what is done there |
//! | --- | --- |
//! | `after` | the rollback that a failed run declares |
//! | `kept` | runs on record, on this machine or on hosts; looking on |
//! | `same` | whether what a run goes on with is what was agreed to |
//! | [`hand`] | what is done without a plan: locks by hand, cancelling |

mod after;
pub mod hand;
mod kept;
mod same;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use jiff::Timestamp;
use secrecy::SecretString;

use crate::config::Deck;
use crate::config::acting::Acting;
use crate::model::plan::{HostName, Value};
use crate::model::run::{Dirty, LockHolder};
use crate::model::{EnvironmentId, HostId, Operator, Plan, RunId, Runbook, ServiceId, Text};
use crate::runner::audit::{Audit, FILE, Fact, What};
use crate::runner::execute::{Means, RunHandle, Runner, Secrets};
use crate::runner::gate::{Consent, Gate, Given, Permit};
use crate::runner::journal::{self, Kept};
use crate::runner::machine::Answers;
use crate::runner::plan::{Ask, LOCAL, past, plan, target};
use crate::runner::target::Target;
use crate::source::Surroundings;

/// Why something was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HelmError {
    /// What was asked for is not there, or cannot be meant.
    #[error("{0}")]
    Usage(Text),
    /// The gate, a lock or the audit log said no.
    #[error("{0}")]
    Refused(Text),
}

impl HelmError {
    fn usage(why: impl Into<Text>) -> Self {
        Self::Usage(why.into())
    }

    fn refused(why: impl Into<Text>) -> Self {
        Self::Refused(why.into())
    }
}

/// What is to be planned, by names.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Inputs by name.
    pub inputs: BTreeMap<String, String>,
    /// These hosts alone.
    pub only: Vec<HostName>,
    /// Goes on with this run.
    pub resumes: Option<RunId>,
}

/// The locks and markers of an environment, and the hosts that could not be asked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Locks {
    /// Those that are held, each with the host that keeps it.
    pub held: Vec<(HostName, LockHolder)>,
    /// Markers, with the key they stand beside.
    pub dirty: Vec<(String, Dirty)>,
    /// Hosts that could not be looked at, and why.
    pub failed: Vec<(HostName, Text)>,
}

/// What acting takes.
pub struct Helm {
    gate: RwLock<Gate>,
    audit: Result<Arc<Audit>, Text>,
    surroundings: Surroundings,
    state: PathBuf,
    operator: Operator,
}

impl Helm {
    /// Over this machine's state folder. In a console protected environments must be armed first (`arms`).
    pub fn open(surroundings: Surroundings, state: PathBuf, operator: Operator, read_only: bool, arms: bool) -> Self {
        let audit = Audit::open(state.join(FILE), operator.clone());
        Self {
            gate: RwLock::new(Gate::new(read_only, arms)),
            audit: audit.map(Arc::new).map_err(|e| e.to_string().into()),
            surroundings,
            state,
            operator,
        }
    }

    /// Who acts.
    pub fn operator(&self) -> &Operator {
        &self.operator
    }

    /// The folder of this machine's runs and of the audit log.
    pub fn state(&self) -> &Path {
        &self.state
    }

    /// The audit log; why it cannot be written where it cannot.
    pub fn audit(&self) -> Result<&Arc<Audit>, HelmError> {
        self.audit.as_ref().map_err(|why| HelmError::refused(format!("nothing may act without an audit log: {why}")))
    }

    fn now(&self) -> Timestamp {
        (self.surroundings.clock)()
    }

    fn write(&self, fact: &Fact) -> Result<(), HelmError> {
        self.audit()?.write(fact).map_err(|e| HelmError::refused(format!("nothing may act without an audit log: {e}")))
    }

    /// Allows acting in a protected environment; says until when. Blocks on the audit log.
    pub fn arm(&self, environment: &EnvironmentId, reason: &Text) -> Result<Timestamp, HelmError> {
        let now = self.now();
        let until = {
            let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
            gate.arm(environment, reason, now).map_err(|e| HelmError::Refused(e.0))?
        };
        let mut fact = Fact::new(now, What::Arm { until });
        fact.environment = Some(environment.as_str().into());
        fact.reason = Some(reason.clone());
        let written = self.write(&fact);
        if written.is_err() {
            self.gate.write().unwrap_or_else(PoisonError::into_inner).disarm();
        }
        written.map(|()| until)
    }

    /// Ends that. Blocks on the audit log.
    pub fn disarm(&self) {
        let now = self.now();
        let armed = {
            let mut gate = self.gate.write().unwrap_or_else(PoisonError::into_inner);
            let armed = gate.armed(now).map(|(environment, ..)| environment.clone());
            gate.disarm();
            armed
        };
        if let Some(environment) = armed {
            let mut fact = Fact::new(now, What::Disarm);
            fact.environment = Some(environment.as_str().into());
            // It is disarmed whether that can be written or not.
            self.write(&fact).ok();
        }
    }

    /// Puts on record that a shell is about to be opened on a host. Blocks on the audit log.
    pub fn shell(&self, host: &HostId) -> Result<(), HelmError> {
        let mut fact = Fact::new(self.now(), What::Shell);
        fact.environment = Some(host.environment.as_str().into());
        fact.host = Some(host.name.to_string());
        self.write(&fact)
    }

    /// What a plan of a runbook of a service is made from.
    pub async fn ask(
        &self,
        deck: &Arc<Deck>,
        service: &ServiceId,
        runbook: &str,
        wanted: Wanted,
    ) -> Result<Ask, HelmError> {
        let acting = acting(deck, service)?;
        let found = acting.runbooks.iter().find(|r| *r.name == *runbook).cloned();
        let found = found.ok_or_else(|| HelmError::usage(format!("{service} offers no runbook `{runbook}`")))?;
        Ok(self.ask_of(deck, acting, found, wanted).await)
    }

    async fn ask_of(&self, deck: &Arc<Deck>, acting: Arc<Acting>, runbook: Arc<Runbook>, wanted: Wanted) -> Ask {
        let (runs, service) = (journal::runs_folder(&self.state), acting.service.clone());
        let past = tokio::task::spawn_blocking(move || past::here(&runs, &service)).await.unwrap_or_default();
        Ask {
            acting,
            deck: Arc::clone(deck),
            runbook,
            inputs: wanted.inputs,
            only: wanted.only,
            resumes: wanted.resumes,
            past: past.into(),
        }
    }

    /// Makes a plan. Changes nothing.
    pub async fn plan(&self, ask: &Ask) -> Result<Plan, HelmError> {
        plan(ask, &self.surroundings).await.map_err(|e| HelmError::Usage(e.0))
    }

    /// Admits a plan; the agreement, or the refusal, is on record before this returns.
    async fn admit(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        acting: &Arc<Acting>,
        consent: Consent,
    ) -> Result<Permit, HelmError> {
        let (helm, plan, acting) = (Arc::clone(self), Arc::clone(plan), Arc::clone(acting));
        let done = tokio::task::spawn_blocking(move || helm.admit_now(&plan, &acting, &consent)).await;
        done.map_err(|e| HelmError::refused(e.to_string()))?
    }

    fn admit_now(&self, plan: &Plan, acting: &Acting, consent: &Consent) -> Result<Permit, HelmError> {
        let now = self.now();
        let admitted = {
            let gate = self.gate.read().unwrap_or_else(PoisonError::into_inner);
            gate.admit(plan, &acting.policy, consent, now)
        };
        let what = match &admitted {
            Ok(_) => What::Confirm {
                typed: typed(&consent.by),
                break_glass: consent.break_glass.clone(),
                over_dirty: consent.over_dirty.clone(),
            },
            Err(refusal) => What::Refusal { why: refusal.0.clone() },
        };
        let mut fact = about(now, what, plan);
        fact.run.clone_from(&plan.resumes);
        fact.reason.clone_from(&consent.reason);
        let written = self.write(&fact);
        match admitted {
            Ok(permit) => written.map(|()| permit),
            Err(refusal) => Err(HelmError::Refused(refusal.0)),
        }
    }

    fn runner(&self) -> Result<Runner, HelmError> {
        let witness = Arc::clone(self.audit()?);
        Ok(Runner::new(self.surroundings.clone(), self.state.clone(), self.operator.clone(), witness))
    }

    /// Starts a plan that was agreed to, or goes on with the run that it resumes.
    pub async fn run(
        self: &Arc<Self>,
        plan: &Arc<Plan>,
        deck: &Arc<Deck>,
        secrets: Secrets,
        consent: Consent,
        answers: Answers,
    ) -> Result<RunHandle, HelmError> {
        let acting = acting(deck, &plan.target)?;
        let runner = self.runner()?;
        let reason = consent.reason.clone();
        if let Some(run) = &plan.resumes {
            let (kept, _) = self.kept(deck, run).await?;
            if let Some(why) = same::difference(&kept.state.plan, plan) {
                return Err(HelmError::Refused(why));
            }
        }
        let permit = self.admit(plan, &acting, consent).await?;
        let means = Means { deck: Arc::clone(deck), secrets, permit, answers, reason };
        let started = if let Some(run) = &plan.resumes {
            runner.resume(run, self.keeper(&acting).as_ref(), means).await
        } else {
            let text = acting.runbooks.iter().find(|r| r.name == plan.runbook).map(|r| Arc::clone(&r.source));
            runner.start(Arc::clone(plan), text.as_deref().unwrap_or_default(), means).await
        };
        started.map_err(|e| HelmError::refused(e.to_string()))
    }

    /// The host that keeps the locks of a service.
    fn keeper(&self, acting: &Acting) -> Option<Target> {
        let name = acting.hosts.first().map_or_else(|| LOCAL.into(), |h| h.name.clone());
        target(acting, &name, &self.surroundings)
    }

    /// Every run of this machine, the newest first. Blocks on files.
    pub fn runs(&self) -> Vec<journal::Listed> {
        journal::list(&self.state)
    }

    /// What is needed to plan going on with a run: its runbook as it was pinned, its inputs as they were given.
    pub async fn ask_to_resume(&self, deck: &Arc<Deck>, run: &RunId) -> Result<(Ask, Kept), HelmError> {
        let (kept, _) = self.kept(deck, run).await?;
        let old = &kept.state.plan;
        let acting = acting(deck, &old.target)?;
        let now = acting.runbooks.iter().find(|r| r.name == old.runbook && r.hash == old.runbook_hash).cloned();
        let runbook = match now {
            Some(same) => same,
            None => Arc::new(pinned(deck, old, &kept.runbook)?),
        };
        let given = old.inputs.iter().filter_map(|input| match old.values.get(&input.name)? {
            Value::Plain(value) => Some((input.name.clone(), value.clone())),
            Value::Reference(reference) => Some((input.name.clone(), reference.clone())),
            Value::Asked => None,
        });
        let wanted = Wanted {
            inputs: given.collect(),
            only: old.hosts.iter().map(|h| h.name.clone()).filter(|h| &**h != LOCAL).collect(),
            resumes: Some(run.clone()),
        };
        Ok((self.ask_of(deck, acting, runbook, wanted).await, kept))
    }
}

fn acting(deck: &Deck, service: &ServiceId) -> Result<Arc<Acting>, HelmError> {
    deck.acting(service).cloned().ok_or_else(|| HelmError::usage(format!("{service} is not in the deck")))
}

/// The runbook as it was when the run began. Texts that it includes are those of the deck as it is now.
fn pinned(deck: &Deck, plan: &Plan, text: &str) -> Result<Runbook, HelmError> {
    let include = |name: &str| deck.runbooks.iter().find(|r| *r.name == *name).map(|r| r.source.to_string());
    let file = PathBuf::from(format!("{}.md", plan.runbook));
    let read = crate::runbook::read(&file, text, &include);
    let why = || {
        let faults: Vec<String> = read.faults.iter().map(|f| f.message.clone()).collect();
        format!("the pinned runbook {} cannot be read any more: {}", plan.runbook, faults.join("; "))
    };
    read.runbook.clone().ok_or_else(|| HelmError::usage(why()))
}

/// A fact of a plan.
fn about(now: Timestamp, what: What, plan: &Plan) -> Fact {
    let mut fact = Fact::new(now, what);
    fact.environment = Some(plan.target.environment.as_str().into());
    fact.service = Some((&*plan.target.name).into());
    fact.runbook = Some(plan.runbook.to_string());
    fact.runbook_hash = Some(plan.runbook_hash.clone());
    fact.digest = Some(plan.digest.clone());
    fact
}

fn typed(given: &Given) -> Text {
    match given {
        Given::Enter => "Enter".into(),
        Given::Yes => "y".into(),
        Given::Typed(text) | Given::Flag(text) => Text::line_at_most(text, 200),
    }
}

/// Values that were typed for a run.
pub fn secrets(asked: impl IntoIterator<Item = (String, SecretString)>, sudo: Option<SecretString>) -> Secrets {
    Secrets { asked: asked.into_iter().collect(), sudo: sudo.map(Arc::new) }
}
