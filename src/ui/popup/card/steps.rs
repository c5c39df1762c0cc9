//! The steps of a plan as lines of its card: number, title, effect, literal command, time. The chosen one is told in full.

use ratatui::text::Line;

use crate::model::plan::{HostName, PlannedStep, StepEffect};
use crate::model::{Plan, StepOutcome};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::acting::{effect, literal};
use crate::ui::text::{cut, fit, fit_right, span as human, width, wrap};

/// Lines of the command that the chosen step shows before it points to the full text.
const MOST_LINES: usize = 6;
/// Cells of an effect.
const EFFECT: usize = 13;

/// One row a step, more for the chosen one.
pub fn steps<'a>(
    chosen: Option<usize>,
    plan: &'a Plan,
    cells: usize,
    view: &View<'a>,
) -> Vec<(Option<usize>, Line<'a>)> {
    let longest = plan.steps.iter().map(|s| width(s.step.title.as_str())).max().unwrap_or(0);
    let title = longest.clamp(8, cells.saturating_sub(30).min(cells / 3).max(8));
    let mut lines = Vec::new();
    for (at, step) in plan.steps.iter().enumerate() {
        let here = Some(at) == chosen;
        let effect = was(plan, step, view).unwrap_or_else(|| told(step));
        lines.push((Some(at), row((at, step, effect), here, title, cells, view)));
        if here {
            lines.extend(more(step, cells, view).into_iter().map(|line| (Some(at), line)));
        }
    }
    lines
}

/// What became of a step of the run that the plan goes on with, where it was done on every host or on some.
fn was(plan: &Plan, step: &PlannedStep, view: &View<'_>) -> Option<(Role, String)> {
    let state = view.store.acting().open_run(plan.resumes.as_ref()?)?.state();
    let is_done = |host: &&HostName| state.task(&step.step.id, host).outcome().is_some_and(StepOutcome::is_good);
    let (done, all) = (step.hosts.iter().filter(is_done).count(), step.hosts.len());
    match done {
        0 => None,
        _ if done == all => Some((Role::Healthy, "was done".into())),
        _ => Some((Role::Text, format!("done on {done}/{all}"))),
    }
}

fn row<'a>(
    (at, step, (role, words)): (usize, &'a PlannedStep, (Role, String)),
    here: bool,
    title: usize,
    cells: usize,
    view: &View<'a>,
) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let name = if step.left_out.is_some() { Role::Dim } else { Role::Strong };
    let command = literal(&step.step);
    // What only sets the shell up says nothing about what is done.
    let quiet = |line: &&String| {
        let line = line.trim();
        line.is_empty() || line.starts_with('#') || line.starts_with("set -")
    };
    let first = command.iter().find(|line| !quiet(line)).or(command.first()).map_or("", String::as_str);
    let rest = command.len().saturating_sub(1);
    let first = if rest > 0 && !here {
        format!("{first}  +{rest} line{}", if rest == 1 { "" } else { "s" })
    } else {
        first.to_owned()
    };
    let takes = step.estimate.map_or(String::new(), human);
    let room = cells.saturating_sub(5 + title + 2 + EFFECT + 1 + 7);
    let command = if here { String::new() } else { cut(&first, room, glyphs.ellipsis).into_owned() };
    let gap = " ".repeat(room.saturating_sub(width(&command)));
    Line::from(vec![
        view.span(Role::Accent, if here { glyphs.cursor } else { " " }),
        view.span(Role::Dim, format!("{} ", fit_right(&(at + 1).to_string(), 3))),
        view.span(name, format!("{}  ", fit(step.step.title.as_str(), title, glyphs.ellipsis))),
        view.span(role, format!("{} ", fit(&words, EFFECT, ""))),
        view.span(Role::Code, command),
        view.span(Role::Text, gap),
        view.span(Role::Dim, fit_right(&takes, 6)),
    ])
}

/// What a step would do, over all its hosts.
fn told(step: &PlannedStep) -> (Role, String) {
    if step.left_out.is_some() {
        return (Role::Dim, "left out".into());
    }
    let mut effects: Vec<&StepEffect> = step.effects.values().collect();
    effects.sort_by_key(|e| match e {
        StepEffect::Blocked(_) => 0,
        StepEffect::WouldChange => 1,
        StepEffect::WillRun => 2,
        StepEffect::Depends => 3,
        StepEffect::Looks => 4,
        StepEffect::NoChange => 5,
    });
    let Some(worst) = effects.first() else { return (Role::Dim, "?".into()) };
    let (role, words) = effect(worst);
    let alike = effects.iter().filter(|e| effect(e).1 == words).count();
    if alike < effects.len() { (role, format!("{words} {alike}")) } else { (role, words.into()) }
}

/// The chosen step: its whole command, where it runs, what is special about it.
fn more<'a>(step: &'a PlannedStep, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let room = cells.saturating_sub(9);
    let tree = || view.span(Role::Dim, format!("     {} ", glyphs.tree));
    let mut lines = Vec::new();
    let command = literal(&step.step);
    for line in command.iter().take(MOST_LINES) {
        lines.push(Line::from(vec![tree(), view.span(Role::Code, cut(line, room, glyphs.ellipsis).into_owned())]));
    }
    if command.len() > MOST_LINES {
        let key = view.key(crate::command::Command::ShowText);
        let words = format!("{} more lines; {key} shows them", command.len() - MOST_LINES);
        lines.push(Line::from(vec![tree(), view.span(Role::Dim, words)]));
    }
    let mut tell = |role: Role, words: String| {
        for line in wrap(&words, room).into_iter().take(3) {
            lines.push(Line::from(vec![tree(), view.span(role, line)]));
        }
    };
    if let Some(why) = &step.left_out {
        tell(Role::Dim, format!("left out: {why}"));
    }
    for (host, effect) in &step.effects {
        if let StepEffect::Blocked(why) = effect {
            tell(Role::Unhealthy, format!("blocked on {host}: {why}"));
        }
    }
    if step.step.danger {
        tell(Role::Danger, "asks again right before it runs".into());
    }
    if let Some(why) = &step.step.irreversible {
        tell(Role::Danger, format!("cannot be taken back: {why}"));
    }
    if let Some(why) = &step.step.uninterruptible {
        tell(Role::Degraded, format!("must not be interrupted: {why}"));
    }
    tell(Role::Dim, where_and_how(step));
    lines
}

fn where_and_how(step: &PlannedStep) -> String {
    let hosts: Vec<&str> = step.hosts.iter().take(4).map(|h| &**h).collect();
    let more = step.hosts.len().saturating_sub(4);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let undo = if step.step.undo.is_some() {
        ", can be taken back"
    } else if step.step.only_looks() {
        ""
    } else {
        ", no way back of its own"
    };
    format!("on {}{more}, at most {}{undo}", hosts.join(", "), human(step.step.timeout))
}
