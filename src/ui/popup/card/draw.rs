//! Draws the card of a plan: what keeps it from running first, then what it is, then its steps, and at the bottom what
//! will not be taken back and how to say yes.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::Card;
use super::steps::steps;
use crate::command::Command;
use crate::model::plan::{PlannedHost, PlannedLock, Sudo};
use crate::model::run::Liveness;
use crate::model::{Level, Plan};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::acting::tier_word;
use crate::ui::consent::{self, Demand};
use crate::ui::popup::framed_in;
use crate::ui::popup::question::{border, environment, field, sentence, told};
use crate::ui::text::{age, cut, span as human, width, wrap};

/// Cells of the card, where there are as many.
const WIDTH: u16 = 132;

/// Draws the card.
pub fn draw(buffer: &mut Buffer, body: Rect, card: &Card, view: &View<'_>) {
    let style = border(&card.service.environment, view);
    let tier = view.store.environment(&card.service.environment).map(|e| tier_word(e.tier)).unwrap_or_default();
    let dot = view.theme.glyphs().separator;
    let title = format!("{tier} {dot} {} {dot} {}", card.title, card.service.name);
    let Some(plan) = card.plan(view.store) else {
        let lines = waiting(card, usize::from(body.width.min(90)).saturating_sub(4), view);
        let height = u16::try_from(lines.len() + 2).unwrap_or(u16::MAX);
        let inner = framed_in(buffer, body, (90, height), &title, style, view);
        for (line, y) in lines.iter().zip(inner.y..inner.bottom()) {
            buffer.set_line(inner.x, y, line, inner.width);
        }
        return;
    };
    let cells = usize::from(WIDTH.min(body.width).saturating_sub(2));
    let foot = foot(card, plan, cells, view);
    let lines = lines(card, plan, cells, view);
    let height = u16::try_from(lines.len() + foot.len() + 3).unwrap_or(u16::MAX);
    let inner = framed_in(buffer, body, (WIDTH, height), &title, style, view);
    let words =
        Line::from(view.span(Role::Dim, format!(" plan {} {dot} {} old ", plan.short(), age(plan.made_at, view.now))));
    let wide = u16::try_from(words.width()).unwrap_or(0);
    if usize::from(wide) + width(&title) + 6 < cells {
        buffer.set_line(inner.right().saturating_sub(wide + 1), inner.y.saturating_sub(1), &words, wide);
    }
    let foot_height = u16::try_from(foot.len()).unwrap_or(0).min(inner.height);
    let end = inner.bottom().saturating_sub(foot_height);
    let room = usize::from(end.saturating_sub(inner.y));
    let under = lines.iter().rposition(|(step, _)| step.is_some() && *step == card.at.checked_sub(1)).unwrap_or(0);
    let top = (under + 1).saturating_sub(room);
    for ((_, line), y) in lines.iter().skip(top).zip(inner.y..end) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
    let below = lines.len().saturating_sub(top + room);
    if below > 0 && end > inner.y {
        let hint = Line::from(view.span(Role::Dim, format!(" {below} more below ")));
        let cells = u16::try_from(hint.width()).unwrap_or(0);
        buffer.set_line(inner.right().saturating_sub(cells + 1), inner.bottom(), &hint, cells);
    }
    for (line, y) in foot.iter().zip(end..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}

/// While it is planned, or when it cannot be.
fn waiting<'a>(card: &Card, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = vec![field("environment", environment(&card.service.environment, view), view)];
    if let Some(Err(why)) = card.made(view.store).map(|made| &made.plan) {
        let words = wrap(&format!("there is no plan: {why}"), cells);
        lines.extend(words.into_iter().map(|l| Line::from(view.span(Role::Unhealthy, format!(" {l}")))));
        lines.push(Line::default());
        lines.push(Line::from(vec![
            view.span(Role::Key, format!(" {}", view.key(Command::Replan))),
            view.span(Role::Text, " plan again   "),
            view.span(Role::Key, view.key(Command::Back)),
            view.span(Role::Text, " leave"),
        ]));
    } else {
        let words = format!("{}; it only looks, nothing is changed", age(card.since, view.now));
        lines.push(field("planning", vec![view.span(Role::Text, words)], view));
    }
    lines
}

type Row<'a> = (Option<usize>, Line<'a>);

fn lines<'a>(card: &Card, plan: &'a Plan, cells: usize, view: &View<'a>) -> Vec<Row<'a>> {
    let glyphs = view.theme.glyphs();
    let mut lines: Vec<Line<'a>> = Vec::new();
    let mut tell = |role: Role, mark: &str, words: &str| {
        for (at, line) in wrap(words, cells.saturating_sub(4)).into_iter().enumerate() {
            let mark = if at == 0 { mark } else { " " };
            lines.push(Line::from(vec![view.span(Role::Text, " "), view.span(role, format!("{mark} {line}"))]));
        }
    };
    for why in &plan.blocked {
        tell(Role::Unhealthy, glyphs.health(crate::model::Health::Unhealthy), &format!("cannot run: {why}"));
    }
    for warning in &plan.warnings {
        tell(Role::Degraded, glyphs.health(crate::model::Health::Degraded), warning.as_str());
    }
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    lines.extend(facts(plan, cells, view));
    lines.push(Line::default());
    let head = lines.into_iter().map(|line| (None, line));
    head.chain(steps(card.at.checked_sub(1), plan, cells, view)).collect()
}

