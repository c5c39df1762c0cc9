//! The full text of one step of a plan, and what the runbook says about it beside or above.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{framed_in, question, scrolled};
use crate::model::Plan;
use crate::model::plan::PlannedStep;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::acting::{literal, prose, prose_lines};
use crate::ui::text::{chop, span as human, wrap};

/// What is read, and how far down.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The number of the asking whose plan it is.
    pub ask: u64,
    /// Which of its steps.
    pub step: usize,
    /// Lines scrolled down.
    pub scroll: usize,
}

/// From here on the prose stands beside the text.
const WIDE: u16 = 110;

/// Draws the page.
pub fn draw(buffer: &mut Buffer, body: Rect, page: &Page, view: &View<'_>) {
    let Some((plan, step)) = found(page, view) else { return };
    let border = question::border(&plan.target.environment, view);
    let dot = view.theme.glyphs().separator;
    let title = format!("step {} {dot} {}", page.step + 1, step.step.title);
    let inner = framed_in(buffer, body, (body.width, body.height), &title, border, view);
    let (left, right) = columns(inner, plan, step, view);
    scrolled(buffer, left, &lines(plan, step, left.width, right.is_none(), view), page.scroll, view);
    let Some(right) = right else { return };
    let rule = view.theme.glyphs().column;
    for y in inner.y..inner.bottom() {
        buffer.set_string(right.x.saturating_sub(2), y, rule, view.style(Role::Border));
    }
    for (line, y) in told(plan, step, usize::from(right.width), view).iter().zip(right.y..right.bottom()) {
        buffer.set_line(right.x, y, line, right.width);
    }
}

/// How many lines there are.
pub fn height(body: Rect, page: &Page, view: &View<'_>) -> usize {
    let Some((plan, step)) = found(page, view) else { return 0 };
    let inner = Rect { width: body.width.saturating_sub(2), height: body.height.saturating_sub(2), ..body };
    let (left, right) = columns(inner, plan, step, view);
    lines(plan, step, left.width, right.is_none(), view).len()
}

fn found<'a>(page: &Page, view: &View<'a>) -> Option<(&'a Plan, &'a PlannedStep)> {
    let plan = view.store.acting().plan(page.ask)?.plan.as_ref().ok()?;
    Some((plan, plan.steps.get(page.step)?))
}

fn columns(inner: Rect, plan: &Plan, step: &PlannedStep, view: &View<'_>) -> (Rect, Option<Rect>) {
    if inner.width < WIDE || told(plan, step, 40, view).is_empty() {
        return (inner, None);
    }
    let right = (inner.width * 2 / 5).min(70);
    let left = inner.width.saturating_sub(right + 3);
    (Rect { width: left, ..inner }, Some(Rect { x: inner.x + left + 3, width: right, ..inner }))
}

/// What the runbook says before the step; nothing when the file has changed since it was planned.
fn told<'a>(plan: &Plan, step: &PlannedStep, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let runbook = view.store.acting().runbook(&plan.runbook).filter(|r| r.hash == plan.runbook_hash);
    runbook.map_or_else(Vec::new, |r| prose_lines(&prose(r, &step.step.id), cells, view))
}

fn lines<'a>(plan: &Plan, step: &'a PlannedStep, width: u16, with_prose: bool, view: &View<'a>) -> Vec<Line<'a>> {
    let cells = usize::from(width).saturating_sub(2);
    let mut lines = Vec::new();
    if with_prose {
        lines.extend(told(plan, step, cells, view));
        if !lines.is_empty() {
            lines.push(Line::default());
        }
    }
    let mut block = |name: &str, text: &[String], role: Role| {
        lines.push(Line::from(view.span(Role::Dim, format!(" {name}"))));
        for line in text.iter().flat_map(|line| chop(line, cells.saturating_sub(2))) {
            lines.push(Line::from(view.span(role, format!("   {line}"))));
        }
        lines.push(Line::default());
    };
    let it = &step.step;
    let text = |script: &str| -> Vec<String> {
        crate::model::Text::block(script.trim_matches('\n'), 64 * 1024).as_str().lines().map(str::to_owned).collect()
    };
    block(it.action.word(), &literal(it), Role::Code);
    if let Some(verify) = &it.verify {
        block("proof: ends with 0 when it is done", &text(verify), Role::Code);
    }
    match &it.undo {
        Some(undo) => block("taken back by", &text(undo), Role::Code),
        None if it.only_looks() => {}
        None => block("taken back by", &["nothing of its own".to_owned()], Role::Degraded),
    }
    if let Some(why) = &it.irreversible {
        block("cannot be taken back", &wrap(why.as_str(), cells), Role::Danger);
    }
    if let Some(why) = &it.uninterruptible {
        block("must not be interrupted", &wrap(why.as_str(), cells), Role::Degraded);
    }
    let hosts: Vec<&str> = step.hosts.iter().map(|h| &**h).collect();
    block("on", &wrap(&hosts.join(", "), cells), Role::Text);
    let mut bounds = vec![format!("at most {}, then TERM, and KILL {} later", human(it.timeout), human(it.grace))];
    if it.retries > 0 {
        bounds.push(format!("tried again {} times when it fails", it.retries));
    }
    if it.idempotent {
        bounds.push("may run twice".into());
    }
    block("bounds", &bounds, Role::Text);
    lines.pop();
    lines
}
