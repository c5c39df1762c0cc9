//! Walks over the members of a JSON object on one line without building anything. Checks no more grammar than it needs;
//! never allocates but to undo escapes.

use std::borrow::Cow;

use memchr::memchr2;

/// A value as it stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// What stands between the quotes, with its escapes.
    Text(&'a [u8]),
    /// A number, `true`, `false` or `null`.
    Bare(&'a [u8]),
    /// An object or an array.
    Nested(&'a [u8]),
}

impl<'a> Value<'a> {
    /// The value as people would compare it.
    pub fn plain(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bare(raw) | Self::Nested(raw) => Cow::Borrowed(raw),
            Self::Text(raw) if !raw.contains(&b'\\') => Cow::Borrowed(raw),
            Self::Text(raw) => {
                let quoted = [b"\"", raw, b"\""].concat();
                match serde_json::from_slice::<String>(&quoted) {
                    Ok(text) => Cow::Owned(text.into_bytes()),
                    Err(_) => Cow::Borrowed(raw),
                }
            }
        }
    }
}

/// The members of an object, in their order; ends at the first thing that is no JSON.
#[derive(Debug, Clone)]
pub(super) struct Members<'a> {
    rest: &'a [u8],
}

impl<'a> Members<'a> {
    /// Of a text that opens an object: `{` and a name, or nothing.
    pub fn of(text: &'a [u8]) -> Option<Self> {
        let inside = text.strip_prefix(b"{")?.trim_ascii_start();
        matches!(inside.first(), Some(b'"' | b'}')).then_some(Self { rest: inside })
    }

    /// What was not read yet; behind the last member of a whole object it begins with `}`.
    pub fn rest(&self) -> &'a [u8] {
        self.rest.trim_ascii_start()
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Value<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut rest = self.rest;
        while let [b',' | b' ' | b'\t', more @ ..] = rest {
            rest = more;
        }
        let (name, rest) = string(rest)?;
        let rest = skip_spaces(skip_spaces(rest).strip_prefix(b":")?);
        let (value, rest) = value(rest)?;
        self.rest = rest;
        Some((name, value))
    }
}

/// The values of an array, in their order; ends at the first thing that is no JSON.
#[derive(Debug, Clone)]
pub(super) struct Items<'a> {
    rest: &'a [u8],
}

impl<'a> Items<'a> {
    /// Of a text that opens an array.
    pub fn of(text: &'a [u8]) -> Option<Self> {
        Some(Self { rest: text.strip_prefix(b"[")? })
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        while let [b',' | b' ' | b'\t', more @ ..] = self.rest {
            self.rest = more;
        }
        if self.rest.starts_with(b"]") {
            return None;
        }
        let (value, rest) = value(self.rest)?;
        self.rest = rest;
        Some(value)
    }
}

/// The value at the head of a text, and what comes behind.
fn value(text: &[u8]) -> Option<(Value<'_>, &[u8])> {
    match text.first()? {
        b'"' => string(text).map(|(raw, rest)| (Value::Text(raw), rest)),
        b'{' | b'[' => {
            let (raw, rest) = text.split_at_checked(nested_end(text)?)?;
            Some((Value::Nested(raw), rest))
        }
        _ => {
            let end = text.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t'));
            let (raw, rest) = text.split_at_checked(end.unwrap_or(text.len()))?;
            Some((Value::Bare(raw), rest))
        }
    }
}

fn skip_spaces(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// What stands in the quotes at the head of a text, and what comes behind.
fn string(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = text.strip_prefix(b"\"")?;
    let mut from = 0;
    loop {
        let at = from + memchr2(b'"', b'\\', inside.get(from..)?)?;
        match inside.get(at)? {
            b'"' => return Some((inside.get(..at)?, inside.get(at + 1..)?)),
            _ => from = at + 2,
        }
    }
}

/// Where the object or array at the head of a text ends.
fn nested_end(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_u32, 0);
    loop {
        match text.get(at)? {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' => {
                let (raw, _) = string(text.get(at..)?)?;
                at += raw.len() + 1;
            }
            _ => {}
        }
        at += 1;
    }
}
