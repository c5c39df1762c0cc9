//! Looking at runs: opening them, moving through their steps, scrolling and searching what they print, ticking boxes.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::plan::back_to_card;
use super::{Effect, decide, guard, input};
use crate::command::Command;
use crate::keymap::Keymap;
use crate::model::run::Question;
use crate::store::{OpenRun, Store};
use crate::theme::Theme;
use crate::ui::edit::Edit;
use crate::ui::layout::plan;
use crate::ui::popup::locks::LockList;
use crate::ui::popup::run::page;
use crate::ui::run::{Row, RunView, Which, rows};
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui, View, pane};

/// A command of the run scope.
pub fn command(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    match command {
        Command::BreakLock => return decide::break_lock(ui, store, now),
        Command::StopRun if !matches!(ui.popups.last(), Some(Popup::Run(_) | Popup::Stop(_))) => {
            // Where no run is looked at, the key leaves as everywhere.
            return decide::quit(ui, store, now);
        }
        Command::ShowOutput => on_view(ui, |run| run.full = !run.full),
        Command::Follow => on_view(ui, |run| (run.row, run.anchor) = (None, None)),
        Command::FindNext => find(ui, store, true, now),
        other => return decide::command(ui, store, other, now),
    }
    Vec::new()
}

fn on_view(ui: &mut Ui, change: impl FnOnce(&mut RunView)) {
    if let Some(Popup::Run(run)) = ui.popups.last_mut() {
        change(run);
    }
}

/// Opens the chosen run of the list.
pub fn open(ui: &mut Ui, store: &Store) -> Vec<Effect> {
    let runs = pane::runs::runs(store, ui).unwrap_or_default();
    let Some(chosen) = pane::runs::selected(&runs, ui) else { return Vec::new() };
    ui.run = Some(chosen.id.clone());
    ui.popups.push(Popup::Run(RunView::new(Which::Run(chosen.id.clone()))));
    // One that nobody here follows may have gone on elsewhere: it is read again.
    let is_followed = store.acting().open_run(&chosen.id).is_some_and(OpenRun::is_going);
    if is_followed { Vec::new() } else { vec![Effect::OpenRun { run: chosen.id.clone() }] }
}

/// Moves the choice in the list.
pub fn move_in_list(ui: &mut Ui, store: &Store, step: isize) {
    let runs = pane::runs::runs(store, ui).unwrap_or_default();
    let chosen = pane::runs::selected(&runs, ui).map(|run| run.id.clone());
    let at = runs.iter().position(|run| Some(&run.id) == chosen.as_ref()).unwrap_or(0);
    let next = at.saturating_add_signed(step).min(runs.len().saturating_sub(1));
    ui.run = runs.get(next).map(|run| run.id.clone());
}

/// Moves the choice in the list of locks.
pub fn move_lock(list: &mut LockList, store: &Store, step: isize) {
    let Some(locks) = store.acting().locks(&list.environment) else { return };
    let chosen = list.chosen(store).map(|lock| lock.key.clone());
    let at = locks.held.iter().position(|lock| Some(&lock.key) == chosen.as_ref()).unwrap_or(0);
    let next = at.saturating_add_signed(step).min(locks.held.len().saturating_sub(1));
    list.chosen = locks.held.get(next).map(|lock| lock.key.clone());
}

/// A list command while a run is looked at.
pub fn list(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    if command == Command::Open && back_to_card(ui, store, now) {
        return Vec::new();
    }
    let Some(Popup::Run(run)) = ui.popups.last() else { return Vec::new() };
    let Some(open) = run.open(store) else { return Vec::new() };
    let page = isize::try_from(lines_of_page(ui, store, now)).unwrap_or(1);
    match command {
        Command::Up | Command::Down => step(ui, open, if command == Command::Up { -1 } else { 1 }),
        Command::PageUp => scroll(ui, open, page),
        Command::PageDown => scroll(ui, open, -page),
        Command::First => scroll(ui, open, isize::MAX / 2),
        Command::Last => scroll(ui, open, isize::MIN / 2),
        Command::Open => on_view(ui, |run| run.full = !run.full),
        Command::Filter => on_view(ui, |run| run.searching = Some(Edit::new(&run.search))),
        Command::Mark => return tick(ui, open, now),
        Command::Copy => return copy(ui, open, now),
        _ => {}
    }
    Vec::new()
}

/// To another row, or to another box while boxes are to be ticked.
fn step(ui: &mut Ui, open: &OpenRun, by: isize) {
    let asked = open.state().question.as_ref();
    on_view(ui, |run| {
        if let (Some(Question::Boxes { items, .. }), false) = (asked, run.full) {
            let at = run.at_box.min(items.len().saturating_sub(1));
            run.at_box = at.saturating_add_signed(by).min(items.len().saturating_sub(1));
            return;
        }
        if run.full {
            return;
        }
        let here = run.row(open);
        let all = rows(open.state(), &here);
        let at = all.iter().position(|row| *row == here).unwrap_or(0);
        let next = at.saturating_add_signed(by).min(all.len().saturating_sub(1));
        run.row = all.into_iter().nth(next);
        run.anchor = None;
    });
    if matches!(ui.popups.last(), Some(Popup::Run(run)) if run.full) {
        scroll(ui, open, -by);
    }
}

