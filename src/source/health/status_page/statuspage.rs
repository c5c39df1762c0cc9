//! Pages hosted by Statuspage: `/api/v2/summary.json`. Source: the "API" page that every such page carries, for
//! example <https://www.githubstatus.com/api>.

use serde::Deserialize;

use super::report::{Component, Event, Report, state};
use crate::model::Outcome;
use crate::source::health::api::Answer;

#[derive(Deserialize)]
struct Summary {
    status: Status,
    #[serde(default)]
    components: Vec<Part>,
    #[serde(default)]
    incidents: Vec<Incident>,
    #[serde(default)]
    scheduled_maintenances: Vec<Incident>,
}

#[derive(Deserialize)]
struct Status {
    indicator: String,
    #[serde(default)]
    description: String,
}

#[derive(Deserialize)]
struct Part {
    #[serde(default)]
    id: String,
    name: String,
    #[serde(default)]
    status: String,
    /// A heading over other parts.
    #[serde(default)]
    group: Option<bool>,
    #[serde(default)]
    group_id: Option<String>,
}

#[derive(Deserialize)]
struct Incident {
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    impact: Option<String>,
    #[serde(default)]
    components: Option<Vec<Part>>,
    #[serde(default)]
    scheduled_for: Option<String>,
    #[serde(default)]
    scheduled_until: Option<String>,
}

/// The page, if the answer is one.
pub fn read(answer: &Answer) -> Option<Report> {
    let summary: Summary = answer.json()?;
    let group_of = |id: &Option<String>| {
        let id = id.as_deref()?;
        summary.components.iter().find(|p| p.id == id).map(|p| p.name.clone())
    };
    let components = summary.components.iter().filter(|p| p.group != Some(true)).map(|part| {
        let (outcome, words) = state(&part.status);
        Component { name: part.name.clone(), group: group_of(&part.group_id), outcome, state: words }
    });
    let (under_way, planned): (Vec<_>, Vec<_>) =
        summary.scheduled_maintenances.iter().partition(|m| matches!(m.status.as_str(), "in_progress" | "verifying"));
    let incidents = summary.incidents.iter().map(incident);
    let (outcome, indicator) = state(&summary.status.indicator);
    let words = if summary.status.description.is_empty() { indicator } else { summary.status.description.clone() };
    Some(Report {
        overall: Some((outcome, words)),
        complete: true,
        events: incidents.chain(under_way.into_iter().map(maintenance)).collect(),
        planned: planned
            .into_iter()
            .filter(|m| m.status == "scheduled")
            .map(|m| (m.name.clone(), m.scheduled_for.clone().unwrap_or_default()))
            .collect(),
        components: components.collect(),
    })
}

fn incident(incident: &Incident) -> Event {
    // Components say how bad it is; an incident of unknown impact is at least worth a look.
    let outcome = match incident.impact.as_deref().map(state) {
        Some((Outcome::Unknown, _)) | None => Outcome::Degraded,
        Some((outcome, _)) => outcome,
    };
    Event {
        outcome,
        words: format!("{} ({})", incident.name, incident.status.replace('_', " ")),
        planned: false,
        components: names(incident),
    }
}

fn maintenance(incident: &Incident) -> Event {
    let until = incident.scheduled_until.as_deref().map(|u| format!(" until {u}")).unwrap_or_default();
    Event {
        outcome: Outcome::Degraded,
        words: format!("maintenance: {}{until}", incident.name),
        planned: true,
        components: names(incident),
    }
}

fn names(incident: &Incident) -> Vec<String> {
    incident.components.iter().flatten().map(|p| p.name.clone()).collect()
}
