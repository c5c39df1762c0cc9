//! Hosts in the environments pane: one calm line each, and what to know about those in trouble.

use ratatui::text::{Line, Span};

use super::environments::plural;
use crate::model::{HostId, LinkState};
use crate::store::HostState;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::host::figures::Figures;
use crate::ui::host::{cause, in_trouble, lasting, latency, next, next_words, question};
use crate::ui::places::{Block, Part, ROOMY, WIDE};
use crate::ui::text::{cut, fit, fit_right, width};

/// Cells of the cursor and of the glyph of the state.
const MARGIN: usize = 5;
/// Before the name, so that a host is not taken for a service in trouble.
const CALLED: &str = "host ";
/// Cells before the name.
const LEAD: usize = MARGIN + CALLED.len();

/// A host in one line.
pub fn line<'a>(
    host: &HostState,
    behind: usize,
    under: bool,
    (cells, names): (usize, usize),
    view: &View<'a>,
) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let state = host.link().state;
    let mut spans = vec![
        view.span(Role::Accent, if under { glyphs.cursor } else { " " }),
        view.span(Role::from(state), format!("  {} ", glyphs.link(state))),
        view.span(Role::Dim, CALLED),
    ];
    if cells < WIDE {
        spans.extend(narrow(host, behind, cells.saturating_sub(LEAD + 1), view));
    } else {
        spans.extend(wide(host, behind, (cells, names), view));
    }
    Line::from(spans)
}

fn name(id: &HostId) -> &str {
    &id.name
}

/// What stands at the right, the longest first.
fn endings(host: &HostState, behind: usize, view: &View<'_>) -> Vec<String> {
    let state = host.link().state;
    let word = state.word();
    let latency = latency(host).unwrap_or_default();
    let since = lasting(host, view).unwrap_or_default();
    let behind = if behind > 0 { format!(" +{behind}") } else { String::new() };
    match state {
        LinkState::Live if latency.is_empty() => vec![word.into()],
        LinkState::Live => vec![format!("{word} {latency}"), latency],
        LinkState::Degraded => vec![format!("{word} {latency}"), word.into()],
        LinkState::Idle => vec![word.into()],
        LinkState::Connecting | LinkState::Lost | LinkState::Refused => {
            let dot = view.theme.glyphs().separator;
            let next = next(host, view).map(|n| if n == "now" { n } else { format!("in {n}") });
            let long = next.map(|next| format!("{word} {since} {dot} {next}{behind}"));
            long.into_iter().chain([format!("{word} {since}{behind}"), word.to_owned()]).collect()
        }
    }
}

/// The name, and at the right as much about the state as fits beside the whole name.
fn narrow<'a>(host: &HostState, behind: usize, room: usize, view: &View<'a>) -> Vec<Span<'a>> {
    let name = name(&host.declared().id);
    let endings = endings(host, behind, view);
    let fitting = endings.iter().find(|e| width(name) + 1 + width(e.trim_end()) <= room).or(endings.last());
    let ending = fitting.map_or("", |e| e.trim_end());
    let left = room.saturating_sub(width(ending) + 1);
    let role = if in_trouble(host) { Role::from(host.link().state) } else { Role::Dim };
    vec![
        view.span(name_role(host), fit(name, left, view.theme.glyphs().ellipsis)),
        view.span(role, format!(" {ending}")),
    ]
}

/// Cells of the names in a pane with columns.
pub fn longest(blocks: &[Block<'_>]) -> usize {
    let hosts = blocks.iter().flat_map(|b| &b.parts).filter_map(|part| match part {
        Part::Host(host, _) => Some(width(name(&host.declared().id))),
        _ => None,
    });
    hosts.max().unwrap_or(0).clamp(8, 20)
}

/// Cells between the name and the figures: the state, and one number.
const STATE: usize = 11 + 9 + 3;

/// Columns: the name, the state, one number, and the figures or the cause.
fn wide<'a>(host: &HostState, behind: usize, (cells, names): (usize, usize), view: &View<'a>) -> Vec<Span<'a>> {
    let glyphs = view.theme.glyphs();
    let state = host.link().state;
    let number = if state.is_up() { latency(host) } else { lasting(host, view).filter(|_| in_trouble(host)) };
    let mut spans = vec![
        view.span(name_role(host), fit(name(&host.declared().id), names, glyphs.ellipsis)),
        view.span(Role::from(state), format!(" {}", fit(state.word(), 10, ""))),
        view.span(Role::Dim, format!(" {}", fit_right(&number.unwrap_or_default(), 8))),
        view.span(Role::Text, "   "),
    ];
    let room = cells.saturating_sub(LEAD + names + STATE + 1);
    if !in_trouble(host) && host.link().ask.is_none() {
        spans.extend(Figures::of(host, view).map(|f| f.spans(room, view)).unwrap_or_default());
        return spans;
    }
    let services = (behind > 0).then(|| format!("{} behind it", plural(behind, "service")));
    let next = next_words(host, view).filter(|_| !state.is_up());
    let question = question(host, view).filter(|_| cells >= ROOMY);
    let after: Vec<String> = [question, next, services].into_iter().flatten().collect();
    let after = after.join(&format!(" {} ", glyphs.separator));
    // Where there is less room the cause has a line of its own.
    let cause = cause(host).filter(|_| cells >= ROOMY).unwrap_or_default();
    let between = if cause.is_empty() || after.is_empty() { "" } else { "   " };
    let cause = cut(cause, room.saturating_sub(width(&after) + between.len()), glyphs.ellipsis).into_owned();
    spans.push(view.span(Role::Text, cause));
    spans.push(view.span(Role::Dim, format!("{between}{}", cut(&after, room, glyphs.ellipsis))));
    spans
}

fn name_role(host: &HostState) -> Role {
    if host.link().state == LinkState::Idle { Role::Dim } else { Role::Text }
}

/// Why the host above is not live, or what it asks for.
pub fn reason<'a>(host: &HostState, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let words = question(host, view).or_else(|| cause(host).map(str::to_owned)).unwrap_or_default();
    let words = cut(&words, cells.saturating_sub(MARGIN + 3), glyphs.ellipsis).into_owned();
    Line::from(vec![
        view.span(Role::from(host.link().state), format!("     {} ", glyphs.tree)),
        view.span(Role::Text, words),
    ])
}

/// The figures of the host above.
pub fn figures<'a>(host: &HostState, (cells, names): (usize, usize), view: &View<'a>) -> Line<'a> {
    let lead = if cells < WIDE { MARGIN } else { LEAD + names + STATE };
    let mut spans = vec![view.span(Role::Text, " ".repeat(lead))];
    spans.extend(Figures::of(host, view).map(|f| f.spans(cells.saturating_sub(lead + 1), view)).unwrap_or_default());
    Line::from(spans)
}

/// `+ 93 live`: hosts without a line of their own, those in trouble first.
pub fn more<'a>(states: &[(LinkState, usize)], all: bool, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let mut spans = vec![view.span(Role::Dim, if all { "   " } else { "   + " })];
    for (at, (state, count)) in states.iter().enumerate() {
        if at > 0 {
            spans.push(view.span(Role::Dim, format!(" {} ", glyphs.separator)));
        }
        let hosts = if all && at == 0 { "hosts " } else { "" };
        let words = format!("{count} {hosts}{}", state.word());
        let role = match state {
            LinkState::Live | LinkState::Idle => Role::Dim,
            state => Role::from(*state),
        };
        spans.push(view.span(role, words));
    }
    Line::from(spans)
}
