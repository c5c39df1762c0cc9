//! Decisions about runs, locks and arming: each is asked first, and carried out as it was asked.

use jiff::Timestamp;

use super::{Effect, guard, plan};
use crate::command::Command;
use crate::model::run::Choice;
use crate::model::{RunId, RunStatus, ServiceId, Text};
use crate::store::{OpenRun, Store};
use crate::ui::consent::Demand;
use crate::ui::popup::confirm::{Confirm, Deed};
use crate::ui::run::{choices, uninterruptible};
use crate::ui::state::Popup;
use crate::ui::{Pane, SMALLEST, Ui, pane, rows};

/// Opens a question.
fn open(ui: &mut Ui, deed: Deed, now: Timestamp) -> Vec<Effect> {
    // One question at a time; the menu that led to it is done.
    ui.popups.retain(|p| !matches!(p, Popup::Confirm(_) | Popup::Stop(_)));
    ui.popups.push(Popup::Confirm(Confirm::new(deed, now)));
    Vec::new()
}

/// The run that a command means, or why there is none. While a run is looked at that one is meant and no other, even
/// before it is there; in the list it is the chosen one; elsewhere it must be the only one that goes on.
fn meant<'s>(ui: &Ui, store: &'s Store) -> Result<&'s OpenRun, &'static str> {
    if let Some(seen) = looked_at(ui, store) {
        return seen;
    }
    if ui.focus == Pane::Runs {
        let runs = pane::runs::runs(store, ui).unwrap_or_default();
        let chosen = pane::runs::selected(&runs, ui).and_then(|run| store.acting().open_run(&run.id));
        return chosen.ok_or("no run that goes on is chosen");
    }
    let mut going = store.acting().going();
    match (going.next(), going.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => Err("several runs go on; choose one first"),
        (None, _) => Err("no run is chosen"),
    }
}

/// The run that is looked at, where one is; why not while it is not there yet.
fn looked_at<'s>(ui: &Ui, store: &'s Store) -> Option<Result<&'s OpenRun, &'static str>> {
    let seen = ui.popups.iter().rev().find_map(|popup| match popup {
        Popup::Run(run) => Some(run.open(store)),
        Popup::Stop(id) => Some(store.acting().open_run(id)),
        _ => None,
    })?;
    Some(seen.ok_or("the run that is looked at is not there yet"))
}

/// A command that decides about a run.
pub fn command(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    if command == Command::Continue {
        return go_on_with(ui, store, now);
    }
    let run = match meant(ui, store) {
        Ok(run) => run,
        Err(why) => {
            ui.say(why, now);
            return Vec::new();
        }
    };
    let id = run.state().id.clone();
    if !run.is_going() {
        ui.say("the run is over", now);
        return Vec::new();
    }
    if !run.is_ours() {
        ui.say("another console drives this run; here it can only be looked at", now);
        return Vec::new();
    }
    match command {
        Command::Drain if run.status() == RunStatus::Draining => ui.say("it is draining already", now),
        Command::Drain => {
            ui.popups.retain(|p| !matches!(p, Popup::Stop(_)));
            let plan = &run.state().plan;
            ui.say(format!("{} on {}: nothing more begins, what runs may end", plan.title, plan.target), now);
            return vec![Effect::Drain { run: id }];
        }
        Command::Interrupt => {
            let insist = uninterruptible(run.state());
            return open(ui, Deed::Interrupt { run: id, insist }, now);
        }
        Command::Detach => return open(ui, Deed::Detach(id), now),
        Command::StopRun => match ui.popups.last() {
            Some(Popup::Stop(_)) => {
                let insist = uninterruptible(run.state());
                return open(ui, Deed::Interrupt { run: id, insist }, now);
            }
            _ => ui.popups.push(Popup::Stop(id)),
        },
        other => return answer(ui, run, id, other, now),
    }
    Vec::new()
}

fn answer(ui: &mut Ui, run: &OpenRun, id: RunId, command: Command, now: Timestamp) -> Vec<Effect> {
    let choice = match command {
        Command::GoOn => Choice::GoOn,
        Command::Retry => Choice::Retry,
        Command::Skip => Choice::Skip,
        Command::MarkDone => Choice::MarkDone,
        Command::Undo => Choice::Undo,
        Command::OnFailure => Choice::OnFailure,
        Command::GiveUp => Choice::GiveUp,
        _ => return Vec::new(),
    };
    let Some(question) = run.state().question.clone() else {
        ui.say("the run asks nothing now", now);
        return Vec::new();
    };
    if !choices(&question).contains(&choice) {
        ui.say(format!("{} cannot be chosen here", choice.words()), now);
        return Vec::new();
    }
    open(ui, Deed::Answer { run: id, choice, question }, now)
}

fn go_on_with(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let found: Option<(RunId, ServiceId, RunStatus)> = if let Some(seen) = looked_at(ui, store) {
        seen.ok().map(|run| (run.state().id.clone(), run.state().plan.target.clone(), run.status()))
    } else {
        let runs = pane::runs::runs(store, ui).unwrap_or_default();
        pane::runs::selected(&runs, ui).map(|run| (run.id.clone(), run.target.clone(), run.status))
    };
    let Some((run, target, status)) = found else {
        ui.say("no run is chosen, or it is not there yet", now);
        return Vec::new();
    };
    let resumable = matches!(
        status,
        RunStatus::Interrupted | RunStatus::Cancelled | RunStatus::Failed | RunStatus::Lost | RunStatus::LockLost
    );
    if !resumable {
        ui.say(format!("the run is {}; there is nothing to go on with", status.words()), now);
        return Vec::new();
    }
    // The environment of the run counts, not the one on the screen.
    if let Some(why) = guard::locked(store, &target.environment, now) {
        ui.warn(why, now);
        return Vec::new();
    }
    open(ui, Deed::Continue { run, target }, now)
}

