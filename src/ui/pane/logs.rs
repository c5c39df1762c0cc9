//! The logs pane: lines of several logs in one order, how many there were over time, and which logs are not heard now.

mod bars;
mod line;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use super::empty;
use crate::command::Command;
use crate::log::LineId;
use crate::model::{Health, LogSpec, LogState};
use crate::store::logs::{Drift, Heard};
use crate::theme::Role;
use crate::ui::logs::window::{MOST_NEW, Window, new_lines, window};
use crate::ui::logs::{LogPane, chosen, context_now, prompt, shown};
use crate::ui::text::{age, cut, span, thousands, width};
use crate::ui::{Pane, View};
pub use bars::buckets;
use line::Columns;
pub(in crate::ui) use line::{level, wall};

/// From so many rows on there is room for bars.
const ROOM_FOR_BARS: u16 = 12;
/// In the place of a row that is no line.
const NO_LINE: usize = usize::MAX;
/// Logs that are told to be away, a line each.
const MOST_TOLD: usize = 3;

/// Draws the pane.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    let inner = view.framed(buffer, area, Pane::Logs, title(view), how(view));
    let (bars, lines, told) = areas(inner, view);
    for ((spec, heard), y) in troubles(view).into_iter().zip(told.y..told.bottom()) {
        buffer.set_line(told.x, y, &trouble(spec, heard, usize::from(told.width), view), told.width);
    }
    if let Some(why) = why_empty(view) {
        return empty(buffer, lines, &why, view);
    }
    bars::draw(buffer, bars, view);
    let window = window(view.store, view.ui, usize::from(lines.height));
    draw_lines(buffer, lines, &window, view);
}

/// Rows of lines that the pane has room for, as large as the screen is now.
pub fn room(area: Rect, view: &View<'_>) -> usize {
    let inner = Rect { height: area.height.saturating_sub(2), width: area.width.saturating_sub(2), ..area };
    usize::from(areas(inner, view).1.height).max(1)
}

/// Bars, lines, and the logs that are not heard.
fn areas(inner: Rect, view: &View<'_>) -> (Rect, Rect, Rect) {
    let told = u16::try_from(troubles(view).len()).unwrap_or(0).min(inner.height / 3);
    let bars = if inner.height >= ROOM_FOR_BARS && !view.ui.logs.no_bars { bars::HEIGHT } else { 0 };
    let height = inner.height.saturating_sub(told + bars);
    (
        Rect { height: bars, ..inner },
        Rect { y: inner.y + bars, height, ..inner },
        Rect { y: inner.bottom() - told, height: told, ..inner },
    )
}

/// What is looked at: ` logs · sales · app unit · level ≥ warn `.
fn title<'a>(view: &View<'a>) -> Line<'a> {
    let dot = view.theme.glyphs().separator;
    let pane = &view.ui.logs;
    let mut spans = vec![view.span(Role::Title, " logs")];
    let what = match (pane.wide, crate::ui::rows::selected(view.store, view.ui, view.now)) {
        (false, Some(service)) => service.declared().id.name.to_string(),
        (false, None) => "no service".to_owned(),
        (true, _) => view.environment().map_or_else(String::new, |e| format!("all of {}", e.id)),
    };
    spans.push(view.span(Role::Strong, format!(" {dot} {what} ")));
    let (all, some) = (chosen(view.store, view.ui, view.now).len(), shown(view.store, view.ui, view.now));
    if some.len() < all {
        spans.push(view.span(Role::Accent, format!("{dot} {} of {all} logs ", some.len())));
    } else if let [one] = some.as_slice() {
        spans.push(view.span(Role::Dim, format!("{dot} {} ", one.id.name)));
    }
    spans.extend(choices(pane, view).into_iter().map(|words| view.span(Role::Accent, format!("{dot} {words} "))));
    Line::from(spans)
}

/// The filter, the level, the trace and what is searched for.
fn choices(pane: &LogPane, view: &View<'_>) -> Vec<String> {
    let at_least = if view.theme.glyphs().set == crate::theme::GlyphSet::Ascii { ">=" } else { "≥" };
    let ellipsis = view.theme.glyphs().ellipsis;
    let mut words = Vec::new();
    if let Some((trace, _)) = &pane.trace {
        words.push(format!("trace {}", cut(trace, 20, ellipsis)));
    } else if let Some(filter) = &pane.filter {
        words.push(format!("/{}", cut(&filter.text, 40, ellipsis)));
    }
    if let Some(level) = pane.least {
        words.push(format!("level {at_least} {}", level.word()));
    }
    let context = context_now(view.ui);
    let is_typed = pane.filter.as_ref().is_some_and(|f| f.context.is_some()) || prompt(view.ui).is_some();
    if context > 0 && !is_typed {
        words.push(format!("{context} around"));
    }
    if let Some(find) = &pane.find {
        let hits = view
            .store
            .logs()
            .hits()
            .map_or_else(String::new, |n| format!(" {}{}", view.theme.glyphs().times, thousands(n)));
        words.push(format!("find {}{hits}", cut(&find.text, 24, ellipsis)));
    }
    words
}

