//! Keys of the logs pane: moving and following, errors, marks, traces, filters and what is copied or saved.

mod go;
mod prompt;
mod take;

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::{Effect, navigate};
use crate::command::Command;
use crate::keymap::Keymap;
use crate::log::{self, Level, Line};
use crate::model::{LogId, Text};
use crate::store::Store;
use crate::theme::Theme;
use crate::ui::logs::window::cursor;
use crate::ui::logs::{Asked, Before, LogFilter, Prompt, chosen};
use crate::ui::popup::line::LinePage;
use crate::ui::popup::sources;
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui, View, layout, pane, rows};

pub use go::{by, click, settle};
pub use prompt::{command as prompted, insert};

use go::{first, go_to, hold, is_at_first, older, older_than, to_level, to_mark, to_match, to_new};
use take::{ask_what_to_save, copy, copy_visible, mark_range, note};

/// Cells that a key scrolls to the side.
const SIDE: usize = 16;

/// A command of the scope of logs.
pub fn command(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    if ui.focus != Pane::Logs {
        // From the palette: it is seen where it happens.
        navigate::focus(ui, Pane::Logs);
    }
    match command {
        Command::FollowLogs => ui.logs.at = None,
        Command::AllLogs => all(ui, now),
        Command::ChooseLogs => {
            super::toggle(ui, Popup::Sources(None), |p| matches!(p, Popup::Sources(_)));
        }
        Command::Search => {
            let before = ui.logs.find.as_ref().map_or(String::new(), |find| find.text.clone());
            let mut prompt = Prompt::new(Asked::Find, &before);
            prompt.read(ui.logs.least, now, &zone(ui, store, now));
            ui.popups.push(Popup::Prompt(prompt));
        }
        Command::NextMatch => to_match(ui, store, false, now),
        Command::PreviousMatch => to_match(ui, store, true, now),
        Command::NextError => to_level(ui, store, Level::Error, false, now),
        Command::PreviousError => to_level(ui, store, Level::Error, true, now),
        Command::NextWarning => to_level(ui, store, Level::Warn, false, now),
        Command::PreviousWarning => to_level(ui, store, Level::Warn, true, now),
        Command::NextNew => to_new(ui, store, false, now),
        Command::PreviousNew => to_new(ui, store, true, now),
        Command::GoToTime => ui.popups.push(Popup::Prompt(Prompt::new(Asked::Time, ""))),
        Command::Trace => return trace(ui, store, now),
        Command::NextMark => to_mark(ui, store, false, now),
        Command::PreviousMark => to_mark(ui, store, true, now),
        Command::Note => note(ui, store, now),
        Command::MoreContext => around(ui, 1, now),
        Command::LessContext => around(ui, -1, now),
        Command::RaiseLevel => least(ui, 1, now),
        Command::LowerLevel => least(ui, -1, now),
        Command::Wrap => (ui.logs.wrap, ui.logs.left) = (!ui.logs.wrap, 0),
        Command::Raw => ui.logs.raw = !ui.logs.raw,
        Command::Bars => ui.logs.no_bars = !ui.logs.no_bars,
        Command::ScrollLeft => ui.logs.left = ui.logs.left.saturating_sub(SIDE),
        Command::ScrollRight if ui.logs.wrap => ui.say("long lines go on below already", now),
        Command::ScrollRight => ui.logs.left = (ui.logs.left + SIDE).min(16_000),
        Command::CopyVisible => return copy_visible(ui, store, now),
        Command::SaveLogs => ask_what_to_save(ui, store, now),
        _ => {}
    }
    Vec::new()
}

/// Commands of lists, where the pane has the focus.
pub fn list(ui: &mut Ui, store: &Store, command: Command, now: Timestamp) -> Vec<Effect> {
    if let Some(Popup::Sources(id)) = ui.popups.last().cloned() {
        match command {
            Command::Mark | Command::Open => leave_out(ui, store, id.as_ref(), now),
            Command::MarkAll => ui.logs.hidden.clear(),
            _ => {}
        }
        return Vec::new();
    }
    match command {
        Command::Open => {
            if let Some((line, place)) = under_cursor(ui, store).map(|line| (line.id, line.place)) {
                hold(ui, store, place, now);
                ui.popups.push(Popup::Line(LinePage { line, scroll: 0 }));
            }
        }
        Command::Filter => {
            let text = ui.logs.filter.as_ref().map_or(String::new(), |f| f.text.clone());
            let mut prompt = Prompt::new(Asked::Filter, &text);
            prompt.read(ui.logs.least, now, &zone(ui, store, now));
            ui.popups.push(Popup::Prompt(prompt));
        }
        Command::Mark => {
            let Some((id, place)) = under_cursor(ui, store).map(|line| (line.id, line.place)) else {
                return Vec::new();
            };
            if ui.logs.marks.remove(&id).is_none() {
                ui.logs.marks.insert(id, String::new());
            }
            hold(ui, store, place, now);
            by(ui, store, now, 1);
        }
        Command::MarkAll => mark_range(ui, store, now),
        Command::Copy => return copy(ui, store, now),
        Command::First => return first(ui, store, now),
        Command::Last => ui.logs.at = None,
        Command::PageUp | Command::Up if is_at_first(ui, store) => return older(ui, store, now),
        _ => {}
    }
    Vec::new()
}

