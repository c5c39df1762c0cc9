//! The loop of one run: what happened goes into the machine, what it says is done in its order. An entry is on the disk and
//! on the audit log before the effect after it begins; effects run beside each other and tell of their end.

#![allow(clippy::disallowed_types, reason = "the journal is lent to one blocking write at a time")]

use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use super::clean::clean;
use super::hand::Hand;
use super::{Order, RunEnd};
use crate::model::run::{Entry, Fact};
use crate::model::{RunStatus, Text};
use crate::runner::journal::Journal;
use crate::runner::machine::{Do, Input, Machine};
use crate::store::Event;

/// The mirror has so long to catch up when a run is over.
const LAST_MIRROR: Duration = Duration::from_secs(5);
/// And so long when the console leaves.
const LEAVING: Duration = Duration::from_secs(1);

/// Inputs are taken in together until they have so many effects.
const MOST_AT_ONCE: usize = 256;

/// The journal beside the lock: how much of it is there, and how much of it must be before something begins.
pub(super) struct Mirror {
    there: watch::Receiver<u64>,
    wanted: u64,
}

impl Mirror {
    /// Whether what is about to begin is not on record there yet.
    pub(super) fn is_behind(&self) -> bool {
        *self.there.borrow() < self.wanted
    }

    /// Waits until what is about to begin is on record there too: who goes on from there must not begin it anew. A mirror
    /// that cannot be written is done without.
    pub(super) async fn holds(mut self) {
        self.there.wait_for(|there| *there >= self.wanted).await.ok();
    }
}

/// A run that is driven.
pub(super) struct Drive {
    machine: Machine,
    journal: Arc<Mutex<Journal>>,
    hand: Arc<Hand>,
    inbox: mpsc::Receiver<Input>,
    orders: mpsc::Receiver<Order>,
    tasks: JoinSet<()>,
    size: watch::Sender<u64>,
    /// How far the mirror is; none before the lock is ours.
    mirrored: watch::Receiver<u64>,
    /// What the mirror tells how far it is; none once it has begun, and for a run without a lock.
    done: Option<watch::Sender<u64>>,
}

impl Drive {
    pub(super) fn new(
        machine: Machine,
        (journal, size): (Journal, u64),
        hand: Arc<Hand>,
        inbox: mpsc::Receiver<Input>,
        orders: mpsc::Receiver<Order>,
    ) -> Self {
        let (size, _) = watch::channel(size);
        let (done, mirrored) = watch::channel(0);
        let mut tasks = JoinSet::new();
        tasks.spawn(Arc::clone(&hand).hear_stop());
        let done = hand.plan.lock.is_some().then_some(done);
        let journal = Arc::new(Mutex::new(journal));
        Self { machine, journal, hand, inbox, orders, tasks, size, mirrored, done }
    }

    pub(super) async fn run(mut self) -> RunEnd {
        let mut next = Some(Input::Begin);
        let mut has_orders = true;
        loop {
            if let Some(input) = next.take()
                && let Some(end) = self.feed(input).await
            {
                return self.close(end).await;
            }
            tokio::select! {
                biased;
                order = self.orders.recv(), if has_orders => {
                    has_orders = order.is_some();
                    // Nobody holds the run any more: its console is gone.
                    next = Some(self.ordered(order.unwrap_or(Order::Detach)));
                }
                input = self.inbox.recv() => next = input,
                Some(ended) = self.tasks.join_next() => {
                    if let Err(e) = ended && e.is_panic() {
                        next = Some(Input::JournalBroken("an effect of the run broke off".into()));
                    }
                }
            }
        }
    }

    fn ordered(&self, order: Order) -> Input {
        let by = self.hand.operator.clone();
        match order {
            Order::Drain => Input::Drain(by),
            Order::Interrupt { even_uninterruptible } => Input::Interrupt { by, insist: even_uninterruptible },
            Order::Detach => Input::Detach,
            Order::Answer { asked, choice, reason } => {
                clean(Input::Answer { asked, choice, reason, by }, &self.hand.redactor)
            }
            Order::Tick { step, item } => Input::Tick { step, item, by },
        }
    }

    /// Feeds the machine with this and with what else came meanwhile: their entries go to the disk together, and then
    /// their effects begin. No effect is before its entry.
    async fn feed(&mut self, input: Input) -> Option<RunEnd> {
        let at = (self.hand.surroundings.clock)();
        let mut effects = self.machine.step(input, at);
        while effects.len() < MOST_AT_ONCE
            && let Ok(input) = self.inbox.try_recv()
        {
            effects.extend(self.machine.step(input, at));
        }
        let is_entry = |effect: &Do| matches!(effect, Do::Journal(_));
        let (entries, effects): (Vec<Do>, Vec<Do>) = effects.into_iter().partition(is_entry);
        let entries = entries.into_iter().filter_map(|effect| match effect {
            Do::Journal(entry) => Some(entry),
            _ => None,
        });
        if let Err(why) = self.write(entries.collect()).await {
            let at = (self.hand.surroundings.clock)();
            self.machine.step(Input::JournalBroken(why.clone()), at);
            return Some(RunEnd { status: RunStatus::Interrupted, why: Some(why), on_failure: None });
        }
        let now = Instant::now();
        for effect in effects {
            match effect {
                Do::Over { status, why, on_failure } => return Some(RunEnd { status, why, on_failure }),
                effect => self.carry_out(effect, now),
            }
        }
        None
    }

