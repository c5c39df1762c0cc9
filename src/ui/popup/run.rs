//! A run on the whole screen: steps at the left, what they print at the right, below them the pulse of the services that are
//! touched and the question that is asked. Draws; decides nothing.

mod absent;
mod bottom;
mod output;
mod steps;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed_in, question};
use crate::store::OpenRun;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::acting::{between, clock, is_late, progress, status, tier_word};
use crate::ui::run::RunView;
use crate::ui::text::{cut, width};

/// Where everything of a run stands.
struct Areas {
    steps: Rect,
    output: Rect,
    bottom: Rect,
}

/// Draws the run.
pub fn draw(buffer: &mut Buffer, body: Rect, run: &RunView, view: &View<'_>) {
    let Some(open) = run.open(view.store) else {
        return absent::draw(buffer, body, run, view);
    };
    let state = open.state();
    let border = question::border(&state.plan.target.environment, view);
    let right = right(open, view);
    let dot = view.theme.glyphs().separator;
    let title = format!("{} {dot} {} {dot} {}", tier_word(state.plan.tier), state.plan.title, state.plan.target.name);
    let room = usize::from(body.width).saturating_sub(right.width() + 8);
    let inner = framed_in(
        buffer,
        body,
        (body.width, body.height),
        &cut(&title, room, view.theme.glyphs().ellipsis),
        border,
        view,
    );
    let by = format!(" {} {dot} by {} ", state.id, state.operator);
    let wide = u16::try_from(right.width()).unwrap_or(0);
    let x = inner.right().saturating_sub(wide + 1);
    buffer.set_line(x, body.y, &right, wide);
    let used = width(&title) + right.width() + 8;
    if used + width(&by) < usize::from(body.width) {
        let by = Line::from(view.span(Role::Dim, by));
        let cells = u16::try_from(by.width()).unwrap_or(0);
        buffer.set_line(x.saturating_sub(cells + 1), body.y, &by, cells);
    }
    let foot = bottom::lines(run, open, usize::from(inner.width), view);
    let areas = areas(inner, run.full, foot.len());
    if !run.full {
        steps::draw(buffer, areas.steps, run, open, view);
        let rule = view.theme.glyphs().column;
        for y in areas.steps.y..areas.steps.bottom() {
            buffer.set_string(areas.steps.right(), y, rule, view.style(Role::Border));
        }
    }
    output::draw(buffer, areas.output, run, open, view);
    for (line, y) in foot.iter().zip(areas.bottom.y..areas.bottom.bottom()) {
        buffer.set_line(areas.bottom.x, y, line, areas.bottom.width);
    }
}

fn areas(inner: Rect, full: bool, foot: usize) -> Areas {
    // Four lines stay for what happens, whatever is asked.
    let foot = u16::try_from(foot).unwrap_or(0).min(inner.height.saturating_sub(4));
    let upper = inner.height.saturating_sub(foot);
    let bottom = Rect { y: inner.y + upper, height: foot, ..inner };
    let left = if full { 0 } else { (inner.width * 2 / 5).clamp(39, 62).min(inner.width / 2) };
    let gap = u16::from(!full);
    let steps = Rect { width: left, height: upper, ..inner };
    let output =
        Rect { x: inner.x + left + gap, width: inner.width.saturating_sub(left + gap), height: upper, ..inner };
    Areas { steps, output, bottom }
}

/// Lines of output that are seen at once.
pub fn page(body: Rect, run: &RunView, view: &View<'_>) -> usize {
    let inner = Rect { width: body.width.saturating_sub(2), height: body.height.saturating_sub(2), ..body };
    let foot = run.open(view.store).map_or(0, |open| bottom::lines(run, open, usize::from(inner.width), view).len());
    usize::from(areas(inner, run.full, foot).output.height).saturating_sub(2).max(1)
}

/// How it stands and how long it has run.
fn right<'a>(open: &OpenRun, view: &View<'a>) -> Line<'a> {
    let state = open.state();
    let (role, glyph) = status(open.status(), view.theme.glyphs());
    let mut spans = vec![view.span(role, format!(" {glyph} {} ", open.status().words()))];
    if state.dirty && open.status().is_over() {
        spans.push(view.span(Role::Danger, "unfinished "));
    }
    if state.plan.batches.len() > 1 && open.is_going() {
        spans.push(view.span(Role::Dim, format!("batch {} of {} ", state.batch + 1, state.plan.batches.len())));
    }
    if let Some(began) = state.began {
        let words = match state.ended {
            Some(ended) => format!("took {} ", clock(between(began, ended))),
            None if open.is_going() => format!("{} ", progress(&state.plan, began, view.now)),
            // Nobody drives it: its clock stands still.
            None => String::new(),
        };
        let late = state.ended.is_none() && open.is_going() && is_late(&state.plan, began, view.now);
        spans.push(view.span(if late { Role::Degraded } else { Role::Text }, words));
    }
    if !open.is_ours() && open.is_going() {
        spans.push(view.span(Role::Dim, "only looking on "));
    }
    Line::from(spans)
}
