//! Moving: between panes, environments, hosts and rows. Selection is kept by identity.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::Effect;
use super::{act, host, logs, run};
use crate::command::Command;
use crate::keymap::Keymap;
use crate::model::EnvironmentId;
use crate::store::Store;
use crate::theme::Theme;
use crate::ui::edit::Edit;
use crate::ui::layout::{content_height, plan};
use crate::ui::pane::detail;
use crate::ui::places::{self, Stop};
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui, View, popup, rows};

/// Commands that work everywhere and move something.
pub fn global(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) {
    match command {
        Command::Environments => focus(ui, Pane::Environments),
        Command::Services => focus(ui, Pane::Services),
        Command::Detail => focus(ui, Pane::Detail),
        Command::Logs => focus(ui, Pane::Logs),
        Command::NextPane => ring(ui, 1),
        Command::PreviousPane => ring(ui, Pane::ALL.len() - 1),
        Command::NextEnvironment => step_environment(ui, store, 1),
        Command::PreviousEnvironment => step_environment(ui, store, -1),
        Command::NextTrouble => next_trouble(ui, store, now),
        Command::Zoom => ui.zoom = !ui.zoom,
        Command::Back if ui.pending.is_empty() && super::plan::back_to_card(ui, store, now) => {}
        Command::Back => back(ui, store, now),
        _ => {}
    }
}

/// Commands of lists and scrolled text.
pub fn list(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    match ui.popups.last() {
        Some(Popup::Run(_)) => return run::list(ui, store, command, now),
        Some(Popup::Card(_)) if command == Command::Open => return super::plan::on_card(ui, store, command, now),
        Some(Popup::Confirm(_)) if command == Command::Open => {
            return super::decide::on_question(ui, store, command, now);
        }
        Some(Popup::Stop(_)) => return Vec::new(),
        _ if logs::takes(ui, command) => {
            let effects = logs::list(ui, store, command, now);
            if effects.is_empty() && matches!(command, Command::Up | Command::PageUp) {
                by(ui, store, now, if command == Command::Up { -1 } else { -page(ui, store, now) });
            }
            return effects;
        }
        None if ui.focus == Pane::Runs && command == Command::Open => return run::open(ui, store),
        _ => {}
    }
    let page = page(ui, store, now);
    match command {
        Command::Up => by(ui, store, now, -1),
        Command::Down => by(ui, store, now, 1),
        Command::PageUp => by(ui, store, now, -page),
        Command::PageDown => by(ui, store, now, page),
        Command::First => by(ui, store, now, isize::MIN / 2),
        Command::Last => by(ui, store, now, isize::MAX / 2),
        Command::Open => open(ui),
        Command::Filter if ui.popups.is_empty() && ui.focus != Pane::Detail => {
            let text = ui.filter(ui.focus).map_or(String::new(), |f| f.text().to_owned());
            ui.popups.push(Popup::Filter(Edit::new(&text)));
        }
        Command::Sort => {
            ui.sort = ui.sort.next();
            ui.say(format!("services {}", ui.sort.words()), now);
        }
        Command::Mark => mark(ui, store, now),
        Command::MarkAll => mark_all(ui, store, now),
        Command::Copy => {
            return match ui.popups.last() {
                Some(Popup::Forwards(id)) => host::copy_forward(ui, *id, now),
                _ => act::copy(ui, store, now),
            };
        }
        _ => {}
    }
    Vec::new()
}

/// Gives a pane the focus.
pub fn focus(ui: &mut Ui, pane: Pane) {
    ui.turn_to(pane);
    ui.popups.clear();
}

fn ring(ui: &mut Ui, step: usize) {
    let at = Pane::ALL.iter().position(|p| *p == ui.focus).unwrap_or(0);
    let next = Pane::ALL.get((at + step) % Pane::ALL.len()).copied();
    focus(ui, next.unwrap_or(Pane::Services));
}

/// Shows an environment.
pub fn show_environment(ui: &mut Ui, id: EnvironmentId) {
    if ui.environment.as_ref() != Some(&id) {
        ui.marks.clear();
        ui.scroll = 0;
        ui.host = None;
        ui.tops.remove(&Pane::Services);
    }
    ui.environment = Some(id);
}

