//! Values by name out of one line: members of a JSON object, `name=value` of logfmt, parts of an access log. Looks at
//! nothing but the line.

use std::borrow::Cow;

use memchr::memmem;

use super::access::{self, Access};
use super::json::{Members, Value};

/// The value of a field: of a JSON line by its name or by a path with dots, of a line of an access log also by what such
/// a line says without names, of any other line by `name=value`.
pub fn field<'a>(line: &'a [u8], name: &str) -> Option<Cow<'a, [u8]>> {
    match Members::of(line.trim_ascii_start()) {
        Some(members) => member(members, name.as_bytes()),
        None => plain(line, name).map(Cow::Borrowed),
    }
}

fn plain<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let pair = pair(line, name.as_bytes());
    if pair.is_none() && !access::is_name(name) {
        return None;
    }
    // What a client sent is no field, even if it looks like one.
    Access::of(line).map_or(pair, |access| access.field(name))
}

fn member<'a>(members: Members<'a>, name: &[u8]) -> Option<Cow<'a, [u8]>> {
    for (key, value) in members {
        if key == name {
            return Some(value.plain());
        }
        // A name with a dot may be a name or a path.
        let inner = name.strip_prefix(key).and_then(|rest| rest.strip_prefix(b"."));
        if let (Some(inner), Value::Nested(raw)) = (inner, value)
            && let Some(found) = Members::of(raw).and_then(|m| member(m, inner))
        {
            return Some(found);
        }
    }
    None
}

/// The value of `name=value` or `name="some value"`, where the name stands for itself.
pub(super) fn pair<'a>(line: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    if name.is_empty() {
        return None;
    }
    memmem::find_iter(line, name).find_map(|at| {
        let before = at.checked_sub(1).and_then(|i| line.get(i));
        let alone = before.is_none_or(|b| matches!(b, b' ' | b'\t' | b',' | b';' | b'[' | b'(' | b'{' | b'|'));
        let rest = line.get(at + name.len()..)?.strip_prefix(b"=")?;
        alone.then(|| value(rest).0)
    })
}

/// The value behind a `=` and how many bytes it takes with its quotes.
pub(super) fn value(text: &[u8]) -> (&[u8], usize) {
    if let Some(inside) = text.strip_prefix(b"\"") {
        let mut escaped = false;
        let end = inside.iter().position(|b| {
            let ends = *b == b'"' && !escaped;
            escaped = *b == b'\\' && !escaped;
            ends
        });
        let end = end.unwrap_or(inside.len());
        return (inside.get(..end).unwrap_or_default(), (end + 2).min(text.len()));
    }
    let end = text.iter().position(|b| matches!(b, b' ' | b'\t' | b',' | b';' | b']' | b')' | b'}'));
    let end = end.unwrap_or(text.len());
    (text.get(..end).unwrap_or_default(), end)
}
