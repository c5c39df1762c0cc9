//! How many lines there were over time, and how many of them are warnings or worse: two rows of bars from the first line
//! that is held to now.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;

use crate::log::Level;
use crate::theme::Role;
use crate::ui::View;
use crate::ui::logs::window::cursor;
use crate::ui::text::{fit, span, thousands};

/// Rows.
pub const HEIGHT: u16 = 2;
/// Cells before and behind the bars.
const NAME: u16 = 9;
const MOST: u16 = 23;
const FRAME: u16 = 2;

/// Buckets for a pane of so many cells, its frame among them; none where they would say nothing.
pub fn buckets(cells: u16) -> usize {
    usize::from(cells.saturating_sub(NAME + MOST + FRAME)).min(240)
}

/// Draws them.
pub fn draw(buffer: &mut Buffer, area: Rect, view: &View<'_>) {
    let Some(bars) = view.store.logs().bars().filter(|_| area.height >= HEIGHT) else { return };
    let all: Vec<u64> = bars.counts.iter().map(|levels| levels.iter().map(|n| u64::from(*n)).sum()).collect();
    let bad = |levels: &[u32; 7]| levels.iter().skip(Level::Warn as usize).map(|n| u64::from(*n)).sum();
    let bad: Vec<u64> = bars.counts.iter().map(bad).collect();
    let long = bars.to.duration_since(bars.from).unsigned_abs();
    let each = long / u32::try_from(all.len().max(1)).unwrap_or(1);
    let at = cursor(view.store, view.ui).filter(|_| view.ui.logs.at.is_some()).map(|place| {
        let into = place.time().duration_since(bars.from).as_secs_f64().max(0.0);
        ((into / long.as_secs_f64().max(1e-6)) * all.len() as f64) as usize
    });
    let (from, zone) = (view.on_the_wall(bars.from), view.zone());
    let day = |at: jiff::Timestamp| at.to_zoned(zone.clone()).date();
    let format = if day(from) == day(view.on_the_wall(view.now)) { "%H:%M" } else { "%b %d %H:%M" };
    let from = from.to_zoned(zone.clone()).strftime(format);
    let rows = [
        ("lines", &all, Role::Spark, format!(" {} a bar from {from}", span(each))),
        ("warn+", &bad, Role::Degraded, String::new()),
    ];
    for ((name, counts, role, words), y) in rows.into_iter().zip(area.y..) {
        let most = counts.iter().copied().max().unwrap_or(0);
        let mut spans = vec![view.span(Role::Dim, format!(" {}", fit(name, usize::from(NAME) - 2, "")))];
        spans.push(view.span(Role::Text, " "));
        for (place, count) in counts.iter().enumerate() {
            let role = if at == Some(place) { Role::Accent } else { role };
            spans.push(view.span(role, step(*count, most, at == Some(place), view)));
        }
        let peak = || if most > 0 { format!(" at most {}", thousands(most)) } else { " none".to_owned() };
        let words = if words.is_empty() { peak() } else { words };
        spans.push(view.span(Role::Dim, fit(&words, usize::from(MOST), "")));
        buffer.set_line(area.x, y, &Line::from(spans), area.width);
    }
}

fn step<'a>(count: u64, most: u64, is_here: bool, view: &View<'a>) -> &'a str {
    let glyphs = view.theme.glyphs();
    if count == 0 || most == 0 {
        return if is_here { glyphs.column } else { " " };
    }
    let last = glyphs.spark.len() as u64 - 1;
    let at = usize::try_from((count * last).div_ceil(most)).unwrap_or(0);
    glyphs.spark.get(at).copied().unwrap_or(" ")
}
