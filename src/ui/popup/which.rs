//! The keys that may follow those typed so far, shown when the operator hesitates.

use std::time::Duration;

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::{Block, Clear, Widget};

use crate::keymap::Continuation;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::fit;

/// A hesitation this long opens the popup.
pub const HESITATION: Duration = Duration::from_millis(300);

/// Draws the popup at the bottom of the body.
pub fn draw(buffer: &mut Buffer, body: Rect, view: &View<'_>) {
    let Some(since) = view.ui.pending_since else { return };
    let hesitated = SignedDuration::try_from(HESITATION).unwrap_or(SignedDuration::ZERO);
    if view.now.duration_since(since) < hesitated {
        return;
    }
    let scopes = crate::update::scopes(view.ui);
    let following = view.keymap.continuations(&scopes, &view.ui.pending);
    let lines: Vec<Line<'_>> = following
        .iter()
        .map(|(key, continuation)| {
            let words = match continuation {
                Continuation::Command(command) => command.doc().to_owned(),
                Continuation::Prefix { name: Some(name), .. } => format!("{name} …"),
                Continuation::Prefix { commands, .. } => format!("{commands} commands …"),
            };
            Line::from(vec![
                view.span(Role::Key, format!(" {}", fit(&key.to_string(), 10, ""))),
                view.span(Role::Text, words),
            ])
        })
        .collect();
    let Ok(height) = u16::try_from(lines.len() + 2) else { return };
    let width = lines.iter().map(Line::width).max().unwrap_or(0) + 4;
    let width = u16::try_from(width).unwrap_or(u16::MAX).min(body.width);
    let height = height.min(body.height);
    let area = Rect { x: body.right() - width, y: body.bottom() - height, width, height };
    Clear.render(area, buffer);
    buffer.set_style(area, view.style(Role::Text));
    let typed: Vec<String> = view.ui.pending.iter().map(ToString::to_string).collect();
    let block = Block::bordered()
        .border_set(view.theme.glyphs().border)
        .border_style(view.style(Role::BorderFocused))
        .title_top(Line::from(view.span(Role::Title, format!(" {} ", typed.join(" ")))));
    let inner = block.inner(area);
    block.render(area, buffer);
    for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}
