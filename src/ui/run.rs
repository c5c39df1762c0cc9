//! A run on the screen: which step and host are looked at, and how a step stands over all its hosts. The same answers for
//! drawing and for keys.

use std::time::Duration;

use jiff::Timestamp;

use super::acting::{between, outcome, rank, took};
use super::edit::Edit;
use super::popup::card::Card;
use crate::model::plan::{HostName, PlannedStep};
use crate::model::run::{Question, TaskState};
use crate::model::{Health, LinkState, Plan, RunId, RunState, StepOutcome, Text};
use crate::store::{OpenRun, Store};
use crate::theme::{Glyphs, Role};

/// A row of the steps: a step, or one host of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The step's id; an undo is `undo:ID`.
    pub step: String,
    /// One host of several.
    pub host: Option<HostName>,
}

/// Which run is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// This one.
    Run(RunId),
    /// The one that came of this plan; it has no name before it begins.
    Of {
        /// The digest of the plan.
        digest: String,
        /// When it was said yes to.
        at: Timestamp,
    },
    /// This one, as it goes on from a moment.
    Again {
        /// Which.
        run: RunId,
        /// When it was said yes to.
        at: Timestamp,
    },
}

/// How a run is looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunView {
    /// Which run.
    pub which: Which,
    /// The chosen row; none follows what runs.
    pub row: Option<Row>,
    /// The number of the last line of output that is shown; none follows.
    pub anchor: Option<u64>,
    /// Whether the output has the whole screen.
    pub full: bool,
    /// What was searched for in the output.
    pub search: String,
    /// What is being typed to search for.
    pub searching: Option<Edit>,
    /// The chosen box of a manual step.
    pub at_box: usize,
    /// The card that was said yes to, and when: it comes back when nothing was started.
    pub start: Option<Box<(Card, Timestamp)>>,
}

impl RunView {
    /// The run, once it is open.
    pub fn open<'s>(&self, store: &'s Store) -> Option<&'s OpenRun> {
        match &self.which {
            Which::Run(id) => store.acting().open_run(id),
            Which::Of { digest, at } => store.acting().came_of(digest, *at),
            Which::Again { run, at } => store.acting().open_run(run).filter(|open| open.opened_since(*at)),
        }
    }

    /// Why nothing was started.
    pub fn refusal<'s>(&self, store: &'s Store) -> Option<&'s Text> {
        let (card, at) = &**self.start.as_ref()?;
        store.acting().refusal(card.ask, *at).filter(|_| self.open(store).is_none())
    }

    /// Follows a run.
    pub fn new(which: Which) -> Self {
        Self {
            which,
            row: None,
            anchor: None,
            full: false,
            search: String::new(),
            searching: None,
            at_box: 0,
            start: None,
        }
    }

    /// Waits for the run that a card was said yes to for.
    pub fn starting(card: Card, plan: &Plan, at: Timestamp) -> Self {
        // A run that goes on keeps the plan that it began with.
        let which = match &plan.resumes {
            Some(run) => Which::Again { run: run.clone(), at },
            None => Which::Of { digest: plan.digest.clone(), at },
        };
        Self { start: Some(Box::new((card, at))), ..Self::new(which) }
    }

    /// Lines between the end of the output and the last one shown.
    pub fn back(&self, run: &OpenRun) -> usize {
        let row = self.row(run);
        self.anchor.map_or(0, |anchor| run.output.after(&row.step, row.host.as_ref(), anchor))
    }

    /// The row that is shown: the chosen one, or the one at which something happens.
    pub fn row(&self, run: &OpenRun) -> Row {
        self.row.clone().unwrap_or_else(|| current(run.state()))
    }
}

/// The row at which something happens: what runs, what a person is asked about, what went wrong, or what ended last.
pub fn current(state: &RunState) -> Row {
    let alive =
        state.tasks.iter().find(|(_, task)| matches!(task, TaskState::Starting { .. } | TaskState::Running { .. }));
    if let Some(((step, _), _)) = alive {
        return Row { step: step.clone(), host: None };
    }
    if let Some(step) = state.question.as_ref().and_then(step_of) {
        return Row { step: step.to_owned(), host: None };
    }
    let ended = |task: &TaskState| match task {
        TaskState::Finished { at, outcome, .. } => Some((!outcome.is_good(), *at)),
        _ => None,
    };
    let last =
        state.tasks.iter().filter_map(|((step, _), task)| Some((ended(task)?, step))).max_by_key(|(key, _)| *key);
    let step = last.map(|(_, step)| step.clone()).or_else(|| state.plan.steps.first().map(|s| s.step.id.clone()));
    Row { step: step.unwrap_or_default(), host: None }
}

