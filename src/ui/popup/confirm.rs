//! A question that something depends on: what will happen, what must be done to say yes. It keeps what it was opened with;
//! what is typed answers that and nothing else.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;

use super::{framed_in, question};
use crate::model::run::{Choice, Question};
use crate::model::{EnvironmentId, RunId, ServiceId, Text};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::consent::{self, Consent, DEAF, Demand};
use crate::ui::run;
use crate::ui::text::wrap;

const WIDTH: u16 = 84;

const GOES_ON: &str =
    "Steps that run now go on on their hosts, and nothing more begins. The lock stays; any console can go on with it.";

/// What is done on yes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Leave the console while runs go on.
    Quit,
    /// End what runs.
    Interrupt {
        /// Of which run.
        run: RunId,
        /// Steps that must not be interrupted, and what happens if they are.
        insist: Vec<(String, Text)>,
    },
    /// Leave a run alone.
    Detach(RunId),
    /// Go on with a run.
    Continue {
        /// Which.
        run: RunId,
        /// What it was run on.
        target: ServiceId,
    },
    /// Answer a run.
    Answer {
        /// Which.
        run: RunId,
        /// What.
        choice: Choice,
        /// The question that was shown.
        question: Question,
    },
    /// Break a lock.
    Break {
        /// Where.
        environment: EnvironmentId,
        /// Which.
        key: String,
        /// Its number as it was shown.
        fence: u64,
        /// Who holds it.
        holder: Text,
    },
    /// Arm an environment.
    Arm(EnvironmentId),
}

impl Deed {
    /// The environment that it reaches.
    pub fn environment<'s>(&'s self, store: &'s Store) -> Option<&'s EnvironmentId> {
        match self {
            Self::Quit => None,
            Self::Continue { target, .. } => Some(&target.environment),
            Self::Interrupt { run, .. } | Self::Detach(run) | Self::Answer { run, .. } => {
                store.acting().open_run(run).map(|run| &run.state().plan.target.environment)
            }
            Self::Break { environment, .. } | Self::Arm(environment) => Some(environment),
        }
    }

    fn demand(&self) -> Demand {
        let typed = |phrase: Option<String>, reason| Demand::Typed { phrase, reason, password: false };
        match self {
            Self::Interrupt { insist, .. } => {
                insist.first().map_or(Demand::Yes, |(id, _)| typed(Some(id.clone()), false))
            }
            Self::Answer { choice: Choice::GoOn, question: Question::Danger { step, .. }, .. } => {
                typed(Some(step.clone()), false)
            }
            Self::Answer { choice, .. } if choice.needs_reason() => typed(None, true),
            Self::Arm(_) => typed(None, true),
            Self::Break { key, .. } => typed(Some(key.clone()), true),
            Self::Quit | Self::Detach(_) | Self::Continue { .. } | Self::Answer { .. } => Demand::Yes,
        }
    }

    fn title(&self) -> String {
        match self {
            Self::Quit => "leave while a run goes on?".into(),
            Self::Interrupt { .. } => "interrupt the run?".into(),
            Self::Detach(_) => "leave the run alone?".into(),
            Self::Continue { .. } => "go on with the run?".into(),
            Self::Answer { choice, .. } => format!("{}?", choice.words()),
            Self::Break { .. } => "break the lock?".into(),
            Self::Arm(environment) => format!("arm {environment}?"),
        }
    }

    fn button(&self) -> &'static str {
        match self {
            Self::Quit => "leave",
            Self::Interrupt { .. } => "interrupt",
            Self::Detach(_) => "detach",
            Self::Continue { .. } => "go on",
            Self::Answer { choice, .. } => choice.words(),
            Self::Break { .. } => "break it",
            Self::Arm(_) => "arm for ten minutes",
        }
    }

    /// What will happen, in sentences with their weight.
    fn words(&self, store: &Store) -> Vec<(Role, String)> {
        let plain = |words: &str| (Role::Text, words.to_owned());
        match self {
            Self::Quit => {
                let mut words: Vec<(Role, String)> = store
                    .acting()
                    .going()
                    .filter(|run| run.is_ours())
                    .map(|run| (Role::Strong, format!("{} on {}", run.state().plan.title, run.state().plan.target)))
                    .collect();
                words.push(plain(GOES_ON));
                words
            }
            Self::Interrupt { run, insist } => {
                let mut words = vec![
                    named(store, run),
                    plain(
                        "What runs is ended: TERM to its processes, KILL after its time of grace. What it changed stays changed.",
                    ),
                ];
                words.extend(
                    insist.iter().map(|(id, why)| (Role::Danger, format!("{id} must not be interrupted: {why}"))),
                );
                words
            }
            Self::Detach(run) => vec![named(store, run), plain(GOES_ON)],
            Self::Continue { .. } => vec![plain(
                "It is planned again, takes its lock anew, looks at its preconditions, and goes on with what did not end well.",
            )],
            Self::Answer { run, choice, question } => {
                let mut words = answer(*choice, question);
                let plan = store.acting().open_run(run).map(|run| &run.state().plan);
                let other = plan.and_then(|plan| plan.on_failure.as_ref());
                if let Some(other) = other.filter(|_| *choice == Choice::OnFailure) {
                    words.push((Role::Text, format!("That is {}; its plan is shown before it runs.", other.runbook)));
                }
                words
            }
            Self::Break { key, holder, fence, .. } => vec![
                (Role::Strong, format!("{key}  held by {holder}, number {fence}")),
                (
                    Role::Danger,
                    "If its run is alive, two runs may change the same things at the same time. Ask its holder first."
                        .into(),
                ),
            ],
            Self::Arm(environment) => vec![plain(&format!(
                "Plans of {environment} can be run from this console for ten minutes. It ends sooner when you leave the \
                 environment or the console. The reason is put on record."
            ))],
        }
    }
}