/// What it is: where, which version, which hosts, the lock, the time it takes.
fn facts<'a>(plan: &'a Plan, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let mut place = vec![
        view.span(Role::from(plan.tier), tier_word(plan.tier)),
        view.span(Role::Dim, format!(" {} ", glyphs.separator)),
        view.span(Role::Strong, plan.target.to_string()),
    ];
    if plan.only_looks() {
        place.push(view.span(Role::Dim, "  it only looks"));
    }
    let mut lines = vec![field("on", place, view)];
    if let Some(run) = &plan.resumes {
        let words = format!("run {run}, with what did not end well");
        lines.push(field("goes on with", vec![view.span(Role::Text, words)], view));
    }
    lines.extend(version(plan, cells, view));
    let brings = plan.release.as_ref().map(|r| r.release.version.as_str());
    for given in plan.inputs.iter().filter(|given| Some(given.name.as_str()) != brings) {
        lines.extend(told(&given.name, given.shown.as_str(), Role::Text, cells, view));
    }
    let shown = if plan.hosts.len() > 4 { 3 } else { 4 };
    lines.extend(
        plan.hosts.iter().take(shown).enumerate().map(|(at, h)| host(h, at == 0, plan.hosts.len(), cells, view)),
    );
    if plan.hosts.len() > shown {
        let rest = plan.hosts.len() - shown;
        let gone = plan.hosts.iter().skip(shown).filter(|h| h.unreachable.is_some()).count();
        let words =
            if gone > 0 { format!("and {rest} more, {gone} of them not reached") } else { format!("and {rest} more") };
        lines.push(field("", vec![view.span(if gone > 0 { Role::Degraded } else { Role::Dim }, words)], view));
    }
    if plan.batches.len() > 1 {
        let sizes: Vec<String> = plan.batches.iter().map(|batch| batch.len().to_string()).collect();
        lines.push(field("batches", vec![view.span(Role::Text, sizes.join(&format!(" {} ", glyphs.arrow)))], view));
    }
    lines.extend(plan.lock.as_ref().map_or_else(Vec::new, |l| lock(l, plan, cells, view)));
    lines.push(field("takes", takes(plan, view), view));
    lines
}

fn version<'a>(plan: &'a Plan, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let Some(release) = &plan.release else { return Vec::new() };
    let glyphs = view.theme.glyphs();
    let mut now: Vec<&str> = release.current.values().map(crate::model::Text::as_str).collect();
    now.sort_unstable();
    now.dedup();
    let from = if now.is_empty() { "?".to_owned() } else { now.join(", ") };
    let mut spans = vec![
        view.span(Role::Text, cut(&from, cells / 3, glyphs.ellipsis).into_owned()),
        view.span(Role::Dim, format!(" {} ", glyphs.arrow)),
        view.span(Role::Strong, release.version.as_str()),
    ];
    let there = match (release.available.len(), plan.hosts.len().max(1)) {
        (0, 1) => "not there yet".to_owned(),
        (1, 1) => "there already".to_owned(),
        (some, all) => format!("there already on {some} of {all}"),
    };
    spans.push(view.span(Role::Dim, format!("  {there}")));
    if let Some(at) = release.recorded_at {
        spans.push(view.span(Role::Dim, format!(", good {} ago", age(at, view.now))));
    }
    let mut lines = vec![field("version", spans, view)];
    if release.is_bad {
        lines.push(field("", vec![view.span(Role::Danger, "it was rolled back from before")], view));
    }
    lines
}

fn host<'a>(host: &'a PlannedHost, first: bool, all: usize, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let mut spans =
        vec![view.span(Role::Strong, host.name.to_string()), view.span(Role::Dim, format!("  {}", host.destination))];
    if let Some(why) = &host.unreachable {
        let used: usize = spans.iter().map(Span::width).sum();
        let mark = glyphs.health(crate::model::Health::Unhealthy);
        let why = format!("{mark} not reached: {why}");
        spans.push(view.span(Role::Text, "  "));
        spans
            .push(view.span(Role::Unhealthy, cut(&why, cells.saturating_sub(used + 15), glyphs.ellipsis).into_owned()));
    } else {
        spans.push(view.span(Role::Healthy, format!("  {} reached", glyphs.health(crate::model::Health::Healthy))));
    }
    match &host.sudo {
        Some(Sudo::Free) => spans.push(view.span(Role::Dim, "  sudo")),
        Some(Sudo::Password) => spans.push(view.span(Role::Degraded, "  sudo asks for a password")),
        Some(Sudo::Refused(why)) => spans.push(view.span(Role::Unhealthy, format!("  no sudo: {why}"))),
        None => {}
    }
    if host.unsupervised.is_some() {
        spans.push(view.span(Role::Degraded, "  not resumable"));
    }
    let name = match (first, all) {
        (true, 1) => "host".to_owned(),
        (true, all) => format!("{all} hosts"),
        _ => String::new(),
    };
    field(&name, spans, view)
}

