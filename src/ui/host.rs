//! Hosts on the screen: which one a command means, and how its connection and its figures are told in few words. The
//! same words in every pane.

pub mod figures;

use std::time::Duration;

use jiff::Timestamp;
use ratatui::text::Span;

use super::text::{age, millis};
use super::{Pane, Ui, View, rows};
use crate::command::Command;
use crate::model::{Ask, HostId, LinkState, Text};
use crate::store::{HostState, ServiceState, Store};
use crate::theme::Role;

/// The host under the cursor of the environments pane; none while the cursor is on the environment itself.
pub fn selected<'s>(store: &'s Store, ui: &Ui) -> Option<&'s HostState> {
    let host = store.host(ui.host.as_ref()?)?;
    let here = rows::environment(store, ui)?;
    (host.declared().id.environment == here.id).then_some(host)
}

/// The hosts that a service needs: the one it runs on, then those that its probes look through.
pub fn of_service<'s>(store: &'s Store, service: &ServiceState) -> Vec<&'s HostState> {
    let through = service.probes().iter().filter_map(|p| p.info().via.as_ref());
    let mut found: Vec<&HostState> = Vec::new();
    for host in service.declared().host.iter().chain(through).filter_map(|id| store.host(id)) {
        if !found.iter().any(|known| known.declared().id == host.declared().id) {
            found.push(host);
        }
    }
    found
}

/// The host that a command means: the chosen one, or the only one of the environment, or the one of the service.
/// Otherwise why there is none.
pub fn target(store: &Store, ui: &Ui, now: Timestamp) -> Result<HostId, String> {
    let Some(environment) = rows::environment(store, ui) else { return Err("the deck has no environments".into()) };
    if ui.focus == Pane::Environments {
        if let Some(host) = selected(store, ui) {
            return Ok(host.declared().id.clone());
        }
        return match environment.hosts.as_slice() {
            [] => Err(format!("{} has no hosts", environment.id)),
            [only] => Ok(only.id.clone()),
            several => Err(format!("{} has {} hosts; choose one of them first", environment.id, several.len())),
        };
    }
    let Some(service) = rows::selected(store, ui, now) else { return Err("no service is selected".into()) };
    match of_service(store, service).first() {
        Some(host) => Ok(host.declared().id.clone()),
        None => Err(format!("the deck names no host for {}", service.declared().id)),
    }
}

/// The host whose question is answered next: the one that a command means when it asks, else the first that asks, those
/// of the environment on the screen before others.
pub fn asking<'s>(store: &'s Store, ui: &Ui, now: Timestamp) -> Option<(&'s HostState, &'s Ask)> {
    let meant = target(store, ui, now).ok().and_then(|id| store.host(&id));
    let here = rows::environment(store, ui).into_iter().flat_map(|e| store.hosts(e));
    let all = store.environments().iter().flat_map(|e| store.hosts(e));
    meant.into_iter().chain(here).chain(all).find_map(|host| Some((host, host.link().ask.as_ref()?)))
}

/// Whether somebody should look at the connection of a host. One that nobody needed yet is not in trouble.
pub fn in_trouble(host: &HostState) -> bool {
    !matches!(host.link().state, LinkState::Live | LinkState::Idle)
}

/// `3 ms`: a round trip is no measurement, so whole milliseconds do from one on.
pub fn latency(host: &HostState) -> Option<String> {
    let latency = host.link().latency?;
    let whole = Duration::from_millis(u64::try_from(latency.as_millis()).ok()?);
    let text = millis(if whole.is_zero() { latency } else { whole });
    Some(format!("{} ms", text.strip_suffix(".0").unwrap_or(&text)))
}

/// `4m`: how long the connection is as it is.
pub fn lasting(host: &HostState, view: &View<'_>) -> Option<String> {
    host.since().map(|at| age(at, view.now))
}

/// `12s`: until the next attempt, when one is planned; `now` when it is due.
pub fn next(host: &HostState, view: &View<'_>) -> Option<String> {
    let left = host.next()?.duration_since(view.now).as_secs();
    Some(if left <= 0 { "now".into() } else { age(view.now, host.next()?) })
}

/// `◐ connecting`: the state as glyph and word, in its colour.
pub fn state<'a>(host: &HostState, view: &View<'a>) -> Span<'a> {
    let state = host.link().state;
    view.span(Role::from(state), format!("{} {}", view.theme.glyphs().link(state), state.word()))
}

/// Why the connection is not live, in a sentence; none when that is not known.
pub fn cause(host: &HostState) -> Option<&str> {
    host.link().cause.as_ref().filter(|_| in_trouble(host)).map(Text::as_str)
}

/// What a host asks for in two words, and the key that answers.
pub fn question(host: &HostState, view: &View<'_>) -> Option<String> {
    let words = match host.link().ask.as_ref()? {
        Ask::Trust { .. } => "key unknown",
        Ask::Passphrase { .. } => "key file locked",
    };
    Some(format!("{words} {} {} answers", view.theme.glyphs().separator, view.key(Command::Answer)))
}

/// `next in 12s`, `trying now`.
pub fn next_words(host: &HostState, view: &View<'_>) -> Option<String> {
    next(host, view).map(|next| if next == "now" { "trying now".into() } else { format!("next in {next}") })
}

/// Everything about the connection after the state: latency, since when, the next attempt, the question, the cause.
pub fn words(host: &HostState, with_cause: bool, view: &View<'_>) -> String {
    let up = host.link().state.is_up();
    let parts = [
        latency(host).filter(|_| up),
        lasting(host, view).filter(|_| in_trouble(host)),
        next_words(host, view).filter(|_| !up),
        question(host, view),
        cause(host).filter(|_| with_cause).map(str::to_owned),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(&format!(" {} ", view.theme.glyphs().separator))
}
