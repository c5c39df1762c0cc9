//! What a good run leaves on record: the version, its facts, copies of files and the schema of every host, and what cannot
//! be undone. A rollback that ends well marks the release that it went back from as bad. What ran before the first release
//! is put on record as it is found, before the first change.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use jiff::SignedDuration;
use tokio::time::Duration;

use super::hand::Hand;
use crate::model::plan::{HostName, PlannedRelease};
use crate::model::{RunId, RunbookKind, Text};
use crate::runner::machine::Input;
use crate::runner::plan;
use crate::runner::target::{Record, Target, TargetError};

/// For each command that looks.
const LIMIT: Duration = Duration::from_mins(1);
/// A host that is away is waited for so long.
const PATIENCE: Duration = Duration::from_mins(1);

impl Hand {
    pub(super) async fn keep_record(self: Arc<Self>) {
        let answer = self.record().await;
        self.send(Input::Recorded(answer)).await;
    }

    async fn record(&self) -> Result<Text, Text> {
        let planned = self.plan.release.as_ref().ok_or("the plan brings no version")?;
        let keeper = self.keeper().ok_or("the host of its lock is not in the deck")?;
        let key = self.plan.target.to_string();
        let mut record = self.blank(&planned.version);
        record.inputs = self.plan.inputs.iter().map(|i| (i.name.clone(), i.shown.clone())).collect();
        for step in self.plan.steps.iter().filter(|s| s.left_out.is_none()) {
            if let Some(why) = &step.step.irreversible {
                record.irreversible.push((step.step.title.clone(), why.clone()));
            }
        }
        let here = [HostName::from(plan::LOCAL)];
        let hosts = self.plan.batches.concat();
        for host in if hosts.is_empty() { &here[..] } else { &hosts } {
            self.look_at(&self.target(host)?, planned, &key, &mut record).await?;
        }
        let keep = planned.release.keep;
        let kept = || keeper.record(&self.permit, &key, &record, keep).boxed();
        self.until_reached(Some(PATIENCE), kept).await.map_err(words)?;
        if self.plan.kind == RunbookKind::Rollback {
            self.mark_bad(&keeper, &key, planned).await?;
        }
        Ok(planned.version.clone())
    }

    fn blank(&self, version: &Text) -> Record {
        Record {
            version: version.clone(),
            run: self.run.clone(),
            runbook: ((&*self.plan.runbook).into(), self.plan.runbook_hash.clone()),
            at: (self.surroundings.clock)(),
            operator: self.operator.clone(),
            inputs: BTreeMap::new(),
            facts: BTreeMap::new(),
            files: BTreeMap::new(),
            schema: BTreeMap::new(),
            irreversible: Vec::new(),
            bad: false,
            found: false,
        }
    }

    /// Puts versions on record that run now and are not on it: without them the first release has no way back. Says which.
    pub(super) async fn keep_found(&self) -> Result<Vec<Text>, Text> {
        let Some(planned) = self.plan.release.as_ref().filter(|_| self.plan.kind != RunbookKind::Rollback) else {
            return Ok(Vec::new());
        };
        // What a run left unfinished is not what ran well.
        if self.plan.lock.as_ref().is_some_and(|lock| lock.dirty.is_some()) {
            return Ok(Vec::new());
        }
        let Some(keeper) = self.keeper() else { return Ok(Vec::new()) };
        let key = self.plan.target.to_string();
        let known = self.until_reached(Some(PATIENCE), || keeper.records(&key).boxed()).await.map_err(words)?;
        let mut found: BTreeMap<&Text, Vec<&HostName>> = BTreeMap::new();
        for (host, version) in &planned.current {
            if *version != planned.version && !known.iter().any(|r| r.version == *version) {
                found.entry(version).or_default().push(host);
            }
        }
        let mut kept = Vec::new();
        for (version, hosts) in found {
            // Names of records tell their order, and these were there before this run.
            let before = (self.surroundings.clock)().saturating_sub(SignedDuration::from_secs(1)).unwrap_or_default();
            let number = u16::try_from(kept.len()).unwrap_or(u16::MAX);
            let run = RunId::new(before, number);
            let mut record = Record { run, found: true, at: before, ..self.blank(version) };
            if self.look_at_found(planned, &key, &hosts, &mut record).await? {
                let put = || keeper.record(&self.permit, &key, &record, planned.release.keep).boxed();
                self.until_reached(Some(PATIENCE), put).await.map_err(words)?;
                kept.push(version.clone());
            }
        }
        Ok(kept)
    }

    /// Whether there is a way back to what was found: it is still available on a host where it runs.
    async fn look_at_found(
        &self,
        planned: &PlannedRelease,
        key: &str,
        hosts: &[&HostName],
        record: &mut Record,
    ) -> Result<bool, Text> {
        let mut is_there = false;
        for host in hosts {
            let target = self.target(host)?;
            if let Some(script) = &planned.release.available {
                let env = self.names_of(planned, &record.version, &target);
                if !matches!(target.check(script, &env, LIMIT).await.map_err(words)?, (0, _)) {
                    continue;
                }
            }
            is_there = true;
            self.look_at(&target, planned, key, record).await?;
        }
        Ok(is_there)
    }

    /// Variables as they are for this version.
    fn names_of(&self, planned: &PlannedRelease, version: &Text, target: &Target) -> Vec<(String, String)> {
        let mut values = self.values.clone();
        values.insert(planned.release.version.clone(), version.to_string());
        plan::variables(&values, &self.plan.target, &target.name)
    }

    async fn look_at(
        &self,
        target: &Target,
        planned: &PlannedRelease,
        key: &str,
        record: &mut Record,
    ) -> Result<(), Text> {
        let env = self.names_of(planned, &record.version, target);
        let host = target.name.to_string();
        for (name, script) in &planned.release.facts {
            let (code, said) = target.check(script, &env, LIMIT).await.map_err(words)?;
            if code != 0 {
                if record.found {
                    continue;
                }
                return Err(format!("fact {name} on {host} ended with {code}").into());
            }
            let value = self.redactor.text(said.trim());
            record.facts.entry(host.clone()).or_default().insert(name.clone(), Text::block(&value, 4000));
        }
        if let Some(script) = &planned.release.schema {
            let (code, said) = target.check(script, &env, LIMIT).await.map_err(words)?;
            if code == 0 {
                record.schema.insert(host.clone(), Text::line_at_most(said.trim(), 200));
            }
        }
        if !planned.release.files.is_empty() {
            match target.keep_files(&self.permit, key, &record.run, &planned.release.files).await {
                Ok(files) => drop(record.files.insert(host, files)),
                // What was found may lack what releases have from now on.
                Err(TargetError::Refused { .. }) if record.found => {}
                Err(e) => return Err(words(e)),
            }
        }
        Ok(())
    }

    /// The newest record of each version that ran before is not offered first any more.
    async fn mark_bad(&self, keeper: &Target, key: &str, planned: &PlannedRelease) -> Result<(), Text> {
        let records = keeper.records(key).await.map_err(words)?;
        for left in planned.current.values().filter(|v| **v != planned.version) {
            if let Some(found) = records.iter().find(|r| r.version == *left && r.run != self.run && !r.bad) {
                let bad = Record { bad: true, ..found.clone() };
                let kept = keeper.record(&self.permit, key, &bad, planned.release.keep).await;
                kept.map_err(|e| Text::from(format!("{left} could not be marked as bad: {e}")))?;
            }
        }
        Ok(())
    }
}

fn words(error: TargetError) -> Text {
    error.to_string().into()
}
