//! What effects that act do outside: plans, runs, locks, the audit log, arming. Nothing here waits: each is a task that
//! tells by events, and by [`News`] what the loop has to remember.

mod choices;
mod record;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::mpsc;

use super::App;
use crate::config::Deck;
use crate::model::run::Choice;
use crate::model::{EnvironmentId, Operator, Plan, RunId, RunStatus, ServiceId, Text};
use crate::runner::execute::{Order, RunEnd, RunHandle, Secrets};
use crate::runner::gate::{Consent, Given};
use crate::runner::helm::{Helm, HelmError, Wanted, secrets};
use crate::runner::machine::Answers;
use crate::source::Surroundings;
use crate::store::Event;
use crate::ui::hidden::Passphrase;
use crate::update::Effect;

/// Plans that can be said yes to.
const MOST_PLANS: usize = 8;
/// Lines of the audit log that are shown.
const AUDIT_LINES: usize = 500;

/// What a task tells the loop.
pub enum News {
    /// A plan was made; this was typed for it.
    Planned(u64, Arc<Plan>, Secrets),
    /// A run begins, or goes on; orders for it go here.
    Began(RunId, mpsc::Sender<Order>),
    /// The plan of this asking was not started, and why.
    Refused(u64, Text),
    /// It is not driven any more.
    Ended(RunId, ServiceId, RunEnd),
}

/// What acting takes, and what was begun.
pub(super) struct Acts {
    helm: Option<Arc<Helm>>,
    surroundings: Surroundings,
    outbox: mpsc::Sender<Event>,
    news: mpsc::Sender<News>,
    plans: BTreeMap<u64, (Arc<Plan>, Secrets)>,
    orders: BTreeMap<RunId, mpsc::Sender<Order>>,
}

/// Who acts from a console, and whether it may.
#[derive(Clone, Debug)]
pub struct Actor {
    /// Who.
    pub operator: Operator,
    /// The folder of runs and of the audit log; none where there is no home folder.
    pub state: Option<std::path::PathBuf>,
    /// Nothing may act.
    pub read_only: bool,
}

impl Acts {
    pub(super) fn new(
        actor: Actor,
        surroundings: &Surroundings,
        outbox: mpsc::Sender<Event>,
        news: mpsc::Sender<News>,
    ) -> Self {
        let Actor { operator, state, read_only } = actor;
        let helm = state.map(|state| Arc::new(Helm::open(surroundings.clone(), state, operator, read_only, true)));
        let surroundings = surroundings.clone();
        Self { helm, surroundings, outbox, news, plans: BTreeMap::new(), orders: BTreeMap::new() }
    }
}

impl App {
    /// The gate, the audit log and the runner; none where there is no home folder.
    pub(super) fn helm(&self) -> Option<Arc<Helm>> {
        self.acts.helm.clone()
    }

    /// Carries out an effect of acting.
    pub(super) fn act(&mut self, effect: Effect) {
        let now = self.clock.get();
        let (Some(helm), Some(deck)) = (self.acts.helm.clone(), self.deck.clone()) else {
            self.ui.warn("there is no home folder to keep runs in; set XDG_STATE_HOME", now);
            return;
        };
        match effect {
            Effect::Choices { ask, service, runbook } => self.choices(helm, deck, ask, service, runbook),
            Effect::Plan { ask, service, runbook, inputs, secrets, resumes } => {
                let wanted = Wanted { inputs, only: Vec::new(), resumes };
                self.plan(helm, deck, (ask, service, runbook), wanted, secrets);
            }
            Effect::Run { ask, digest, given, reason, over_dirty, sudo } => {
                let over_dirty = over_dirty.map(Text::from);
                let operator = helm.operator().clone();
                let reason = reason.map(Text::from);
                let consent = Consent { digest, by: given, reason, operator, break_glass: None, over_dirty };
                self.run(helm, deck, (ask, sudo), consent);
            }
            Effect::Drain { run } => self.order(&run, Order::Drain),
            Effect::Interrupt { run, insist } => {
                self.order(&run, Order::Interrupt { even_uninterruptible: insist });
            }
            Effect::Detach { run } => self.order(&run, Order::Detach),
            Effect::Answer { run, choice, reason } => self.answer(&run, choice, reason),
            Effect::Tick { run, step, item } => self.order(&run, Order::Tick { step, item }),
            Effect::OpenRun { run } => self.open_run(helm, deck, run),
            Effect::ListRuns => self.list_runs(helm),
            Effect::ListLocks { environment } => self.list_locks(helm, deck, environment),
            Effect::ListAudit => self.list_audit(&helm),
            Effect::BreakLock { environment, key, fence, typed, reason } => {
                let consent = Consent {
                    digest: String::new(),
                    by: Given::Typed(typed),
                    reason: Some(reason.into()),
                    operator: helm.operator().clone(),
                    break_glass: None,
                    over_dirty: None,
                };
                self.break_lock(helm, deck, environment, key, fence, consent);
            }
            Effect::Arm { environment, reason } => self.arm(helm, environment, reason.into()),
            Effect::Disarm => self.disarm(helm),
            _ => {}
        }
    }

    fn plan(
        &mut self,
        helm: Arc<Helm>,
        deck: Arc<Deck>,
        (ask, service, runbook): (u64, ServiceId, Arc<str>),
        mut wanted: Wanted,
        hidden: BTreeMap<String, Passphrase>,
    ) {
        let (outbox, news) = (self.acts.outbox.clone(), self.acts.news.clone());
        let typed = hidden.iter().map(|(name, value)| (name.clone(), value.secret().clone()));
        let given = secrets(typed, None);
        for (name, value) in &hidden {
            wanted.inputs.insert(name.clone(), crate::secret::expose(value.secret()).to_owned());
        }
        tokio::spawn(async move {
            let made = make(&helm, &deck, &service, &runbook, wanted).await;
            let plan = made.map(Arc::new).map_err(|e| Text::from(e.to_string()));
            if let Ok(plan) = &plan {
                news.send(News::Planned(ask, Arc::clone(plan), given)).await.ok();
            }
            outbox.send(Event::PlanMade { ask, runbook, target: service, plan }).await.ok();
        });
    }

