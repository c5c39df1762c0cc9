//! Plans and runs in words: what a step does, how it ended, how long it took, what the runbook says about it. The same in
//! every popup and pane.

use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::{Line, Span};

use super::View;
use super::text::{span, wrap};
use crate::model::plan::StepEffect;
use crate::model::runbook::{Accent, Action, Checked, Part, Prose, Shape, Step, Until};
use crate::model::{Health, LinkState, Plan, RunStatus, Runbook, StepOutcome, Tier};
use crate::theme::{Glyphs, Role};

/// `PRODUCTION`, `staging`: the tier as a word.
pub fn tier_word(tier: Tier) -> String {
    if tier.is_protected() { tier.word().to_uppercase() } else { tier.word().to_owned() }
}

/// What a step would do, in a few words.
pub fn effect(effect: &StepEffect) -> (Role, &'static str) {
    match effect {
        StepEffect::WouldChange => (Role::Strong, "would change"),
        StepEffect::NoChange => (Role::Dim, "no change"),
        StepEffect::WillRun => (Role::Text, "will run"),
        StepEffect::Looks => (Role::Dim, "looks"),
        StepEffect::Depends => (Role::Text, "depends"),
        StepEffect::Blocked(_) => (Role::Unhealthy, "blocked"),
    }
}

/// How a step ended, as glyph and role.
pub fn outcome(outcome: StepOutcome, glyphs: &Glyphs) -> (Role, &'static str) {
    match outcome {
        StepOutcome::Ok | StepOutcome::NoChange | StepOutcome::Reconciled => {
            (Role::Healthy, glyphs.health(Health::Healthy))
        }
        StepOutcome::Recovered => (Role::Degraded, glyphs.health(Health::Healthy)),
        StepOutcome::Skipped | StepOutcome::MarkedDone => (Role::Degraded, glyphs.health(Health::Paused)),
        StepOutcome::Cancelled => (Role::Stale, glyphs.health(Health::Stale)),
        StepOutcome::Unknown => (Role::Degraded, glyphs.health(Health::Unknown)),
        StepOutcome::Failed | StepOutcome::TimedOut | StepOutcome::Refused | StepOutcome::LockLost => {
            (Role::Unhealthy, glyphs.health(Health::Unhealthy))
        }
    }
}

/// How bad an outcome is: the worst of several hosts stands for the step.
pub fn rank(outcome: StepOutcome) -> u8 {
    match outcome {
        StepOutcome::NoChange => 0,
        StepOutcome::Ok => 1,
        StepOutcome::Reconciled => 2,
        StepOutcome::Recovered => 3,
        StepOutcome::Skipped => 4,
        StepOutcome::MarkedDone => 5,
        StepOutcome::Cancelled => 6,
        StepOutcome::Refused => 7,
        StepOutcome::TimedOut => 8,
        StepOutcome::Failed => 9,
        StepOutcome::LockLost => 10,
        StepOutcome::Unknown => 11,
    }
}

/// How a run stands, as glyph and role.
pub fn status(status: RunStatus, glyphs: &Glyphs) -> (Role, &'static str) {
    match status {
        RunStatus::Running | RunStatus::Draining | RunStatus::Interrupting => {
            (Role::Accent, glyphs.link(LinkState::Connecting))
        }
        RunStatus::Waiting => (Role::Degraded, glyphs.health(Health::Unknown)),
        RunStatus::Interrupted => (Role::Degraded, glyphs.health(Health::Paused)),
        RunStatus::Succeeded => (Role::Healthy, glyphs.health(Health::Healthy)),
        RunStatus::SucceededWithOverrides => (Role::Degraded, glyphs.health(Health::Healthy)),
        RunStatus::Cancelled => (Role::Stale, glyphs.health(Health::Stale)),
        RunStatus::Failed | RunStatus::Lost | RunStatus::LockLost => {
            (Role::Unhealthy, glyphs.health(Health::Unhealthy))
        }
    }
}

/// `1.2 s`, `2m 04s`, `1h 03m`.
pub fn took(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3_600 => format!("{}m {:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h {:02}m", seconds / 3_600, seconds / 60 % 60),
    }
}

