//! Pages hosted by incident.io: the Widget API, `/api/v1/summary`, which the page's owner switches on. It lists only
//! what is affected; a component that is not there works.
//!
//! Source: <https://docs.incident.io/status-pages/embedding> and <https://docs.incident.io/status-pages/widget-api>: three arrays
//! (`ongoing_incidents`, `in_progress_maintenances`, `scheduled_maintenances`), each event with `id`, `name`, `status`,
//! `url`, `last_update_at`, `last_update_message` and `affected_components` (`id`, `name`, `group_name`,
//! `current_status`). Incidents carry `current_worst_impact`: `degraded_performance`, `partial_outage`, `full_outage`.
//! The field names inside events are as public clients of such pages read them; not seen on a live page here.

use serde::Deserialize;

use super::report::{Component, Event, Report, state};
use crate::model::Outcome;
use crate::source::health::api::Answer;

#[derive(Deserialize)]
struct Summary {
    ongoing_incidents: Vec<Happening>,
    #[serde(default)]
    in_progress_maintenances: Vec<Happening>,
    #[serde(default)]
    scheduled_maintenances: Vec<Happening>,
}

#[derive(Deserialize)]
struct Happening {
    name: String,
    #[serde(default)]
    status: String,
    #[serde(default)]
    current_worst_impact: Option<String>,
    #[serde(default)]
    affected_components: Option<Vec<Affected>>,
    #[serde(default)]
    starts_at: Option<String>,
    #[serde(default)]
    scheduled_end_at: Option<String>,
}

#[derive(Deserialize)]
struct Affected {
    name: String,
    #[serde(default)]
    group_name: Option<String>,
    #[serde(default)]
    current_status: Option<String>,
}

/// The page, if the answer is one.
pub fn read(answer: &Answer) -> Option<Report> {
    let summary: Summary = answer.json()?;
    let mut report = Report {
        overall: None,
        components: Vec::new(),
        complete: false,
        events: Vec::new(),
        planned: summary
            .scheduled_maintenances
            .iter()
            .map(|m| (m.name.clone(), m.starts_at.clone().unwrap_or_default()))
            .collect(),
    };
    for incident in &summary.ongoing_incidents {
        let impact = incident.current_worst_impact.as_deref().map(state);
        let outcome = impact.map(|(o, _)| o).filter(|o| *o != Outcome::Unknown).unwrap_or(Outcome::Degraded);
        let words = format!("{} ({})", incident.name, incident.status.replace('_', " "));
        take(&mut report, incident, Event { outcome, words, planned: false, components: Vec::new() });
    }
    for maintenance in &summary.in_progress_maintenances {
        let until = maintenance.scheduled_end_at.as_deref().map(|u| format!(" until {u}")).unwrap_or_default();
        let words = format!("maintenance: {}{until}", maintenance.name);
        let event = Event { outcome: Outcome::Degraded, words, planned: true, components: Vec::new() };
        take(&mut report, maintenance, event);
    }
    Some(report)
}

fn take(report: &mut Report, happening: &Happening, mut event: Event) {
    for part in happening.affected_components.iter().flatten() {
        // Without a state of its own a component is as bad as what happens to it.
        let affected = || (event.outcome, "affected".to_owned());
        let (outcome, state) = part.current_status.as_deref().map_or_else(affected, state);
        let component = Component { name: part.name.clone(), group: part.group_name.clone(), outcome, state };
        match report.components.iter_mut().find(|c| c.name == component.name && c.group == component.group) {
            Some(known) if known.outcome.worst(outcome) != known.outcome => *known = component,
            Some(_) => {}
            None => report.components.push(component),
        }
        event.components.push(part.name.clone());
    }
    report.events.push(event);
}
