//! `qd check`: everything wrong with the deck, at once, as help; and what it would run.

use std::collections::HashMap;
use std::fmt;

use super::{General, explain_missing};
use crate::config::{self, Deck};
use crate::exit::Ending;
use crate::model::{EnvironmentId, Fault, Severity};

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
    let told = told_once(faults);
    for told in &told {
        println!("{told}");
    }
    let errors = told.iter().filter(|t| t.fault.severity == Severity::Error).count();
    let warnings = told.len() - errors;
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

/// A fault and the environments that have it.
struct Told {
    fault: Fault,
    environments: Vec<EnvironmentId>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fault)?;
        if self.fault.severity == Severity::Error && !self.environments.is_empty() {
            let names: Vec<&str> = self.environments.iter().map(EnvironmentId::as_str).collect();
            writeln!(f, "  breaks: {}", names.join(", "))?;
        }
        Ok(())
    }
}

/// A fault in a template stands in several environments; it is mended once, so it is told once.
fn told_once(faults: Vec<Fault>) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut known = HashMap::new();
    for mut fault in faults {
        let environment = fault.environment.take();
        let key = (fault.file.clone(), fault.line, fault.column, fault.message.clone());
        let at = *known.entry(key).or_insert(told.len());
        match told.get_mut(at) {
            Some(told) => told.environments.extend(environment),
            None => told.push(Told { fault, environments: environment.into_iter().collect() }),
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
