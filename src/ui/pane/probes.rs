//! Parts of the detail that come from probes: their table, the report, the phases, the facts, the raw answer.

use ratatui::text::Line;

use crate::model::{Health, Outcome};
use crate::store::{ProbeState, ServiceState};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::text::{age, chop, cut, fit, fit_right, flow, millis, span, wrap};

/// A heading of a part of the detail.
pub fn heading<'a>(words: impl Into<String>, view: &View<'a>) -> Line<'a> {
    Line::from(view.span(Role::Dim, format!(" {}", words.into())))
}

/// The table of probes; what is not well has its reason under it.
pub fn table<'a>(service: &ServiceState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let longest = service.probes().iter().map(|p| p.info().id.name.chars().count()).max().unwrap_or(0).clamp(5, 16);
    let kinds = service.probes().iter().map(|p| p.info().kind.as_str().len()).max().unwrap_or(0).clamp(4, 11);
    let head = format!(
        " {}  {}  {} {}  {}  {}   asks",
        fit("  probe", longest + 2, ""),
        fit("kind", kinds, ""),
        fit("outcome", 8, ""),
        fit_right("ms", 7),
        fit_right("seen", 4),
        fit_right("every", 5)
    );
    let mut lines = vec![Line::from(view.span(Role::Dim, head))];
    for probe in service.probes() {
        let (health, _) = probe.health(view.now);
        let last = probe.last();
        // Behind a lost host the last known figure stays, dim.
        let newest = probe.newest_seen();
        let latency = newest.and_then(|(_, seen, _)| seen.latency);
        let is_old = newest.is_some_and(|(.., is_old)| is_old);
        let outcome = last.map_or("not yet", |(_, seen)| seen.outcome.word());
        let seen = last.map_or_else(|| "?".into(), |(at, _)| age(at, view.now));
        let doubted = probe.doubt().is_some() && health == Health::Healthy;
        let health = if doubted { Health::Degraded } else { health };
        let target = if probe.info().optional {
            format!("{} (optional)", probe.info().target)
        } else {
            probe.info().target.to_string()
        };
        let used = longest + kinds + 40;
        lines.push(Line::from(vec![
            view.span(Role::from(health), format!(" {} ", glyphs.health(health))),
            view.span(Role::Strong, fit(&probe.info().id.name, longest, glyphs.ellipsis)),
            view.span(Role::Dim, format!("  {}", fit(probe.info().kind.as_str(), kinds, ""))),
            view.span(outcome_role(last.map(|(_, seen)| seen.outcome)), format!("  {}", fit(outcome, 8, ""))),
            view.span(
                if is_old { Role::Stale } else { Role::Text },
                format!(" {}", fit_right(&latency.map_or_else(|| glyphs.missing.into(), millis), 7)),
            ),
            view.span(Role::Dim, format!("  {}", fit_right(&seen, 4))),
            view.span(Role::Dim, format!("  {}", fit_right(&span(probe.info().every), 5))),
            view.span(Role::Dim, format!("   {}", cut(&target, cells.saturating_sub(used), glyphs.ellipsis))),
        ]));
        lines.extend(reason(probe, cells, view));
    }
    lines
}

fn reason<'a>(probe: &ProbeState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some((_, seen)) = probe.last() else { return Vec::new() };
    // A host that is out of reach is told once, at the top.
    let Some(reason) = seen.reason.as_ref().filter(|_| seen.blocked_by.is_none()) else { return Vec::new() };
    let role = outcome_role(Some(seen.outcome));
    let doubt = match probe.doubt() {
        Some((_, count, needed)) => format!("({count} of {needed}) "),
        None => String::new(),
    };
    let text = format!("{doubt}{reason}");
    wrap(&text, cells.saturating_sub(7))
        .into_iter()
        .map(|line| {
            Line::from(vec![view.span(role, format!("   {} ", view.theme.glyphs().tree)), view.span(Role::Text, line)])
        })
        .collect()
}

