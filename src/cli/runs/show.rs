//! `qd runs show`: one run in full, from this machine or from the hosts that keep it. Changes nothing.

use std::collections::BTreeMap;
use std::path::Path;

use color_eyre::Result;
use jiff::Timestamp;
use serde::Serialize;

use super::find;
use super::list::span;
use crate::app::Now;
use crate::cli::General;
use crate::cli::plan::card::rounded;
use crate::cli::printed::print;
use crate::cli::run::refused;
use crate::exit::Ending;
use crate::model::run::{Question, TaskState};
use crate::model::{Operator, Plan, RunId, RunState, RunStatus, StepOutcome, Text};
use crate::runner::journal::{self, Kept};
use crate::settings::columns::columns;

/// Options of `qd runs show`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Which run
    run: String,
    /// Print one JSON document (`qd schema run` describes it)
    #[arg(long)]
    json: bool,
    /// Print what its steps printed, as far as it is kept on this machine; with a name of this step alone
    #[arg(long, value_name = "STEP", num_args = 0..=1, default_missing_value = "", conflicts_with = "json")]
    output: Option<String>,
}

/// What `qd runs show --json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Document {
    /// The shape of this document.
    schema: u32,
    id: RunId,
    status: RunStatus,
    /// Why it did not end well.
    why: Option<Text>,
    operator: Operator,
    reason: Option<Text>,
    began: Option<Timestamp>,
    ended: Option<Timestamp>,
    /// Whether it left changes that are neither proven nor taken back.
    dirty: bool,
    /// The number of its lock.
    fence: Option<u64>,
    /// Step by host, in the order of the plan; an undo stands as `undo:ID`.
    tasks: Vec<Task>,
    /// What a person is asked.
    question: Option<Question>,
    /// The host that keeps it; none for one that this machine keeps.
    kept_by: Option<String>,
    plan: Plan,
}

/// A step on a host.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Task {
    step: String,
    host: String,
    state: Stands,
    /// How it ended.
    outcome: Option<StepOutcome>,
    attempt: u32,
    /// When it ended, or began where it has not ended.
    at: Option<Timestamp>,
    took_ms: Option<u64>,
    exit: Option<i32>,
    why: Option<Text>,
    bytes: u64,
    /// Processes that outlived it.
    survivors: Vec<Text>,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Stands {
    Pending,
    Starting,
    Running,
    Ended,
}

/// Shows.
pub async fn run(general: &General, options: &Options) -> Result<Ending> {
    let (kept, place) = match kept(general, &options.run).await {
        Ok(kept) => kept,
        Err(ending) => return Ok(ending),
    };
    if let Some(step) = &options.output {
        return output(&kept, Some(step.as_str()).filter(|s| !s.is_empty()));
    }
    if options.json {
        print(&(serde_json::to_string_pretty(&document(kept, place))? + "\n"))?;
    } else {
        print(&page(&kept, place.as_deref(), Now::default().get()))?;
    }
    Ok(Ending::Good)
}

/// The run as it stands, and the host that keeps it where that is not this machine.
async fn kept(general: &General, name: &str) -> Result<(Kept, Option<String>), Ending> {
    if let Some(run) = find::here(name)? {
        let state = super::list::state()?;
        let mut kept = journal::read(&state, &run).map_err(|error| {
            tell!("qd: {error}");
            Ending::Usage
        })?;
        if !kept.state.status.is_over() && !journal::is_driven(&state, &run) {
            kept.state.status = RunStatus::Interrupted;
        }
        return Ok((kept, None));
    }
    let (desk, run) = find::found(general, name).await?;
    let (mut kept, keeper) = desk.helm.kept(&desk.deck, &run).await.map_err(|e| refused(&e))?;
    if !kept.state.status.is_over() && desk.helm.driven_elsewhere(&desk.deck, &kept).await.is_none() {
        kept.state.status = RunStatus::Interrupted;
    }
    Ok((kept, keeper.map(|k| k.name.to_string())))
}

fn tasks(state: &RunState) -> Vec<Task> {
    let mut left: BTreeMap<(String, String), &TaskState> =
        state.tasks.iter().map(|((step, host), task)| ((step.clone(), host.to_string()), task)).collect();
    let mut tasks = Vec::new();
    let pending = TaskState::Pending;
    for planned in &state.plan.steps {
        for host in &planned.hosts {
            let key = (planned.step.id.clone(), host.to_string());
            let is_left_out = planned.left_out.is_some();
            match left.remove(&key) {
                Some(found) => tasks.push(task(key, found)),
                None if is_left_out => {}
                None => tasks.push(task(key, &pending)),
            }
        }
    }
    tasks.extend(left.into_iter().map(|(key, found)| task(key, found)));
    tasks
}

fn task((step, host): (String, String), state: &TaskState) -> Task {
    let mut task = Task {
        step,
        host,
        state: Stands::Pending,
        outcome: state.outcome(),
        attempt: state.attempt(),
        at: None,
        took_ms: None,
        exit: None,
        why: None,
        bytes: 0,
        survivors: Vec::new(),
    };
    match state {
        TaskState::Pending => {}
        TaskState::Starting { at, .. } => (task.state, task.at) = (Stands::Starting, Some(*at)),
        TaskState::Running { at, .. } => (task.state, task.at) = (Stands::Running, Some(*at)),
        TaskState::Finished { exit, why, at, took, bytes, survivors, .. } => {
            (task.state, task.at, task.exit, task.bytes) = (Stands::Ended, Some(*at), *exit, *bytes);
            task.took_ms = u64::try_from(took.as_millis()).ok();
            (task.why, task.survivors) = (why.clone(), survivors.clone());
        }
    }
    task
}

