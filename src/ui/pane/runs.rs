//! The runs pane: those that go on, then those on record, the newest first.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use super::{empty, more, row};
use crate::command::Command;
use crate::model::{RunStatus, RunSummary};
use crate::store::Store;
use crate::theme::Role;
use crate::ui::acting::{between, status, took};
use crate::ui::text::{age, cut, fit, fit_right};
use crate::ui::{Pane, Ui, View};

/// The runs that pass the filter; none before they were listed.
pub fn runs(store: &Store, ui: &Ui) -> Option<Vec<RunSummary>> {
    let filter = ui.live_filter(Pane::Runs).unwrap_or_default();
    let mut runs = store.acting().runs()?;
    runs.retain(|run| {
        let text = format!("{} {} {} {}", run.target, run.runbook, run.operator, run.status.words());
        filter.matches(&text, |key| match key {
            "name" => vec![&run.runbook],
            "version" => run.version.iter().map(crate::model::Text::as_str).collect(),
            _ => Vec::new(),
        })
    });
    Some(runs)
}

/// The chosen run: the one chosen before while it is there, else the first.
pub fn selected<'r>(runs: &'r [RunSummary], ui: &Ui) -> Option<&'r RunSummary> {
    runs.iter().find(|run| Some(&run.id) == ui.run.as_ref()).or(runs.first())
}

/// Draws the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    let runs = runs(view.store, view.ui);
    let dot = view.theme.glyphs().separator;
    let title = Line::from(vec![
        view.span(Role::Title, " runs "),
        view.span(Role::Accent, super::services::filter_words(view, Pane::Runs)),
    ]);
    let going = view.store.acting().going().count();
    let count = runs.as_ref().map_or(0, Vec::len);
    let words = if going > 0 { format!(" {going} going {dot} {count} ") } else { format!(" {count} ") };
    let inner = view.framed(buffer, area, Pane::Runs, title, Line::from(view.span(Role::Dim, words)));
    let Some(runs) = runs else { return empty(buffer, inner, "reading what is on record", view) };
    if runs.is_empty() {
        let words = match view.ui.live_filter(Pane::Runs) {
            Some(_) => format!("nothing passes the filter; {} drops it", view.key(Command::Back)),
            None => format!("nothing was run yet; {} on a service shows its runbooks", view.key(Command::Runbooks)),
        };
        return empty(buffer, inner, &words, view);
    }
    let columns = Columns::plan(usize::from(inner.width), &runs);
    buffer.set_line(inner.x, inner.y, &head(&columns, view), inner.width);
    let chosen = selected(&runs, view.ui).map(|run| run.id.clone());
    let at = runs.iter().position(|run| Some(&run.id) == chosen.as_ref()).unwrap_or(0);
    let room = usize::from(inner.height.saturating_sub(1));
    let top = (at + 1).saturating_sub(room);
    for ((index, run), y) in runs.iter().enumerate().skip(top).zip(inner.y + 1..inner.bottom()) {
        let line = line(run, index == at, &columns, view);
        row(buffer, inner, y, &line, index == at && view.has_cursor(Pane::Runs), view);
    }
    let hint = more(top, runs.len().saturating_sub(top + room));
    if !hint.is_empty() {
        let line = Line::from(view.span(Role::Dim, hint));
        let x = area.right().saturating_sub(u16::try_from(line.width()).unwrap_or(0) + 2);
        buffer.set_line(x, area.bottom() - 1, &line, area.width);
    }
}

/// Cells of each column; zero means that it is left out.
struct Columns {
    status: usize,
    target: usize,
    runbook: usize,
    who: usize,
    version: usize,
}

impl Columns {
    fn plan(cells: usize, runs: &[RunSummary]) -> Self {
        let longest = |text: &dyn Fn(&RunSummary) -> usize| runs.iter().map(text).max().unwrap_or(0);
        let mut columns = Self {
            status: longest(&|r| r.status.words().len()).clamp(9, if cells < 110 { 15 } else { 24 }),
            target: longest(&|r| r.target.to_string().chars().count()).clamp(8, 30),
            runbook: longest(&|r| r.runbook.chars().count()).clamp(8, 22),
            who: 0,
            version: 0,
        };
        let fixed = 3 + columns.status + 2 + 5 + 2 + 8 + 1;
        let mut left = cells.saturating_sub(fixed);
        columns.target = columns.target.min(left * 3 / 5);
        left = left.saturating_sub(columns.target + 2);
        columns.runbook = columns.runbook.min(left);
        left = left.saturating_sub(columns.runbook + 2);
        let who = longest(&|r| r.operator.to_string().chars().count()).clamp(8, 26) + 2;
        if left >= who {
            columns.who = who;
            left -= who;
        }
        if left >= 14 && runs.iter().any(|r| r.version.is_some()) {
            columns.version = 14;
        }
        columns
    }
}

fn head<'a>(columns: &Columns, view: &View<'a>) -> Line<'a> {
    let mut text = format!(
        "   {}  {}  {}  ",
        fit("state", columns.status, ""),
        fit("on", columns.target, ""),
        fit("runbook", columns.runbook, "")
    );
    text.push_str(&fit("version", columns.version, ""));
    text.push_str(&fit("who", columns.who, ""));
    text.push_str(&format!("{}  {}", fit_right("ago", 5), fit_right("took", 8)));
    Line::from(view.span(Role::Dim, text))
}

fn line<'a>(run: &RunSummary, under: bool, columns: &Columns, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let (role, glyph) = status(run.status, glyphs);
    let long = duration(run, view.now).map_or_else(|| glyphs.missing.to_owned(), took);
    let mut spans = vec![
        view.span(Role::Accent, if under { glyphs.cursor } else { " " }),
        view.span(role, format!("{glyph} {}  ", fit(run.status.words(), columns.status, glyphs.ellipsis))),
        view.span(Role::Strong, format!("{}  ", fit(&run.target.to_string(), columns.target, glyphs.ellipsis))),
        view.span(Role::Text, format!("{}  ", fit(&run.runbook, columns.runbook, glyphs.ellipsis))),
    ];
    if columns.version > 0 {
        let version = run.version.as_ref().map_or(glyphs.missing, |v| v.as_str());
        spans
            .push(view.span(Role::Text, fit(&cut(version, columns.version - 2, glyphs.ellipsis), columns.version, "")));
    }
    if columns.who > 0 {
        let who = run.operator.to_string();
        spans.push(view.span(Role::Dim, fit(&cut(&who, columns.who - 2, glyphs.ellipsis), columns.who, "")));
    }
    spans.push(view.span(Role::Dim, format!("{}  ", fit_right(&age(run.began, view.now), 5))));
    spans.push(view.span(Role::Text, fit_right(&long, 8)));
    if run.dirty && run.status.is_over() {
        spans.push(view.span(Role::Danger, " !"));
    }
    Line::from(spans)
}

/// How long it took, or has run; not known of one that was left.
fn duration(run: &RunSummary, now: Timestamp) -> Option<std::time::Duration> {
    match (run.ended, run.status) {
        (Some(ended), _) => Some(between(run.began, ended)),
        (None, RunStatus::Interrupted) => None,
        (None, _) => Some(between(run.began, now)),
    }
}
