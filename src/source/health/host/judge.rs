//! What the figures of a machine mean for somebody on call. Pure: figures, rules and times come in, an observation goes
//! out. A figure that is missing is told as missing and never judged.

use std::time::Duration;

use jiff::Timestamp;

use super::super::figures::{of_total, share, span};
use super::super::threshold::Threshold;
use super::answer::Machine;
use super::disks::{self, Fill};
use super::words;
use crate::model::{Observation, Outcome, Text};

/// Failed units that count.
#[derive(Debug)]
pub enum Units {
    /// None.
    Ignored,
    /// All but these.
    AllBut(Vec<String>),
}

/// From where on a figure is bad.
#[derive(Debug)]
pub struct Rules {
    /// Load over five minutes, for each CPU.
    pub load: Threshold<f64>,
    /// Share of memory that programs cannot take any more.
    pub memory: Threshold<u64>,
    /// Share of a disk in use.
    pub disk: Threshold<u64>,
    /// Share of swap in use.
    pub swap: Threshold<u64>,
    /// Share of the inodes in use.
    pub inodes: Threshold<u64>,
    /// How far its clock is off.
    pub clock: Threshold<Duration>,
    /// Which failed units count.
    pub units: Units,
    /// Mounts that must be there and are looked at, whatever they are.
    pub mounts: Vec<String>,
    /// Mounts that are not judged.
    pub ignored_mounts: Vec<String>,
    /// Whether a needed reboot counts as degraded.
    pub reboot: bool,
}

/// When the machine was asked, and how long it took.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// The time here when the question went out.
    pub began: Timestamp,
    /// Until the answer was here.
    pub took: Duration,
    /// Seconds that the parts which may hang had.
    pub patience: u64,
}

/// How far the clock of a machine is off, as far as one exchange can tell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Offset {
    /// Seconds ahead of here.
    pub ahead: f64,
    /// It may be as many seconds more or less.
    pub doubt: f64,
}

impl Offset {
    /// The first look at the clock was not before the question, the last one not after the answer. A clock that tells
    /// whole seconds may be almost a second further.
    pub fn of(clock: (i64, i64), exchange: Exchange) -> Self {
        let sent = exchange.began.as_millisecond() as f64 / 1000.0;
        let least = clock.1 as f64 - (sent + exchange.took.as_secs_f64());
        let most = clock.0 as f64 + 1.0 - sent;
        Self { ahead: f64::midpoint(least, most), doubt: ((most - least) / 2.0).abs() }
    }

    /// It is off by this at least.
    pub fn at_least(self) -> Duration {
        Duration::try_from_secs_f64((self.ahead.abs() - self.doubt).max(0.0)).unwrap_or_default()
    }
}

/// One thing that is wrong.
pub struct Finding {
    outcome: Outcome,
    words: String,
}

/// Most findings of one kind that are told: ten full disks are told as ten, a hundred are not.
const MOST_FINDINGS: usize = 4;

/// What the figures mean.
pub fn judge(machine: &Machine, rules: &Rules, place: &str, exchange: Exchange) -> Observation {
    let watched = watched(machine, rules);
    let offset = machine.clock.map(|clock| Offset::of(clock, exchange));
    let mut findings = Vec::new();
    missing_mounts(&mut findings, machine, rules, place);
    let read_only = |fill: &Fill| machine.is_read_only(&fill.mount);
    let judged = |fills: &[&Fill], rule: &Threshold<u64>, words: fn(&Fill, u64) -> String| {
        let mut found: Vec<(u64, Finding)> = Vec::new();
        for fill in fills.iter().filter(|f| !read_only(f)) {
            let Some(full) = share(fill.used, fill.total()) else { continue };
            found.extend(rule.judge(full).map(|(outcome, _)| (full, Finding { outcome, words: words(fill, full) })));
        }
        found.sort_by_key(|(full, _)| std::cmp::Reverse(*full));
        found.into_iter().map(|(_, finding)| finding).collect::<Vec<_>>()
    };
    findings.extend(judged(&watched.space, &rules.disk, words::full_disk));
    findings.extend(judged(&watched.inodes, &rules.inodes, words::no_inodes));
    memory(&mut findings, machine, rules);
    stuck(&mut findings, machine, exchange);
    if let Some((outcome, _)) = offset.and_then(|o| rules.clock.judge(o.at_least())) {
        findings.push(Finding { outcome, words: offset.map(words::wrong_clock).unwrap_or_default() });
    }
    load(&mut findings, machine, rules);
    let failed = failed(machine, rules);
    if let Some(words) = words::failed_units(&failed) {
        findings.push(Finding { outcome: Outcome::Degraded, words });
    }
    if machine.reboot && rules.reboot {
        findings.push(Finding { outcome: Outcome::Degraded, words: "it needs a reboot".into() });
    }
    let mut seen = sum_up(findings);
    words::add_facts(&mut seen, machine, &watched, offset);
    seen
}

