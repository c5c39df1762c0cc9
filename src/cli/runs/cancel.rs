//! `qd runs cancel`: a run that another process of this machine drives is asked to end; of one that nobody drives what is
//! left is ended.

use color_eyre::Result;

use super::find;
use super::resume::Asked;
use crate::cli::General;
use crate::cli::run::{confirm, follow, refused};
use crate::exit::Ending;
use crate::model::RunStatus;
use crate::runner::helm::hand::Cancelling;
use crate::runner::{execute::Secrets, journal};

/// Options of `qd runs cancel`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Which run
    run: String,
    #[command(flatten)]
    hand: confirm::Hand,
    /// Why; production needs one
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// End steps, too, that say that they must not be interrupted
    #[arg(long)]
    even_uninterruptible: bool,
    #[command(flatten)]
    secrets: Asked,
    /// Print what happens as JSON, one event a line
    #[arg(long)]
    json: bool,
}

/// Ends a run, and tells what happens until it has ended.
pub async fn run(general: &General, options: &Options) -> Result<Ending> {
    let (desk, run) = match find::found(general, &options.run).await {
        Ok(found) => found,
        Err(ending) => return Ok(ending),
    };
    let kept = match desk.helm.kept(&desk.deck, &run).await {
        Ok((kept, _)) => kept,
        Err(error) => return Ok(refused(&error)),
    };
    let (state, plan) = (&kept.state, &kept.state.plan);
    if state.status.is_over() {
        tell!("qd: run {run} is over: it {}; there is nothing to cancel", state.status.words());
        return Ok(Ending::Refused);
    }
    let acting = match desk.acting(&plan.target.to_string()) {
        Ok(acting) => acting,
        Err(ending) => return Ok(ending),
    };
    tell!("run {run}: {} on {} by {}, {}", plan.runbook, plan.target, state.operator, state.status.words());
    let doing = format!("to end run {run}");
    let Some(consent) =
        options.hand.agree(&doing, &plan.target, &acting, options.reason.as_deref(), desk.helm.operator()).await
    else {
        return Ok(Ending::Refused);
    };
    let secrets = if journal::is_driven(desk.helm.state(), &run) {
        Secrets::default()
    } else {
        match options.secrets.secrets(&desk, plan).await {
            Ok(secrets) => secrets,
            Err(ending) => return Ok(ending),
        }
    };
    let means = (secrets, follow::answers(), options.even_uninterruptible);
    let shown = follow::Shown { json: options.json, after: state.number };
    let status = match desk.helm.cancel(&desk.deck, &run, means, consent).await {
        Ok(Cancelling::Asked(handle)) => {
            tell!("asked who drives it to end it");
            follow::look_on(handle, plan, options.json).await?
        }
        Ok(Cancelling::Driven(handle)) => follow::follow(handle, plan, shown).await?.status,
        Err(error) => return Ok(refused(&error)),
    };
    Ok(if status == RunStatus::Cancelled { Ending::Good } else { follow::ending(status) })
}
