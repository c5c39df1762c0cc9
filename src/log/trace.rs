//! The correlation id of a line, which services hand on from one to the next. Knows the names and forms in which it is
//! written; never takes any other number for one.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::{memchr, memchr_iter, memmem};
use regex::bytes::Regex;

use super::json::{Members, Value};
use super::pairs::pairs;
use super::scan::Scan;

/// Shorter ones are of no use to find anything by.
const LEAST: usize = 6;
/// Longer ones are something else.
const MOST: usize = 128;
/// How far into a text it is looked for.
const REACH: usize = 8 * 1024;

/// The correlation id that a line carries. Where it carries several, that of a trace goes before that of a correlation,
/// and both before that of a request or a transaction.
pub fn trace(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let text = line.get(..REACH).unwrap_or(line);
    object(line)
        .or_else(|| logfmt(line))
        .or_else(|| parent(text).or_else(|| spring(text)).or_else(|| spoken(text)).map(Cow::Borrowed))
}

/// The best of the members, of a JSON object anywhere in the line.
fn object(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let open = memchr_iter(b'{', line).take(4).find_map(|at| {
        let members = Members::of(line.get(at..)?)?;
        members.clone().next().map(|_| members)
    })?;
    let mut best = None;
    for (name, value) in open {
        judge(name, value, &mut best);
        if let Value::Nested(raw) = value
            && let Some(inner) = Members::of(raw)
        {
            for (key, value) in inner {
                judge(key, value, &mut best);
                judge(&[name, b".", key].concat(), value, &mut best);
            }
        }
    }
    best.map(|(_, id)| id)
}

fn logfmt(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let mut best = None;
    for (name, value) in pairs(line)? {
        judge(name, value, &mut best);
    }
    best.map(|(_, id)| id)
}

/// Keeps the id if it is better than the best so far; of equals the first.
fn judge<'a>(name: &[u8], value: Value<'a>, best: &mut Option<(u8, Cow<'a, [u8]>)>) {
    let Some(rank) = rank(name) else { return };
    if best.as_ref().is_some_and(|(before, _)| *before <= rank) || matches!(value, Value::Nested(_)) {
        return;
    }
    let id = match value.plain() {
        Cow::Borrowed(id) => parent(id).or(Some(id)).map(|id| Cow::Borrowed(last_of_path(id))),
        Cow::Owned(id) => Some(Cow::Owned(id)),
    };
    if let Some(id) = id.filter(|id| is_id(id)) {
        *best = Some((rank, id));
    }
}

/// `projects/shop/traces/0af7651916cd43dd8448eb211c80319c`
fn last_of_path(id: &[u8]) -> &[u8] {
    match memmem::rfind(id, b"/traces/") {
        Some(at) => id.get(at + b"/traces/".len()..).unwrap_or_default(),
        None => id,
    }
}

/// What a name names, smaller is better: `trace_id`, `TraceId` and `trace.id` are the same.
pub(super) fn rank(name: &[u8]) -> Option<u8> {
    let mut small = [0_u8; 28];
    let mut length = 0;
    for byte in name.iter().filter(|b| !matches!(b, b'_' | b'-' | b'.')) {
        *small.get_mut(length)? = byte.to_ascii_lowercase();
        length += 1;
    }
    Some(match small.get(..length)? {
        b"traceid"
        | b"@tr"
        | b"ddtraceid"
        | b"oteltraceid"
        | b"xb3traceid"
        | b"traceparent"
        | b"xtraceid"
        | b"loggoogleapiscom/trace"
        | b"logginggoogleapiscom/trace"
        | b"xamzntraceid" => 0,
        b"correlationid" | b"xcorrelationid" | b"correlation" | b"corr" | b"corrid" | b"operationid" => 1,
        b"requestid" | b"xrequestid" | b"reqid" | b"httprequestid" => 2,
        b"transactionid" => 3,
        _ => return None,
    })
}

