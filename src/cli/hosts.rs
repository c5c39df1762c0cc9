//! `qd hosts`: connects once to every host and tells how each connection stands; `qd hosts trust` accepts host keys. Acts
//! on nothing there, and never writes into the user's own files.

pub(super) mod ask;
pub(super) mod choose;
pub(super) mod reach;
mod table;
pub(super) mod trust;

use std::io::IsTerminal;
use std::time::Duration;

use clap::Subcommand;
use color_eyre::Result;

use super::printed::print;
use super::{General, Pace, block_on, explain_missing};
use crate::config::{self, Deck};
use crate::exit::Ending;
use crate::model::Severity;
use crate::settings::word::duration;
use crate::theme::{GlyphSet, Glyphs};
use reach::Reach;

/// Options of `qd hosts`.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = "Exit codes: 0 all live, 1 a host is degraded, 3 a host is lost or was not reached in time, \
4 a host is refused (its key, the login, no commands); of several the highest.")]
pub struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print one JSON document (`qd schema hosts` describes it)
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pick: Pick,
}

/// Which hosts, and how long they have.
#[derive(Clone, Debug, clap::Args)]
pub struct Pick {
    /// The hosts of this environment alone; may be given several times
    #[arg(long = "env", value_name = "NAME", global = true)]
    environments: Vec<String>,
    /// This host alone, `vps` or `production/vps`; may be given several times
    #[arg(long = "host", value_name = "NAME", global = true)]
    hosts: Vec<String>,
    /// How long the attempts may take
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = read_duration, global = true)]
    wait: Duration,
}

#[derive(Clone, Debug, Subcommand)]
enum Command {
    /// Accept the keys of hosts that are not known, and of the hosts on the way to them
    Trust(trust::Options),
}

/// A duration as a deck writes it.
fn read_duration(text: &str) -> Result<Duration, String> {
    duration(text).ok_or_else(|| format!("\"{text}\" is no duration; write 10s or 1m30s"))
}

/// Connects and prints.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    if options.json && options.command.is_some() {
        tell!("qd: `qd hosts trust` prints no JSON; run `qd hosts --json` after it");
        return Ok(Ending::Usage);
    }
    let (deck, broken) = match deck(general) {
        Ok(found) => found,
        Err(ending) => return Ok(ending),
    };
    let names = match &options.command {
        Some(Command::Trust(trust)) => [options.pick.hosts.as_slice(), trust.hosts()].concat(),
        None => options.pick.hosts.clone(),
    };
    let chosen = match choose::choose(&deck, &options.pick.environments, &names) {
        Ok(chosen) => chosen,
        Err(complaint) => {
            tell!("qd: {complaint}");
            return Ok(Ending::Usage);
        }
    };
    if chosen.is_empty() {
        tell!("qd: there are no hosts; a deck names them as hosts.NAME = {{ ssh = \"user@192.0.2.10\" }}");
    }
    if let Some(Command::Trust(trust)) = &options.command
        && let Some(complaint) = trust.complaint()
    {
        tell!("qd: {complaint}");
        return Ok(Ending::Usage);
    }
    let ending = block_on(Pace::Quick, async {
        let reach = Reach::new(deck.name.clone(), chosen, options.pick.wait);
        let work = async {
            match &options.command {
                Some(Command::Trust(trust)) => trust::run(&reach, trust).await?,
                None => reach.all().await,
            }
            options.print(general, &reach)
        };
        ask::until_stopped(work).await
    })??;
    Ok(if broken && ending == Ending::Good { Ending::Usage } else { ending })
}

/// The deck as far as it loads, and whether a part of it does not; errors are told.
pub(super) fn deck(general: &General) -> Result<(Deck, bool), Ending> {
    let path = general.find_deck().map_err(|missing| explain_missing(&missing))?;
    let loaded = config::load(&path);
    let broken = loaded.has_errors();
    for fault in loaded.faults.iter().filter(|f| f.severity == Severity::Error) {
        tell!("{fault}");
    }
    Ok((loaded.deck.ok_or(Ending::Usage)?, broken))
}

impl Options {
    fn print(&self, general: &General, reach: &Reach) -> Result<Ending> {
        let snapshot = reach.snapshot();
        if self.json {
            print(&(serde_json::to_string_pretty(&snapshot)? + "\n"))?;
        } else {
            print(&table::words(&snapshot, reach, style(general)))?;
        }
        Ok(reach.ending())
    }
}

/// As the terminal can show it.
fn style(general: &General) -> table::Style {
    let ascii = general.ascii || super::console::terminal_of_process().glyphs() == Some(GlyphSet::Ascii);
    let set = if ascii { GlyphSet::Ascii } else { GlyphSet::Unicode };
    let plain = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
    table::Style { colour: std::io::stdout().is_terminal() && !plain, glyphs: Glyphs::of(set) }
}
