//! Keys of the logs pane: moving and following, errors, marks, traces, filters and what is copied or saved.

mod prompt;

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::{Effect, navigate};
use crate::command::Command;
use crate::keymap::Keymap;
use crate::log::{self, Level, Line, Place};
use crate::model::{LogId, Text};
use crate::store::Store;
use crate::theme::Theme;
use crate::ui::logs::window::{cursor, window};
use crate::ui::logs::{Asked, Before, LogFilter, Prompt, Reading, chosen, shown};
use crate::ui::popup::line::LinePage;
use crate::ui::popup::sources;
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui, View, layout, pane, rows};

pub use prompt::{command as prompted, insert};

/// Cells that a key scrolls to the side.
const SIDE: usize = 16;
/// A log is begun with at most so many of its last lines.
const MOST_LINES: u64 = 1_000_000;
/// Lines that are copied at once.
const MOST_COPIED: usize = 5_000;

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
            ui.popups.push(Popup::Prompt(Prompt::new(Asked::Find, &before)));
        }
        Command::NextMatch => to_match(ui, store, false, now),
        Command::PreviousMatch => to_match(ui, store, true, now),
        Command::NextError => to_level(ui, store, Level::Error, false, now),
        Command::PreviousError => to_level(ui, store, Level::Error, true, now),
        Command::NextWarning => to_level(ui, store, Level::Warn, false, now),
        Command::PreviousWarning => to_level(ui, store, Level::Warn, true, now),
        Command::GoToTime => ui.popups.push(Popup::Prompt(Prompt::new(Asked::Time, ""))),
        Command::Trace => trace(ui, store, now),
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
            if let Some(line) = under_cursor(ui, store) {
                ui.popups.push(Popup::Line(LinePage { line: line.id, scroll: 0 }));
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
        Some(Popup::Sources(_)) => matches!(command, Command::Mark | Command::MarkAll | Command::Open),
        None => {
            let moves = matches!(command, Command::Down | Command::PageDown);
            ui.focus == Pane::Logs && !moves && command != Command::Sort
        }
        _ => false,
    }
}

/// A click puts the cursor on the line there.
pub fn click(ui: &mut Ui, store: &Store, area: Rect, row: usize, now: Timestamp) {
    let (theme, keymap) = (Theme::plain(), Keymap::default());
    let view = View { store, ui, theme: &theme, keymap: &keymap, now };
    let found = pane::logs::line_at(area, row, &view).and_then(|id| store.logs().lines().line(id));
    if let Some(line) = found {
        go_to(ui, store, line.place, now);
    }
}

