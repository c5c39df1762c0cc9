//! `host`: the figures of a machine, from one script that any POSIX shell runs: load, memory, disks, clock, failed units.
//! Only looks; installs nothing and needs no more than a shell.

pub mod answer;
pub mod disks;
mod judge;
mod words;

use std::time::Duration;

use futures::future::BoxFuture;
use tokio::time::Instant;

use super::api::Budget;
use super::command::last_line;
use super::threshold::{PER_CPU, SHARE, TIME, Threshold};
use super::{Check, Context, Kind, Placement};
use crate::model::Observation;
use crate::settings::{Section, Value};
use crate::transport::{Argv, Limits, TransportError, human};
use judge::{Exchange, Rules, Units};

/// The kind's row.
pub static KIND: Kind = Kind {
    name: "host",
    doc: "The figures of a machine: load, memory, disks, inodes, clock, failed units",
    example: r#"{ host = "local", disk = { degraded = "85%", fail = "95%" }, load = { degraded = "4 per cpu" } }"#,
    every: Duration::from_secs(30),
    timeout: Duration::from_secs(10),
    latency: false,
    placement: Placement::NamedHost,
    read,
};

/// What the script prints is a few KiB; a machine with a hundred mounts prints 30.
const MOST_BYTES: usize = 256 * 1024;

/// What the machine runs.
const SCRIPT: &str = include_str!("host/figures.sh");

/// Parts of the script that may hang, and one part more for all the rest.
const PARTS: u64 = 4;

#[derive(Debug)]
struct Host {
    name: String,
    rules: Rules,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let before = section.faults().errors();
    let name = section.needed_text("host", "host = \"vps\" with hosts.vps in the environment, or host = \"local\"");
    let minute = Duration::from_mins(1);
    let rules = Rules {
        // Load alone is no outage, however high: it never fails unless the deck says so.
        load: Threshold::read(section, "load", Threshold { degraded: Some(4.0), fail: None }, &PER_CPU),
        memory: Threshold::read(section, "memory", Threshold::new(90, 97), &SHARE),
        disk: Threshold::read(section, "disk", Threshold::new(85, 95), &SHARE),
        // Idle pages belong into swap, so how full it is says little.
        swap: Threshold::read(section, "swap", Threshold::OFF, &SHARE),
        inodes: Threshold::read(section, "inodes", Threshold::new(85, 95), &SHARE),
        clock: Threshold::read(section, "clock", Threshold::new(Duration::from_secs(5), minute), &TIME),
        units: units(section),
        mounts: mounts(section, "mounts"),
        ignored_mounts: mounts(section, "ignore-mounts"),
        reboot: section.has("reboot-required")
            && section.choice("reboot-required", &[("ignore", false), ("degraded", true)]).unwrap_or(false),
    };
    let check = Host { name: name?, rules };
    (section.faults().errors() == before).then(|| Box::new(check) as Box<dyn Check>)
}

/// `failed-units = "ignore"` or `{ ignore = ["certbot.service"] }`.
fn units(section: &Section<'_>) -> Units {
    let example = "write failed-units = \"ignore\" or failed-units = { ignore = [\"certbot.service\"] }";
    match section.entry("failed-units").map(|entry| &entry.node.value) {
        None => Units::AllBut(Vec::new()),
        Some(Value::Text(text)) if text == "ignore" => Units::Ignored,
        Some(Value::Table(_)) => {
            let Some(table) = section.section("failed-units") else { return Units::Ignored };
            let names = table.texts("ignore").unwrap_or_default();
            table.finish();
            Units::AllBut(names.iter().map(|name| super::systemd::full_name(name.trim().to_owned())).collect())
        }
        Some(other) => {
            let message = format!("`failed-units` cannot be {}", other.describe());
            section.error("failed-units", message, example);
            Units::Ignored
        }
    }
}

/// Mount points, without slashes at their ends.
fn mounts(section: &Section<'_>, key: &str) -> Vec<String> {
    let mut mounts = Vec::new();
    for (path, place) in section.texts_and_places(key).unwrap_or_default() {
        if path.starts_with('/') && !path.contains(char::is_control) {
            let path = path.trim_end_matches('/');
            mounts.push(if path.is_empty() { "/".to_owned() } else { path.to_owned() });
        } else {
            let message = format!("\"{path}\" is not a mount point");
            section.faults().error(place, message, format!("write the whole path: {key} = [\"/srv/cache\"]"));
        }
    }
    mounts
}

impl Host {
    /// The command; what the deck says comes to the script as arguments and is never read by the shell.
    fn argv(&self, patience: u64) -> Argv {
        let words = ["-c", SCRIPT, "sh"].map(str::to_owned).into_iter().chain([patience.to_string()]);
        Argv::new("sh", words.chain(self.rules.mounts.iter().cloned()))
    }
}

impl Check for Host {
    fn target(&self) -> String {
        if self.name == "local" { "this machine".to_owned() } else { self.name.clone() }
    }

    fn glances(&self) -> bool {
        true
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let limits = Limits { timeout: Budget::of(context).left(), most_bytes: MOST_BYTES };
            let patience = (limits.timeout.as_secs() / PARTS).max(1);
            let place = context.transport.place();
            let sent = Instant::now();
            let output = match context.transport.glance(&self.argv(patience), limits).await {
                Ok(output) => output,
                Err(TransportError::NoProgram { .. }) => {
                    return Observation::unknown(format!("{place} has no sh, so it tells no figures"));
                }
                Err(TransportError::TimedOut { .. }) => {
                    let limit = human(context.timeout);
                    return Observation::unknown(format!("{place} told no figures within {limit}"));
                }
                Err(error) => return Observation::unknown(error.to_string()),
            };
            let exchange = Exchange { began: context.now, took: sent.elapsed(), patience };
            let text = String::from_utf8_lossy(&output.stdout);
            let Some(machine) = answer::parse(&text) else {
                let why = last_line(&String::from_utf8_lossy(&output.stderr)).map(|line| format!(": {line}"));
                let why = why.unwrap_or_default();
                return Observation::unknown(format!("the shell of {place} told no figures{why}"));
            };
            let seen = judge::judge(&machine, &self.rules, place, exchange);
            seen.after(output.took)
        })
    }
}

#[cfg(test)]
mod real;
#[cfg(test)]
mod tests;
