//! One line of a log as rows of the pane: mark, time, level, origin, message and fields; what was searched for stands
//! out. What goes on with the record before has no columns of its own.

use ratatui::text::{Line, Span};
use regex::bytes::Regex;

use crate::log::{self, Level, escaped};
use crate::model::{LogId, LogSpec, Text};
use crate::theme::Role;
use crate::ui::View;
use crate::ui::logs::window::Window;
use crate::ui::logs::{find_now, shown};
use crate::ui::text::{chop, cut, fit, width, wrap};

/// A line takes at most so many rows.
const MOST_ROWS: usize = 20;
/// More of a line is not looked at for the screen.
const MOST_BYTES: usize = 16 * 1024;

/// Cells of each column; zero means that it is left out.
pub(super) struct Columns {
    cells: usize,
    time: &'static str,
    time_cells: usize,
    origin: usize,
    patterns: Vec<Regex>,
}

impl Columns {
    /// For these lines.
    pub fn plan(window: &Window, cells: usize, view: &View<'_>) -> Self {
        let logs = view.store.logs();
        let zone = view.zone();
        let today = view.on_the_wall(view.now).to_zoned(zone.clone()).date();
        let ends = [window.lines.first(), window.lines.last()];
        let times = ends.into_iter().flatten().filter_map(|(id, _)| logs.lines().line(*id));
        let is_today = times.into_iter().all(|l| view.on_the_wall(l.time).to_zoned(zone.clone()).date() == today);
        let (time, time_cells) = match (is_today, cells >= 100) {
            (true, false) => ("%H:%M:%S", 8),
            (true, true) => ("%H:%M:%S%.3f", 12),
            (false, false) => ("%m-%d %H:%M:%S", 14),
            (false, true) => ("%m-%d %H:%M:%S%.3f", 18),
        };
        let names = shown(view.store, view.ui, view.now);
        let longest = names.iter().map(|spec| width(&origin(spec, view))).max().unwrap_or(0);
        let origin = if names.len() < 2 { 0 } else { longest.min(if cells >= 100 { 24 } else { 14 }) };
        let wish = logs.wish();
        let filtered = wish.filter.as_ref().filter(|f| !f.invert).and_then(|f| f.grep.clone());
        let found = find_now(view.ui).and_then(|f| f.grep.clone());
        Self { cells, time, time_cells, origin, patterns: filtered.into_iter().chain(found).collect() }
    }
}

impl Columns {
    /// Cells of a row.
    pub fn cells(&self) -> usize {
        self.cells
    }

    /// Cells before the message.
    pub fn before(&self) -> usize {
        self.time_cells + 4 + if self.origin > 0 { self.origin + 1 } else { 0 }
    }
}

/// Where a line comes from, as short as it is clear.
pub(super) fn origin(spec: &LogSpec, view: &View<'_>) -> String {
    let id = &spec.id;
    let host = id.host.as_ref().map(|h| format!("@{h}")).unwrap_or_default();
    let Some(service) = id.service.as_ref().filter(|_| view.ui.logs.wide) else { return format!("{}{host}", id.name) };
    // The name of its only log says nothing.
    let is_like = |other: &LogId| other.environment == id.environment && other.service == id.service;
    let others = view.store.logs().declared().iter().filter(|other| is_like(&other.id) && other.id.name != id.name);
    if others.count() == 0 { format!("{service}{host}") } else { format!("{service}:{}{host}", id.name) }
}

/// The rows of a line; those of neighbours of what passes are dim.
pub(super) fn lines<'a>(line: &log::Line<'a>, hit: bool, columns: &Columns, view: &View<'a>) -> Vec<Line<'a>> {
    let glyphs = view.theme.glyphs();
    let pane = &view.ui.logs;
    if line.gap {
        let words = format!(" {0}{0} {1} ", glyphs.rule, line.text());
        let rest = glyphs.rule.repeat(columns.cells.saturating_sub(width(&words)));
        let words = cut(&words, columns.cells, glyphs.ellipsis).into_owned();
        return vec![Line::from(view.span(Role::Degraded, format!("{words}{rest}")))];
    }
    let note = pane.marks.get(&line.id);
    let is_new = || view.store.logs().heard_as(line.id).is_some_and(|heard| heard.is_new(line.id));
    let mut head = vec![match note {
        Some(_) => view.span(Role::Marked, glyphs.mark),
        None if is_new() => view.span(Role::Notice, "*"),
        None => view.span(Role::Text, " "),
    }];
    if line.begins || !line.timed {
        let at = wall(line, view).to_zoned(view.zone()).strftime(columns.time).to_string();
        let at = if line.begins { at } else { " ".repeat(columns.time_cells) };
        // A time that is not its own is that of the record before, or of the moment in which it came.
        head.push(view.span(if line.timed { Role::Text } else { Role::Dim }, at));
    } else {
        head.push(view.span(Role::Dim, " ".repeat(columns.time_cells)));
    }
    let (word, role) = level(line.level.filter(|_| line.begins));
    head.push(view.span(role, format!(" {word} ")));
    if columns.origin > 0 {
        let spec = view.store.logs().of(line.id).and_then(|id| view.store.logs().spec(id));
        let name = spec.filter(|_| line.begins).map(|spec| origin(spec, view)).unwrap_or_default();
        head.push(view.span(Role::Dim, format!("{} ", fit(&name, columns.origin, glyphs.ellipsis))));
    }
    let before: usize = head.iter().map(Span::width).sum();
    let (text, message) = text(line, view);
    let mut rows = body(&text, message, hit, columns.cells.saturating_sub(before).max(8), columns, view);
    if let Some(note) = note.filter(|n| !n.is_empty()) {
        rows.push(vec![view.span(Role::Notice, format!("{} {note}", glyphs.arrow))]);
    }
    let row = |(at, spans): (usize, Vec<Span<'a>>)| {
        let start = if at == 0 { head.clone() } else { vec![super::blank(before, view)] };
        Line::from(start.into_iter().chain(spans).collect::<Vec<_>>())
    };
    rows.into_iter().enumerate().map(row).collect()
}

