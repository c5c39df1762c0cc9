//! What a deck says about acting on a service: which runbooks it offers, on which hosts, under which names and rules.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use crate::model::{HostId, Level, Runbook, ServiceId, Text, Tier};

/// What acting on a service needs to know.
#[derive(Clone, Debug)]
pub struct Acting {
    /// The service.
    pub service: ServiceId,
    /// Its runbooks that apply, in the order of the deck.
    pub runbooks: Vec<Arc<Runbook>>,
    /// Its runbooks that do not, and why.
    pub not_applying: Vec<(Arc<str>, Text)>,
    /// Every name that texts may hold and that reaches steps as a variable: `unit`, `port`, `releases`, …
    pub names: BTreeMap<String, String>,
    /// Where it runs; empty means the operator's machine.
    pub hosts: Vec<HostId>,
    /// Rules of its environment.
    pub policy: Arc<Policy>,
    /// The deck's folder: relative paths of `copy` start here.
    pub folder: PathBuf,
}

/// Rules of an environment.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its tier.
    pub tier: Tier,
    /// At least this level; never below that of the tier.
    pub level: Level,
    /// Times at which nothing may be started.
    pub peak: Vec<Peak>,
    /// The zone that those times are in.
    pub timezone: TimeZone,
    /// The folder on every host for locks, runs and records; `~/.local/state/quarterdeck` of the SSH user where none is
    /// given. Users who log in under different names share locks only where this is one folder they can all write.
    pub state: Option<String>,
}

/// A time of the week at which nothing may be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peak {
    /// As it stands in the deck: `Mon-Fri 09:00-19:00`.
    pub written: String,
    /// On these days, by their beginning.
    pub days: Vec<Weekday>,
    /// From this time.
    pub from: Time,
    /// Up to this time; an earlier one is that of the next day.
    pub to: Time,
}

impl Policy {
    /// The peak time that an instant lies in.
    pub fn peak_at(&self, now: Timestamp) -> Option<&Peak> {
        let there = now.to_zoned(self.timezone.clone());
        let (today, time) = (there.weekday(), there.time());
        self.peak.iter().find(|peak| peak.holds(today, time))
    }
}

impl Peak {
    /// Whether a time of a day lies in it. What goes over midnight belongs to the day on which it begins.
    fn holds(&self, today: Weekday, time: Time) -> bool {
        let (is_day, was_day) = (self.days.contains(&today), self.days.contains(&today.previous()));
        if self.from < self.to {
            is_day && self.from <= time && time < self.to
        } else {
            (is_day && self.from <= time) || (was_day && time < self.to)
        }
    }
}

#[cfg(test)]
mod tests;