/// A run by what it does and where.
fn named(store: &Store, run: &RunId) -> (Role, String) {
    let plan = store.acting().open_run(run).map(|open| &open.state().plan);
    let what = plan.map_or_else(String::new, |plan| format!("{} on {}, ", plan.title, plan.target));
    (Role::Strong, format!("{what}run {run}"))
}

fn answer(choice: Choice, question: &Question) -> Vec<(Role, String)> {
    let mut words = vec![(Role::Strong, run::asked(question))];
    let told = match (choice, question) {
        (Choice::GoOn, Question::Danger { .. }) => (Role::Danger, "The step runs as soon as its name is typed."),
        (Choice::GoOn, _) => (Role::Text, "The run goes on."),
        (Choice::Retry, _) => (Role::Text, "The step is tried again where it failed."),
        (Choice::Skip, _) => {
            (Role::Degraded, "The step is left out where it failed and the run goes on; it ends with overrides.")
        }
        (Choice::MarkDone, _) => {
            (Role::Degraded, "The step counts as done where it failed and the run goes on; it ends with overrides.")
        }
        (Choice::Undo, _) => {
            (Role::Degraded, "Steps that changed something are taken back, the newest first; the run ends.")
        }
        (Choice::OnFailure, _) => {
            (Role::Degraded, "The run ends as failed, and the runbook for failures starts as a run of its own.")
        }
        (Choice::GiveUp, _) => {
            (Role::Danger, "The run ends as failed. What was changed stays, and is marked as unfinished.")
        }
    };
    words.push((told.0, told.1.to_owned()));
    words
}

/// The question as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirm {
    /// What is done on yes.
    pub deed: Deed,
    /// What must be done for it.
    pub demand: Demand,
    /// When it came up.
    pub opened: Timestamp,
    /// What was typed.
    pub consent: Consent,
}

impl Confirm {
    /// Opened now.
    pub fn new(deed: Deed, now: Timestamp) -> Self {
        let demand = deed.demand();
        let consent = Consent::on_first(&demand);
        Self { deed, demand, opened: now, consent }
    }

    /// Whether it opened so short ago that keys are not meant for it.
    pub fn is_deaf(&self, now: Timestamp) -> bool {
        now.duration_since(self.opened).abs() < DEAF
    }

    /// Whether what it asks about is still so; else why not.
    pub fn still_asked(&self, store: &Store) -> Result<(), String> {
        let gone = |words: &str| Err(words.to_owned());
        let open = |id: &RunId| store.acting().open_run(id);
        match &self.deed {
            Deed::Answer { run, question, .. } => {
                let asked = open(run).and_then(|run| run.state().question.as_ref());
                if asked.is_some_and(|asked| run::same_question(asked, question)) {
                    Ok(())
                } else {
                    gone("the run does not ask this any more")
                }
            }
            Deed::Interrupt { run, insist } => match open(run) {
                Some(it) if !it.is_going() => gone("the run is over"),
                Some(it) => {
                    let now = run::uninterruptible(it.state());
                    let same = now.iter().all(|step| insist.contains(step));
                    if same { Ok(()) } else { gone("a step that must not be interrupted has begun; ask again") }
                }
                None => gone("the run is not known any more"),
            },
            Deed::Detach(run) if !open(run).is_some_and(crate::store::OpenRun::is_going) => gone("the run is over"),
            Deed::Break { environment, key, fence, .. } => {
                let held = store.acting().locks(environment).map(|locks| &locks.held);
                let same = held.is_some_and(|held| held.iter().any(|l| l.key == *key && l.fence == *fence));
                if same { Ok(()) } else { gone("the lock was given to somebody else or is free; look again") }
            }
            _ => Ok(()),
        }
    }
}

/// Draws the question.
pub fn draw(buffer: &mut Buffer, body: Rect, confirm: &Confirm, view: &View<'_>) {
    let cells = usize::from(WIDTH.min(body.width).saturating_sub(2));
    let environment = confirm.deed.environment(view.store);
    let mut lines = Vec::new();
    if let Some(id) = environment {
        lines.push(question::field("environment", question::environment(id, view), view));
    }
    for (role, words) in confirm.deed.words(view.store) {
        let wrapped = wrap(&words, cells.saturating_sub(2)).into_iter();
        lines.extend(wrapped.map(|line| Line::from(view.span(role, format!(" {line}")))));
    }
    lines.push(Line::default());
    let foot = match confirm.still_asked(view.store) {
        Ok(()) => consent::lines(&confirm.consent, &confirm.demand, confirm.deed.button(), view),
        Err(why) => vec![Line::from(view.span(Role::Fault, format!(" {why}")))],
    };
    let border: Style = environment.map_or_else(|| view.style(Role::BorderFocused), |id| question::border(id, view));
    let height = u16::try_from(lines.len() + foot.len() + 2).unwrap_or(u16::MAX);
    let inner = framed_in(buffer, body, (WIDTH, height), &confirm.deed.title(), border, view);
    let room = usize::from(inner.height).saturating_sub(foot.len());
    for (line, y) in lines.iter().take(room).chain(&foot).zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}
