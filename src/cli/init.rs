//! `qd init`: writes a commented starter deck, probing what it is given and filling in what it finds.

use color_eyre::Result;

use crate::exit::Ending;

/// Options of `qd init`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// What to probe: https://…, postgresql://…, redis://…, host:port
    urls: Vec<String>,
}

/// Writes the deck.
pub fn run(options: &Options) -> Result<Ending> {
    let _ = options;
    Ok(Ending::Usage)
}
