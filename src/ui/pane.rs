//! The panes, one file each, and what they share: rows of a list.

pub mod detail;
pub mod environments;
mod hosts;
pub mod logs;
pub mod probes;
pub mod runs;
pub mod services;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Line;

use super::View;
use crate::store::ServiceState;
use crate::theme::Role;

/// Draws one line of a row and lays the cursor's colours over it when it is under the cursor.
pub(in crate::ui) fn row(
    buffer: &mut Buffer,
    area: Rect,
    y: u16,
    line: &Line<'_>,
    under_cursor: bool,
    view: &View<'_>,
) {
    if y >= area.bottom() {
        return;
    }
    put(buffer, area, y, line);
    if under_cursor {
        buffer.set_style(Rect { y, height: 1, ..area }, view.style(Role::Selected));
    }
}

/// Draws a line of a table. Words are padded to columns in their own role; where that role reverses or underlines,
/// the padding does not.
fn put(buffer: &mut Buffer, area: Rect, y: u16, line: &Line<'_>) {
    buffer.set_line(area.x, y, line, area.width);
    let loud = Modifier::REVERSED | Modifier::UNDERLINED;
    let is_loud = |buffer: &Buffer, x: u16| buffer.cell((x, y)).is_some_and(|c| c.modifier.intersects(loud));
    let is_blank = |buffer: &Buffer, x: u16| buffer.cell((x, y)).is_some_and(|c| matches!(c.symbol(), " " | "│" | "|"));
    let is_word = |buffer: &Buffer, x: u16| is_loud(buffer, x) && !is_blank(buffer, x);
    for x in area.x..area.right() {
        // A single blank between two words belongs to them.
        let between = x > area.x && is_word(buffer, x - 1) && x + 1 < area.right() && is_word(buffer, x + 1);
        if !is_loud(buffer, x) || !is_blank(buffer, x) || between {
            continue;
        }
        if let Some(cell) = buffer.cell_mut((x, y)) {
            cell.modifier.remove(loud);
        }
    }
}

/// A line for an empty list: what is missing and what to do.
fn empty(buffer: &mut Buffer, area: Rect, words: &str, view: &View<'_>) {
    for (at, line) in super::text::wrap(words, usize::from(area.width.saturating_sub(4))).iter().enumerate() {
        let Ok(at) = u16::try_from(at) else { return };
        let y = area.y + 1 + at;
        if y < area.bottom() {
            buffer.set_line(
                area.x + 2,
                y,
                &Line::from(view.span(Role::Dim, line.clone())),
                area.width.saturating_sub(2),
            );
        }
    }
}

/// How long a service is as it is: `4m`, or `>4m` when it was so at the first look already.
fn lasting(service: &ServiceState, view: &View<'_>) -> String {
    let since = service.since(view.now).map(|at| super::text::age(at, view.now));
    match since {
        None => "?".into(),
        Some(age) if service.is_older() && age != "?" => format!(">{age}"),
        Some(age) => age,
    }
}

/// ` 12 more below`: how much of a list is not seen.
fn more(above: usize, below: usize) -> String {
    match (above, below) {
        (0, 0) => String::new(),
        (0, below) => format!(" {below} more below "),
        (above, 0) => format!(" {above} more above "),
        (above, below) => format!(" {above} above, {below} below "),
    }
}
