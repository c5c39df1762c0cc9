//! `qd plan`: what a runbook would do to a service. Changes nothing.

pub mod card;
pub mod target;

use std::path::PathBuf;

use color_eyre::Result;

use super::printed::print;
use super::{General, Pace, block_on};
use crate::exit::Ending;
use crate::model::Plan;

/// Options of `qd plan`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 it can run, 2 usage, 4 it cannot, and why is in the plan.")]
pub struct Options {
    #[command(flatten)]
    what: target::What,
    /// Print one JSON document (`qd schema plan` describes it)
    #[arg(long)]
    json: bool,
    /// Write the plan to a file, to be run with `qd run --plan FILE`
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// Plans and prints.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let desk = match target::Desk::open(general) {
        Ok(desk) => desk,
        Err(ending) => return Ok(ending),
    };
    block_on(Pace::Quick, super::hosts::ask::until_stopped(async {
        let plan = match desk.plan(&options.what).await {
            Ok((plan, _)) => plan,
            Err(ending) => return Ok(ending),
        };
        if let Some(file) = &options.out {
            std::fs::write(file, serde_json::to_string_pretty(&plan)? + "\n")?;
            tell!("the plan is in {}; `qd run --plan {}` runs it", file.display(), file.display());
        }
        if options.json {
            print(&(serde_json::to_string_pretty(&plan)? + "\n"))?;
        } else if options.out.is_none() {
            print(&card::card(&plan))?;
        }
        Ok(ending(&plan))
    }))?
}

fn ending(plan: &Plan) -> Ending {
    if plan.blocked.is_empty() { Ending::Good } else { Ending::Refused }
}
