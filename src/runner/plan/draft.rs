//! A plan is put together: places are looked at side by side, then proofs, versions, preconditions and the lock, then the
//! level and the digest over all of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::inputs::{self, Settled};
use super::level::{Stakes, level};
use super::place::{LOCAL, Site};
use super::steps::{Around, effects, not_undone, resolve};
use super::{Ask, batches, digest, lock, names, past, place, release, require, secrets, warnings};
use crate::model::plan::{HostName, PlannedRelease, PlannedStep, StepEffect, Value};
use crate::model::runbook::{Choices, RunbookKind};
use crate::model::{Plan, Text};
use crate::runner::target::Record;
use crate::source::Surroundings;

/// Makes a plan.
pub(super) async fn plan(ask: &Ask, surroundings: &Surroundings) -> Result<Plan, Text> {
    let now = (surroundings.clock)();
    let frame = Frame::of(ask)?;
    let mut steps = frame.steps(ask)?;
    let names = frame.places(ask, &steps);
    let sudo: Vec<HostName> =
        steps.iter().filter(|s| s.step.sudo && s.left_out.is_none()).flat_map(|s| s.hosts.clone()).collect();
    let look = place::look(ask, &names, &sudo, surroundings, now);
    let (sites, mut warnings, (mut values, missing)) = futures::join!(
        look,
        warnings::of_health(ask, surroundings),
        secrets::reveal(&frame.settled, &surroundings.vault)
    );
    warnings.extend(warnings::of_sites(&sites));
    let mut facts = Facts { blocked: missing, warnings, ..Facts::default() };
    facts.look(ask, &frame, &sites, &mut values).await?;
    let around = Around { ask, hosts: &frame.hosts, plain: &frame.plain, secrets: &frame.secrets };
    let told = effects(&mut steps, &sites, &values, &around);
    let preconditions = preconditions(ask, &frame, &sites, &values, surroundings, now);
    let (told, lacking) = futures::join!(told, preconditions);
    facts.warnings.extend(told);
    facts.blocked.extend(lacking);
    facts.blocked.extend(blocked_steps(&steps));
    Ok(put_together(ask, frame, steps, &sites, facts, now))
}

/// What is known before anything is asked.
struct Frame {
    hosts: Vec<HostName>,
    settled: Settled,
    /// Values that may stand in a plan, by name in small letters.
    plain: BTreeMap<String, String>,
    secrets: Vec<String>,
    keys: Vec<String>,
}

impl Frame {
    fn of(ask: &Ask) -> Result<Self, Text> {
        let mut plain: BTreeMap<String, String> = ask.runbook.defaults.clone();
        plain.extend(ask.acting.names.clone());
        plain.insert("environment".into(), ask.acting.service.environment.to_string());
        plain.insert("service".into(), ask.acting.service.name.to_string());
        let lacking: Vec<&str> =
            ask.runbook.needs.iter().map(String::as_str).filter(|need| !plain.contains_key(*need)).collect();
        if let Some(need) = lacking.first() {
            let what =
                format!("runbook {} needs `{need}`, which {} does not say", ask.runbook.name, ask.acting.service);
            return Err(format!("{what}: add it to the service's vars").into());
        }
        let mut settled = inputs::settle(&ask.runbook, &ask.inputs, &plain)?;
        let mut secrets = Vec::new();
        for (name, value) in &settled.values {
            match value {
                Value::Plain(value) => drop(plain.insert(name.clone(), value.clone())),
                Value::Reference(_) | Value::Asked => secrets.push(name.clone()),
            }
        }
        // An optional input that is not given is an empty variable, not an unknown name.
        for input in &ask.runbook.inputs {
            if !settled.values.contains_key(&input.name) {
                plain.insert(input.name.clone(), String::new());
            }
        }
        for (name, value) in &plain {
            settled.values.insert(name.clone(), Value::Plain(value.clone()));
        }
        Ok(Self { hosts: hosts(ask)?, keys: lock::keys(ask, &plain)?, settled, plain, secrets })
    }

    fn steps(&self, ask: &Ask) -> Result<Vec<PlannedStep>, Text> {
        resolve(&Around { ask, hosts: &self.hosts, plain: &self.plain, secrets: &self.secrets })
    }

    /// Every place that has to be looked at.
    fn places(&self, ask: &Ask, steps: &[PlannedStep]) -> Vec<HostName> {
        let of_steps = steps.iter().filter(|s| s.left_out.is_none()).flat_map(|s| s.hosts.clone());
        let all: BTreeSet<HostName> = self.hosts.iter().cloned().chain(of_steps).chain([lock::host(ask)]).collect();
        all.into_iter().collect()
    }
}

