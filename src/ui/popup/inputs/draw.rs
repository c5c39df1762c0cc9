//! Draws the form of a runbook's inputs. Decides nothing about them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Field, Form, Given, Looked};
use crate::model::RunbookKind;
use crate::model::runbook::Choices;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::popup::framed_in;
use crate::ui::popup::question::{border, environment, field, typed};
use crate::ui::text::{cut, fit, wrap};

/// Choices that are seen at once.
const ROWS: usize = 7;

/// Draws the form.
pub fn draw(buffer: &mut Buffer, body: Rect, form: &Form, view: &View<'_>) {
    let cells = usize::from(body.width.min(96).saturating_sub(2));
    let mut form = form.clone();
    form.learn(view.store);
    let form = &form;
    let head = head(form, cells, view);
    let name = form.fields.iter().map(|f| f.input.name.chars().count()).max().unwrap_or(0).clamp(6, 20);
    let blocks: Vec<Vec<Line<'_>>> =
        form.fields.iter().enumerate().map(|(at, f)| block(f, at == form.at, form, (name, cells), view)).collect();
    let all: usize = blocks.iter().map(Vec::len).sum();
    let height = u16::try_from(head.len() + all + 4).unwrap_or(u16::MAX);
    let inner = framed_in(
        buffer,
        body,
        (96, height),
        form.runbook.title.as_str(),
        border(&form.service.environment, view),
        view,
    );
    for (line, y) in head.iter().zip(inner.y..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
    let from = inner.y + u16::try_from(head.len()).unwrap_or(0) + 1;
    let room = usize::from(inner.bottom().saturating_sub(from));
    // The field under the cursor is always seen, with its help.
    let before: usize = blocks.iter().take(form.at + 1).map(Vec::len).sum();
    let top = before.saturating_sub(room);
    for (line, y) in blocks.iter().flatten().skip(top).zip(from..inner.bottom()) {
        buffer.set_line(inner.x, y, line, inner.width);
    }
}

fn head<'a>(form: &Form, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let mut lines = vec![
        field("environment", environment(&form.service.environment, view), view),
        field("service", vec![view.span(Role::Strong, form.service.name.to_string())], view),
    ];
    let runs = view.store.service(&form.service).and_then(|s| s.version());
    if let Some(version) = runs.filter(|_| matches!(form.runbook.kind, RunbookKind::Deploy | RunbookKind::Rollback)) {
        lines.push(field("runs now", vec![view.span(Role::Strong, version.to_string())], view));
    }
    if let Some(run) = &form.resumes {
        lines.push(field("goes on with", vec![view.span(Role::Text, format!("run {run}"))], view));
        let words = "What is asked for here was typed when the run began and is kept nowhere. What was given by reference \
                     is found again: leave it empty.";
        let words = wrap(words, cells.saturating_sub(2)).into_iter();
        lines.extend(words.map(|line| Line::from(view.span(Role::Dim, format!(" {line}")))));
        return lines;
    }
    let doc = wrap(form.runbook.doc.as_str(), cells.saturating_sub(2));
    let most = if view.ui.size.1 < 30 { 2 } else { 4 };
    let cut = doc.len() > most;
    for (at, line) in doc.into_iter().filter(|l| !l.is_empty()).take(most).enumerate() {
        let end = if cut && at + 1 == most { view.theme.glyphs().ellipsis } else { "" };
        lines.push(Line::from(view.span(Role::Dim, format!(" {line}{end}"))));
    }
    lines
}

fn block<'a>(field: &Field, here: bool, form: &Form, (name, cells): (usize, usize), view: &View<'a>) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let mut spans = vec![
        view.span(Role::Accent, if here { glyphs.cursor } else { " " }),
        view.span(
            if here { Role::Strong } else { Role::Text },
            format!(" {} ", fit(&field.input.name, name, glyphs.ellipsis)),
        ),
    ];
    spans.extend(value(field, here, view));
    spans.extend(remark(field, here, form.tried, view));
    let mut lines = vec![Line::from(spans)];
    let mut below = |role: Role, words: &str| {
        if !words.is_empty() {
            let words = cut(words, cells.saturating_sub(name + 4), glyphs.ellipsis).into_owned();
            lines.push(Line::from(view.span(role, format!("{}{words}", " ".repeat(name + 3)))));
        }
    };
    below(Role::Dim, field.input.help.as_str());
    if let Given::Looked(looked) = &field.given {
        if let Some(Err(why)) = looked.found.as_ref().filter(|_| here) {
            below(Role::Degraded, &format!("type it, the choices are not known: {why}"));
        }
        lines.extend(listed(looked, here, form, (name, cells), view));
    }
    lines
}

