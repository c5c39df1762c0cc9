//! From a service to a plan that was said yes to: the list of runbooks, the form of inputs, the card.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Effect, guard, input};
use crate::command::Command;
use crate::model::plan::Value;
use crate::model::runbook::Input;
use crate::model::{RunId, Runbook, ServiceId, Text};
use crate::runner::gate::Given;
use crate::store::Store;
use crate::ui::consent::{Consent, Demand, Spot};
use crate::ui::edit::Edit;
use crate::ui::popup::card::Card;
use crate::ui::popup::inputs::Form;
use crate::ui::popup::page::Page;
use crate::ui::popup::picker::Picker;
use crate::ui::run::RunView;
use crate::ui::state::Popup;
use crate::ui::{SMALLEST, Ui, rows};

/// Opens the list of runbooks of the selected service.
pub fn open_picker(ui: &mut Ui, store: &Store, now: Timestamp) {
    if !ui.popups.is_empty() {
        return;
    }
    match rows::selected(store, ui, now).map(|s| s.declared().id.clone()) {
        Some(service) => ui.popups.push(Popup::Picker(Picker { service, edit: Edit::default(), chosen: None })),
        None => ui.say("no service is selected", now),
    }
}

/// A key in the list of runbooks.
pub fn picker(ui: &mut Ui, store: &Store, mut picker: Picker, command: Command, now: Timestamp) -> Vec<Effect> {
    let offers = picker.offers(store);
    let at = picker.at(&offers);
    let step = |to: usize| offers.get(to.min(offers.len().saturating_sub(1))).map(|o| o.runbook.clone());
    match command {
        Command::Cancel => return Vec::new(),
        Command::Accept => {
            let Some(offer) = offers.get(at) else {
                ui.popups.push(Popup::Picker(picker));
                return Vec::new();
            };
            let (service, name, why) = (picker.service.clone(), offer.runbook.clone(), offer.why_not.clone());
            if let Some(why) = why {
                ui.say(format!("{name} does not apply to {service}: {why}"), now);
                ui.popups.push(Popup::Picker(picker));
                return Vec::new();
            }
            return begin(ui, store, service, &name, now);
        }
        Command::InputUp => picker.chosen = step(at.saturating_sub(1)),
        Command::InputDown | Command::Complete => picker.chosen = step(at + 1),
        other => {
            input::edit(&mut picker.edit, other);
            picker.chosen = None;
        }
    }
    ui.popups.push(Popup::Picker(picker));
    Vec::new()
}

/// Asks for the inputs of a runbook, or plans it at once when it has none.
pub fn begin(ui: &mut Ui, store: &Store, service: ServiceId, name: &str, now: Timestamp) -> Vec<Effect> {
    let declared = store.service(&service).map(|s| &s.declared().runbooks);
    let offer = declared.and_then(|offers| offers.iter().find(|o| &*o.runbook == name));
    if let Some(why) = offer.and_then(|o| o.why_not.as_ref()) {
        ui.say(format!("{name} does not apply to {service}: {why}"), now);
        return Vec::new();
    }
    let Some(runbook) = store.acting().runbook(name).filter(|_| offer.is_some()).cloned() else {
        ui.warn(format!("{service} has no runbook {name}"), now);
        return Vec::new();
    };
    ui.popups.clear();
    if runbook.inputs.is_empty() {
        return ask(ui, Asked::of(service, &runbook), now);
    }
    ui.asks += 1;
    let form = Form::new(service, runbook, ui.asks);
    let (ask, service, runbook) = (form.ask, form.service.clone(), form.runbook.name.clone());
    let looks = form.looks();
    ui.popups.push(Popup::Inputs(form));
    if looks { vec![Effect::Choices { ask, service, runbook }] } else { Vec::new() }
}

