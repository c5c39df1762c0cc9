//! The panes, one file each, and what they share: rows of a list.

pub mod detail;
pub mod environments;
pub mod probes;
pub mod services;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::View;
use crate::theme::Role;

/// Draws one line of a row and lays the cursor's colours over it when it is under the cursor.
pub(super) fn row(buffer: &mut Buffer, area: Rect, y: u16, line: &Line<'_>, under_cursor: bool, view: &View<'_>) {
    if y >= area.bottom() {
        return;
    }
    buffer.set_line(area.x, y, line, area.width);
    if under_cursor {
        buffer.set_style(Rect { y, height: 1, ..area }, view.style(Role::Selected));
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

/// ` 12 more below`: how much of a list is not seen.
fn more(above: usize, below: usize) -> String {
    match (above, below) {
        (0, 0) => String::new(),
        (0, below) => format!(" {below} more below "),
        (above, 0) => format!(" {above} more above "),
        (above, below) => format!(" {above} above, {below} below "),
    }
}
