//! How a run can be stopped: the three ways, with their keys and what each leaves behind.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed_in, question};
use crate::command::Command;
use crate::model::RunId;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::{fit, wrap};

const WIDTH: u16 = 78;

/// Draws the menu.
pub fn draw(buffer: &mut Buffer, body: Rect, run: &RunId, view: &View<'_>) {
    let Some(open) = view.store.acting().open_run(run) else { return };
    let plan = &open.state().plan;
    let cells = usize::from(WIDTH.min(body.width).saturating_sub(2));
    let mut lines =
        vec![Line::from(view.span(Role::Strong, format!(" {} on {}", plan.title, plan.target))), Line::default()];
    let ways = [
        (Command::Drain, "drain", "what runs now ends by itself, nothing more begins"),
        (Command::Interrupt, "interrupt", "what runs now is ended with TERM, then KILL; asks first"),
        (Command::Detach, "detach", "what runs now goes on without this console, nothing more begins; asks first"),
        (Command::Back, "go back", "the run goes on as it is"),
    ];
    for (command, name, words) in ways {
        for (at, text) in wrap(words, cells.saturating_sub(20)).into_iter().enumerate() {
            let (key, name) = if at == 0 { (view.key(command), name) } else { (String::new(), "") };
            lines.push(Line::from(vec![
                view.span(Role::Key, format!(" {} ", fit(&key, 5, ""))),
                view.span(Role::Strong, fit(name, 11, "")),
                view.span(Role::Text, text),
            ]));
        }
    }
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let border = question::border(&plan.target.environment, view);
    let inner = framed_in(buffer, body, (WIDTH, height), "stop the run", border, view);
    for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}
