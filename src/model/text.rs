//! Text that came from outside. A [`Text`] can only be made by cleaning, so a control sequence cannot reach the
//! screen, a log or a pipe: whoever holds one may print it. Escape sequences are dropped, other control characters
//! become visible pictures, bidirectional overrides vanish.

use std::fmt;

use anstyle_parse::{DefaultCharAccumulator, Parser, Perform};
use serde::{Deserialize, Deserializer, Serialize};

/// Cleaned text, safe to print anywhere.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, schemars::JsonSchema)]
#[serde(transparent)]
pub struct Text(Box<str>);

impl Text {
    /// One line: newlines and tabs become single spaces.
    pub fn line(raw: &str) -> Self {
        Self(clean(raw, false).into())
    }

    /// One line of at most `most` characters; a longer one ends in `…`.
    pub fn line_at_most(raw: &str, most: usize) -> Self {
        // A first cut by bytes bounds the work; four bytes are the longest character, eight leave room for sequences.
        let cleaned = clean(head(raw, most.saturating_mul(8)), false);
        Self(shorten(&cleaned, most).into())
    }

    /// Several lines, at most `most` characters; newlines stay, tabs become spaces.
    pub fn block(raw: &str, most: usize) -> Self {
        let cleaned = clean(head(raw, most.saturating_mul(8)), true);
        Self(shorten(&cleaned, most).into())
    }

    /// The cleaned text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(raw: &str) -> Self {
        Self::line(raw)
    }
}

impl From<String> for Text {
    fn from(raw: String) -> Self {
        Self::line(&raw)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(clean(&String::deserialize(deserializer)?, true).into()))
    }
}

/// The longest prefix of at most `most` bytes that ends at a character.
fn head(raw: &str, most: usize) -> &str {
    let mut end = most.min(raw.len());
    while !raw.is_char_boundary(end) {
        end -= 1;
    }
    raw.get(..end).unwrap_or_default()
}

fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

fn clean(raw: &str, newlines: bool) -> String {
    let plain = |c: char| !c.is_control() && !is_bidi(c);
    if raw.chars().all(|c| plain(c) || (newlines && c == '\n')) {
        return raw.trim_end().to_owned();
    }
    let mut sink = Sink { text: String::with_capacity(raw.len()), newlines };
    let mut parser = Parser::<DefaultCharAccumulator>::new();
    for byte in raw.bytes() {
        parser.advance(&mut sink, byte);
    }
    sink.text.truncate(sink.text.trim_end().len());
    sink.text
}

/// Characters that reorder what stands around them (Unicode's bidirectional controls) or hide in it.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

struct Sink {
    text: String,
    newlines: bool,
}

impl Sink {
    fn blank(&mut self) {
        if !self.text.ends_with([' ', '\n']) && !self.text.is_empty() {
            self.text.push(' ');
        }
    }
}

impl Perform for Sink {
    fn print(&mut self, c: char) {
        if c.is_control() {
            // C1 controls and DEL arrive here; some terminals still act on them.
            self.text.push('␡');
        } else if !is_bidi(c) {
            self.text.push(c);
        }
    }

    fn execute(&mut self, byte: u8) {
        match byte {
            b'\n' if self.newlines => self.text.push('\n'),
            b'\t' if self.newlines => self.text.push_str("    "),
            b'\n' | b'\r' | b'\t' => self.blank(),
            0..=0x1f => self.text.push(char::from_u32(0x2400 + u32::from(byte)).unwrap_or('␀')),
            _ => self.text.push('␡'),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn escape_sequences_are_dropped_and_the_words_stay() {
        assert_eq!(Text::line("\x1b[31mred\x1b[0m and \x1b]8;;http://x\x07link\x1b]8;;\x07").as_str(), "red and link");
    }

    #[test]
    fn newlines_become_blanks_in_a_line_and_stay_in_a_block() {
        assert_eq!(Text::line("a\r\n\tb").as_str(), "a b");
        assert_eq!(Text::block("a\n\tb", 99).as_str(), "a\n    b");
    }

    #[test]
    fn a_long_line_ends_in_an_ellipsis() {
        assert_eq!(Text::line_at_most("abcdef", 4).as_str(), "abc…");
        assert_eq!(Text::line_at_most("äöüß", 4).as_str(), "äöüß");
    }

    #[test]
    fn overrides_of_the_writing_direction_vanish() {
        assert_eq!(Text::line("safe\u{202e}gpj.exe").as_str(), "safegpj.exe");
    }

    proptest! {
        #[test]
        fn no_text_holds_a_control_character(raw in any::<Vec<u8>>()) {
            let text = Text::block(&String::from_utf8_lossy(&raw), 500);
            prop_assert!(text.as_str().chars().all(|c| c == '\n' || !c.is_control()));
        }
    }
}
