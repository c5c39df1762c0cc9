//! What `systemctl show` prints, and what it means. Pure: text and the time come in, an observation goes out; the same
//! for every transport. Source: org.freedesktop.systemd1(5), systemd.service(5).

pub mod failure;
pub mod moment;

use std::collections::HashMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::{Observation, Outcome, Text};
use crate::transport::human;
use moment::Moment;

/// The properties asked for. The answer comes in an order of its own.
pub const PROPERTIES: [&str; 18] = [
    "Id",
    "LoadState",
    "ActiveState",
    "SubState",
    "Type",
    "Result",
    "ExecMainCode",
    "ExecMainStatus",
    "NRestarts",
    "ActiveEnterTimestamp",
    "InactiveEnterTimestamp",
    "MemoryCurrent",
    "MemoryMax",
    "TasksCurrent",
    "TasksMax",
    "InvocationID",
    "UnitFileState",
    "NeedDaemonReload",
];

/// A unit that came back after a restart is watched for this long before it counts as good.
const SETTLING: Duration = Duration::from_mins(1);

/// What a unit should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expected {
    /// Running, or done in the way of a one-shot.
    Active,
    /// Not running, and not failed.
    Inactive,
}

/// The properties of one unit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    properties: HashMap<String, String>,
}

impl Unit {
    /// Reads `Name=value` lines; anything else is passed over.
    pub fn parse(text: &str) -> Self {
        let pairs = text.lines().filter_map(|line| line.split_once('='));
        Self { properties: pairs.map(|(name, value)| (name.to_owned(), value.trim().to_owned())).collect() }
    }

    /// A property that has a value; `[not set]` is none.
    fn get(&self, name: &str) -> Option<&str> {
        self.properties.get(name).map(String::as_str).filter(|v| !v.is_empty() && *v != "[not set]" && *v != "n/a")
    }