/// Whether it follows, and how much came since it does not.
fn how<'a>(view: &View<'a>) -> Line<'a> {
    let logs = view.store.logs();
    let mut parts = Vec::new();
    if logs.is_searching() {
        parts.push((Role::Accent, "searching".to_owned()));
    } else if logs.wish().filter.is_some() {
        parts.push((Role::Dim, format!("{} pass", thousands(logs.count()))));
    }
    let heard = shown(view.store, view.ui, view.now).into_iter().filter_map(|s| logs.heard(&s.id));
    let rate: f64 = heard.map(|h| h.rate(view.now)).sum();
    if rate >= 0.95 {
        parts.push((Role::Dim, format!("{}/s", thousands(rate.round() as u64))));
    }
    if view.ui.logs.at.is_some() {
        parts.push(match new_lines(view.store, view.ui) {
            0 => (Role::Dim, "paused".to_owned()),
            new if new > MOST_NEW => (Role::Notice, format!("more than {} new", thousands(MOST_NEW as u64))),
            new => (Role::Notice, format!("{} new", thousands(new as u64))),
        });
    } else {
        let last = logs.span().map(|(_, last)| age(last, view.now)).filter(|age| age != "?");
        parts.push((Role::Dim, last.map_or("following".to_owned(), |age| format!("following, last line {age}"))));
    }
    let dot = format!("{} ", view.theme.glyphs().separator);
    let mut spans = vec![view.span(Role::Dim, " ")];
    for (at, (role, words)) in parts.into_iter().enumerate() {
        if at > 0 {
            spans.push(view.span(Role::Dim, dot.clone()));
        }
        spans.push(view.span(role, format!("{words} ")));
    }
    Line::from(spans)
}

/// Why there is nothing to show, and what to do.
fn why_empty(view: &View<'_>) -> Option<String> {
    let logs = view.store.logs();
    if logs.declared().is_empty() {
        return Some("the deck has no logs; add logs.app = { file = \"/var/log/shop/app.log\" } to a service".into());
    }
    let all = chosen(view.store, view.ui, view.now);
    if all.is_empty() {
        let key = view.key(Command::AllLogs);
        let name = crate::ui::rows::selected(view.store, view.ui, view.now).map(|s| s.declared().id.name.to_string());
        return Some(match name.filter(|_| !view.ui.logs.wide) {
            Some(name) => format!("{name} has no logs in the deck; {key} shows those of the whole environment"),
            None if view.ui.logs.wide => "the environment has no logs in the deck".into(),
            None => format!("no service is selected; {key} shows the logs of the whole environment"),
        });
    }
    let some = shown(view.store, view.ui, view.now);
    if some.is_empty() {
        return Some(format!(
            "all {} logs are left out; {} brings them back",
            all.len(),
            view.key(Command::ChooseLogs)
        ));
    }
    if logs.backward(None).next().is_some() {
        return None;
    }
    if logs.wish().filter.is_some() {
        let held: u64 = logs.sources().iter().map(|id| logs.lines().lines(*id)).sum();
        return Some(match (logs.is_searching(), prompt(view.ui).is_some()) {
            (true, _) => "searching".into(),
            (false, true) => format!("none of {} lines passes", thousands(held)),
            (false, false) => {
                format!("none of {} lines passes the filter; {} drops it", thousands(held), view.key(Command::Back))
            }
        });
    }
    let heard: Vec<&Heard> = some.iter().filter_map(|spec| logs.heard(&spec.id)).collect();
    let is_connecting = heard.iter().any(|h| *h.state() == LogState::Connecting);
    Some(match (heard.is_empty(), is_connecting) {
        (true, _) => "not followed yet".into(),
        (false, true) => "connecting".into(),
        (false, false) => "nothing is written there".into(),
    })
}

/// The logs that are not heard as they should be, or whose times cannot be right, the longest ago first.
fn troubles<'a>(view: &View<'a>) -> Vec<(&'a LogSpec, &'a Heard)> {
    let logs = view.store.logs();
    let all = shown(view.store, view.ui, view.now);
    let heard = all.into_iter().filter_map(|spec| Some((&**spec, logs.heard(&spec.id)?)));
    let is_well = |h: &Heard| matches!(h.state(), LogState::Live | LogState::Connecting) && h.drift().is_none();
    let mut told: Vec<_> = heard.filter(|(_, h)| !is_well(h)).collect();
    told.sort_by_key(|(_, heard)| heard.since());
    told.truncate(MOST_TOLD);
    told
}

/// That times are wrong, in words.
pub(in crate::ui) fn drift_words(drift: Drift) -> String {
    match drift {
        Drift::Ahead(by) => format!("its times lie {} ahead of this machine: a clock or a zone is wrong", span(by)),
        Drift::Behind(by) => {
            format!("its times lie {} behind this machine: a clock or a zone is wrong, or lines wait there", span(by))
        }
    }
}

/// The state that a log is drawn in.
pub(in crate::ui) fn health(state: &LogState) -> Health {
    match state {
        LogState::Live => Health::Healthy,
        LogState::Connecting => Health::Unknown,
        LogState::Absent(_) => Health::Paused,
        LogState::Silent(_) => Health::Stale,
        LogState::Lost(_) | LogState::Denied(_) => Health::Unhealthy,
    }
}

