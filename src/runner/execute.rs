//! Runs carried out: the machine's effects over targets, its entries in the journal, news for whoever looks. A [`Runner`]
//! starts runs, goes on with them, and looks on; each run is a task of its own that a [`RunHandle`] gives orders to.
//!
//! | file | what is done there |
//! | --- | --- |
//! | `drive` | the loop of one run |
//! | `hand` | what every effect shares |
//! | `shell` | shell texts on their targets |
//! | `act` | copies, requests, statements, waits, notices |
//! | `lock` | locks, preconditions, mirror |
//! | `marker` | the marker of a run in the middle |
//! | `record` | releases |
//! | `print` | output to the disk and the screen |
//! | `news` | what is told to whoever looks |
//! | `clean` | secrets out of what effects report |
//! | `open` | starting, resuming, looking on |
//! | `tidy` | what runs of long ago left on targets |
//! | [`witness`] | the audit log |

mod act;
mod clean;
mod drive;
mod hand;
mod lock;
mod marker;
mod news;
mod open;
mod print;
mod record;
mod shell;
mod tidy;
pub mod witness;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

pub use self::witness::Witness;
use crate::config::Deck;
use crate::config::acting::Acting;
use crate::model::plan::HostName;
use crate::model::run::Choice;
use crate::model::{Operator, Plan, RunId, RunStatus, Text};
use crate::runner::Permit;
use crate::runner::journal::JournalError;
use crate::runner::machine::Answers;
use crate::runner::target::{Target, TargetError};
use crate::source::Surroundings;
use crate::store::Event;

/// What a person wants of a run under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// What runs may end; nothing more begins.
    Drain,
    /// What runs is ended.
    Interrupt {
        /// Steps that say that they must not be interrupted, too.
        even_uninterruptible: bool,
    },
    /// The console leaves.
    Detach,
    /// What is asked is answered.
    Answer {
        /// The number of the entry that asked: no other question is answered.
        asked: u64,
        /// What.
        choice: Choice,
        /// Why.
        reason: Option<Text>,
    },
    /// A box is ticked.
    Tick {
        /// The step's id.
        step: String,
        /// Which, from 0.
        item: usize,
    },
}

/// How driving a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunEnd {
    /// How it stands; interrupted when it can be gone on with.
    pub status: RunStatus,
    /// Why, where it did not end well.
    pub why: Option<Text>,
    /// The runbook that is to be started now.
    pub on_failure: Option<Arc<str>>,
}

/// A run under way. Dropping it detaches.
#[derive(Debug)]
pub struct RunHandle {
    /// Which.
    pub id: RunId,
    /// What is wanted of it.
    pub orders: mpsc::Sender<Order>,
    /// Entries up to this number are told again: what they ask was answered before.
    pub told_before: u64,
    /// What happens: `RunOpened`, `RunTold`, `RunPrinted`, `RunClosed`.
    pub news: mpsc::Receiver<Event>,
    /// How it ended.
    pub end: JoinHandle<RunEnd>,
}

/// What was typed for a run, and is kept in memory alone.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Values of secret inputs, by name.
    pub asked: BTreeMap<String, SecretString>,
    /// The password for sudo.
    pub sudo: Option<Arc<SecretString>>,
}

/// What a run is started or gone on with.
pub struct Means {
    /// The deck as it is loaded now.
    pub deck: Arc<Deck>,
    /// What was typed.
    pub secrets: Secrets,
    /// Leave to act, made by the gate for this plan.
    pub permit: Permit,
    /// Who answers questions.
    pub answers: Answers,
    /// Why.
    pub reason: Option<Text>,
}

/// Why a run is not started or gone on with.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The files of this machine.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The host that keeps the mirror.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// It cannot be, and why.
    #[error("{0}")]
    Refused(Text),
}

/// Where the hosts of a plan are.
pub trait Places: Send + Sync {
    /// A host, or `local`; none for one that is not in the deck.
    fn target(&self, host: &HostName) -> Option<Target>;

    /// The folder that relative paths of copies start in.
    fn folder(&self) -> &Path;
}

/// The hosts of a service as its deck has them.
struct OfDeck {
    acting: Arc<Acting>,
    surroundings: Surroundings,
}

impl Places for OfDeck {
    fn target(&self, host: &HostName) -> Option<Target> {
        crate::runner::plan::target(&self.acting, host, &self.surroundings)
    }

    fn folder(&self) -> &Path {
        &self.acting.folder
    }
}

/// Starts runs, goes on with them, looks on.
#[derive(Clone)]
pub struct Runner {
    surroundings: Surroundings,
    state: PathBuf,
    operator: Operator,
    witness: Arc<dyn Witness>,
    places: Option<Arc<dyn Places>>,
    room: usize,
}

impl Runner {
    /// Over this machine's state folder; `witness` is the audit log.
    pub fn new(surroundings: Surroundings, state: PathBuf, operator: Operator, witness: Arc<dyn Witness>) -> Self {
        Self { surroundings, state, operator, witness, places: None, room: 256 }
    }

    /// With these hosts in place of those of the deck.
    #[must_use]
    pub fn with_places(mut self, places: Arc<dyn Places>) -> Self {
        self.places = Some(places);
        self
    }

    /// With room for so many batches of output that were not taken yet; what comes beyond is counted and left out. A run
    /// never waits for its reader.
    #[must_use]
    pub fn with_room(mut self, room: usize) -> Self {
        self.room = room.max(1);
        self
    }

    fn places(&self, plan: &Plan, deck: &Deck) -> Result<Arc<dyn Places>, RunError> {
        if let Some(places) = &self.places {
            return Ok(Arc::clone(places));
        }
        let acting = deck.environments.iter().find_map(|e| e.acting.get(&plan.target));
        let acting = acting.ok_or_else(|| RunError::Refused(format!("{} is not in the deck", plan.target).into()))?;
        Ok(Arc::new(OfDeck { acting: Arc::clone(acting), surroundings: self.surroundings.clone() }))
    }
}