/// Scrolls the output; up is a larger number of lines back.
pub fn scroll(ui: &mut Ui, open: &OpenRun, by: isize) {
    on_view(ui, |run| {
        let row = run.row(open);
        let most = open.output.count(&row.step, row.host.as_ref()).saturating_sub(1);
        let back = run.back(open).min(most).saturating_add_signed(by).min(most);
        // What is read stays where it is while the run goes on.
        stop_at(run, open, &row, back);
    });
}

/// Shows the output up to so many lines before its end.
fn stop_at(run: &mut RunView, open: &OpenRun, row: &Row, back: usize) {
    let lines = open.output.window(&row.step, row.host.as_ref(), back, 1);
    run.anchor = lines.first().map(|(_, line)| line.number).filter(|_| back > 0);
    if run.anchor.is_some() {
        run.row = Some(row.clone());
    }
}

fn lines_of_page(ui: &Ui, store: &Store, now: Timestamp) -> usize {
    let (theme, keymap) = (Theme::plain(), Keymap::default());
    let view = View { store, ui, theme: &theme, keymap: &keymap, now };
    let body = plan(Rect::new(0, 0, ui.size.0, ui.size.1), ui).body;
    match ui.popups.last() {
        Some(Popup::Run(run)) => page(body, run, &view),
        _ => 1,
    }
}

fn tick(ui: &mut Ui, open: &OpenRun, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Run(run)) = ui.popups.last() else { return Vec::new() };
    let Some(Question::Boxes { step, items, ticked }) = &open.state().question else { return Vec::new() };
    if !open.is_ours() || ui.read_only {
        ui.say("here the run can only be looked at", now);
        return Vec::new();
    }
    if guard::is_again(ui, now) {
        ui.say("one box a press: let go of the key, look, and press it again", now);
        return Vec::new();
    }
    let at = run.at_box.min(items.len().saturating_sub(1));
    let effects = if ticked.contains(&at) {
        Vec::new()
    } else {
        vec![Effect::Tick { run: open.state().id.clone(), step: step.clone(), item: at }]
    };
    let left = (at + 1..items.len()).chain(0..at).find(|other| !ticked.contains(other));
    on_view(ui, |run| run.at_box = left.unwrap_or(at));
    effects
}

fn copy(ui: &mut Ui, open: &OpenRun, now: Timestamp) -> Vec<Effect> {
    let Some(Popup::Run(run)) = ui.popups.last() else { return Vec::new() };
    let row = run.row(open);
    let lines = open.output.window(&row.step, row.host.as_ref(), 0, usize::MAX);
    let text: Vec<&str> = lines.iter().map(|(_, line)| line.text.as_str()).collect();
    if text.is_empty() {
        ui.say("there is no output to copy", now);
        return Vec::new();
    }
    let copied = vec![Effect::Copy(text.join("\n"))];
    ui.say(format!("sent {} lines to the clipboard of the terminal", text.len()), now);
    copied
}

/// A key while something to search for is typed.
pub fn searching(ui: &mut Ui, store: &Store, mut run: RunView, command: Command, now: Timestamp) -> Vec<Effect> {
    let Some(mut edit) = run.searching.take() else {
        ui.popups.push(Popup::Run(run));
        return Vec::new();
    };
    match command {
        Command::Cancel => {}
        Command::Accept => {
            edit.text().trim().clone_into(&mut run.search);
            ui.popups.push(Popup::Run(run));
            find(ui, store, false, now);
            return Vec::new();
        }
        other => {
            input::edit(&mut edit, other);
            run.searching = Some(edit);
        }
    }
    ui.popups.push(Popup::Run(run));
    Vec::new()
}

/// To the newest line that holds what was searched for, or the next one before it.
fn find(ui: &mut Ui, store: &Store, further: bool, now: Timestamp) {
    let Some(Popup::Run(run)) = ui.popups.last() else { return };
    let Some(open) = run.open(store).filter(|_| !run.search.is_empty()) else { return };
    let row = run.row(open);
    let wanted = run.search.to_lowercase();
    let from = if further { run.back(open) + 1 } else { 0 };
    let passes = |line: &str| line.to_lowercase().contains(&wanted);
    if let Some(back) = open.output.find_back(&row.step, row.host.as_ref(), from, passes) {
        on_view(ui, |run| stop_at(run, open, &row, back));
    } else {
        let words = format!("{} is not found{}", run.search, if further { " before that" } else { "" });
        ui.say(words, now);
    }
}

/// Types into the search.
pub fn type_into(run: &mut RunView, text: &str) {
    if let Some(edit) = &mut run.searching {
        edit.insert(text);
    }
}

/// Shows the runs.
pub fn show(ui: &mut Ui, store: &Store) -> Vec<Effect> {
    ui.focus = Pane::Runs;
    ui.popups.clear();
    // A run that goes on is what somebody wants to see; the list lies behind it.
    let going = store.acting().going().last().map(|run| run.state().id.clone());
    if let Some(id) = going {
        ui.run = Some(id.clone());
        ui.popups.push(Popup::Run(RunView::new(Which::Run(id))));
    }
    vec![Effect::ListRuns]
}