/// `0:41`, `12:05`, `1:02:03`: a clock that runs.
pub fn clock(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 3_600 {
        return format!("{}:{:02}", seconds / 60, seconds % 60);
    }
    format!("{}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

/// From one moment to a later one; nothing when the clock went back.
pub fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// What a step does, literally, in lines.
pub fn literal(step: &Step) -> Vec<String> {
    let text = match &step.action {
        Action::Shell { script, .. } => script.trim_matches('\n').to_owned(),
        Action::Copy { from, to, delete } => {
            let removed = if *delete { ", removing there what is not here" } else { "" };
            format!("copy {from} to {to}{removed}")
        }
        Action::Http(call) => match &call.body {
            Some(body) => format!("{} {}\n{body}", call.method, call.url),
            None => format!("{} {}", call.method, call.url),
        },
        Action::Sql(call) => format!("{}\n-- on {}", call.statement.trim_matches('\n'), call.url),
        Action::Wait(wait) => {
            let until: Vec<String> = wait.until.iter().map(condition).collect();
            format!("{}, at most {}", until.join(" and "), span(step.timeout))
        }
        Action::Approve { question } => question.to_string(),
        Action::Notify { to, text, .. } => format!("tell {to}: {text}"),
        Action::Manual { items } => items.iter().map(|item| format!("[ ] {item}")).collect::<Vec<_>>().join("\n"),
    };
    // Scripts may hold tabs and worse; what is drawn may not.
    crate::model::Text::block(&text, 64 * 1024).as_str().lines().map(str::to_owned).collect()
}

fn condition(until: &Until) -> String {
    let what = match &until.what {
        Checked::Health(None) => "health".to_owned(),
        Checked::Health(Some(service)) => format!("health of {service}"),
        Checked::Probe(probe) => format!("probe {probe}"),
        Checked::Unit(unit) => format!("unit {unit}"),
    };
    let hold = if until.hold.is_zero() { String::new() } else { format!(" for {}", span(until.hold)) };
    format!("{what} is {}{hold}", until.is)
}

/// The prose that leads to a step: what stands between it and the step before.
pub fn prose<'r>(runbook: &'r Runbook, step: &str) -> Vec<&'r Prose> {
    let mut found = Vec::new();
    for part in &runbook.parts {
        match part {
            Part::Prose(prose) => found.push(prose),
            Part::Step(it) if it.id == step => return found,
            Part::Step(_) => found.clear(),
        }
    }
    Vec::new()
}

/// Prose as lines of at most `cells`.
pub fn prose_lines<'a>(prose: &[&Prose], cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines: Vec<Line<'a>> = Vec::new();
    for block in prose {
        let dense = matches!(block.shape, Shape::Item(_) | Shape::Row | Shape::Quote);
        if !lines.is_empty() && !dense {
            lines.push(Line::default());
        }
        lines.extend(block_lines(block, cells, view));
    }
    lines
}

fn block_lines<'a>(block: &Prose, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let whole: String = block.spans.iter().map(|s| s.text.as_str()).collect();
    let one = |role: Role, before: String, room: usize| {
        let indent = " ".repeat(super::text::width(&before));
        let lines = wrap(&whole, room.saturating_sub(indent.len()).max(8)).into_iter().enumerate();
        let line = |(at, text): (usize, String)| {
            let lead = if at == 0 { before.clone() } else { indent.clone() };
            Line::from(vec![view.span(Role::Dim, lead), view.span(role, text)])
        };
        lines.map(line).collect::<Vec<_>>()
    };
    match block.shape {
        Shape::Heading(_) => one(Role::Title, String::new(), cells),
        Shape::Paragraph => paragraph(block, cells, view),
        Shape::Item(deep) => one(Role::Text, format!("{}{} ", "  ".repeat(usize::from(deep)), glyphs.separator), cells),
        Shape::Quote => one(Role::Dim, format!("{} ", glyphs.tree), cells),
        Shape::Code => whole.lines().map(|l| Line::from(view.span(Role::Code, format!("  {l}")))).collect(),
        Shape::Row => one(Role::Text, String::new(), cells),
        Shape::Rule => vec![Line::from(view.span(Role::Dim, glyphs.rule.repeat(cells.min(20))))],
    }
}

/// A paragraph keeps its accents: words are laid one by one.
fn paragraph<'a>(block: &Prose, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = vec![Vec::<Span<'a>>::new()];
    let mut used = 0;
    for span in &block.spans {
        let role = match span.accent {
            Accent::Plain | Accent::Emphasis => Role::Text,
            Accent::Strong => Role::Strong,
            Accent::Code => Role::Code,
            Accent::Link => Role::Accent,
        };
        for word in span.text.as_str().split_inclusive([' ', '\n']) {
            let wide = super::text::width(word.trim_end());
            if used > 0 && used + wide > cells {
                lines.push(Vec::new());
                used = 0;
            }
            let word = word.replace('\n', " ");
            used += super::text::width(&word);
            if let Some(line) = lines.last_mut() {
                line.push(view.span(role, word));
            }
        }
    }
    lines.into_iter().map(Line::from).collect()
}

/// Whether the estimate of a plan was passed.
pub fn is_late(plan: &Plan, began: Timestamp, now: Timestamp) -> bool {
    plan.estimate.is_some_and(|estimate| between(began, now) > estimate.p90)
}

/// `0:41 of ~2:00`; `2:30, usually 2:00` when that is over.
pub fn progress(plan: &Plan, began: Timestamp, now: Timestamp) -> String {
    let gone = between(began, now);
    match plan.estimate {
        Some(estimate) if gone > estimate.p50 => format!("{}, usually {}", clock(gone), clock(estimate.p50)),
        Some(estimate) => format!("{} of ~{}", clock(gone), clock(estimate.p50)),
        None => clock(gone),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_keep_what_matters() {
        let s = Duration::from_secs;
        assert_eq!([took(Duration::from_millis(1234)), took(s(124)), took(s(3780))], ["1.2 s", "2m 04s", "1h 03m"]);
        assert_eq!([clock(s(41)), clock(s(725)), clock(s(3723))], ["0:41", "12:05", "1:02:03"]);
    }

    #[test]
    fn the_worst_outcome_stands_for_all() {
        let worst = StepOutcome::ALL.into_iter().max_by_key(|o| rank(*o));
        assert_eq!(worst, Some(StepOutcome::Unknown));
        assert!(StepOutcome::ALL.iter().all(|o| o.is_good() == (rank(*o) < rank(StepOutcome::Cancelled))));
    }
}
