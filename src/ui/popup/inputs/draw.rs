//! Draws the form of a runbook's inputs. Decides nothing about them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::{Field, Form, Given};
use crate::model::RunbookKind;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::popup::framed_in;
use crate::ui::popup::question::{border, environment, field, typed};
use crate::ui::text::{cut, fit, wrap};

/// Draws the form.
pub fn draw(buffer: &mut Buffer, body: Rect, form: &Form, view: &View<'_>) {
    let cells = usize::from(body.width.min(96).saturating_sub(2));
    let head = head(form, cells, view);
    let name = form.fields.iter().map(|f| f.input.name.chars().count()).max().unwrap_or(0).clamp(6, 20);
    let blocks: Vec<Vec<Line<'_>>> =
        form.fields.iter().enumerate().map(|(at, f)| block(f, at == form.at, form.tried, name, cells, view)).collect();
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
    let doc = wrap(form.runbook.doc.as_str(), cells.saturating_sub(2)).into_iter().take(2);
    lines.extend(doc.filter(|l| !l.is_empty()).map(|l| Line::from(view.span(Role::Dim, format!(" {l}")))));
    lines
}

fn block<'a>(field: &Field, here: bool, tried: bool, name: usize, cells: usize, view: &View<'a>) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let mut spans = vec![
        view.span(Role::Accent, if here { glyphs.cursor } else { " " }),
        view.span(
            if here { Role::Strong } else { Role::Text },
            format!(" {} ", fit(&field.input.name, name, glyphs.ellipsis)),
        ),
    ];
    spans.extend(value(field, here, view));
    // What is missing is no fault before somebody is done with it.
    let fault = field.fault().filter(|why| tried || why != "needed");
    match (&fault, field.note()) {
        (Some(why), _) => spans.push(view.span(Role::Fault, format!("  {why}"))),
        (None, Some(note)) if here => spans.push(view.span(Role::Dim, format!("  {note}"))),
        (None, _) if field.input.required && field.input.default.is_none() && field.value().is_empty() => {
            spans.push(view.span(Role::Dim, if matches!(field.given, Given::Secret(_)) { "" } else { "  needed" }));
        }
        (None, _) => {}
    }
    let help = cut(field.input.help.as_str(), cells.saturating_sub(name + 4), glyphs.ellipsis).into_owned();
    let mut lines = vec![Line::from(spans)];
    if !help.is_empty() {
        lines.push(Line::from(view.span(Role::Dim, format!("{}{help}", " ".repeat(name + 3)))));
    }
    lines
}

fn value<'a>(field: &Field, here: bool, view: &View<'a>) -> Vec<Span<'a>> {
    let glyphs = view.theme.glyphs();
    match &field.given {
        Given::Text(edit) if here => typed(edit, view),
        Given::Text(edit) if edit.is_empty() => vec![view.span(Role::Dim, glyphs.rule.repeat(12))],
        Given::Text(edit) => vec![view.span(Role::Input, edit.text())],
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
