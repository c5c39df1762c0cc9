//! Ports of this machine that are forwarded through hosts. The app fills the list; the chosen line is known by its
//! number, so that one that closes does not move the choice to another.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::framed;
use crate::command::Command;
use crate::model::{Health, HostId, Text};
use crate::theme::Role;
use crate::ui::text::{age, fit, fit_right};
use crate::ui::{Ui, View};

/// How a forwarded port stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ForwardState {
    /// It is being opened.
    Opening,
    /// Connections go through.
    Open,
    /// Nothing goes through.
    Broken,
}

impl ForwardState {
    /// The word on the screen.
    pub fn word(self) -> &'static str {
        match self {
            ForwardState::Opening => "opening",
            ForwardState::Open => "open",
            ForwardState::Broken => "broken",
        }
    }

    fn health(self) -> Health {
        match self {
            ForwardState::Opening => Health::Unknown,
            ForwardState::Open => Health::Healthy,
            ForwardState::Broken => Health::Unhealthy,
        }
    }
}

/// One forwarded port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForwardLine {
    /// Its number, never given again while the console runs.
    pub id: u64,
    /// The host it goes through.
    pub host: HostId,
    /// Where it leads, as the host sees it: `127.0.0.1:15672`.
    pub target: Text,
    /// Where it is taken up on this machine: `127.0.0.1:40123`.
    pub local: Text,
    /// How it stands.
    pub state: ForwardState,
    /// Why nothing goes through.
    pub cause: Option<Text>,
    /// Since when it stands so.
    pub since: Timestamp,
}

/// The chosen line: the one chosen before while it is there, else the first.
pub fn chosen(ui: &Ui, id: Option<u64>) -> Option<&ForwardLine> {
    ui.forwards.iter().find(|f| Some(f.id) == id).or(ui.forwards.first())
}

/// Draws the list.
pub fn draw(buffer: &mut Buffer, body: Rect, id: Option<u64>, view: &View<'_>) {
    let chosen = chosen(view.ui, id).map(|f| f.id);
    let lines: Vec<(bool, Line<'_>)> =
        view.ui.forwards.iter().flat_map(|f| lines(f, Some(f.id) == chosen, view)).collect();
    let height = u16::try_from(lines.len().max(1) + 3).unwrap_or(u16::MAX);
    let inner = framed(buffer, body, (92, height), "forwarded ports", view);
    if lines.is_empty() {
        buffer.set_line(inner.x, inner.y, &Line::from(view.span(Role::Dim, none(view))), inner.width);
        return;
    }
    let head = format!(
        "   {} {} {} {}   since",
        fit("here", 21, ""),
        fit("there", 21, ""),
        fit("host", 15, ""),
        fit("state", 7, "")
    );
    buffer.set_line(inner.x, inner.y, &Line::from(view.span(Role::Dim, head)), inner.width);
    let room = usize::from(inner.height.saturating_sub(1));
    let last = lines.iter().rposition(|(under, _)| *under).unwrap_or(0);
    let top = (last + 1).saturating_sub(room);
    for ((under, line), y) in lines.iter().skip(top).zip(inner.y + 1..inner.bottom()) {
        super::super::pane::row(buffer, inner, y, line, *under, view);
    }
}

fn none(view: &View<'_>) -> String {
    let refused = view.ui.read_only || view.environment().is_none_or(|e| e.tier.is_protected());
    if refused { "   none".into() } else { format!("   none; {} opens one", view.key(Command::Forward)) }
}

/// One line, and a second one with the cause when nothing goes through.
fn lines<'a>(forward: &'a ForwardLine, under: bool, view: &View<'a>) -> Vec<(bool, Line<'a>)> {
    let glyphs = view.theme.glyphs();
    let role = Role::from(forward.state.health());
    let host = forward.host.to_string();
    let line = Line::from(vec![
        view.span(Role::Accent, if under { glyphs.cursor } else { " " }),
        view.span(role, format!("{} ", glyphs.health(forward.state.health()))),
        view.span(Role::Strong, fit(forward.local.as_str(), 21, glyphs.ellipsis)),
        view.span(Role::Text, format!(" {}", fit(forward.target.as_str(), 21, glyphs.ellipsis))),
        view.span(Role::Text, format!(" {}", fit(&host, 15, glyphs.ellipsis))),
        view.span(role, format!(" {}", fit(forward.state.word(), 7, ""))),
        view.span(Role::Dim, format!(" {}", fit_right(&age(forward.since, view.now), 7))),
    ]);
    let cause = forward.cause.as_ref().map(|cause| {
        Line::from(vec![view.span(role, format!("   {} ", glyphs.tree)), view.span(Role::Text, cause.as_str())])
    });
    [Some((under, line)), cause.map(|line| (false, line))].into_iter().flatten().collect()
}