/// Hosts of the service, those that were asked for alone; this machine where it has none.
fn hosts(ask: &Ask) -> Result<Vec<HostName>, Text> {
    let mut all: Vec<HostName> = ask.acting.hosts.iter().map(|host| host.name.clone()).collect();
    if all.is_empty() {
        all.push(LOCAL.into());
    }
    if let Some(other) = ask.only.iter().find(|name| !all.contains(name)) {
        let shown = Text::line_at_most(other, 60);
        let hint = names::hint(other, all.iter().map(|h| &**h));
        return Err(format!("{} does not run on `{shown}`; {hint}", ask.acting.service).into());
    }
    Ok(all.into_iter().filter(|host| ask.only.is_empty() || ask.only.contains(host)).collect())
}

/// What was found.
#[derive(Default)]
struct Facts {
    blocked: Vec<Text>,
    warnings: Vec<Text>,
    lock: Option<crate::model::plan::PlannedLock>,
    release: Option<PlannedRelease>,
    records: Vec<Record>,
    previous: Option<String>,
}

impl Facts {
    /// The lock, what is on record, the versions that run, and inputs that are chosen from them.
    async fn look(
        &mut self,
        ask: &Ask,
        frame: &Frame,
        sites: &BTreeMap<HostName, Site>,
        values: &mut BTreeMap<String, String>,
    ) -> Result<(), Text> {
        let keeper = sites.get(&lock::host(ask));
        if !ask.runbook.only_looks() {
            let (lock, blocked) = lock::look(ask, frame.keys.clone(), keeper).await;
            self.warnings.extend(warnings::of_lock(&lock, ask.resumes.as_ref()));
            self.blocked.extend(blocked);
            self.lock = Some(lock);
        }
        let of_hosts: Vec<&Site> = frame.hosts.iter().filter_map(|host| sites.get(host)).collect();
        let ground = Ground::look(ask, keeper, of_hosts.clone(), values).await?;
        for (input, value) in &frame.settled.open {
            let Some(choices) = &input.choices else { continue };
            match ground.choices(ask, choices).await {
                Ok(choices) => inputs::among(input, value, &choices)?,
                Err(why) => self.blocked.push(format!("choices of input {} are not known: {why}", input.name).into()),
            }
        }
        // What runs now is what a step goes back to.
        self.previous = frame.hosts.iter().find_map(|host| ground.current.get(host)).map(ToString::to_string);
        values.extend(self.previous.clone().map(|version| ("previous".to_owned(), version)));
        let (mut release, blocked) = release::plan(ask, &of_hosts, values, ground.current, &ground.records).await;
        self.blocked.extend(blocked);
        // Names of secrets are not known here: a plan is kept.
        self.blocked.extend(release.iter_mut().filter_map(|r| release::name_files(&mut r.release, &frame.plain)));
        self.release = release;
        self.records = ground.records;
        Ok(())
    }
}

/// What choices are made from.
pub(super) struct Ground<'s> {
    records: Vec<Record>,
    current: BTreeMap<HostName, Text>,
    sites: Vec<&'s Site>,
    values: BTreeMap<String, String>,
}

impl<'s> Ground<'s> {
    async fn look(
        ask: &Ask,
        keeper: Option<&'s Site>,
        sites: Vec<&'s Site>,
        values: &BTreeMap<String, String>,
    ) -> Result<Self, Text> {
        let wants = |choices: &Option<Choices>| matches!(choices, Some(Choices::Releases));
        let needs_records = ask.runbook.release.is_some() || ask.runbook.inputs.iter().any(|i| wants(&i.choices));
        let key = ask.acting.service.to_string();
        let records = match keeper.and_then(Site::reached).filter(|_| needs_records) {
            Some((target, _)) => release::records(target, &key).await?,
            None => Vec::new(),
        };
        let current = release::current(ask, &sites, values).await;
        Ok(Self { records, current, sites, values: values.clone() })
    }

    /// What can be chosen.
    pub(super) async fn choices(&self, ask: &Ask, choices: &Choices) -> Result<Vec<String>, Text> {
        match choices {
            Choices::Listed(listed) => Ok(listed.clone()),
            Choices::Releases => Ok(release::choices(&self.records, &self.current)),
            Choices::Command(script) => match self.sites.first() {
                Some(site) => release::listed(ask, site, script, &self.values).await,
                None => Err("there is no host to ask".into()),
            },
        }
    }
}

