//! One probe: the kind is the key that names it (`http = "…"`), the rest is common to all kinds or the kind's own.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use super::deck::Probe;
use super::service::host;
use crate::model::{Environment, HostId, ProbeSpec, Service, Text};
use crate::settings::{Entry, Faults, Files, Names, Node, Section, Table, Value, word};
use crate::source::health::{KINDS, Kind, Placement};
use crate::transport::human;

/// `[defaults]`: what a probe has unless it says otherwise.
#[derive(Clone, Copy, Debug, Default)]
pub struct Defaults {
    every: Option<Duration>,
    timeout: Option<Duration>,
    rise: Option<u32>,
    fall: Option<u32>,
}

/// Times below this would be load, not observation.
const SHORTEST_EVERY: Duration = Duration::from_millis(500);

/// Longer times are slips of the pen, and would overflow what is computed from them.
const LONGEST: Duration = Duration::from_hours(24 * 365);

impl Defaults {
    /// Reads `[defaults]` of a deck.
    pub fn read(deck: &Section<'_>) -> Self {
        let Some(section) = deck.section("defaults") else { return Self::default() };
        let read = Self::read_from(&section);
        section.finish();
        read
    }

    /// Times that do not fit together are told here when both stand here.
    fn read_from(section: &Section<'_>) -> Self {
        let count = |key: &str| section.whole(key, 1..=100).and_then(|n| u32::try_from(n).ok());
        let every = section.duration("every");
        if every.is_some_and(|e| e < SHORTEST_EVERY) {
            section.error("every", "`every` is shorter than 500ms", "write every = \"1s\" or more");
        }
        let timeout = section.duration("timeout");
        for (key, time) in [("every", every), ("timeout", timeout)] {
            if time.is_some_and(|t| t > LONGEST) {
                section.error(
                    key,
                    format!("`{key}` is longer than a year"),
                    format!("write {key} = \"1d\" or less than a year"),
                );
            }
        }
        if let (Some(every), Some(timeout)) = (every, timeout)
            && timeout > every
        {
            let help = format!("make `timeout` at most {}, or `every` at least {}", human(every), human(timeout));
            section.faults().warn(section.place_of("timeout"), LATE, help);
        }
        Self { every, timeout, rise: count("rise"), fall: count("fall") }
    }
}

/// What a probe stands in.
pub struct Around<'a> {
    /// Its service.
    pub service: &'a Service,
    /// Its environment.
    pub environment: &'a Environment,
    /// The deck's defaults.
    pub defaults: &'a Defaults,
}

/// Reads a probe.
pub fn read(entry: &Entry, around: &Around<'_>, names: &Names, faults: &Faults<'_>) -> Option<Probe> {
    let Value::Table(table) = &entry.node.value else {
        let message = format!("probe `{}` must be a table, not {}", entry.name, entry.node.value.describe());
        faults.error(entry.node.place, message, format!("write probes.{} = {{ http = \"…\" }}", entry.name));
        return None;
    };
    let mut table = table.clone();
    table.place = entry.place;
    let mut section = Section::new(&table, format!("probe `{}`", entry.name), faults).with_names(names);
    let kind = kind(&section, entry, faults)?;
    let own = Defaults::read_from(&section);
    let common = around.defaults;
    let every = own.every.or(common.every.filter(|_| kind.every <= COMMON_EVERY)).unwrap_or(kind.every);
    // What the kind brings gives way; what somebody wrote does not.
    let timeout = own.timeout.or(common.timeout).unwrap_or(kind.timeout.min(every));
    warn_if_late(&section, &own, every, timeout);
    let degraded = if kind.latency { section.duration("degraded") } else { None };
    let via = via(&section, kind, around);
    let optional = section.truth("optional").unwrap_or(false);
    let doc = section.text("doc");
    let Some(check) = (kind.read)(&mut section) else {
        section.name_misspelt(&keys_of(kind));
        return None;
    };
    if let (Some(host), Some(folder)) =
        (&via, section.text("folder").filter(|f| kind.name == "command" && !f.starts_with('/')))
    {
        let message = format!("`folder` must be a whole path on host {}, not \"{folder}\"", host.name);
        section.error("folder", message, "write it from the root: folder = \"/srv/shop\"");
    }
    let declared = written_out(&table, names, &Faults::new(faults.files()));
    let info = ProbeSpec {
        id: around.service.id.probe(&entry.name),
        kind: kind.name.into(),
        target: Text::line_at_most(&check.target(), 300),
        doc: doc.map(|d| Text::line_at_most(&d, 200)),
        looks_at: looks_at(&table, &declared, via.as_ref()),
        every,
        timeout,
        rise: own.rise.or(common.rise).unwrap_or(2),
        fall: own.fall.or(common.fall).unwrap_or(2),
        optional,
        via,
    };
    let paused = around.service.paused.is_some();
    section.finish().then(|| Probe { info, degraded, paused, declared, check: Arc::from(check) })
}

