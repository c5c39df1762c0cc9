//! What lies over the panes: help, faults, the palette, the questions of hosts, forwarded ports, the keys that may
//! follow. One file each; the frame is shared.

pub mod faults;
pub mod forwards;
pub mod help;
pub mod palette;
pub mod passphrase;
mod question;
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

/// Draws the uppermost popup, and the keys that may follow.
pub fn draw(buffer: &mut Buffer, body: Rect, view: &View<'_>) {
    match view.ui.popups.last() {
        Some(Popup::Help(scroll)) => help::draw(buffer, body, *scroll, view),
        Some(Popup::Faults(scroll)) => faults::draw(buffer, body, *scroll, view),
        Some(Popup::Palette(palette)) => palette::draw(buffer, body, palette, view),
        Some(Popup::Trust(trust)) => trust::draw(buffer, body, trust, view),
        Some(Popup::Unlock(unlock)) => passphrase::draw(buffer, body, unlock, view),
        Some(Popup::Forwards(chosen)) => forwards::draw(buffer, body, *chosen, view),
        Some(Popup::Filter(_)) | None => {}
    }
    which::draw(buffer, body, view);
}

/// The furthest the uppermost popup can be scrolled.
pub fn furthest(body: Rect, view: &View<'_>) -> usize {
    let lines = match view.ui.popups.last() {
        Some(Popup::Help(_)) => help::height(body, view),
        Some(Popup::Faults(_)) => faults::height(body, view),
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
