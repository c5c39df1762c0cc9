//! One line of a log, all of it: where it is from, when it was written, its values one below the other, and as it came.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed, scrolled};
use crate::log::{self, LineId, escaped};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::pane::logs::{level, wall};
use crate::ui::popup::question::{field, told};
use crate::ui::text::chop;

/// Which line, and how far down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePage {
    /// The line.
    pub line: LineId,
    /// Lines scrolled down.
    pub scroll: usize,
}

/// More of a line is not shown.
const MOST: usize = 64 * 1024;
/// Lines of a record that are looked for below its first.
const MOST_LINES: usize = 200;

/// Draws the page.
pub fn draw(buffer: &mut Buffer, body: Rect, page: &LinePage, view: &View<'_>) {
    let lines = lines(cells(body), page, view);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let title = view.store.logs().of(page.line).map_or_else(|| "a line".to_owned(), ToString::to_string);
    let inner = framed(buffer, body, (body.width, height), &title, view);
    scrolled(buffer, inner, &lines, page.scroll, view);
}

/// How many lines there are.
pub fn height(body: Rect, page: &LinePage, view: &View<'_>) -> usize {
    lines(cells(body), page, view).len()
}

fn cells(body: Rect) -> usize {
    usize::from(body.width).saturating_sub(2)
}

fn lines<'a>(cells: usize, page: &LinePage, view: &View<'a>) -> Vec<Line<'a>> {
    let logs = view.store.logs();
    let Some(line) = logs.lines().line(page.line) else {
        return vec![Line::from(view.span(Role::Dim, " the line was dropped to stay in bounds"))];
    };
    let spec = logs.of(page.line).and_then(|id| logs.spec(id));
    let mut lines = Vec::new();
    if let Some(spec) = spec {
        let on = spec.on.as_ref().map_or_else(|| "this machine".to_owned(), |host| host.name.to_string());
        lines.extend(told("read from", &format!("{} on {on}", spec.from), Role::Text, cells, view));
    }
    let at = wall(&line, view).to_zoned(view.zone()).strftime("%Y-%m-%d %H:%M:%S%.6f %Z").to_string();
    let whose = if line.timed { "" } else { "   it says no time; that of the record before, or when it came" };
    lines.push(field("written", vec![view.span(Role::Text, at), view.span(Role::Dim, whose)], view));
    if let Some(found) = line.level {
        lines.push(field("level", vec![view.span(level(Some(found)).1, found.word())], view));
    }
    if let Some(trace) =
        logs.lines().pattern(page.line.source).map_or_else(|| log::trace(line.bytes), |p| p.trace(line.bytes))
    {
        let trace = crate::model::Text::line(&String::from_utf8_lossy(&trace));
        lines.extend(told("correlation", trace.as_str(), Role::Text, cells, view));
    }
    if let Some(note) = view.ui.logs.marks.get(&page.line).filter(|note| !note.is_empty()) {
        lines.extend(told("note", note, Role::Notice, cells, view));
    }
    lines.push(Line::default());
    let bytes = line.bytes.get(..MOST).unwrap_or(line.bytes);
    if let Some(pretty) = log::pretty(bytes) {
        let rows = pretty.iter().flat_map(|text| chop(text, cells.saturating_sub(3)));
        lines.extend(rows.map(|text| Line::from(view.span(Role::Code, format!("  {text}")))));
        lines.push(Line::default());
    }
    lines.push(Line::from(view.span(Role::Dim, " as it came")));
    let rest = logs.lines().forward(&[page.line.source], Some(line.place.next()));
    let rest = rest.take_while(|next| !next.begins).take(MOST_LINES).map(|next| next.bytes);
    for bytes in std::iter::once(bytes).chain(rest) {
        for text in chop(&escaped(bytes), cells.saturating_sub(3)) {
            lines.push(Line::from(view.span(Role::Code, format!("  {text}"))));
        }
    }
    lines
}
