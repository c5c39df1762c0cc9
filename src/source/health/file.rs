//! `file`: whether a file is there, how old and how large it is, and whether it shrank. Backups are judged by what they
//! leave behind, never by the last line of a log. Only looks at names, times and sizes; never opens a file.

mod judge;
pub mod trace;

use std::time::Duration;

use futures::future::BoxFuture;

use super::api::Budget;
use super::command::last_line;
use super::threshold::{self, TIME, Threshold};
use super::{Check, Context, Kind, Placement, figures};
use crate::model::Observation;
use crate::settings::Section;
use crate::transport::{Argv, Limits, TransportError, human};
use judge::{Bounds, Rules, Wanted};
use trace::Trace;

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "file",
    doc: "A file, or the newest that matches: there, not too old, not too small, not shrunk",
    example: r#"{ file = "/backups/postgresql/*.backup.gz", age = { degraded = "25h", fail = "49h" }, size = { at-least = "1 MiB" }, shrink = "50%" }"#,
    every: Duration::from_mins(5),
    timeout: Duration::from_secs(10),
    latency: false,
    placement: Placement::OnHost,
    read,
};

/// A few lines and one name.
const MOST_BYTES: usize = 64 * 1024;

/// What the machine runs.
const SCRIPT: &str = include_str!("file/look.sh");

#[derive(Debug)]
struct File {
    wanted: Wanted,
    rules: Rules,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let before = section.faults().errors();
    let path = section.needed_text("file", "file = \"/backups/*.gz\"");
    let rules = Rules {
        age: Threshold::read(section, "age", Threshold::OFF, &TIME),
        size: bounds(section, "size", threshold::size, "size = { at-least = \"1 MiB\" }"),
        count: bounds(section, "count", count, "count = { at-least = 7 }"),
        shrink: threshold::value(section, "shrink", "a share", "\"50%\"", figures::percent),
        absent: section.truth("absent").unwrap_or(false),
    };
    if rules.absent {
        for key in ["age", "size", "count", "shrink"].into_iter().filter(|key| section.has(key)) {
            let message = format!("`{key}` and `absent` cannot stand together");
            section.error(key, message, format!("a file that must not be there has no `{key}`; remove one of the two"));
        }
    }
    let path = path?;
    match Wanted::parse(&path) {
        Ok(wanted) => {
            let check = File { wanted, rules };
            (section.faults().errors() == before).then(|| Box::new(check) as Box<dyn Check>)
        }
        Err((message, help)) => {
            section.error("file", message, help);
            None
        }
    }
}

/// `key = { at-least = …, at-most = … }`
fn bounds(section: &Section<'_>, key: &str, read: fn(&Section<'_>, &str) -> Option<u64>, example: &str) -> Bounds {
    if !section.has(key) {
        return Bounds::default();
    }
    let Some(limits) = section.section(key) else { return Bounds::default() };
    let bounds = Bounds { at_least: read(&limits, "at-least"), at_most: read(&limits, "at-most") };
    if let (Some(low), Some(high)) = (bounds.at_least, bounds.at_most)
        && low > high
    {
        limits.error("at-most", format!("no {key} is at least the one and at most the other"), example);
    }
    limits.finish();
    bounds
}

fn count(section: &Section<'_>, key: &str) -> Option<u64> {
    section.whole(key, 1..=1_000_000).and_then(|n| u64::try_from(n).ok())
}

impl File {
    /// The command; path and pattern come to the script as arguments.
    fn argv(&self) -> Argv {
        let way = if self.wanted.is_pattern { "glob" } else { "exact" };
        Argv::new("sh", ["-c", SCRIPT, "sh", &self.wanted.folder, &self.wanted.name, way])
    }
}

impl Check for File {
    fn target(&self) -> String {
        self.wanted.to_string()
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let limits = Limits { timeout: Budget::of(context).left(), most_bytes: MOST_BYTES };
            let place = context.transport.place();
            // Not a glance: a file server that hangs must not hold up the others who look at this host.
            let output = match context.transport.read(&self.argv(), limits).await {
                Ok(output) => output,
                Err(TransportError::NoProgram { .. }) => {
                    return Observation::unknown(format!("{place} has no sh, so its files cannot be seen"));
                }
                Err(TransportError::TimedOut { .. }) => {
                    let limit = human(context.timeout);
                    let path = &self.wanted;
                    return Observation::unknown(format!("{place} told nothing of {path} within {limit}"));
                }
                Err(error) => return Observation::unknown(error.to_string()),
            };
            let Some(trace) = Trace::parse(&output.stdout) else {
                let why = last_line(&String::from_utf8_lossy(&output.stderr)).map(|line| format!(": {line}"));
                let (path, why) = (&self.wanted, why.unwrap_or_default());
                return Observation::unknown(format!("the shell of {place} told nothing of {path}{why}"));
            };
            judge::judge(&trace, &self.wanted, &self.rules, place).after(output.took)
        })
    }
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