fn document(kept: Kept, kept_by: Option<String>) -> Document {
    let tasks = tasks(&kept.state);
    let state = kept.state;
    Document {
        schema: 1,
        id: state.id,
        status: state.status,
        why: state.why,
        operator: state.operator,
        reason: state.reason,
        began: state.began,
        ended: state.ended,
        dirty: state.dirty,
        fence: state.fence,
        tasks,
        question: state.question,
        kept_by,
        plan: (*state.plan).clone(),
    }
}

/// The run as text.
fn page(kept: &Kept, place: Option<&str>, now: Timestamp) -> String {
    let (state, plan) = (&kept.state, &kept.state.plan);
    let mut lines = vec![format!("run {} · {} · {} · plan {}", state.id, plan.target, plan.title, plan.short())];
    let end = state.ended.unwrap_or(now);
    let took = state.began.map(|began| format!(" · {} ago", span(now.duration_since(began)))).unwrap_or_default();
    let lasted = state.began.map(|began| format!(" · {}", span(end.duration_since(began)))).unwrap_or_default();
    lines.push(format!("  by          {}{took}", state.operator));
    lines.extend(state.reason.as_ref().map(|why| format!("  reason      {why}")));
    lines.extend(plan.release.as_ref().map(|r| format!("  version     {}", r.version)));
    lines.extend(plan.inputs.iter().map(|i| format!("  input       {} = {}", i.name, i.shown)));
    lines.extend(place.map(|place| format!("  kept by     {place}")));
    lines.push(String::new());
    let rows: Vec<[String; 5]> = tasks(state).iter().map(row).collect();
    lines.extend(columns(&rows).lines().map(|line| format!("  {line}")));
    for task in tasks(state) {
        let survivors = task.survivors.iter();
        lines.extend(survivors.map(|s| format!("  still runs on {} after {}: {s}", task.host, task.step)));
    }
    lines.push(String::new());
    lines.extend(state.question.as_ref().map(|question| format!("  asks        {}", words(question))));
    let why = state.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    let dirty = if state.dirty { " · dirty: changes are neither proven nor taken back" } else { "" };
    lines.push(format!("  {}{why}{lasted}{dirty}", state.status.words()));
    if state.status == RunStatus::Interrupted {
        lines.push(format!("  `qd runs resume {}` goes on with it", state.id));
    }
    lines.join("\n") + "\n"
}

fn row(task: &Task) -> [String; 5] {
    let word = match (task.state, task.outcome) {
        (_, Some(outcome)) => outcome.word(),
        (Stands::Starting, _) => "starting",
        (Stands::Running, _) => "running",
        _ => "not begun",
    };
    let attempt = if task.attempt > 1 { format!(" (attempt {})", task.attempt) } else { String::new() };
    let took = task.took_ms.filter(|ms| *ms > 0).map(|ms| rounded(std::time::Duration::from_millis(ms)));
    let why = task.why.as_ref().map(ToString::to_string).unwrap_or_default();
    [task.step.clone(), task.host.clone(), format!("{word}{attempt}"), took.unwrap_or_default(), why]
}

fn words(question: &Question) -> String {
    match question {
        Question::Failure { step, hosts, .. } => format!("{step} did not end well on {}", hosts.join(" ")),
        Question::Fate { step, host, .. } => format!("nobody knows what became of {step} on {host}"),
        Question::Approval { text, .. } => text.to_string(),
        Question::Boxes { step, items, ticked } => format!("{step}: {} of {} ticked", ticked.len(), items.len()),
        Question::Danger { step, hosts } => format!("{step} is dangerous; it runs on {}", hosts.join(" ")),
        Question::Batch { batch, hosts } => format!("batch {}: {}", batch + 1, hosts.join(" ")),
    }
}

/// What steps printed: the files that are kept on this machine.
fn output(kept: &Kept, step: Option<&str>) -> Result<Ending> {
    let state = match super::list::state() {
        Ok(state) => state,
        Err(ending) => return Ok(ending),
    };
    let folder = journal::run_folder(&state, &kept.state.id);
    let all = tasks(&kept.state);
    let chosen: Vec<&Task> = all.iter().filter(|t| step.is_none_or(|s| t.step == s)).collect();
    if chosen.is_empty() {
        let known: Vec<&str> = all.iter().map(|t| t.step.as_str()).collect();
        let hint = crate::settings::word::hint(step.unwrap_or_default(), known.iter().copied());
        tell!("qd: run {} has no step `{}`; {hint}", kept.state.id, step.unwrap_or_default());
        return Ok(Ending::Usage);
    }
    let mut is_any = false;
    for task in &chosen {
        let Some(text) = printed(&folder, task) else { continue };
        is_any = true;
        let head = if chosen.len() > 1 { format!("== {} on {}\n", task.step, task.host) } else { String::new() };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        print(&format!("{head}{text}{end}"))?;
    }
    if !is_any {
        tell!("no output of run {} is kept on this machine", kept.state.id);
    }
    Ok(Ending::Good)
}

/// Cleaned of control sequences: it came from outside.
fn printed(folder: &Path, task: &Task) -> Option<String> {
    let bytes = std::fs::read(journal::path_of(folder, &task.step, &task.host)).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    Some(Text::block(&text, usize::MAX).to_string())
}