fn lock<'a>(lock: &'a PlannedLock, plan: &Plan, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    let of_others = lock.held.as_ref().filter(|held| plan.resumes.is_none() || held.run != plan.resumes);
    if lock.held.is_some() && of_others.is_none() {
        lines.push(field("lock", vec![view.span(Role::Text, "kept by the run that goes on")], view));
    } else if let Some(holder) = of_others {
        let how = match holder.liveness {
            Liveness::Held => "goes on",
            Liveness::Stale => "its console is silent and nothing of it runs",
            Liveness::Unattended { .. } => "its console is silent, but steps of it still run",
            Liveness::Manual => "held by hand",
        };
        let words = format!(
            "{} holds it for {}, since {}; {how}",
            holder.operator,
            holder.what,
            age(holder.taken_at, view.now)
        );
        lines.extend(sentence("lock", &words, Role::Unhealthy, cells, view));
    } else {
        lines.push(field(
            "lock",
            vec![view.span(Role::Text, "free"), view.span(Role::Dim, format!("  {}", lock.keys.join(", ")))],
            view,
        ));
    }
    for dirty in lock.left().filter(|dirty| plan.resumes.as_ref() != Some(&dirty.run)) {
        let since = age(dirty.since, view.now);
        let words = format!("{} of {} left it unfinished {since} ago", dirty.runbook, dirty.operator);
        let (role, words) = if plan.goes_over().any(|over| over.run == dirty.run) {
            (Role::Danger, format!("{words}; say why you go over it"))
        } else {
            (Role::Degraded, format!("{words}; this goes back from there"))
        };
        lines.extend(sentence("dirty", &words, role, cells, view));
    }
    lines
}

fn takes<'a>(plan: &Plan, view: &View<'a>) -> Vec<Span<'a>> {
    match &plan.estimate {
        None => vec![view.span(Role::Dim, "not known yet")],
        Some(estimate) => {
            let seen = match estimate.runs {
                0 => "as the runbook says".to_owned(),
                1 => "as in 1 run".to_owned(),
                runs => format!("as in {runs} runs"),
            };
            let (about, most) = (human(estimate.p50), human(estimate.p90));
            let words = if about == most { format!("about {about}") } else { format!("about {about}, at most {most}") };
            vec![view.span(Role::Text, words), view.span(Role::Dim, format!("  {seen}"))]
        }
    }
}

/// What stays on the screen however long the plan is.
fn foot<'a>(card: &Card, plan: &'a Plan, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = vec![Line::from(view.span(Role::Border, view.theme.glyphs().rule.repeat(cells)))];
    let most = if view.ui.size.1 < 30 { 2 } else { 5 };
    for text in plan.not_undone.iter().take(most) {
        let words = sentence("not undone", text.as_str(), Role::Danger, cells, view);
        lines.extend(words.into_iter().take(2));
    }
    if plan.not_undone.len() > most {
        let rest = plan.not_undone.len() - most;
        lines.push(field(
            "",
            vec![view.span(
                Role::Danger,
                format!("and {rest} more that {} not undone", if rest == 1 { "is" } else { "are" }),
            )],
            view,
        ));
    }
    for why in &plan.raised_by {
        lines.extend(sentence("stricter", &format!("because {why}"), Role::Degraded, cells, view).into_iter().take(2));
    }
    if !plan.blocked.is_empty() {
        lines.push(Line::from(vec![
            view.span(Role::Text, " "),
            view.span(Role::Unhealthy, "it cannot run now"),
            view.span(Role::Text, "   "),
            view.span(Role::Key, view.key(Command::Replan)),
            view.span(Role::Text, " plan again   "),
            view.span(Role::Key, view.key(Command::Back)),
            view.span(Role::Text, " leave"),
        ]));
    } else if view.ui.read_only && !plan.only_looks() {
        lines.push(Line::from(
            view.span(Role::ReadOnly, " this console is read-only: the plan can be read and not run"),
        ));
    } else if !view.may_act(&plan.target.environment) && !plan.only_looks() {
        lines.push(Line::from(vec![
            view.span(Role::ReadOnly, format!(" {} is read-only   ", plan.target.environment)),
            view.span(Role::Key, view.key(Command::Arm)),
            view.span(Role::Text, " arms it, then this plan can be confirmed"),
        ]));
    } else {
        lines.extend(consent::lines(&card.consent, &Demand::of(plan), &button(plan), view));
    }
    lines
}

/// What yes means, as it stands on the button.
fn button(plan: &Plan) -> String {
    if plan.level >= Level::Typed { plan.title.to_string() } else { format!("run {}", plan.runbook) }
}
