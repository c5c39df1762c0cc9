//! The environments pane: each with its tier, its counts and what is wrong in it, worst cause first.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{empty, more, row};
use crate::model::{Environment, Health};
use crate::store::{Cause, Summary};
use crate::theme::Role;
use crate::ui::rows::{MOST_CAUSES, environment_height, environments, first_row};
use crate::ui::text::{age, cut, fit, fit_right, width};
use crate::ui::{Pane, View};

/// Draws the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    let title = Line::from(
        view.span(Role::Title, format!(" environments{} ", super::services::filter_words(view, Pane::Environments))),
    );
    let rows = environments(view.store, view.ui);
    let here = view.environment().map(|e| &e.id);
    let selected = rows.iter().position(|e| Some(&e.id) == here).unwrap_or(0);
    let heights: Vec<usize> = rows.iter().map(|e| environment_height(view.store, e, view.now)).collect();
    let room = usize::from(area.height.saturating_sub(2));
    let wish = view.ui.tops.get(&Pane::Environments).copied().unwrap_or(0);
    let top = first_row(&heights, wish, selected, room);
    let inner = view.framed(buffer, area, Pane::Environments, title, Line::default());
    if rows.is_empty() {
        let words = if view.store.environments().is_empty() {
            "the deck has no environments"
        } else {
            "nothing passes the filter"
        };
        return empty(buffer, inner, words, view);
    }
    let mut y = inner.y;
    let mut shown = top;
    for (at, environment) in rows.iter().enumerate().skip(top) {
        if y >= inner.bottom() {
            break;
        }
        let summary = view.store.summary(environment, view.now);
        for (index, line) in
            lines(environment, &summary, at == selected, usize::from(inner.width), view).iter().enumerate()
        {
            row(buffer, inner, y, line, at == selected && index == 0 && view.has_cursor(Pane::Environments), view);
            y = y.saturating_add(1);
        }
        shown = at + 1;
    }
    let hint = more(top, rows.len() - shown.min(rows.len()));
    if !hint.is_empty() && area.width > 24 {
        let line = Line::from(view.span(Role::Dim, hint));
        let x = area.right().saturating_sub(u16::try_from(line.width()).unwrap_or(0) + 2);
        buffer.set_line(x, area.bottom() - 1, &line, area.width);
    }
}

fn lines<'a>(
    environment: &'a Environment,
    summary: &Summary<'a>,
    is_selected: bool,
    cells: usize,
    view: &View<'a>,
) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let tier = environment.tier.word();
    let name_cells = cells.saturating_sub(4 + tier.len() + 1);
    let mut lines = vec![Line::from(vec![
        view.span(Role::Accent, if is_selected { glyphs.cursor } else { " " }),
        view.span(Role::from(summary.worst), format!("{} ", glyphs.health(summary.worst))),
        view.span(Role::Strong, fit(environment.id.as_str(), name_cells, glyphs.ellipsis)),
        view.span(environment.tier.into(), tier_word(tier, environment)),
    ])];
    lines.push(counts(summary, view));
    if environment.faults > 0 {
        let words = format!("   {} in the deck", plural(environment.faults, "fault"));
        lines.push(Line::from(view.span(Role::Fault, words)));
    }
    for trouble in summary.causes.iter().take(MOST_CAUSES) {
        let (name, followers) = match trouble.cause {
            Cause::Host(host, _) => (format!("host {}", host.name), trouble.followers + 1),
            _ => (trouble.service.declared().id.name.to_string(), trouble.followers),
        };
        let more = if followers > 0 { format!(" +{followers}") } else { String::new() };
        let since = trouble.service.since(view.now).map_or_else(|| "?".into(), |at| age(at, view.now));
        let name_cells = cells.saturating_sub(9 + width(&more));
        let name = cut(&name, name_cells, glyphs.ellipsis).into_owned() + &more;
        lines.push(Line::from(vec![
            view.span(Role::from(trouble.health), format!("   {} ", glyphs.health(trouble.health))),
            view.span(Role::Text, fit(&name, cells.saturating_sub(9), glyphs.ellipsis)),
            view.span(Role::Dim, fit_right(&since, 3)),
        ]));
    }
    lines.push(Line::default());
    lines
}

fn tier_word(tier: &str, environment: &Environment) -> String {
    if environment.tier.is_protected() { tier.to_uppercase() } else { tier.to_owned() }
}

/// `1 unhealthy · 5 healthy`.
fn counts<'a>(summary: &Summary<'a>, view: &View<'a>) -> Line<'a> {
    let mut spans: Vec<Span<'a>> = vec![view.span(Role::Text, "   ")];
    let mut first = true;
    for health in Health::ALL.iter().rev() {
        let count = summary.count(*health);
        if count == 0 {
            continue;
        }
        if !first {
            spans.push(view.span(Role::Dim, format!(" {} ", view.theme.glyphs().separator)));
        }
        first = false;
        let role = if *health == Health::Healthy { Role::Dim } else { Role::from(*health) };
        spans.push(view.span(role, format!("{count} {}", health.word())));
    }
    if first {
        spans.push(view.span(Role::Dim, "no services"));
    }
    Line::from(spans)
}

/// `1 fault`, `2 faults`.
pub fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