/// The host that it looks from or on; none for this machine.
fn via(section: &Section<'_>, kind: &Kind, around: &Around<'_>) -> Option<HostId> {
    match kind.placement {
        Placement::NamedHost => {
            if section.has("via") {
                let message = format!("`{}` names the host already, so `via` has nothing to say", kind.name);
                let help = format!("remove `via` and write the host as {} = \"…\"", kind.name);
                section.faults().error(section.key_place("via"), message, help);
            }
            host(section, kind.name, around.environment)
        }
        Placement::Here if section.has("via") => {
            let message = format!("`{}` always looks from this machine", kind.name);
            let help =
                "remove `via`; to ask a host's resolver, write command = [\"getent\", \"hosts\", \"NAME\"] with `via`";
            section.faults().error(section.key_place("via"), message, help);
            None
        }
        Placement::Here => None,
        Placement::OnHost if !section.has("via") => around.service.host.clone(),
        Placement::OnHost | Placement::Network => host(section, "via", around.environment),
    }
}

/// One line a key, with names filled in and without places: the same probe in the same text wherever it stands.
fn written_out(table: &Table, names: &Names, unheard: &Faults<'_>) -> String {
    let line = |e: &Entry| [e.name.as_str(), " = ", &one_line(&e.node, names, unheard), "\n"].concat();
    table.entries.iter().map(line).collect()
}

fn one_line(node: &Node, names: &Names, unheard: &Faults<'_>) -> String {
    let each = |nodes: &[Node]| nodes.iter().map(|n| one_line(n, names, unheard)).collect::<Vec<_>>().join(", ");
    match &node.value {
        // A pattern's braces may be no names; then it stands for itself.
        Value::Text(text) => format!("{:?}", names.fill(text, node.place, unheard).as_ref().unwrap_or(text)),
        Value::List(nodes) => format!("[{}]", each(nodes)),
        Value::Table(table) => format!("{{{}}}", written_out(table, names, unheard).replace('\n', "; ")),
        other => other.describe(),
    }
}

/// Keys that change how often a probe looks and what counts, but not what it looks at.
const PACE: [&str; 7] = ["every", "timeout", "rise", "fall", "degraded", "optional", "doc"];

/// A number for what a probe looks at: history goes on while it stays the same.
fn looks_at(table: &Table, declared: &str, via: Option<&HostId>) -> u64 {
    let lines = declared.lines().zip(table.names()).filter(|(_, name)| !PACE.contains(name));
    let mut hasher = DefaultHasher::new();
    lines.for_each(|(line, _)| line.hash(&mut hasher));
    // The host may stand with the service; another host is another thing to look at.
    via.hash(&mut hasher);
    hasher.finish()
}

/// The keys that a kind knows, learnt by reading its example.
pub fn keys_of(kind: &Kind) -> Vec<String> {
    let mut files = Files::default();
    let file = files.add("example", format!("probe = {}", kind.example));
    let unheard = Faults::new(&files);
    let Some(Value::Table(table)) = Table::parse(file, &unheard).and_then(|t| Some(t.get("probe")?.node.value.clone()))
    else {
        return Vec::new();
    };
    let mut section = Section::new(&table, "", &unheard);
    // Only what it asks for is of interest.
    drop((kind.read)(&mut section));
    section.asked()
}

const LATE: &str = "`timeout` is longer than `every`, so checks may come late";

/// Told where one of the two times is written for this probe.
fn warn_if_late(section: &Section<'_>, own: &Defaults, every: Duration, timeout: Duration) {
    if timeout <= every {
        return;
    }
    let misread = |key: &str, read: Option<Duration>| section.has(key) && read.is_none();
    let (key, message, help) = match (own.every, own.timeout) {
        _ if misread("every", own.every) || misread("timeout", own.timeout) => return,
        (Some(_), None) => {
            let help = format!("add timeout = \"{}\" or less", human(every));
            ("every", format!("`every` is shorter than the `timeout` of [defaults], {}", human(timeout)), help)
        }
        (None, Some(_)) => {
            let help = format!("make `timeout` at most {}, the time between two checks", human(every));
            ("timeout", LATE.to_owned(), help)
        }
        // Both stand together, here or in [defaults], and were told when they were read.
        _ => return,
    };
    section.faults().warn(section.place_of(key), message, help);
}

/// `[defaults] every` is meant for probes of services; kinds that look rarely by nature keep their own pace.
const COMMON_EVERY: Duration = Duration::from_mins(1);

fn kind(section: &Section<'_>, entry: &Entry, faults: &Faults<'_>) -> Option<&'static Kind> {
    let Value::Table(table) = &entry.node.value else { return None };
    let named: Vec<&&Kind> = KINDS.iter().filter(|k| table.get(k.name).is_some()).collect();
    let words: Vec<&str> = KINDS.iter().map(|k| k.name).collect();
    match named.as_slice() {
        [kind] => Some(kind),
        [] => {
            let near = table.names().find_map(|name| Some((name, word::nearest(name, words.iter().copied())?)));
            let (place, help) = match near {
                Some((name, near)) => (section.key_place(name), format!("did you mean `{near}` instead of `{name}`?")),
                None => (entry.place, format!("name one of {}", word::list(&words))),
            };
            faults.error(place, format!("probe `{}` does not say what to look at", entry.name), help);
            None
        }
        [first, second, ..] => {
            let message = format!("probe `{}` is both `{}` and `{}`", entry.name, first.name, second.name);
            let help = format!("make two probes of it: one with `{}`, one with `{}`", first.name, second.name);
            faults.error(section.key_place(second.name), message, help);
            None
        }
    }
}

#[cfg(test)]
mod tests;
