//! What lies over the panes: help, faults, the palette, the questions of hosts, forwarded ports, the keys that may
//! follow. One file each; the frame is shared.

pub mod audit;
pub mod card;
pub mod confirm;
pub mod faults;
pub mod forwards;
pub mod help;
pub mod inputs;
pub mod line;
pub mod locks;
pub mod page;
pub mod palette;
pub mod passphrase;
pub mod picker;
pub(super) mod question;
pub mod run;
pub mod sources;
mod stop;
pub mod trust;
pub mod which;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use super::View;
use super::state::Popup;
use crate::theme::Role;

/// Draws the uppermost popup, what it was opened from where that matters for the answer, and the keys that may follow.
pub fn draw(buffer: &mut Buffer, body: Rect, view: &View<'_>) {
    let all = &view.ui.popups;
    let below = all.iter().rposition(|popup| matches!(popup, Popup::Run(_) | Popup::Page(_) | Popup::Card(_)));
    let first = below.unwrap_or(all.len().saturating_sub(1));
    for popup in all.iter().skip(first) {
        draw_one(buffer, body, popup, view);
    }
    which::draw(buffer, body, view);
}

fn draw_one(buffer: &mut Buffer, body: Rect, popup: &Popup, view: &View<'_>) {
    match popup {
        Popup::Help(scroll) => help::draw(buffer, body, *scroll, view),
        Popup::Faults(scroll) => faults::draw(buffer, body, *scroll, view),
        Popup::Palette(palette) => palette::draw(buffer, body, palette, view),
        Popup::Trust(trust) => trust::draw(buffer, body, trust, view),
        Popup::Unlock(unlock) => passphrase::draw(buffer, body, unlock, view),
        Popup::Forwards(chosen) => forwards::draw(buffer, body, *chosen, view),
        Popup::Picker(picker) => picker::draw(buffer, body, picker, view),
        Popup::Inputs(form) => inputs::draw(buffer, body, form, view),
        Popup::Card(card) => card::draw(buffer, body, card, view),
        Popup::Page(page) => page::draw(buffer, body, page, view),
        Popup::Confirm(confirm) => confirm::draw(buffer, body, confirm, view),
        Popup::Run(run) => run::draw(buffer, body, run, view),
        Popup::Stop(run) => stop::draw(buffer, body, run, view),
        Popup::Locks(list) => locks::draw(buffer, body, list, view),
        Popup::Audit(scroll) => audit::draw(buffer, body, *scroll, view),
        Popup::Line(page) => line::draw(buffer, body, page, view),
        Popup::Sources(chosen) => sources::draw(buffer, body, chosen.as_ref(), view),
        Popup::Filter(_) | Popup::Prompt(_) => {}
    }
}

/// The furthest the uppermost popup can be scrolled.
pub fn furthest(body: Rect, view: &View<'_>) -> usize {
    let lines = match view.ui.popups.last() {
        Some(Popup::Help(_)) => help::height(body, view),
        Some(Popup::Faults(_)) => faults::height(body, view),
        Some(Popup::Page(page)) => page::height(body, page, view),
        Some(Popup::Audit(_)) => audit::height(body, view),
        Some(Popup::Line(page)) => line::height(body, page, view),
        _ => 0,
    };
    lines.saturating_sub(usize::from(body.height.saturating_sub(2)))
}

/// A frame of at most this size in the middle, cleared, with a title.
fn framed(buffer: &mut Buffer, body: Rect, size: (u16, u16), title: &str, view: &View<'_>) -> Rect {
    framed_in(buffer, body, size, title, view.style(Role::BorderFocused), view)
}

/// The same with a frame of its own colour.
fn framed_in(
    buffer: &mut Buffer,
    body: Rect,
    (width, height): (u16, u16),
    title: &str,
    border: Style,
    view: &View<'_>,
) -> Rect {
    let width = width.min(body.width);
    let height = height.min(body.height);
    let area = Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 3, width, height };
    Clear.render(area, buffer);
    buffer.set_style(area, view.style(Role::Text));
    let block = Block::bordered()
        .border_set(view.theme.glyphs().border)
        .border_style(border)
        .title_top(Line::from(view.span(Role::Title, format!(" {title} "))));
    let inner = block.inner(area);
    block.render(area, buffer);
    inner
}

/// Draws lines from `scroll` on, with a hint at the bottom when there are more.
fn scrolled(buffer: &mut Buffer, inner: Rect, lines: &[Line<'_>], scroll: usize, view: &View<'_>) {
    let room = usize::from(inner.height);
    let top = scroll.min(lines.len().saturating_sub(room));
    for (line, y) in lines.iter().skip(top).zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
    let below = lines.len().saturating_sub(top + room);
    if below > 0 || top > 0 {
        let hint = Line::from(view.span(Role::Dim, format!(" {top} above, {below} below ")));
        let cells = u16::try_from(hint.width()).unwrap_or(0);
        buffer.set_line(inner.right().saturating_sub(cells + 1), inner.bottom(), &hint, cells);
    }
}
