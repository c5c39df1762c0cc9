//! What runs before this one tell: how long they took, and when something was last done well. Reads journals on this
//! machine and, where asked, those that hosts keep; writes nothing.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::model::ServiceId;
use crate::model::plan::Estimate;
use crate::model::run::{Entry, Fact, RunId, RunStatus};
use crate::runner::target::Target;

/// Runs that are looked at, the newest.
const MOST: usize = 200;
/// Runs that a host is asked for.
const MOST_THERE: usize = 30;
/// A journal larger than this tells of a run that is no measure for others.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A run that is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Past {
    /// Its runbook.
    pub runbook: String,
    /// What it ran on.
    pub target: ServiceId,
    /// How it ended.
    pub status: RunStatus,
    /// When.
    pub ended: Timestamp,
    /// From its beginning to its end, waiting for people left out where it was resumed.
    pub took: Duration,
    /// The longest that each step took on a host.
    pub steps: BTreeMap<String, Duration>,
}

/// The part of a plan that says what was run.
#[derive(Deserialize)]
struct Head {
    runbook: String,
    target: ServiceId,
}

impl Past {
    /// From the texts of `plan.json` and `journal.jsonl`; none while it is not over, and where they cannot be read.
    pub fn of(plan: &str, journal: &str) -> Option<Self> {
        let head: Head = serde_json::from_str(plan).ok()?;
        let mut began = None;
        let mut steps: BTreeMap<String, Duration> = BTreeMap::new();
        let mut end = None;
        for line in journal.lines() {
            let Ok(entry) = serde_json::from_str::<Entry>(line) else { continue };
            match entry.fact {
                Fact::Began { .. } => began = Some(entry.at),
                Fact::Finished { step, outcome, took, .. } if outcome.is_good() && !outcome.is_override() => {
                    let longest = steps.entry(step).or_default();
                    *longest = took.max(*longest);
                }
                Fact::Ended { status, .. } => end = Some((status, entry.at)),
                _ => {}
            }
        }
        let (status, ended) = end?;
        let took = Duration::try_from(ended.duration_since(began?)).ok()?;
        Some(Self { runbook: head.runbook, target: head.target, status, ended, took, steps })
    }
}

/// The newest runs of a service on this machine. Blocks on files.
pub fn here(runs: &Path, target: &ServiceId) -> Vec<Past> {
    let Ok(folder) = std::fs::read_dir(runs) else { return Vec::new() };
    let mut ids: Vec<RunId> = folder.flatten().filter_map(|e| RunId::parse(&e.file_name().to_string_lossy())).collect();
    ids.sort();
    let read = |id: &RunId| {
        let folder = runs.join(id.as_str());
        let plan = std::fs::read_to_string(folder.join("plan.json")).ok()?;
        let journal = folder.join("journal.jsonl");
        if std::fs::metadata(&journal).ok()?.len() > LARGEST {
            return None;
        }
        Past::of(&plan, &std::fs::read_to_string(journal).ok()?)
    };
    ids.iter().rev().take(MOST).filter_map(read).filter(|past| past.target == *target).collect()
}

/// Runs of a service that a host keeps: those that others drove.
pub(super) async fn there(host: &Target, target: &ServiceId) -> Vec<Past> {
    let Ok(ids) = host.runs().await else { return Vec::new() };
    let mut all = Vec::new();
    for id in ids.iter().take(MOST_THERE) {
        let text = async |file: &str| {
            let bytes = host.fetch(id, file).await.ok()??;
            Some(String::from_utf8_lossy(&bytes).into_owned())
        };
        let (Some(plan), Some(journal)) = (text("plan.json").await, text("journal.jsonl").await) else { continue };
        all.extend(Past::of(&plan, &journal).filter(|past| past.target == *target));
    }
    all
}

/// When a runbook last ended well, with nothing left out by a person: what was left out was not done.
pub(super) fn last_good<'p>(past: impl IntoIterator<Item = &'p Past>, runbook: &str) -> Option<Timestamp> {
    past.into_iter().filter(|p| p.runbook == runbook && p.status == RunStatus::Succeeded).map(|p| p.ended).max()
}

