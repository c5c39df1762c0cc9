//! What the environments pane shows, line by line: the same answer for drawing, for moving and for the mouse. Each
//! environment has its counts, what is wrong in it, and its hosts.

use std::cmp::Reverse;
use std::collections::HashMap;

use jiff::Timestamp;
use ratatui::layout::Rect;

use super::state::{Pane, Ui};
use super::{host, layout, rows};
use crate::model::{Environment, EnvironmentId, Health, HostId, LinkState, Outcome};
use crate::store::{Cause, HostState, ProbeState, ServiceState, Store, Summary};

/// Causes told of each environment.
const MOST_CAUSES: usize = 2;
/// As many hosts are all told, in the order of the deck. Of more than these only those in trouble are.
const FEW_HOSTS: usize = 4;
/// Hosts in trouble that are told of each environment.
const MOST_HOSTS: usize = 6;
/// From here on hosts stand in columns.
pub const WIDE: usize = 60;
/// From here on the columns have room for why a host is not live.
pub const ROOMY: usize = 100;

/// One line.
#[derive(Clone, Debug)]
pub enum Part<'s> {
    /// The name of the environment.
    Head,
    /// Its services by health.
    Counts,
    /// How many faults keep it from loading.
    Faults,
    /// What is wrong: the place in the causes of the summary.
    Cause(usize),
    /// So many causes are not told.
    MoreCauses(usize),
    /// A host, and how many services are unknown because of it.
    Host(&'s HostState, usize),
    /// Why the host above is not live.
    Reason(&'s HostState),
    /// The figures of the host above.
    Figures(&'s HostState),
    /// Hosts that are not told, by state; and whether they are all.
    MoreHosts(Vec<(LinkState, usize)>, bool),
    /// Between environments.
    Blank,
}

/// An environment and its lines.
#[derive(Debug)]
pub struct Block<'s> {
    /// Which.
    pub environment: &'s Environment,
    /// Summed up; without the causes that a line of a host tells.
    pub summary: Summary<'s>,
    /// Its lines.
    pub parts: Vec<Part<'s>>,
}

/// The lines of the environments that pass the filter, in a pane of so many cells.
pub fn blocks<'s>(store: &'s Store, ui: &Ui, now: Timestamp, cells: usize) -> Vec<Block<'s>> {
    rows::environments(store, ui, now).into_iter().map(|e| block(e, store, ui, now, cells)).collect()
}

fn block<'s>(environment: &'s Environment, store: &'s Store, ui: &Ui, now: Timestamp, cells: usize) -> Block<'s> {
    let hosts: Vec<&HostState> = store.hosts(environment).collect();
    let figures = figures(environment, store);
    let are_bad = |host: &HostState| figures_are_bad(host, figures.get(&host.declared().id).copied(), now);
    let told = told(&hosts, ui, are_bad);
    let mut summary = store.summary(environment, now);
    let mut behind: Vec<(&HostId, usize)> = Vec::new();
    summary.causes.retain(|trouble| match trouble.cause {
        Cause::Host(id, _) if told.iter().any(|h| h.declared().id == *id && host::in_trouble(h)) => {
            behind.push((id, trouble.followers + 1));
            false
        }
        _ => true,
    });
    let mut parts = vec![Part::Head, Part::Counts];
    if environment.faults > 0 {
        parts.push(Part::Faults);
    }
    let causes = summary.causes.len();
    parts.extend((0..causes.min(MOST_CAUSES)).map(Part::Cause));
    if causes > MOST_CAUSES {
        parts.push(Part::MoreCauses(causes - MOST_CAUSES));
    }
    let is_here = rows::environment(store, ui).is_some_and(|e| e.id == environment.id);
    for host in &told {
        let id = &host.declared().id;
        parts.push(Part::Host(host, behind.iter().find(|(of, _)| *of == id).map_or(0, |(_, count)| *count)));
        let in_trouble = host::in_trouble(host);
        let is_asked = host.link().ask.is_some();
        if cells < ROOMY && (is_asked || host::cause(host).is_some()) {
            parts.push(Part::Reason(host));
        }
        let few = hosts.len() <= FEW_HOSTS;
        let wanted = match (cells < WIDE, are_bad(host)) {
            (true, bad) => bad || (few && is_here),
            // Where they do not stand on the line of the host itself.
            (false, _) => few && in_trouble,
        };
        if wanted && figures.get(id).is_some_and(|p| tells_figures(p)) {
            parts.push(Part::Figures(host));
        }
    }
    let rest: Vec<(LinkState, usize)> = LinkState::ALL
        .into_iter()
        .rev()
        .map(|state| (state, hosts.iter().filter(|h| h.link().state == state && !is_told(h, &told)).count()))
        .filter(|(_, count)| *count > 0)
        .collect();
    if !rest.is_empty() {
        parts.push(Part::MoreHosts(rest, told.is_empty()));
    }
    parts.push(Part::Blank);
    Block { environment, summary, parts }
}

fn is_told(host: &HostState, told: &[&HostState]) -> bool {
    told.iter().any(|t| t.declared().id == host.declared().id)
}

