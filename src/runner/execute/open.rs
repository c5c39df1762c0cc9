//! How a run is started, gone on with, or looked on at. One that another console took further is taken up where that one
//! left it: the mirror beside the lock decides, and two stories that do not agree are a fault.

#![allow(clippy::disallowed_types, reason = "made here for the effects of one run")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ring::rand::{SecureRandom, SystemRandom};
use secrecy::SecretString;
use tokio::sync::{Notify, mpsc};
use tokio::time::{Duration, sleep};
use tokio_util::sync::CancellationToken;

use super::drive::Drive;
use super::hand::Hand;
use super::news::Teller;
use super::{Means, Places, RunEnd, RunError, RunHandle, Runner, Secrets};
use crate::model::plan::Value;
use crate::model::run::{Entry, Fact, Liveness, LockHolder};
use crate::model::{Plan, RunId, RunStatus, Text};
use crate::runner::journal::{Journal, JournalError, Kept, console_id, fold, is_driven, read, run_folder};
use crate::runner::machine::Machine;
use crate::runner::redact::Redactor;
use crate::runner::target::Target;
use crate::secret::{SecretRef, expose};
use crate::store::Event;

/// Orders that were not taken yet.
const ORDERS: usize = 64;
/// Inputs that were not taken yet.
const INPUTS: usize = 256;
/// A secret that is not found within this is not to be had.
const SECRET: Duration = Duration::from_secs(20);
/// Between two looks at a run that another console drives.
const LOOK: Duration = Duration::from_secs(1);

/// Every variable by its name, and the secrets among them.
type Values = (BTreeMap<String, String>, Vec<SecretString>);

/// What a run is driven with.
struct Room {
    means: Means,
    places: Arc<dyn Places>,
    values: Values,
    console_id: String,
}

impl Runner {
    /// Starts a run of a plan that the gate admitted.
    pub async fn start(&self, plan: Arc<Plan>, runbook: &str, mut means: Means) -> Result<RunHandle, RunError> {
        let places = self.places(&plan, &means.deck)?;
        let values = self.values(&plan, &means.secrets).await?;
        means.reason = means.reason.map(|reason| Redactor::new(&values.1).text(reason.as_str()).into());
        let mut chance = [0; 2];
        SystemRandom::new().fill(&mut chance).map_err(|_| RunError::Refused("the system gives no chance".into()))?;
        let run = RunId::new((self.surroundings.clock)(), u16::from_le_bytes(chance));
        let (state, id, kept, text) = (self.state.clone(), run.clone(), Arc::clone(&plan), runbook.to_owned());
        let journal = blocking(move || Journal::create(&state, &id, &kept, &text)).await?;
        let (by, reason) = (self.operator.clone(), means.reason.clone());
        let machine = Machine::new(plan, run, by, reason, means.answers);
        let console_id = self.console_id().await?;
        Ok(self.drive(machine, (journal, 0), Vec::new(), Room { means, places, values, console_id }))
    }

    /// Goes on with a run; `keeper` is the host with its mirror, for one that this machine does not know.
    pub async fn resume(&self, run: &RunId, keeper: Option<&Target>, means: Means) -> Result<RunHandle, RunError> {
        self.go_on(run, keeper, means, None).await
    }

    /// Goes on with a run only to end it: nothing begins, what still runs on its hosts is ended (with `insist` also what
    /// must not be), its lock is given back.
    pub async fn cancel(
        &self,
        run: &RunId,
        keeper: Option<&Target>,
        means: Means,
        insist: bool,
    ) -> Result<RunHandle, RunError> {
        self.go_on(run, keeper, means, Some(insist)).await
    }

    async fn go_on(
        &self,
        run: &RunId,
        keeper: Option<&Target>,
        mut means: Means,
        cancels: Option<bool>,
    ) -> Result<RunHandle, RunError> {
        let known = self.known(run).await?;
        let mut mirror = keeper.cloned();
        if let Some(kept) = &known
            && let Some(lock) = &kept.state.plan.lock
        {
            mirror = self.places(&kept.state.plan, &means.deck)?.target(&lock.host).or(mirror);
        }
        if let Some(mirror) = mirror {
            self.catch_up(run, known.as_ref(), &mirror).await?;
        }
        let (state, id) = (self.state.clone(), run.clone());
        let (journal, kept) = blocking(move || Journal::open(&state, &id)).await?;
        if kept.state.status.is_good() {
            return Err(RunError::Refused(format!("run {run} has {}", kept.state.status.words()).into()));
        }
        let plan = Arc::clone(&kept.state.plan);
        let places = self.places(&plan, &means.deck)?;
        let values = self.values(&plan, &means.secrets).await?;
        means.reason = means.reason.map(|reason| Redactor::new(&values.1).text(reason.as_str()).into());
        let mut machine = Machine::resume(kept.state, self.operator.clone(), means.answers);
        if let Some(insist) = cancels {
            machine = machine.cancelling(insist);
        }
        let console_id = self.console_id().await?;
        Ok(self.drive(machine, (journal, kept.whole), kept.entries, Room { means, places, values, console_id }))
    }

