//! The state of one probe: the level confirmed by rise and fall counts, the samples, the last answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::series::Series;
use crate::model::{Health, Observation, Outcome, ProbeSpec, Text};

/// What is known of one probe.
#[derive(Debug)]
pub struct ProbeState {
    info: ProbeSpec,
    series: Series,
    last: Option<(Timestamp, Box<Observation>)>,
    /// What was seen last before a host on the way was lost; none while it is reached.
    before: Option<(Timestamp, Box<Observation>)>,
    /// Confirmed, and since when.
    level: Option<(Outcome, Timestamp)>,
    /// An outcome other than the level, seen this often in a row.
    doubt: Option<(Outcome, u32)>,
    /// Whether it has ever brought a health report.
    reports: bool,
    /// The version last told: it is still what was running when nothing answers any more.
    version: Option<Text>,
}

impl ProbeState {
    /// Nothing is known yet.
    pub fn new(info: ProbeSpec) -> Self {
        Self {
            info,
            series: Series::default(),
            last: None,
            before: None,
            level: None,
            doubt: None,
            reports: false,
            version: None,
        }
    }

    /// Takes over a changed declaration; what was seen stays when it still looks at the same thing.
    pub fn declare(&mut self, info: ProbeSpec) {
        if self.info.kind != info.kind || self.info.looks_at != info.looks_at {
            *self = Self::new(info);
        } else {
            self.info = info;
        }
    }

    /// As declared in the deck.
    pub fn info(&self) -> &ProbeSpec {
        &self.info
    }

    /// The samples kept.
    pub fn series(&self) -> &Series {
        &self.series
    }

    /// The newest observation and when it was made.
    pub fn last(&self) -> Option<(Timestamp, &Observation)> {
        self.last.as_ref().map(|(at, seen)| (*at, &**seen))
    }

    /// What it saw before the host on the way was lost, and when; none while that host is reached.
    pub fn seen_before(&self) -> Option<(Timestamp, &Observation)> {
        self.before.as_ref().map(|(at, seen)| (*at, &**seen))
    }

    /// The newest look that reached its target, and whether a newer one was kept from it by a host.
    pub fn newest_seen(&self) -> Option<(Timestamp, &Observation, bool)> {
        match self.last()? {
            (_, seen) if seen.blocked_by.is_some() => self.seen_before().map(|(at, seen)| (at, seen, true)),
            (at, seen) => Some((at, seen, false)),
        }
    }

    /// Whether it has ever brought a health report.
    pub fn reports(&self) -> bool {
        self.reports
    }

    /// The version last told.
    pub fn version(&self) -> Option<&Text> {
        self.version.as_ref()
    }

    /// Takes a sample in; whether the level changed.
    pub fn sample(&mut self, at: Timestamp, observation: Observation) -> bool {
        let outcome = observation.outcome;
        self.series.push(at, outcome, observation.latency);
        self.reports |= !observation.entries.is_empty();
        if observation.version.is_some() {
            self.version.clone_from(&observation.version);
        }
        let is_blocked = observation.blocked_by.is_some();
        let before = self.last.replace((at, Box::new(observation)));
        // What was confirmed before a long silence is no evidence any more.
        if before.as_ref().is_some_and(|(before, _)| at.duration_since(*before).unsigned_abs() > self.patience()) {
            self.distrust();
        }
        match before {
            _ if !is_blocked => self.before = None,
            Some((at, seen)) if seen.blocked_by.is_none() => self.before = Some((at, seen)),
            _ => {}
        }
        let Some((level, _)) = self.level else {
            // The first sample stands for itself: there is nothing to confirm it against.
            self.level = Some((outcome, at));
            return true;
        };
        if outcome == level {
            self.doubt = None;
            return false;
        }
        // Samples that are bad in different ways are bad in a row all the same: only a pass ends a row of them.
        let count = match self.doubt {
            Some((before, count)) if before == outcome || (before != Outcome::Pass && outcome != Outcome::Pass) => {
                count + 1
            }
            _ => 1,
        };
        let needed = if outcome == Outcome::Pass { self.info.rise } else { self.info.fall };
        if count < needed {
            self.doubt = Some((outcome, count));
            return false;
        }
        self.doubt = None;
        self.level = Some((outcome, at));
        true
    }

    /// An outcome that contradicts the level but is not confirmed yet: what, how often, of how many.
    pub fn doubt(&self) -> Option<(Outcome, u32, u32)> {
        let (outcome, count) = self.doubt?;
        Some((outcome, count, if outcome == Outcome::Pass { self.info.rise } else { self.info.fall }))
    }

    /// Whether it has looked, but what it saw does not count any more.
    pub fn is_forgotten(&self) -> bool {
        self.level.is_none() && self.last.is_some()
    }

    /// Forgets what was confirmed, so that the next sample stands for itself.
    pub fn distrust(&mut self) {
        self.level = None;
        self.doubt = None;
    }

    /// After this long without a sample nothing can be said any more: three intervals and a time-out.
    pub fn patience(&self) -> Duration {
        self.info.every.saturating_mul(3).saturating_add(self.info.timeout)
    }

    /// The state and since when.
    pub fn health(&self, now: Timestamp) -> (Health, Option<Timestamp>) {
        let (Some((level, since)), Some((at, _))) = (self.level, &self.last) else { return (Health::Unknown, None) };
        let patience = SignedDuration::try_from(self.patience()).unwrap_or(SignedDuration::MAX);
        let age = now.duration_since(*at);
        if age > patience {
            return (Health::Stale, at.checked_add(patience).ok());
        }
        if age < -patience {
            // The clock went back: how old the sample is cannot be known.
            return (Health::Stale, None);
        }
        (level.into(), Some(since))
    }
}
