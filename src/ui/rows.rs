//! Which rows a list shows and in which order: the same answer for drawing, for moving and for the mouse.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::state::{Pane, Sort, Ui};
use crate::model::{Environment, EnvironmentId, Health, ServiceId};
use crate::store::{Cause, ServiceState, Store};

/// The environment that is on the screen.
pub fn environment<'s>(store: &'s Store, ui: &Ui) -> Option<&'s Environment> {
    let chosen = ui.environment.as_ref().and_then(|id| store.environment(id));
    chosen.or_else(|| store.environments().first())
}

/// Environments that pass the filter, in the order of the deck.
pub fn environments<'s>(store: &'s Store, ui: &Ui, now: Timestamp) -> Vec<&'s Environment> {
    let filter = ui.live_filter(Pane::Environments).unwrap_or_default();
    store
        .environments()
        .iter()
        .filter(|e| {
            // An environment has every health that one of its services has.
            let healths = || store.services(e).map(|s| s.health(now).word()).collect();
            filter.matches(&format!("{} {}", e.id, e.tier.word()), |key| match key {
                "health" => healths(),
                "name" => vec![e.id.as_str()],
                "host" => e.hosts.iter().map(|h| &*h.id.name).collect(),
                _ => vec![e.tier.word()],
            })
        })
        .collect()
}

/// Services of the environment on the screen that pass the filter, in the chosen order.
pub fn services<'s>(store: &'s Store, ui: &Ui, now: Timestamp) -> Vec<&'s ServiceState> {
    let Some(environment) = environment(store, ui) else { return Vec::new() };
    let mut rows: Vec<&ServiceState> = match ui.live_filter(Pane::Services) {
        None => store.services(environment).collect(),
        Some(filter) => store
            .services(environment)
            .filter(|service| {
                let health = service.health(now);
                filter.matches(&haystack(store, service, now), |key| property(service, health, key))
            })
            .collect(),
    };
    match ui.sort {
        Sort::Deck => {}
        Sort::Name => rows.sort_by(|a, b| a.declared().id.name.cmp(&b.declared().id.name)),
        // Stable, so that services of the same rank stay in the order of the deck.
        Sort::Worst => rows.sort_by_cached_key(|s| need(store, s, now)),
        Sort::Latency => {
            rows.sort_by_cached_key(|s| Reverse(s.leading().and_then(|p| p.series().figures().p95)));
        }
    }
    rows
}

/// How much a service needs a look, the smallest first. What does not alarm (optional services that are not there,
/// paused ones) comes last, and a cause stands above those that suffer from it.
fn need(store: &Store, service: &ServiceState, now: Timestamp) -> (bool, Reverse<u8>, bool) {
    let health = service.health(now);
    if health == Health::Healthy {
        return (false, Reverse(health.rank()), false);
    }
    let quiet = health == Health::Paused || service.declared().optional;
    let follows = matches!(store.cause(service, now), Some(Cause::Dependency(_)));
    (quiet, Reverse(health.rank()), follows)
}

/// The selected service: the chosen one while it is shown, else the first row.
pub fn selected<'s>(store: &'s Store, ui: &Ui, now: Timestamp) -> Option<&'s ServiceState> {
    let environment = environment(store, ui)?;
    let chosen = ui.service.get(&environment.id);
    // Asked several times a frame: without a filter it is answered without putting all of them in order.
    if ui.live_filter(Pane::Services).is_none() {
        if let Some(service) = chosen.and_then(|id| store.service(id)) {
            return Some(service);
        }
        if ui.sort == Sort::Worst {
            return store.services(environment).min_by_key(|s| need(store, s, now));
        }
    }
    let rows = services(store, ui, now);
    let found = chosen.and_then(|id| rows.iter().find(|s| s.declared().id == *id));
    found.or(rows.first()).copied()
}

