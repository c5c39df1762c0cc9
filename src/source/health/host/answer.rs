//! What the script of the `host` kind prints, read into figures. Pure; what is missing or strange is no figure, and no
//! byte makes it fail. Formats: proc(5), sysfs(5), os-release(5), sysctl(8) of FreeBSD and macOS.

use std::collections::HashMap;
use std::time::Duration;

use super::disks::{self, Fill};

/// What stands before the name of a section, at the start of a line.
const MARK: &str = "\n@qd:";
/// Most pressures, units and mounts that are read.
const MOST: usize = 256;

/// A mount as the kernel lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub path: String,
    /// `ext4`, `tmpfs`, …
    pub kind: String,
    /// Nothing can be written there.
    pub read_only: bool,
}

/// Figures of one moment; none for what the machine did not tell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Machine {
    /// Processes that run or wait, over 1, 5 and 15 minutes.
    pub load: Option<[f64; 3]>,
    /// CPUs in use.
    pub cpus: Option<u32>,
    /// Bytes in all, and bytes that programs may still take.
    pub memory: Option<(u64, u64)>,
    /// Bytes in all, and bytes that are free.
    pub swap: Option<(u64, u64)>,
    /// Space of disks.
    pub space: Vec<Fill>,
    /// Inodes of disks.
    pub inodes: Vec<Fill>,
    /// Space of the mounts that the deck names.
    pub named_space: Vec<Fill>,
    /// Inodes of the mounts that the deck names.
    pub named_inodes: Vec<Fill>,
    /// The mounts looked at; none where the machine has no list of them.
    pub mounts: Option<Vec<Mount>>,
    /// Time since the start.
    pub uptime: Option<Duration>,
    /// Another one after each start.
    pub boot: Option<String>,
    /// Its clock in seconds since 1970, at the start and at the end of the script.
    pub clock: Option<(i64, i64)>,
    /// It asks to be started anew.
    pub reboot: bool,
    /// Names of failed units; none where systemd does not run or said nothing.
    pub failed: Option<Vec<String>>,
    /// The name of the system.
    pub os: Option<String>,
    /// The name and release of the kernel.
    pub kernel: Option<String>,
    /// Share of the last 10 seconds in which something waited, by what for.
    pub pressure: Vec<(String, f64)>,
    /// Parts that did not end in time.
    pub stuck: Vec<String>,
    /// Whether the answer came to its end.
    pub whole: bool,
}

/// Reads an answer; none when it holds no section at all.
pub fn parse(text: &str) -> Option<Machine> {
    let sections = Sections::of(text);
    let first = |name: &str| sections.all(name).next();
    if sections.list.is_empty() {
        return None;
    }
    let clocks: Vec<i64> = sections.all("time").filter_map(|t| t.trim().parse().ok()).collect();
    let codes: Vec<(&str, &str)> = sections.all("code").filter_map(|code| code.trim().rsplit_once(' ')).collect();
    let ended =
        |name: &str, good: fn(i32) -> bool| codes.iter().any(|(of, code)| *of == name && code.parse().is_ok_and(good));
    let memory = first("memory").map(meminfo).unwrap_or_default();
    let pair = |total: &str, free: &str| Some((*memory.get(total)?, *memory.get(free)?));
    let (space, inodes) = disks::parse(sections.all("disks"));
    let (named_space, named_inodes) = disks::parse(sections.all("named"));
    let boottime = first("kern.boottime").and_then(sysctl_seconds);
    let clock = clocks.first().copied().zip(clocks.last().copied());
    let words = |name: &str| first(name).and_then(line);
    Some(Machine {
        load: first("load").or_else(|| first("vm.loadavg")).and_then(load),
        cpus: first("cpus").and_then(cpu_list).or_else(|| first("processors")?.trim().parse().ok()),
        memory: pair("MemTotal", "MemAvailable").filter(|(total, _)| *total > 0),
        swap: pair("SwapTotal", "SwapFree"),
        space,
        inodes,
        named_space,
        named_inodes,
        mounts: first("mounts").map(|text| text.lines().filter_map(mount).take(MOST).collect()),
        uptime: first("uptime")
            .and_then(seconds)
            .or_else(|| Some(Duration::from_secs(clock?.1.checked_sub(boottime?)?.try_into().ok()?))),
        boot: words("boot").or_else(|| words("kern.bootsessionuuid")),
        clock,
        reboot: first("reboot").is_some(),
        failed: first("units").filter(|_| ended("units", |code| code == 0)).map(units),
        os: first("os").and_then(os_release).or_else(|| first("sw_vers").and_then(sw_vers)),
        kernel: words("kernel"),
        pressure: sections.pressures(),
        stuck: ["units", "disks", "named"].into_iter().filter(|n| ended(n, |c| c > 128)).map(str::to_owned).collect(),
        whole: first("end").is_some(),
    })
}

