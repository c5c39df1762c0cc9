//! The card of a plan: what was asked for, and what must be done to say yes to it. It shows the plan that was made for its
//! own asking and no other, so nothing is swapped under the cursor.

mod draw;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Plan, RunId, ServiceId, Text};
use crate::store::Store;
use crate::store::acting::MadePlan;
use crate::ui::consent::{Consent, DEAF};
use crate::ui::hidden::Passphrase;

pub use draw::draw;

/// The card as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// On what.
    pub service: ServiceId,
    /// Which runbook.
    pub runbook: Arc<str>,
    /// Its title.
    pub title: Text,
    /// The number of the asking.
    pub ask: u64,
    /// When it was asked for, or came up again.
    pub since: Timestamp,
    /// The inputs that it was asked with.
    pub inputs: BTreeMap<String, String>,
    /// The secret ones.
    pub secrets: BTreeMap<String, Passphrase>,
    /// The run that it goes on with.
    pub resumes: Option<RunId>,
    /// The chosen step, from 1; 0 is what stands before the steps.
    pub at: usize,
    /// What was typed to say yes.
    pub consent: Consent,
}

impl Card {
    /// What came of the asking; none while it is being planned.
    pub fn made<'s>(&self, store: &'s Store) -> Option<&'s MadePlan> {
        store.acting().plan(self.ask)
    }

    /// The plan that is shown.
    pub fn plan<'s>(&self, store: &'s Store) -> Option<&'s Arc<Plan>> {
        self.made(store)?.plan.as_ref().ok()
    }

    /// Since when everything that is said yes to stands on the screen; none while it is planned.
    pub fn ready(&self, store: &Store) -> Option<Timestamp> {
        let made = self.made(store)?.at.max(self.since);
        // Arming brings the fields up.
        Some(store.acting().armed_since(&self.service.environment).map_or(made, |armed| armed.max(made)))
    }

    /// Whether keys of now were meant for what was there before everything stood on the screen. A clock that was set does
    /// not make it deaf for long.
    pub fn is_deaf(&self, store: &Store, now: Timestamp) -> bool {
        self.ready(store).is_none_or(|ready| now.duration_since(ready).abs() < DEAF)
    }
}
