//! Every key that works, made from the live keymap.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed, scrolled};
use crate::command::{Command, Risk, Scope};
use crate::theme::Role;
use crate::ui::text::{cut, fit};
use crate::ui::{Pane, View};

/// Cells of the popup, where there are as many.
const WIDTH: u16 = 108;

/// Draws the popup.
pub fn draw(buffer: &mut Buffer, body: Rect, scroll: usize, view: &View<'_>) {
    let lines = lines(cells(body), view);
    let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
    let dot = view.theme.glyphs().separator;
    let inner = framed(
        buffer,
        body,
        (WIDTH, height),
        &format!("keys {dot} keymap {} {dot} theme {}", view.ui.keymap, view.ui.theme),
        view,
    );
    scrolled(buffer, inner, &lines, scroll, view);
}

/// How many lines there are.
pub fn height(body: Rect, view: &View<'_>) -> usize {
    lines(cells(body), view).len()
}

fn cells(body: Rect) -> usize {
    usize::from(body.width.min(WIDTH)).saturating_sub(2)
}

/// One line a command, by scope.
fn lines<'a>(cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    // Where there are many, those of what is looked at come first.
    let first = Scope::ALL.into_iter().filter(|scope| *scope == Scope::Logs && view.ui.focus == Pane::Logs);
    let rest = Scope::ALL.into_iter().filter(|scope| *scope != Scope::Logs || view.ui.focus != Pane::Logs);
    for scope in first.chain(rest) {
        if scope == Scope::Demo && !view.ui.demo {
            continue;
        }
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::from(view.span(Role::Dim, format!(" {}", words(scope)))));
        for command in Command::ALL.iter().filter(|c| c.scope() == scope) {
            let keys = view.keymap.keys_of(*command).join("  ");
            let keys = if keys.is_empty() { ":".to_owned() + command.name() } else { keys };
            let mut spans = vec![
                view.span(Role::Key, format!("  {}", fit(&keys, 18, view.theme.glyphs().ellipsis))),
                view.span(
                    Role::Text,
                    format!(" {}", cut(command.doc(), cells.saturating_sub(22), view.theme.glyphs().ellipsis)),
                ),
            ];
            if command.risk() >= Risk::Decides {
                spans.push(view.span(
                    Role::Degraded,
                    format!("  ({})", if view.ui.read_only { "read-only" } else { command.risk().word() }),
                ));
            }
            lines.push(Line::from(spans));
        }
    }
    lines
}

fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::Global => "everywhere",
        Scope::List => "in lists",
        Scope::Service => "on services",
        Scope::Host => "on a host, or the host of a service",
        Scope::Logs => "in the logs",
        Scope::Plan => "on a plan, and where something is asked",
        Scope::Run => "in a run, among the runs and the locks",
        Scope::Input => "while typing",
        Scope::Demo => "in the demo: faults on demand",
    }
}