fn step_environment(ui: &mut Ui, store: &Store, step: isize) {
    // What is asked is asked about one environment; the screen behind it stays.
    if ui.popups.iter().any(|p| matches!(p, Popup::Card(_) | Popup::Confirm(_) | Popup::Inputs(_))) {
        return;
    }
    let all = store.environments();
    let here = rows::environment(store, ui).and_then(|e| all.iter().position(|other| other.id == e.id)).unwrap_or(0);
    let count = isize::try_from(all.len()).unwrap_or(1).max(1);
    let next = (isize::try_from(here).unwrap_or(0) + step).rem_euclid(count);
    if let Some(environment) = usize::try_from(next).ok().and_then(|n| all.get(n)) {
        show_environment(ui, environment.id.clone());
    }
}

fn next_trouble(ui: &mut Ui, store: &Store, now: Timestamp) {
    let here = rows::selected(store, ui, now).map(|s| s.declared().id.clone());
    match rows::next_trouble(store, ui, now).filter(|(_, found)| here.as_ref() != Some(found)) {
        Some((environment, service)) => {
            show_environment(ui, environment.clone());
            // A filter must not hide what was asked for.
            ui.filters.remove(&Pane::Services);
            ui.service.insert(environment, service);
            ui.scroll = 0;
        }
        None => ui.say("nothing else needs a look", now),
    }
}

/// Closes what is open, one thing at a time, the innermost first.
fn back(ui: &mut Ui, store: &Store, now: Timestamp) {
    if !ui.pending.is_empty() {
        ui.pending.clear();
        ui.pending_since = None;
    } else if ui.popups.pop().is_some() {
    } else if !ui.marks.is_empty() {
        ui.marks.clear();
    } else if ui.focus == Pane::Logs && logs::undo(ui, store, now) {
    } else if ui.filters.get(&ui.focus).is_some_and(|f| !f.is_empty()) {
        // Without the filter the same service stays selected, though another one was before it.
        let selected = rows::selected(store, ui, now).map(|s| s.declared().id.clone());
        ui.filters.remove(&ui.focus);
        ui.service.extend(selected.map(|id| (id.environment.clone(), id)));
    } else if ui.zoom {
        ui.zoom = false;
    } else {
        ui.focus = match ui.focus {
            Pane::Detail | Pane::Logs | Pane::Runs => Pane::Services,
            Pane::Services | Pane::Environments => Pane::Environments,
        };
    }
}

fn open(ui: &mut Ui) {
    if ui.popups.pop().is_some() {
        return;
    }
    ui.focus = match ui.focus {
        Pane::Environments => Pane::Services,
        Pane::Services | Pane::Detail => Pane::Detail,
        Pane::Logs => Pane::Logs,
        Pane::Runs => Pane::Runs,
    };
}

fn area(ui: &Ui) -> Rect {
    Rect::new(0, 0, ui.size.0, ui.size.1)
}

fn page(ui: &Ui, store: &Store, now: Timestamp) -> isize {
    let height = match ui.focus {
        Pane::Logs => logs::room(ui, store, now) + 1,
        focus => content_height(&plan(area(ui), ui), focus),
    };
    isize::try_from(height.saturating_sub(2).max(1)).unwrap_or(1)
}

/// Moves the selection or scrolls the text.
pub fn by(ui: &mut Ui, store: &Store, now: Timestamp, step: isize) {
    let last = furthest(ui, store, now);
    match ui.popups.last_mut() {
        Some(Popup::Help(at) | Popup::Faults(at) | Popup::Audit(at)) => *at = moved((*at).min(last), step, last),
        Some(Popup::Forwards(id)) => {
            let id = *id;
            host::move_forward(ui, id, step);
        }
        Some(Popup::Line(page)) => page.scroll = moved(page.scroll.min(last), step, last),
        Some(Popup::Sources(_)) => logs::by(ui, store, now, step),
        Some(Popup::Page(page)) => page.scroll = moved(page.scroll.min(last), step, last),
        Some(Popup::Card(card)) => {
            let steps = card.plan(store).map_or(0, |plan| plan.steps.len());
            card.at = moved(card.at, step, steps);
        }
        Some(Popup::Locks(list)) => run::move_lock(list, store, step),
        Some(Popup::Run(_)) => {
            // The wheel: text moves, the choice stays.
            if let Some(Popup::Run(view)) = ui.popups.last()
                && let Some(open) = view.open(store)
            {
                run::scroll(ui, open, -step);
            }
        }
        Some(
            Popup::Palette(_)
            | Popup::Trust(_)
            | Popup::Unlock(_)
            | Popup::Picker(_)
            | Popup::Inputs(_)
            | Popup::Confirm(_)
            | Popup::Stop(_),
        ) => {}
        Some(Popup::Filter(_) | Popup::Prompt(_)) | None => match ui.focus {
            Pane::Environments => move_environment(ui, store, now, step),
            Pane::Services => move_service(ui, store, now, step),
            Pane::Detail => ui.scroll = moved(ui.scroll.min(last), step, last),
            Pane::Logs => logs::by(ui, store, now, step),
            Pane::Runs => run::move_in_list(ui, store, step),
        },
    }
}