/// When a line was written: by its own word, else as the wall tells the time now.
pub(in crate::ui) fn wall(line: &log::Line<'_>, view: &View<'_>) -> jiff::Timestamp {
    if line.timed { line.time } else { view.on_the_wall(line.time) }
}

/// The word for a level, in three letters.
pub(in crate::ui) fn level(level: Option<Level>) -> (&'static str, Role) {
    match level {
        Some(Level::Fatal) => ("FTL", Role::Unhealthy),
        Some(Level::Error) => ("ERR", Role::Unhealthy),
        Some(Level::Warn) => ("WRN", Role::Degraded),
        Some(Level::Info) => ("INF", Role::Dim),
        Some(Level::Debug) => ("DBG", Role::Dim),
        Some(Level::Trace) => ("TRC", Role::Dim),
        None => ("   ", Role::Dim),
    }
}

/// What is shown of a line, clean; and how many bytes of it are the message, before the fields.
fn text(line: &log::Line<'_>, view: &View<'_>) -> (String, usize) {
    let bytes = line.bytes.get(..MOST_BYTES).unwrap_or(line.bytes);
    if view.ui.logs.raw {
        let text = escaped(bytes).into_owned();
        let all = text.len();
        return (text, all);
    }
    let pattern = view.store.logs().lines().pattern(line.id.source);
    let body = pattern.and_then(|pattern| pattern.body(bytes)).unwrap_or_else(|| log::body(bytes));
    let mut text = clean(&body.message);
    let message = text.len();
    for (name, value) in &body.fields {
        text.push_str(&format!("  {}={}", clean(name), clean(value)));
    }
    (text, message)
}

/// Without control sequences; tabs keep their room.
fn clean(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let indent: String = text.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    let text = Text::line(&text.replace('\t', "    "));
    format!("{}{}", indent.replace('\t', "    "), text.as_str().trim_start())
}

/// The text in one row, scrolled, or in as many as it needs.
fn body<'a>(
    text: &str,
    message: usize,
    hit: bool,
    cells: usize,
    columns: &Columns,
    view: &View<'a>,
) -> Vec<Vec<Span<'a>>> {
    let marks = found(text, &columns.patterns);
    let pane = &view.ui.logs;
    let pieces: Vec<String> = if pane.wrap {
        if pane.raw { chop(text, cells) } else { wrap(text, cells) }.into_iter().take(MOST_ROWS).collect()
    } else {
        let skipped: String = text.chars().skip(pane.left).collect();
        let mark = view.theme.glyphs().ellipsis;
        vec![cut(&skipped, cells, mark).into_owned()]
    };
    let mut from = if pane.wrap { 0 } else { text.chars().take(pane.left).map(char::len_utf8).sum() };
    let mut rows = Vec::new();
    for piece in pieces {
        // Blanks between two rows are not drawn.
        from += text.get(from..).and_then(|rest| rest.find(&piece)).unwrap_or(0);
        let mut spans = Vec::new();
        let mut at = 0;
        // A piece may end in the mark of what was cut, which is no part of the text.
        for (start, role) in edges(from, from + piece.len(), message, &marks, hit) {
            let (start, end) = (start.start - from, (start.end - from).min(piece.len()));
            if let Some(part) = piece.get(start.max(at)..end) {
                spans.push(view.span(role, part.to_owned()));
                at = end;
            }
        }
        if let Some(rest) = piece.get(at..).filter(|rest| !rest.is_empty()) {
            spans.push(view.span(Role::Dim, rest.to_owned()));
        }
        from += piece.len();
        rows.push(spans);
    }
    rows
}

/// Where what is looked for stands.
fn found(text: &str, patterns: &[Regex]) -> Vec<std::ops::Range<usize>> {
    let mut marks: Vec<_> = patterns
        .iter()
        .flat_map(|p| p.find_iter(text.as_bytes()).take(40).map(|m| m.range()).collect::<Vec<_>>())
        .filter(|range| !range.is_empty() && text.is_char_boundary(range.start) && text.is_char_boundary(range.end))
        .collect();
    marks.sort_by_key(|range| range.start);
    marks
}

/// The parts of a piece, each in its role.
fn edges(
    from: usize,
    to: usize,
    message: usize,
    marks: &[std::ops::Range<usize>],
    hit: bool,
) -> Vec<(std::ops::Range<usize>, Role)> {
    let plain = |at: usize| if hit && at < message { Role::Text } else { Role::Dim };
    let mut parts = Vec::new();
    let mut at = from;
    let push = |start: usize, end: usize, role: Option<Role>, parts: &mut Vec<(std::ops::Range<usize>, Role)>| {
        if start >= end {
            return;
        }
        match role {
            Some(role) => parts.push((start..end, role)),
            None if start < message && end > message => {
                parts.push((start..message, plain(start)));
                parts.push((message..end, plain(message)));
            }
            None => parts.push((start..end, plain(start))),
        }
    };
    for mark in marks.iter().filter(|m| m.end > from && m.start < to) {
        let (start, end) = (mark.start.max(at), mark.end.min(to));
        push(at, start, None, &mut parts);
        push(start, end, Some(Role::Match), &mut parts);
        at = at.max(end);
    }
    push(at, to, None, &mut parts);
    parts
}
