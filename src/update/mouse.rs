//! The mouse: a click focuses and selects, the wheel scrolls what is under it.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use jiff::Timestamp;
use ratatui::layout::Rect;

use super::navigate;
use crate::store::Store;
use crate::ui::layout::{pane_at, plan};
use crate::ui::state::Popup;
use crate::ui::{Pane, Ui};
use crate::ui::{places, rows};

/// Lines a turn of the wheel scrolls.
const WHEEL: isize = 3;

/// The mouse did something; whether the screen changes.
pub fn mouse(ui: &mut Ui, store: &Store, event: MouseEvent, now: Timestamp) -> bool {
    let area = Rect::new(0, 0, ui.size.0, ui.size.1);
    let plan = plan(area, ui);
    let under = pane_at(&plan, event.column, event.row);
    if matches!(ui.popups.last(), Some(Popup::Filter(_) | Popup::Prompt(_)))
        && under.is_none_or(|(pane, _)| pane != ui.focus)
    {
        // A filter is typed for one pane; the others wait.
        return false;
    }
    match event.kind {
        MouseEventKind::ScrollUp | MouseEventKind::ScrollDown => {
            let step = if event.kind == MouseEventKind::ScrollUp { -WHEEL } else { WHEEL };
            let focus = ui.focus;
            ui.focus = under.map_or(focus, |(pane, _)| pane);
            navigate::by(ui, store, now, step);
            ui.focus = focus;
            true
        }
        MouseEventKind::Down(MouseButton::Left) => {
            if matches!(
                ui.popups.last(),
                Some(
                    Popup::Help(_)
                        | Popup::Faults(_)
                        | Popup::Palette(_)
                        | Popup::Forwards(_)
                        | Popup::Audit(_)
                        | Popup::Line(_)
                        | Popup::Sources(_)
                        | Popup::Locks(_)
                        | Popup::Picker(_)
                )
            ) {
                ui.popups.pop();
                return true;
            }
            if ui.popups.last().is_some_and(|p| !matches!(p, Popup::Filter(_) | Popup::Prompt(_))) {
                // A question is left by its own keys.
                return false;
            }
            let Some((pane, area)) = under else { return false };
            ui.turn_to(pane);
            let line = usize::from(event.row.saturating_sub(area.y + 1));
            match pane {
                Pane::Services => click_service(ui, store, line, usize::from(area.height.saturating_sub(3)), now),
                Pane::Environments => {
                    click_environment(ui, store, line, usize::from(area.height.saturating_sub(2)), now);
                }
                Pane::Detail => {}
                Pane::Logs => super::logs::click(ui, store, area, line, now),
                Pane::Runs => click_run(ui, store, line, usize::from(area.height.saturating_sub(3))),
            }
            true
        }
        _ => false,
    }
}

/// The row at a line of a list whose rows have these heights.
fn row_at(heights: &[usize], top: usize, line: usize) -> Option<usize> {
    let mut below = 0;
    heights.iter().enumerate().skip(top).find_map(|(row, height)| {
        below += height;
        (line < below).then_some(row)
    })
}

fn click_service(ui: &mut Ui, store: &Store, line: usize, room: usize, now: Timestamp) {
    let all = rows::services(store, ui, now);
    let heights: Vec<usize> = all.iter().map(|s| rows::service_height(s, now)).collect();
    let chosen = rows::selected(store, ui, now).map(|s| &s.declared().id);
    let at = all.iter().position(|s| Some(&s.declared().id) == chosen).unwrap_or(0);
    let top = rows::first_row(&heights, ui.tops.get(&Pane::Services).copied().unwrap_or(0), at, room);
    // The first line is the head of the table.
    let row = line.checked_sub(1).and_then(|line| row_at(&heights, top, line));
    if let Some(id) = row.and_then(|row| all.get(row)).map(|s| s.declared().id.clone()) {
        ui.tops.insert(Pane::Services, top);
        ui.service.insert(id.environment.clone(), id);
        ui.scroll = 0;
    }
}

fn click_run(ui: &mut Ui, store: &Store, line: usize, room: usize) {
    let runs = crate::ui::pane::runs::runs(store, ui).unwrap_or_default();
    let chosen = crate::ui::pane::runs::selected(&runs, ui).map(|run| run.id.clone());
    let at = runs.iter().position(|run| Some(&run.id) == chosen.as_ref()).unwrap_or(0);
    let top = (at + 1).saturating_sub(room);
    // The first line is the head of the table.
    if let Some(run) = line.checked_sub(1).and_then(|line| runs.get(top + line)) {
        ui.run = Some(run.id.clone());
    }
}

fn click_environment(ui: &mut Ui, store: &Store, line: usize, room: usize, now: Timestamp) {
    let blocks = places::blocks(store, ui, now, places::cells(ui));
    let top = places::top(&blocks, places::under_cursor(store, ui).as_ref(), room);
    if let Some(stop) = places::at_line(&blocks, top + line) {
        navigate::stop_at(ui, stop);
    }
}

#[cfg(test)]
mod tests {
    use super::row_at;

    #[test]
    fn a_click_on_either_line_of_a_row_finds_the_row() {
        assert_eq!([0, 1, 2, 3, 9].map(|line| row_at(&[1, 2, 1], 0, line)), [Some(0), Some(1), Some(1), Some(2), None]);
        assert_eq!(row_at(&[1, 2, 1], 1, 0), Some(1));
    }
}
