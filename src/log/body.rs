//! What is left to read of a line when its time and level stand in columns of their own: the message, and the fields of
//! JSON and logfmt. Alters no bytes but escapes; loses no text of a line that it cannot read.

use std::borrow::Cow;

use super::access::Access;
use super::head;
use super::json::{Items, Members, Value};
use super::level::Level;
use super::mark;
use super::pairs::pairs;
use super::scan::Scan;
use super::split::Splitter;
use super::stamp;
use super::template;

/// How many fields of a line are shown.
const MOST: usize = 24;
/// How many are looked at to find those.
const LOOKED: usize = 96;
/// How deep objects are taken apart.
const DEPTH: usize = 6;

/// What a line says beside its time and level.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Body<'a> {
    /// The message; of a line of text all that stands behind the stamp and the level.
    pub message: Cow<'a, [u8]>,
    /// The other values of a JSON or logfmt line by name, nested ones with dots, a stack trace last. None of a text.
    pub fields: Vec<Pair<'a>>,
}

/// A name and its value.
pub type Pair<'a> = (Cow<'a, [u8]>, Cow<'a, [u8]>);

type Leaf<'a> = (Cow<'a, [u8]>, Value<'a>);

/// Takes a line apart. Neither the message nor the fields are cleaned for a screen.
pub fn body(line: &[u8]) -> Body<'_> {
    if let Some(access) = Access::of(line) {
        return access.body();
    }
    let mut scan = Scan(line);
    scan.skip_colours();
    let rest = match head::head(scan) {
        Some(head) if head.stamp.is_sure() => head::behind(head).0,
        _ => scan.0,
    };
    object(rest).or_else(|| logfmt(rest)).unwrap_or_else(|| Body { message: Cow::Borrowed(rest), fields: Vec::new() })
}

fn object(text: &[u8]) -> Option<Body<'_>> {
    let mut members = Members::of(text)?;
    let mut leaves = Vec::new();
    collect(&mut members, &[], 0, &mut leaves);
    let whole = members.rest().strip_prefix(b"}").is_some_and(|rest| rest.trim_ascii().is_empty());
    if leaves.is_empty() || !(whole || text.ends_with(Splitter::CUT.as_bytes())) {
        return None;
    }
    Some(arrange(leaves, Some(text)))
}

fn logfmt(text: &[u8]) -> Option<Body<'_>> {
    let pairs = pairs(text)?;
    Some(arrange(pairs.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect(), None))
}

/// The values of an object with their names, those of objects inside with the names on the way to them.
fn collect<'a>(members: &mut Members<'a>, path: &[u8], depth: usize, leaves: &mut Vec<Leaf<'a>>) {
    for (name, value) in members {
        let name = Value::Text(name).plain();
        let name = if path.is_empty() { name } else { Cow::Owned([path, b".", &*name].concat()) };
        if let Value::Nested(raw) = value
            && depth < DEPTH
            && let Some(mut inner) = Members::of(raw).filter(|m| !m.rest().starts_with(b"}"))
        {
            collect(&mut inner, &name, depth + 1, leaves);
        } else if leaves.len() < LOOKED || message_rank(&name).is_some() || is_trace(&name) {
            leaves.push((name, value));
        }
    }
}

/// Tells message, time and level from what is left.
fn arrange<'a>(mut leaves: Vec<Leaf<'a>>, object: Option<&'a [u8]>) -> Body<'a> {
    if let Some(at) = leaves.iter().position(|(name, value)| mark::is_time(name) && is_stamp(*value)) {
        leaves.remove(at);
    }
    if let Some(at) = leaves.iter().position(|(name, value)| mark::is_key(name) && is_level(*value)) {
        leaves.remove(at);
    }
    let ranked = leaves.iter().enumerate().filter(|(_, (_, value))| !matches!(value, Value::Nested(_)));
    let best = ranked.filter_map(|(at, (name, _))| Some((message_rank(name)?, at))).min();
    let mut message = Cow::Borrowed(&b""[..]);
    if let Some((_, at)) = best {
        let (name, value) = leaves.remove(at);
        message = match object.filter(|_| matches!(&*name, b"@mt" | b"MessageTemplate")) {
            Some(object) => filled(value, object, &mut leaves),
            None => value.plain(),
        };
    }
    let (last, mut fields): (Vec<_>, Vec<_>) = leaves.into_iter().partition(|(name, _)| is_trace(name));
    fields.truncate(MOST.saturating_sub(last.len().min(4)));
    fields.extend(last.into_iter().take(4));
    Body {
        message: without_end(message),
        fields: fields.into_iter().map(|(name, value)| (name, value.plain())).collect(),
    }
}

