//! What both kinds of status pages come to: components with their states and events, and the judgement on them. Pure.
//! Trouble at a vendor is told in the vendor's own words.

use crate::model::{Observation, Outcome, ReportEntry, Text};
use crate::settings::word;

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The overall state and its words, where the page gives one.
    pub overall: Option<(Outcome, String)>,
    /// Parts of the vendor's service.
    pub components: Vec<Component>,
    /// Whether `components` are all there are; if not, those not named work.
    pub complete: bool,
    /// Incidents and maintenance under way.
    pub events: Vec<Event>,
    /// Maintenance to come: name and time.
    pub planned: Vec<(String, String)>,
}

/// A part of the vendor's service.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Its name.
    pub name: String,
    /// The group it stands in.
    pub group: Option<String>,
    /// What its state means.
    pub outcome: Outcome,
    /// Its state in words.
    pub state: String,
}

/// Something under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// What it means.
    pub outcome: Outcome,
    /// `Slow API (investigating)`.
    pub words: String,
    /// Whether it was announced: maintenance.
    pub planned: bool,
    /// Names of the components concerned; none means that the page does not say.
    pub components: Vec<String>,
}

/// Most events that become part of a reason.
const MOST_EVENTS: usize = 3;

impl Report {
    /// The judgement on the whole page, or on some components only.
    pub fn judge(&self, only: &[String]) -> Observation {
        let mut seen = Observation::new(Outcome::Pass);
        if only.is_empty() {
            if let Some((outcome, words)) = &self.overall {
                seen.worsen(*outcome, Text::line_at_most(words, 200));
            } else {
                self.judge_components(&mut seen, |_| true);
            }
        } else {
            for name in only {
                let known = self.components.iter().any(|c| c.is_called(name));
                if !known && self.complete {
                    let names: Vec<&str> = self.components.iter().map(|c| c.name.as_str()).collect();
                    let hint = word::hint(name, names);
                    seen.worsen(
                        Outcome::Unknown,
                        Text::line_at_most(&format!("the page has no component `{name}`; {hint}"), 300),
                    );
                }
            }
            self.judge_components(&mut seen, |c| only.iter().any(|name| c.is_called(name)));
        }
        self.tell_events(&mut seen, only);
        seen.entries = self.entries(only);
        if let Some((name, at)) = self.planned.first() {
            seen = seen.fact("next maintenance", Text::line_at_most(&format!("{at}: {name}"), 160));
        }
        seen
    }

    fn judge_components(&self, seen: &mut Observation, wanted: impl Fn(&Component) -> bool) {
        let troubled = self.components.iter().filter(|c| wanted(c) && c.outcome != Outcome::Pass).take(MOST_EVENTS);
        for component in troubled {
            seen.worsen(
                component.outcome,
                Text::line_at_most(&format!("{}: {}", component.name, component.state), 160),
            );
        }
    }

    /// Events explain a state; one that is worse than the state counts itself. A component asked for knows its own
    /// state better than an incident that may be worse elsewhere.
    fn tell_events(&self, seen: &mut Observation, only: &[String]) {
        let concerns = |e: &&Event| {
            only.is_empty()
                || e.components.iter().any(|c| {
                    only.contains(c)
                        || self.components.iter().any(|k| k.name == *c && only.iter().any(|o| k.is_called(o)))
                })
        };
        for event in self.events.iter().filter(concerns).take(MOST_EVENTS) {
            let words = Text::line_at_most(&event.words, 200);
            let explains = !only.is_empty() && !event.planned;
            if explains || event.outcome.worst(seen.outcome) == seen.outcome {
                let told = seen.reason.take().map(|r| format!("{r}; ")).unwrap_or_default();
                seen.reason = Some(format!("{told}{words}").into());
            } else {
                seen.worsen(event.outcome, words);
            }
        }
    }

    fn entries(&self, only: &[String]) -> Vec<ReportEntry> {
        let wanted = |c: &&Component| only.is_empty() || only.iter().any(|name| c.is_called(name));
        let mut wanted: Vec<&Component> = self.components.iter().filter(wanted).collect();
        if wanted.len() > Observation::MOST_ENTRIES {
            // Trouble first, so that it is not what is cut.
            wanted.sort_by_key(|c| c.outcome == Outcome::Pass);
        }
        wanted.truncate(Observation::MOST_ENTRIES);
        let entry = |c: &Component| ReportEntry {
            name: Text::line_at_most(&c.name, 80),
            outcome: c.outcome,
            detail: Some(Text::line_at_most(&c.state, 80)),
            took: None,
        };
        wanted.into_iter().map(entry).collect()
    }
}

impl Component {
    /// By its name or its group's.
    fn is_called(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name) || self.group.as_deref().is_some_and(|g| g.eq_ignore_ascii_case(name))
    }
}

/// What a component's or an event's state means, in the words that both hosts use; the second part is for people.
/// Statuspage says `major_outage`, incident.io `full_outage`.
pub fn state(word: &str) -> (Outcome, String) {
    let outcome = match word {
        "operational" | "none" => Outcome::Pass,
        "major_outage" | "full_outage" | "major" | "critical" => Outcome::Fail,
        // A part of it, slow, or announced: the vendor still works.
        "degraded_performance" | "partial_outage" | "minor" | "maintenance" | "under_maintenance" => Outcome::Degraded,
        _ => Outcome::Unknown,
    };
    (outcome, word.replace('_', " "))
}
