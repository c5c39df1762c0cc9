//! `qd check`: everything wrong with the deck, at once, as help; and what it would run.

use super::{General, explain_missing};
use crate::config::{self, Deck};
use crate::exit::Ending;
use crate::model::{Fault, Severity};

/// Options of `qd check`.
#[derive(Debug, clap::Args)]
pub struct Options {
    /// Print every probe with what it asks, and every local command it would run
    #[arg(long)]
    probes: bool,
}

/// Checks the deck, the user's settings, the theme and the keymap in use.
pub fn run(general: &General, options: &Options) -> Ending {
    let path = match general.find_deck() {
        Ok(path) => path,
        Err(missing) => return explain_missing(&missing),
    };
    let loaded = config::load(&path);
    let (user, mut faults) = general.user();
    let folders = |kind| config::folder::look_folders(kind, Some(&path));
    let look =
        crate::app::Look::new(&folders("themes"), &folders("keymaps"), super::console::terminal_of_process(), false);
    faults.extend(look.faults(&user.theme, &user.keymap));
    faults.extend(loaded.faults);
    let faults = told_once(faults);
    for fault in &faults {
        println!("{fault}");
    }
    let errors = faults.iter().filter(|f| f.severity == Severity::Error).count();
    let warnings = faults.len() - errors;
    if let Some(deck) = &loaded.deck {
        if options.probes {
            print_probes(deck);
        }
        println!("{}", summary(deck, &path.display().to_string()));
    }
    match (errors, warnings) {
        (0, 0) => println!("no faults"),
        _ => println!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
    if errors > 0 { Ending::Usage } else { Ending::Good }
}

/// A fault in a template stands in several environments; it is mended once, so it is told once.
fn told_once(faults: Vec<Fault>) -> Vec<Fault> {
    let mut told: Vec<Fault> = Vec::new();
    for fault in faults {
        let same = |t: &Fault| {
            t.file == fault.file && t.line == fault.line && t.column == fault.column && t.message == fault.message
        };
        if !told.iter().any(same) {
            told.push(fault);
        }
    }
    told
}

fn summary(deck: &Deck, path: &str) -> String {
    let services: usize = deck.environments.iter().map(|e| e.environment.services.len()).sum();
    let probes = deck.probes().count();
    let broken: Vec<&str> =
        deck.environments.iter().filter(|e| e.environment.faults > 0).map(|e| e.environment.id.as_str()).collect();
    let mut text = format!(
        "{path}: {}, {}, {}",
        count(deck.environments.len(), "environment"),
        count(services, "service"),
        count(probes, "probe")
    );
    if !broken.is_empty() {
        text.push_str(&format!("; does not load: {}", broken.join(", ")));
    }
    text
}

fn print_probes(deck: &Deck) {
    for probe in deck.probes() {
        let info = &probe.info;
        println!("{}  {}  {}  every {}", info.id, info.kind, info.target, crate::transport::human(info.every));
    }
}

fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}