/// A template with the values of its names, which are no fields then.
fn filled<'a>(value: Value<'a>, object: &'a [u8], leaves: &mut Vec<Leaf<'a>>) -> Cow<'a, [u8]> {
    let template = value.plain();
    if !template.contains(&b'{') {
        return template;
    }
    let find = |name: &[u8]| Members::of(object).and_then(|mut m| m.find(|(n, _)| *n == name)).map(|(_, v)| v);
    let properties = match find(b"Properties") {
        Some(Value::Nested(raw)) => Some(raw),
        _ => None,
    };
    let named = |name: &[u8]| {
        let inner = || Members::of(properties?)?.find(|(n, _)| *n == name).map(|(_, v)| v);
        find(name).or_else(inner).map(Value::plain)
    };
    let formatted = match find(b"@r") {
        Some(Value::Nested(raw)) => Items::of(raw),
        _ => None,
    };
    let rendered = template::render(&template, named, formatted.into_iter().flatten().map(Value::plain));
    leaves.retain(|(name, _)| {
        let name = name.strip_prefix(b"Properties.").unwrap_or(name);
        let used = |u: &Vec<u8>| name.strip_prefix(&**u).is_some_and(|rest| matches!(rest, [] | [b'.', ..]));
        name != b"@r" && !rendered.used.iter().any(used)
    });
    Cow::Owned(rendered.text)
}

fn without_end(text: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim_ascii_end()),
        Cow::Owned(mut text) => {
            text.truncate(text.trim_ascii_end().len());
            Cow::Owned(text)
        }
    }
}

/// The names that loggers give the message, the surest first.
fn message_rank(name: &[u8]) -> Option<usize> {
    const NAMES: &[&[u8]] = &[
        b"message",
        b"msg",
        b"@m",
        b"@mt",
        b"Message",
        b"MESSAGE",
        b"RenderedMessage",
        b"MessageTemplate",
        b"short_message",
        b"fields.message",
        b"jsonPayload.message",
        b"event",
        b"log",
        b"body",
        b"text",
    ];
    NAMES.iter().position(|known| *known == name)
}

/// Whether a name is that of an exception or a stack trace.
fn is_trace(name: &[u8]) -> bool {
    let last = name.rsplit(|b| *b == b'.').next().unwrap_or(name);
    matches!(
        last,
        b"@x"
            | b"exception"
            | b"Exception"
            | b"stack"
            | b"stack_trace"
            | b"stackTrace"
            | b"stacktrace"
            | b"StackTrace"
            | b"traceback"
            | b"exc_info"
            | b"error_stack"
    )
}

fn is_stamp(value: Value<'_>) -> bool {
    match value {
        Value::Text(text) => stamp::stamp(&mut Scan(text)).is_some(),
        Value::Bare(text) => {
            stamp::stamp(&mut Scan(text)).is_some()
                || (text.first().is_some_and(u8::is_ascii_digit) && text.contains(&b'e'))
        }
        Value::Nested(_) => false,
    }
}

fn is_level(value: Value<'_>) -> bool {
    match value {
        Value::Text(word) => Level::from_bytes(word).is_some(),
        Value::Bare(word) => Level::from_number(word).or_else(|| Level::from_bytes(word)).is_some(),
        Value::Nested(_) => false,
    }
}
