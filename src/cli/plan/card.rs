//! A plan as text for a terminal or a pipe: what stops it first, then where, what, how, and what will not be undone. Pure.

use std::time::Duration;

use crate::model::Plan;
use crate::model::plan::{PlannedStep, StepEffect};
use crate::model::runbook::{Action, Checked, Wait};
use crate::transport::human;

/// The whole plan, lines of any length.
pub fn card(plan: &Plan) -> String {
    let mut lines = vec![head(plan)];
    lines.extend(plan.blocked.iter().map(|why| format!("  BLOCKED     {why}")));
    if let Some(release) = &plan.release {
        lines.push(format!("  version     {}", versions(plan)));
        if release.is_bad {
            lines.push(format!("  warning     {} was rolled back from before", release.version));
        }
    }
    for host in &plan.hosts {
        let identity = host.identity.as_ref().map(|id| format!("  {id}")).unwrap_or_default();
        let state = host.unreachable.as_ref().map(|why| format!("  not reached: {why}")).unwrap_or_default();
        let loose = host.unsupervised.as_ref().map(|why| format!("  not resumable: {why}")).unwrap_or_default();
        lines.push(format!("  host        {}  {}{identity}{state}{loose}", host.name, host.destination));
    }
    if plan.batches.len() > 1 {
        let sizes: Vec<String> = plan.batches.iter().map(|b| b.join(" ")).collect();
        lines.push(format!("  batches     {}", sizes.join(" | ")));
    }
    lines.extend(plan.inputs.iter().map(|i| format!("  input       {} = {}", i.name, i.shown)));
    lines.extend(lock(plan));
    lines.push(String::new());
    let count = plan.steps.len().to_string().len();
    for (at, step) in plan.steps.iter().enumerate() {
        lines.extend(step_lines(at + 1, count, step));
    }
    lines.push(String::new());
    lines.extend(plan.not_undone.iter().map(|what| format!("  not undone  {what}")));
    lines.extend(plan.warnings.iter().map(|what| format!("  warning     {what}")));
    if let Some(next) = &plan.on_failure {
        let how = if next.by_itself { "started by itself" } else { "offered" };
        lines.push(format!("  on failure  {} is {how}", next.runbook));
    }
    lines.extend(plan.raised_by.iter().map(|why| format!("  raised      {why}")));
    while lines.last().is_some_and(String::is_empty) {
        lines.pop();
    }
    lines.join("\n") + "\n"
}

fn head(plan: &Plan) -> String {
    let estimate = plan.estimate.map(|e| format!(" · about {}", rounded(e.p50))).unwrap_or_default();
    let tier = plan.tier.word();
    format!("{} ({tier}) · {} · plan {}{estimate}", plan.target, plan.title, plan.short())
}

/// `2.14.0 -> 2.15.0`, with the hosts where they differ.
fn versions(plan: &Plan) -> String {
    let Some(release) = &plan.release else { return String::new() };
    let mut now: Vec<&str> = release.current.values().map(crate::model::Text::as_str).collect();
    now.sort_unstable();
    now.dedup();
    let now = if now.is_empty() { "?".to_owned() } else { now.join(", ") };
    format!("{now} -> {}", release.version)
}

fn lock(plan: &Plan) -> Vec<String> {
    let Some(lock) = &plan.lock else { return vec!["  lock        none: it only looks".to_owned()] };
    let mut lines = vec![match &lock.held {
        None => format!("  lock        {} on {}, free", lock.keys.join(", "), lock.host),
        Some(by) => format!(
            "  lock        {} is held by {} for {} ({})",
            by.key,
            by.operator,
            by.what,
            by.run.as_ref().map_or_else(|| "by hand".to_owned(), ToString::to_string)
        ),
    }];
    if let Some(dirty) = &lock.dirty {
        let (run, runbook, who) = (&dirty.run, &dirty.runbook, &dirty.operator);
        lines.push(format!("  unfinished  {runbook} by {who} ({run}) left changes that are not proven"));
    }
    lines
}

fn step_lines(number: usize, width: usize, step: &PlannedStep) -> Vec<String> {
    let effect = match &step.left_out {
        Some(why) => format!("left out: {why}"),
        None => effects(step),
    };
    let mut marks = String::new();
    for (is_so, word) in [(step.step.danger, "asks again"), (step.step.sudo, "sudo"), (step.step.always, "always")] {
        if is_so {
            marks.push_str(&format!("  [{word}]"));
        }
    }
    let hosts = step.hosts.join(" ");
    let mut lines = vec![format!("  {number:>width$}  {}  {hosts}  {effect}{marks}", step.step.title)];
    lines.extend(literal(&step.step.action).into_iter().map(|line| format!("  {:width$}    {line}", "")));
    lines
}

fn effects(step: &PlannedStep) -> String {
    let mut told: Vec<(String, Vec<&str>)> = Vec::new();
    for (host, effect) in &step.effects {
        let words = words(effect);
        match told.iter_mut().find(|(known, _)| *known == words) {
            Some((_, hosts)) => hosts.push(host),
            None => told.push((words, vec![host])),
        }
    }
    match told.as_slice() {
        [] => "will run".to_owned(),
        [(only, _)] => only.clone(),
        many => many.iter().map(|(words, hosts)| format!("{words} ({})", hosts.join(" "))).collect::<Vec<_>>().join(", "),
    }
}

fn words(effect: &StepEffect) -> String {
    match effect {
        StepEffect::WouldChange => "would change".into(),
        StepEffect::NoChange => "no change".into(),
        StepEffect::WillRun => "will run, effect unknown".into(),
        StepEffect::Looks => "only looks".into(),
        StepEffect::Depends => "depends on an earlier step".into(),
        StepEffect::Blocked(why) => format!("blocked: {why}"),
    }
}

/// What would be done, literally.
pub fn literal(action: &Action) -> Vec<String> {
    match action {
        Action::Shell { script, .. } => script.lines().map(ToOwned::to_owned).collect(),
        Action::Copy { from, to, delete } => {
            vec![format!("copy {from} to {to}{}", if *delete { ", removing what is not here" } else { "" })]
        }
        Action::Http(call) => vec![format!("{} {}", call.method, call.url)],
        Action::Sql(call) => {
            let mut lines = vec![format!("on {}{}", call.url, if call.writes { "" } else { ", reading only" })];
            lines.extend(call.statement.lines().map(ToOwned::to_owned));
            lines
        }
        Action::Wait(wait) => vec![until(wait)],
        Action::Approve { question } => vec![format!("ask: {question}")],
        Action::Notify { to, text, .. } => vec![format!("tell {to}: {text}")],
        Action::Manual { items } => items.iter().map(|item| format!("[ ] {item}")).collect(),
    }
}

/// `until health = healthy for 10s and unit nginx = active`.
pub fn until(wait: &Wait) -> String {
    let one = |u: &crate::model::runbook::Until| {
        let what = match &u.what {
            Checked::Health(None) => "health".to_owned(),
            Checked::Health(Some(service)) => format!("health of {service}"),
            Checked::Probe(name) => format!("probe {name}"),
            Checked::Unit(name) => format!("unit {name}"),
        };
        let hold = if u.hold.is_zero() { String::new() } else { format!(" for {}", rounded(u.hold)) };
        format!("{what} = {}{hold}", u.is)
    };
    format!("until {}", wait.until.iter().map(one).collect::<Vec<_>>().join(" and "))
}

/// A time that is not exact.
pub fn rounded(time: Duration) -> String {
    let whole = if time < Duration::from_secs(10) { time } else { Duration::from_secs(time.as_secs()) };
    human(whole)
}