/// What is to be said beside a value: what is wrong with it, or what is still open.
fn remark<'a>(field: &Field, here: bool, tried: bool, view: &View<'a>) -> Option<Span<'a>> {
    // What is missing is no fault before somebody is done with it.
    if let Some(why) = field.fault().filter(|why| tried || why != "needed") {
        return Some(view.span(Role::Fault, format!("  {why}")));
    }
    if let Given::Looked(looked) = &field.given {
        let asks = match &field.input.choices {
            Some(Choices::Releases) => "looking for releases on record",
            _ => "looking on the host",
        };
        let words = match (looked.all(), &looked.found) {
            (Some([]), _) => "there is none to choose from".to_owned(),
            (Some(_), _) if looked.value().is_empty() => "choose one".to_owned(),
            (Some(all), _) if here && !looked.edit.is_empty() => {
                format!("{} of {}", looked.fitting().len(), all.len())
            }
            (None, None) => format!("{asks}{}", view.theme.glyphs().ellipsis),
            _ => return None,
        };
        return Some(view.span(Role::Dim, format!("  {words}")));
    }
    if let Some(note) = field.note().filter(|_| here) {
        return Some(view.span(Role::Dim, format!("  {note}")));
    }
    let needed = field.input.required && field.input.default.is_none() && field.value().is_empty();
    (needed && !matches!(field.given, Given::Secret(_))).then(|| view.span(Role::Dim, "  needed"))
}

/// What can be chosen, while the cursor is there: a window around the chosen one.
fn listed<'a>(
    looked: &Looked,
    here: bool,
    form: &Form,
    (name, cells): (usize, usize),
    view: &View<'a>,
) -> Vec<Line<'a>> {
    let fitting = if here { looked.fitting() } else { Vec::new() };
    let value = looked.value();
    let glyphs = view.theme.glyphs();
    let at = fitting.iter().position(|choice| *choice == value);
    let top = at.unwrap_or(0).saturating_sub(ROWS - 2).min(fitting.len().saturating_sub(ROWS));
    let runs = view.store.service(&form.service).and_then(|s| s.version());
    let row = |(index, choice): (usize, &&str)| {
        let chosen = Some(index) == at;
        let is_version = matches!(form.runbook.kind, RunbookKind::Deploy | RunbookKind::Rollback);
        let runs_now = is_version && runs.as_ref().is_some_and(|version| version.as_str() == *choice);
        let words = cut(choice, cells.saturating_sub(name + 18), glyphs.ellipsis).into_owned();
        Line::from(vec![
            view.span(Role::Text, " ".repeat(name + 3)),
            view.span(Role::Accent, if chosen { glyphs.cursor } else { " " }),
            view.span(if chosen { Role::Strong } else { Role::Text }, format!(" {words}")),
            view.span(Role::Dim, if runs_now { "  runs now" } else { "" }),
        ])
    };
    let mut lines: Vec<Line<'a>> = fitting.iter().enumerate().skip(top).take(ROWS).map(row).collect();
    let more = fitting.len().saturating_sub(top + ROWS);
    if more > 0 {
        lines.push(Line::from(view.span(Role::Dim, format!("{}  {more} more", " ".repeat(name + 3)))));
    }
    lines
}

fn value<'a>(field: &Field, here: bool, view: &View<'a>) -> Vec<Span<'a>> {
    let glyphs = view.theme.glyphs();
    match &field.given {
        Given::Text(edit) if here => typed(edit, view),
        Given::Text(edit) if edit.is_empty() => vec![view.span(Role::Dim, glyphs.rule.repeat(12))],
        Given::Text(edit) => vec![view.span(Role::Input, edit.text())],
        Given::Looked(looked) if here => typed(&looked.edit, view),
        Given::Looked(looked) if looked.value().is_empty() => vec![view.span(Role::Dim, glyphs.rule.repeat(12))],
        Given::Looked(looked) => vec![view.span(Role::Input, looked.value())],
        Given::Secret(hidden) => {
            let mut spans = vec![view.span(Role::Input, glyphs.hidden.repeat(hidden.count().min(40)))];
            if here {
                spans.extend(typed(&crate::ui::edit::Edit::default(), view));
            } else if hidden.is_empty() {
                spans.push(view.span(Role::Dim, glyphs.rule.repeat(12)));
            }
            spans
        }
        Given::Chosen(choices, at) => {
            let choice = |(index, choice): (usize, &String)| {
                let words = if choice.is_empty() { glyphs.missing } else { choice.as_str() };
                let role = if index == *at { Role::Strong } else { Role::Dim };
                let words = if index == *at { format!("[{words}]") } else { format!(" {words} ") };
                view.span(role, words)
            };
            // A window of choices around the chosen one.
            let first = at.saturating_sub(3);
            choices.iter().enumerate().skip(first).take(7).map(choice).collect()
        }
    }
}