    fn run(&mut self, helm: Arc<Helm>, deck: Arc<Deck>, (ask, sudo): (u64, Option<Passphrase>), consent: Consent) {
        let Some((plan, kept)) = self.acts.plans.get(&ask).cloned() else {
            self.event(Event::RunRefused { ask, why: "the plan is not kept any more: plan again".into() });
            return;
        };
        let (outbox, news) = (self.acts.outbox.clone(), self.acts.news.clone());
        let secrets = Secrets { sudo: sudo.map(|typed| Arc::new(typed.secret().clone())), ..kept };
        tokio::spawn(async move {
            match helm.run(&plan, &deck, secrets, consent, Answers::Person).await {
                Ok(handle) => carry(handle, plan.target.clone(), outbox, news).await,
                Err(error) => drop(news.send(News::Refused(ask, error.to_string().into())).await),
            }
        });
    }

    fn order(&mut self, run: &RunId, order: Order) {
        let now = self.clock.get();
        let sent = self.acts.orders.get(run).map(|orders| orders.try_send(order));
        match sent {
            Some(Ok(())) => {}
            Some(Err(_)) => self.ui.warn(format!("run {run} takes no orders now"), now),
            None => self.ui.warn(format!("run {run} is not driven by this console"), now),
        }
    }

    fn answer(&mut self, run: &RunId, choice: Choice, reason: Option<String>) {
        // Without a question on the screen there is nothing to answer; the run says so.
        let asked = self.store.acting().open_run(run).and_then(|open| open.state().asked).unwrap_or_default();
        self.order(run, Order::Answer { asked, choice, reason: reason.map(Text::from) });
    }

    /// Takes in what a task tells.
    pub(super) fn acting_news(&mut self, news: News) {
        let now = self.clock.get();
        match news {
            News::Planned(ask, plan, secrets) => {
                self.acts.plans.insert(ask, (plan, secrets));
                while self.acts.plans.len() > MOST_PLANS {
                    self.acts.plans.pop_first();
                }
            }
            News::Began(run, orders) => {
                self.acts.orders.insert(run, orders);
            }
            News::Refused(ask, why) => {
                if !crate::update::awaits(&self.ui, ask) {
                    self.ui.warn(format!("it was not started: {why}"), now);
                }
                self.event(Event::RunRefused { ask, why });
            }
            News::Ended(run, target, end) => {
                self.acts.orders.remove(&run);
                let why = end.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                let words = format!("run {run} {}{why}", end.status.words());
                if end.status.is_good() {
                    self.ui.say(words, now);
                } else {
                    self.ui.warn(words, now);
                }
                if let Some(runbook) = end.on_failure {
                    for effect in crate::update::follow_up(&mut self.ui, &self.store, &run, target, &runbook, now) {
                        self.act(effect);
                    }
                }
                self.act(Effect::ListRuns);
            }
        }
        self.pacer.now();
    }

    /// Leaves every run of this console alone; what runs on hosts goes on.
    pub(super) fn leave_runs(&mut self) {
        for orders in self.acts.orders.values() {
            orders.try_send(Order::Detach).ok();
        }
    }

    fn arm(&mut self, helm: Arc<Helm>, environment: EnvironmentId, reason: Text) {
        let (outbox, notes) = (self.acts.outbox.clone(), self.notes.clone());
        tokio::task::spawn_blocking(move || match helm.arm(&environment, &reason) {
            Ok(until) => drop(outbox.blocking_send(Event::Armed { environment, until: Some(until) })),
            Err(error) => drop(notes.blocking_send(error.to_string())),
        });
    }

    fn disarm(&mut self, helm: Arc<Helm>) {
        let now = self.clock.get();
        let armed = self.store.acting().armed(now).map(|(environment, _)| environment.clone());
        if let Some(environment) = armed {
            self.event(Event::Armed { environment, until: None });
        }
        tokio::task::spawn_blocking(move || helm.disarm());
    }
}

async fn make(
    helm: &Helm,
    deck: &Arc<Deck>,
    service: &ServiceId,
    runbook: &str,
    wanted: Wanted,
) -> Result<Plan, HelmError> {
    let ask = match wanted.resumes.clone() {
        Some(run) => {
            let mut ask = helm.ask_to_resume(deck, &run).await?.0;
            ask.inputs.extend(wanted.inputs);
            ask
        }
        None => helm.ask(deck, service, runbook, wanted).await?,
    };
    helm.plan(&ask).await
}

/// Passes on what a run tells until it is over.
async fn carry(mut handle: RunHandle, target: ServiceId, outbox: mpsc::Sender<Event>, news: mpsc::Sender<News>) {
    let run = handle.id.clone();
    news.send(News::Began(run.clone(), handle.orders.clone())).await.ok();
    while let Some(event) = handle.news.recv().await {
        if outbox.send(event).await.is_err() {
            return;
        }
    }
    let end = handle.end.await.unwrap_or_else(|_| RunEnd {
        status: RunStatus::Interrupted,
        why: Some("this console stopped driving it by a fault of its own; go on with it".into()),
        on_failure: None,
    });
    outbox.send(Event::RunClosed { run: run.clone() }).await.ok();
    news.send(News::Ended(run, target, end)).await.ok();
}

#[cfg(test)]
mod tests;