fn outcome_role(outcome: Option<Outcome>) -> Role {
    match outcome {
        None => Role::Dim,
        Some(Outcome::Pass) => Role::Text,
        Some(outcome) => Role::from(Health::from(outcome)),
    }
}

/// ` as of 4m ago`, when it is not of now: a host on the way was lost since.
fn as_of(at: jiff::Timestamp, is_old: bool, view: &View<'_>) -> String {
    if is_old { format!(", as of {} ago", age(at, view.now)) } else { String::new() }
}

/// The entries of a health report, those in trouble first.
pub fn report<'a>(probe: &ProbeState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some((at, seen, is_old)) = probe.newest_seen() else { return Vec::new() };
    if seen.entries.is_empty() {
        return Vec::new();
    }
    let glyphs = view.theme.glyphs();
    let mut entries: Vec<_> = seen.entries.iter().collect();
    entries.sort_by_key(|e| std::cmp::Reverse(Health::from(e.outcome).rank()));
    let longest = entries.iter().map(|e| e.name.as_str().chars().count()).max().unwrap_or(0).clamp(6, 28);
    let words = format!("report of {}{}", probe.info().id.name, as_of(at, is_old, view));
    let mut lines = vec![Line::default(), heading(words, view)];
    let then = |role: Role| if is_old { Role::Stale } else { role };
    for entry in entries {
        let health = Health::from(entry.outcome);
        let took = entry.took.map_or(String::new(), |t| format!("{} ms", millis(t)));
        let detail = entry.detail.as_ref().map_or("", |d| d.as_str());
        lines.push(Line::from(vec![
            view.span(then(Role::from(health)), format!(" {} ", glyphs.health(health))),
            view.span(then(Role::Text), fit(entry.name.as_str(), longest, glyphs.ellipsis)),
            view.span(then(outcome_role(Some(entry.outcome))), format!(" {}", fit(entry.outcome.word(), 8, ""))),
            view.span(Role::Dim, format!(" {}", fit_right(&took, 9))),
            view.span(
                then(Role::Text),
                format!("  {}", cut(detail, cells.saturating_sub(longest + 25), glyphs.ellipsis)),
            ),
        ]));
    }
    lines
}

/// `resolve 0.1 · connect 0.2 · wait 11 · read 0.1 ms`, and named values.
pub fn phases_and_facts<'a>(probe: &ProbeState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some((at, seen, is_old)) = probe.newest_seen() else { return Vec::new() };
    let role = if is_old { Role::Stale } else { Role::Text };
    let separator = format!(" {} ", view.theme.glyphs().separator);
    let mut lines = Vec::new();
    let mut add = |mut words: Vec<String>, unit: &str| {
        let Some(last) = words.last_mut() else { return };
        last.push_str(unit);
        let name = format!("{}{}: ", probe.info().id.name, as_of(at, is_old, view));
        for (at, line) in flow(&words, &separator, cells.saturating_sub(2 + name.len())).into_iter().enumerate() {
            let lead = if at == 0 { name.clone() } else { " ".repeat(name.len()) };
            lines.push(Line::from(vec![view.span(Role::Dim, format!(" {lead}")), view.span(role, line)]));
        }
    };
    add(seen.phases.iter().map(|p| format!("{} {}", p.name.word(), millis(p.took))).collect(), " ms");
    add(seen.facts.iter().map(|f| format!("{} {}", f.name, f.value)).collect(), "");
    lines
}

/// The raw last answer, wrapped.
pub fn answer<'a>(probe: &ProbeState, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some((at, seen, is_old)) = probe.newest_seen() else { return Vec::new() };
    let Some(answer) = &seen.answer else { return Vec::new() };
    if answer.as_str().trim().is_empty() {
        return Vec::new();
    }
    let words = format!("last answer of {}{}", probe.info().id.name, as_of(at, is_old, view));
    let mut lines = vec![Line::default(), heading(words, view)];
    lines.extend(
        chop(answer.as_str(), cells.saturating_sub(4))
            .into_iter()
            .map(|line| Line::from(view.span(Role::Code, format!("   {line}")))),
    );
    lines
}
