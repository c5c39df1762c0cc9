//! Preconditions: looked at in the plan, and again by who runs it right before the first change. Only looks.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::names::variables;
use super::past::{self, Past};
use super::place::Site;
use crate::config::Deck;
use crate::model::runbook::Require;
use crate::model::{ServiceId, Text};
use crate::runner::step::wait;
use crate::runner::target::Target;
use crate::source::Surroundings;
use crate::transport::human;

const LIMIT: Duration = Duration::from_secs(10);

/// What preconditions are looked at with.
pub struct Ground<'a> {
    /// The service.
    pub service: &'a ServiceId,
    /// The deck as it is loaded now.
    pub deck: &'a Deck,
    /// The clock, the vault, the hosts.
    pub surroundings: &'a Surroundings,
    /// Every variable by its name in small letters, secrets found.
    pub values: &'a BTreeMap<String, String>,
    /// The hosts of the plan that are reached.
    pub hosts: Vec<&'a Target>,
    /// Runs of the service before this one, on this machine.
    pub past: &'a [Past],
    /// Where others keep theirs: the host of the lock.
    pub keeper: Option<&'a Target>,
    /// The time now.
    pub now: Timestamp,
}

/// Those that do not hold, in words. Looks at all of them.
pub async fn missing(require: &[Require], ground: &Ground<'_>) -> Vec<Text> {
    let mut missing = Vec::new();
    for one in require {
        match one {
            Require::Observed(wanted) => {
                let scene = wait::Scene {
                    service: ground.service,
                    deck: ground.deck,
                    surroundings: ground.surroundings,
                    units: ground.hosts.iter().map(|t| (&*t.name, &**t.transport())).collect(),
                };
                missing.extend(wait::lacking(wanted, &scene).await);
            }
            Require::Command { script, message } => missing.extend(command(script, message, ground).await),
            Require::Backup { runbook, within } => missing.extend(backup(runbook, *within, ground).await),
        }
    }
    missing
}

async fn command(script: &str, message: &Text, ground: &Ground<'_>) -> Vec<Text> {
    let asked = ground.hosts.iter().map(|target| async move {
        let env = variables(ground.values, ground.service, &target.name);
        match target.check(script, &env, LIMIT).await {
            Ok((0, _)) => None,
            Ok(_) => Some(Text::from(format!("{message} (on {})", target.name))),
            Err(error) => Some(Text::from(format!("{message}: nobody knows on {}: {error}", target.name))),
        }
    });
    futures::future::join_all(asked).await.into_iter().flatten().collect()
}

async fn backup(runbook: &str, within: Duration, ground: &Ground<'_>) -> Option<Text> {
    let age = |at: Timestamp| Duration::try_from(ground.now.duration_since(at)).unwrap_or_default();
    let here = past::last_good(ground.past, runbook);
    if here.is_some_and(|at| age(at) <= within) {
        return None;
    }
    let theirs = match ground.keeper {
        Some(keeper) => past::last_good(&past::there(keeper, ground.service).await, runbook),
        None => None,
    };
    let asks = format!("a good run of {runbook} within {}", human(within));
    match here.max(theirs) {
        Some(at) if age(at) <= within => None,
        Some(at) => {
            let ago = human(Duration::from_secs(age(at).as_secs()));
            Some(format!("it asks for {asks}; the last was {ago} ago: run {runbook} first").into())
        }
        None => Some(format!("it asks for {asks}; there is none on record: run {runbook} first").into()),
    }
}

/// The hosts that are reached.
pub(super) fn reached<'s>(sites: &[&'s Site]) -> Vec<&'s Target> {
    sites.iter().filter_map(|site| Some(site.reached()?.0)).collect()
}
