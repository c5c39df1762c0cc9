//! Below a run: how the services that it touches fare, and what a person is asked.

use ratatui::text::{Line, Span};

use crate::command::Command;
use crate::model::run::{Choice, Question};
use crate::model::runbook::{Action, Checked};
use crate::model::{Health, ServiceId};
use crate::store::OpenRun;
use crate::store::probe::ProbeState;
use crate::store::snapshot::explain;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::pane::services::sparkline;
use crate::ui::run::{RunView, asked, choices};
use crate::ui::text::{age, cut, millis, width, wrap};

/// Everything below a run.
pub fn lines<'a>(run: &RunView, open: &OpenRun, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let rule = || Line::from(view.span(Role::Border, view.theme.glyphs().rule.repeat(cells)));
    let mut lines = vec![rule()];
    let most = if view.ui.size.1 < 30 { 1 } else { 4 };
    lines.extend(touched(open).iter().take(most).map(|id| pulse(id, cells, view)));
    if let Some(asked) = &open.state().question {
        lines.push(rule());
        lines.extend(question(run, asked, open, cells, view));
    }
    lines
}

/// The service that a run is for, then those that its steps wait for.
fn touched(open: &OpenRun) -> Vec<ServiceId> {
    let target = &open.state().plan.target;
    let mut found = vec![target.clone()];
    for step in &open.state().plan.steps {
        let Action::Wait(wait) = &step.step.action else { continue };
        for until in &wait.until {
            if let Checked::Health(Some(name)) = &until.what {
                let id = target.environment.service(name);
                if !found.contains(&id) {
                    found.push(id);
                }
            }
        }
    }
    found
}

fn pulse<'a>(id: &ServiceId, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let Some(service) = view.store.service(id) else {
        return Line::from(view.span(Role::Unknown, format!(" ? {id} is not in the deck any more")));
    };
    let health = service.health(view.now);
    let role = Role::from(health);
    let mut spans = vec![
        view.span(role, format!(" {} ", glyphs.health(health))),
        view.span(Role::Strong, format!("{} ", id.name)),
        view.span(role, health.word()),
    ];
    if let Some(since) = service.since(view.now) {
        spans.push(view.span(Role::Dim, format!(" {}", age(since, view.now))));
    }
    if let Some(version) = service.version() {
        spans.push(view.span(Role::Dim, format!("  {version}")));
    }
    let used: usize = spans.iter().map(Span::width).sum();
    if let Some(why) = explain(view.store, service, view.now).filter(|_| health != Health::Healthy) {
        let words = cut(&why, cells.saturating_sub(used + 4), glyphs.ellipsis).into_owned();
        spans.push(view.span(Role::Text, format!("  {words}")));
    } else if let Some(probe) = service.leading().filter(|p| !p.series().is_empty()) {
        spans.extend(latency(probe, cells.saturating_sub(used + 2), view));
    }
    Line::from(spans)
}

/// The newest latency and those before it, one cell a look, as far as it was looked.
fn latency<'a>(probe: &ProbeState, cells: usize, view: &View<'a>) -> Vec<Span<'a>> {
    let newest = probe.last().and_then(|(_, seen)| seen.latency);
    let head = format!("   {} {} ms ", probe.info().id.name, newest.map_or("?".to_owned(), millis));
    let room = cells.saturating_sub(width(&head)).min(30);
    if room < 8 {
        return Vec::new();
    }
    let looks = u32::try_from(room).unwrap_or(8);
    let mut line = sparkline(probe, probe.info().every * looks, room, view);
    // Before the first look there is nothing to leave room for.
    if let Some(first) = line.first_mut().filter(|span| span.content.trim().is_empty()) {
        first.content = "".into();
    }
    line.insert(0, view.span(Role::Dim, head));
    line
}

/// The command that gives an answer.
pub fn command_of(choice: Choice) -> Command {
    match choice {
        Choice::GoOn => Command::GoOn,
        Choice::Retry => Command::Retry,
        Choice::Skip => Command::Skip,
        Choice::MarkDone => Command::MarkDone,
        Choice::Undo => Command::Undo,
        Choice::OnFailure => Command::OnFailure,
        Choice::GiveUp => Command::GiveUp,
    }
}

fn question<'a>(run: &RunView, question: &Question, open: &OpenRun, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let role = if matches!(question, Question::Danger { .. }) { Role::Danger } else { Role::Degraded };
    let mut lines: Vec<Line<'a>> = wrap(&asked(question), cells.saturating_sub(4))
        .into_iter()
        .enumerate()
        .take(4)
        .map(|(at, line)| Line::from(view.span(role, format!(" {} {line}", if at == 0 { "?" } else { " " }))))
        .collect();
    if let Question::Boxes { items, ticked, .. } = question {
        lines.extend(boxes(run, items, ticked, cells, view));
    }
    if !open.is_ours() {
        lines.push(Line::from(
            view.span(Role::Dim, " the console that drives it is asked; here it can only be looked at"),
        ));
        return lines;
    }
    let mut line: Vec<Span<'a>> = vec![view.span(Role::Text, " ")];
    let mut used = 1;
    for choice in choices(question) {
        let key = view.key(command_of(choice));
        let words = match &open.state().plan.on_failure {
            Some(other) if choice == Choice::OnFailure => format!(" run {}   ", other.runbook),
            _ if choice.needs_reason() => format!(" {}, with a reason   ", choice.words()),
            _ => format!(" {}   ", choice.words()),
        };
        let wide = width(&key) + width(&words);
        if used + wide > cells && used > 1 {
            lines.push(Line::from(std::mem::replace(&mut line, vec![view.span(Role::Text, " ")])));
            used = 1;
        }
        used += wide;
        line.extend([view.span(Role::Key, key), view.span(Role::Text, words)]);
    }
    if used > 1 {
        lines.push(Line::from(line));
    }
    lines
}

fn boxes<'a>(
    run: &RunView,
    items: &[crate::model::Text],
    ticked: &[usize],
    cells: usize,
    view: &View<'a>,
) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let at = run.at_box.min(items.len().saturating_sub(1));
    let first = at.saturating_sub(5);
    let line = |(index, item): (usize, &crate::model::Text)| {
        let done = ticked.contains(&index);
        let words = cut(item.as_str(), cells.saturating_sub(8), glyphs.ellipsis).into_owned();
        Line::from(vec![
            view.span(Role::Accent, if index == at { glyphs.cursor } else { " " }),
            view.span(if done { Role::Healthy } else { Role::Strong }, if done { " [x] " } else { " [ ] " }),
            view.span(if done { Role::Dim } else { Role::Text }, words),
        ])
    };
    items.iter().enumerate().skip(first).take(6).map(line).collect()
}
