//! The line at the top: the deck, every environment with tier, worst state and count, the badge, the clock. Production
//! looks like production from here on down.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::View;
use super::acting::{between, clock as clock_of, status};
use super::text::{clock, cut, width};
use crate::command::Command;
use crate::model::{Environment, Health, Severity};
use crate::store::OpenRun;
use crate::theme::Role;

/// Draws the line.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    buffer.set_style(area, view.style(Role::Header));
    let cells = usize::from(area.width);
    let here = view.environment().map_or(0, |e| width_of(&tab(e, true, usize::MAX, view)));
    // What the environment on the screen is in is never hidden: the clock goes first, then the name of the deck, then
    // the end of the name of the environment.
    let with_clock = right(view, true);
    let right = if with_clock.width() + here < cells { with_clock } else { right(view, false) };
    let room = cells.saturating_sub(right.width() + 1);
    let ellipsis = view.theme.glyphs().ellipsis;
    let name = match room.saturating_sub(here) {
        0..=5 => String::from(" "),
        free => format!(" {} ", cut(&name(view), free - 2, ellipsis)),
    };
    let mut left = vec![view.span(Role::Header, name)];
    left.extend(tabs(view, room.saturating_sub(width_of(&left))));
    buffer.set_line(area.x, area.y, &Line::from(left), area.width);
    let right_cells = u16::try_from(right.width()).unwrap_or(area.width);
    buffer.set_line(area.right().saturating_sub(right_cells), area.y, &right, right_cells);
}

fn width_of(spans: &[Span<'_>]) -> usize {
    spans.iter().map(Span::width).sum()
}

fn name(view: &View<'_>) -> String {
    let name = view.store.name();
    if name.as_str().is_empty() {
        return "quarterdeck".into();
    }
    if view.ui.size.0 < 100 {
        return name.to_string();
    }
    format!("quarterdeck {} {name}", view.theme.glyphs().separator)
}

/// Tabs of environments; the one on the screen is always among those that fit.
fn tabs<'a>(view: &View<'a>, room: usize) -> Vec<Span<'a>> {
    let here = view.environment().map(|e| &e.id);
    let all: Vec<(&Environment, bool, Vec<Span<'a>>)> = view
        .store
        .environments()
        .iter()
        .map(|e| (e, Some(&e.id) == here, tab(e, Some(&e.id) == here, room, view)))
        .collect();
    let own = all.iter().find(|(_, is_here, _)| *is_here).map_or(0, |(_, _, spans)| width_of(spans));
    let mut left = room.saturating_sub(own);
    let mut hidden = Vec::new();
    let mut shown = Vec::new();
    for (environment, is_here, spans) in all {
        let wide = width_of(&spans);
        // These cells stay for the number of those that do not fit, and the worst state among them.
        if is_here || wide + 6 <= left {
            left -= if is_here { 0 } else { wide };
            shown.extend(spans);
        } else {
            hidden.push(view.store.summary(environment, view.now).worst);
        }
    }
    let count = hidden.len();
    if let Some(worst) = hidden.into_iter().reduce(Health::worst) {
        shown.push(view.span(Role::Dim, format!(" +{count} ")));
        shown.push(view.span(Role::from(worst), view.theme.glyphs().health(worst)));
    }
    shown
}

/// The tab of an environment in at most `room` cells; its name gives way.
fn tab<'a>(environment: &'a Environment, is_here: bool, room: usize, view: &View<'a>) -> Vec<Span<'a>> {
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
        // The number of those that are well; with `of`, the number of those that are not.
        Health::Healthy => {
            let paused = match summary.count(Health::Paused) {
                0 => String::new(),
                paused => format!("{} {paused} ", view.theme.glyphs().health(Health::Paused)),
            };
            format!("{glyph} {} {paused}", summary.count(Health::Healthy))
        }
        worst => format!("{glyph} {} of {total} ", summary.count(worst)),
    };
    let name = cut(&name, room.saturating_sub(width(&count) + 4), view.theme.glyphs().ellipsis).into_owned();
    let tier = view.style(environment.tier.into());
    let name_style = if is_here { tier.reversed() } else { tier };
    vec![
        view.span(Role::Header, " "),
        Span::styled(format!(" {name} "), name_style),
        Span::styled(" ", view.style(Role::Header)),
        view.span(Role::from(summary.worst), count),
    ]
}

fn right<'a>(view: &View<'a>, with_clock: bool) -> Line<'a> {
    let mut spans = Vec::new();
    let all = view.store.faults().iter().chain(&view.ui.look_faults);
    let faults = all.filter(|f| f.severity == Severity::Error).count();
    if faults > 0 {
        spans.push(view.span(Role::Fault, format!(" {} ", super::pane::environments::plural(faults, "fault"))));
    }
    let going: Vec<&OpenRun> = view.store.acting().going().collect();
    if let Some(first) = going.first() {
        let asked = going.iter().find(|run| run.state().question.is_some() && run.is_ours());
        let (role, glyph) = status(asked.unwrap_or(first).status(), view.theme.glyphs());
        let words =
            if asked.is_some() { "asks you".to_owned() } else { super::pane::environments::plural(going.len(), "run") };
        spans.push(view.span(role, format!(" {glyph} {words} ")));
        spans.push(view.span(Role::Key, format!("{} ", view.key(Command::Runs))));
    }
    let here = view.environment().filter(|e| e.tier.is_protected());
    let armed = here.and_then(|e| view.store.acting().armed(view.now).filter(|(id, _)| **id == e.id));
    match armed {
        Some((_, until)) if !view.ui.read_only => {
            spans.push(view.span(Role::Armed, format!(" armed {} ", clock_of(between(view.now, until)))));
        }
        _ if view.ui.read_only || here.is_some() => spans.push(view.span(Role::ReadOnly, " read-only ")),
        _ => {}
    }
    if with_clock {
        spans.push(view.span(Role::Header, format!(" {} ", clock(view.on_the_wall(view.now), &view.zone()))));
    }
    Line::from(spans)
}
