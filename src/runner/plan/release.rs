//! What becomes of the version: which runs now on each host, where the wanted one is, what is on record of it. Runs the
//! runbook's own commands that only look.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;

use super::Ask;
use super::names::{now, variables};
use super::place::Site;
use crate::model::Text;
use crate::model::plan::{HostName, PlannedRelease};
use crate::model::runbook::{Release, RunbookKind};
use crate::runner::target::{Record, Target};

const LIMIT: Duration = Duration::from_secs(10);

/// The versions that run now, by host. Hosts that do not say are left out.
pub(super) async fn current(ask: &Ask, sites: &[&Site], values: &BTreeMap<String, String>) -> BTreeMap<HostName, Text> {
    let Some(script) = ask.runbook.release.as_ref().and_then(|r| r.current.as_deref()) else { return BTreeMap::new() };
    let asked = sites.iter().filter_map(|site| Some((site, site.reached()?.0))).map(|(site, target)| async move {
        let env = variables(values, &ask.acting.service, &site.name);
        let (code, said) = target.check(script, &env, LIMIT).await.ok()?;
        Some((site.name.clone(), version_of(&said).filter(|_| code == 0)?))
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// Hosts on which the version could be switched to.
async fn available(ask: &Ask, release: &Release, sites: &[&Site], values: &BTreeMap<String, String>) -> Vec<HostName> {
    let Some(script) = release.available.as_deref() else { return Vec::new() };
    let asked = sites.iter().filter_map(|site| Some((site, site.reached()?.0))).map(|(site, target)| async move {
        let env = variables(values, &ask.acting.service, &site.name);
        let (code, _) = target.check(script, &env, LIMIT).await.ok()?;
        (code == 0).then(|| site.name.clone())
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// What the plan says of the version, and why it cannot be brought.
pub(super) async fn plan(
    ask: &Ask,
    sites: &[&Site],
    values: &BTreeMap<String, String>,
    current: BTreeMap<HostName, Text>,
    records: &[Record],
) -> (Option<PlannedRelease>, Vec<Text>) {
    let Some(release) = &ask.runbook.release else { return (None, Vec::new()) };
    let Some(version) = values.get(&release.version) else { return (None, Vec::new()) };
    let version = Text::line_at_most(version, 200);
    let available = available(ask, release, sites, values).await;
    let record = records.iter().find(|record| record.version == version);
    let mut blocked = Vec::new();
    if ask.runbook.kind == RunbookKind::Rollback && release.available.is_some() {
        let lacking = sites.iter().filter(|s| s.found.is_ok() && !available.contains(&s.name));
        blocked.extend(lacking.map(|s| Text::from(format!("{version} is not available on {}", s.name))));
    }
    let planned = PlannedRelease {
        release: release.clone(),
        current,
        available,
        recorded_at: record.map(|r| r.at),
        is_bad: record.is_some_and(|r| r.bad),
        version,
    };
    (Some(planned), blocked)
}

/// Fills in the names of the files that are kept with a release; what is not known blocks the plan.
pub(super) fn name_files(release: &mut Release, values: &BTreeMap<String, String>) -> Option<Text> {
    for file in &mut release.files {
        match now(file, values) {
            Ok(named) => *file = named,
            Err(why) => return Some(format!("files of the release: {why}").into()),
        }
    }
    None
}

/// Versions to choose from: on record, the newest first, the one that runs left out, those rolled back from last.
pub(super) fn choices(records: &[Record], current: &BTreeMap<HostName, Text>) -> Vec<String> {
    let runs = |version: &Text| !current.is_empty() && current.values().all(|now| now == version);
    let (bad, good): (Vec<_>, Vec<_>) = records.iter().filter(|r| !runs(&r.version)).partition(|r| r.bad);
    let mut all: Vec<String> = Vec::new();
    for version in good.into_iter().chain(bad).map(|r| r.version.to_string()) {
        if !all.contains(&version) {
            all.push(version);
        }
    }
    all
}

/// What a rollback to a version does not take back: changes of the runs after it that say so.
pub(super) fn stays(records: &[Record], version: &Text) -> Vec<Text> {
    let good = records.iter().position(|r| r.version == *version && !r.bad);
    let at = good.or_else(|| records.iter().position(|r| r.version == *version));
    let Some(at) = at else { return Vec::new() };
    let since = records.iter().take(at).flat_map(|r| r.irreversible.iter().map(move |change| (r, change)));
    since.map(|(record, (step, why))| format!("{step} of {}: {why}", record.version).into()).collect()
}

/// Records of the service, the newest first.
pub(super) async fn records(target: &Target, key: &str) -> Result<Vec<Record>, Text> {
    let mut records = target.records(key).await.map_err(|e| Text::from(e.to_string()))?;
    records.sort_by_key(|record| std::cmp::Reverse(record.at));
    Ok(records)
}

/// The lines of a command on the first host.
pub(super) async fn listed(
    ask: &Ask,
    site: &Site,
    script: &str,
    values: &BTreeMap<String, String>,
) -> Result<Vec<String>, Text> {
    let (target, _) = site.reached().ok_or_else(|| site.found.as_ref().err().cloned().unwrap_or_default())?;
    let env = variables(values, &ask.acting.service, &site.name);
    let (code, said) = target.check(script, &env, LIMIT).await.map_err(|e| Text::from(e.to_string()))?;
    if code != 0 {
        let why = Text::line_at_most(&said, 200);
        return Err(format!("the command for its choices ended with {code} on {}: {why}", site.name).into());
    }
    Ok(said.lines().map(str::trim).filter(|l| !l.is_empty()).map(ToOwned::to_owned).collect())
}

/// The version that a text which asks for it told.
pub fn version_of(said: &str) -> Option<Text> {
    first_line(said).map(|line| Text::line_at_most(line, 200))
}

fn first_line(said: &str) -> Option<&str> {
    said.lines().map(str::trim).find(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Operator, RunId};
    use crate::runner::plan::fixture;

    fn record(version: &str, bad: bool, irreversible: &[&str]) -> Record {
        Record {
            version: version.into(),
            run: RunId::parse("20261119-090000-00aa").unwrap(),
            runbook: ("deploy".into(), "00".into()),
            at: fixture::made_at(),
            operator: Operator::default(),
            inputs: BTreeMap::new(),
            facts: BTreeMap::new(),
            files: BTreeMap::new(),
            schema: BTreeMap::new(),
            irreversible: irreversible.iter().map(|why| ("migrate".into(), (*why).into())).collect(),
            bad,
            found: false,
        }
    }

    #[test]
    fn versions_to_go_back_to_are_those_that_do_not_run_and_bad_ones_come_last() {
        let records =
            [record("v4", false, &[]), record("v3", true, &[]), record("v2", false, &[]), record("v2", false, &[])];
        let now = |v: &str| BTreeMap::from([("a".into(), Text::line(v))]);
        assert_eq!(choices(&records, &now("v4")), ["v2", "v3"]);
        assert_eq!(choices(&records, &BTreeMap::new()), ["v4", "v2", "v3"]);
    }

    #[test]
    fn what_later_releases_cannot_take_back_is_told() {
        let records = [
            record("v4", false, &["drops a table"]),
            record("v3", false, &["sends mail"]),
            record("v2", false, &["old"]),
        ];
        let told: Vec<String> = stays(&records, &"v2".into()).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["migrate of v4: drops a table", "migrate of v3: sends mail"]);
        assert!(stays(&records, &"v9".into()).is_empty());
        let bad = [record("v4", false, &["drops a table"]), record("v3", true, &[])];
        assert_eq!(stays(&bad, &"v3".into()).len(), 1, "going back to a bad one takes back no more");
    }
}
