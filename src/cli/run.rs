//! `qd run`: runs a runbook, or a plan that was saved, by the same gate, journal and audit log as the console.

pub mod confirm;
pub mod follow;
mod question;

use std::path::PathBuf;
use std::sync::Arc;

use color_eyre::Result;

use super::plan::card;
use super::plan::target::{Desk, What};
use super::printed::print;
use super::{General, Pace, block_on};
use crate::exit::Ending;
use crate::model::{Plan, RunId, RunStatus};
use crate::runner::execute::Secrets;
use crate::runner::helm::HelmError;
use crate::runner::helm::hand::is_at_work;
use crate::runner::journal;
use crate::runner::machine::Answers;
use crate::runner::plan::Ask;

/// Options of `qd run`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 it succeeded, 1 it failed, 2 usage, 4 refused (gate, lock), 5 cancelled, 6 the fate of \
a step is not known. Ctrl-C drains, a second one interrupts; what runs on hosts outlives a lost terminal, and \
`qd runs resume` goes on."
)]
pub struct Options {
    #[command(flatten)]
    what: What,
    /// Run this plan, as `qd plan --out` wrote it; refused when the facts are others by now
    #[arg(long, value_name = "FILE", conflicts_with_all = ["runbook", "service", "inputs", "hosts"])]
    plan: Option<PathBuf>,
    #[command(flatten)]
    consent: confirm::Options,
    /// Print what happens as JSON, one event a line
    #[arg(long)]
    json: bool,
}

/// Runs.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let desk = match Desk::open(general) {
        Ok(desk) => desk,
        Err(ending) => return Ok(ending),
    };
    block_on(Pace::Quick, async {
        let made = match &options.plan {
            Some(file) => desk.saved(file).await,
            None => desk.plan(&options.what).await,
        };
        let (plan, ask) = match made {
            Ok(made) => made,
            Err(ending) => return Ok(ending),
        };
        go(&desk, plan, &ask, &options.consent, options.json).await
    })?
}

/// Shows a plan, asks whether it is to be run, runs it and tells what happens.
pub async fn go(desk: &Desk, plan: Plan, ask: &Ask, consent: &confirm::Options, json: bool) -> Result<Ending> {
    if !json {
        print(&card::card(&plan))?;
    }
    go_on(desk, plan, ask, consent, follow::Shown { json, after: 0 }).await
}

/// Asks whether a plan that was shown is to be run, runs it and tells what happens.
pub async fn go_on(
    desk: &Desk,
    plan: Plan,
    ask: &Ask,
    consent: &confirm::Options,
    shown: follow::Shown,
) -> Result<Ending> {
    if !plan.blocked.is_empty() {
        tell!(
            "qd: the plan is blocked: {}",
            plan.blocked.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        );
        return Ok(Ending::Refused);
    }
    if let Some(ending) = held(desk, &plan) {
        return Ok(ending);
    }
    let Some(consent) = consent.agree(&plan, desk.helm.operator()).await else { return Ok(Ending::Refused) };
    let Some(secrets) = secrets(&plan, ask).await else {
        return Ok(if super::hosts::ask::is_over() { Ending::Cancelled } else { Ending::Refused });
    };
    let plan = Arc::new(plan);
    match desk.helm.run(&plan, &desk.deck, secrets.clone(), consent, follow::answers()).await {
        Ok(handle) => {
            let ended = follow::follow(handle, &plan, shown).await?;
            if let (Some(next), Answers::Policy) = (&ended.on_failure, follow::answers()) {
                after(desk, (&ended.run, secrets), next, &plan, shown.json).await?;
            }
            let is_refused = ended.status == RunStatus::Failed && plan.lock.is_some() && !ended.had_lock;
            Ok(if is_refused { Ending::Refused } else { follow::ending(ended.status) })
        }
        Err(error) => Ok(refused(&error)),
    }
}

/// Starts what a run declares for its failure where nobody is there to choose, and tells what comes of it.
async fn after(desk: &Desk, (run, secrets): (&RunId, Secrets), next: &str, plan: &Plan, json: bool) -> Result<()> {
    match desk.helm.after(&desk.deck, run, secrets).await {
        Ok((plan, handle)) => {
            let version = plan.release.as_ref().map(|r| format!(" back to {}", r.version)).unwrap_or_default();
            tell!("{next} begins by itself{version}, as run {run} declares");
            let ended = follow::follow(handle, &plan, follow::Shown { json, after: 0 }).await?;
            if !ended.status.is_good() {
                tell!("qd: {next} did not end well: {} is left as it is; look at it now", plan.target);
            }
        }
        Err(why) => tell!("qd: {next} is not started by itself: {why}; run it: qd run {next} {}", plan.target),
    }
    Ok(())
}

/// Says who holds a lock that the plan needs; none when nobody else does.
fn held(desk: &Desk, plan: &Plan) -> Option<Ending> {
    let holder = plan.lock.as_ref()?.held.as_ref()?;
    if holder.run.is_some() && holder.run == plan.resumes {
        return None;
    }
    tell!("qd: {} is held by {} for {}, {}", holder.key, holder.operator, holder.what, super::locks::liveness(holder));
    // A console of this machine that was killed a moment ago still counts as there.
    let is_ours = holder.operator == *desk.helm.operator();
    let is_left = |run| is_ours && !journal::is_driven(desk.helm.state(), run);
    match &holder.run {
        Some(run) if is_at_work(holder) && !is_left(run) => tell!("  `qd runs attach {run}` looks on"),
        Some(run) => tell!("  `qd runs resume {run}` goes on with it"),
        None => tell!("  {} gives it back with `qd locks give {}`", holder.operator, holder.key),
    }
    tell!("  `qd locks break {} --reason WHY` takes it away", holder.key);
    Some(Ending::Refused)
}

/// Tells why something was not done.
pub fn refused(error: &HelmError) -> Ending {
    tell!("qd: {error}");
    match error {
        HelmError::Usage(_) => Ending::Usage,
        HelmError::Refused(_) => Ending::Refused,
    }
}

/// What was typed for the inputs that are not kept, and the password for sudo where a host asks for one; none when nobody
/// is there to be asked.
async fn secrets(plan: &Plan, ask: &Ask) -> Option<Secrets> {
    use super::hosts::ask;
    use crate::model::plan::Value;
    let asked = plan.values.iter().filter(|(_, v)| **v == Value::Asked).map(|(name, _)| name.clone());
    let mut given = Vec::new();
    for name in asked {
        let typed = match ask_value(ask, &name) {
            Some(typed) => typed,
            None if ask::is_answered() => ask::hidden(&format!("{name}, not shown: ")).await?.secret().clone(),
            None => {
                tell!("qd: input `{name}` is secret; give it by reference: --input {name}=env:VARIABLE");
                return None;
            }
        };
        given.push((name, typed));
    }
    let mut sudo = None;
    if plan.asks_sudo() {
        if !ask::is_answered() {
            tell!("qd: sudo asks for a password there, and nobody is here to give it");
            return None;
        }
        sudo = Some(ask::hidden("password for sudo, not shown: ").await?.secret().clone());
    }
    Some(crate::runner::helm::secrets(given, sudo))
}

fn ask_value(ask: &Ask, name: &str) -> Option<secrecy::SecretString> {
    ask.inputs.get(name).map(|v| secrecy::SecretString::from(v.clone()))
}
