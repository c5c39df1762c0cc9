//! A runbook as it was read from Markdown: prose and steps, plain data. How it is read is in `runbook`; what becomes of it
//! for one target is a [`Plan`](super::Plan).

pub mod input;
pub mod step;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::plan::Level;
use super::text::Text;

pub use input::{Choices, Input, InputKind};
pub use step::{Action, Checked, HttpCall, On, SqlCall, Step, Until, Wait};

/// What a runbook is for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum RunbookKind {
    /// Brings a release out.
    Deploy,
    /// Ends and starts what runs.
    Restart,
    /// Keeps a copy of data.
    Backup,
    /// Puts data back. Destructive: raises the level of protected environments.
    Restore,
    /// Goes back to a release that was good.
    Rollback,
    /// Only looks. Takes no lock.
    Check,
    /// Anything else.
    #[default]
    Other,
}

impl RunbookKind {
    /// Every kind.
    pub const ALL: [RunbookKind; 7] =
        [Self::Deploy, Self::Restart, Self::Backup, Self::Restore, Self::Rollback, Self::Check, Self::Other];

    /// The word used in front matter, on the screen and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Deploy => "deploy",
            Self::Restart => "restart",
            Self::Backup => "backup",
            Self::Restore => "restore",
            Self::Rollback => "rollback",
            Self::Check => "check",
            Self::Other => "other",
        }
    }
}

/// Where a runbook comes from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Shipped in the binary.
    Stock,
    /// A file of the deck.
    Deck(PathBuf),
}

/// A runbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Runbook {
    /// The file's name without `.md`.
    pub name: Arc<str>,
    /// Where it comes from.
    pub origin: Origin,
    /// The first heading, or the name.
    pub title: Text,
    /// The first paragraph under it.
    pub doc: Text,
    /// What it is for.
    pub kind: RunbookKind,
    /// What the operator is asked for, in the order of the file.
    pub inputs: Vec<Input>,
    /// Variables of the service (`unit`, `releases`, …) without which it does not apply.
    pub needs: Vec<String>,
    /// Values that the service's own variables of the same name replace.
    pub defaults: BTreeMap<String, String>,
    /// How long it usually takes, until runs have shown it.
    pub estimate: Option<Duration>,
    /// Raises the confirm level of the environment; never lowers it.
    pub level: Option<Level>,
    /// The runbook that is offered when a step fails.
    pub on_failure: Option<OnFailure>,
    /// Names locked beside `environment/service`.
    pub locks: Vec<String>,
    /// Hosts in batches; all at once where there is none.
    pub batches: Option<Batches>,
    /// What must hold before the first change: looked at in the plan and again right before it.
    pub require: Vec<Require>,
    /// What a good run of it leaves on record; deploys and rollbacks have one.
    pub release: Option<Release>,
    /// Prose and steps, in the order of the file, includes put in.
    pub parts: Vec<Part>,
    /// The whole text of the file, as it is pinned when it runs.
    pub source: Arc<str>,
    /// SHA-256 of the text and of the texts it includes, in hexadecimal.
    pub hash: String,
}

impl Runbook {
    /// Its steps.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.parts.iter().filter_map(|part| match part {
            Part::Step(step) => Some(&**step),
            Part::Prose(_) => None,
        })
    }

    /// Whether no step of it changes anything.
    pub fn only_looks(&self) -> bool {
        self.steps().all(Step::only_looks)
    }
}

/// What happens when a step fails and nobody chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct OnFailure {
    /// The runbook that is offered.
    pub runbook: Arc<str>,
    /// Whether a run without a person in front of it starts it by itself.
    pub by_itself: bool,
}

/// Hosts taken some at a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Batches {
    /// Sizes in turn, the last repeated: `[1, "25%", "100%"]`.
    pub sizes: Vec<Size>,
    /// The run stops when this many hosts have failed.
    pub max_fail: usize,
    /// A person is asked between two batches.
    pub hold: bool,
    /// What must hold before the next batch begins.
    pub gate: Option<Wait>,
}

/// How many hosts a batch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Size {
    /// So many.
    Hosts(usize),
    /// This part of all, rounded up.
    Percent(u8),
}

/// A precondition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Require {
    /// What the console observes is so.
    Observed(Wait),
    /// A command that only looks ends with 0 on every host.
    Command {
        /// Its text.
        script: String,
        /// What is said when it does not.
        message: Text,
    },
    /// A good run of a backup runbook is on record and not older than this.
    Backup {
        /// The runbook.
        runbook: Arc<str>,
        /// The oldest that counts.
        within: Duration,
    },
}

/// What a run leaves on record when it has succeeded, so that there is a way back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Release {
    /// The input that names the version.
    pub version: String,
    /// Prints the version that runs now: only looks.
    pub current: Option<String>,
    /// Ends with 0 where `$VERSION` could be switched to: only looks.
    pub available: Option<String>,
    /// Facts kept with the record, by name: commands that only look (`artefact = "sha256sum …"`).
    pub facts: BTreeMap<String, String>,
    /// Files of the host of which a copy is kept.
    pub files: Vec<String>,
    /// Prints the version of the database's schema: only looks.
    pub schema: Option<String>,
    /// Records kept.
    pub keep: usize,
}

/// A part of a runbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// What people read.
    Prose(Prose),
    /// What is done.
    Step(Box<Step>),
}

/// A block of prose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Prose {
    /// How it is set.
    pub shape: Shape,
    /// Its text in pieces.
    pub spans: Vec<Span>,
}

/// How prose is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shape {
    /// A heading of this level, 1 to 6.
    Heading(u8),
    /// A paragraph.
    Paragraph,
    /// An item of a list, this deep (0 is outermost).
    Item(u8),
    /// A quotation.
    Quote,
    /// Code that is not run; its lines stand in the spans.
    Code,
    /// A row of a table, cells divided by ` │ `.
    Row,
    /// A line across.
    Rule,
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Span {
    /// What it says.
    pub text: Text,
    /// How.
    pub accent: Accent,
}

/// How a piece of text is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Accent {
    /// As the text around it.
    #[default]
    Plain,
    /// Emphasis.
    Emphasis,
    /// Strong.
    Strong,
    /// Code.
    Code,
    /// A link; its address is the next span's text in brackets where it differs from the words.
    Link,
}