/// The worst outcome, and every finding, worst first.
fn sum_up(mut findings: Vec<Finding>) -> Observation {
    findings.sort_by_key(|finding| finding.outcome != Outcome::Fail);
    let mut seen = Observation::new(findings.first().map_or(Outcome::Pass, |worst| worst.outcome));
    let mut told: Vec<&str> = findings.iter().take(MOST_FINDINGS).map(|f| f.words.as_str()).collect();
    let more = findings.len().saturating_sub(MOST_FINDINGS);
    let rest = format!("and {more} more");
    told.extend((more > 0).then_some(rest.as_str()));
    seen.reason = (!told.is_empty()).then(|| Text::line_at_most(&told.join("; "), 400));
    seen
}

/// The mounts that are looked at.
pub struct Watched<'m> {
    /// Their space.
    pub space: Vec<&'m Fill>,
    /// Their inodes.
    pub inodes: Vec<&'m Fill>,
}

fn watched<'m>(machine: &'m Machine, rules: &Rules) -> Watched<'m> {
    let pick = |all: &'m [Fill], named: &'m [Fill]| {
        let mut picked = disks::real(all);
        // A path that is no mount of its own is told with the mount that it lies in, which is not what was named.
        for fill in named.iter().filter(|f| rules.mounts.contains(&f.mount)) {
            if !picked.iter().any(|known| known.mount == fill.mount) {
                picked.push(fill);
            }
        }
        picked.retain(|fill| !rules.ignored_mounts.contains(&fill.mount));
        picked
    };
    Watched { space: pick(&machine.space, &machine.named_space), inodes: pick(&machine.inodes, &machine.named_inodes) }
}

/// A mount that the deck names must be there.
fn missing_mounts(findings: &mut Vec<Finding>, machine: &Machine, rules: &Rules, place: &str) {
    let told = machine.mounts.is_some() || !machine.space.is_empty() || !machine.named_space.is_empty();
    if !told || !machine.whole || machine.stuck.iter().any(|part| part == "named") {
        return;
    }
    for path in &rules.mounts {
        let listed = machine.mounts.iter().flatten().any(|mount| mount.path == *path);
        let measured = machine.space.iter().chain(&machine.named_space).any(|fill| fill.mount == *path);
        if !listed && !measured {
            findings
                .push(Finding { outcome: Outcome::Fail, words: format!("nothing is mounted at {path} on {place}") });
        }
    }
}

fn memory(findings: &mut Vec<Finding>, machine: &Machine, rules: &Rules) {
    for (name, rule, figures) in [("memory", &rules.memory, machine.memory), ("swap", &rules.swap, machine.swap)] {
        let Some((total, free)) = figures else { continue };
        let Some(used) = share(total.saturating_sub(free), total) else { continue };
        if let Some((outcome, _)) = rule.judge(used) {
            let words = format!("{name} is {used} % in use ({} free)", of_total(free.min(total), total));
            findings.push(Finding { outcome, words });
        }
    }
}

fn load(findings: &mut Vec<Finding>, machine: &Machine, rules: &Rules) {
    let (Some([_, over_five, _]), Some(cpus)) = (machine.load, machine.cpus) else { return };
    let each = over_five / f64::from(cpus);
    if let Some((outcome, _)) = rules.load.judge(each) {
        let count = if cpus == 1 { "1 CPU".to_owned() } else { format!("{cpus} CPUs") };
        let words = format!("load is {each:.1} per CPU over 5 minutes ({over_five:.1} on {count})");
        findings.push(Finding { outcome, words });
    }
}

fn stuck(findings: &mut Vec<Finding>, machine: &Machine, exchange: Exchange) {
    let limit = span(Duration::from_secs(exchange.patience));
    for part in &machine.stuck {
        let words = if part == "units" {
            format!("systemctl gave no answer within {limit}")
        } else {
            format!("df gave no answer within {limit}: a mount may hang")
        };
        findings.push(Finding { outcome: Outcome::Degraded, words });
    }
}

fn failed<'m>(machine: &'m Machine, rules: &Rules) -> Vec<&'m str> {
    let Units::AllBut(ignored) = &rules.units else { return Vec::new() };
    machine.failed.iter().flatten().filter(|unit| !ignored.contains(unit)).map(String::as_str).collect()
}

impl Machine {
    /// Whether nothing can be written to a mount.
    pub fn is_read_only(&self, path: &str) -> bool {
        self.mounts.iter().flatten().rfind(|mount| mount.path == path).is_some_and(|mount| mount.read_only)
    }
}

#[cfg(test)]
mod tests;