/// Every row: the steps, the hosts below the chosen one where it has several, then what was taken back.
pub fn rows(state: &RunState, chosen: &Row) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut push = |step: &str, hosts: &[HostName]| {
        rows.push(Row { step: step.to_owned(), host: None });
        if step == chosen.step && hosts.len() > 1 {
            rows.extend(hosts.iter().map(|host| Row { step: step.to_owned(), host: Some(host.clone()) }));
        }
    };
    for step in &state.plan.steps {
        push(&step.step.id, &step.hosts);
    }
    for id in undone(state) {
        push(&id, &hosts_of(state, &id));
    }
    rows
}

/// Undoes, in the order of their steps from the last to the first.
fn undone(state: &RunState) -> Vec<String> {
    let ids = state.plan.steps.iter().rev().map(|s| format!("undo:{}", s.step.id));
    ids.filter(|id| state.tasks.keys().any(|(step, _)| step == id)).collect()
}

/// The hosts of a step, or of an undo.
pub fn hosts_of(state: &RunState, step: &str) -> Vec<HostName> {
    match planned(state, step).filter(|_| !step.starts_with("undo:")) {
        Some(planned) => planned.hosts.clone(),
        None => state.tasks.keys().filter(|(id, _)| id == step).map(|(_, host)| host.clone()).collect(),
    }
}

/// The step of the plan that a row is about.
pub fn planned<'s>(state: &'s RunState, step: &str) -> Option<&'s PlannedStep> {
    state.plan.step(step.strip_prefix("undo:").unwrap_or(step))
}

/// How a row stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// In which colour.
    pub role: Role,
    /// Its glyph.
    pub glyph: &'static str,
    /// In a word or two.
    pub word: String,
    /// How long it took, or has run.
    pub time: Option<Duration>,
    /// Whether it runs.
    pub is_alive: bool,
    /// Whether it runs for longer than it should.
    pub is_late: bool,
    /// Why it did not end well.
    pub why: Option<Text>,
}

/// How a row stands now.
pub fn standing(state: &RunState, row: &Row, glyphs: &Glyphs, now: Timestamp) -> Standing {
    let hosts = row.host.as_ref().map_or_else(|| hosts_of(state, &row.step), |host| vec![host.clone()]);
    let tasks: Vec<TaskState> = hosts.iter().map(|host| state.task(&row.step, host)).collect();
    let planned = planned(state, &row.step);
    let quiet = |role, glyph, word: &str| Standing {
        role,
        glyph,
        word: word.into(),
        time: None,
        is_alive: false,
        is_late: false,
        why: None,
    };
    let began = tasks.iter().filter_map(|task| match task {
        TaskState::Starting { at, .. } | TaskState::Running { at, .. } => Some(*at),
        _ => None,
    });
    let ended: Vec<StepOutcome> = tasks.iter().filter_map(TaskState::outcome).collect();
    if let Some(at) = began.min() {
        let gone = between(at, now);
        let patience = planned.and_then(|p| p.estimate).map(|estimate| late(state, estimate));
        let word = if tasks.len() > 1 { format!("{} of {}", ended.len(), tasks.len()) } else { "running".into() };
        let is_late = patience.is_some_and(|patience| gone > patience);
        let role = if is_late { Role::Degraded } else { Role::Accent };
        return Standing {
            time: Some(gone),
            is_alive: true,
            is_late,
            ..quiet(role, glyphs.link(LinkState::Connecting), &word)
        };
    }
    let Some(worst) = ended.iter().copied().max_by_key(|o| rank(*o)) else {
        let is_out = planned.is_some_and(|p| p.left_out.is_some());
        let (glyph, word) =
            if is_out { (glyphs.health(Health::Paused), "left out") } else { (glyphs.link(LinkState::Idle), "") };
        return quiet(Role::Dim, glyph, word);
    };
    let (role, glyph) = outcome(worst, glyphs);
    let alike = ended.iter().filter(|o| **o == worst).count();
    let word = match (tasks.len(), worst.is_good()) {
        (1, _) => worst.word().to_owned(),
        (all, true) if ended.len() < all => format!("{} of {all}", ended.len()),
        (_, true) => worst.word().to_owned(),
        (_, false) => format!("{alike} {}", worst.word()),
    };
    let facts = tasks.iter().filter_map(|task| match task {
        TaskState::Finished { took, why, outcome, .. } => Some((*took, why.clone().filter(|_| *outcome == worst))),
        _ => None,
    });
    let facts: Vec<(Duration, Option<Text>)> = facts.collect();
    let longest = facts.iter().map(|(took, _)| *took).max();
    let why = facts.into_iter().find_map(|(_, why)| why);
    Standing { time: longest.filter(|t| !t.is_zero()), why, ..quiet(role, glyph, &word) }
}

