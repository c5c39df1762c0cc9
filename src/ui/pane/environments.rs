//! The environments pane: each with its tier, its counts, what is wrong in it, worst cause first, and its hosts.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{empty, hosts, more, row};
use crate::model::{Environment, Health};
use crate::store::snapshot::explain;
use crate::store::summary::Trouble;
use crate::store::{Cause, Summary};
use crate::theme::Role;
use crate::ui::places::{Block, Part, Stop, blocks, top, under_cursor, unseen};
use crate::ui::text::{cut, fit, fit_right, width};
use crate::ui::{Pane, View};

/// Draws the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    let title = Line::from(
        view.span(Role::Title, format!(" environments{} ", super::services::filter_words(view, Pane::Environments))),
    );
    let inner = view.framed(buffer, area, Pane::Environments, title, Line::default());
    let (cells, room) = (usize::from(inner.width), usize::from(inner.height));
    let blocks = blocks(view.store, view.ui, view.now, cells);
    if blocks.is_empty() {
        let words = if view.store.environments().is_empty() {
            "the deck has no environments"
        } else {
            "nothing passes the filter"
        };
        return empty(buffer, inner, words, view);
    }
    let cursor = under_cursor(view.store, view.ui);
    let top = top(&blocks, cursor.as_ref(), room);
    let names = hosts::longest(&blocks);
    let lines = blocks.iter().flat_map(|block| block.parts.iter().map(move |part| (block, part)));
    for ((block, part), y) in lines.skip(top).zip(inner.y..inner.bottom()) {
        let under = is_under(block, part, cursor.as_ref());
        let drawn = line(block, part, under, (cells, names), view);
        row(buffer, inner, y, &drawn, under && view.has_cursor(Pane::Environments), view);
    }
    let (above, below) = unseen(&blocks, top, room);
    let hint = more(above, below);
    if !hint.is_empty() && area.width > 24 {
        let line = Line::from(view.span(Role::Dim, hint));
        let x = area.right().saturating_sub(u16::try_from(line.width()).unwrap_or(0) + 2);
        buffer.set_line(x, area.bottom() - 1, &line, area.width);
    }
}

fn is_under(block: &Block<'_>, part: &Part<'_>, cursor: Option<&Stop>) -> bool {
    match (part, cursor) {
        (Part::Head, Some(Stop::Environment(id))) => block.environment.id == *id,
        (Part::Host(host, _), Some(Stop::Host(id))) => host.declared().id == *id,
        _ => false,
    }
}

fn line<'a>(
    block: &Block<'a>,
    part: &Part<'a>,
    under: bool,
    (cells, names): (usize, usize),
    view: &View<'a>,
) -> Line<'a> {
    let quiet = |words: String| Line::from(view.span(Role::Dim, words));
    match part {
        Part::Head => head(block, under, cells, view),
        Part::Counts => counts(block.environment, &block.summary, cells, view),
        Part::Faults => {
            let words = format!("   {} in the deck", plural(block.environment.faults, "fault"));
            Line::from(view.span(Role::Fault, words))
        }
        Part::Cause(at) => block.summary.causes.get(*at).map(|trouble| cause(trouble, cells, view)).unwrap_or_default(),
        Part::MoreCauses(left) => quiet(format!("   and {left} more")),
        Part::Host(host, behind) => hosts::line(host, *behind, under, (cells, names), view),
        Part::Reason(host) => hosts::reason(host, cells, view),
        Part::Figures(host) => hosts::figures(host, (cells, names), view),
        Part::MoreHosts(states, all) => hosts::more(states, *all, view),
        Part::Blank => Line::default(),
    }
}

fn head<'a>(block: &Block<'a>, is_selected: bool, cells: usize, view: &View<'a>) -> Line<'a> {
    let (environment, summary) = (block.environment, &block.summary);
    let glyphs = view.theme.glyphs();
    let tier = environment.tier.word();
    let name_cells = cells.saturating_sub(4 + tier.len() + 1);
    Line::from(vec![
        view.span(Role::Accent, if is_selected { glyphs.cursor } else { " " }),
        view.span(Role::from(summary.worst), format!("{} ", glyphs.health(summary.worst))),
        view.span(Role::Strong, fit(environment.id.as_str(), name_cells, glyphs.ellipsis) + " "),
        view.span(environment.tier.into(), tier_word(tier, environment)),
    ])
}

/// One cause: what, since when, how many suffer with it, and why where there is room.
fn cause<'a>(trouble: &Trouble<'a>, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let (name, followers) = match trouble.cause {
        Cause::Host(host, _) => (format!("host {}", host.name), trouble.followers + 1),
        _ => (trouble.service.declared().id.name.to_string(), trouble.followers),
    };
    let more = if followers > 0 { format!(" +{followers}") } else { String::new() };
    let since = super::lasting(trouble.service, view);
    let room = cells.saturating_sub(10);
    let why = if cells > 60 { explain(view.store, trouble.service, view.now) } else { None };
    let name = cut(&name, room.saturating_sub(width(&more)), glyphs.ellipsis).into_owned() + &more;
    let named = if why.is_some() { fit(&name, 18, glyphs.ellipsis) } else { fit(&name, room, glyphs.ellipsis) };
    let mut spans = vec![
        view.span(Role::from(trouble.health), format!("   {} ", glyphs.health(trouble.health))),
        view.span(Role::Text, named),
    ];
    spans.extend(
        why.map(|why| view.span(Role::Dim, format!(" {}", fit(&why, room.saturating_sub(19), glyphs.ellipsis)))),
    );
    spans.push(view.span(Role::Dim, fit_right(&since, 4)));
    Line::from(spans)
}

fn tier_word(tier: &str, environment: &Environment) -> String {
    if environment.tier.is_protected() { tier.to_uppercase() } else { tier.to_owned() }
}

/// `1 unhealthy · 5 healthy`, `✕ 1 · ● 5` where there is no room for words, `✕1 ●5` where there is hardly any.
fn counts<'a>(environment: &Environment, summary: &Summary<'a>, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let present: Vec<(Health, usize)> =
        Health::ALL.iter().rev().map(|h| (*h, summary.count(*h))).filter(|(_, count)| *count > 0).collect();
    if present.is_empty() {
        let words = if environment.faults > 0 { "   not loaded" } else { "   no services" };
        return Line::from(view.span(Role::Dim, words));
    }
    let line = |style: Counts| {
        let mut spans: Vec<Span<'a>> = vec![view.span(Role::Text, "   ")];
        for (at, (health, count)) in present.iter().enumerate() {
            if at > 0 {
                let between = if style == Counts::Tight { " ".into() } else { format!(" {} ", glyphs.separator) };
                spans.push(view.span(Role::Dim, between));
            }
            let role = if *health == Health::Healthy { Role::Dim } else { Role::from(*health) };
            let text = match style {
                Counts::Words => format!("{count} {}", health.word()),
                Counts::Glyphs => format!("{} {count}", glyphs.health(*health)),
                Counts::Tight => format!("{}{count}", glyphs.health(*health)),
            };
            spans.push(view.span(role, text));
        }
        Line::from(spans)
    };
    let fitting = [Counts::Words, Counts::Glyphs].into_iter().map(&line).find(|l| l.width() <= cells);
    fitting.unwrap_or_else(|| line(Counts::Tight))
}

/// How counts are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Counts {
    Words,
    Glyphs,
    Tight,
}

/// `1 fault`, `2 faults`.
pub fn plural(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}
