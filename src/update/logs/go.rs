//! Where one reads: following, moving by lines and pages, and going to what was searched for, to errors and to marks.

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::room;
use crate::keymap::Keymap;
use crate::log::{Level, Place};
use crate::model::{LogFrom, LogId, LogSpec, LogState};
use crate::store::Store;
use crate::theme::Theme;
use crate::ui::logs::window::{cursor, window};
use crate::ui::logs::{Jump, Reading, shown};
use crate::ui::pane::environments::plural;
use crate::ui::popup::sources;
use crate::ui::state::Popup;
use crate::ui::{Ui, View, pane};
use crate::update::Effect;

/// A log is begun with at most so many of its last lines.
const MOST_LINES: u64 = 1_000_000;

/// A click puts the cursor on the line there.
pub fn click(ui: &mut Ui, store: &Store, area: Rect, row: usize, now: Timestamp) {
    let (theme, keymap) = (Theme::plain(), Keymap::default());
    let view = View { store, ui, theme: &theme, keymap: &keymap, now };
    let found = pane::logs::line_at(area, row, &view).and_then(|id| store.logs().lines().line(id));
    if let Some(line) = found {
        go_to(ui, store, line.place, now);
    }
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
pub(super) fn hold(ui: &mut Ui, store: &Store, place: Place, now: Timestamp) {
    if ui.logs.at.is_some() {
        return;
    }
    let end = store.logs().backward(None).next().map(|line| line.place);
    let row = room(ui, store, now).saturating_sub(1);
    ui.logs.at = Some(Reading { place, row, end });
}

/// Goes to a line, and shows what is around it.
pub(super) fn go_to(ui: &mut Ui, store: &Store, place: Place, now: Timestamp) {
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

pub(super) fn is_at_first(ui: &Ui, store: &Store) -> bool {
    let first = store.logs().forward(None).next().map(|line| line.place);
    first.is_some() && ui.logs.at.is_some() && cursor(store, ui) == first
}

pub(super) fn first(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
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
pub(super) fn older(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let all = shown(store, ui, now);
    if all.iter().any(|spec| store.logs().is_coming(&spec.id)) {
        ui.say("older lines are on their way", now);
        return Vec::new();
    }
    let asked: Vec<_> = all.iter().filter_map(|spec| more_of(store, spec)).collect();
    if asked.is_empty() {
        let is_file = all.iter().any(|spec| matches!(spec.from, LogFrom::File { .. }));
        let words = match is_file {
            true if store.logs().dropped() > 0 => "older lines were dropped to stay in bounds; fewer logs keep more",
            true => "the files begin here; `qd logs --since` reads what was rotated away too",
            false => "that is where the logs begin",
        };
        ui.say(words, now);
        return Vec::new();
    }
    read_on(ui, asked, now)
}

/// The logs of which only younger lines are held are read again from further back.
pub(super) fn older_than(ui: &mut Ui, store: &Store, at: Timestamp, now: Timestamp) -> Vec<Effect> {
    let logs = store.logs();
    let begins_later = |id: &LogId| {
        let first = logs.heard(id).and_then(|heard| logs.lines().forward(&[heard.source()], None).next());
        first.is_some_and(|line| line.time > at)
    };
    let late = shown(store, ui, now).into_iter().filter(|spec| begins_later(&spec.id));
    let asked: Vec<_> = late.filter_map(|spec| more_of(store, spec)).collect();
    if asked.is_empty() { Vec::new() } else { read_on(ui, asked, now) }
}

fn read_on(ui: &mut Ui, asked: Vec<(LogId, u64)>, now: Timestamp) -> Vec<Effect> {
    ui.say(format!("reading older lines of {}", plural(asked.len(), "log")), now);
    ui.logs.asked.extend(asked.clone());
    vec![Effect::OlderLogs(asked)]
}

/// With how many of its last lines a log is to be read again to have more; none where it has no more to give.
fn more_of(store: &Store, spec: &LogSpec) -> Option<(LogId, u64)> {
    let logs = store.logs();
    let heard = logs.heard(&spec.id).filter(|heard| *heard.state() == LogState::Live)?;
    let came = logs.lines().came(heard.source());
    // A program cannot be asked for what it printed before; who told fewer lines than were asked for has no more.
    let has_more = heard.asked().is_some_and(|asked| came >= asked && asked < MOST_LINES);
    let is_dropped = logs.lines().dropped(heard.source()) > 0;
    let reads_back = !matches!(spec.from, LogFrom::Command { .. });
    (has_more && !is_dropped && reads_back && !logs.is_coming(&spec.id))
        .then(|| (spec.id.clone(), (came * 10).min(MOST_LINES)))
}

pub(super) fn to_match(ui: &mut Ui, store: &Store, back: bool, now: Timestamp) {
    if ui.logs.find.is_none() {
        ui.say("nothing was searched for yet", now);
        return;
    }
    let here = cursor(store, ui);
    ui.logs.jump = Some(Jump { edge: if back { here } else { here.map(Place::next) }, back });
    settle(ui, store, now);
}

/// Goes to the match that is waited for, once all is searched; whether it went somewhere or said that there is none.
pub fn settle(ui: &mut Ui, store: &Store, now: Timestamp) -> bool {
    let logs = store.logs();
    let (Some(jump), Some(find)) = (ui.logs.jump, &ui.logs.find) else { return false };
    let is_same = logs.wish().find.as_ref().is_some_and(|other| std::sync::Arc::ptr_eq(other, &find.filter));
    if !is_same || logs.is_searching() {
        return false;
    }
    ui.logs.jump = None;
    match logs.hit(jump.edge, jump.back) {
        Some(place) => go_to(ui, store, place, now),
        None => ui.say(if jump.back { "no match before" } else { "no match behind" }, now),
    }
    true
}

pub(super) fn to_level(ui: &mut Ui, store: &Store, least: Level, back: bool, now: Timestamp) {
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

pub(super) fn to_mark(ui: &mut Ui, store: &Store, back: bool, now: Timestamp) {
    let here = edge(store, ui);
    let mut places: Vec<Place> = ui.logs.marks.keys().filter_map(|id| store.logs().passing(*id)).collect();
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

/// To a warning or an error of a kind that was not heard before.
pub(super) fn to_new(ui: &mut Ui, store: &Store, back: bool, now: Timestamp) {
    match store.logs().new_kind(edge(store, ui), back) {
        Some(place) => go_to(ui, store, place, now),
        None => ui.say(if back { "nothing of a new kind before" } else { "nothing of a new kind behind" }, now),
    }
}

/// From where marks are looked for: where one reads, whether the filter lets that line through or not.
fn edge(store: &Store, ui: &Ui) -> Option<Place> {
    ui.logs.at.map_or_else(|| cursor(store, ui), |reading| Some(reading.place))
}
