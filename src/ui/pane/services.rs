//! The services pane: what is wrong stands first, with its reason under it; what is well takes one calm line.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{empty, more, row};
use crate::command::Command;
use crate::model::{Health, Outcome};
use crate::store::snapshot::explain;
use crate::store::{ProbeState, ServiceState};
use crate::theme::Role;
use crate::ui::rows::{first_row, selected, service_height, services};
use crate::ui::text::{cut, fit, fit_right, millis, percent};
use crate::ui::{Pane, View};

/// Times that a sparkline may cover: as little as holds what has been seen, so that a young console shows something.
const SPANS: [Duration; 5] = [
    Duration::from_mins(1),
    Duration::from_mins(2),
    Duration::from_mins(5),
    Duration::from_mins(10),
    Duration::from_mins(30),
];

/// The time that the sparklines of these services cover.
fn spark_span<'s>(services: impl Iterator<Item = &'s ServiceState>, now: jiff::Timestamp) -> Duration {
    let windows = services.filter_map(ServiceState::leading).map(|p| p.series().window(now));
    span_for(windows.max().unwrap_or_default())
}

/// The shortest span that holds a window.
pub fn span_for(window: Duration) -> Duration {
    let longest = SPANS.last().copied().unwrap_or_default();
    SPANS.into_iter().find(|span| *span >= window).unwrap_or(longest)
}

/// Cells of each column; zero means that it is left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Columns {
    name: usize,
    spark: usize,
    span: Duration,
    uptime: usize,
    version: usize,
}

impl Columns {
    /// Text columns give way first, then optional ones: version, uptime, sparkline.
    fn plan(cells: usize, longest_name: usize, has_version: bool, span: Duration) -> Self {
        let fixed = 3 + 1 + 9 + 1 + 5 + 1 + 7;
        let wanted = longest_name.clamp(8, 32);
        let mut columns = Columns { name: wanted, span, ..Self::default() };
        // A blank stays before the frame.
        let mut left = cells.saturating_sub(fixed + wanted + 1);
        if left == 0 {
            columns.name = cells.saturating_sub(fixed + 1).max(4);
            return columns;
        }
        let mut take = |cells: usize| {
            let taken = if left >= cells { cells } else { 0 };
            left -= taken;
            taken
        };
        columns.spark = take(16).saturating_sub(2);
        columns.uptime = take(9);
        columns.version = if has_version { take(14) } else { 0 };
        if columns.spark > 0 {
            columns.spark += left.min(16);
        }
        columns
    }
}

/// Draws the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    let rows = services(view.store, view.ui, view.now);
    let chosen = selected(view.store, view.ui, view.now).map(|s| &s.declared().id);
    let at = rows.iter().position(|s| Some(&s.declared().id) == chosen).unwrap_or(0);
    let heights: Vec<usize> = rows.iter().map(|s| service_height(s, view.now)).collect();
    let room = usize::from(area.height.saturating_sub(3));
    let top = first_row(&heights, view.ui.tops.get(&Pane::Services).copied().unwrap_or(0), at, room);
    let inner = view.framed(buffer, area, Pane::Services, title(view), summary_words(view, &rows));
    if rows.is_empty() {
        return empty(buffer, inner, &why_empty(view), view);
    }
    let longest = rows.iter().map(|s| s.declared().id.name.chars().count()).max().unwrap_or(0);
    let has_version = rows.iter().any(|s| s.version().is_some());
    let span = spark_span(rows.iter().copied(), view.now);
    let columns = Columns::plan(usize::from(inner.width), longest, has_version, span);
    buffer.set_line(inner.x, inner.y, &head(columns, view), inner.width);
    let mut y = inner.y + 1;
    let mut shown = top;
    for (index, service) in rows.iter().enumerate().skip(top) {
        if y >= inner.bottom() {
            break;
        }
        let is_selected = index == at;
        row(
            buffer,
            inner,
            y,
            &line(service, is_selected, columns, view),
            is_selected && view.has_cursor(Pane::Services),
            view,
        );
        y += 1;
        if let Some(reason) = reason(service, usize::from(inner.width), view) {
            row(buffer, inner, y, &reason, false, view);
            y += 1;
        }
        shown = index + 1;
    }
    let hint = more(top, rows.len() - shown);
    if !hint.is_empty() {
        let line = Line::from(view.span(Role::Dim, hint));
        let x = area.right().saturating_sub(u16::try_from(line.width()).unwrap_or(0) + 2);
        buffer.set_line(x, area.bottom() - 1, &line, area.width);
    }
}

