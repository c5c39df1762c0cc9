//! Runs on record, on this machine or on the hosts that keep locks, and looking on at them. Changes nothing.

use std::path::Path;

use super::{Helm, HelmError};
use crate::config::Deck;
use crate::model::RunId;
use crate::model::run::{Liveness, LockHolder};
use crate::runner::execute::RunHandle;
use crate::runner::journal::{self, Kept};
use crate::runner::target::Target;

/// Runs that a host is asked for, the newest.
const MOST_THERE: usize = 30;

impl Helm {
    /// A run as this machine knows it, or as the hosts of the deck keep it.
    pub async fn kept(&self, deck: &Deck, run: &RunId) -> Result<(Kept, Option<Target>), HelmError> {
        let (state, id) = (self.state.clone(), run.clone());
        let known = tokio::task::spawn_blocking(move || journal::read(&state, &id)).await;
        if let Ok(Ok(kept)) = known {
            return Ok((kept, None));
        }
        for keeper in self.keepers(deck) {
            let file = async |name: &str| keeper.fetch(run, name).await.ok().flatten();
            let (Some(plan), Some(lines)) = (file("plan.json").await, file("journal.jsonl").await) else { continue };
            let runbook = file("runbook.md").await.unwrap_or_default();
            let kept = journal::fold(run, Path::new(&*keeper.name), &plan, &runbook, &lines);
            return kept.map(|k| (k, Some(keeper.clone()))).map_err(|e| HelmError::usage(e.to_string()));
        }
        Err(HelmError::usage(format!("there is no run {run}, neither on this machine nor on the hosts of the deck")))
    }

    /// One target for each host of the deck that keeps locks; those of several environments under one name count apart.
    fn keepers(&self, deck: &Deck) -> Vec<Target> {
        let mut seen = std::collections::BTreeSet::new();
        let all = deck.environments.iter().flat_map(|e| e.acting.values());
        let keepers = all.filter(|a| seen.insert((a.service.environment.clone(), a.hosts.first().cloned())));
        keepers.filter_map(|a| self.keeper(a)).collect()
    }

    /// Looks on at a run that another console drives.
    pub async fn attach(&self, deck: &Deck, run: &RunId) -> Result<RunHandle, HelmError> {
        let (_, keeper) = self.kept(deck, run).await?;
        Ok(self.runner()?.attach(run, keeper))
    }

    /// The host that keeps the mirror and the lock of a run; none for one that takes no lock.
    fn keeper_of(&self, deck: &Deck, kept: &Kept) -> Option<Target> {
        kept.state.plan.lock.as_ref()?;
        self.keeper(deck.acting(&kept.state.plan.target)?)
    }

    /// Who drives a run from another machine, or as another user of this one; none when nobody does, or its host is not reached.
    pub async fn driven_elsewhere(&self, deck: &Deck, kept: &Kept) -> Option<LockHolder> {
        let keeper = self.keeper_of(deck, kept)?;
        let key = kept.state.plan.lock.as_ref()?.keys.first()?;
        let holder = keeper.holder(key).await.ok()??;
        let is_alive = holder.liveness == Liveness::Held && holder.operator != self.operator;
        (is_alive && holder.run.as_ref() == Some(&kept.state.id)).then_some(holder)
    }

    /// Runs that hosts of the deck keep, that have not ended, and that nobody drives; the newest first. Hosts that are
    /// not reached keep theirs to themselves.
    pub async fn left_behind(&self, deck: &Deck) -> Vec<Kept> {
        let mut left: Vec<Kept> = Vec::new();
        for keeper in self.keepers(deck) {
            for run in keeper.runs().await.unwrap_or_default().into_iter().take(MOST_THERE) {
                if left.iter().any(|k| k.state.id == run) {
                    continue;
                }
                let Ok(kept) = fetched(&keeper, &run).await else { continue };
                if !kept.state.status.is_over()
                    && !journal::is_driven(&self.state, &run)
                    && self.driven_elsewhere(deck, &kept).await.is_none()
                {
                    left.push(kept);
                }
            }
        }
        left.sort_by(|a, b| b.state.id.cmp(&a.state.id));
        left
    }

    /// Every run that hosts of the deck have a folder of.
    pub async fn mirrored(&self, deck: &Deck) -> Vec<RunId> {
        let mut runs = Vec::new();
        for keeper in self.keepers(deck) {
            runs.extend(keeper.runs().await.unwrap_or_default());
        }
        runs.sort_by(|a, b| b.cmp(a));
        runs.dedup();
        runs
    }
}

async fn fetched(keeper: &Target, run: &RunId) -> Result<Kept, HelmError> {
    let file = async |name: &str| keeper.fetch(run, name).await.ok().flatten();
    let absent = || HelmError::usage(format!("{} keeps no run {run}", keeper.name));
    let (plan, lines) = (file("plan.json").await.ok_or_else(absent)?, file("journal.jsonl").await.ok_or_else(absent)?);
    let runbook = file("runbook.md").await.unwrap_or_default();
    journal::fold(run, Path::new(&*keeper.name), &plan, &runbook, &lines).map_err(|e| HelmError::usage(e.to_string()))
}
