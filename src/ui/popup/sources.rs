//! The logs that the pane is about: which are left out, and how each stands since when.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::framed;
use crate::model::{LogId, LogSpec};
use crate::store::Store;
use crate::store::logs::Heard;
use crate::theme::Role;
use crate::ui::logs::chosen;
use crate::ui::pane::logs::{drift_words, health};
use crate::ui::text::{age, cut, fit, fit_right, thousands, width};
use crate::ui::{Ui, View};

/// Cells of the popup, where there are as many.
const WIDTH: u16 = 116;

/// The line under the cursor: the one chosen before while it is there, else the first.
pub fn under<'l>(logs: &[&'l std::sync::Arc<LogSpec>], id: Option<&LogId>) -> Option<&'l LogId> {
    logs.iter().find(|spec| Some(&spec.id) == id).or(logs.first()).map(|spec| &spec.id)
}

/// The log that is so many lines further in the list.
pub fn moved(store: &Store, ui: &Ui, id: Option<&LogId>, step: isize, now: jiff::Timestamp) -> Option<LogId> {
    let logs = chosen(store, ui, now);
    let here = under(&logs, id);
    let at = logs.iter().position(|spec| Some(&spec.id) == here).unwrap_or(0);
    let next = at.saturating_add_signed(step).min(logs.len().saturating_sub(1));
    logs.get(next).map(|spec| spec.id.clone())
}

/// Draws the list.
pub fn draw(buffer: &mut Buffer, body: Rect, id: Option<&LogId>, view: &View<'_>) {
    let logs = chosen(view.store, view.ui, view.now);
    let here = under(&logs, id);
    let cells = usize::from(body.width.min(WIDTH)).saturating_sub(2);
    let lines: Vec<(bool, Line<'_>)> =
        logs.iter().flat_map(|spec| lines(spec, Some(&spec.id) == here, cells, view)).collect();
    let height = u16::try_from(lines.len().max(1) + 2).unwrap_or(u16::MAX);
    let inner = framed(buffer, body, (WIDTH, height), "logs: space leaves one out", view);
    if lines.is_empty() {
        let words = Line::from(view.span(Role::Dim, "   none"));
        buffer.set_line(inner.x, inner.y, &words, inner.width);
    }
    let room = usize::from(inner.height);
    let last = lines.iter().rposition(|(under, _)| *under).unwrap_or(0);
    let top = (last + 1).saturating_sub(room);
    for ((under, line), y) in lines.iter().skip(top).zip(inner.y..inner.bottom()) {
        super::super::pane::row(buffer, inner, y, line, *under, view);
    }
}

/// How it stands, what is read, and why it is not heard.
fn lines<'a>(spec: &'a LogSpec, under: bool, cells: usize, view: &View<'a>) -> Vec<(bool, Line<'a>)> {
    let glyphs = view.theme.glyphs();
    let logs = view.store.logs();
    let heard = logs.heard(&spec.id);
    let is_out = view.ui.logs.hidden.contains(&spec.id);
    let (role, glyph, word) = match heard {
        _ if is_out => (Role::Dim, glyphs.missing, "left out"),
        Some(heard) => {
            let health = health(heard.state());
            (Role::from(health), glyphs.health(health), heard.state().word())
        }
        None => (Role::Dim, glyphs.missing, "not followed"),
    };
    let since = heard.map_or_else(String::new, |h| age(h.since(), view.now));
    let count = heard.map_or(0, |h| logs.lines().lines(h.source()));
    let name = spec.id.to_string();
    let mut spans = vec![
        view.span(Role::Accent, if under { glyphs.cursor } else { " " }),
        view.span(role, format!("{glyph} {} ", fit(word, 12, ""))),
        view.span(Role::Dim, format!("{} ", fit_right(&since, 4))),
        view.span(Role::Strong, fit(&name, 34.min(cells / 3), glyphs.ellipsis)),
        view.span(Role::Text, format!(" {} ", fit_right(&thousands(count), 9))),
    ];
    let used: usize = spans.iter().map(ratatui::text::Span::width).sum();
    let from = spec.from.to_string();
    spans.push(view.span(Role::Dim, cut(&from, cells.saturating_sub(used + 1), glyphs.ellipsis).into_owned()));
    let mut lines = vec![(under, Line::from(spans))];
    let own = heard.and_then(|h| h.state().why()).map(ToString::to_string);
    let drift = heard.and_then(Heard::drift).map(drift_words);
    for why in own.into_iter().chain(drift).filter(|_| !is_out) {
        let head = format!("   {} ", glyphs.tree);
        let room = cells.saturating_sub(width(&head) + 1);
        for text in crate::ui::text::wrap(&why, room) {
            lines.push((false, Line::from(vec![view.span(role, head.clone()), view.span(Role::Text, text)])));
        }
    }
    lines
}
