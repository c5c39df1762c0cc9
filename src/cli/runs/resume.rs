//! `qd runs resume`: going on with a run. It is planned anew, agreed to anew; what is done stays done.

use std::collections::BTreeMap;

use color_eyre::Result;
use secrecy::SecretString;

use super::{card, find};
use crate::cli::General;
use crate::cli::hosts::ask;
use crate::cli::plan::target::Desk;
use crate::cli::printed::print;
use crate::cli::run::{confirm, follow, go_on, refused};
use crate::exit::Ending;
use crate::model::plan::Value;
use crate::model::{Plan, RunId};
use crate::runner::journal;
use crate::secret::{SecretRef, expose};

/// Options of `qd runs resume`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Which run; without it the only one that was interrupted
    run: Option<String>,
    #[command(flatten)]
    pub consent: confirm::Options,
    #[command(flatten)]
    pub secrets: Asked,
    /// Print what happens as JSON, one event a line
    #[arg(long)]
    json: bool,
}

/// Inputs that are not kept, and are asked for again.
#[derive(Clone, Debug, clap::Args)]
#[group(skip)]
pub struct Asked {
    /// A secret input that was typed when the run began, by reference: NAME=env:VARIABLE; may be given several times
    #[arg(short, long = "input", value_name = "NAME=REFERENCE")]
    inputs: Vec<String>,
}

/// A secret of an input has so long to be found.
const SECRET: std::time::Duration = std::time::Duration::from_secs(20);

/// Goes on.
pub async fn run(general: &General, options: &Options) -> Result<Ending> {
    let found = match &options.run {
        Some(name) => find::found(general, name).await,
        None => only(general).await,
    };
    let (desk, run) = match found {
        Ok(found) => found,
        Err(ending) => return Ok(ending),
    };
    let (mut ask, kept) = match desk.helm.ask_to_resume(&desk.deck, &run).await {
        Ok(asked) => asked,
        Err(error) => return Ok(refused(&error)),
    };
    let status = kept.state.status;
    if status.is_good() {
        tell!("qd: run {run} is over: it {}; there is nothing to go on with", status.words());
        return Ok(Ending::Refused);
    }
    if journal::is_driven(desk.helm.state(), &run) {
        return Ok(driven(&run, "another console of this machine"));
    }
    if let Some(holder) = desk.helm.driven_elsewhere(&desk.deck, &kept).await {
        return Ok(driven(&run, &holder.operator.to_string()));
    }
    match options.secrets.of(&desk, &kept.state.plan).await {
        Ok(asked) => ask.inputs.extend(asked),
        Err(ending) => return Ok(ending),
    }
    let plan = match desk.helm.plan(&ask).await {
        Ok(plan) => plan,
        Err(error) => return Ok(refused(&error)),
    };
    if !options.json {
        print(&crate::cli::plan::card::card(&plan))?;
        print(&format!("\n{}", card::rest(&kept, &plan)))?;
    }
    go_on(&desk, plan, &ask, &options.consent, follow::Shown { json: options.json, after: kept.state.number }).await
}

fn driven(run: &RunId, by: &str) -> Ending {
    tell!("qd: {by} drives run {run}; look on with `qd runs attach {run}`");
    Ending::Refused
}

/// The only run that was interrupted: of this machine, or else of those that hosts of the deck keep.
async fn only(general: &General) -> Result<(Desk, RunId), Ending> {
    let desk = Desk::open(general)?;
    let mut left: Vec<(RunId, String)> = Vec::new();
    for listed in desk.helm.runs().into_iter().filter(journal::Listed::is_interrupted) {
        let what = listed.summary.map(|s| format!("{} on {} by {}", s.runbook, s.target, s.operator));
        left.push((listed.id, what.unwrap_or_default()));
    }
    desk.connect(None);
    let mut place = "on this machine";
    if left.is_empty() {
        place = "on this machine or on the hosts of the deck that are reached";
        let there = desk.helm.left_behind(&desk.deck).await;
        left = there
            .iter()
            .map(|k| {
                let plan = &k.state.plan;
                (k.state.id.clone(), format!("{} on {} by {}", plan.runbook, plan.target, k.state.operator))
            })
            .collect();
    }
    match left.as_slice() {
        [] => {
            tell!("qd: no interrupted run {place}");
            Err(Ending::Usage)
        }
        [(run, what)] => {
            tell!("run {run}: {what}");
            Ok((desk, run.clone()))
        }
        many => {
            tell!("qd: {} runs were interrupted; say which:", many.len());
            for (run, what) in many {
                tell!("  qd runs resume {run}   {what}");
            }
            Err(Ending::Usage)
        }
    }
}

impl Asked {
    /// What was typed when the run began, given again: by reference, or typed where somebody is there.
    pub async fn of(&self, desk: &Desk, plan: &Plan) -> Result<BTreeMap<String, String>, Ending> {
        let mut given = BTreeMap::new();
        for input in &self.inputs {
            let parsed = input.split_once('=').and_then(|(n, r)| Some((n, SecretRef::parse(r).ok()?)));
            let is_asked = |name: &str| plan.values.get(name) == Some(&Value::Asked);
            let Some((name, reference)) = parsed.filter(|(name, _)| is_asked(name)) else {
                tell!("qd: \"{}\" gives no secret input again; its others are as they were", name_of(input));
                return Err(Ending::Usage);
            };
            let secret = desk.surroundings.vault.reveal_within(&reference, SECRET).await.map_err(|error| {
                tell!("qd: {name}: {error}");
                Ending::Usage
            })?;
            given.insert(name.to_owned(), expose(&secret).to_owned());
        }
        for (name, _) in plan.values.iter().filter(|(_, v)| **v == Value::Asked) {
            if given.contains_key(name) {
                continue;
            }
            let typed = if ask::is_answered() { ask::hidden(&format!("{name}, not shown: ")).await } else { None };
            if ask::is_over() {
                return Err(Ending::Cancelled);
            }
            let Some(typed) = typed else {
                tell!(
                    "qd: input `{name}` is secret and was not kept; give it by reference: --input {name}=env:VARIABLE"
                );
                return Err(Ending::Refused);
            };
            given.insert(name.clone(), expose(typed.secret()).to_owned());
        }
        Ok(given)
    }

    /// The same as they are handed to a run.
    pub async fn secrets(&self, desk: &Desk, plan: &Plan) -> Result<crate::runner::execute::Secrets, Ending> {
        let given = self.of(desk, plan).await?;
        let given = given.into_iter().map(|(name, value)| (name, SecretString::from(value)));
        Ok(crate::runner::helm::secrets(given, None))
    }
}

/// Without the value, which may be secret.
fn name_of(input: &str) -> &str {
    input.split_once('=').map_or("--input", |(name, _)| name)
}
