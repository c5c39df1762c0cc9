//! `qd runs attach`: looking on at a run that another console drives. Ctrl-C only stops looking.

use color_eyre::Result;

use super::find;
use crate::cli::General;
use crate::cli::run::{follow, refused};
use crate::exit::Ending;

/// Options of `qd runs attach`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Which run
    run: String,
    /// Print what happens as JSON, one event a line
    #[arg(long)]
    json: bool,
}

/// Looks on until the run is over; ends as it ends.
pub async fn run(general: &General, options: &Options) -> Result<Ending> {
    let (desk, run) = match find::found(general, &options.run).await {
        Ok(found) => found,
        Err(ending) => return Ok(ending),
    };
    let looking = async {
        Ok::<_, crate::runner::helm::HelmError>((
            desk.helm.kept(&desk.deck, &run).await?.0,
            desk.helm.attach(&desk.deck, &run).await?,
        ))
    };
    match looking.await {
        Ok((kept, handle)) => follow::look_on(handle, &kept.state.plan, options.json).await.map(follow::ending),
        Err(error) => Ok(refused(&error)),
    }
}
