//! What is marked, noted, copied and saved.

use jiff::Timestamp;

use super::go::hold;
use super::{room, under_cursor, zone};
use crate::log::Line;
use crate::store::Store;
use crate::ui::Ui;
use crate::ui::logs::window::{cursor, window};
use crate::ui::logs::{Asked, Prompt};
use crate::ui::state::Popup;
use crate::update::Effect;

/// Lines that are marked or copied at once.
const MOST: usize = 5_000;

/// Marks what is shown between the cursor and the nearest mark above, or takes all marks away.
pub(super) fn mark_range(ui: &mut Ui, store: &Store, now: Timestamp) {
    let Some(here) = cursor(store, ui) else { return };
    let logs = store.logs();
    let above = |line: &Line<'_>| ui.logs.marks.contains_key(&line.id);
    let range: Vec<_> = logs.backward(Some(here.next())).take(MOST).collect();
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

pub(super) fn note(ui: &mut Ui, store: &Store, now: Timestamp) {
    let Some((id, place)) = under_cursor(ui, store).map(|line| (line.id, line.place)) else { return };
    hold(ui, store, place, now);
    let before = ui.logs.marks.get(&id).cloned().unwrap_or_default();
    ui.popups.push(Popup::Prompt(Prompt::new(Asked::Note(id), &before)));
}

/// The marked lines, or the one under the cursor.
pub(super) fn copy(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
    let lines = store.logs().lines();
    // Of marks elsewhere nothing is seen here.
    let is_here = |line: &Line<'_>| store.logs().sources().contains(&line.id.source);
    let mut marked: Vec<Line<'_>> = match ui.popups.last() {
        Some(Popup::Line(_)) => Vec::new(),
        _ => ui.logs.marks.keys().filter_map(|id| lines.line(*id)).filter(is_here).collect(),
    };
    marked.sort_by_key(|line| line.place);
    let texts: Vec<String> = if marked.is_empty() {
        under_cursor(ui, store).iter().map(|line| line.text().to_string()).collect()
    } else {
        marked.iter().take(MOST).map(|line| line.text().to_string()).collect()
    };
    send(ui, &texts, now)
}

pub(super) fn copy_visible(ui: &mut Ui, store: &Store, now: Timestamp) -> Vec<Effect> {
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
pub(super) fn ask_what_to_save(ui: &mut Ui, store: &Store, now: Timestamp) {
    let logs = store.logs();
    let here = ui.logs.marks.keys().filter(|id| logs.sources().contains(&id.source));
    let times = here.filter_map(|id| logs.lines().line(*id)).map(|line| line.time);
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