/// How long a runbook takes, by the runs that ended well.
pub(super) fn estimate(past: &[Past], runbook: &str, said: Option<Duration>) -> Option<Estimate> {
    let mut took: Vec<Duration> = good(past, runbook).map(|p| p.took).collect();
    took.sort_unstable();
    let seen = part(&took, 50).zip(part(&took, 90));
    let seen = seen.map(|(p50, p90)| Estimate { p50, p90, runs: took.len() });
    seen.or(said.map(|said| Estimate { p50: said, p90: said, runs: 0 }))
}

/// How long a step usually takes.
pub(super) fn of_step(past: &[Past], runbook: &str, step: &str) -> Option<Duration> {
    let mut took: Vec<Duration> = good(past, runbook).filter_map(|p| p.steps.get(step)).copied().collect();
    took.sort_unstable();
    part(&took, 50)
}

fn good<'p>(past: &'p [Past], runbook: &str) -> impl Iterator<Item = &'p Past> {
    past.iter().filter(move |p| p.runbook == runbook && p.status.is_good())
}

/// The value that so many of a hundred do not exceed.
fn part(sorted: &[Duration], percent: usize) -> Option<Duration> {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::{Operator, StepOutcome};
    use crate::runner::plan::fixture;

    fn journal(seconds: i64, status: RunStatus) -> String {
        let at = |s: i64| fixture::made_at() + jiff::SignedDuration::from_secs(s);
        let finished = |host: &str, took: u64, outcome| Fact::Finished {
            step: "switch".into(),
            host: host.into(),
            attempt: 1,
            outcome,
            exit: Some(0),
            why: None,
            took: Duration::from_secs(took),
            bytes: 0,
            survivors: Vec::new(),
        };
        let facts = [
            (0, Fact::Began { digest: String::new(), operator: Operator::default(), reason: None }),
            (1, finished("a", 3, StepOutcome::Ok)),
            (2, finished("b", 5, StepOutcome::Recovered)),
            (3, finished("c", 500, StepOutcome::TimedOut)),
            (seconds, Fact::Ended { status, why: None }),
        ];
        let line = |(number, (s, fact)): (usize, (i64, Fact))| {
            serde_json::to_string(&Entry { number: number as u64 + 1, at: at(s), fact }).unwrap() + "\n"
        };
        facts.into_iter().enumerate().map(line).collect()
    }

    #[test]
    fn runs_that_ended_well_tell_how_long_the_next_takes() {
        let folder = tempfile::tempdir().unwrap();
        let plan = serde_json::to_string(&fixture::plan()).unwrap();
        let keep = |id: &str, plan: &str, journal: &str| {
            std::fs::create_dir(folder.path().join(id)).unwrap();
            std::fs::write(folder.path().join(id).join("plan.json"), plan).unwrap();
            std::fs::write(folder.path().join(id).join("journal.jsonl"), journal).unwrap();
        };
        for (n, seconds) in [10, 20, 30, 40].into_iter().enumerate() {
            keep(&format!("20261120-14045{n}-0000"), &plan, &journal(seconds, RunStatus::Succeeded));
        }
        keep("20261120-145959-0000", &plan, &journal(50, RunStatus::SucceededWithOverrides));
        keep("20261120-150000-0000", &plan, &journal(1000, RunStatus::Failed));
        keep("20261120-150001-0000", &plan, "{\"torn");
        keep("20261120-150002-0000", "{}", &journal(5, RunStatus::Succeeded));
        keep("not-a-run", &plan, &journal(5, RunStatus::Succeeded));
        let past = here(folder.path(), &fixture::plan().target);
        assert_eq!(past.len(), 6);
        let seen = estimate(&past, "deploy", None).unwrap();
        assert_eq!((seen.p50.as_secs(), seen.p90.as_secs(), seen.runs), (30, 50, 5));
        assert_eq!(of_step(&past, "deploy", "switch"), Some(Duration::from_secs(5)));
        assert_eq!(last_good(&past, "deploy"), Some(fixture::made_at() + jiff::SignedDuration::from_secs(40)));
        assert_eq!(last_good(&past, "backup"), None);
        let said = estimate(&past, "backup", Some(Duration::from_secs(9))).unwrap();
        assert_eq!((said.p50.as_secs(), said.runs), (9, 0));
    }
}
