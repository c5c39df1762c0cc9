//! The newest lines of the audit log. A chain that does not hold is told before anything else.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed, scrolled};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::{fit, time, wrap};

/// Draws the popup.
pub fn draw(buffer: &mut Buffer, body: Rect, scroll: usize, view: &View<'_>) {
    let lines = lines(cells(body), view);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let inner = framed(buffer, body, (body.width.min(130), height), "audit", view);
    scrolled(buffer, inner, &lines, scroll, view);
}

/// How many lines there are.
pub fn height(body: Rect, view: &View<'_>) -> usize {
    lines(cells(body), view).len()
}

fn cells(body: Rect) -> usize {
    usize::from(body.width.min(130)).saturating_sub(2)
}

fn lines<'a>(cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some(audit) = view.store.acting().audit() else {
        return vec![Line::from(view.span(Role::Dim, " reading the audit log"))];
    };
    let mut lines = Vec::new();
    if let Some(broken) = &audit.broken {
        for line in wrap(&format!("the chain is broken: {broken}"), cells.saturating_sub(2)) {
            lines.push(Line::from(view.span(Role::Danger, format!(" {line}"))));
        }
        lines.push(Line::default());
    }
    if audit.lines.is_empty() {
        lines.push(Line::from(view.span(Role::Dim, " nothing is on record yet")));
    }
    let zone = view.zone();
    for (at, words) in &audit.lines {
        let when = time(view.on_the_wall(*at), view.on_the_wall(view.now), &zone);
        for (number, line) in wrap(words.as_str(), cells.saturating_sub(16)).into_iter().enumerate() {
            let when = if number == 0 { when.as_str() } else { "" };
            lines.push(Line::from(vec![
                view.span(Role::Dim, format!(" {}  ", fit(when, 12, ""))),
                view.span(Role::Text, line),
            ]));
        }
    }
    lines
}