fn trouble<'a>(spec: &LogSpec, heard: &Heard, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let origin = line::origin(spec, view);
    let (health, head, why) = match (heard.drift(), heard.state()) {
        (Some(drift), LogState::Live) => (Health::Degraded, origin, drift_words(drift)),
        (_, state) => {
            let why = state.why().map(ToString::to_string).unwrap_or_default();
            (health(state), format!("{origin} {} {}", state.word(), age(heard.since(), view.now)), why)
        }
    };
    let head = format!(" {} {head}  ", glyphs.health(health));
    let why = cut(&why, cells.saturating_sub(width(&head)), glyphs.ellipsis).into_owned();
    Line::from(vec![view.span(health.into(), head), view.span(Role::Text, why)])
}

/// What stands where: the rows from the top, each with the place of its line in the window. Laid out so that the line under the cursor is in its row, and no room is left that lines could fill.
fn lay<'a>(area: Rect, window: &Window, view: &View<'a>) -> Vec<(usize, Line<'a>)> {
    let logs = view.store.logs();
    let columns = Columns::plan(window, usize::from(area.width), view);
    let room = usize::from(area.height);
    let drawn = |id: &LineId, hit: bool| logs.lines().line(*id).map(|l| line::lines(&l, hit, &columns, view));
    let mut rows: Vec<(usize, Line<'a>)> = Vec::new();
    let mut first_of_cursor = 0;
    let context = context_now(view.ui);
    // Above the cursor no more than the room is ever seen.
    let from = window.at.saturating_sub(room);
    for (index, (id, hit)) in window.lines.iter().enumerate().skip(from) {
        let before = index.checked_sub(1).and_then(|before| window.lines.get(before));
        if context > 0 && before.is_some_and(|(before, _)| !are_neighbours(*before, *id, view)) {
            let words = format!(" {}", view.theme.glyphs().rule.repeat(columns.before()));
            rows.push((NO_LINE, Line::from(view.span(Role::Dim, words))));
        }
        if index == window.at {
            first_of_cursor = rows.len();
        }
        if let Some(dropped) = logs.begins_here(*id) {
            rows.push((NO_LINE, begin(*id, dropped, columns.cells(), view)));
        }
        rows.extend(drawn(id, *hit).into_iter().flatten().map(|line| (index, line)));
        if index > window.at && rows.len() >= first_of_cursor + room {
            break;
        }
    }
    let last = rows.len().saturating_sub(room);
    let top = match window.row {
        None => last,
        Some(row) => first_of_cursor.saturating_sub(row.min(room.saturating_sub(1))).min(last),
    };
    rows.drain(..top);
    rows.truncate(room);
    rows
}

/// Whether nothing lies between two lines of what is looked at.
fn are_neighbours(one: LineId, next: LineId, view: &View<'_>) -> bool {
    let logs = view.store.logs();
    let behind = logs.lines().line(one).map(|line| line.place.next());
    logs.lines().forward(logs.sources(), behind).next().is_some_and(|line| line.id == next)
}

fn draw_lines(buffer: &mut Buffer, area: Rect, window: &Window, view: &View<'_>) {
    let laid = lay(area, window, view);
    let reads = view.ui.logs.at.is_some() && view.has_cursor(Pane::Logs);
    for ((index, line), y) in laid.iter().zip(area.y..area.bottom()) {
        super::row(buffer, area, y, line, reads && *index == window.at, view);
    }
}

/// The line drawn in a row of the pane, counted from the first row inside its frame.
pub fn line_at(area: Rect, row: usize, view: &View<'_>) -> Option<LineId> {
    let inner = Rect { height: area.height.saturating_sub(2), width: area.width.saturating_sub(2), ..area };
    let (bars, lines, _) = areas(inner, view);
    let window = window(view.store, view.ui, usize::from(lines.height));
    let at = row.checked_sub(usize::from(bars.height))?;
    let laid = lay(lines, &window, view);
    let (index, _) = laid.get(at)?;
    window.lines.get(*index).map(|(id, _)| *id)
}

/// That older lines of a log are not held.
fn begin<'a>(id: LineId, dropped: u64, cells: usize, view: &View<'a>) -> Line<'a> {
    let glyphs = view.theme.glyphs();
    let logs = view.store.logs();
    let name = logs.of(id).and_then(|id| logs.spec(id)).map(|spec| line::origin(spec, view)).unwrap_or_default();
    let words = match dropped {
        0 => format!(" {name}: older lines are not read "),
        dropped => format!(" {name}: {} older lines dropped to stay in bounds ", thousands(dropped)),
    };
    let rest = glyphs.rule.repeat(cells.saturating_sub(width(&words) + 2));
    let words = format!("{}{words}{rest}", glyphs.rule.repeat(2));
    Line::from(view.span(Role::Dim, cut(&words, cells, "").into_owned()))
}

fn blank<'a>(cells: usize, view: &View<'a>) -> Span<'a> {
    view.span(Role::Text, " ".repeat(cells))
}