fn title<'a>(view: &View<'a>) -> Line<'a> {
    let Some(environment) = view.environment() else { return Line::from(view.span(Role::Title, " services ")) };
    Line::from(vec![
        view.span(Role::Title, " services "),
        view.span(Role::Dim, format!("{} ", view.theme.glyphs().separator)),
        view.span(Role::Title, environment.id.as_str()),
        view.span(Role::Accent, filter_words(view, Pane::Services)),
        view.span(Role::Text, " "),
    ])
}

/// ` /text` when the pane is filtered.
pub fn filter_words(view: &View<'_>, pane: Pane) -> String {
    view.ui.live_filter(pane).map_or(String::new(), |f| format!(" /{}", f.text()))
}

fn summary_words<'a>(view: &View<'a>, rows: &[&ServiceState]) -> Line<'a> {
    let shown = rows.len();
    let separator = view.theme.glyphs().separator;
    let all = view.environment().map_or(0, |e| e.services.len());
    let mut words = if shown < all { format!(" {shown} of {all} ") } else { format!(" {all} ") };
    let marked = rows.iter().filter(|s| view.ui.marks.contains(&s.declared().id)).count();
    // Marked services that the filter hides are not acted on.
    match view.ui.marks.len() {
        0 => {}
        all if all == marked => words.push_str(&format!("{separator} {marked} marked ")),
        all => words.push_str(&format!("{separator} {marked} of {all} marked ")),
    }
    words.push_str(&format!("{separator} {} ", view.ui.sort.words()));
    Line::from(view.span(Role::Dim, words))
}

fn why_empty(view: &View<'_>) -> String {
    match view.environment() {
        None => "the deck has no environments; `qd init` writes a start".into(),
        Some(e) if e.faults > 0 => {
            let key = view.key(Command::Faults);
            format!("this environment does not load because of faults in the deck; {key} shows them")
        }
        Some(e) if e.services.is_empty() => {
            "this environment has no services yet; add services.NAME to the deck".into()
        }
        Some(_) => format!("nothing passes the filter; {} drops it", view.key(Command::Back)),
    }
}

fn head<'a>(columns: Columns, view: &View<'a>) -> Line<'a> {
    let mut text = format!("   {} health    since", fit("service", columns.name, ""));
    text.push_str(&format!(" {}", fit_right("p95 ms", 7)));
    if columns.spark > 0 {
        text.push_str(&format!("  {}", fit(&format!("last {} min", columns.span.as_secs() / 60), columns.spark, "")));
    }
    if columns.uptime > 0 {
        text.push_str(&fit_right("up", columns.uptime));
    }
    if columns.version > 0 {
        text.push_str(&format!("  {}", fit("version", columns.version - 3, "")));
    }
    Line::from(view.span(Role::Dim, text))
}

fn line<'a>(service: &'a ServiceState, is_selected: bool, columns: Columns, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let declared = service.declared();
    let health = service.health(view.now);
    // What does not alarm is told without colour.
    let unneeded = declared.optional && health != Health::Healthy;
    let quiet = unneeded || matches!(health, Health::Stale | Health::Paused);
    let (word, state) = (health.word(), if unneeded { Role::Dim } else { Role::from(health) });
    let plain = if quiet { Role::Dim } else { Role::Text };
    let lead = match (view.ui.marks.contains(&declared.id), is_selected) {
        (true, _) => view.span(Role::Marked, glyphs.mark),
        (false, true) => view.span(Role::Accent, glyphs.cursor),
        (false, false) => view.span(Role::Text, " "),
    };
    let since = super::lasting(service, view);
    let figures = service.leading().map(|p| p.series().figures()).unwrap_or_default();
    let p95 = match (figures.p95, health) {
        (Some(p95), _) => millis(p95),
        (None, Health::Unknown) => "?".into(),
        (None, _) => glyphs.missing.into(),
    };
    let name_role = if quiet { Role::Dim } else { Role::Strong };
    let mut spans = vec![
        lead,
        view.span(state, format!("{} ", glyphs.health(health))),
        view.span(name_role, fit(&declared.id.name, columns.name, glyphs.ellipsis)),
        view.span(state, format!(" {}", fit(word, 9, ""))),
        view.span(Role::Dim, format!(" {}", fit_right(&since, 5))),
        view.span(plain, format!(" {}", fit_right(&p95, 7))),
    ];
    if columns.spark > 0 {
        spans.push(view.span(Role::Text, "  "));
        match service.leading() {
            Some(probe) => spans.extend(sparkline(probe, columns.span, columns.spark, view)),
            None => spans.push(view.span(Role::Dim, " ".repeat(columns.spark))),
        }
    }
    if columns.uptime > 0 {
        let uptime = service.uptime().map_or_else(|| "?".into(), percent);
        spans.push(view.span(Role::Dim, fit_right(&uptime, columns.uptime)));
    }
    if columns.version > 0 {
        let version = service.version().map_or("", |v| v.as_str());
        spans.push(view.span(Role::Dim, format!("  {}", fit(version, columns.version - 3, glyphs.ellipsis))));
    }
    Line::from(spans)
}

