//! `qd check`: everything wrong with the deck, at once, as help; and what it would run. Of hosts it tells what the OpenSSH
//! configuration says and is not followed; it asks no network.

mod ssh;

use color_eyre::Result;

use super::printed::print;
use super::{General, explain_missing};
use crate::config::{self, Deck};
use crate::exit::Ending;
use crate::model::{ProbeSpec, Severity, Text};
use crate::transport::ssh::config::Sources;

/// Options of `qd check`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print every probe with what it asks, and every local command it would run
    #[arg(long)]
    probes: bool,
}

/// Checks the deck, the user's settings, the theme and the keymap in use.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let path = match general.find_deck() {
        Ok(path) => path,
        Err(missing) => return Ok(explain_missing(&missing)),
    };
    let loaded = config::load(&path);
    let (user, mut faults) = general.user();
    let folders = |kind| config::folder::look_folders(kind, Some(&path));
    let look =
        crate::app::Look::new(&folders("themes"), &folders("keymaps"), super::console::terminal_of_process(), false);
    faults.extend(look.faults(&user.theme, &user.keymap));
    faults.extend(loaded.faults);
    faults.extend(loaded.deck.as_ref().map(|deck| ssh::notes(deck, &Sources::in_use())).unwrap_or_default());
    let mut text = String::new();
    for fault in &faults {
        text.push_str(&format!("{fault}\n"));
    }
    let errors = faults.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = faults.len() - errors;
    if let Some(deck) = &loaded.deck {
        if options.probes {
            text.extend(deck.probes().map(|probe| listed(&probe.info)));
        }
        text.push_str(&format!("{}\n", summary(deck, &Text::line(&path.display().to_string()))));
    }
    text.push_str(&match (errors, warnings) {
        (0, 0) => "no faults\n".to_owned(),
        _ => format!("{}, {}\n", count(errors, "error"), count(warnings, "warning")),
    });
    print(&text)?;
    Ok(if errors > 0 { Ending::Usage } else { Ending::Good })
}

fn summary(deck: &Deck, path: &Text) -> String {
    let services: usize = deck.environments.iter().map(|e| e.environment.services.len()).sum();
    let probes = deck.probes().count();
    let broken: Vec<&str> =
        deck.environments.iter().filter(|e| e.environment.faults > 0).map(|e| e.environment.id.as_str()).collect();
    let mut text = format!(
        "{path}: {}, {}, {}, {}",
        count(deck.environments.len(), "environment"),
        count(services, "service"),
        count(probes, "probe"),
        count(deck.runbooks.len(), "runbook")
    );
    if !broken.is_empty() {
        text.push_str(&format!("; does not load: {}", broken.join(", ")));
    }
    text
}

fn listed(info: &ProbeSpec) -> String {
    format!("{}  {}  {}  every {}\n", info.id, info.kind, info.target, crate::transport::human(info.every))
}

fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}
