//! Which run is meant: its name, or as much of it from either end as means one run alone. This machine is looked at first,
//! then the hosts of the deck.

use crate::cli::General;
use crate::cli::plan::target::Desk;
use crate::exit::Ending;
use crate::model::RunId;
use crate::runner::journal;

use super::list::state;

/// A run that is on record here, without looking at a deck; none when there is none of this name here.
pub fn here(name: &str) -> Result<Option<RunId>, Ending> {
    let known = journal::list(&state()?).into_iter().map(|r| r.id);
    one(name, known)
}

/// A run and the desk to act on it from.
pub async fn found(general: &General, name: &str) -> Result<(Desk, RunId), Ending> {
    let desk = Desk::open(general)?;
    desk.connect(None);
    if let Some(run) = here(name)? {
        return Ok((desk, run));
    }
    if let Some(run) = one(name, desk.helm.mirrored(&desk.deck).await.into_iter())? {
        return Ok((desk, run));
    }
    tell!("qd: there is no run {name}, neither on this machine nor on the hosts of the deck that are reached");
    Err(Ending::Usage)
}

fn one(name: &str, known: impl Iterator<Item = RunId>) -> Result<Option<RunId>, Ending> {
    let mut fits: Vec<RunId> =
        known.filter(|id| id.as_str().starts_with(name) || id.as_str().ends_with(name)).collect();
    if fits.len() > 1 {
        let names: Vec<&str> = fits.iter().take(5).map(RunId::as_str).collect();
        let more = if fits.len() > names.len() { " or others" } else { "" };
        tell!("qd: {name} may be {}{more}; write more of it", names.join(", "));
        return Err(Ending::Usage);
    }
    Ok(fits.pop())
}