    /// Puts entries on the disk, then on the audit log, then tells of them.
    async fn write(&mut self, entries: Vec<Entry>) -> Result<(), Text> {
        if entries.is_empty() {
            return Ok(());
        }
        let (journal, hand) = (Arc::clone(&self.journal), Arc::clone(&self.hand));
        let written = tokio::task::spawn_blocking(move || -> Result<(u64, Vec<Entry>), Text> {
            let mut journal = journal.lock().map_err(|_| "the journal is not to be had")?;
            let size = journal.append(&entries).map_err(|e| Text::from(e.to_string()))?;
            hand.witness.told(&hand.run, &hand.plan, &entries)?;
            Ok((size, entries))
        });
        let (size, entries) = written.await.map_err(|e| Text::from(e.to_string()))??;
        self.size.send_replace(size);
        for entry in entries {
            if matches!(entry.fact, Fact::Locked { .. } | Fact::Resumed { fence: Some(_), .. }) {
                self.tasks.spawn(Arc::clone(&self.hand).beat());
                self.mirror();
            }
            self.hand.told.tell(Event::RunTold { run: self.hand.run.clone(), entry: Box::new(entry) });
        }
        Ok(())
    }

    /// Nothing of a run is on a host before its lock is; lines from before come with it.
    fn mirror(&mut self) {
        if let Some(done) = self.done.take() {
            self.tasks.spawn(Arc::clone(&self.hand).mirror(self.size.subscribe(), done));
        }
    }

    /// Begins an effect whose entries are on the disk since `now`.
    fn carry_out(&mut self, effect: Do, now: Instant) {
        let hand = Arc::clone(&self.hand);
        match effect {
            Do::TakeLocks => drop(self.tasks.spawn(hand.take_locks())),
            Do::Require => drop(self.tasks.spawn(hand.require())),
            Do::Mark { is_first } => drop(self.tasks.spawn(hand.mark(is_first))),
            Do::Start(task) => {
                let brake = hand.brake(&task.key(), true);
                let mirror = Mirror { there: self.mirrored.clone(), wanted: *self.size.borrow() };
                self.tasks.spawn(hand.start(task, brake, (now, mirror)));
            }
            Do::Attach(task) => {
                let brake = hand.brake(&task.key(), true);
                self.tasks.spawn(hand.attach(task, brake));
            }
            Do::AskFate(task) => drop(self.tasks.spawn(hand.ask_fate(task))),
            Do::Verify(key) => {
                let state = self.machine.state().task(&key.0, &key.1);
                let is_under_way = state.outcome().is_none() && state.attempt() > 0;
                self.tasks.spawn(hand.verify(key, is_under_way));
            }
            Do::End(task) => {
                let brake = hand.brake(&task.key(), false);
                self.tasks.spawn(hand.end(task, brake));
            }
            Do::KeepRecord => drop(self.tasks.spawn(hand.keep_record())),
            Do::Clean => drop(self.tasks.spawn(hand.clean())),
            Do::Release => drop(self.tasks.spawn(hand.release())),
            Do::Say(words) => {
                let at = (hand.surroundings.clock)();
                let (run, host) = (hand.run.clone(), crate::runner::plan::LOCAL.into());
                let said = Event::RunPrinted { run, step: String::new(), host, at, lines: vec![words], left_out: 0 };
                // A screen that does not keep up shows that nothing came of the key.
                if hand.told.has_room() {
                    hand.told.tell(said);
                }
            }
            Do::Journal(_) | Do::Over { .. } => {}
        }
    }

    async fn close(mut self, end: RunEnd) -> RunEnd {
        self.hand.closing.cancel();
        let whole = *self.size.borrow();
        if self.hand.plan.lock.is_some() && self.done.is_none() {
            let caught_up = self.hand.lost.run_until_cancelled(self.mirrored.wait_for(|there| *there >= whole));
            let most = if end.status.is_over() { LAST_MIRROR } else { LEAVING };
            tokio::time::timeout(most, caught_up).await.ok();
        }
        self.tasks.shutdown().await;
        if end.status.is_over() && self.hand.plan.lock.is_some() {
            self.hand.tidy().await;
        }
        self.hand.told.tell(Event::RunClosed { run: self.hand.run.clone() });
        end
    }
}
