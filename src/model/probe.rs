//! Probes and what one of them saw: an [`Observation`] with an outcome, a latency and a reason that an engineer can
//! act on.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::{HostId, ProbeId};
use super::text::Text;

/// The result of one check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// As it should be.
    Pass,
    /// Works, but not as it should.
    Degraded,
    /// Does not work.
    Fail,
    /// Could not be observed; says nothing about the service.
    Unknown,
}

impl Outcome {
    /// The word used on the screen and in `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Degraded => "degraded",
            Outcome::Fail => "fail",
            Outcome::Unknown => "unknown",
        }
    }

    /// The worse of two; failing is worse than not knowing, not knowing worse than degraded.
    #[must_use]
    pub fn worst(self, other: Outcome) -> Outcome {
        if self.rank() >= other.rank() { self } else { other }
    }

    fn rank(self) -> u8 {
        match self {
            Outcome::Pass => 0,
            Outcome::Degraded => 1,
            Outcome::Unknown => 2,
            Outcome::Fail => 3,
        }
    }
}

/// A part of the time that a check took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PhaseName {
    /// Name to address.
    Resolve,
    /// TCP connection made.
    Connect,
    /// TLS handshake done.
    Tls,
    /// Request sent until the first byte of the answer.
    Wait,
    /// First until last byte of the answer.
    Read,
}

impl PhaseName {
    /// The word used on the screen.
    pub fn word(self) -> &'static str {
        match self {
            PhaseName::Resolve => "resolve",
            PhaseName::Connect => "connect",
            PhaseName::Tls => "tls",
            PhaseName::Wait => "wait",
            PhaseName::Read => "read",
        }
    }
}

/// How long one phase of a check took.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// Which part.
    pub name: PhaseName,
    /// How long.
    pub took: Duration,
}

/// One line of a health report: a dependency or a part that the service checked itself.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportEntry {
    /// The name the service gives it.
    pub name: Text,
    /// What the service says of it.
    pub outcome: Outcome,
    /// Its description or error.
    pub detail: Option<Text>,
    /// How long the service's own check took.
    pub took: Option<Duration>,
}

/// A named value found on the way: a role, a version, an expiry date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// Short name.
    pub name: Text,
    /// Value with its unit.
    pub value: Text,
}

/// What one check saw.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observation {
    /// The result.
    pub outcome: Outcome,
    /// From the first step to the last byte; none when nothing answered.
    pub latency: Option<Duration>,
    /// Why it is not a pass, as a sentence without a full stop; a pass may carry a remark.
    pub reason: Option<Text>,
    /// Parts of the latency, in order.
    pub phases: Vec<Phase>,
    /// Lines of the health report, as many as are kept (64).
    pub entries: Vec<ReportEntry>,
    /// Named values.
    pub facts: Vec<Fact>,
    /// The version that the service says it runs.
    pub version: Option<Text>,
    /// The raw answer, cleaned, cut at 4 KiB.
    pub answer: Option<Text>,
    /// The host that could not be reached, when that is why nothing could be observed.
    pub blocked_by: Option<HostId>,
}

impl Observation {
    /// Most entries of a report that are kept.
    pub const MOST_ENTRIES: usize = 64;
    /// Most characters of a raw answer that are kept.
    pub const MOST_ANSWER: usize = 4096;

    /// An observation with an outcome and nothing else.
    pub fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            latency: None,
            reason: None,
            phases: Vec::new(),
            entries: Vec::new(),
            facts: Vec::new(),
            version: None,
            answer: None,
            blocked_by: None,
        }
    }

    /// All well.
    pub fn pass(latency: Duration) -> Self {
        Self { latency: Some(latency), ..Self::new(Outcome::Pass) }
    }

    /// The target does not work, and why.
    pub fn fail(reason: impl Into<Text>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(Outcome::Fail) }
    }

    /// The target works, but not as it should, and why.
    pub fn degraded(reason: impl Into<Text>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(Outcome::Degraded) }
    }

    /// The target could not be observed, and why.
    pub fn unknown(reason: impl Into<Text>) -> Self {
        Self { reason: Some(reason.into()), ..Self::new(Outcome::Unknown) }
    }

    /// The same, having taken this long.
    #[must_use]
    pub fn after(mut self, latency: Duration) -> Self {
        self.latency = Some(latency);
        self
    }

    /// The same, with one more named value.
    #[must_use]
    pub fn fact(mut self, name: &str, value: impl Into<Text>) -> Self {
        self.facts.push(Fact { name: name.into(), value: value.into() });
        self
    }

    /// Makes it worse, never better: the worse outcome wins, and its reason with it.
    pub fn worsen(&mut self, outcome: Outcome, reason: impl Into<Text>) {
        if outcome.worst(self.outcome) == outcome && outcome != self.outcome {
            self.outcome = outcome;
            self.reason = Some(reason.into());
        } else if outcome == self.outcome && outcome != Outcome::Pass {
            let first = self.reason.take().unwrap_or_default();
            let joined =
                if first.as_str().is_empty() { reason.into() } else { format!("{first}; {}", reason.into()).into() };
            self.reason = Some(joined);
        }
    }
}

/// What the store and the screen know of a probe before it has run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeSpec {
    /// Its identity.
    pub id: ProbeId,
    /// `http`, `tcp`, … as in the deck.
    pub kind: Text,
    /// What it asks, without secrets.
    pub target: Text,
    /// The host through which it looks.
    pub via: Option<HostId>,
    /// One line about it from the deck.
    pub doc: Option<Text>,
    /// Stands for what it looks at and how: another number, another history.
    pub looks_at: u64,
    /// Time between two checks.
    pub every: Duration,
    /// Time after which a check has failed.
    pub timeout: Duration,
    /// Checks in a row that must pass before the probe counts as good again.
    pub rise: u32,
    /// Checks in a row that must go wrong before the probe counts as bad.
    pub fall: u32,
    /// Its failure does not alarm.
    pub optional: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worse_outcome_wins_and_brings_its_reason() {
        let mut seen = Observation::pass(Duration::ZERO);
        seen.worsen(Outcome::Degraded, "slow");
        seen.worsen(Outcome::Fail, "gone");
        seen.worsen(Outcome::Degraded, "late");
        assert_eq!((seen.outcome, seen.reason), (Outcome::Fail, Some("gone".into())));
    }

    #[test]
    fn two_reasons_of_the_same_weight_are_both_told() {
        let mut seen = Observation::degraded("slow");
        seen.worsen(Outcome::Degraded, "full");
        assert_eq!(seen.reason, Some("slow; full".into()));
    }
}
