//! The loop of one run: what happened goes into the machine, what it says is done in its order. An entry is on the disk and
//! on the audit log before the effect after it begins; effects run beside each other and tell of their end.

#![allow(clippy::disallowed_types, reason = "the journal is lent to one blocking write at a time")]

use std::sync::{Arc, Mutex};

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::Duration;

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
    mirrored: Option<watch::Receiver<u64>>,
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
        let (journal, tasks) = (Arc::new(Mutex::new(journal)), JoinSet::new());
        Self { machine, journal, hand, inbox, orders, tasks, size, mirrored: None }
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
            Order::Answer { choice, reason } => clean(Input::Answer { choice, reason, by }, &self.hand.redactor),
            Order::Tick { step, item } => Input::Tick { step, item, by },
        }
    }

    async fn feed(&mut self, input: Input) -> Option<RunEnd> {
        let at = (self.hand.surroundings.clock)();
        for effect in self.machine.step(input, at) {
            match effect {
                Do::Journal(entry) => {
                    if let Err(why) = self.write(entry).await {
                        let at = (self.hand.surroundings.clock)();
                        self.machine.step(Input::JournalBroken(why.clone()), at);
                        let (status, why) = (RunStatus::Interrupted, Some(why));
                        return Some(RunEnd { status, why, on_failure: None });
                    }
                }
                Do::Over { status, why, on_failure } => return Some(RunEnd { status, why, on_failure }),
                effect => self.carry_out(effect),
            }
        }
        None
    }

    /// Puts an entry on the disk, then on the audit log, then tells of it.
    async fn write(&mut self, entry: Entry) -> Result<(), Text> {
        let (journal, hand, line) = (Arc::clone(&self.journal), Arc::clone(&self.hand), entry.clone());
        let written = tokio::task::spawn_blocking(move || -> Result<u64, Text> {
            let mut journal = journal.lock().map_err(|_| "the journal is not to be had")?;
            let (begins, bytes) = journal.append(&line).map_err(|e| Text::from(e.to_string()))?;
            hand.witness.told(&hand.run, &hand.plan, &line)?;
            Ok(begins + bytes.len() as u64)
        });
        let size = written.await.map_err(|e| Text::from(e.to_string()))??;
        self.size.send_replace(size);
        if matches!(entry.fact, Fact::Locked { .. } | Fact::Resumed { fence: Some(_), .. }) {
            self.tasks.spawn(Arc::clone(&self.hand).beat());
            self.mirror();
        }
        self.hand.told.tell(Event::RunTold { run: self.hand.run.clone(), entry: Box::new(entry) });
        Ok(())
    }

    /// Nothing of a run is on a host before its lock is; lines from before come with it.
    fn mirror(&mut self) {
        let (done, mirrored) = watch::channel(0);
        self.tasks.spawn(Arc::clone(&self.hand).mirror(self.size.subscribe(), done));
        self.mirrored = Some(mirrored);
    }

    fn carry_out(&mut self, effect: Do) {
        let hand = Arc::clone(&self.hand);
        match effect {
            Do::TakeLocks => drop(self.tasks.spawn(hand.take_locks())),
            Do::Require => drop(self.tasks.spawn(hand.require())),
            Do::Mark => drop(self.tasks.spawn(hand.mark())),
            Do::Start(task) => {
                let brake = hand.brake(&task.key(), true);
                self.tasks.spawn(hand.start(task, brake));
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
        let whole = *self.size.borrow();
        if let Some(mirrored) = &mut self.mirrored {
            let caught_up = self.hand.lost.run_until_cancelled(mirrored.wait_for(|there| *there >= whole));
            let most = if end.status.is_over() { LAST_MIRROR } else { LEAVING };
            tokio::time::timeout(most, caught_up).await.ok();
        }
        self.tasks.shutdown().await;
        self.hand.told.tell(Event::RunClosed { run: self.hand.run.clone() });
        end
    }
}
