//! The marker of a run that is in the middle: set before the first change, taken away after a good end. It is set over what
//! the plan knew of alone, and what somebody else left unfinished is put back where this run did not mend it.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::join_all;
use tokio::time::Duration;

use super::hand::Hand;
use super::lock::PATIENCE;
use crate::model::Text;
use crate::model::plan::{HostName, PlannedLock};
use crate::model::run::Dirty;
use crate::runner::journal;
use crate::runner::machine::Input;
use crate::runner::plan;
use crate::runner::target::Target;

/// For a look at the version that runs.
const LIMIT: Duration = Duration::from_secs(10);

impl Hand {
    /// Looks whether all is as the plan has it, puts what runs on record, and sets the marker.
    pub(super) async fn mark(self: Arc<Self>, is_first: bool) {
        let answer = match self.prepare(is_first).await {
            Ok(()) => self.set_markers().await,
            Err(why) => Err(why),
        };
        self.send(Input::Marked(answer)).await;
    }

    async fn prepare(&self, is_first: bool) -> Result<(), Text> {
        if let Some(keeper) = self.keeper() {
            self.nothing_was_left_since(&keeper).await?;
        }
        if is_first {
            self.same_versions_run().await?;
        }
        let found = self.keep_found().await;
        let found = found.map_err(|why| Text::from(format!("what runs now could not be put on record: {why}")))?;
        if !found.is_empty() {
            self.send(Input::Found(found)).await;
        }
        Ok(())
    }

    /// Between the plan and the lock another run may have left the service in the middle; nobody has agreed to go over that.
    async fn nothing_was_left_since(&self, keeper: &Target) -> Result<(), Text> {
        let known: Vec<&Dirty> = self.plan.lock.iter().flat_map(PlannedLock::left).collect();
        for (key, dirty) in self.markers(keeper).await? {
            if dirty.run != self.run && !known.iter().any(|d| d.run == dirty.run) {
                let Dirty { run, runbook, operator, .. } = dirty;
                return Err(format!("run {run} of {runbook} by {operator} left {key} unfinished since the plan was made; make a new plan").into());
            }
        }
        Ok(())
    }

    async fn markers(&self, keeper: &Target) -> Result<Vec<(String, Dirty)>, Text> {
        let mut markers = Vec::new();
        for key in self.plan.lock.iter().flat_map(|l| &l.keys) {
            let asked = || keeper.dirty(key).boxed();
            let found = self.until_reached(Some(PATIENCE), asked).await.map_err(|e| Text::from(e.to_string()))?;
            markers.extend(found.map(|dirty| (key.clone(), dirty)));
        }
        Ok(markers)
    }

    /// What is gone back to was learnt when the plan was made. A host that does not answer is the business of its steps.
    async fn same_versions_run(&self) -> Result<(), Text> {
        let Some(planned) = &self.plan.release else { return Ok(()) };
        let Some(script) = planned.release.current.as_deref() else { return Ok(()) };
        let asked = self.plan.hosts.iter().filter_map(|host| self.places.target(&host.name)).map(|target| async move {
            let env = plan::variables(&self.values, &self.plan.target, &target.name);
            let (code, said) = target.check(script, &env, LIMIT).await.ok()?;
            let runs = plan::version_of(&said).filter(|_| code == 0);
            let was = planned.current.get(&target.name);
            let word = |version: Option<&Text>| version.map_or_else(|| "no version".to_owned(), ToString::to_string);
            (runs.as_ref() != was).then(|| {
                format!(
                    "{} runs on {} now, and {} when the plan was made; make a new plan",
                    word(runs.as_ref()),
                    target.name,
                    word(was)
                )
            })
        });
        match join_all(asked).await.into_iter().flatten().next() {
            Some(why) => Err(why.into()),
            None => Ok(()),
        }
    }

    async fn set_markers(&self) -> Result<(), Text> {
        let Some(keeper) = self.keeper() else { return Ok(()) };
        let dirty = Dirty {
            run: self.run.clone(),
            runbook: (&*self.plan.runbook).into(),
            operator: self.operator.clone(),
            since: (self.surroundings.clock)(),
            hosts: self.plan.hosts.iter().map(|host| host.name.clone()).collect(),
        };
        for key in self.plan.lock.iter().flat_map(|l| &l.keys) {
            self.put_marker(&keeper, key, &dirty).await?;
        }
        Ok(())
    }

    async fn put_marker(&self, keeper: &Target, key: &str, dirty: &Dirty) -> Result<(), Text> {
        let set = || keeper.set_dirty(&self.permit, key, dirty).boxed();
        self.until_reached(Some(PATIENCE), set).await.map_err(|e| Text::from(e.to_string()))
    }

    pub(super) async fn clean(self: Arc<Self>) {
        let answer = self.take_markers().await;
        self.send(Input::Cleaned(answer)).await;
    }

    async fn take_markers(&self) -> Result<(), Text> {
        let (Some(keeper), Some(lock)) = (self.keeper(), &self.plan.lock) else { return Ok(()) };
        let own = self.plan.target.to_string();
        let mut is_mended = true;
        let mended = lock.dirty.as_ref().map(|left| &left.run);
        if let Some(left) = &lock.dirty {
            is_mended = self.reaches(left).await;
        }
        for (key, dirty) in self.markers(&keeper).await? {
            if dirty.run != self.run {
                continue;
            }
            // What was left under a lock that is shared is another service's, and no work of this one mends it.
            let left = if key == own { lock.dirty.as_ref() } else { lock.also.get(&key) };
            let is_mended = |left: &Dirty| left.run == self.run || (is_mended && Some(&left.run) == mended);
            match left {
                Some(left) if !is_mended(left) => self.put_marker(&keeper, &key, left).await?,
                _ => {
                    let taken = || keeper.clean(&self.permit, &key).boxed();
                    self.until_reached(Some(PATIENCE), taken).await.map_err(|e| Text::from(e.to_string()))?;
                }
            }
        }
        Ok(())
    }

    /// Whether this run is for every host that the other changed, or may have: its journal tells, or its plan.
    async fn reaches(&self, left: &Dirty) -> bool {
        let is_ours = |host: &HostName| self.plan.hosts.iter().any(|h| h.name == *host);
        if left.run == self.run || left.hosts.iter().all(is_ours) {
            return true;
        }
        let (state, run) = (self.state.clone(), left.run.clone());
        let kept = tokio::task::spawn_blocking(move || journal::read(&state, &run)).await;
        kept.is_ok_and(|kept| kept.is_ok_and(|kept| kept.state.changed_hosts().iter().all(is_ours)))
    }
}