/// Asks to break the chosen lock.
pub fn break_lock(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Locks(list)) = ui.popups.last() else {
        ui.say("locks are broken in their list", now);
        return Vec::new();
    };
    let environment = list.environment.clone();
    let Some(lock) = list.chosen(store) else {
        ui.say("no lock is held", now);
        return Vec::new();
    };
    let deed = Deed::Break {
        environment,
        key: lock.key.clone(),
        fence: lock.fence,
        holder: Text::line(&format!("{} for {}", lock.operator, lock.what)),
    };
    open(ui, deed, now)
}

/// Arms the environment on the screen, or disarms it.
pub fn arm(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let Some(id) = guard::reached(ui, store) else { return Vec::new() };
    if ui.read_only {
        ui.warn("arm allows acting, and this console is read-only", now);
        return Vec::new();
    }
    if store.environment(&id).is_none_or(|e| !e.tier.is_protected()) {
        ui.say(format!("{id} is not protected; nothing needs to be armed"), now);
        return Vec::new();
    }
    if rows::environment(store, ui).is_none_or(|e| e.id != id) {
        ui.say(format!("{id} is not on the screen; go there first"), now);
        return Vec::new();
    }
    if store.acting().is_armed(&id, now) {
        ui.say(format!("{id} is read-only again"), now);
        return vec![Effect::Disarm];
    }
    open(ui, Deed::Arm(id), now)
}

/// Leaves the console; while a run of ours goes on, it asks first.
pub fn quit(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    if store.acting().going().any(OpenRun::is_ours) && !ui.read_only {
        return open(ui, Deed::Quit, now);
    }
    leave(store, now)
}

fn leave(store: &Store, now: Timestamp) -> Vec<Effect> {
    let ours = store.acting().going().filter(|run| run.is_ours());
    let mut effects: Vec<Effect> = ours.map(|run| Effect::Detach { run: run.state().id.clone() }).collect();
    effects.extend(store.acting().armed(now).map(|_| Effect::Disarm));
    effects.push(Effect::Quit);
    effects
}

/// A command on a question while no text is typed.
pub fn on_question(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Confirm(mut confirm)) = ui.popups.pop() else { return Vec::new() };
    match command {
        // Enter says no: the way out has the cursor.
        Command::Decline | Command::Open => {
            ui.say("nothing was done", now);
            return Vec::new();
        }
        Command::Confirm if confirm.demand == Demand::Yes => return say_yes(ui, store, confirm, now),
        Command::Confirm => ui.say("this is confirmed by typing", now),
        Command::NextField => confirm.consent.step(&confirm.demand, true),
        Command::PreviousField => confirm.consent.step(&confirm.demand, false),
        _ => {}
    }
    ui.popups.push(Popup::Confirm(confirm));
    Vec::new()
}

/// A key while text is typed in a question.
pub fn typing(ui: &mut Ui, store: &Store, mut confirm: Confirm, command: Command, now: Timestamp) -> Vec<Effect> {
    if command == Command::Cancel {
        return Vec::new();
    }
    let demand = confirm.demand.clone();
    if plan::edit_consent(&mut confirm.consent, &demand, command) {
        return say_yes(ui, store, confirm, now);
    }
    ui.popups.push(Popup::Confirm(confirm));
    Vec::new()
}

fn say_yes(ui: &mut Ui, store: &Store, mut confirm: Confirm, now: Timestamp) -> Vec<Effect> {
    let too_small = ui.size.0 < SMALLEST.0 || ui.size.1 < SMALLEST.1;
    if confirm.is_deaf(now) || too_small {
        ui.popups.push(Popup::Confirm(confirm));
        return Vec::new();
    }
    if let Err(why) = confirm.still_asked(store) {
        ui.warn(format!("nothing was done: {why}"), now);
        return Vec::new();
    }
    if let Some((spot, why)) = confirm.consent.missing(&confirm.demand) {
        ui.say(why, now);
        confirm.consent.at = spot;
        ui.popups.push(Popup::Confirm(confirm));
        return Vec::new();
    }
    if ui.read_only {
        ui.warn("this console is read-only", now);
        return Vec::new();
    }
    // What acts anew needs what acting needs; a run that was let start may be stopped and answered.
    let acts = matches!(confirm.deed, Deed::Continue { .. } | Deed::Break { .. });
    let why = confirm.deed.environment(store).filter(|_| acts).and_then(|id| guard::locked(store, id, now));
    if let Some(why) = why {
        ui.warn(why, now);
        return Vec::new();
    }
    perform(ui, store, confirm, now)
}

fn perform(ui: &mut Ui, store: &Store, confirm: Confirm, now: Timestamp) -> Vec<Effect> {
    let reason = confirm.consent.why();
    let why = || reason.clone().unwrap_or_default();
    match confirm.deed {
        Deed::Quit => leave(store, now),
        Deed::Interrupt { run, insist } => vec![Effect::Interrupt { run, insist: !insist.is_empty() }],
        Deed::Detach(run) => vec![Effect::Detach { run }],
        Deed::Continue { run, target } => plan::go_on(ui, store, &run, target, now),
        Deed::Answer { run, choice, .. } => vec![Effect::Answer { run, choice, reason }],
        Deed::Break { environment, key, fence, .. } => {
            let typed = confirm.consent.phrase.text().trim().to_owned();
            ui.say(format!("breaking the lock {key}"), now);
            vec![Effect::BreakLock { environment, key, fence, typed, reason: why() }]
        }
        Deed::Arm(environment) => vec![Effect::Arm { environment, reason: why() }],
    }
}