/// The hosts that have a line. A few keep their places; of many those in trouble have one, the worst first, and the
/// one under the cursor.
fn told<'s>(hosts: &[&'s HostState], ui: &Ui, are_bad: impl Fn(&HostState) -> bool) -> Vec<&'s HostState> {
    if hosts.len() <= FEW_HOSTS {
        return hosts.to_vec();
    }
    let need = |h: &&HostState| match h.link().state {
        LinkState::Refused => 4,
        LinkState::Lost => 3,
        LinkState::Degraded => 2,
        // One that was just asked for answers soon, or is lost.
        LinkState::Connecting => 0,
        LinkState::Live | LinkState::Idle => u8::from(are_bad(h)) * 2,
    };
    let mut told: Vec<&HostState> = hosts.iter().copied().filter(|h| need(h) > 0).collect();
    told.sort_by_key(|h| Reverse(need(h)));
    told.truncate(MOST_HOSTS);
    let chosen = hosts.iter().find(|h| ui.host.as_ref() == Some(&h.declared().id)).copied();
    told.extend(chosen.filter(|h| !is_told(h, &told)));
    told
}

/// The probes that tell the figures of hosts, found in one go: there may be many hosts, and many more probes.
fn figures<'s>(environment: &'s Environment, store: &'s Store) -> HashMap<&'s HostId, &'s ProbeState> {
    let mut found = HashMap::new();
    let probes = store.services(environment).flat_map(ServiceState::probes);
    for probe in probes.filter(|p| p.info().kind.as_str() == "host") {
        if let Some(host) = &probe.info().via {
            found.entry(host).or_insert(probe);
        }
    }
    found
}

fn tells_figures(probe: &ProbeState) -> bool {
    probe.newest_seen().is_some_and(|(_, seen, _)| !seen.facts.is_empty())
}

fn figures_are_bad(host: &HostState, probe: Option<&ProbeState>, now: Timestamp) -> bool {
    let Some(probe) = probe else { return false };
    let stale = probe.health(now).0 == Health::Stale;
    let bad = probe.newest_seen().is_some_and(|(_, seen, cut_off)| !cut_off && seen.outcome != Outcome::Pass);
    bad && !stale && host.link().state.is_up()
}

/// What the cursor of the pane can be on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// An environment.
    Environment(EnvironmentId),
    /// A host.
    Host(HostId),
}

/// The line that the cursor would be on, for each line; none where it jumps over.
fn stop(block: &Block<'_>, part: &Part<'_>) -> Option<Stop> {
    match part {
        Part::Head => Some(Stop::Environment(block.environment.id.clone())),
        Part::Host(host, _) => Some(Stop::Host(host.declared().id.clone())),
        _ => None,
    }
}

/// Everything the cursor can be on, from the top.
pub fn stops(blocks: &[Block<'_>]) -> Vec<Stop> {
    blocks.iter().flat_map(|b| b.parts.iter().filter_map(|part| stop(b, part))).collect()
}

/// What the cursor is on.
pub fn under_cursor(store: &Store, ui: &Ui) -> Option<Stop> {
    match host::selected(store, ui) {
        Some(host) => Some(Stop::Host(host.declared().id.clone())),
        None => rows::environment(store, ui).map(|e| Stop::Environment(e.id.clone())),
    }
}

/// What a click on this line means, counted from the first line of all: the environment or the host it is about.
pub fn at_line(blocks: &[Block<'_>], line: usize) -> Option<Stop> {
    let mut found = None;
    for (at, (block, part)) in blocks.iter().flat_map(|b| b.parts.iter().map(move |p| (b, p))).enumerate() {
        // The lines below the last host are not about it.
        found = match part {
            Part::MoreHosts(..) | Part::Blank => Some(Stop::Environment(block.environment.id.clone())),
            _ => stop(block, part).or(found),
        };
        if at == line {
            return found;
        }
    }
    None
}

/// The first line that is drawn in `room` lines, so that what the cursor is on is seen with what belongs to it.
pub fn top(blocks: &[Block<'_>], cursor: Option<&Stop>, room: usize) -> usize {
    let lines: Vec<(&Block<'_>, &Part<'_>)> = blocks.iter().flat_map(|b| b.parts.iter().map(move |p| (b, p))).collect();
    let Some(first) = lines.iter().position(|(b, part)| stop(b, part).as_ref() == cursor && cursor.is_some()) else {
        return 0;
    };
    let follows = |part: &Part<'_>| match cursor {
        Some(Stop::Host(_)) => matches!(part, Part::Reason(_) | Part::Figures(_)),
        _ => !matches!(part, Part::Head),
    };
    let after = lines.iter().skip(first + 1).take_while(|(_, part)| follows(part)).count();
    // At least what the cursor is on, however little room there is.
    rows::first_row(&vec![1; lines.len()], 0, first + after, room).min(first)
}

/// How many environments begin above and below the lines that are seen.
pub fn unseen(blocks: &[Block<'_>], top: usize, room: usize) -> (usize, usize) {
    let heads = blocks.iter().flat_map(|b| &b.parts).enumerate().filter(|(_, p)| matches!(p, Part::Head));
    heads.fold((0, 0), |(above, below), (at, _)| match at {
        at if at < top => (above + 1, below),
        at if at >= top + room => (above, below + 1),
        _ => (above, below),
    })
}

/// The cells of a line of the pane, as large as the screen is now.
pub fn cells(ui: &Ui) -> usize {
    let plan = layout::plan(Rect::new(0, 0, ui.size.0, ui.size.1), ui);
    let area = plan.panes.iter().find(|(pane, _)| *pane == Pane::Environments).map(|(_, area)| *area);
    area.map_or(0, |area| usize::from(area.width.saturating_sub(2)))
}
