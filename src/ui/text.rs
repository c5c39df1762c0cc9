//! Numbers, times and cut text, the same everywhere on the screen. Ages are short, units stand once, nothing wraps.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// `4s`, `12m`, `3h`, `2d`: the time from one moment to a later one. A moment that lies a little ahead gives `0s`; one
/// further ahead (the clock went back) `?`, for nobody knows.
pub fn age(from: Timestamp, now: Timestamp) -> String {
    let seconds = now.duration_since(from).as_secs();
    match seconds {
        ..-60 => "?".into(),
        -60..0 => "0s".into(),
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..172_800 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// When the text of an age changes next.
pub fn next_age(from: Timestamp, now: Timestamp) -> Duration {
    let seconds = now.duration_since(from).as_secs().max(0);
    let step = match seconds {
        0..60 => 1,
        60..3_600 => 60,
        _ => 3_600,
    };
    Duration::from_secs(u64::try_from(step - seconds % step).unwrap_or(1))
}

/// A latency in milliseconds without unit: `0.4`, `12`, `1 204`.
pub fn millis(latency: Duration) -> String {
    let millis = latency.as_secs_f64() * 1e3;
    if millis < 9.95 { format!("{millis:.1}") } else { thousands(millis.round() as u64) }
}

/// `1 204`: thousands apart, for reading.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// `99.8 %`; a hundred only when nothing at all was missed.
pub fn percent(share: f64) -> String {
    if share >= 1.0 { "100 %".into() } else { format!("{:.1} %", (share * 1000.0).floor() / 10.0) }
}

/// `14:02:09`, with the date when it is not today's.
pub fn time(at: Timestamp, now: Timestamp, zone: &TimeZone) -> String {
    let (at, now) = (at.to_zoned(zone.clone()), now.to_zoned(zone.clone()));
    let format = if at.date() == now.date() { "%H:%M:%S" } else { "%b %d %H:%M" };
    at.strftime(format).to_string()
}

/// `14:02 +08`: the clock of the header.
pub fn clock(now: Timestamp, zone: &TimeZone) -> String {
    now.to_zoned(zone.clone()).strftime("%H:%M %Z").to_string()
}

/// When the header's clock changes next.
pub fn next_minute(now: Timestamp) -> Duration {
    let next = now.round(jiff::TimestampRound::new().smallest(Unit::Minute).mode(jiff::RoundMode::Trunc));
    let spent = next.map_or(0, |start| now.duration_since(start).as_millis());
    Duration::from_millis(60_000_u64.saturating_sub(u64::try_from(spent).unwrap_or(0)).max(1))
}

/// A duration as a deck writes it: `5s`, `30m`.
pub fn span(duration: Duration) -> String {
    match duration.as_secs() {
        0 => format!("{}ms", duration.as_millis()),
        s @ 1..120 => format!("{s}s"),
        s @ 120..7_200 => format!("{}m", s / 60),
        s @ 7_200..172_800 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

/// Cells a text takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text, cut to `most` cells; what is cut ends in `ellipsis`.
pub fn cut<'t>(text: &'t str, most: usize, ellipsis: &str) -> std::borrow::Cow<'t, str> {
    if text.len() <= most || text.width() <= most {
        return text.into();
    }
    let room = most.saturating_sub(ellipsis.width());
    let mut kept = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        used += grapheme.width();
        if used > room {
            break;
        }
        kept.push_str(grapheme);
    }
    if most >= ellipsis.width() {
        kept.push_str(ellipsis);
    }
    kept.into()
}

/// The text cut or filled to exactly `cells`.
pub fn fit(text: &str, cells: usize, ellipsis: &str) -> String {
    let mut fitted = cut(text, cells, ellipsis).into_owned();
    let missing = cells.saturating_sub(fitted.width());
    fitted.extend(std::iter::repeat_n(' ', missing));
    fitted
}

/// The text at the right of exactly `cells`.
pub fn fit_right(text: &str, cells: usize) -> String {
    let missing = cells.saturating_sub(text.width());
    let mut fitted = " ".repeat(missing);
    fitted.push_str(&cut(text, cells, ""));
    fitted
}

/// The text in lines of at most `most` cells, broken at blanks where there are some.
pub fn wrap(text: &str, most: usize) -> Vec<String> {
    broken(text, most, |text| words(text).into_iter())
}

/// Words and what is between them; what closes a part of a sentence stays with the word before it.
fn words(text: &str) -> Vec<&str> {
    let closes = |piece: &str| matches!(piece, ";" | ":" | "," | "." | "!" | "?" | ")");
    let begins = text.split_word_bound_indices().filter(|(at, piece)| *at == 0 || !closes(piece));
    let mut begins: Vec<usize> = begins.map(|(at, _)| at).collect();
    begins.push(text.len());
    let pairs = begins.iter().zip(begins.iter().skip(1));
    pairs.filter_map(|(from, to)| text.get(*from..*to)).collect()
}

/// Parts with `between` them in lines of at most `most` cells. A part stays whole where it can, so that no value is torn
/// from its name.
pub fn flow(parts: &[String], between: &str, most: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for part in parts {
        match lines.last_mut() {
            Some(line) if line.width() + between.width() + part.width() <= most => {
                line.push_str(between);
                line.push_str(part);
            }
            _ => lines.extend(wrap(part, most)),
        }
    }
    lines
}

/// The text in lines of at most `most` cells, broken where they are full: for text that is shown as it is.
pub fn chop(text: &str, most: usize) -> Vec<String> {
    broken(text, most, std::iter::once)
}

/// Lines of at most `most` cells; a piece that does not fit any more begins a line, one that fits none is cut.
fn broken<'t, P: Iterator<Item = &'t str>>(text: &'t str, most: usize, pieces: impl Fn(&'t str) -> P) -> Vec<String> {
    let most = most.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        let mut used = 0;
        for piece in pieces(paragraph) {
            if used + piece.width() > most && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
                if piece.trim().is_empty() {
                    continue;
                }
            }
            for grapheme in piece.graphemes(true) {
                if used + grapheme.width() > most {
                    lines.push(std::mem::take(&mut line));
                    used = 0;
                }
                line.push_str(grapheme);
                used += grapheme.width();
            }
        }
        lines.push(line);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_begins_with_what_closes_the_one_before() {
        assert_eq!(wrap("the lock stays; go on", 14), ["the lock ", "stays; go on"]);
        assert_eq!(wrap("; odd", 8), ["; odd"]);
    }

    #[test]
    fn ages_are_short_and_never_negative() {
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let before = |s: i64| age(Timestamp::from_second(1_800_000_000 - s).unwrap(), now);
        assert_eq!(
            [before(4), before(59), before(60), before(7_300), before(200_000), before(-5), before(-61)],
            ["4s", "59s", "1m", "2h", "2d", "0s", "?"]
        );
    }

    #[test]
    fn latencies_keep_what_matters() {
        let text = |micros| millis(Duration::from_micros(micros));
        assert_eq!([text(400), text(12_345), text(1_204_000)], ["0.4", "12", "1 204"]);
    }

    #[test]
    fn almost_always_up_is_not_always_up() {
        assert_eq!([percent(1.0), percent(0.9999), percent(0.5)], ["100 %", "99.9 %", "50.0 %"]);
    }

    #[test]
    fn cutting_counts_cells_and_not_bytes() {
        assert_eq!(cut("größer", 4, "…"), "grö…");
        assert_eq!(cut("日本語", 4, "…"), "日…");
        assert_eq!(fit("日", 3, "…"), "日 ");
        assert_eq!(cut("abc", 0, "…"), "");
    }

    #[test]
    fn parts_stay_whole_where_they_can() {
        let parts = ["state up", "memory 1 of 2", "tasks 3"].map(str::to_owned);
        assert_eq!(flow(&parts, " - ", 24), ["state up - memory 1 of 2", "tasks 3"]);
        assert_eq!(flow(&parts, " - ", 8), ["state up", "memory 1", "of 2", "tasks 3"]);
    }

    #[test]
    fn wrapping_breaks_at_blanks_and_splits_what_is_too_long() {
        assert_eq!(wrap("one two three", 8), ["one two ", "three"]);
        assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
    }
}
