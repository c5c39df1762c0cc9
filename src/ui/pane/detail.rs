//! The detail of one service: why it is as it is, its probes, its report, its latency, its changes, the raw answers.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::probes::{answer, heading, phases_and_facts, report, table};
use super::services::{span_for, sparkline};
use super::{empty, more, put};
use crate::model::Health;
use crate::store::snapshot::explain;
use crate::store::{Cause, HostState, ServiceState};
use crate::theme::Role;
use crate::ui::rows::selected;
use crate::ui::text::{age, cut, fit, millis, percent, span, time, wrap};
use crate::ui::{Pane, View, host};

/// Changes told.
const MOST_CHANGES: usize = 12;

/// Draws the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    let Some(service) = selected(view.store, view.ui, view.now) else {
        let inner =
            view.framed(buffer, area, Pane::Detail, Line::from(view.span(Role::Title, " service ")), Line::default());
        return empty(buffer, inner, "no service is selected", view);
    };
    let inner = view.framed(buffer, area, Pane::Detail, title(service, view), state(service, view));
    let lines = lines(service, usize::from(inner.width), view);
    let room = usize::from(inner.height);
    let top = view.ui.scroll.min(lines.len().saturating_sub(room));
    for (line, y) in lines.iter().skip(top).zip(inner.y..inner.bottom()) {
        put(buffer, inner, y, line);
    }
    let hint = more(top, lines.len().saturating_sub(top + room));
    if !hint.is_empty() {
        let line = Line::from(view.span(Role::Dim, hint));
        let x = area.right().saturating_sub(u16::try_from(line.width()).unwrap_or(0) + 2);
        buffer.set_line(x, area.bottom() - 1, &line, area.width);
    }
}

/// The furthest it can be scrolled in this area.
pub fn furthest(area: Rect, view: &View<'_>) -> usize {
    let (cells, room) = (area.width.saturating_sub(2), area.height.saturating_sub(2));
    let service = selected(view.store, view.ui, view.now);
    service.map_or(0, |s| lines(s, usize::from(cells), view).len()).saturating_sub(usize::from(room))
}

fn title<'a>(service: &ServiceState, view: &View<'a>) -> Line<'a> {
    let id = &service.declared().id;
    Line::from(vec![
        view.span(Role::Title, format!(" {} ", id.name)),
        view.span(Role::Dim, format!("{} {} ", view.theme.glyphs().separator, id.environment)),
    ])
}

fn state<'a>(service: &ServiceState, view: &View<'a>) -> Line<'a> {
    let health = service.health(view.now);
    let glyph = view.theme.glyphs().health(health);
    let mut spans = vec![view.span(Role::from(health), format!(" {glyph} {} ", health.word()))];
    if let Some(since) = service.since(view.now) {
        let since_when = if service.is_older() { "since before" } else { "since" };
        let words = format!(
            "{since_when} {} ({}) ",
            time(view.on_the_wall(since), view.on_the_wall(view.now), &view.zone()),
            age(since, view.now)
        );
        spans.push(view.span(Role::Dim, words));
    }
    Line::from(spans)
}

fn lines<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = why(service, cells, view);
    lines.extend(hosts(service, cells, view));
    lines.extend(about(service, cells, view));
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(table(service, cells, view));
    let mut probes: Vec<_> = service.probes().iter().collect();
    probes.sort_by_key(|p| std::cmp::Reverse(p.health(view.now).0.rank()));
    lines.extend(probes.iter().flat_map(|p| report(p, cells, view)));
    lines.extend(latency(service, cells, view));
    let facts: Vec<_> = probes.iter().flat_map(|p| phases_and_facts(p, cells, view)).collect();
    if !facts.is_empty() {
        lines.extend([Line::default(), heading("last look", view)]);
        lines.extend(facts);
    }
    lines.extend(changes(service, cells, view));
    lines.extend(probes.iter().flat_map(|p| answer(p, cells, view)));
    lines
}

/// The cause, in full.
fn why<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let health = service.health(view.now);
    if health == Health::Healthy {
        return Vec::new();
    }
    let Some(words) = explain(view.store, service, view.now) else { return Vec::new() };
    wrap(&words, cells.saturating_sub(3))
        .into_iter()
        .map(|line| {
            Line::from(vec![
                view.span(Role::from(health), format!(" {} ", view.theme.glyphs().tree)),
                view.span(Role::Strong, line),
            ])
        })
        .collect()
}

