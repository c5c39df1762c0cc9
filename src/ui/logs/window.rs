//! The lines that the pane shows: around the cursor, or the last ones while it follows.

use super::context_now;
use crate::log::{LineId, Place};
use crate::store::Store;
use crate::ui::state::Ui;

/// New lines are counted so far; more are told as more.
pub const MOST_NEW: usize = 9_999;

/// Lines and where among them the cursor is.
#[derive(Debug, Default)]
pub struct Window {
    /// In order; true for those that pass the filter, false for their neighbours.
    pub lines: Vec<(LineId, bool)>,
    /// The line under the cursor; the last one while it follows.
    pub at: usize,
    /// The row that it is wished to be drawn in; none for as far below as it goes.
    pub row: Option<usize>,
}

/// The window for a pane of so many rows.
pub fn window(store: &Store, ui: &Ui, room: usize) -> Window {
    let (logs, context) = (store.logs(), context_now(ui));
    let Some(reading) = ui.logs.at else {
        let lines = with_gaps(store, logs.around(None, true, room, context), true);
        return Window { at: lines.len().saturating_sub(1), lines, row: None };
    };
    let place = place(store, reading.place).unwrap_or(reading.place);
    let mut lines = logs.around(Some(place.next()), true, room, context);
    // The neighbours of the line under the cursor may come before or behind it.
    let under = logs.backward(Some(place.next())).next().map(|line| line.id);
    let after = logs.around(Some(place.next()), false, room, context);
    let known: std::collections::BTreeSet<LineId> = lines.iter().map(|(id, _)| *id).collect();
    let hits: std::collections::BTreeSet<LineId> = after.iter().filter(|(_, hit)| *hit).map(|(id, _)| *id).collect();
    for (id, hit) in &mut lines {
        *hit |= hits.contains(id);
    }
    lines.extend(after.into_iter().filter(|(id, _)| !known.contains(id)));
    let is_last = lines.len() < room * 2;
    let lines = with_gaps(store, lines, is_last);
    let at = lines.iter().position(|(id, _)| Some(*id) == under).unwrap_or(0);
    Window { lines, at, row: Some(reading.row) }
}

/// No filter hides that lines may be missing: the gaps among these lines, and behind the last where nothing else comes.
fn with_gaps(store: &Store, lines: Vec<(LineId, bool)>, is_last: bool) -> Vec<(LineId, bool)> {
    let logs = store.logs();
    if logs.wish().filter.is_none() {
        return lines;
    }
    let place = |(id, _): &(LineId, bool)| logs.lines().line(*id).map(|line| line.place);
    let (first, last) = (lines.first().and_then(place), lines.last().and_then(place));
    let gaps = logs.gaps(first, last.filter(|_| !is_last));
    if gaps.is_empty() {
        return lines;
    }
    let mut all: Vec<(Place, (LineId, bool))> = lines.iter().filter_map(|line| Some((place(line)?, *line))).collect();
    all.extend(gaps.into_iter().map(|(place, id)| (place, (id, true))));
    all.sort_unstable_by_key(|(place, _)| *place);
    all.dedup_by_key(|(place, _)| *place);
    all.into_iter().map(|(_, line)| line).collect()
}

/// The line that is shown at a place: the one that was, or what comes behind it, or before.
pub fn place(store: &Store, wished: Place) -> Option<Place> {
    let logs = store.logs();
    let found = logs.forward(Some(wished)).next().or_else(|| logs.backward(Some(wished)).next());
    found.map(|line| line.place)
}

/// The line under the cursor: the last one while the pane follows.
pub fn cursor(store: &Store, ui: &Ui) -> Option<Place> {
    match ui.logs.at {
        Some(reading) => place(store, reading.place),
        None => store.logs().backward(None).next().map(|line| line.place),
    }
}

/// How many lines came behind the last one since following was left.
pub fn new_lines(store: &Store, ui: &Ui) -> usize {
    let Some(reading) = ui.logs.at else { return 0 };
    store.logs().forward(reading.end.map(Place::next)).take(MOST_NEW + 1).count()
}
