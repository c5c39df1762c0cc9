//! Fields of access logs: the common and the combined format of nginx and Apache, and what is added behind it as
//! `name=value` or as a number. Takes one line apart; reads no time and judges nothing.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter, memmem, memrchr};

use super::body::{Body, Pair};
use super::field::{pair, value};

/// The names that these lines have without saying them.
const NAMES: [&str; 11] =
    ["remote", "user", "method", "path", "query", "protocol", "status", "bytes", "referer", "agent", "latency"];

/// The head before the time is no longer: a syslog head, a virtual host, an address and a user.
const MOST_HEAD: usize = 512;

/// Whether it is a name that such a line need not say.
pub(super) fn is_name(name: &str) -> bool {
    NAMES.contains(&name)
}

/// A line of an access log, taken apart as far as every field needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Access<'a> {
    head: &'a [u8],
    request: &'a [u8],
    status: &'a [u8],
    bytes: &'a [u8],
    /// What stands behind the bytes.
    rest: &'a [u8],
}

impl<'a> Access<'a> {
    /// `192.0.2.1 - - [21/Nov/2026:18:46:24 +0000] "GET / HTTP/1.1" 502 157 …`, or nothing.
    pub fn of(line: &'a [u8]) -> Option<Self> {
        let window = line.get(..MOST_HEAD).unwrap_or(line);
        let open = memchr_iter(b'[', window).find(|open| line.get(open + 1..).is_some_and(is_time))?;
        let head = line.get(..open)?;
        let behind = line.get(open..)?;
        let behind = behind.get(memchr(b']', behind)? + 1..)?.strip_prefix(b" ")?;
        behind.strip_prefix(b"\"")?;
        let (request, taken) = value(behind);
        let (status, behind) = word(behind.get(taken..)?);
        let (bytes, rest) = word(behind);
        let is_status = status.len() == 3 && status.iter().all(u8::is_ascii_digit);
        is_status.then_some(Self { head, request, status, bytes, rest })
    }

    /// The value of a field. A dash stands for none.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        let found = match name {
            "remote" => self.who().0,
            "user" => self.who().1,
            "method" => self.request().0,
            "path" => self.request().1.split(|b| *b == b'?').next()?,
            "query" => {
                let target = self.request().1;
                target.get(memchr(b'?', target)? + 1..)?
            }
            "protocol" => self.request().2,
            "status" => self.status,
            "bytes" => self.bytes,
            "referer" => self.combined().0,
            "agent" => self.combined().1,
            _ => &[],
        };
        if !found.is_empty() {
            return (found != b"-").then_some(found);
        }
        let more = self.combined().2;
        let named = pair(more, name.as_bytes());
        if named.is_none() && name == "latency" { last_number(more) } else { named }.filter(|v| *v != b"-")
    }

    /// To be read beside columns for time and level: `504 GET /orders`, what was added to the line, and the rest.
    pub fn body(&self) -> Body<'a> {
        let (method, target, _) = self.request();
        let asked = if method.is_empty() { self.request.to_vec() } else { [method, b" ", target].concat() };
        let mut fields: Vec<Pair<'a>> = Vec::new();
        let mut add = |name: &'a [u8], value: &'a [u8]| {
            if !value.is_empty() && value != b"-" {
                fields.push((Cow::Borrowed(name), Cow::Borrowed(value)));
            }
        };
        let (referer, agent, mut more) = self.combined();
        loop {
            let (next, behind) = word(more);
            let Some(at) = memchr(b'=', next) else { break };
            let (name, _) = next.split_at(at);
            let from = more.trim_ascii_start().get(at + 1..).unwrap_or_default();
            let (inside, taken) = value(from);
            add(name, inside);
            more = if taken < next.len() - at - 1 { behind } else { from.get(taken..).unwrap_or_default() };
        }
        if let Some(took) = last_number(more) {
            add(b"latency", took);
        }
        let (remote, user) = self.who();
        add(b"remote", remote);
        add(b"user", user);
        add(b"bytes", self.bytes);
        add(b"agent", agent);
        add(b"referer", referer);
        Body { message: Cow::Owned([self.status, b" ", &asked].concat()), fields }
    }

    /// The address and the user. What stands before them is a virtual host or a head of syslog.
    fn who(&self) -> (&'a [u8], &'a [u8]) {
        let head = self.head.trim_ascii_end();
        let (before, user) = last_word(head);
        let (before, _) = last_word(before);
        let (_, remote) = last_word(before);
        if !remote.is_empty() && remote != b"-" {
            return (remote, user);
        }
        // A user with a space in the name.
        let (remote, behind) = word(head);
        (remote, word(behind).1.trim_ascii())
    }

    /// Method, target and protocol; empty where the request is no HTTP.
    fn request(&self) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let none = (&[][..], &[][..], &[][..]);
        let Some(space) = memchr(b' ', self.request) else { return none };
        let (method, target) = self.request.split_at(space);
        let target = target.get(1..).unwrap_or_default();
        if method.is_empty() || !method.iter().all(u8::is_ascii_uppercase) {
            return none;
        }
        match memrchr(b' ', target).map(|space| target.split_at(space)) {
            Some((target, protocol)) if protocol.starts_with(b" HTTP/") => {
                (method, target, protocol.get(1..).unwrap_or_default())
            }
            _ => (method, target, &[]),
        }
    }

    /// Referer, agent, and what stands behind them; the common format has neither.
    fn combined(&self) -> (&'a [u8], &'a [u8], &'a [u8]) {
        let quoted = |text: &'a [u8]| {
            let text = text.trim_ascii_start();
            let (inside, taken) = text.first().filter(|b| **b == b'"').map(|_| value(text))?;
            Some((inside, text.get(taken..).unwrap_or_default()))
        };
        let Some((referer, behind)) = quoted(self.rest) else { return (&[], &[], self.rest) };
        match quoted(behind) {
            Some((agent, behind)) => (referer, agent, behind),
            None => (&[], &[], self.rest),
        }
    }
}

/// `21/Nov/2026:18:46:24`
fn is_time(text: &[u8]) -> bool {
    let Some(head) = text.get(..20) else { return false };
    head.iter().zip(b"00/aaa/0000:00:00:00").all(|(byte, like)| match like {
        b'0' => byte.is_ascii_digit(),
        b'a' => byte.is_ascii_alphabetic(),
        _ => byte == like,
    })
}

/// The first word and what stands behind it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    text.split_at(memchr(b' ', text).unwrap_or(text.len()))
}

/// The last word and what stands before it.
fn last_word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_end();
    let (before, word) = text.split_at(memrchr(b' ', text).map_or(0, |at| at + 1));
    (before, word)
}

/// A number that ends the line: the time that the answer took.
fn last_number(text: &[u8]) -> Option<&[u8]> {
    let last = last_word(text).1;
    let last = last.strip_prefix(b"\"").and_then(|l| l.strip_suffix(b"\"")).unwrap_or(last);
    let good = last.first().is_some_and(u8::is_ascii_digit)
        && last.iter().all(|b| b.is_ascii_digit() || *b == b'.')
        && memmem::find(last, b"..").is_none();
    good.then_some(last)
}
