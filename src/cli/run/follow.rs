//! A run as lines on the terminal: what begins, what is printed, what ends, and the questions of the run where somebody can
//! answer them. Ctrl-C drains, a second one interrupts, a third asks about what must not be interrupted; a lost terminal only
//! detaches.

use std::sync::Arc;

use color_eyre::Result;
use jiff::tz::TimeZone;
use tokio::signal::unix::{SignalKind, signal};

use super::question::{self, Asking};
use crate::cli::hosts::ask;
use crate::cli::plan::card::rounded;
use crate::cli::printed::print;
use crate::exit::Ending;
use crate::model::run::{Entry, Fact, Question};
use crate::model::{Plan, RunId, RunState, RunStatus, StepOutcome, Text};
use crate::runner::execute::{Order, RunEnd, RunHandle};
use crate::runner::machine::Answers;
use crate::store::Event;
use crate::ui::run::uninterruptible;

/// Who answers questions of a run that this process drives.
pub fn answers() -> Answers {
    if ask::is_answered() { Answers::Person } else { Answers::Policy }
}

/// How a run is told.
#[derive(Clone, Copy, Debug)]
pub struct Shown {
    /// As events in JSON, one a line.
    pub json: bool,
    /// The number of the entry before the first that is news: those up to it are known.
    pub after: u64,
}

/// What is known of a run that was followed.
#[derive(Clone, Debug)]
pub struct Followed {
    /// Which.
    pub run: RunId,
    /// How it stands.
    pub status: RunStatus,
    /// Whether it ever had its locks.
    pub had_lock: bool,
    /// The runbook that is to be started now.
    pub on_failure: Option<Arc<str>>,
}

/// Tells what happens until the run is over, or this process leaves it.
pub async fn follow(mut handle: RunHandle, plan: &Arc<Plan>, shown: Shown) -> Result<Followed> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut teller = Teller::new(plan, shown);
    let mut state = RunState::new(handle.id.clone(), Arc::clone(plan));
    // What the run asks, and what is asked on the terminal: signals are heard meanwhile.
    let mut open: Option<(u64, Question)> = None;
    let mut asking: Option<Asking> = None;
    let mut stops = 0;
    if !shown.json {
        tell!("run {}", handle.id);
    }
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => {
                stops += 1;
                let (order, insists) = stop(stops, &state);
                if let Some(order) = order {
                    handle.orders.send(order).await.ok();
                }
                // What was asked is asked again below what was said.
                asking = insists.or_else(|| open.clone().map(question::of));
            }
            _ = terminate.recv() => {
                handle.orders.send(Order::Interrupt { even_uninterruptible: false }).await.ok();
            }
            _ = hangup.recv() => {
                handle.orders.send(Order::Detach).await.ok();
            }
            event = handle.news.recv() => {
                let Some(event) = event else { break };
                teller.event(&event)?;
                let Event::RunTold { entry, .. } = &event else { continue };
                state.apply(entry);
                let is_new = entry.number > shown.after.max(handle.told_before);
                let now = state.asked.zip(state.question.clone()).filter(|_| is_new && answers() == Answers::Person);
                if now != open {
                    open = now;
                    asking = open.clone().map(question::of);
                }
            }
            order = answered(&mut asking) => {
                if let Some(order) = order {
                    asking = None;
                    handle.orders.send(order).await.ok();
                } else {
                    asking = open.clone().map(question::of);
                }
            }
        }
    }
    let end = handle.end.await?;
    tell_end(&handle.id, &end, plan, shown.json);
    Ok(Followed { run: handle.id, status: end.status, had_lock: teller.had_lock, on_failure: end.on_failure })
}

/// Tells what happens in a run that another console drives, until it is over or nobody drives it; Ctrl-C only stops that.
pub async fn look_on(mut handle: RunHandle, plan: &Arc<Plan>, json: bool) -> Result<RunStatus> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut teller = Teller::new(plan, Shown { json, after: 0 });
    loop {
        tokio::select! {
            biased;
            _ = interrupt.recv() => {
                tell!("the run goes on; `qd runs attach {}` looks on again", handle.id);
                return Ok(RunStatus::Running);
            }
            event = handle.news.recv() => {
                let Some(event) = event else { break };
                teller.event(&event)?;
            }
        }
    }
    let end = handle.end.await?;
    tell_end(&handle.id, &end, plan, json);
    Ok(end.status)
}

fn tell_end(run: &RunId, end: &RunEnd, plan: &Plan, json: bool) {
    if !json {
        let why = end.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        tell!("run {run} {}{why}", end.status.words());
        let is_well = matches!(end.status, RunStatus::Succeeded | RunStatus::SucceededWithOverrides);
        if !end.status.is_over() {
            tell!("  `qd runs resume {run}` goes on with it");
        } else if !is_well && plan.lock.is_some() {
            tell!("  `qd runs resume {run}` goes on with what did not end well");
        }
    }
    if let (Some(next), Answers::Person) = (&end.on_failure, answers()) {
        tell!("  {next} is to be run now: qd run {next} {}", plan.target);
    } else if let (RunStatus::Failed, Some(declared), false) = (end.status, &plan.on_failure, json) {
        tell!("  `qd run {} {}` is the runbook for that", declared.runbook, plan.target);
    }
}