/// Whether `list` takes a command of lists.
pub fn takes(ui: &Ui, command: Command) -> bool {
    match ui.popups.last() {
        Some(Popup::Line(_)) => command == Command::Copy,
        Some(Popup::Sources(_)) => matches!(command, Command::Mark | Command::MarkAll | Command::Open),
        None => {
            let moves = matches!(command, Command::Down | Command::PageDown);
            ui.focus == Pane::Logs && !moves && command != Command::Sort
        }
        _ => false,
    }
}

/// Takes the last choice back: the trace, the filter, the level, marks; whether there was one.
pub fn undo(ui: &mut Ui, store: &Store, now: Timestamp) -> bool {
    let pane = &mut ui.logs;
    if pane.trace.is_some() {
        let _none = trace(ui, store, now);
    } else if pane.find.take().is_some() {
    } else if pane.filter.take().is_some() || pane.least.take().is_some() {
        pane.refine();
    } else if !pane.marks.is_empty() {
        pane.marks.clear();
        ui.say("no line is marked any more", now);
    } else {
        return pane.at.take().is_some();
    }
    true
}

/// Rows of lines that the pane has room for.
pub fn room(ui: &Ui, store: &Store, now: Timestamp) -> usize {
    let (theme, keymap) = (Theme::plain(), Keymap::default());
    let view = View { store, ui, theme: &theme, keymap: &keymap, now };
    let plan = layout::plan(layout::whole(ui), ui);
    let area = plan.panes.iter().find(|(pane, _)| *pane == Pane::Logs).map_or(Rect::ZERO, |(_, area)| *area);
    pane::logs::room(area, &view)
}

/// The zone that times are shown in.
fn zone(ui: &Ui, store: &Store, now: Timestamp) -> jiff::tz::TimeZone {
    let (theme, keymap) = (Theme::plain(), Keymap::default());
    View { store, ui, theme: &theme, keymap: &keymap, now }.zone()
}

/// The line that is open, or the one under the cursor.
fn under_cursor<'s>(ui: &Ui, store: &'s Store) -> Option<Line<'s>> {
    if let Some(Popup::Line(page)) = ui.popups.last() {
        return store.logs().lines().line(page.line);
    }
    store.logs().forward(Some(cursor(store, ui)?)).next()
}

fn all(ui: &mut Ui, now: Timestamp) {
    ui.logs.wide = !ui.logs.wide;
    ui.say(if ui.logs.wide { "all logs of the environment" } else { "the logs of the service" }, now);
}

fn leave_out(ui: &mut Ui, store: &Store, id: Option<&LogId>, now: Timestamp) {
    let Some(id) = sources::under(&chosen(store, ui, now), id).cloned() else { return };
    if !ui.logs.hidden.remove(&id) {
        ui.logs.hidden.insert(id);
    }
}

/// Shows all that is said of the correlation id of the line, in all logs of the environment; or goes back.
fn trace(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    if let Some((_, before)) = ui.logs.trace.take() {
        let Before { wide, filter, least, at } = *before;
        (ui.logs.wide, ui.logs.filter, ui.logs.least, ui.logs.at) = (wide, filter, least, at);
        ui.logs.refine();
        return Vec::new();
    }
    let Some(line) = under_cursor(ui, store) else { return Vec::new() };
    let pattern = store.logs().lines().pattern(line.id.source);
    let found = pattern.map_or_else(|| log::trace(line.bytes), |pattern| pattern.trace(line.bytes));
    let found = found.map(|id| Text::line(&String::from_utf8_lossy(&id)).to_string());
    let Some((id, filter)) = found.and_then(|id| LogFilter::literal(&id).map(|filter| (id, filter))) else {
        ui.say("the line names no correlation id", now);
        return Vec::new();
    };
    let (place, at) = (line.place, line.time);
    ui.popups.retain(|popup| !matches!(popup, Popup::Line(_)));
    hold(ui, store, place, now);
    let pane = &mut ui.logs;
    let before = Before { wide: pane.wide, filter: pane.filter.take(), least: pane.least.take(), at: pane.at };
    pane.trace = Some((id, Box::new(before)));
    (pane.wide, pane.filter) = (true, Some(filter));
    pane.refine();
    older_than(ui, store, at, now)
}

fn around(ui: &mut Ui, step: isize, now: Timestamp) {
    if ui.logs.filter.is_none() && ui.logs.least.is_none() {
        ui.say("nothing is filtered, so everything around is shown", now);
        return;
    }
    let typed = ui.logs.filter.as_mut().and_then(|filter| filter.context.take());
    ui.logs.context = typed.unwrap_or(ui.logs.context).saturating_add_signed(step).min(50);
}

fn least(ui: &mut Ui, step: isize, now: Timestamp) {
    let levels =
        [None, Some(Level::Debug), Some(Level::Info), Some(Level::Warn), Some(Level::Error), Some(Level::Fatal)];
    let at = levels.iter().position(|l| *l == ui.logs.least).unwrap_or(0);
    // The first step is to what matters.
    let next = match (at, step) {
        (0, 1) => 3,
        _ => at.saturating_add_signed(step).min(levels.len() - 1),
    };
    ui.logs.least = levels.get(next).copied().flatten();
    ui.logs.refine();
    match ui.logs.least {
        Some(level) => ui.say(format!("only {} and worse", level.word()), now),
        None => ui.say("all levels", now),
    }
}

/// When the selected service became as it is.
fn since_of_service(ui: &Ui, store: &Store, now: Timestamp) -> Option<Timestamp> {
    rows::selected(store, ui, now).and_then(|service| service.since(now))
}