/// One cell a bucket; its height is the latency against the slowest shown, its colour the worst outcome. What was seen
/// holds until the probe should have looked again, so that only a look that did not happen leaves a hole.
pub fn sparkline<'a>(probe: &ProbeState, span: Duration, cells: usize, view: &View<'a>) -> Vec<Span<'a>> {
    let glyphs = view.theme.glyphs();
    let mut buckets = probe.series().buckets(view.now, span, cells);
    let pause = probe.info().every + probe.info().timeout;
    let holds = (pause.as_secs_f64() * cells as f64 / span.as_secs_f64().max(1.0)) as usize;
    let mut held = (None, 0);
    for bucket in &mut buckets {
        held = match bucket {
            Some(_) => (*bucket, holds),
            None => (held.0.filter(|_| held.1 > 0), held.1.saturating_sub(1)),
        };
        *bucket = held.0;
    }
    let slowest = buckets.iter().flatten().filter_map(|b| b.latency).max().unwrap_or_default();
    // Against at least 20 ms, so that a calm line looks calm and not like a mountain range of noise.
    let scale = slowest.max(Duration::from_millis(20)).as_secs_f64();
    let mut spans: Vec<(Role, String)> = Vec::new();
    for bucket in buckets {
        let (role, glyph) = match bucket {
            None => (Role::Dim, " "),
            Some(bucket) => {
                let role = match bucket.outcome {
                    Outcome::Pass => Role::Spark,
                    outcome => Role::from(Health::from(outcome)),
                };
                let share = bucket.latency.map_or(0.0, |l| l.as_secs_f64() / scale);
                let step = ((share * 8.0).ceil() as usize).clamp(1, 8) - 1;
                let glyph = match (bucket.latency, bucket.outcome) {
                    (None, Outcome::Unknown) => "?",
                    (None, _) => glyphs.health(Health::Unhealthy),
                    _ => glyphs.spark.get(step).copied().unwrap_or(" "),
                };
                (role, glyph)
            }
        };
        match spans.last_mut() {
            Some((last, text)) if *last == role => text.push_str(glyph),
            _ => spans.push((role, glyph.to_owned())),
        }
    }
    spans.into_iter().map(|(role, text)| view.span(role, text)).collect()
}

/// The line under a service that is not well.
fn reason<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Option<Line<'a>> {
    if service_height(service, view.now) == 1 {
        return None;
    }
    let glyphs = view.theme.glyphs();
    let health = service.health(view.now);
    let unneeded = service.declared().optional;
    let (role, words) = if health == Health::Healthy {
        let (probe, outcome, count, needed) = service.doubtful()?;
        let reason = probe.last().and_then(|(_, seen)| seen.reason.as_ref()).map_or("", |r| r.as_str());
        let words = format!("{} {} {count} of {needed}: {reason}", probe.info().id.name, outcome.word());
        (Role::from(Health::from(outcome)), words)
    } else {
        let mut words = explain(view.store, service, view.now).unwrap_or_default();
        let others = service.others_in_trouble(view.now);
        if others > 0 && health == Health::Unhealthy {
            words = format!("(+{others}) {words}");
        }
        (
            if unneeded { Role::Dim } else { Role::from(health) },
            if unneeded { format!("optional {} {words}", glyphs.separator) } else { words },
        )
    };
    let words = cut(&words, cells.saturating_sub(6), glyphs.ellipsis).into_owned();
    let plain = if unneeded || health == Health::Paused { Role::Dim } else { Role::Text };
    Some(Line::from(vec![view.span(role, format!("   {} ", glyphs.tree)), view.span(plain, words)]))
}
