//! One key press, however the terminal reports it: read from keymaps, made from terminal events, and written back in
//! one form. Knows no commands.
//!
//! What terminals without extended keyboard protocols can send (VT102 control characters, xterm's ESC prefix for alt)
//! decides the normal form: a shifted letter is its capital, a letter with ctrl has no case.

use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::name::{NAMES, misread, whole_sequence};

/// Which key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Code {
    /// A key that types something; capitals stand for shifted letters.
    Char(char),
    /// A function key, from 1.
    Function(u8),
    /// `enter`
    Enter,
    /// `esc`
    Esc,
    /// `tab`
    Tab,
    /// `backspace`
    Backspace,
    /// `delete`
    Delete,
    /// `insert`
    Insert,
    /// `up`
    Up,
    /// `down`
    Down,
    /// `left`
    Left,
    /// `right`
    Right,
    /// `home`
    Home,
    /// `end`
    End,
    /// `pageup`
    PageUp,
    /// `pagedown`
    PageDown,
}

/// A key press in its normal form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    code: Code,
    ctrl: bool,
    alt: bool,
    shift: bool,
}

/// A text that names no key: what is wrong, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadKey {
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

impl Key {
    /// The normal form of a key with modifiers.
    pub fn new(code: Code, ctrl: bool, alt: bool, shift: bool) -> Self {
        let Code::Char(c) = code else { return Self { code, ctrl, alt, shift } };
        let c = match () {
            () if ctrl => single(c.to_lowercase()).unwrap_or(c),
            () if shift => single(c.to_uppercase()).unwrap_or(c),
            () => c,
        };
        // Of any other character the shift is already in the character.
        Self { code: Code::Char(c), ctrl, alt, shift: false }
    }

    /// The key of a terminal event; none for a key let go and for keys that keymaps do not know. Whether it repeats is
    /// told by `event.kind`.
    pub fn from_event(event: &KeyEvent) -> Option<Key> {
        if event.kind == KeyEventKind::Release {
            return None;
        }
        let has = |modifier| event.modifiers.contains(modifier);
        if has(KeyModifiers::SUPER) || has(KeyModifiers::HYPER) {
            return None;
        }
        let mut shift = has(KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(c) => Code::Char(c),
            KeyCode::BackTab => {
                shift = true;
                Code::Tab
            }
            KeyCode::F(n) => Code::Function(n),
            KeyCode::Enter => Code::Enter,
            KeyCode::Esc => Code::Esc,
            KeyCode::Tab => Code::Tab,
            KeyCode::Backspace => Code::Backspace,
            KeyCode::Delete => Code::Delete,
            KeyCode::Insert => Code::Insert,
            KeyCode::Up => Code::Up,
            KeyCode::Down => Code::Down,
            KeyCode::Left => Code::Left,
            KeyCode::Right => Code::Right,
            KeyCode::Home => Code::Home,
            KeyCode::End => Code::End,
            KeyCode::PageUp => Code::PageUp,
            KeyCode::PageDown => Code::PageDown,
            _ => return None,
        };
        Some(Key::new(code, has(KeyModifiers::CONTROL), has(KeyModifiers::ALT) || has(KeyModifiers::META), shift))
    }

    /// Reads `G`, `shift-g`, `ctrl-x`, `pageup`, `f5`.
    pub fn parse(text: &str) -> Result<Key, BadKey> {
        Key::read(text).ok_or_else(|| misread(text))
    }

    /// The same without a word on what is wrong.
    pub(super) fn read(text: &str) -> Option<Key> {
        let (mut ctrl, mut alt, mut shift) = (false, false, false);
        let mut rest = text;
        while let Some((modifier, after)) = rest.split_once('-').filter(|(m, after)| !m.is_empty() && !after.is_empty())
        {
            let seen = match modifier {
                "ctrl" => &mut ctrl,
                "alt" => &mut alt,
                "shift" => &mut shift,
                _ => return None,
            };
            if std::mem::replace(seen, true) {
                return None;
            }
            rest = after;
        }
        let code = code(rest)?;
        let shiftable = match code {
            Code::Char(c) => c.is_alphabetic() && !ctrl,
            _ => true,
        };
        (!shift || shiftable).then(|| Key::new(code, ctrl, alt, shift))
    }

    /// Reads keys pressed one after another, separated by spaces: `g g`.
    pub fn parse_sequence(text: &str) -> Result<Vec<Key>, BadKey> {
        let keys: Result<Vec<Key>, BadKey> = text.split_whitespace().map(Key::parse).collect();
        keys.map_err(|bad| BadKey { help: whole_sequence(text).unwrap_or(bad.help), ..bad })
    }

    /// Which key.
    pub fn code(self) -> Code {
        self.code
    }

    /// How many of ctrl, alt and shift are held with it; the shift of a capital does not count.
    pub fn modifiers(self) -> usize {
        [self.ctrl, self.alt, self.shift].into_iter().filter(|held| *held).count()
    }

    /// The character it types where text is entered.
    pub fn typed(self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }

    /// Why a terminal without an extended keyboard protocol cannot send it, if so: what it sends instead.
    pub fn sent_as(self) -> Option<&'static str> {
        match self.code {
            Code::Char(c) if self.ctrl => match c {
                'i' => Some("`tab`"),
                'm' => Some("`enter`"),
                '[' => Some("`esc`"),
                'a'..='z' | ' ' => None,
                _ => Some("something else, or nothing"),
            },
            Code::Enter | Code::Tab | Code::Esc | Code::Backspace if self.ctrl => Some("the key without `ctrl`"),
            Code::Enter | Code::Esc | Code::Backspace if self.shift => Some("the key without `shift`"),
            _ => None,
        }
    }
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

fn code(text: &str) -> Option<Code> {
    if let Some((_, code)) = NAMES.iter().find(|(name, _)| *name == text) {
        return Some(*code);
    }
    if let Some(number) = text.strip_prefix('f').and_then(|n| n.parse::<u8>().ok()) {
        return (1..=24).contains(&number).then_some(Code::Function(number));
    }
    let c = single(text.chars())?;
    (!c.is_control() && !c.is_whitespace()).then_some(Code::Char(c))
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (set, word) in [(self.ctrl, "ctrl-"), (self.alt, "alt-"), (self.shift, "shift-")] {
            if set {
                f.write_str(word)?;
            }
        }
        match self.code {
            Code::Function(n) => write!(f, "f{n}"),
            // Alone they are clear; after a modifier they would read like another hyphen.
            Code::Char(c @ ('-' | '+')) if !self.ctrl && !self.alt => write!(f, "{c}"),
            code => match NAMES.iter().find(|(_, named)| *named == code) {
                Some((name, _)) => f.write_str(name),
                None => match code {
                    Code::Char(c) => write!(f, "{c}"),
                    _ => Ok(()),
                },
            },
        }
    }
}

/// Keys pressed one after another, as keymaps write them.
pub fn sequence(keys: &[Key]) -> String {
    keys.iter().map(Key::to_string).collect::<Vec<_>>().join(" ")
}
