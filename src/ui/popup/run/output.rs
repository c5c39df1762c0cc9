//! What the chosen step printed, and what the runbook says about it where there is room.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::plan::HostName;
use crate::store::OpenRun;
use crate::store::output::Printed;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::acting::{literal, prose, prose_lines};
use crate::ui::popup::question::typed;
use crate::ui::run::{Row, RunView, hosts_of, planned};
use crate::ui::text::{chop, cut, fit, thousands, time, width};

/// From here on prose stands beside the output.
const WIDE: u16 = 110;
/// From here on prose stands above the output.
const TALL: u16 = 16;

/// Draws the output.
pub fn draw(buffer: &mut Buffer, area: Rect, run: &RunView, open: &OpenRun, view: &View<'_>) {
    let row = run.row(open);
    let area = told(buffer, area, &row, open, run.full, view);
    if area.height < 2 {
        return;
    }
    let head = head(run, &row, open, usize::from(area.width), view);
    buffer.set_line(area.x, area.y, &head, area.width);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let count = open.output.count(&row.step, row.host.as_ref());
    if count == 0 {
        return nothing(buffer, body, &row, open, view);
    }
    let room = usize::from(body.height);
    let back = run.back(open).min(count - 1);
    let several = row.host.is_none() && hosts_of(open.state(), &row.step).len() > 1;
    let cells = usize::from(body.width);
    let rows_up_to = |back: usize| -> Vec<Line<'_>> {
        let shown = open.output.window(&row.step, row.host.as_ref(), back, room);
        let rows = |(host, printed): &(&HostName, &Printed)| {
            lines(several.then_some(&***host), printed, &run.search, cells, view)
        };
        shown.iter().flat_map(rows).collect()
    };
    let mut lines = rows_up_to(back);
    // What is too long goes on below; the newest stays in sight. At the beginning the first stays in sight.
    let is_first = back > 0 && (lines.len() < room || back + 1 == count);
    if is_first {
        lines = rows_up_to(count.saturating_sub(room));
    }
    let above = if is_first { 0 } else { lines.len().saturating_sub(room) };
    for (line, y) in lines.iter().skip(above).zip(body.y..body.bottom()) {
        buffer.set_line(body.x, y, line, body.width);
    }
}

/// Lays the prose of the section beside or above; what is left for the output.
fn told(buffer: &mut Buffer, area: Rect, row: &Row, open: &OpenRun, full: bool, view: &View<'_>) -> Rect {
    let plan = &open.state().plan;
    let runbook = view.store.acting().runbook(&plan.runbook).filter(|r| r.hash == plan.runbook_hash);
    let Some(runbook) = runbook.filter(|_| !full) else { return area };
    let found = prose(runbook, row.step.strip_prefix("undo:").unwrap_or(&row.step));
    if found.is_empty() {
        return area;
    }
    if area.width >= WIDE {
        let right = (area.width / 3).min(60);
        let beside = Rect { x: area.right() - right, width: right, ..area };
        for (line, y) in
            prose_lines(&found, usize::from(right.saturating_sub(2)), view).iter().zip(beside.y..beside.bottom())
        {
            buffer.set_line(beside.x, y, line, beside.width);
        }
        for y in area.y..area.bottom() {
            buffer.set_string(beside.x.saturating_sub(2), y, view.theme.glyphs().column, view.style(Role::Border));
        }
        return Rect { width: area.width.saturating_sub(right + 2), ..area };
    }
    let lines = prose_lines(&found, usize::from(area.width).saturating_sub(2), view);
    let most = area.height / 3;
    let height = u16::try_from(lines.len()).unwrap_or(most).min(most);
    if area.height < TALL || height == 0 {
        return area;
    }
    for (line, y) in lines.iter().zip(area.y..area.y + height) {
        buffer.set_line(area.x + 1, y, line, area.width.saturating_sub(1));
    }
    let rule = view.theme.glyphs().rule.repeat(usize::from(area.width));
    buffer.set_string(area.x, area.y + height, rule, view.style(Role::Border));
    Rect { y: area.y + height + 1, height: area.height.saturating_sub(height + 1), ..area }
}

