//! The names of keys, and what people write instead: the habits of other programs are recognised and answered with the
//! form used here.

use super::key::{BadKey, Code, Key};
use crate::settings::word;

/// Keys that have names.
pub const NAMES: [(&str, Code); 17] = [
    ("enter", Code::Enter),
    ("esc", Code::Esc),
    ("space", Code::Char(' ')),
    ("tab", Code::Tab),
    ("backspace", Code::Backspace),
    ("delete", Code::Delete),
    ("insert", Code::Insert),
    ("up", Code::Up),
    ("down", Code::Down),
    ("left", Code::Left),
    ("right", Code::Right),
    ("home", Code::Home),
    ("end", Code::End),
    ("pageup", Code::PageUp),
    ("pagedown", Code::PageDown),
    ("minus", Code::Char('-')),
    ("plus", Code::Char('+')),
];

/// Words of other programs.
const HABITS: [(&str, &str); 20] = [
    ("return", "enter"),
    ("ret", "enter"),
    ("cr", "enter"),
    ("escape", "esc"),
    ("spc", "space"),
    ("bs", "backspace"),
    ("del", "delete"),
    ("ins", "insert"),
    ("page-up", "pageup"),
    ("page_up", "pageup"),
    ("pgup", "pageup"),
    ("prior", "pageup"),
    ("page-down", "pagedown"),
    ("page_down", "pagedown"),
    ("pgdn", "pagedown"),
    ("pgdown", "pagedown"),
    ("backtab", "shift-tab"),
    ("hyphen", "minus"),
    ("dash", "minus"),
    ("control", "ctrl"),
];

const MODIFIERS: [(&str, &str); 14] = [
    ("ctrl", "ctrl"),
    ("ctl", "ctrl"),
    ("control", "ctrl"),
    ("c", "ctrl"),
    ("^", "ctrl"),
    ("alt", "alt"),
    ("meta", "alt"),
    ("option", "alt"),
    ("opt", "alt"),
    ("m", "alt"),
    ("a", "alt"),
    ("shift", "shift"),
    ("s", "shift"),
    ("shft", "shift"),
];

const FORMS: &str = "keys are written `a`, `G`, `ctrl-x`, `alt-x`, `enter`, `pageup`, `f5`; several in a row with spaces \
                     between: `g g`";

/// What to say of a text that names no key.
pub fn misread(text: &str) -> BadKey {
    let message = format!("there is no key `{text}`");
    if let Some(help) = shifted(text) {
        return BadKey { message: format!("`{text}` is not a key that terminals send"), help };
    }
    let meant = translated(text).filter(|t| t != text);
    let near = || word::nearest(text, NAMES.iter().map(|(name, _)| *name)).map(str::to_owned);
    let help = match meant.or_else(near) {
        Some(key) => format!("did you mean `{key}`?"),
        None => FORMS.to_owned(),
    };
    BadKey { message, help }
}

/// What to say of several keys of which each can be understood: the whole sequence in the form used here.
pub fn whole_sequence(text: &str) -> Option<String> {
    let keys: Option<Vec<String>> = text.split_whitespace().map(translated).collect();
    keys.filter(|keys| keys.len() > 1).map(|keys| format!("did you mean `{}`?", keys.join(" ")))
}

/// Shift with a key that has no shifted form of its own.
fn shifted(text: &str) -> Option<String> {
    let rest = text.strip_prefix("shift-").or_else(|| text.strip_prefix("ctrl-shift-").filter(|r| !r.is_empty()))?;
    let key = Key::read(rest)?;
    let Code::Char(c) = key.code() else { return None };
    if c.is_alphabetic() {
        let c = c.to_lowercase();
        return Some(format!("terminals do not tell it from `ctrl-{c}`; write that"));
    }
    Some("write the character that the two type together, like `?` or `!`".into())
}

/// `C-x`, `<C-x>`, `^x`, `Ctrl+x`, `Enter`, `PgUp` in the form used here, if it makes a key.
fn translated(text: &str) -> Option<String> {
    let bare = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or(text);
    let mut written = String::new();
    let mut rest = bare;
    if let Some(after) = rest.strip_prefix('^').filter(|a| !a.is_empty() && !a.starts_with(['-', '+'])) {
        written.push_str("ctrl-");
        rest = after;
    }
    while let Some((modifier, after)) = rest.split_once(['-', '+', '_']).filter(|(_, after)| !after.is_empty()) {
        let lower = modifier.to_lowercase();
        let known = MODIFIERS.iter().find(|(theirs, _)| *theirs == lower).map(|(_, ours)| *ours);
        let near = || word::nearest(&lower, ["ctrl", "alt", "shift"]).filter(|_| lower.len() > 2);
        let Some(ours) = known.or_else(near) else { break };
        if !written.contains(ours) {
            written.push_str(ours);
            written.push('-');
        }
        rest = after;
    }
    let lower = rest.to_lowercase();
    let key = match HABITS.iter().find(|(theirs, _)| *theirs == lower) {
        Some((_, ours)) => ours,
        None if rest.chars().count() == 1 && !written.contains("ctrl") => rest,
        None => lower.as_str(),
    };
    written.push_str(key);
    Key::read(&written).map(|key| key.to_string())
}