/// Takes the last choice back: the trace, the filter, the level, marks; whether there was one.
pub fn undo(ui: &mut Ui, store: &Store, now: Timestamp) -> bool {
    let pane = &mut ui.logs;
    if pane.trace.is_some() {
        trace(ui, store, now);
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

/// Moves the cursor by lines; following ends on the last one.
pub fn by(ui: &mut Ui, store: &Store, now: Timestamp, step: isize) {
    if let Some(Popup::Sources(id)) = ui.popups.last().cloned() {
        let next = sources::moved(store, ui, id.as_ref(), step, now);
        ui.popups.pop();
        ui.popups.push(Popup::Sources(next));
        return;
    }
    let Some(here) = cursor(store, ui) else { return };
    if ui.logs.at.is_none() && step > 0 {
        return;
    }
    hold(ui, store, here, now);
    let logs = store.logs();
    let count = step.unsigned_abs();
    let found = if step < 0 {
        logs.backward(Some(here)).take(count).last()
    } else {
        logs.forward(Some(here.next())).take(count).last()
    };
    let Some(place) = found.map(|line| line.place) else { return };
    let last = room(ui, store, now).saturating_sub(1);
    if let Some(reading) = &mut ui.logs.at {
        reading.place = place;
        // Pages keep the cursor where it is on the screen.
        if count + 2 < last {
            reading.row = reading.row.saturating_add_signed(step).min(last);
        }
    }
}

/// Ends following: the cursor is on this line from now on, in the row where it is drawn.
fn hold(ui: &mut Ui, store: &Store, place: Place, now: Timestamp) {
    if ui.logs.at.is_some() {
        return;
    }
    let end = store.logs().backward(None).next().map(|line| line.place);
    let row = room(ui, store, now).saturating_sub(1);
    ui.logs.at = Some(Reading { place, row, end });
}

/// Goes to a line, and shows what is around it.
fn go_to(ui: &mut Ui, store: &Store, place: Place, now: Timestamp) {
    let room = room(ui, store, now);
    let seen = window(store, ui, room);
    hold(ui, store, place, now);
    let row_of = |place: Place| {
        seen.lines.iter().position(|(id, _)| store.logs().lines().line(*id).is_some_and(|l| l.place == place))
    };
    let Some(reading) = &mut ui.logs.at else { return };
    // One that is on the screen keeps its row, as far as lines are a row each.
    let top = seen.row.map_or(seen.lines.len().saturating_sub(room), |row| seen.at.saturating_sub(row));
    let row = row_of(place).and_then(|at| at.checked_sub(top)).filter(|row| *row < room);
    (reading.place, reading.row) = (place, row.unwrap_or(room / 3));
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

fn under_cursor<'s>(ui: &Ui, store: &'s Store) -> Option<Line<'s>> {
    let place = cursor(store, ui)?;
    store.logs().forward(Some(place)).next()
}

fn is_at_first(ui: &Ui, store: &Store) -> bool {
    let first = store.logs().forward(None).next().map(|line| line.place);
    first.is_some() && ui.logs.at.is_some() && cursor(store, ui) == first
}

fn first(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    if is_at_first(ui, store) {
        return older(ui, store, now);
    }
    if let Some(place) = store.logs().forward(None).next().map(|line| line.place) {
        hold(ui, store, place, now);
        if let Some(reading) = &mut ui.logs.at {
            (reading.place, reading.row) = (place, 0);
        }
    }
    Vec::new()
}

/// More of what was written before: the logs are read again from further back.
fn older(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let logs = store.logs();
    if logs.dropped() > 0 {
        ui.say("older lines were dropped to stay in bounds; a narrower choice of logs keeps more", now);
        return Vec::new();
    }
    let mut asked = Vec::new();
    for spec in shown(store, ui, now) {
        let Some(heard) = logs.heard(&spec.id) else { continue };
        let before = heard.asked().unwrap_or(MOST_LINES);
        // Who told fewer lines than were asked for has no more.
        if before < MOST_LINES && logs.lines().lines(heard.source()) >= before {
            asked.push((spec.id.clone(), before * 10));
        }
    }
    if asked.is_empty() {
        ui.say("that is where the logs begin", now);
        return Vec::new();
    }
    ui.say(
        format!(
            "reading {} more of each",
            crate::ui::text::thousands(asked.iter().map(|(_, n)| *n).max().unwrap_or(0))
        ),
        now,
    );
    ui.logs.asked.extend(asked.clone());
    vec![Effect::OlderLogs(asked)]
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

fn to_match(ui: &mut Ui, store: &Store, back: bool, now: Timestamp) {
    if ui.logs.find.is_none() {
        ui.say("nothing was searched for yet", now);
        return;
    }
    let here = cursor(store, ui);
    let edge = if back { here } else { here.map(Place::next) };
    match store.logs().hit(edge, back) {
        Some(place) => go_to(ui, store, place, now),
        None if store.logs().is_searching() => ui.say("still searching", now),
        None => ui.say(if back { "no match before" } else { "no match behind" }, now),
    }
}

fn to_level(ui: &mut Ui, store: &Store, least: Level, back: bool, now: Timestamp) {
    let here = cursor(store, ui);
    let logs = store.logs();
    let mut walk = if back { logs.backward(here) } else { logs.forward(here.map(Place::next)) };
    let found = walk.find(|line| line.begins && line.level.is_some_and(|l| l >= least)).map(|line| line.place);
    let words = if least == Level::Error { "error" } else { "warning" };
    match found {
        Some(place) => go_to(ui, store, place, now),
        None => ui.say(format!("no {words} {}", if back { "before" } else { "behind" }), now),
    }
}

fn to_mark(ui: &mut Ui, store: &Store, back: bool, now: Timestamp) {
    let here = cursor(store, ui);
    let lines = store.logs().lines();
    let mut places: Vec<Place> = ui.logs.marks.keys().filter_map(|id| lines.line(*id)).map(|l| l.place).collect();
    places.sort_unstable();
    let found = if back {
        places.into_iter().rev().find(|place| Some(*place) < here)
    } else {
        places.into_iter().find(|place| Some(*place) > here)
    };
    match found {
        Some(place) => go_to(ui, store, place, now),
        None => ui.say(if back { "no mark before" } else { "no mark behind" }, now),
    }
}

/// Marks what is shown between the cursor and the nearest mark above, or takes all marks away.
fn mark_range(ui: &mut Ui, store: &Store, now: Timestamp) {
    let Some(here) = cursor(store, ui) else { return };
    let logs = store.logs();
    let above = |line: &Line<'_>| ui.logs.marks.contains_key(&line.id);
    let range: Vec<_> = logs.backward(Some(here.next())).take(MOST_COPIED).collect();
    match range.iter().position(above) {
        Some(last) if last > 0 => {
            let ids: Vec<_> = range.iter().take(last).map(|line| line.id).collect();
            ui.say(format!("marked {} lines", last + 1), now);
            ui.logs.marks.extend(ids.into_iter().map(|id| (id, String::new())));
        }
        _ if !ui.logs.marks.is_empty() => {
            ui.logs.marks.clear();
            ui.say("no line is marked any more", now);
        }
        _ => ui.say("mark the first line, then go to the last", now),
    }
}

fn note(ui: &mut Ui, store: &Store, now: Timestamp) {
    let Some((id, place)) = under_cursor(ui, store).map(|line| (line.id, line.place)) else { return };
    hold(ui, store, place, now);
    let before = ui.logs.marks.get(&id).cloned().unwrap_or_default();
    ui.popups.push(Popup::Prompt(Prompt::new(Asked::Note(id), &before)));
}

/// Shows all that is said of the correlation id of the line, in all logs of the environment; or goes back.
fn trace(ui: &mut Ui, store: &Store, now: Timestamp) {
    if let Some((_, before)) = ui.logs.trace.take() {
        let Before { wide, filter, least, at } = *before;
        (ui.logs.wide, ui.logs.filter, ui.logs.least, ui.logs.at) = (wide, filter, least, at);
        ui.logs.refine();
        return;
    }
    let Some(line) = under_cursor(ui, store) else { return };
    let found = log::trace(line.bytes).map(|id| Text::line(&String::from_utf8_lossy(&id)).to_string());
    let Some((id, filter)) = found.and_then(|id| LogFilter::literal(&id).map(|filter| (id, filter))) else {
        ui.say("the line names no correlation id", now);
        return;
    };
    let place = line.place;
    hold(ui, store, place, now);
    let pane = &mut ui.logs;
    let before = Before { wide: pane.wide, filter: pane.filter.take(), least: pane.least.take(), at: pane.at };
    pane.trace = Some((id, Box::new(before)));
    (pane.wide, pane.filter) = (true, Some(filter));
    pane.refine();
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

/// The marked lines, or the one under the cursor.
fn copy(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let lines = store.logs().lines();
    let mut marked: Vec<Line<'_>> = ui.logs.marks.keys().filter_map(|id| lines.line(*id)).collect();
    marked.sort_by_key(|line| line.place);
    let texts: Vec<String> = if marked.is_empty() {
        under_cursor(ui, store).iter().map(|line| line.text().to_string()).collect()
    } else {
        marked.iter().take(MOST_COPIED).map(|line| line.text().to_string()).collect()
    };
    send(ui, &texts, now)
}

fn copy_visible(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let room = room(ui, store, now);
    let window = window(store, ui, room);
    let top = match window.row {
        Some(row) => window.at.saturating_sub(row),
        None => window.lines.len().saturating_sub(room),
    };
    let lines = window.lines.iter().skip(top).take(room).filter_map(|(id, _)| store.logs().lines().line(*id));
    let texts: Vec<String> = lines.map(|line| line.text().to_string()).collect();
    send(ui, &texts, now)
}

fn send(ui: &mut Ui, texts: &[String], now: Timestamp) -> Vec<Effect> {
    if texts.is_empty() {
        ui.say("there is no line to copy", now);
        return Vec::new();
    }
    let s = if texts.len() == 1 { "" } else { "s" };
    ui.say(format!("sent {} line{s} to the clipboard of the terminal", texts.len()), now);
    vec![Effect::Copy(texts.join("\n"))]
}

/// From the first to the last mark, or from the first line that is held to now.
fn ask_what_to_save(ui: &mut Ui, store: &Store, now: Timestamp) {
    let logs = store.logs();
    let times = ui.logs.marks.keys().filter_map(|id| logs.lines().line(*id)).map(|line| line.time);
    let (first, last) = times.fold((None, None), |(first, last): (Option<Timestamp>, Option<Timestamp>), at| {
        (Some(first.map_or(at, |f| f.min(at))), last.max(Some(at)))
    });
    let span = first.zip(last).filter(|(first, last)| first < last).or_else(|| logs.span());
    let Some((from, to)) = span else {
        ui.say("there is nothing to save", now);
        return;
    };
    let zone = zone(ui, store, now);
    let words = |at: Timestamp| at.to_zoned(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string();
    ui.popups.push(Popup::Prompt(Prompt::new(Asked::Save, &format!("{} to {}", words(from), words(to)))));
}

/// When the selected service became as it is.
fn since_of_service(ui: &Ui, store: &Store, now: Timestamp) -> Option<Timestamp> {
    rows::selected(store, ui, now).and_then(|service| service.since(now))
}
