//! The steps of a run as rows: how each stands, and the hosts below the chosen one.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::store::OpenRun;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::pane::row;
use crate::ui::run::{Row, RunView, planned, rows, standing, time_words};
use crate::ui::text::{cut, fit, fit_right, width, wrap};

/// Draws the rows; below them, where there is room, why the chosen one did not end well.
pub fn draw(buffer: &mut Buffer, area: Rect, run: &RunView, open: &OpenRun, view: &View<'_>) {
    let chosen = run.row(open);
    let all = rows(open.state(), &chosen);
    let at = all.iter().position(|row| *row == chosen).unwrap_or(0);
    let why = why(&chosen, open, usize::from(area.width), view);
    let room = usize::from(area.height).saturating_sub(why.len());
    // A few rows before the chosen one stay in sight.
    let top = (at + 3).min(all.len()).saturating_sub(room).min(at);
    let words = all.iter().map(|row| width(&standing(open.state(), row, view.theme.glyphs(), view.now).word));
    let word = words.max().unwrap_or(0).clamp(2, 12);
    for (row_, y) in all.iter().skip(top).take(room).zip(area.y..area.bottom()) {
        let under = *row_ == chosen;
        row(buffer, area, y, &line(row_, under, open, (usize::from(area.width), word), view), under, view);
    }
    let from = area.y + u16::try_from(all.len().saturating_sub(top).min(room)).unwrap_or(0);
    for (line, y) in why.iter().zip(from..area.bottom()) {
        buffer.set_line(area.x, y, line, area.width);
    }
}

fn line<'a>(row: &Row, under: bool, open: &OpenRun, (cells, word): (usize, usize), view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let state = open.state();
    let it = standing(state, row, glyphs, view.now);
    let name = match (&row.host, row.step.strip_prefix("undo:")) {
        (Some(host), _) => format!("  {host}"),
        (None, Some(undone)) => format!("take back {undone}"),
        (None, None) => {
            let number = state.plan.steps.iter().position(|s| s.step.id == row.step).map_or(0, |at| at + 1);
            let title = planned(state, &row.step).map_or(row.step.as_str(), |p| p.step.title.as_str());
            format!("{} {title}", fit_right(&number.to_string(), 2))
        }
    };
    let room = cells.saturating_sub(1 + 3 + 1 + word + 8);
    let strong = if row.host.is_none() && (it.is_alive || under) { Role::Strong } else { Role::Text };
    let time = if it.is_late { Role::Degraded } else { Role::Dim };
    Line::from(vec![
        view.span(Role::Accent, if under { glyphs.cursor } else { " " }),
        view.span(it.role, format!(" {} ", it.glyph)),
        view.span(strong, fit(&name, room, glyphs.ellipsis)),
        view.span(it.role, format!(" {}", fit(&it.word, word, glyphs.ellipsis))),
        view.span(time, fit_right(&time_words(&it), 8)),
    ])
}

/// Why the chosen row stands as it does, and what it usually takes.
fn why<'a>(chosen: &Row, open: &OpenRun, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let state = open.state();
    let it = standing(state, chosen, view.theme.glyphs(), view.now);
    let mut lines = Vec::new();
    if let Some(why) = &it.why {
        lines.push(Line::default());
        let told = wrap(why.as_str(), cells.saturating_sub(3)).into_iter().take(4);
        lines.extend(told.map(|l| Line::from(view.span(it.role, format!(" {l}")))));
    }
    if let Some(why) = state.why.as_ref().filter(|why| Some(*why) != it.why.as_ref()) {
        let words = cut(why.as_str(), cells.saturating_sub(3), view.theme.glyphs().ellipsis).into_owned();
        lines.push(Line::from(view.span(Role::Unhealthy, format!(" {words}"))));
    }
    let host = chosen.host.as_ref();
    let survivors: Vec<String> = state
        .tasks
        .iter()
        .filter(|((step, on), _)| *step == chosen.step && host.is_none_or(|h| h == on))
        .flat_map(|((_, on), task)| match task {
            crate::model::run::TaskState::Finished { survivors, .. } => {
                survivors.iter().map(|s| format!("still alive on {on}: {s}")).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        })
        .collect();
    for words in survivors.iter().take(3) {
        lines.push(Line::from(
            view.span(Role::Danger, format!(" {}", cut(words, cells.saturating_sub(2), view.theme.glyphs().ellipsis))),
        ));
    }
    if let Some(estimate) = planned(state, &chosen.step).and_then(|p| p.estimate).filter(|_| it.is_alive) {
        let words = format!(" usually {}", crate::ui::acting::took(estimate));
        let silent = open.output.last(&chosen.step, host).map(|at| crate::ui::text::age(at, view.now));
        let silent = silent.map_or(String::new(), |age| format!(", last line {age} ago"));
        if width(&words) + width(&silent) < cells {
            lines.push(Line::default());
            lines.push(Line::from(
                view.span(if it.is_late { Role::Degraded } else { Role::Dim }, format!("{words}{silent}")),
            ));
        }
    }
    lines
}