/// A run ended with the choice of another runbook: its form comes up, unless somebody looks at something else by now.
pub fn follow_up(
    ui: &mut Ui,
    store: &Store,
    run: &RunId,
    service: ServiceId,
    name: &str,
    now: Timestamp,
) -> Vec<Effect> {
    let looked_at = |popup: &Popup| match popup {
        Popup::Run(view) => view.open(store).is_some_and(|open| open.state().id == *run),
        _ => false,
    };
    if ui.popups.last().is_none_or(looked_at) {
        let effects = begin(ui, store, service, name, now);
        // Why is known: it can be changed, and need not be typed at the worst moment.
        let failed = store.acting().open_run(run).map(|open| open.state().plan.runbook.clone());
        let reason = format!("{} failed in run {run}", failed.as_deref().unwrap_or("a runbook"));
        match ui.popups.last_mut() {
            Some(Popup::Inputs(form)) => form.reason = reason,
            Some(Popup::Card(card)) => card.consent.reason = Edit::new(&reason),
            _ => {}
        }
        return effects;
    }
    ui.warn(format!("run {run} ended; {name} on {service} was chosen to follow and waits in its runbooks"), now);
    Vec::new()
}

/// What is to be planned.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) service: ServiceId,
    pub(super) runbook: Arc<str>,
    pub(super) title: Text,
    pub(super) inputs: BTreeMap<String, String>,
    pub(super) secrets: BTreeMap<String, crate::ui::hidden::Passphrase>,
    pub(super) resumes: Option<RunId>,
    /// Filled in where a reason is asked for.
    pub(super) reason: String,
}

impl Asked {
    /// A runbook of a service, with nothing given.
    pub(super) fn of(service: ServiceId, runbook: &Runbook) -> Self {
        let (name, title) = (runbook.name.clone(), runbook.title.clone());
        let (inputs, secrets) = (BTreeMap::new(), BTreeMap::new());
        Self { service, runbook: name, title, inputs, secrets, resumes: None, reason: String::new() }
    }
}

/// Asks for a plan; its card comes up at once and shows it when it is there.
pub(super) fn ask(ui: &mut Ui, asked: Asked, now: Timestamp) -> Vec<Effect> {
    ui.asks += 1;
    let ask = ui.asks;
    let Asked { service, runbook, title, inputs, secrets, resumes, reason } = asked;
    let effect = Effect::Plan {
        ask,
        service: service.clone(),
        runbook: runbook.clone(),
        inputs: inputs.clone(),
        secrets: secrets.clone(),
        resumes: resumes.clone(),
    };
    let consent = Consent { reason: Edit::new(&reason), ..Consent::default() };
    let card = Card { service, runbook, title, ask, since: now, inputs, secrets, resumes, at: 0, consent };
    ui.popups.push(Popup::Card(card));
    vec![effect]
}

/// Plans to go on with a run.
pub fn go_on(ui: &mut Ui, store: &Store, run: &RunId, target: ServiceId, now: Timestamp) -> Vec<Effect> {
    let listed = store.acting().runs().into_iter().flatten().find(|r| r.id == *run);
    let open = store.acting().open_run(run).map(|r| r.state().summary());
    let Some(summary) = listed.or(open) else { return Vec::new() };
    if let Some(form) = form_again(ui, store, run, &target, &summary.runbook) {
        ui.popups.push(Popup::Inputs(form));
        return Vec::new();
    }
    let asked = Asked {
        service: target,
        runbook: summary.runbook,
        title: summary.title,
        inputs: BTreeMap::new(),
        secrets: BTreeMap::new(),
        resumes: Some(run.clone()),
        reason: String::new(),
    };
    ask(ui, asked, now)
}

/// The form for what was typed when a run began and was kept nowhere; none where there was no such input.
fn form_again(ui: &mut Ui, store: &Store, run: &RunId, target: &ServiceId, name: &str) -> Option<Form> {
    let runbook = store.acting().runbook(name)?.clone();
    let values = store.acting().open_run(run).map(|open| &open.state().plan.values);
    let again = |input: &Input| match values {
        Some(values) => (values.get(&input.name) == Some(&Value::Asked)).then(|| input.clone()),
        // Of one that was not opened it is not known whether it was given by reference: then nothing need be typed.
        None => Some(Input { required: false, ..input.clone() }),
    };
    let asked: Vec<Input> = runbook.inputs.iter().filter(|input| input.secret).filter_map(again).collect();
    if asked.is_empty() {
        return None;
    }
    ui.asks += 1;
    Some(Form::again(target.clone(), runbook, ui.asks, run.clone(), &asked))
}