    fn word(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// A number; the largest one stands for "no value" or "no limit".
    fn number(&self, name: &str) -> Option<u64> {
        self.get(name)?.parse().ok().filter(|n| *n != u64::MAX)
    }

    /// What the unit's state means.
    pub fn judge(&self, name: &str, place: &str, expected: Expected, now: Timestamp) -> Observation {
        match self.word("LoadState") {
            "" => return Observation::unknown(format!("systemctl on {place} said nothing about {name}")),
            "not-found" => return Observation::unknown(format!("unit {name} not found on {place}")),
            "masked" => {
                let fact = format!("unit {name} is masked on {place}: it cannot start until it is unmasked");
                return match expected {
                    Expected::Active => Observation::fail(fact),
                    Expected::Inactive => Observation { reason: Some(fact.into()), ..Observation::new(Outcome::Pass) },
                };
            }
            "loaded" => {}
            state => {
                return Observation::fail(format!(
                    "unit {name} does not load ({state}): `systemctl status {name}` says why"
                ));
            }
        }
        let mut seen = self.judge_state(name, expected, now);
        self.add_facts(&mut seen, now);
        seen
    }

    fn judge_state(&self, name: &str, expected: Expected, now: Timestamp) -> Observation {
        let sub = self.word("SubState");
        match (self.word("ActiveState"), expected) {
            ("failed", _) => Observation::fail(failure::reason(self, name)),
            ("activating", _) if sub.starts_with("auto-restart") => Observation::fail(failure::crash_loop(self, name)),
            ("active" | "reloading" | "refreshing", Expected::Inactive) => {
                Observation::fail(format!("{name} is running ({sub}), but should not be"))
            }
            ("active" | "reloading" | "refreshing", Expected::Active) => self.running(name, now),
            ("activating" | "deactivating", Expected::Inactive) => Observation::new(Outcome::Pass),
            ("activating", Expected::Active) => Observation::degraded(format!("{name} is starting ({sub})")),
            ("deactivating", Expected::Active) => Observation::degraded(format!("{name} is stopping ({sub})")),
            ("maintenance", _) => Observation::degraded(format!("{name} is under maintenance ({sub})")),
            ("inactive", Expected::Inactive) => {
                // A one-shot that went wrong may read inactive; only its result tells.
                let good = matches!(self.word("Result"), "" | "success" | "exec-condition");
                if good { Observation::new(Outcome::Pass) } else { Observation::fail(failure::reason(self, name)) }
            }
            ("inactive", Expected::Active) => {
                let since = self.age("InactiveEnterTimestamp", now).map(|age| format!(" since {}", human(age)));
                Observation::fail(format!("{name} is stopped ({sub}){}", since.unwrap_or_default()))
            }
            (state, _) => Observation::unknown(format!("{name} is in a state unknown here: {state} ({sub})")),
        }
    }

    fn running(&self, name: &str, now: Timestamp) -> Observation {
        let restarts = self.number("NRestarts").unwrap_or(0);
        match self.age("ActiveEnterTimestamp", now) {
            Some(age) if restarts > 0 && age < SETTLING => {
                let times = failure::times(restarts);
                Observation::degraded(format!("{name} restarted {} ago by itself, {times} so far", human(age)))
            }
            _ => Observation::new(Outcome::Pass),
        }
    }

    /// How long ago, in whole seconds.
    fn age(&self, name: &str, now: Timestamp) -> Option<Duration> {
        let Some(Moment::At(at)) = self.get(name).map(moment::read) else { return None };
        let seconds = now.as_second().saturating_sub(at.as_second());
        Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
    }

    fn add_facts(&self, seen: &mut Observation, now: Timestamp) {
        let mut fact = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                let value = Text::line_at_most(&value, 120);
                seen.facts.push(crate::model::Fact { name: name.into(), value });
            }
        };
        fact("state", Some(format!("{} ({})", self.word("ActiveState"), self.word("SubState"))));
        fact("since", self.since(now));
        fact("restarts", self.number("NRestarts").map(|n| n.to_string()));
        fact("memory", of_limit(self.number("MemoryCurrent"), self.number("MemoryMax"), bytes));
        fact("tasks", of_limit(self.number("TasksCurrent"), self.number("TasksMax"), |n| n.to_string()));
        fact("at boot", self.get("UnitFileState").map(str::to_owned));
        fact("invocation", self.get("InvocationID").map(|id| id.chars().take(8).collect()));
        let reload = self.word("NeedDaemonReload") == "yes";
        fact("unit file", reload.then(|| "changed on disk; needs `systemctl daemon-reload`".to_owned()));
    }

    /// When it came into its state, and how long ago that is where the time zone is known.
    fn since(&self, now: Timestamp) -> Option<String> {
        let name = if self.word("ActiveState") == "active" { "ActiveEnterTimestamp" } else { "InactiveEnterTimestamp" };
        match moment::read(self.get(name)?) {
            Moment::At(at) => {
                let ago = self.age(name, now).map(|age| format!(" ({} ago)", human(age)));
                Some(format!("{}{}", at.strftime("%Y-%m-%d %H:%M:%S UTC"), ago.unwrap_or_default()))
            }
            Moment::Local(text) => Some(text),
            Moment::Never => None,
        }
    }
}

fn of_limit(now: Option<u64>, limit: Option<u64>, words: fn(u64) -> String) -> Option<String> {
    match (now?, limit) {
        (now, Some(limit)) => Some(format!("{} of {}", words(now), words(limit))),
        (now, None) => Some(words(now)),
    }
}

/// `512 B`, `12.4 MiB`, `3.0 GiB`.
pub fn bytes(count: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, size)| count >= *size) {
        Some((unit, size)) => format!("{:.1} {unit}", count as f64 / size as f64),
        None => format!("{count} B"),
    }
}

#[cfg(test)]
mod recorded;
#[cfg(test)]
mod tests;