fn is_hex(part: &[u8]) -> bool {
    part.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// The trace that Spring Boot puts in brackets before the logger, with the span behind it: `[…-…]`, of older ones
/// `[orders,…,…]`.
fn spring(text: &[u8]) -> Option<&[u8]> {
    memchr_iter(b'[', text).take(6).find_map(|at| {
        let inside = text.get(at + 1..)?;
        let (inside, _) = inside.split_at_checked(memchr(b']', inside.get(..128).unwrap_or(inside))?)?;
        let (pair, between) = match inside.get(32) {
            Some(b'-') => (inside, b'-'),
            _ => (inside.get(memchr(b',', inside)? + 1..)?, b','),
        };
        let mut parts = pair.splitn(2, |b| *b == between);
        let (id, span) = (parts.next()?, parts.next()?);
        let span = span.split(|b| *b == b',').next()?;
        (matches!(id.len(), 16 | 32) && span.len() == 16 && is_hex(id) && is_hex(span) && is_id(id)).then_some(id)
    })
}

/// The trace of a W3C traceparent in a text: the second part of `00-…-…-01`.
fn parent(text: &[u8]) -> Option<&[u8]> {
    memmem::find_iter(text, b"00-").find_map(|at| {
        let whole = text.get(at..at + 55)?;
        let before = at.checked_sub(1).and_then(|i| text.get(i)).is_none_or(|b| !b.is_ascii_alphanumeric());
        let behind = text.get(at + 55).is_none_or(|b| !b.is_ascii_alphanumeric());
        let (id, span) = (whole.get(3..35)?, whole.get(36..52)?);
        let divided = whole.get(35) == Some(&b'-') && whole.get(52) == Some(&b'-');
        let fits = divided && is_hex(id) && is_hex(span) && is_hex(whole.get(53..)?);
        (fits && before && behind && is_id(id)).then_some(id)
    })
}

/// A word of the trade with an id behind it: `corr=…`, `trace: …`, `request id …`, `request 8f14e45f-…`.
fn spoken(text: &[u8]) -> Option<&[u8]> {
    static WORDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
        let uuid = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}";
        let id = "[0-9a-z][0-9a-z_.:@|+=-]*[0-9a-z]";
        Regex::new(&format!(
            r#"(?i-u)(?:^|[^0-9a-z])(?:x-)?(?:trace|corr(?:elation)?|req(?:uest)?|transaction)(?:[ _.-]?id["']?\s*[=:#]?\s*["'(\[]?(?P<named>{id})|["']?\s*[=:#\[(]?\s*["']?(?P<uuid>{uuid}|[0-9a-f]{{32}})(?:$|[^0-9a-z])|)"#
        ))
        .ok()
    });
    static SHORT: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(
            r#"(?i-u)(?:^|[^0-9a-z])(?:trace|corr(?:elation)?)["']?[=:]\s?["']?(?P<id>[0-9a-z][0-9a-z_.:@|+=-]*)"#,
        )
        .ok()
    });
    let named = WORDS.as_ref()?.captures_iter(text).find_map(|found| {
        let id = found.name("named").or_else(|| found.name("uuid"))?.as_bytes();
        is_coined(id).then_some(id)
    });
    named.or_else(|| {
        SHORT.as_ref()?.captures_iter(text).find_map(|found| {
            let id = Scan(found.name("id")?.as_bytes()).take_while(|b| !matches!(b, b'=' | b'|' | b'+'));
            let id = id.strip_suffix(b".").or_else(|| id.strip_suffix(b":")).unwrap_or(id);
            is_coined(id).then_some(id)
        })
    })
}

/// Whether it is an id and no word of a sentence.
fn is_coined(id: &[u8]) -> bool {
    is_id(id) && id.iter().any(u8::is_ascii_digit)
}

/// Whether a text has the length and the bytes of an id.
pub(super) fn is_id(id: &[u8]) -> bool {
    (LEAST..=MOST).contains(&id.len())
        && id.iter().all(u8::is_ascii_graphic)
        // A trace that nobody began is all zeros.
        && id.iter().any(|b| !matches!(b, b'0' | b'-'))
}