/// The answer cut at its headings.
struct Sections<'a> {
    list: Vec<(&'a str, &'a str)>,
}

impl<'a> Sections<'a> {
    fn of(text: &'a str) -> Self {
        // What stands before the first heading was printed by somebody else, a shell's greeting for example.
        let list = text
            .split(MARK)
            .skip(1)
            .map(|section| section.split_once('\n').unwrap_or((section, "")))
            .map(|(name, body)| (name.trim(), body))
            .collect();
        Self { list }
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.list.iter().filter(move |(n, _)| *n == name).map(|(_, body)| *body)
    }

    fn pressures(&self) -> Vec<(String, f64)> {
        let named = self.list.iter().filter_map(|(name, body)| Some((name.strip_prefix("pressure ")?, *body)));
        let average = |body: &str| {
            let some = body.lines().find_map(|l| l.trim().strip_prefix("some "))?;
            some.split_whitespace().find_map(|word| word.strip_prefix("avg10=")?.parse::<f64>().ok())
        };
        named.filter_map(|(name, body)| Some((name.to_owned(), average(body)?))).take(3).collect()
    }
}

/// The first line that says something.
fn line(text: &str) -> Option<String> {
    text.lines().map(str::trim).find(|l| !l.is_empty()).map(str::to_owned)
}

/// `0.42 0.36 0.30 1/234 5678`, `{ 1.20 1.11 1.02 }`, and the end of what `uptime` prints.
fn load(text: &str) -> Option<[f64; 3]> {
    let figures = match text.rsplit_once("load average") {
        Some((_, figures)) => figures.trim_start_matches(['s', ':']),
        None => text,
    };
    let mut numbers = figures
        .split_whitespace()
        .filter(|word| !matches!(*word, "{" | "}"))
        .map_while(|word| word.trim_end_matches(',').parse::<f64>().ok().filter(|n| n.is_finite() && *n >= 0.0));
    Some([numbers.next()?, numbers.next()?, numbers.next()?])
}

/// `0-3,6`
fn cpu_list(text: &str) -> Option<u32> {
    let count = |range: &str| {
        let (from, to) = range.split_once('-').unwrap_or((range, range));
        to.trim().parse::<u32>().ok()?.checked_sub(from.trim().parse().ok()?)?.checked_add(1)
    };
    let total = text.trim().split(',').try_fold(0_u32, |sum, range| sum.checked_add(count(range)?))?;
    (total > 0).then_some(total)
}

/// Bytes by name; the file counts in KiB.
fn meminfo(text: &str) -> HashMap<&str, u64> {
    let pair = |line: &'_ str| -> Option<u64> { line.split_whitespace().next()?.parse::<u64>().ok() };
    text.lines()
        .filter_map(|line| line.split_once(':'))
        .filter_map(|(name, rest)| Some((name.trim(), pair(rest)?.saturating_mul(1024))))
        .collect()
}

/// `2554.30 3996.55`
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.split_whitespace().next()?.parse().ok()?).ok()
}

/// `{ sec = 1795000000, usec = 12 } Wed Nov 18 …`
fn sysctl_seconds(text: &str) -> Option<i64> {
    let (_, rest) = text.split_once("sec = ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// `ext4 rw,relatime /srv`; the path may hold blanks.
fn mount(line: &str) -> Option<Mount> {
    let mut words = line.splitn(3, ' ');
    let (kind, options, path) = (words.next()?, words.next()?, words.next()?);
    let read_only = options.split(',').any(|option| option == "ro");
    path.starts_with('/').then(|| Mount { path: path.to_owned(), kind: kind.to_owned(), read_only })
}

/// The first word of each line; older releases put a dot before it.
fn units(text: &str) -> Vec<String> {
    let name = |line: &str| line.split_whitespace().find(|word| word.contains('.')).map(str::to_owned);
    text.lines().filter_map(name).take(MOST).collect()
}

fn os_release(text: &str) -> Option<String> {
    let value = |key: &str| text.lines().find_map(|l| l.trim().strip_prefix(key)?.strip_prefix('='));
    let name = value("PRETTY_NAME").or_else(|| value("NAME"))?.trim_matches(['"', '\'']).trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// `ProductName:  macOS`, `ProductVersion:  15.1`
fn sw_vers(text: &str) -> Option<String> {
    let value = |key: &str| text.lines().find_map(|l| Some(l.trim().strip_prefix(key)?.trim()));
    Some(format!("{} {}", value("ProductName:")?, value("ProductVersion:").unwrap_or_default()).trim().to_owned())
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
