//! What is wrong in the deck, the theme, the keymap or the user's configuration, as `qd check` tells it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed, scrolled};
use crate::model::{Fault, Severity};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::{cut, wrap};

/// Draws the popup.
pub fn draw(buffer: &mut Buffer, body: Rect, scroll: usize, view: &View<'_>) {
    let width = width(body);
    let lines = lines(usize::from(width.saturating_sub(2)), view);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let inner = framed(buffer, body, (width, height), "faults", view);
    scrolled(buffer, inner, &lines, scroll, view);
}

fn width(body: Rect) -> u16 {
    body.width.saturating_sub(4).min(120)
}

/// How many lines there are.
pub fn height(body: Rect, view: &View<'_>) -> usize {
    lines(usize::from(width(body).saturating_sub(2)), view).len()
}

/// Every fault in a few lines.
pub fn lines<'a>(cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let faults: Vec<&Fault> = view.store.faults().iter().chain(&view.ui.look_faults).collect();
    if faults.is_empty() {
        return vec![Line::from(view.span(Role::Healthy, " no faults"))];
    }
    let words = "what is wrong does not load; the rest goes on, and a saved file is read again at once";
    let room = cells.saturating_sub(2);
    let mut lines: Vec<Line<'_>> =
        wrap(words, room).into_iter().map(|l| Line::from(view.span(Role::Dim, format!(" {l}")))).collect();
    for fault in faults {
        let role = if fault.severity == Severity::Error { Role::Fault } else { Role::Degraded };
        lines.push(Line::default());
        for (at, text) in fault.to_string().lines().enumerate() {
            let role = match at {
                0 => role,
                _ if text.trim_start().starts_with("help:") => Role::Text,
                _ => Role::Code,
            };
            // A line of the file is cut, not wrapped: the mark below it must stay below it.
            let told = match role {
                Role::Code => vec![cut(text, room, view.theme.glyphs().ellipsis).into_owned()],
                _ => wrap(text, room),
            };
            lines.extend(told.into_iter().map(|l| Line::from(view.span(role, format!(" {l}")))));
        }
    }
    lines
}
