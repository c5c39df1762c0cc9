//! The hosts in words: a line a host, and below it why it is not live and what to do. Asks and decides nothing.

use unicode_width::UnicodeWidthStr;

use super::reach::Reach;
use crate::model::{Ask, Host, LinkState};
use crate::store::snapshot::{AskSnapshot, HostsSnapshot, PlacedHost};
use crate::theme::Glyphs;
use crate::transport::human;

/// How it is written.
#[derive(Clone, Copy)]
pub struct Style {
    /// Whether states have colours.
    pub colour: bool,
    /// The signs of states.
    pub glyphs: &'static Glyphs,
}

/// The whole table.
pub fn words(snapshot: &HostsSnapshot, reach: &Reach, style: Style) -> String {
    let widest = |of: fn(&PlacedHost) -> &str, head: &str| {
        snapshot.hosts.iter().map(|host| of(host).width()).chain([head.width()]).max().unwrap_or(0)
    };
    if snapshot.hosts.is_empty() {
        return String::new();
    }
    let environments = widest(|h| &h.environment, "environment");
    let names = widest(|h| &h.host.name, "host");
    let head = format!(
        "{}  {}  {:<12}  {:>9}  route",
        padded("environment", environments),
        padded("host", names),
        "state",
        "latency"
    );
    let mut text = head + "\n";
    for (placed, host) in snapshot.hosts.iter().zip(reach.chosen()) {
        let state = placed.host.state;
        let shown = paint(state, &format!("{} {:<10}", style.glyphs.link(state), state.word()), style.colour);
        let latency =
            placed.host.latency_ms.filter(|_| state.is_up()).map(|ms| format!("{ms:.1} ms")).unwrap_or_default();
        let (environment, name) = (padded(&placed.environment, environments), padded(&placed.host.name, names));
        let route = if placed.host.route.is_empty() { host.destination.as_str() } else { &placed.host.route };
        text.push_str(format!("{environment}  {name}  {shown}  {latency:>9}  {route}").trim_end());
        text.push('\n');
        let remedy = reach.hosts().origin(&host.id).and_then(|r| r.remedy).map(|r| r.to_string());
        for line in below(placed, host, remedy, reach) {
            text.push_str(&format!("  {} {line}\n", style.glyphs.tree));
        }
    }
    text
}

/// Why it is not live, and what to do about it.
fn below(placed: &PlacedHost, declared: &Host, remedy: Option<String>, reach: &Reach) -> Vec<String> {
    let (host, id) = (&placed.host, declared.id.to_string());
    let is_there = reach.hosts().get(&declared.id).is_some();
    let mut lines: Vec<String> = Vec::new();
    match host.state {
        LinkState::Live => return lines,
        _ if !is_there => lines.push("its destination cannot be read; `qd check` says why".into()),
        LinkState::Idle | LinkState::Connecting => {
            lines.push(format!("still being connected to after {}; --wait gives it longer", human(reach.wait())));
        }
        _ => lines.extend(host.cause.clone()),
    }
    match &host.ask {
        Some(ask) => lines.extend(to_do(ask, &id)),
        None => lines.extend(remedy),
    }
    lines
}

/// What a person can do, for whom nobody asks now.
pub fn to_do(ask: &AskSnapshot, id: &str) -> Vec<String> {
    match ask {
        AskSnapshot::Trust { name, kind, fingerprint } => vec![
            format!("compare {kind} {fingerprint} with what {name} says on its own console: {}", Ask::proof(kind)),
            format!("when it is the same, type: qd hosts trust {id} --fingerprint {fingerprint}"),
        ],
        AskSnapshot::Passphrase { file } => {
            vec![format!("type: ssh-add {file} (or run this on a terminal, which asks for the passphrase)")]
        }
    }
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

fn paint(state: LinkState, text: &str, colour: bool) -> String {
    let code = match state {
        _ if !colour => return text.to_owned(),
        LinkState::Live => "32",
        LinkState::Degraded => "33",
        LinkState::Lost | LinkState::Refused => "31",
        LinkState::Idle | LinkState::Connecting => "35",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
