//! The line at the top: the deck, every environment with tier, worst state and count, the badge, the clock. Production
//! looks like production from here on down.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::View;
use super::text::clock;
use crate::model::{Environment, Health};
use crate::theme::Role;

/// Draws the line.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    buffer.set_style(area, view.style(Role::Header));
    let right = right(view);
    let right_cells = u16::try_from(right.width()).unwrap_or(0);
    let mut left = vec![view.span(Role::Header, format!(" {} ", name(view)))];
    let room = usize::from(area.width.saturating_sub(right_cells + 1));
    left.extend(tabs(view, room.saturating_sub(left.first().map_or(0, Span::width))));
    buffer.set_line(area.x, area.y, &Line::from(left), area.width);
    buffer.set_line(area.right().saturating_sub(right_cells), area.y, &right, right_cells);
}

fn name(view: &View<'_>) -> String {
    if view.ui.size.0 < 100 {
        return view.store.name().to_string();
    }
    format!("quarterdeck {} {}", view.theme.glyphs().separator, view.store.name())
}

/// Tabs of environments; the one on the screen is always among those that fit.
fn tabs<'a>(view: &View<'a>, room: usize) -> Vec<Span<'a>> {
    let here = view.environment().map(|e| &e.id);
    let all: Vec<(bool, Vec<Span<'a>>)> =
        view.store.environments().iter().map(|e| (Some(&e.id) == here, tab(e, Some(&e.id) == here, view))).collect();
    let cells = |spans: &[Span<'_>]| spans.iter().map(Span::width).sum::<usize>();
    let own = all.iter().find(|(is_here, _)| *is_here).map_or(0, |(_, spans)| cells(spans));
    let mut left = room.saturating_sub(own);
    let mut hidden = 0;
    let mut shown = Vec::new();
    for (is_here, spans) in all {
        let wide = cells(&spans);
        // Four cells stay for the number of those that do not fit.
        if is_here || wide + 4 <= left {
            left -= if is_here { 0 } else { wide };
            shown.extend(spans);
        } else {
            hidden += 1;
        }
    }
    if hidden > 0 {
        shown.push(view.span(Role::Dim, format!(" +{hidden}")));
    }
    shown
}

fn tab<'a>(environment: &'a Environment, is_here: bool, view: &View<'a>) -> Vec<Span<'a>> {
    let summary = view.store.summary(environment, view.now);
    let glyph = view.theme.glyphs().health(summary.worst);
    let name = if environment.tier.is_protected() {
        environment.id.as_str().to_uppercase()
    } else {
        environment.id.to_string()
    };
    let total = summary.total();
    let count = match summary.worst {
        _ if environment.faults > 0 => format!("{glyph} faults "),
        Health::Healthy => format!("{glyph} {total} "),
        worst => format!("{glyph} {} of {total} ", summary.count(worst)),
    };
    let tier = view.style(environment.tier.into());
    let name_style = if is_here { tier.reversed() } else { tier };
    vec![
        view.span(Role::Header, " "),
        Span::styled(format!(" {name} "), name_style),
        Span::styled(" ", view.style(Role::Header)),
        view.span(Role::from(summary.worst), count),
    ]
}

fn right<'a>(view: &View<'a>) -> Line<'a> {
    let mut spans = Vec::new();
    let faults = view.store.faults().len() + view.ui.look_faults.len();
    if faults > 0 {
        spans.push(view.span(Role::Fault, format!(" {} ", super::pane::environments::plural(faults, "fault"))));
    }
    let protected = view.environment().is_some_and(|e| e.tier.is_protected());
    if view.ui.read_only || protected {
        spans.push(view.span(Role::ReadOnly, " read-only "));
    }
    spans.push(view.span(Role::Header, format!(" {} ", clock(view.now, &view.zone()))));
    Line::from(spans)
}
