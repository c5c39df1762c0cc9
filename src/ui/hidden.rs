//! Text that is typed and not shown: a passphrase. Its characters never come out but in the one effect that needs them;
//! nothing here prints them, keeps a history of them, or lets a grown buffer leave a copy behind.

use std::fmt;

use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};

/// Longer input is not meant; bytes of one passphrase. The buffer has this size from the start, so that it never moves.
const MOST: usize = 1024;

/// A passphrase being typed. There is no cursor in it: characters come and go at the end.
pub struct Hidden(String);

impl Default for Hidden {
    fn default() -> Self {
        Self(String::with_capacity(MOST))
    }
}

impl Hidden {
    /// Types text. What is pasted often ends in a line break, which is not part of it; other control characters make
    /// the whole text no passphrase. Whether it was taken.
    pub fn insert(&mut self, text: &str) -> bool {
        let text = text.trim_end_matches(['\r', '\n']);
        if text.chars().any(char::is_control) || self.0.len() + text.len() > MOST {
            return false;
        }
        self.0.push_str(text);
        true
    }

    /// Deletes the last character.
    pub fn delete_back(&mut self) {
        self.0.pop();
    }

    /// Deletes everything.
    pub fn delete_all(&mut self) {
        self.0.zeroize();
    }

    /// Whether nothing is typed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many characters are typed.
    pub fn count(&self) -> usize {
        self.0.chars().count()
    }

    /// What was typed, for the one who needs it; nothing stays here.
    pub fn take(&mut self) -> Passphrase {
        let typed = Passphrase(SecretString::from(self.0.as_str()));
        self.delete_all();
        typed
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl Clone for Hidden {
    fn clone(&self) -> Self {
        let mut copy = Self::default();
        copy.0.push_str(&self.0);
        copy
    }
}

impl PartialEq for Hidden {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Hidden {}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hidden([redacted])")
    }
}

/// A passphrase that was typed.
#[derive(Clone)]
pub struct Passphrase(SecretString);

impl Passphrase {
    /// The value, for the one call that needs it.
    pub fn secret(&self) -> &SecretString {
        &self.0
    }
}

impl From<&str> for Passphrase {
    fn from(typed: &str) -> Self {
        Self(SecretString::from(typed))
    }
}

impl PartialEq for Passphrase {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose_secret() == other.0.expose_secret()
    }
}

impl Eq for Passphrase {}

impl fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Passphrase([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_comes_out_once_and_is_never_printed() {
        let mut hidden = Hidden::default();
        assert!(hidden.insert("hunter") && hidden.insert("22") && hidden.count() == 8);
        hidden.delete_back();
        assert!(!format!("{hidden:?}").contains("hunter"));
        let taken = hidden.take();
        assert_eq!(taken, Passphrase::from("hunter2"));
        assert!(hidden.is_empty() && !format!("{taken:?}").contains("hunter"));
    }

    #[test]
    fn the_line_break_of_a_pasted_passphrase_is_dropped_and_one_of_several_lines_is_not_taken() {
        let mut hidden = Hidden::default();
        assert!(hidden.insert("two words \r\n"));
        assert_eq!(hidden.clone().take(), Passphrase::from("two words "));
        assert!(!hidden.insert("one\ntwo") && !hidden.insert(&"x".repeat(MOST)));
        assert_eq!(hidden.count(), 10);
    }
}
