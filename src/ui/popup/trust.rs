//! The question whether a host key is right. It keeps what it was opened with: a key that changes meanwhile is not the
//! one that was looked at, and cannot be accepted here.

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::framed_in;
use super::question::{field, frame, place, told, typed};
use crate::model::{Ask, HostId};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::edit::Edit;
use crate::ui::text::wrap;

/// What must be typed, in full.
pub const WORD: &str = "yes";

/// Keys typed this soon after it opened were meant for what was there before.
pub const DEAF: SignedDuration = SignedDuration::from_millis(500);

const WIDTH: u16 = 72;

/// The question as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// Which host is connected to.
    pub host: HostId,
    /// The name the key would be known under.
    pub name: String,
    /// `ssh-ed25519` and the like.
    pub kind: String,
    /// `SHA256:…`.
    pub fingerprint: String,
    /// When the question came up.
    pub opened: Timestamp,
    /// What is typed.
    pub edit: Edit,
}

impl Trust {
    /// Whether the host still offers the key that is shown.
    pub fn still_asked(&self, store: &Store) -> bool {
        let ask = store.host(&self.host).and_then(|h| h.link().ask.as_ref());
        matches!(ask, Some(Ask::Trust { name, kind, fingerprint })
            if fingerprint.as_str() == self.fingerprint && name.as_str() == self.name && kind.as_str() == self.kind)
    }

    /// Whether it opened so short ago that keys are not meant for it. A clock that was set does not make it deaf.
    pub fn is_deaf(&self, now: Timestamp) -> bool {
        now.duration_since(self.opened).abs() < DEAF
    }

    /// The command that tells the fingerprint on the host itself.
    fn command(&self) -> String {
        Ask::proof(&self.kind)
    }
}

/// Draws the question.
pub fn draw(buffer: &mut Buffer, body: Rect, trust: &Trust, view: &View<'_>) {
    let cells = usize::from(WIDTH.min(body.width).saturating_sub(2));
    let answer = answer(trust, view);
    let mut lines = vec![
        field("environment", place(&trust.host, view), view),
        field("host", vec![view.span(Role::Strong, host(trust, view))], view),
    ];
    // On the smallest screen there is room for these alone.
    lines.extend(told("fingerprint", &trust.fingerprint, Role::Strong, cells, view));
    lines.extend(told("known as", &trust.name, Role::Text, cells, view));
    lines.extend(told("key", &trust.kind, Role::Text, cells, view));
    lines.push(Line::default());
    let quiet = |words: &str| {
        wrap(words, cells.saturating_sub(2)).into_iter().map(|l| Line::from(view.span(Role::Dim, format!(" {l}"))))
    };
    lines.extend(quiet("Compare it with what the host says of itself, on its console and not over this connection:"));
    lines.push(Line::from(view.span(Role::Code, format!("   {}", trust.command()))));
    lines.push(Line::default());
    lines.extend(quiet(
        "Accepting writes the key to Quarterdeck's own known_hosts. From then on any other key is refused.",
    ));
    lines.push(Line::default());
    let height = u16::try_from(lines.len() + answer.len() + 2).unwrap_or(u16::MAX);
    let border = frame(&trust.host, view);
    let inner = framed_in(buffer, body, (WIDTH, height), "is this host key right?", border, view);
    // Where there is little room the explanations give way, never what is asked and the answer.
    let room = usize::from(inner.height).saturating_sub(answer.len());
    for (line, y) in lines.iter().take(room).chain(&answer).zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}

fn host(trust: &Trust, view: &View<'_>) -> String {
    let route = view.store.host(&trust.host).map_or("", |h| h.link().route.as_str());
    let dot = view.theme.glyphs().separator;
    if route.is_empty() { trust.host.name.to_string() } else { format!("{} {dot} {route}", trust.host.name) }
}

fn answer<'a>(trust: &Trust, view: &View<'a>) -> Vec<Line<'a>> {
    if !trust.still_asked(view.store) {
        let words = " the host does not offer this key any more; leave, and look again";
        return vec![Line::from(view.span(Role::Fault, words))];
    }
    let mut spans: Vec<Span<'a>> =
        vec![view.span(Role::Text, " to accept, type "), view.span(Role::Strong, WORD), view.span(Role::Text, "  ")];
    spans.extend(typed(&trust.edit, view));
    vec![Line::from(spans)]
}
