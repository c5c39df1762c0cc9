//! What every effect of a run shares: the plan and its values, targets, leave to act, and the way back to the machine.

#![allow(
    clippy::disallowed_types,
    reason = "effects of one run share a few words; the loop of the screen never touches them"
)]

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use futures::future::BoxFuture;
use secrecy::SecretString;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

use super::clean::clean;
use super::news::Teller;
use super::print::Printer;
use super::{Places, Witness};
use crate::config::Deck;
use crate::model::plan::HostName;
use crate::model::runbook::{Action, On, Step};
use crate::model::{Operator, Plan, RunId, Text};
use crate::runner::journal::{JournalError, Printed};
use crate::runner::machine::{Input, Key, Task};
use crate::runner::redact::Redactor;
use crate::runner::target::{Target, TargetError};
use crate::runner::{Permit, plan};
use crate::source::Surroundings;

/// The longest that a gate between batches waits.
const GATE: Duration = Duration::from_mins(10);
/// Longest pause between two tries to reach a host.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// What every effect shares.
pub(super) struct Hand {
    pub(super) run: RunId,
    pub(super) plan: Arc<Plan>,
    pub(super) operator: Operator,
    pub(super) console_id: String,
    pub(super) reason: Option<Text>,
    pub(super) permit: Permit,
    pub(super) surroundings: Surroundings,
    pub(super) deck: Arc<Deck>,
    pub(super) places: Arc<dyn Places>,
    pub(super) values: BTreeMap<String, String>,
    pub(super) redactor: Redactor,
    pub(super) sudo: Option<Arc<SecretString>>,
    pub(super) witness: Arc<dyn Witness>,
    /// The state folder of this machine, and the run's in it.
    pub(super) state: PathBuf,
    pub(super) folder: PathBuf,
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) told: Teller,
    /// Whether a person is there, so that hosts are waited for without end.
    pub(super) is_patient: bool,
    pub(super) fences: Mutex<Vec<(String, u64)>>,
    pub(super) brakes: Mutex<BTreeMap<Key, Arc<Brake>>>,
    /// The lock was found to be another's.
    pub(super) lost: CancellationToken,
    /// When the last good look at the locks began; held by who looks.
    pub(super) looked: tokio::sync::Mutex<Option<Instant>>,
    /// Something is to begin once the mirror holds its entry.
    pub(super) hurry: Notify,
    /// Nothing more comes: what still waits for more to be sent with it goes at once.
    pub(super) closing: CancellationToken,
}

/// How an attempt that is under way is ended.
#[derive(Debug, Default)]
pub(super) struct Brake {
    /// It is to end.
    pub(super) asked: CancellationToken,
    /// It has ended, or is not followed any more.
    pub(super) done: CancellationToken,
    /// Everything was done to end it, and these processes are left.
    pub(super) ended: CancellationToken,
    pub(super) survivors: Mutex<Vec<Text>>,
}

impl Hand {
    /// Tells the machine what happened. Words from outside may hold secrets, and what the machine is told goes on record.
    pub(super) async fn send(&self, input: Input) {
        // The other end goes away with the run alone.
        self.inbox.send(clean(input, &self.redactor)).await.ok();
    }

    pub(super) fn target(&self, host: &HostName) -> Result<Target, Text> {
        self.places.target(host).ok_or_else(|| format!("host {host} is not in the deck").into())
    }

    /// Where locks, markers and the mirror are.
    pub(super) fn keeper(&self) -> Option<Target> {
        self.places.target(&self.plan.lock.as_ref()?.host)
    }

    /// The brake of an attempt, a new one for a new attempt.
    pub(super) fn brake(&self, key: &Key, is_new: bool) -> Arc<Brake> {
        let Ok(mut brakes) = self.brakes.lock() else { return Arc::default() };
        if is_new {
            brakes.remove(key);
        }
        Arc::clone(brakes.entry(key.clone()).or_default())
    }

    /// The step of a task with every name filled in; for an undo its undo text, for a gate what must hold.
    pub(super) fn step_of(&self, task: &Task) -> Result<Step, Text> {
        let unknown = || Text::from(format!("there is no step {}", task.step));
        if task.step.starts_with("gate:") {
            let wait = self.plan.batching.as_ref().and_then(|b| b.gate.clone()).ok_or_else(unknown)?;
            return Ok(gate(&task.step, Action::Wait(wait)));
        }
        let id = task.step.strip_prefix("undo:").unwrap_or(&task.step);
        let step = &self.plan.step(id).ok_or_else(unknown)?.step;
        let mut step = plan::finish(step, &self.values_on(&task.host), &task.host, &self.run)?;
        if task.step.starts_with("undo:") {
            let script = step.undo.clone().ok_or_else(unknown)?;
            step.action = match step.action {
                Action::Shell { cwd, env, .. } => Action::Shell { script, cwd, env },
                _ => Action::Shell { script, cwd: None, env: BTreeMap::new() },
            };
        }
        Ok(step)
    }

    /// Every value as it is on a host: hosts may differ in what ran there before.
    pub(super) fn values_on(&self, host: &HostName) -> Cow<'_, BTreeMap<String, String>> {
        let current = self.plan.release.as_ref().map(|r| &r.current).filter(|current| !current.is_empty());
        match current {
            Some(current) if self.plan.hosts.iter().any(|h| h.name == *host) => {
                let mut values = self.values.clone();
                let previous = current.get(host).map(ToString::to_string).unwrap_or_default();
                values.insert("previous".into(), previous);
                Cow::Owned(values)
            }
            _ => Cow::Borrowed(&self.values),
        }
    }

    /// The variables of a shell text of a step on a host.
    pub(super) fn variables(&self, step: &Step, host: &HostName) -> Vec<(String, String)> {
        let mut env = plan::variables(&self.values_on(host), &self.plan.target, host);
        env.push(("QD_RUN".into(), self.run.to_string()));
        env.push(("QD_STEP".into(), step.id.clone()));
        if let Action::Shell { env: own, .. } = &step.action {
            env.extend(own.iter().map(|(k, v)| (k.clone(), v.clone())));
        }
        env
    }

    pub(super) fn printer(&self, task: &Task) -> Result<Printer, JournalError> {
        let printed = Printed::open(&self.folder, &task.step, &task.host, task.attempt)?;
        let name = (self.run.clone(), task.step.clone(), task.host.clone(), task.attempt);
        let clock = Arc::clone(&self.surroundings.clock);
        Ok(Printer::new(name, printed, self.redactor.again(), self.told.clone(), clock))
    }

    /// Asks until there is an answer: a host that is not reached is asked again, for ever while a person is there, else
    /// for so long.
    pub(super) async fn until_reached<'a, T>(
        &self,
        most: Option<Duration>,
        mut ask: impl FnMut() -> BoxFuture<'a, Result<T, TargetError>>,
    ) -> Result<T, TargetError> {
        let began = Instant::now();
        let mut pause = Duration::from_millis(250);
        loop {
            match ask().await {
                Err(TargetError::Transport(e)) => {
                    if most.is_some_and(|most| began.elapsed() + pause > most) {
                        return Err(e.into());
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                answer => return answer,
            }
        }
    }
}

fn gate(id: &str, action: Action) -> Step {
    Step {
        id: id.into(),
        title: id.into(),
        line: 0,
        action,
        on: On::Local,
        timeout: GATE,
        grace: Duration::from_secs(1),
        retries: 0,
        idempotent: true,
        verify: None,
        undo: None,
        irreversible: None,
        danger: false,
        uninterruptible: None,
        sudo: false,
        looks: true,
        when: None,
        always: false,
        at_once: None,
    }
}
