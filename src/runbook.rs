//! Runbooks: Markdown that runs. Read here into [`Runbook`]s with faults that name line and column;
//! the stock ones of `runbooks/` lie in the binary. Runs nothing, asks no host.

mod action;
mod attributes;
mod body;
mod condition;
mod front;
mod ids;
mod input;
mod lint;
mod markdown;
mod names;
mod part;
mod pieces;
mod prose;
mod require;
pub mod shelf;
mod step;
pub mod stock;
#[cfg(test)]
mod tests;
mod texts;

use std::path::Path;

use crate::model::runbook::Origin;
use crate::model::{Fault, Runbook, Severity};
use crate::settings::{Faults, files};

use texts::Texts;

/// What came of reading a runbook.
#[derive(Debug)]
pub struct Read {
    /// The runbook; none when a fault keeps it from running.
    pub runbook: Option<Runbook>,
    /// What is wrong, lint included.
    pub faults: Vec<Fault>,
}

/// A runbook larger than this is not meant.
pub const MOST_BYTES: usize = 256 * 1024;

/// Reads a runbook. `include` gives the text of another runbook by name.
pub fn read(file: &Path, text: &str, include: &dyn Fn(&str) -> Option<String>) -> Read {
    read_among(file, text, include, None)
}

/// The same, where the names of all runbooks are known: a name that is none of them is a fault.
pub(crate) fn read_among(
    file: &Path,
    text: &str,
    include: &dyn Fn(&str) -> Option<String>,
    all: Option<&[String]>,
) -> Read {
    if text.len() > MOST_BYTES {
        let message = format!("is {} KiB long, at most {} KiB are read", text.len() / 1024, MOST_BYTES / 1024);
        let fault = files::whole_file(file, message, "split it: an `include` block puts another runbook in");
        return Read { runbook: None, faults: vec![fault] };
    }
    let texts = Texts::gather(file, text, include);
    let faults = Faults::new(texts.files());
    let runbook = part::Assembly::new(&texts, &faults, all).runbook(Origin::Deck(file.to_owned()));
    let faults = faults.into_list();
    let sound = faults.iter().all(|f| f.severity == Severity::Warning);
    Read { runbook: runbook.filter(|_| sound), faults }
}
