//! Lines of logfmt as a whole: nothing but `name=value` and `name="some value"`. A line that holds anything else is text.

use super::field;
use super::json::Value;
use super::scan::Scan;

/// The pairs of a line in their order, if it has two at least and nothing else.
pub(super) fn pairs(text: &[u8]) -> Option<Vec<(&[u8], Value<'_>)>> {
    let mut rest = Scan(text.trim_ascii());
    let mut found = Vec::new();
    while !rest.0.is_empty() {
        let name = rest.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@' | b'-' | b'/'));
        if name.is_empty() || rest.eat(b'=').is_none() {
            return None;
        }
        if rest.peek() == Some(b'"') {
            let (raw, length) = field::value(rest.0);
            rest.skip(length);
            if rest.peek().is_some_and(|b| !b.is_ascii_whitespace()) {
                return None;
            }
            found.push((name, Value::Text(raw)));
        } else {
            found.push((name, Value::Bare(rest.take_while(|b| !b.is_ascii_whitespace()))));
        }
        rest.take_while(u8::is_ascii_whitespace);
    }
    (found.len() > 1).then_some(found)
}
