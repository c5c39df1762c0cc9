//! `qd locks`: who holds what, since when, and what runs left unfinished; with a subcommand a lock is broken, taken, or given
//! back by hand.

mod hand;
mod list;

use color_eyre::Result;

use super::{General, Pace, block_on};
use crate::exit::Ending;
use crate::model::run::{Liveness, LockHolder};

pub use list::Document;

/// Options of `qd locks`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "Exit codes: 0 looked at, 2 usage, 3 no host could be looked at, 4 refused."
)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: list::Options,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Take a lock away from whoever holds it; it is free after that
    Break(hand::Breaking),
    /// Take a lock by hand, for maintenance: no run begins until it is given back
    Take(hand::Taking),
    /// Give a lock back that you took by hand
    Give(hand::Giving),
}

/// Lists, or does what is asked.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let desk = match super::plan::target::Desk::open(general) {
        Ok(desk) => desk,
        Err(ending) => return Ok(ending),
    };
    let work = async {
        match &options.command {
            None => list::run(&desk, &options.list).await,
            Some(Command::Break(options)) => hand::break_it(&desk, options).await,
            Some(Command::Take(options)) => hand::take(&desk, options).await,
            Some(Command::Give(options)) => hand::give(&desk, options).await,
        }
    };
    block_on(Pace::Quick, super::hosts::ask::until_stopped(work))?
}

/// How a lock fares, in words.
pub fn liveness(holder: &LockHolder) -> String {
    let silent = super::runs::list::span(holder.silent_for);
    match &holder.liveness {
        Liveness::Held => "its console is there".into(),
        Liveness::Manual => "taken by hand".into(),
        Liveness::Stale => format!("stale: its console is silent for {silent} and nothing of it runs"),
        Liveness::Unattended { pids } => {
            let pids: Vec<String> = pids.iter().take(4).map(ToString::to_string).collect();
            format!("unattended: its console is silent for {silent}, but process {} still runs", pids.join(", "))
        }
    }
}
