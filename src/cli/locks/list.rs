//! The locks and markers of an environment, or of all, as the hosts that keep them tell.

use color_eyre::Result;
use serde::Serialize;

use super::liveness;
use crate::app::Now;
use crate::cli::plan::target::Desk;
use crate::cli::printed::print;
use crate::cli::runs::list::span;
use crate::exit::Ending;
use crate::model::run::{Dirty, LockHolder};
use crate::model::{EnvironmentId, Text};
use crate::runner::helm::Locks;
use crate::settings::columns::columns;
use crate::settings::word::hint;

/// Options of `qd locks`.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Options {
    /// This environment, or this lock, alone
    #[arg(value_name = "ENV | ENV/SERVICE")]
    what: Option<String>,
    /// Print one JSON document (`qd schema locks` describes it)
    #[arg(long)]
    json: bool,
}

/// What `qd locks --json` prints.
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct Document {
    /// The shape of this document.
    schema: u32,
    /// Locks that are held.
    held: Vec<Held>,
    /// What runs left unfinished.
    dirty: Vec<Marked>,
    /// Hosts that could not be looked at.
    failed: Vec<Failed>,
}

/// A lock.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Held {
    /// The host that keeps it.
    host: String,
    #[serde(flatten)]
    holder: LockHolder,
}

/// A marker.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Marked {
    /// `environment/service`.
    key: String,
    #[serde(flatten)]
    dirty: Dirty,
}

/// A host that could not be looked at.
#[derive(Debug, Serialize, schemars::JsonSchema)]
struct Failed {
    environment: String,
    host: String,
    why: Text,
}

/// Looks and prints.
pub async fn run(desk: &Desk, options: &Options) -> Result<Ending> {
    let all: Vec<EnvironmentId> = desk.deck.environments.iter().map(|e| e.environment.id.clone()).collect();
    let (name, key) = match options.what.as_deref() {
        Some(what) => (Some(what.split('/').next().unwrap_or(what)), what.contains('/').then_some(what)),
        None => (None, None),
    };
    let chosen: Vec<EnvironmentId> = all.iter().filter(|e| name.is_none_or(|n| e.as_str() == n)).cloned().collect();
    if let (Some(name), true) = (name, chosen.is_empty()) {
        tell!("qd: there is no environment `{name}`; {}", hint(name, all.iter().map(EnvironmentId::as_str)));
        return Ok(Ending::Usage);
    }
    let mut document = Document { schema: 1, held: Vec::new(), dirty: Vec::new(), failed: Vec::new() };
    let mut is_any = false;
    for environment in &chosen {
        desk.connect(Some(environment));
        let (locks, looked) = (desk.helm.locks(&desk.deck, environment).await, keepers(desk, environment));
        is_any |= locks.failed.len() < looked || looked == 0;
        document.take(environment, locks, key);
    }
    if options.json {
        print(&(serde_json::to_string_pretty(&document)? + "\n"))?;
    } else {
        print(&document.text())?;
        for failed in &document.failed {
            tell!("{} of {} was not looked at: {}", failed.host, failed.environment, failed.why);
        }
    }
    Ok(if is_any || chosen.is_empty() { Ending::Good } else { Ending::Unknown })
}

/// How many hosts keep locks in an environment.
fn keepers(desk: &Desk, environment: &EnvironmentId) -> usize {
    let of = desk.deck.environments.iter().filter(|e| e.environment.id == *environment);
    let first = of.flat_map(|e| e.acting.values()).map(|a| a.hosts.first().map(|h| &h.name));
    first.collect::<std::collections::BTreeSet<_>>().len()
}

impl Document {
    fn take(&mut self, environment: &EnvironmentId, locks: Locks, key: Option<&str>) {
        let is_meant = |k: &str| key.is_none_or(|key| key == k);
        let held = locks.held.into_iter().filter(|(_, h)| is_meant(&h.key));
        self.held.extend(held.map(|(host, holder)| Held { host: host.to_string(), holder }));
        let dirty = locks.dirty.into_iter().filter(|(k, _)| is_meant(k));
        self.dirty.extend(dirty.map(|(key, dirty)| Marked { key, dirty }));
        let failed = locks.failed.into_iter();
        let environment = environment.to_string();
        self.failed.extend(failed.map(|(host, why)| Failed {
            environment: environment.clone(),
            host: host.to_string(),
            why,
        }));
    }

    fn text(&self) -> String {
        let now = Now::default().get();
        let since = |at| format!("{} ago", span(now.duration_since(at)));
        let row = |held: &Held| {
            let holder = &held.holder;
            let run = holder.run.as_ref().map_or_else(|| "by hand".to_owned(), ToString::to_string);
            let why = holder.reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            [
                holder.key.clone(),
                holder.operator.to_string(),
                since(holder.taken_at),
                format!("{}{why}", holder.what),
                run,
                format!("on {}", held.host),
                liveness(holder),
            ]
        };
        let rows: Vec<[String; 7]> = self.held.iter().map(row).collect();
        let mut text = columns(&rows);
        if rows.is_empty() {
            text.push_str("no lock is held\n");
        }
        let is_left = |marked: &&Marked| !marked.dirty.is_under_way(self.held.iter().map(|held| &held.holder));
        for Marked { key, dirty } in self.dirty.iter().filter(is_left) {
            let (run, runbook, operator) = (&dirty.run, &dirty.runbook, &dirty.operator);
            let since = since(dirty.since);
            text.push_str(&format!("{key} was left unfinished by {runbook} of {operator} {since}, run {run}\n"));
        }
        text
    }
}