/// What comes of what is asked; nothing ever while nothing is.
async fn answered(asking: &mut Option<Asking>) -> Option<Order> {
    match asking {
        Some(asking) => asking.await,
        None => std::future::pending().await,
    }
}

/// What so many presses of Ctrl-C mean: an order, or a question before it.
fn stop(count: u32, state: &RunState) -> (Option<Order>, Option<Asking>) {
    if count == 1 {
        tell!("draining: what runs may end, nothing more begins (Ctrl-C again interrupts)");
        return (Some(Order::Drain), None);
    }
    let interrupt = Some(Order::Interrupt { even_uninterruptible: false });
    let insist = uninterruptible(state);
    if insist.is_empty() {
        tell!("interrupting what runs");
        return (interrupt, None);
    }
    if count == 2 {
        tell!("interrupting what runs (Ctrl-C again asks about what must not be interrupted)");
        return (interrupt, None);
    }
    if answers() == Answers::Person {
        tell!();
        return (None, Some(question::insist(insist)));
    }
    for (step, why) in &insist {
        tell!("{step} must not be interrupted: {why}");
    }
    tell!(
        "without a terminal it is left to end by itself; `qd runs cancel {} --even-uninterruptible` ends it",
        state.id
    );
    (None, None)
}

/// How `qd` ends after a run.
pub fn ending(status: RunStatus) -> Ending {
    match status {
        RunStatus::Succeeded | RunStatus::SucceededWithOverrides => Ending::Good,
        RunStatus::Failed => Ending::Unhealthy,
        RunStatus::Cancelled => Ending::Cancelled,
        RunStatus::LockLost => Ending::Refused,
        RunStatus::Lost => Ending::Lost,
        _ => Ending::Unknown,
    }
}

/// Prints what happens.
struct Teller {
    json: bool,
    zone: TimeZone,
    widest: usize,
    plan: Arc<Plan>,
    after: u64,
    had_lock: bool,
}

impl Teller {
    fn new(plan: &Arc<Plan>, shown: Shown) -> Self {
        let widest = plan.steps.iter().map(|s| s.step.id.len()).max().unwrap_or(0);
        let (json, after, plan) = (shown.json, shown.after, Arc::clone(plan));
        Self { json, zone: TimeZone::system(), widest, plan, after, had_lock: false }
    }

    fn event(&mut self, event: &Event) -> Result<()> {
        if let Event::RunTold { entry, .. } = event {
            self.had_lock |= matches!(entry.fact, Fact::Locked { .. } | Fact::Resumed { .. });
        }
        if self.json {
            print(&(serde_json::to_string(event)? + "\n"))?;
            return Ok(());
        }
        match event {
            Event::RunTold { entry, .. } if entry.number > self.after => self.entry(entry),
            Event::RunPrinted { step, host, lines, left_out, at, .. } => {
                let hosts = self.plan.hosts.len() > 1;
                let time = at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string();
                let host = if hosts { format!("{host} ") } else { String::new() };
                let mut text = String::new();
                if *left_out > 0 {
                    text.push_str(&format!(
                        "{time}   {step:w$}  {host}│ … {left_out} lines left out\n",
                        w = self.widest
                    ));
                }
                for line in lines {
                    text.push_str(&format!("{time}   {step:w$}  {host}│ {line}\n", w = self.widest));
                }
                print(&text)?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn entry(&self, entry: &Entry) -> Result<()> {
        let time = entry.at.to_zoned(self.zone.clone()).strftime("%H:%M:%S").to_string();
        let line = match &entry.fact {
            Fact::Starting { step, host, attempt } => {
                let again = if *attempt > 1 { format!(", attempt {attempt}") } else { String::new() };
                format!("◐ {step:w$}  {host} begins{again}", w = self.widest)
            }
            Fact::Finished { step, host, outcome, why, took, survivors, .. } => {
                let why = why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
                let took = if took.is_zero() { String::new() } else { format!("  {}", rounded(*took)) };
                let left: Vec<String> = survivors.iter().map(|s| format!("\n           still runs: {s}")).collect();
                let left = left.concat();
                format!("{} {step:w$}  {host} {}{took}{why}{left}", glyph(*outcome), outcome.word(), w = self.widest)
            }
            Fact::Required { failed } if !failed.is_empty() => {
                format!("✕ not begun: {}", failed.iter().map(Text::as_str).collect::<Vec<_>>().join("; "))
            }
            Fact::Recorded { version, found: true } => format!("● {version}, which runs now, is on record"),
            Fact::Recorded { version, .. } => format!("● {version} is on record as good"),
            Fact::BatchBegan { batch } if self.plan.batches.len() > 1 => format!("◐ batch {} begins", batch + 1),
            _ => return Ok(()),
        };
        print(&format!("{time} {line}\n"))?;
        Ok(())
    }
}

fn glyph(outcome: StepOutcome) -> &'static str {
    if outcome.is_good() { "●" } else { "✕" }
}