/// A command on the card while no text is typed.
pub fn on_card(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Card(card)) = ui.popups.last() else { return Vec::new() };
    let (ask_number, at, shown) = (card.ask, card.at, card.plan(store).is_some());
    match command {
        Command::ShowText if shown => {
            ui.popups.push(Popup::Page(Page { ask: ask_number, step: at.saturating_sub(1), scroll: 0 }));
        }
        Command::Replan => {
            let Some(Popup::Card(card)) = ui.popups.pop() else { return Vec::new() };
            if card.made(store).is_none() {
                // It is being made: one at a time.
                ui.popups.push(Popup::Card(card));
                return Vec::new();
            }
            let reason = card.consent.reason.text();
            // What was typed for it may be what there is no plan for.
            let fails = card.plan(store).is_none();
            if let Some(run) = card.resumes.clone().filter(|_| fails)
                && let Some(form) = form_again(ui, store, &run, &card.service, &card.runbook)
            {
                ui.popups.push(Popup::Inputs(Form { reason, ..form }));
                return Vec::new();
            }
            let Card { service, runbook, title, inputs, secrets, resumes, .. } = card;
            return ask(ui, Asked { service, runbook, title, inputs, secrets, resumes, reason }, now);
        }
        Command::Decline => {
            ui.popups.pop();
            ui.say("nothing was started", now);
        }
        Command::Confirm => return say_yes(ui, store, Demand::Yes, now),
        Command::Open => return enter(ui, store, now),
        Command::NextField | Command::PreviousField => step_field(ui, store, command == Command::NextField, now),
        _ => {}
    }
    Vec::new()
}

/// Enter while the cursor is on Cancel: it says yes where that is enough, else no.
fn enter(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Card(card)) = ui.popups.last() else { return Vec::new() };
    let demand = card.plan(store).map(|plan| Demand::of(plan));
    if demand == Some(Demand::Enter) {
        return say_yes(ui, store, Demand::Enter, now);
    }
    ui.popups.pop();
    ui.say("nothing was started", now);
    Vec::new()
}

fn step_field(ui: &mut Ui, store: &Store, forward: bool, now: Timestamp) {
    let Some(Popup::Card(card)) = ui.popups.last() else { return };
    let Some(plan) = card.plan(store) else { return };
    if let Some(why) = kept(ui, store, plan, now) {
        ui.say(why, now);
        return;
    }
    let demand = Demand::of(plan);
    if let Some(Popup::Card(card)) = ui.popups.last_mut() {
        card.consent.step(&demand, forward);
    }
}

/// Why a plan cannot be said yes to now.
fn kept(ui: &Ui, store: &Store, plan: &crate::model::Plan, now: Timestamp) -> Option<String> {
    if let Some(why) = plan.blocked.first() {
        return Some(format!("it cannot run: {why}"));
    }
    // What only looks is let through wherever looking is: the gate says so too.
    if ui.read_only && !plan.only_looks() {
        return Some("this console is read-only".into());
    }
    if ui.size.0 < SMALLEST.0 || ui.size.1 < SMALLEST.1 {
        // Nobody agrees to what cannot be seen.
        return Some("the screen is too small to see what is agreed to".into());
    }
    guard::locked(store, &plan.target.environment, now).filter(|_| !plan.only_looks())
}

