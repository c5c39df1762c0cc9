//! A run that is not there: it is being started, it is looked for, or it was not started, and why. Draws; decides nothing.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::command::Command;
use crate::model::Health;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::popup::{framed_in, question};
use crate::ui::run::{RunView, Which};
use crate::ui::text::wrap;

const WIDTH: u16 = 84;

/// Draws what is known of it.
pub fn draw(buffer: &mut Buffer, body: Rect, run: &RunView, view: &View<'_>) {
    let cells = usize::from(WIDTH.min(body.width).saturating_sub(4));
    let card = run.start.as_deref().map(|(card, _)| card);
    let border =
        card.map_or_else(|| view.style(Role::BorderFocused), |card| question::border(&card.service.environment, view));
    let mut lines: Vec<Line<'_>> = Vec::new();
    let mut tell = |role: Role, words: &str| {
        lines.extend(wrap(words, cells).into_iter().map(|line| Line::from(view.span(role, format!(" {line}")))));
    };
    if let Some(card) = card {
        tell(Role::Strong, &format!("{} on {}", card.title, card.service));
    }
    let refusal = run.refusal(view.store);
    match (refusal, &run.which) {
        (Some(why), _) => {
            let mark = view.theme.glyphs().health(Health::Unhealthy);
            tell(Role::Unhealthy, &format!("{mark} it was not started: {why}"));
            tell(Role::Text, "Nothing was begun. The plan is still there, with the reason as it was typed.");
        }
        (None, Which::Run(id)) => tell(Role::Dim, &format!("looking for run {id}")),
        (None, Which::Of { .. }) => tell(Role::Dim, "starting: nothing has begun yet"),
        (None, Which::Again { run, .. }) => tell(Role::Dim, &format!("going on with run {run}: nothing has begun yet")),
    }
    if refusal.is_some() {
        lines.push(Line::default());
        lines.push(Line::from(vec![
            view.span(Role::Key, format!(" {}", view.key(Command::Open))),
            view.span(Role::Text, " back to the plan"),
        ]));
    }
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let title = if refusal.is_some() { "not started" } else { "run" };
    let inner = framed_in(buffer, body, (WIDTH, height), title, border, view);
    for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}
