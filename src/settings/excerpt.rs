//! The line of a file around bad text, as it is shown: tabs spread out, control characters visible, secrets taken out,
//! long lines cut to a window, and the caret counted in cells of the screen. Finds nothing wrong by itself.

use std::ops::Range;

use unicode_width::UnicodeWidthStr;

use crate::model::fault::picture;

/// A line fit to be shown, and where the caret stands under it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The line.
    pub source: String,
    /// Cells before the bad text.
    pub caret: usize,
    /// Cells of the bad text, at least one.
    pub width: usize,
}

/// The most cells of a line that are shown.
const MOST_CELLS: usize = 140;
/// What is kept in sight before the bad text of a long line.
const LEAD: usize = 40;

/// Shows a line with the bad text at these bytes; what stands at the hidden ones (in order) becomes `•••`.
pub fn show(line: &str, bad: Range<usize>, hidden: &[Range<usize>]) -> Excerpt {
    // Nothing far from the bad text can come into the window; the cut bounds the work on lines of a megabyte.
    let far = MOST_CELLS * 8;
    let from = floor(line, bad.start.saturating_sub(far));
    let to = floor(line, bad.start.saturating_add(far));
    let part = |range: Range<usize>| {
        let range = range.start.clamp(from, to)..range.end.clamp(from, to);
        spell(line, range, hidden)
    };
    let before = part(from..bad.start);
    let marked = part(bad.start..bad.end.max(bad.start));
    let after = part(bad.end.max(bad.start)..to);
    let (caret, width) = (before.width(), marked.width().max(1));
    let source = format!("{before}{marked}{after}");
    if source.width() <= MOST_CELLS && from == 0 && to == line.len() {
        return Excerpt { source, caret, width };
    }
    let (head, caret) = match caret.checked_sub(LEAD) {
        Some(cut) if caret + width.min(LEAD) > MOST_CELLS => {
            let kept = skip_cells(&before, cut);
            (format!("…{kept}"), 1 + kept.width())
        }
        _ => (before, caret),
    };
    let room = MOST_CELLS.saturating_sub(caret + 1);
    let rest = format!("{marked}{after}");
    let shown = take_cells(&rest, room);
    let tail = if shown.len() < rest.len() || to < line.len() { "…" } else { "" };
    Excerpt { source: format!("{head}{shown}{tail}"), caret, width: width.min(shown.width()).max(1) }
}

/// The characters of a range as they are shown.
fn spell(line: &str, range: Range<usize>, hidden: &[Range<usize>]) -> String {
    let mut shown = String::new();
    for (at, c) in line.get(range.clone()).unwrap_or_default().char_indices() {
        let at = range.start + at;
        match (hidden.iter().find(|h| h.contains(&at)), c) {
            // Three dots whatever the length, which is a secret too.
            (Some(secret), _) if at == secret.start.max(range.start) => shown.push_str("•••"),
            (Some(_), _) => {}
            (None, '\t') => shown.push_str("    "),
            (None, c) => shown.push(picture(c)),
        }
    }
    shown
}

fn floor(line: &str, at: usize) -> usize {
    let mut at = at.min(line.len());
    while !line.is_char_boundary(at) {
        at -= 1;
    }
    at
}

fn take_cells(text: &str, most: usize) -> &str {
    let mut cells = 0;
    let end = text.char_indices().find(|(at, c)| {
        let next = at + c.len_utf8();
        cells += text.get(*at..next).map_or(0, UnicodeWidthStr::width);
        cells > most
    });
    text.get(..end.map_or(text.len(), |(at, _)| at)).unwrap_or_default()
}

fn skip_cells(text: &str, cells: usize) -> &str {
    text.get(take_cells(text, cells).len()..).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The line with the bad text between brackets, shown with the caret under it.
    fn shown(marked: &str, hidden: &[Range<usize>]) -> String {
        let (start, end) = (marked.find('⟦').unwrap(), marked.find('⟧').unwrap());
        let line = marked.replace(['⟦', '⟧'], "");
        let excerpt = show(&line, start..end - '⟦'.len_utf8(), hidden);
        format!("{}|{}{}", excerpt.source, " ".repeat(excerpt.caret), "^".repeat(excerpt.width))
    }

    #[test]
    fn the_caret_counts_cells_and_not_characters() {
        assert_eq!(shown("a = ⟦5⟧", &[]), "a = 5|    ^");
        assert_eq!(shown("\ta = ⟦5⟧", &[]), "    a = 5|        ^");
        assert_eq!(shown("日本 = ⟦\"語\"⟧", &[]), "日本 = \"語\"|       ^^^^");
        assert_eq!(shown("e\u{301} = ⟦x⟧", &[]), "e\u{301} = x|    ^");
        assert_eq!(shown("⟦\u{1b}[2J⟧ \0", &[]), "␛[2J ␀|^^^^");
    }

    #[test]
    fn a_hidden_part_keeps_neither_its_text_nor_its_length() {
        let secret = std::slice::from_ref(&(5..11));
        assert_eq!(shown("p = 'secret', ⟦x⟧ = 1", secret), "p = '•••', x = 1|           ^");
        assert_eq!(shown("p = ⟦'secret'⟧, x = 1", secret), "p = '•••', x = 1|    ^^^^^");
    }

    #[test]
    fn a_long_line_is_cut_to_a_window_around_the_bad_text() {
        let long = format!("{}⟦bad⟧{}", "é".repeat(5_000), "z".repeat(5_000));
        let told = shown(&long, &[]);
        let (line, caret) = told.split_once('|').unwrap();
        assert_eq!(line.width(), MOST_CELLS);
        assert_eq!(skip_cells(line, caret.find('^').unwrap()).get(..3), Some("bad"));
        assert!(line.starts_with("…é") && line.ends_with("z…"), "{line}");
        let wide = shown(&format!("x = ⟦{}⟧", "語".repeat(5_000)), &[]);
        assert!(wide.starts_with("x = 語") && wide.split('|').all(|l| l.width() <= MOST_CELLS), "{wide}");
    }
}