    async fn console_id(&self) -> Result<String, RunError> {
        let state = self.state.clone();
        blocking(move || console_id(&state)).await
    }

    async fn known(&self, run: &RunId) -> Result<Option<Kept>, RunError> {
        let (state, id) = (self.state.clone(), run.clone());
        match blocking(move || read(&state, &id)).await {
            Ok(kept) => Ok(Some(kept)),
            Err(RunError::Journal(JournalError::Absent(_))) => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// Takes over what the mirror knows beyond what is here.
    async fn catch_up(&self, run: &RunId, known: Option<&Kept>, mirror: &Target) -> Result<(), RunError> {
        let Some(lines) = mirror.fetch(run, "journal.jsonl").await? else {
            // Its console died before the first line was there.
            return known.map(|_| ()).ok_or_else(|| JournalError::Absent(run.clone()).into());
        };
        let there = async |file: &str| -> Result<Vec<u8>, RunError> {
            let absent = || RunError::Refused(format!("{} keeps no {file} of run {run}", mirror.name).into());
            mirror.fetch(run, file).await?.ok_or_else(absent)
        };
        let (plan, runbook) = (there("plan.json").await?, there("runbook.md").await?);
        let place = run_folder(std::path::Path::new(&*mirror.name), run);
        let mirrored = fold(run, &place, &plan, &runbook, &lines)?;
        if let Some(known) = known {
            let mut both = known.entries.iter().zip(&mirrored.entries);
            let parts = both.position(|(here, there)| here != there);
            if let Some(parts) = parts
                && !was_taken_over(&mirrored, parts, known.state.fence)
            {
                let why = format!("run {run} went two ways: its journal here is not the one on {}", mirror.name);
                return Err(RunError::Refused(why.into()));
            }
            if parts.is_none() && mirrored.entries.len() <= known.entries.len() {
                return Ok(());
            }
        }
        let whole = lines.get(..usize::try_from(mirrored.whole).unwrap_or(usize::MAX)).unwrap_or(&lines).to_vec();
        let (state, id) = (self.state.clone(), run.clone());
        blocking(move || Journal::adopt(&state, &id, &plan, &runbook, &whole)).await
    }

    fn drive(
        &self,
        machine: Machine,
        journal: (Journal, u64),
        before: Vec<Entry>,
        Room { means, places, values: (values, secrets), console_id }: Room,
    ) -> RunHandle {
        let (told, news) = Teller::new(self.room);
        let (orders, taken) = mpsc::channel(ORDERS);
        let (inbox, inputs) = mpsc::channel(INPUTS);
        let state = machine.state();
        let told_before = state.number;
        let (run, plan) = (state.id.clone(), Arc::clone(&state.plan));
        let hand = Arc::new(Hand {
            run: run.clone(),
            plan: Arc::clone(&plan),
            operator: self.operator.clone(),
            console_id,
            reason: means.reason.or_else(|| state.reason.clone()),
            permit: means.permit,
            surroundings: self.surroundings.clone(),
            deck: means.deck,
            places,
            values,
            redactor: Redactor::new(&secrets),
            sudo: means.secrets.sudo,
            witness: Arc::clone(&self.witness),
            state: self.state.clone(),
            folder: run_folder(&self.state, &run),
            inbox,
            told: told.clone(),
            is_patient: means.answers == crate::runner::machine::Answers::Person,
            fences: Mutex::default(),
            brakes: Mutex::default(),
            lost: CancellationToken::new(),
            looked: tokio::sync::Mutex::default(),
            hurry: Notify::new(),
            closing: CancellationToken::new(),
        });
        let drive = Drive::new(machine, journal, hand, inputs, taken);
        let id = run.clone();
        let end = tokio::spawn(async move {
            told.tell(Event::RunOpened { run: id.clone(), plan, is_ours: true });
            for entry in before {
                told.tell(Event::RunTold { run: id.clone(), entry: Box::new(entry) });
            }
            drop(told);
            drive.run().await
        });
        RunHandle { id: run, orders, told_before, news, end }
    }

    /// Looks on at a run that another console drives: its journal as it grows, from this machine or from its mirror. What
    /// it prints is not shown, as only who drives it knows what is secret in it.
    pub fn attach(&self, run: &RunId, keeper: Option<Target>) -> RunHandle {
        let (told, news) = mpsc::channel(self.room);
        let (orders, mut taken) = mpsc::channel(ORDERS);
        let (runner, id) = (self.clone(), run.clone());
        let end = tokio::spawn(async move {
            let looking = runner.look_on(&id, keeper.as_ref(), &told);
            let end = tokio::select! {
                end = looking => end,
                // Any order ends looking on; orders for the run are for who drives it.
                _ = taken.recv() => RunEnd { status: RunStatus::Running, why: None, on_failure: None },
            };
            told.send(Event::RunClosed { run: id }).await.ok();
            end
        });
        RunHandle { id: run.clone(), orders, told_before: 0, news, end }
    }

    async fn look_on(&self, run: &RunId, keeper: Option<&Target>, told: &mpsc::Sender<Event>) -> RunEnd {
        let mut number = None;
        loop {
            let kept = match keeper {
                None => self.known(run).await.and_then(|k| k.ok_or_else(|| JournalError::Absent(run.clone()).into())),
                Some(keeper) => self.fetched(run, keeper).await,
            };
            match kept {
                Ok(kept) => {
                    if number.is_none() {
                        let plan = Arc::clone(&kept.state.plan);
                        told.send(Event::RunOpened { run: run.clone(), plan, is_ours: false }).await.ok();
                    }
                    for entry in kept.entries.iter().filter(|e| e.number > number.unwrap_or(0)) {
                        let entry = Box::new(entry.clone());
                        if told.send(Event::RunTold { run: run.clone(), entry }).await.is_err() {
                            return RunEnd { status: kept.state.status, why: None, on_failure: None };
                        }
                    }
                    let is_quiet = number == Some(kept.state.number);
                    number = Some(kept.state.number);
                    if kept.state.status.is_over() {
                        return RunEnd { status: kept.state.status, why: kept.state.why, on_failure: None };
                    }
                    if is_quiet && self.is_left(&kept, keeper).await {
                        let why = Some("nobody drives it".into());
                        return RunEnd { status: RunStatus::Interrupted, why, on_failure: None };
                    }
                }
                // A host that is away for a while is asked again.
                Err(RunError::Target(_)) if number.is_some() => {}
                Err(e) => {
                    let why = Some(Text::from(e.to_string()));
                    return RunEnd { status: RunStatus::Interrupted, why, on_failure: None };
                }
            }
            sleep(LOOK).await;
        }
    }

    /// Whether nobody drives a run that has not ended. A host that cannot be asked is no proof of that.
    async fn is_left(&self, kept: &Kept, keeper: Option<&Target>) -> bool {
        let run = kept.state.id.clone();
        let Some(keeper) = keeper else {
            let state = self.state.clone();
            return tokio::task::spawn_blocking(move || !is_driven(&state, &run)).await.unwrap_or(false);
        };
        let Some(key) = kept.state.plan.lock.as_ref().and_then(|l| l.keys.first()) else { return false };
        let is_his = |h: &LockHolder| h.run.as_ref() == Some(&run) && h.liveness == Liveness::Held;
        keeper.holder(key).await.is_ok_and(|holder| !holder.as_ref().is_some_and(is_his))
    }

    async fn fetched(&self, run: &RunId, keeper: &Target) -> Result<Kept, RunError> {
        let absent = || RunError::Journal(JournalError::Absent(run.clone()));
        let plan = keeper.fetch(run, "plan.json").await?.ok_or_else(absent)?;
        let lines = keeper.fetch(run, "journal.jsonl").await?.ok_or_else(absent)?;
        let place = run_folder(std::path::Path::new(&*keeper.name), run);
        Ok(fold(run, &place, &plan, b"", &lines)?)
    }

    /// Every value of a plan, secrets found, and all that must never be printed.
    async fn values(&self, plan: &Plan, secrets: &Secrets) -> Result<Values, RunError> {
        let mut values = BTreeMap::new();
        let mut hidden: Vec<SecretString> =
            secrets.sudo.iter().map(|s| SecretString::from(expose(s).to_owned())).collect();
        for (name, value) in &plan.values {
            let found = match value {
                Value::Plain(value) => value.clone(),
                Value::Reference(reference) => {
                    let refused = |e: String| RunError::Refused(format!("{name}: {e}").into());
                    let reference = SecretRef::parse(reference).map_err(|e| refused(e.to_string()))?;
                    let secret = self.surroundings.vault.reveal_within(&reference, SECRET).await;
                    let secret = secret.map_err(|e| refused(e.to_string()))?;
                    hidden.push(secret.clone());
                    expose(&secret).to_owned()
                }
                Value::Asked => {
                    let missing = || RunError::Refused(format!("{name} must be given again: it is secret").into());
                    let secret = secrets.asked.get(name).ok_or_else(missing)?;
                    self.surroundings.vault.remember(&format!("input {name}"), expose(secret));
                    hidden.push(secret.clone());
                    expose(secret).to_owned()
                }
            };
            values.insert(name.clone(), found);
        }
        Ok((values, hidden))
    }
}

/// Whether another console went on from there with a later number of the lock: then its story is the one that counts, and
/// the lines here are those that did not reach the mirror before this console was gone.
fn was_taken_over(mirrored: &Kept, from: usize, fence: Option<u64>) -> bool {
    let later = |entry: &Entry| matches!(entry.fact, Fact::Resumed { fence: Some(f), .. } if Some(f) > fence);
    mirrored.entries.iter().skip(from).any(later)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, JournalError> + Send + 'static,
) -> Result<T, RunError> {
    let done = tokio::task::spawn_blocking(work).await;
    Ok(done.map_err(|e| RunError::Refused(e.to_string().into()))??)
}
