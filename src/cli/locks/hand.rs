//! Locks by hand: broken, taken, given back. Each is agreed to as strongly as its environment wants.

use std::sync::Arc;

use color_eyre::Result;

use super::liveness;
use crate::cli::plan::target::Desk;
use crate::cli::run::{confirm, refused};
use crate::config::acting::Acting;
use crate::exit::Ending;
use crate::model::{EnvironmentId, ServiceId, Text};
use crate::runner::helm::hand::is_at_work;
use crate::settings::word::hint;

/// Options of `qd locks break`.
#[derive(Clone, Debug, clap::Args)]
pub struct Breaking {
    /// Which lock: ENV/SERVICE
    key: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    consent: confirm::Hand,
}

/// Options of `qd locks take`.
#[derive(Clone, Debug, clap::Args)]
pub struct Taking {
    /// Of which service: ENV/SERVICE
    key: String,
    /// Why, for whoever finds it held
    #[arg(long, value_name = "TEXT")]
    reason: String,
    #[command(flatten)]
    consent: confirm::Hand,
}

/// Options of `qd locks give`.
#[derive(Clone, Debug, clap::Args)]
pub struct Giving {
    /// Of which service: ENV/SERVICE
    key: String,
    /// Why; production needs one
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    consent: confirm::Hand,
}

/// The environment of a key, connected to.
fn environment(desk: &Desk, key: &str) -> Result<EnvironmentId, Ending> {
    let name = key.split('/').next().unwrap_or(key);
    let all: Vec<&EnvironmentId> = desk.deck.environments.iter().map(|e| &e.environment.id).collect();
    let Some(found) = all.iter().find(|e| e.as_str() == name).filter(|_| key.contains('/')) else {
        tell!("qd: {key} is no lock of the deck, write ENV/SERVICE; {}", hint(name, all.iter().map(|e| e.as_str())));
        return Err(Ending::Usage);
    };
    desk.connect(Some(found));
    Ok((*found).clone())
}

/// Breaks a lock.
pub async fn break_it(desk: &Desk, options: &Breaking) -> Result<Ending> {
    let key = options.key.as_str();
    let environment = match environment(desk, key) {
        Ok(environment) => environment,
        Err(ending) => return Ok(ending),
    };
    let locks = desk.helm.locks(&desk.deck, &environment).await;
    let Some((host, holder)) = locks.held.into_iter().find(|(_, h)| h.key == key) else {
        for (host, why) in &locks.failed {
            tell!("qd: {host} was not looked at: {why}");
        }
        tell!("qd: nobody is known to hold a lock {key}");
        return Ok(if locks.failed.is_empty() { Ending::Usage } else { Ending::Unknown });
    };
    tell!("{key} on {host}: {} for {}, {}", holder.operator, holder.what, liveness(&holder));
    if is_at_work(&holder) {
        tell!(
            "WARNING: its holder is at work. What it does goes on until its next step, and a second run beside it may"
        );
        tell!("  break what both of them change.");
        if let Some(run) = &holder.run {
            tell!("  look on instead: `qd runs attach {run}`, or end it: `qd runs cancel {run}`");
        }
    }
    let Some(acting) = keeper(desk, &environment, &host) else {
        tell!("qd: {key} is of no service of the deck");
        return Ok(Ending::Usage);
    };
    let target = service(key, &environment);
    let doing = format!("to break the lock of {}", holder.operator);
    let operator = desk.helm.operator();
    let Some(consent) = options.consent.agree(&doing, &target, &acting, Some(&options.reason), operator).await else {
        return Ok(Ending::Refused);
    };
    match desk.helm.break_lock(&desk.deck, key, Some(holder.fence), consent).await {
        Ok(holder) => {
            tell!("{key} is free; it was held by {}", holder.operator);
            Ok(Ending::Good)
        }
        Err(error) => Ok(refused(&error)),
    }
}

/// A service whose locks are on this host.
fn keeper(desk: &Desk, environment: &EnvironmentId, host: &str) -> Option<Arc<Acting>> {
    let of = desk.deck.environments.iter().filter(|e| e.environment.id == *environment);
    let is_there = |a: &&Arc<Acting>| a.hosts.first().map_or(host == crate::runner::plan::LOCAL, |h| &*h.name == host);
    of.flat_map(|e| e.acting.values()).find(is_there).cloned()
}

fn service(key: &str, environment: &EnvironmentId) -> ServiceId {
    environment.service(key.split_once('/').map_or(key, |(_, name)| name))
}

/// The service of a key.
fn acting(desk: &Desk, key: &str) -> Result<Arc<Acting>, Ending> {
    environment(desk, key)?;
    desk.acting(key)
}

/// Takes a lock by hand.
pub async fn take(desk: &Desk, options: &Taking) -> Result<Ending> {
    let acting = match acting(desk, &options.key) {
        Ok(acting) => acting,
        Err(ending) => return Ok(ending),
    };
    let (service, reason) = (&acting.service, options.reason.as_str());
    let doing = format!("to take the lock of {service}");
    let Some(consent) = options.consent.agree(&doing, service, &acting, Some(reason), desk.helm.operator()).await
    else {
        return Ok(Ending::Refused);
    };
    match desk.helm.take_lock(&desk.deck, service, Text::from("maintenance"), consent).await {
        Ok(_) => {
            tell!("{service} is yours: no run begins on it until you `qd locks give {service}`");
            Ok(Ending::Good)
        }
        Err(error) => Ok(refused(&error)),
    }
}

/// Gives a lock back.
pub async fn give(desk: &Desk, options: &Giving) -> Result<Ending> {
    let acting = match acting(desk, &options.key) {
        Ok(acting) => acting,
        Err(ending) => return Ok(ending),
    };
    let service = &acting.service;
    let doing = format!("to give the lock of {service} back");
    let reason = options.reason.as_deref();
    let Some(consent) = options.consent.agree(&doing, service, &acting, reason, desk.helm.operator()).await else {
        return Ok(Ending::Refused);
    };
    match desk.helm.give_lock(&desk.deck, service, consent).await {
        Ok(_) => {
            tell!("{service} is free");
            Ok(Ending::Good)
        }
        Err(error) => Ok(refused(&error)),
    }
}