/// Marked services that are shown, or else the selected one.
pub fn targets(store: &Store, ui: &Ui, now: Timestamp) -> Vec<ServiceId> {
    let marked: Vec<ServiceId> = services(store, ui, now)
        .iter()
        .map(|s| &s.declared().id)
        .filter(|id| ui.marks.contains(*id))
        .cloned()
        .collect();
    if marked.is_empty() {
        selected(store, ui, now).map(|s| s.declared().id.clone()).into_iter().collect()
    } else {
        marked
    }
}

/// The next service in trouble after the selected one, through all environments and around.
pub fn next_trouble(store: &Store, ui: &Ui, now: Timestamp) -> Option<(EnvironmentId, ServiceId)> {
    let all: Vec<&ServiceState> = store.environments().iter().flat_map(|e| store.services(e)).collect();
    let here = selected(store, ui, now).map(|s| &s.declared().id);
    let at = all.iter().position(|s| Some(&s.declared().id) == here).map_or(0, |at| at + 1);
    let (before, after) = all.split_at_checked(at)?;
    let in_trouble =
        |s: &&&ServiceState| !s.declared().optional && !matches!(s.health(now), Health::Healthy | Health::Paused);
    let found = after.iter().chain(before).find(in_trouble)?;
    Some((found.declared().id.environment.clone(), found.declared().id.clone()))
}

fn haystack(store: &Store, service: &ServiceState, now: Timestamp) -> String {
    let declared = service.declared();
    let reason = crate::store::snapshot::explain(store, service, now).unwrap_or_default();
    let host = declared.host.as_ref().map_or("", |h| &*h.name);
    let doc = declared.doc.as_ref().map_or("", |d| d.as_str());
    format!("{} {} {host} {doc} {reason}", declared.id.name, service.health(now).word())
}

fn property<'s>(service: &'s ServiceState, health: Health, key: &str) -> Vec<&'s str> {
    let declared = service.declared();
    match key {
        "health" => vec![health.word()],
        "name" => vec![&declared.id.name],
        "host" => declared.host.iter().map(|h| &*h.name).collect(),
        "kind" => service.probes().iter().map(|p| p.info().kind.as_str()).collect(),
        "probe" => service.probes().iter().map(|p| &*p.info().id.name).collect(),
        "version" => service.version().map(crate::model::Text::as_str).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// The first row to draw so that the selected one is seen, as near to `wish` as can be. Heights are in lines.
pub fn first_row(heights: &[usize], wish: usize, selected: usize, room: usize) -> usize {
    let last = heights.len().saturating_sub(1);
    let selected = selected.min(last);
    let mut top = wish.min(selected);
    let lines = |from: usize| heights.get(from..=selected).unwrap_or_default().iter().sum::<usize>();
    while top < selected && lines(top) > room {
        top += 1;
    }
    // Never leave room at the end that rows above could fill.
    while top > 0 && heights.get(top - 1..).unwrap_or_default().iter().sum::<usize>() <= room {
        top -= 1;
    }
    top
}

/// Lines a service takes in the list: a second one tells why it is not healthy. Before the first look there is nothing
/// to tell, so a console that just started is calm.
pub fn service_height(service: &ServiceState, now: Timestamp) -> usize {
    let calm = match service.health(now) {
        Health::Healthy => service.doubtful().is_none(),
        Health::Unknown => !service.probes().is_empty() && service.freshness().is_none(),
        _ => false,
    };
    if calm { 1 } else { 2 }
}

#[cfg(test)]
mod tests {
    use super::first_row;

    #[test]
    fn the_selected_row_is_always_seen_and_the_page_is_always_full() {
        let heights = [1, 2, 1, 1, 2, 1, 1];
        assert_eq!(first_row(&heights, 0, 0, 4), 0);
        assert_eq!(first_row(&heights, 0, 4, 4), 2);
        assert_eq!(first_row(&heights, 6, 6, 4), 4);
        assert_eq!(first_row(&heights, 3, 1, 4), 1);
        assert_eq!(first_row(&[], 3, 1, 4), 0);
    }
}