/// Yes to a plan, in the way that was used. It must be the way that the plan asks for.
fn say_yes(ui: &mut Ui, store: &Store, way: Demand, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Card(card)) = ui.popups.last() else { return Vec::new() };
    let Some(plan) = card.plan(store) else { return Vec::new() };
    let demand = Demand::of(plan);
    if card.is_deaf(store, now) {
        return Vec::new();
    }
    if let Some(why) = kept(ui, store, plan, now) {
        ui.warn(why, now);
        return Vec::new();
    }
    let typed = matches!((&way, &demand), (Demand::Typed { .. }, Demand::Typed { .. }));
    if way != demand && !typed {
        let words = match demand {
            Demand::Enter => "enter starts it",
            Demand::Yes => "y starts it, enter does not",
            Demand::Typed { .. } => "this plan is confirmed by typing; tab goes there",
        };
        ui.say(words, now);
        return Vec::new();
    }
    if let Some((spot, why)) = card.consent.missing(&demand) {
        ui.say(why, now);
        if let Some(Popup::Card(card)) = ui.popups.last_mut() {
            card.consent.at = spot;
        }
        return Vec::new();
    }
    let given = match &demand {
        Demand::Typed { phrase: Some(phrase), .. } => Given::Typed(phrase.clone()),
        _ if plan.level == crate::model::Level::Enter => Given::Enter,
        _ => Given::Yes,
    };
    let reason = card.consent.why();
    let is_dirty = plan.goes_over().next().is_some();
    // Handed over and kept here no longer: the card that may come back asks for it anew.
    let mut card = card.clone();
    let sudo = plan.asks_sudo().then(|| card.consent.password.take());
    let effect = Effect::Run {
        ask: card.ask,
        digest: plan.digest.clone(),
        given,
        over_dirty: reason.clone().filter(|_| is_dirty),
        reason,
        sudo,
    };
    let view = RunView::starting(card, plan, now);
    ui.popups.clear();
    ui.popups.push(Popup::Run(view));
    vec![effect]
}

/// Back to the card that nothing was started for, with the reason as it was typed; whether there was one to go back to.
pub fn back_to_card(ui: &mut Ui, store: &Store, now: Timestamp) -> bool {
    let Some(Popup::Run(view)) = ui.popups.last() else { return false };
    let Some((card, _)) = view.start.as_deref().filter(|_| view.refusal(store).is_some()) else { return false };
    let mut card = Card { since: now, ..card.clone() };
    // The yes was spent: it is said anew.
    (card.consent.phrase, card.consent.at) = (Edit::default(), Spot::Cancel);
    ui.popups.pop();
    ui.popups.push(Popup::Card(card));
    true
}

/// Whether a view waits for what comes of an asking.
pub fn awaits(ui: &Ui, ask: u64) -> bool {
    let waits = |view: &RunView| view.start.as_deref().is_some_and(|(card, _)| card.ask == ask);
    ui.popups.iter().any(|popup| matches!(popup, Popup::Run(view) if waits(view)))
}

/// A key while text is typed on the card.
pub fn typing(ui: &mut Ui, store: &Store, mut card: Card, command: Command, now: Timestamp) -> Vec<Effect> {
    let demand = card.plan(store).map(|plan| Demand::of(plan));
    let Some(demand) = demand else {
        ui.popups.push(Popup::Card(card));
        return Vec::new();
    };
    let accept = edit_consent(&mut card.consent, &demand, command);
    ui.popups.push(Popup::Card(card));
    if accept { say_yes(ui, store, demand, now) } else { Vec::new() }
}

/// An edit of what is typed to say yes; whether Enter was pressed where nothing comes after.
pub fn edit_consent(consent: &mut Consent, demand: &Demand, command: Command) -> bool {
    match command {
        Command::Cancel => consent.at = Spot::Cancel,
        Command::Complete | Command::InputDown => consent.step(demand, true),
        Command::InputUp => consent.step(demand, false),
        Command::Accept => {
            // Enter goes on to what is still empty behind it.
            let (phrase, reason) = (!consent.phrase.is_empty(), !consent.reason.text().trim().is_empty());
            let wants = |spot| demand.spots().contains(&spot);
            let next = match consent.at {
                Spot::Phrase if phrase && wants(Spot::Reason) && !reason => Some(Spot::Reason),
                Spot::Phrase if !phrase => None,
                Spot::Reason if !reason => None,
                Spot::Phrase | Spot::Reason => {
                    (wants(Spot::Password) && consent.password.is_empty()).then_some(Spot::Password)
                }
                Spot::Password | Spot::Cancel => None,
            };
            consent.at = next.unwrap_or(consent.at);
            return next.is_none();
        }
        Command::DeleteBack if consent.at == Spot::Password => consent.password.delete_back(),
        Command::DeleteWord | Command::DeleteAll if consent.at == Spot::Password => consent.password.delete_all(),
        other => {
            if let Some(edit) = consent.edit() {
                input::edit(edit, other);
            }
        }
    }
    false
}
