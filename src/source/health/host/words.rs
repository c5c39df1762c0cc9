//! The figures of a machine in words: what stands in a reason, and the facts of a row in the order they are read. Judges
//! nothing.

use super::super::figures::{of_size, of_total, share, span};
use super::answer::Machine;
use super::disks::Fill;
use super::judge::{Offset, Watched};
use crate::model::{Fact, Observation, Text};

/// Most mounts that are told one by one.
const MOST_MOUNTS: usize = 12;
/// Most names in a reason.
const MOST_NAMES: usize = 3;

/// `/srv is 97 % full (1.2 of 40.0 GiB free)`
pub fn full_disk(fill: &Fill, full: u64) -> String {
    format!("{} is {full} % full ({} free)", fill.mount, of_total(fill.free, fill.total()))
}

/// `/srv has 97 % of its inodes in use (1200 free)`
pub fn no_inodes(fill: &Fill, full: u64) -> String {
    format!("{} has {full} % of its inodes in use ({} free)", fill.mount, fill.free)
}

/// `its clock is 1m 1s ahead of this machine's (±0.6s)`
pub fn wrong_clock(offset: Offset) -> String {
    let way = if offset.ahead < 0.0 { "behind" } else { "ahead of" };
    format!("its clock is {} {way} this machine's (±{:.1}s)", off_by(offset), offset.doubt)
}

fn off_by(offset: Offset) -> String {
    let off = std::time::Duration::try_from_secs_f64(offset.ahead.abs()).unwrap_or_default();
    if off.as_secs() < 60 { format!("{:.1}s", off.as_secs_f64()) } else { span(off) }
}

fn clock(offset: Offset) -> String {
    if offset.ahead.abs() <= offset.doubt {
        return format!("in step, ±{:.1}s", offset.doubt);
    }
    let way = if offset.ahead < 0.0 { "behind" } else { "ahead" };
    format!("{} {way}, ±{:.1}s", off_by(offset), offset.doubt)
}

/// `2 units failed: a.service, b.service`
pub fn failed_units(names: &[&str]) -> Option<String> {
    let count = match names.len() {
        0 => return None,
        1 => "1 unit".to_owned(),
        n => format!("{n} units"),
    };
    Some(format!("{count} failed: {}", some_of(names)))
}

fn some_of(names: &[&str]) -> String {
    let first: Vec<&str> = names.iter().take(MOST_NAMES).copied().collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

/// Adds the facts. The first three are those of the row of a host, under exactly these names.
pub fn add_facts(seen: &mut Observation, machine: &Machine, watched: &Watched<'_>, offset: Option<Offset>) {
    let mut fact = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            let (name, value) = (Text::line_at_most(name, 60), Text::line_at_most(&value, 120));
            seen.facts.push(Fact { name, value });
        }
    };
    let fullest = |fills: &[&Fill]| {
        let writable = fills.iter().filter(|f| !machine.is_read_only(&f.mount));
        let shares = writable.filter_map(|f| Some((share(f.used, f.total())?, f)));
        shares.rev().max_by_key(|(full, _)| *full).map(|(full, f)| format!("{} {full} %", f.mount))
    };
    fact(
        "load",
        machine.load.map(|[now, ..]| match machine.cpus {
            Some(cpus) => format!("{now:.1} of {cpus}"),
            None => format!("{now:.1}"),
        }),
    );
    let used = |(total, free): (u64, u64)| of_total(total.saturating_sub(free), total);
    fact("memory", machine.memory.map(used));
    fact("disk", fullest(&watched.space));
    fact("swap", machine.swap.map(|swap| if swap.0 == 0 { "none".to_owned() } else { used(swap) }));
    fact("inodes", fullest(&watched.inodes));
    fact("uptime", machine.uptime.map(span));
    fact("clock", offset.map(clock));
    fact(
        "failed units",
        machine.failed.as_ref().map(|failed| match failed.as_slice() {
            [] => "none".to_owned(),
            names => format!("{}: {}", names.len(), some_of(&names.iter().map(String::as_str).collect::<Vec<_>>())),
        }),
    );
    for fill in watched.space.iter().take(MOST_MOUNTS) {
        fact(&fill.mount, mount(machine, fill));
    }
    let more = watched.space.len().saturating_sub(MOST_MOUNTS);
    fact("more mounts", (more > 0).then(|| more.to_string()));
    fact("os", machine.os.clone());
    fact("kernel", machine.kernel.clone());
    fact("load 5m, 15m", machine.load.map(|[_, five, fifteen]| format!("{five:.1}, {fifteen:.1}")));
    for (name, waited) in &machine.pressure {
        fact(&format!("{name} pressure"), Some(format!("{waited:.1} % of 10s")));
    }
    fact("boot", machine.boot.as_ref().map(|id| id.chars().take(8).collect()));
    fact("reboot", machine.reboot.then(|| "needed".to_owned()));
    fact("not told", missing(machine));
}

fn mount(machine: &Machine, fill: &Fill) -> Option<String> {
    let full = share(fill.used, fill.total())?;
    let only = if machine.is_read_only(&fill.mount) { ", read-only" } else { "" };
    Some(format!("{full} % of {}, {} free{only}", of_size(fill.total()), of_size(fill.free)))
}

/// What the machine could not tell.
fn missing(machine: &Machine) -> Option<String> {
    let told = [
        ("load", machine.load.is_some()),
        ("CPUs", machine.cpus.is_some()),
        ("memory", machine.memory.is_some()),
        ("disks", !machine.space.is_empty()),
        ("uptime", machine.uptime.is_some()),
        ("clock", machine.clock.is_some()),
        ("the rest, for the answer broke off", machine.whole),
    ];
    let missing: Vec<&str> = told.into_iter().filter(|(_, told)| !told).map(|(name, _)| name).collect();
    (!missing.is_empty()).then(|| missing.join(", "))
}
