//! `qd runs`: runs on record; with a subcommand one of them is shown, looked on at, gone on with, or cancelled.

mod attach;
mod cancel;
mod card;
pub mod find;
pub mod list;
mod resume;
pub mod show;

use color_eyre::Result;

use super::{General, Pace, block_on};
use crate::exit::Ending;

/// Options of `qd runs`.
#[derive(Clone, Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_help = "A RUN may be cut short from either end while it means one run alone. Exit codes of resume and attach \
are those of `qd run`; cancel ends with 0 when the run is cancelled."
)]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: list::Options,
}

#[derive(Clone, Debug, clap::Subcommand)]
enum Command {
    /// Show one: its steps on each host, what they printed, how it ended
    Show(show::Options),
    /// Look on at a run that another console drives
    Attach(attach::Options),
    /// Go on with a run that was interrupted, failed or cancelled: what is done stays done
    Resume(resume::Options),
    /// End a run: what it runs is ended, nothing more begins, its lock is given back
    Cancel(cancel::Options),
}

/// Lists, or does what is asked of one.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let Some(command) = &options.command else { return list::run(&options.list) };
    block_on(Pace::Quick, async {
        match command {
            Command::Show(options) => show::run(general, options).await,
            Command::Attach(options) => attach::run(general, options).await,
            Command::Resume(options) => resume::run(general, options).await,
            Command::Cancel(options) => cancel::run(general, options).await,
        }
    })?
}
