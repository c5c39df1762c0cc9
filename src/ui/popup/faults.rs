//! What is wrong in the deck, the theme, the keymap or the user's configuration, as `qd check` tells it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed, scrolled};
use crate::model::{Fault, Severity};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::wrap;

/// Draws the popup.
pub fn draw(buffer: &mut Buffer, body: Rect, scroll: usize, view: &View<'_>) {
    let width = body.width.saturating_sub(4).min(120);
    let lines = lines(usize::from(width.saturating_sub(2)), view);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let inner = framed(buffer, body, (width, height), "faults", view);
    scrolled(buffer, inner, &lines, scroll, view);
}

/// Every fault in a few lines.
pub fn lines<'a>(cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let faults: Vec<&Fault> = view.store.faults().iter().chain(&view.ui.look_faults).collect();
    if faults.is_empty() {
        return vec![Line::from(view.span(Role::Healthy, " no faults"))];
    }
    let mut lines = vec![Line::from(
        view.span(Role::Dim, " what is wrong does not load; the rest goes on, and a saved file is read again at once"),
    )];
    for fault in faults {
        let role = if fault.severity == Severity::Error { Role::Fault } else { Role::Degraded };
        lines.push(Line::default());
        for (at, text) in fault.to_string().lines().enumerate() {
            let role = match at {
                0 => role,
                _ if text.trim_start().starts_with("help:") => Role::Text,
                _ => Role::Code,
            };
            lines.extend(
                wrap(text, cells.saturating_sub(2)).into_iter().map(|l| Line::from(view.span(role, format!(" {l}")))),
            );
        }
    }
    lines
}