/// The furthest that the text in front can be scrolled. Looks do not matter for it, only the size does.
fn furthest(ui: &Ui, store: &Store, now: Timestamp) -> usize {
    let (theme, keymap) = (Theme::plain(), Keymap::default());
    let view = View { store, ui, theme: &theme, keymap: &keymap, now };
    let plan = plan(area(ui), ui);
    match (ui.popups.last(), ui.focus) {
        (Some(_), _) => popup::furthest(plan.body, &view),
        (None, Pane::Detail) => {
            let area = plan.panes.iter().find(|(pane, _)| *pane == Pane::Detail).map(|(_, area)| *area);
            area.map_or(0, |area| detail::furthest(area, &view))
        }
        (None, _) => 0,
    }
}

fn moved(at: usize, step: isize, last: usize) -> usize {
    let at = isize::try_from(at).unwrap_or(0).saturating_add(step);
    usize::try_from(at.max(0)).unwrap_or(0).min(last)
}

fn move_environment(ui: &mut Ui, store: &Store, now: Timestamp, step: isize) {
    let stops = places::stops(&places::blocks(store, ui, now, places::cells(ui)));
    let here = places::under_cursor(store, ui);
    let at = stops.iter().position(|stop| Some(stop) == here.as_ref()).unwrap_or(0);
    let next = moved(at, step, stops.len().saturating_sub(1));
    if let Some(next) = stops.into_iter().nth(next) {
        stop_at(ui, next);
    }
}

/// Puts the cursor of the environments pane on an environment or on a host.
pub fn stop_at(ui: &mut Ui, stop: Stop) {
    match stop {
        Stop::Environment(id) => {
            show_environment(ui, id);
            ui.host = None;
        }
        Stop::Host(id) => {
            show_environment(ui, id.environment.clone());
            ui.host = Some(id);
        }
    }
}

fn move_service(ui: &mut Ui, store: &Store, now: Timestamp, step: isize) {
    let all = rows::services(store, ui, now);
    let chosen = rows::selected(store, ui, now).map(|s| &s.declared().id);
    let at = all.iter().position(|s| Some(&s.declared().id) == chosen).unwrap_or(0);
    let next = moved(at, step, all.len().saturating_sub(1));
    let Some(service) = all.get(next) else { return };
    let id = service.declared().id.clone();
    let heights: Vec<usize> = all.iter().map(|s| rows::service_height(s, now)).collect();
    let room = content_height(&plan(area(ui), ui), Pane::Services).saturating_sub(1);
    let wish = ui.tops.get(&Pane::Services).copied().unwrap_or(0);
    ui.tops.insert(Pane::Services, rows::first_row(&heights, wish, next, room));
    ui.service.insert(id.environment.clone(), id);
    ui.scroll = 0;
}

fn mark(ui: &mut Ui, store: &Store, now: Timestamp) {
    if ui.focus != Pane::Services {
        return;
    }
    if let Some(id) = rows::selected(store, ui, now).map(|s| s.declared().id.clone()) {
        if !ui.marks.remove(&id) {
            ui.marks.insert(id);
        }
        move_service(ui, store, now, 1);
    }
}

fn mark_all(ui: &mut Ui, store: &Store, now: Timestamp) {
    if ui.focus != Pane::Services {
        return;
    }
    let all: Vec<_> = rows::services(store, ui, now).iter().map(|s| s.declared().id.clone()).collect();
    if all.iter().all(|id| ui.marks.contains(id)) {
        ui.marks.clear();
    } else {
        ui.marks.extend(all);
    }
}
