//! The question for the passphrase of a key file. Shows dots alone.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::framed_in;
use super::question::{field, frame, place, told};
use crate::model::{Ask, HostId};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::hidden::Hidden;
use crate::ui::text::wrap;

const WIDTH: u16 = 72;

/// The question as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unlock {
    /// The host that the key is for.
    pub host: HostId,
    /// The key file.
    pub file: String,
    /// What is typed.
    pub hidden: Hidden,
}

impl Unlock {
    /// Whether the host still waits for the passphrase of this file.
    pub fn still_asked(&self, store: &Store) -> bool {
        let ask = store.host(&self.host).and_then(|h| h.link().ask.as_ref());
        matches!(ask, Some(Ask::Passphrase { file }) if file.as_str() == self.file)
    }
}

/// Draws the question.
pub fn draw(buffer: &mut Buffer, body: Rect, unlock: &Unlock, view: &View<'_>) {
    let cells = usize::from(WIDTH.min(body.width).saturating_sub(2));
    let mut lines = vec![
        field("environment", place(&unlock.host, view), view),
        field("host", vec![view.span(Role::Strong, unlock.host.name.to_string())], view),
    ];
    lines.extend(told("key file", &unlock.file, Role::Strong, cells, view));
    lines.push(Line::default());
    let words = "It unlocks the key for this console alone. It is kept in no file, no history and no log.";
    lines.extend(
        wrap(words, cells.saturating_sub(2)).into_iter().map(|l| Line::from(view.span(Role::Dim, format!(" {l}")))),
    );
    lines.push(Line::default());
    let answer = answer(unlock, cells, view);
    let height = u16::try_from(lines.len() + 3).unwrap_or(u16::MAX);
    let border = frame(&unlock.host, view);
    let inner = framed_in(buffer, body, (WIDTH, height), "passphrase of a key file", border, view);
    let room = usize::from(inner.height).saturating_sub(1);
    for (line, y) in lines.iter().take(room).chain([&answer]).zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}

fn answer<'a>(unlock: &Unlock, cells: usize, view: &View<'a>) -> Line<'a> {
    if !unlock.still_asked(view.store) {
        return Line::from(view.span(Role::Fault, " the host does not ask for this any more; leave, and look again"));
    }
    // As many as fit: how long it is is nobody's business.
    let dots = unlock.hidden.count().min(cells.saturating_sub(17));
    field(
        "passphrase",
        vec![
            view.span(Role::Input, view.theme.glyphs().hidden.repeat(dots)),
            Span::styled(" ", view.style(Role::Input).add_modifier(Modifier::REVERSED)),
        ],
        view,
    )
}
