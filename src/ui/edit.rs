//! A line of text being typed, with a cursor. Moves by what people see as one character.

use unicode_segmentation::UnicodeSegmentation;

/// Longer input is not meant; it is cut.
const MOST: usize = 500;

/// The text and the cursor in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edit {
    before: String,
    after: String,
}

impl Edit {
    /// With the cursor at the end of a text.
    pub fn new(text: &str) -> Self {
        Self { before: text.to_owned(), after: String::new() }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        format!("{}{}", self.before, self.after)
    }

    /// Text before and after the cursor.
    pub fn parts(&self) -> (&str, &str) {
        (&self.before, &self.after)
    }

    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// Types one or more characters; control characters are dropped.
    pub fn insert(&mut self, text: &str) {
        let room = MOST.saturating_sub(self.before.len() + self.after.len());
        let clean = crate::model::Text::line_at_most(text, room);
        // Cleaning trims the end; a typed blank counts.
        if clean.as_str().is_empty() && text.starts_with(' ') && room > 0 {
            self.before.push(' ');
        } else {
            self.before.push_str(clean.as_str());
        }
    }

    /// Deletes the character before the cursor.
    pub fn delete_back(&mut self) {
        let end = self.before.grapheme_indices(true).next_back().map_or(0, |(at, _)| at);
        self.before.truncate(end);
    }

    /// Deletes the character under the cursor.
    pub fn delete_forward(&mut self) {
        let rest: String = self.after.graphemes(true).skip(1).collect();
        self.after = rest;
    }

    /// Deletes the word before the cursor and the blanks after it.
    pub fn delete_word(&mut self) {
        let kept = self.before.trim_end().rfind(char::is_whitespace).map_or(0, |at| at + 1);
        self.before.truncate(kept);
    }

    /// Deletes everything.
    pub fn delete_all(&mut self) {
        *self = Self::default();
    }

    /// Moves one character to the left.
    pub fn left(&mut self) {
        if let Some((at, grapheme)) = self.before.grapheme_indices(true).next_back() {
            self.after.insert_str(0, grapheme);
            self.before.truncate(at);
        }
    }

    /// Moves one character to the right.
    pub fn right(&mut self) {
        if let Some(grapheme) = self.after.graphemes(true).next().map(str::to_owned) {
            self.before.push_str(&grapheme);
            self.delete_forward();
        }
    }

    /// Moves to the start.
    pub fn start(&mut self) {
        *self = Self { before: String::new(), after: self.text() };
    }

    /// Moves to the end.
    pub fn end(&mut self) {
        *self = Self::new(&self.text());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn typing_and_deleting_go_by_visible_characters() {
        let mut edit = Edit::default();
        edit.insert("e\u{301}x");
        edit.delete_back();
        edit.delete_back();
        assert!(edit.is_empty());
        edit.insert("one two");
        edit.delete_word();
        assert_eq!(edit.text(), "one ");
        edit.left();
        edit.left();
        edit.insert("X");
        assert_eq!(edit.parts(), ("onX", "e "));
        edit.insert("\x1b[31m!");
        assert_eq!(edit.text(), "onX!e ");
    }
}
