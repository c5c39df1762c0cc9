//! What a good run leaves on record: the version, its facts, copies of files and the schema of every host, and what cannot
//! be undone. A rollback that ends well marks the release that it went back from as bad.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use tokio::time::Duration;

use super::hand::Hand;
use crate::model::plan::PlannedRelease;
use crate::model::{RunbookKind, Text};
use crate::runner::machine::Input;
use crate::runner::plan;
use crate::runner::target::{Record, Target};

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
        let mut record = Record {
            version: planned.version.clone(),
            run: self.run.clone(),
            runbook: ((&*self.plan.runbook).into(), self.plan.runbook_hash.clone()),
            at: (self.surroundings.clock)(),
            operator: self.operator.clone(),
            inputs: self.plan.inputs.iter().map(|i| (i.name.clone(), i.shown.clone())).collect(),
            facts: BTreeMap::new(),
            files: BTreeMap::new(),
            schema: BTreeMap::new(),
            irreversible: Vec::new(),
            bad: false,
        };
        for step in &self.plan.steps {
            if let Some(why) = &step.step.irreversible {
                record.irreversible.push((step.step.title.clone(), why.clone()));
            }
        }
        let here = [crate::model::plan::HostName::from(plan::LOCAL)];
        let hosts = self.plan.batches.concat();
        for host in if hosts.is_empty() { &here[..] } else { &hosts } {
            self.look_at(&self.target(host)?, planned, &key, &mut record).await?;
        }
        let keep = planned.release.keep;
        let kept = || keeper.record(&self.permit, &key, &record, keep).boxed();
        self.until_reached(Some(PATIENCE), kept).await.map_err(|e| Text::from(e.to_string()))?;
        if self.plan.kind == RunbookKind::Rollback {
            self.mark_bad(&keeper, &key, planned).await?;
        }
        Ok(planned.version.clone())
    }

    async fn look_at(
        &self,
        target: &Target,
        planned: &PlannedRelease,
        key: &str,
        record: &mut Record,
    ) -> Result<(), Text> {
        let words = |e: crate::runner::target::TargetError| Text::from(e.to_string());
        let env = plan::variables(&self.values, &self.plan.target, &target.name);
        let host = target.name.to_string();
        for (name, script) in &planned.release.facts {
            let (code, said) = target.check(script, &env, LIMIT).await.map_err(words)?;
            if code != 0 {
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
            let files = target.keep_files(&self.permit, key, &self.run, &planned.release.files).await.map_err(words)?;
            record.files.insert(host, files);
        }
        Ok(())
    }

    /// The newest record of each version that ran before is not offered first any more.
    async fn mark_bad(&self, keeper: &Target, key: &str, planned: &PlannedRelease) -> Result<(), Text> {
        let records = keeper.records(key).await.map_err(|e| Text::from(e.to_string()))?;
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