/// The hosts it runs on and is looked at through, and how their connections stand.
fn hosts<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let told = match service.cause(view.now) {
        Some(Cause::Host(id, _)) => Some(id),
        _ => None,
    };
    let declared = service.declared().host.as_ref();
    let line = |host: &HostState| {
        let id = &host.declared().id;
        let how = if declared == Some(id) { "on" } else { "through" };
        // The cause that explains the service stands above already.
        let words = host::words(host, told != Some(id), view);
        let mut spans = vec![
            view.span(Role::Dim, format!(" {how} ")),
            view.span(Role::Text, format!("{} ", id.name)),
            host::state(host, view),
            view.span(Role::Text, " "),
        ];
        let used: usize = spans.iter().map(ratatui::text::Span::width).sum();
        let words = cut(&words, cells.saturating_sub(used + 1), view.theme.glyphs().ellipsis).into_owned();
        let role = if host::in_trouble(host) { Role::Text } else { Role::Dim };
        spans.push(view.span(role, words));
        Line::from(spans)
    };
    host::of_service(view.store, service).into_iter().map(line).collect()
}

/// What the deck says of it.
fn about<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let declared = service.declared();
    let glyphs = view.theme.glyphs();
    let mut words: Vec<String> = declared.doc.iter().map(ToString::to_string).collect();
    words.extend(service.version().map(|v| format!("version {v}")));
    if declared.optional {
        words.push("optional: its absence does not alarm".into());
    }
    if !declared.depends.is_empty() {
        let names = declared.depends.iter().map(|id| {
            let health = view.store.service(id).map_or(Health::Unknown, |s| s.health(view.now));
            format!("{} {}", glyphs.health(health), id.name)
        });
        words.push(format!("depends on {}", names.collect::<Vec<_>>().join(" ")));
    }
    if words.is_empty() {
        return Vec::new();
    }
    let text = words.join(&format!(" {} ", glyphs.separator));
    wrap(&text, cells.saturating_sub(2))
        .into_iter()
        .map(|l| Line::from(view.span(Role::Dim, format!(" {l}"))))
        .collect()
}

fn latency<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some(probe) = service.leading().filter(|p| !p.series().is_empty()) else { return Vec::new() };
    let series = probe.series();
    let figures = series.figures();
    let shown = span_for(series.window(view.now));
    let glyphs = view.theme.glyphs();
    let number = |value: Option<Duration>| value.map_or_else(|| glyphs.missing.to_owned(), millis);
    let words = format!(
        "latency of {}, last {} min   p50 {}  p95 {}  slowest {} ms   up {} of {}",
        probe.info().id.name,
        shown.as_secs() / 60,
        number(figures.p50),
        number(figures.p95),
        number(figures.slowest),
        figures.uptime.map_or_else(|| "?".into(), percent),
        span(series.window(view.now)),
    );
    let mut line = vec![view.span(Role::Text, " ")];
    line.extend(sparkline(probe, shown, cells.saturating_sub(2).min(90), view));
    let mut lines = vec![Line::default()];
    lines.extend(wrap(&words, cells.saturating_sub(2)).into_iter().map(|words| heading(words, view)));
    lines.push(Line::from(line));
    lines
}

fn changes<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    if service.changes().len() == 0 {
        return Vec::new();
    }
    let glyphs = view.theme.glyphs();
    let zone = view.zone();
    let mut lines = vec![Line::default(), heading("changes", view)];
    for change in service.changes().rev().take(MOST_CHANGES) {
        let probe = change.probe.as_ref().map_or(String::new(), |p| format!("{p}: "));
        let reason = change.reason.as_ref().map_or("", |r| r.as_str());
        let words = if reason.is_empty() { String::new() } else { format!("{probe}{reason}") };
        let room = cells.saturating_sub(40);
        lines.push(Line::from(vec![
            view.span(
                Role::Dim,
                format!(" {} ", fit(&time(view.on_the_wall(change.at), view.on_the_wall(view.now), &zone), 12, "")),
            ),
            view.span(Role::Dim, format!("{} {} ", fit(change.from.word(), 9, ""), glyphs.arrow)),
            view.span(Role::from(change.to), format!("{} {} ", glyphs.health(change.to), fit(change.to.word(), 9, ""))),
            view.span(Role::Text, cut(&words, room, glyphs.ellipsis).into_owned()),
        ]));
    }
    lines
}