/// What can be chosen for each input that has choices.
pub(super) async fn choices(ask: &Ask, surroundings: &Surroundings) -> BTreeMap<String, Result<Vec<String>, Text>> {
    let asked = ask.runbook.inputs.iter().filter_map(|i| Some((&i.name, i.choices.as_ref()?)));
    let asked: Vec<(&String, &Choices)> = asked.collect();
    let names: Vec<HostName> = hosts(ask).unwrap_or_default().into_iter().take(1).chain([lock::host(ask)]).collect();
    let needs_places = asked.iter().any(|(_, choices)| !matches!(choices, Choices::Listed(_)));
    let names = if needs_places { names } else { Vec::new() };
    let sites = place::look(ask, &names, &[], surroundings, (surroundings.clock)()).await;
    let mut values = ask.runbook.defaults.clone();
    values.extend(ask.acting.names.clone());
    let first = names.first().and_then(|name| sites.get(name)).into_iter().collect();
    let ground = Ground::look(ask, sites.get(&lock::host(ask)), first, &values).await;
    let mut all = BTreeMap::new();
    for (name, choices) in asked {
        let found = match &ground {
            Ok(ground) => ground.choices(ask, choices).await,
            Err(why) => Err(why.clone()),
        };
        all.insert(name.clone(), found);
    }
    all
}

async fn preconditions(
    ask: &Ask,
    frame: &Frame,
    sites: &BTreeMap<HostName, Site>,
    values: &BTreeMap<String, String>,
    surroundings: &Surroundings,
    now: Timestamp,
) -> Vec<Text> {
    let of_hosts: Vec<&Site> = frame.hosts.iter().filter_map(|host| sites.get(host)).collect();
    let ground = require::Ground {
        service: &ask.acting.service,
        deck: &ask.deck,
        surroundings,
        values,
        hosts: require::reached(&of_hosts),
        past: &ask.past,
        keeper: sites.get(&lock::host(ask)).and_then(Site::reached).map(|(target, _)| target),
        now,
    };
    require::missing(&ask.runbook.require, &ground).await
}

/// Steps that cannot run, each told once with its hosts.
fn blocked_steps(steps: &[PlannedStep]) -> Vec<Text> {
    let mut by_reason: BTreeMap<&Text, (Vec<&str>, BTreeSet<&HostName>)> = BTreeMap::new();
    for planned in steps {
        for (host, effect) in &planned.effects {
            if let StepEffect::Blocked(why) = effect {
                let (ids, hosts) = by_reason.entry(why).or_default();
                if !ids.contains(&planned.step.id.as_str()) {
                    ids.push(&planned.step.id);
                }
                hosts.insert(host);
            }
        }
    }
    let told = by_reason.into_iter().map(|(why, (ids, hosts))| {
        let hosts: Vec<&str> = hosts.into_iter().map(|h| &**h).collect();
        format!("{} cannot run on {}: {why}", ids.join(", "), hosts.join(", "))
    });
    told.map(Text::from).collect()
}

fn put_together(
    ask: &Ask,
    frame: Frame,
    steps: Vec<PlannedStep>,
    sites: &BTreeMap<HostName, Site>,
    facts: Facts,
    made_at: Timestamp,
) -> Plan {
    let runbook = &ask.runbook;
    let running = || steps.iter().filter(|s| s.left_out.is_none());
    let changed: BTreeSet<&HostName> = running().filter(|s| !s.step.only_looks()).flat_map(|s| &s.hosts).collect();
    let changed = changed.into_iter().filter(|host| frame.hosts.contains(host)).count();
    let (level, raised_by) = level(&Stakes {
        policy: &ask.acting.policy,
        runbook,
        only_looks: runbook.only_looks(),
        dangerous: running().filter(|s| s.step.danger).map(|s| s.step.id.as_str()).collect(),
        reach: (changed, ask.acting.hosts.len()),
    });
    let mut stays = not_undone(&steps);
    if let Some(release) = facts.release.as_ref().filter(|_| runbook.kind == RunbookKind::Rollback) {
        stays.extend(release::stays(&facts.records, &release.version));
    }
    let mut values = frame.settled.values;
    values.extend(facts.previous.map(|version| ("previous".to_owned(), Value::Plain(version))));
    let mut plan = Plan {
        schema: Plan::SCHEMA,
        digest: String::new(),
        made_at,
        runbook: runbook.name.clone(),
        title: runbook.title.clone(),
        kind: runbook.kind,
        runbook_hash: runbook.hash.clone(),
        target: ask.acting.service.clone(),
        resumes: ask.resumes.clone(),
        tier: ask.acting.policy.tier,
        level,
        raised_by,
        inputs: frame.settled.given,
        values,
        hosts: frame.hosts.iter().filter_map(|host| sites.get(host)).map(Site::planned).collect(),
        batches: batches::divide(&frame.hosts, runbook.batches.as_ref()),
        batching: runbook.batches.clone(),
        lock: facts.lock,
        steps,
        require: runbook.require.clone(),
        release: facts.release,
        on_failure: runbook.on_failure.clone(),
        not_undone: stays,
        blocked: facts.blocked,
        warnings: facts.warnings,
        estimate: past::estimate(&ask.past, &runbook.name, runbook.estimate),
    };
    plan.digest = digest(&plan);
    plan
}

#[cfg(test)]
mod tests;
