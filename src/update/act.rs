//! Commands on services: probing now, pausing, copying, and the faults of the demo.

use jiff::Timestamp;

use super::Effect;
use crate::command::{Command, Scope};
use crate::config::user::Times;
use crate::demo::AWAY;
use crate::model::ServiceId;
use crate::store::Store;
use crate::store::snapshot::explain;
use crate::ui::rows::{environment, selected, targets};
use crate::ui::text::span as human;
use crate::ui::{Pane, Ui};

/// Runs a command on the selected or marked services.
pub fn service(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    if command == Command::Runbooks {
        super::plan::open_picker(ui, store, now);
        return Vec::new();
    }
    let on = targets(store, ui, now);
    let Some(first) = on.first().cloned() else {
        ui.say("no service is selected", now);
        return Vec::new();
    };
    match command {
        Command::ProbeNow => {
            let (asleep, awake): (Vec<ServiceId>, Vec<ServiceId>) =
                on.into_iter().partition(|id| store.service(id).is_some_and(|s| s.paused().is_some()));
            if awake.is_empty() {
                ui.say(format!("{} is paused, so it is not probed", asleep.first().unwrap_or(&first)), now);
                return Vec::new();
            }
            ui.say(format!("probing {}", names(&awake)), now);
            vec![Effect::ProbeNow(awake)]
        }
        Command::Pause => pause(ui, store, on, now),
        Command::CopyAnswer => copy_answer(ui, store, now),
        _ if command.scope() == Scope::Demo => demo(ui, first, command, now),
        _ => Vec::new(),
    }
}

fn pause(ui: &mut Ui, store: &Store, on: Vec<ServiceId>, now: Timestamp) -> Vec<Effect> {
    let paused_here = |id: &ServiceId| store.service(id).is_some_and(crate::store::ServiceState::is_paused_here);
    if on.iter().all(paused_here) {
        ui.say(format!("probing {} again", names(&on)), now);
        return vec![Effect::Resume(on)];
    }
    let by_deck = |id: &&ServiceId| store.service(id).is_some_and(|s| s.declared().paused.is_some());
    if let Some(fixed) = on.iter().find(by_deck) {
        ui.say(format!("{fixed} is paused by the deck; change it there"), now);
        return Vec::new();
    }
    ui.say(format!("paused {} in this console; the same key goes on", names(&on)), now);
    vec![Effect::Pause(on)]
}

fn demo(ui: &mut Ui, on: ServiceId, command: Command, now: Timestamp) -> Vec<Effect> {
    let done = match command {
        Command::DemoCrash => format!("crashing {on}; it is started again after {}", human(AWAY)),
        Command::DemoSlow => format!("{on} is slow from now on"),
        Command::DemoHang => format!("{on} takes connections and never answers from now on"),
        Command::DemoDegrade => format!("{on} reports itself degraded from now on"),
        _ => format!("the fault of {on} ends"),
    };
    ui.say(done, now);
    vec![Effect::DemoFault(on, command)]
}

/// `production/sales`, or `production/sales and 3 more`.
fn names(ids: &[ServiceId]) -> String {
    match ids {
        [] => String::new(),
        [one] => one.to_string(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

/// Copies the selected or marked rows as text: name, state, since when, why.
pub fn copy(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let host = crate::ui::host::selected(store, ui).map(|h| h.declared().destination.to_string());
    let text = match ui.focus {
        Pane::Environments if host.is_some() => host,
        Pane::Environments => environment(store, ui).map(|e| {
            let summary = store.summary(e, now);
            let troubles: Vec<ServiceId> = summary.causes.iter().map(|t| t.service.declared().id.clone()).collect();
            format!("{} {}\n{}", e.id, summary.worst.word(), rows_text(store, &troubles, now))
        }),
        Pane::Runs => {
            let runs = crate::ui::pane::runs::runs(store, ui).unwrap_or_default();
            crate::ui::pane::runs::selected(&runs, ui).map(|run| run.id.to_string())
        }
        Pane::Logs => None,
        Pane::Services | Pane::Detail => Some(rows_text(store, &targets(store, ui, now), now)),
    };
    match text.map(|t| t.trim_end().to_owned()).filter(|t| !t.is_empty()) {
        Some(text) => {
            let lines = text.lines().count();
            ui.say(
                format!("sent {lines} line{} to the clipboard of the terminal", if lines == 1 { "" } else { "s" }),
                now,
            );
            vec![Effect::Copy(text)]
        }
        None => Vec::new(),
    }
}

fn rows_text(store: &Store, ids: &[ServiceId], now: Timestamp) -> String {
    let mut text = String::new();
    for service in ids.iter().filter_map(|id| store.service(id)) {
        let since =
            service.since(now).map_or(String::new(), |at| format!(" since {}", at.strftime("%Y-%m-%dT%H:%M:%SZ")));
        let why = explain(store, service, now).map_or(String::new(), |why| format!(": {why}"));
        text.push_str(&format!("{} {}{since}{why}\n", service.declared().id, service.health(now).word()));
    }
    text
}

fn copy_answer(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let answer = selected(store, ui, now).and_then(|service| {
        let mut probes: Vec<_> = service.probes().iter().collect();
        probes.sort_by_key(|p| std::cmp::Reverse(p.health(now).0.rank()));
        probes.into_iter().find_map(|p| p.last().and_then(|(_, seen)| seen.answer.clone()))
    });
    let Some(answer) = answer else {
        ui.say("there is no answer to copy", now);
        return Vec::new();
    };
    ui.say("sent the last answer to the clipboard of the terminal", now);
    vec![Effect::Copy(answer.to_string())]
}

/// The next way to show times.
pub fn next_times(ui: &mut Ui, now: Timestamp) {
    let (next, words) = match ui.times {
        Times::Environment => (Times::Utc, "times are in UTC"),
        Times::Utc => (Times::Local, "times are in the zone of this machine"),
        Times::Local => (Times::Environment, "times are in the zone of the environment"),
    };
    ui.times = next;
    ui.say(words, now);
}