/// From when on a step is late: as much over its estimate as nine of ten runs are.
fn late(state: &RunState, estimate: Duration) -> Duration {
    let over = state.plan.estimate.map_or(1.5, |e| e.p90.as_secs_f64() / e.p50.as_secs_f64().max(1.0));
    estimate.mul_f64(over.clamp(1.2, 10.0))
}

/// `11.4 s`, or `2m 04s of ~12 s` while it runs.
pub fn time_words(standing: &Standing) -> String {
    standing.time.map_or(String::new(), took)
}

/// The step that a question is about.
pub fn step_of(question: &Question) -> Option<&str> {
    match question {
        Question::Failure { step, .. }
        | Question::Fate { step, .. }
        | Question::Approval { step, .. }
        | Question::Boxes { step, .. }
        | Question::Danger { step, .. } => Some(step),
        Question::Batch { .. } => None,
    }
}

/// What is asked, in a sentence.
pub fn asked(question: &Question) -> String {
    let on = |hosts: &[HostName]| match hosts {
        [] => String::new(),
        [one] => format!(" on {one}"),
        [first, rest @ ..] => format!(" on {first} and {} more", rest.len()),
    };
    match question {
        Question::Failure { step, hosts, .. } => format!("{step} failed{}; what now?", on(hosts)),
        Question::Fate { step, host, .. } => {
            format!("nobody knows how {step} ended on {host}, and it may not simply run again; what now?")
        }
        Question::Approval { text, .. } => text.to_string(),
        Question::Boxes { items, ticked, .. } => {
            format!("tick what you have checked: {} of {}", ticked.len(), items.len())
        }
        Question::Danger { step, hosts } => format!("{step} is dangerous and about to run{}", on(hosts)),
        Question::Batch { batch, hosts } => {
            format!("batch {} is to begin{}: {} hosts", batch + 1, on(hosts), hosts.len())
        }
    }
}

/// Whether two questions are the same but for boxes ticked meanwhile.
pub fn same_question(a: &Question, b: &Question) -> bool {
    match (a, b) {
        (Question::Boxes { step, items, .. }, Question::Boxes { step: other, items: others, .. }) => {
            step == other && items == others
        }
        _ => a == b,
    }
}

/// What can be chosen.
pub fn choices(question: &Question) -> Vec<crate::model::run::Choice> {
    use crate::model::run::Choice;
    match question {
        Question::Failure { choices, .. } | Question::Fate { choices, .. } => choices.clone(),
        Question::Boxes { .. } => Vec::new(),
        _ => vec![Choice::GoOn, Choice::GiveUp],
    }
}

/// Steps that run now and must not be interrupted, and what happens if they are.
pub fn uninterruptible(state: &RunState) -> Vec<(String, Text)> {
    let runs = |step: &PlannedStep| {
        let alive =
            |host| matches!(state.task(&step.step.id, host), TaskState::Starting { .. } | TaskState::Running { .. });
        step.hosts.iter().any(alive)
    };
    let told = |step: &PlannedStep| Some((step.step.id.clone(), step.step.uninterruptible.clone()?));
    state.plan.steps.iter().filter(|step| runs(step)).filter_map(told).collect()
}