/// What is shown, whether it follows, and what is searched for.
fn head<'a>(run: &RunView, row: &Row, open: &OpenRun, cells: usize, view: &View<'a>) -> Line<'a> {
    let host = row.host.as_ref();
    let mut spans = vec![view.span(Role::Dim, " output of "), view.span(Role::Text, row.step.clone())];
    if let Some(host) = host {
        spans.push(view.span(Role::Dim, " on "));
        spans.push(view.span(Role::Text, host.to_string()));
    }
    if let Some(edit) = &run.searching {
        spans.push(view.span(Role::Key, "  / "));
        spans.extend(typed(edit, view));
        return Line::from(spans);
    }
    let mut words = Vec::new();
    if !run.search.is_empty() {
        words.push(format!("/{}", run.search));
    }
    let dropped = open.output.dropped(&row.step, host);
    if dropped > 0 {
        words.push(format!("{} older lines not kept", thousands(dropped)));
    }
    let back = run.back(open);
    words.push(match back {
        0 if open.is_going() => "following".to_owned(),
        0 => "end".to_owned(),
        back => format!("{} below", thousands(u64::try_from(back).unwrap_or(0))),
    });
    let right = format!("{} ", words.join(&format!(" {} ", view.theme.glyphs().separator)));
    let used: usize = spans.iter().map(Span::width).sum();
    let right = cut(&right, cells.saturating_sub(used + 1), view.theme.glyphs().ellipsis).into_owned();
    let gap = cells.saturating_sub(used + width(&right));
    spans.push(view.span(Role::Text, " ".repeat(gap)));
    spans.push(view.span(if back > 0 { Role::Accent } else { Role::Dim }, right));
    Line::from(spans)
}

/// A step that printed nothing shows what it does instead.
fn nothing(buffer: &mut Buffer, area: Rect, row: &Row, open: &OpenRun, view: &View<'_>) {
    let planned = planned(open.state(), &row.step);
    let mut lines = vec![Line::from(view.span(Role::Dim, " it printed nothing; what it does:"))];
    let command = match row.step.strip_prefix("undo:") {
        Some(_) => planned.and_then(|p| p.step.undo.clone()).map(|undo| undo.lines().map(str::to_owned).collect()),
        None => planned.map(|p| literal(&p.step)),
    };
    let cells = usize::from(area.width).saturating_sub(4);
    for text in command.unwrap_or_default() {
        let text = crate::model::Text::line(&text);
        lines.push(Line::from(
            view.span(Role::Code, format!("   {}", cut(text.as_str(), cells, view.theme.glyphs().ellipsis))),
        ));
    }
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

/// A line as it was printed, in as many lines as it needs.
fn lines<'a>(host: Option<&str>, printed: &Printed, search: &str, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut head = vec![view.span(Role::Text, " ")];
    if cells >= 56 {
        let at = time(view.on_the_wall(printed.at), view.on_the_wall(view.now), &view.zone());
        head.push(view.span(Role::Dim, format!("{at} ")));
    }
    if let Some(host) = host {
        head.push(view.span(Role::Accent, format!("{} ", fit(host, 10, view.theme.glyphs().ellipsis))));
    }
    if printed.left_out > 0 {
        let words = format!("({} lines left out) ", thousands(printed.left_out));
        head.push(view.span(Role::Degraded, words));
    }
    let before: usize = head.iter().map(Span::width).sum();
    let parts = chop(printed.text.as_str(), cells.saturating_sub(before + 1).max(16)).into_iter();
    let begun = |(at, text): (usize, String)| {
        let mut spans = if at == 0 { head.clone() } else { vec![view.span(Role::Text, " ".repeat(before))] };
        spans.extend(marked(&text, search, view));
        Line::from(spans)
    };
    let lines: Vec<Line<'a>> = parts.enumerate().map(begun).collect();
    if lines.is_empty() { vec![Line::from(head)] } else { lines }
}

/// A text with what was searched for in it.
fn marked<'a>(text: &str, search: &str, view: &View<'a>) -> Vec<Span<'a>> {
    let found = if search.is_empty() { None } else { text.to_lowercase().find(&search.to_lowercase()) };
    // Lowering may change lengths; then the words stay unmarked.
    let parts =
        found.and_then(|at| Some((text.get(..at)?, text.get(at..at + search.len())?, text.get(at + search.len()..)?)));
    match parts {
        Some((before, hit, after)) => vec![
            view.span(Role::Text, before.to_owned()),
            view.span(Role::Match, hit.to_owned()),
            view.span(Role::Text, after.to_owned()),
        ],
        None => vec![view.span(Role::Text, text.to_owned())],
    }
}
