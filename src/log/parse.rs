//! What a line says of itself: when, how bad, and whether a record begins with it. Reads bytes by hand, without
//! configuration; alters nothing and remembers no text.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use memchr::memchr;

use super::field;
use super::groups::Pattern;
use super::head::head;
use super::json::{Members, Value};
use super::level::Level;
use super::mark;
use super::scan::Scan;
use super::stamp::{self, Hour, Places};

/// What a line says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parsed {
    /// When it was written, by its own stamp.
    pub time: Option<Timestamp>,
    /// How bad it says it is.
    pub level: Option<Level>,
    /// Whether a record begins here; if not, the line goes on with the record before.
    pub begins: bool,
}

/// Reads one line. `received` gives the year or the day where the stamp has none, `zone` the offset.
pub fn parse(line: &[u8], received: Timestamp, zone: &TimeZone) -> Parsed {
    read(line, &mut Places { received, zone, hour: &mut Hour::default() })
}

/// Reads the lines of one source, and learns from them whether its records carry a stamp.
#[derive(Debug, Default, Clone)]
pub struct Reader {
    hour: Hour,
    stamped: bool,
    /// The form of the lines, and whether one had it.
    pattern: Option<Arc<Pattern>>,
    matched: bool,
}

impl Reader {
    /// That has seen nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// That knows the form of the lines. A line of another form goes on with the record before; as long as no line had the
    /// form, lines are read as they are without one.
    pub fn with_pattern(pattern: Arc<Pattern>) -> Self {
        Self { pattern: Some(pattern), ..Self::default() }
    }

    /// Whether a line with a stamp was seen.
    pub fn stamped(&self) -> bool {
        self.stamped
    }

    /// As [`parse`]; but once a line of the source had a stamp, a line without one goes on with the record before. The
    /// zone is the same for all lines of a source.
    pub fn read(&mut self, line: &[u8], received: Timestamp, zone: &TimeZone) -> Parsed {
        let places = &mut Places { received, zone, hour: &mut self.hour };
        if let Some(pattern) = &self.pattern {
            if let Some(found) = pattern.find(line) {
                let time = found.time.and_then(|time| stamp::stamp(&mut Scan(time))).and_then(|s| places.moment(s));
                self.matched = true;
                self.stamped |= time.is_some();
                return Parsed { time, level: found.level, begins: true };
            }
            if self.matched {
                return Parsed::default();
            }
        }
        let mut parsed = read(line, places);
        if parsed.time.is_some() {
            self.stamped = true;
        } else if self.stamped && line.first() != Some(&b'{') {
            parsed.begins = false;
        }
        parsed
    }
}

fn read(line: &[u8], places: &mut Places<'_>) -> Parsed {
    let mut scan = Scan(line);
    scan.skip_colours();
    match scan.peek() {
        None | Some(b' ' | b'\t') => return Parsed::default(),
        Some(b'{') => {
            if let Some(members) = Members::of(scan.0) {
                return object(members, places);
            }
        }
        _ => {}
    }
    headed(scan, places).or_else(|| access(scan, places)).or_else(|| logfmt(scan, places)).unwrap_or_else(|| {
        let goes_on = mark::goes_on(scan.0);
        Parsed { time: None, level: if goes_on { None } else { mark::level(scan.0) }, begins: !goes_on }
    })
}

/// A stamp at the head.
fn headed(scan: Scan<'_>, places: &mut Places<'_>) -> Option<Parsed> {
    let head = head(scan)?;
    let time = places.moment(head.stamp)?;
    Some(Parsed { time: Some(time), level: head.level, begins: true })
}

/// `192.0.2.1 - - [21/Nov/2026:18:46:24 +0000] "GET / HTTP/1.1" 502 157`: the status tells how bad it is.
fn access(scan: Scan<'_>, places: &mut Places<'_>) -> Option<Parsed> {
    let open = memchr(b'[', scan.0.get(..256).unwrap_or(scan.0))?;
    let mut inside = Scan(scan.0.get(open + 1..)?);
    let time = places.moment(stamp::day_first(&mut inside)?)?;
    let mut level = None;
    if inside.eat(b']').is_some() {
        // The request is in quotes; the status is the first number of three digits behind a quote.
        let mut rest = inside.0;
        while let Some(quote) = memchr(b'"', rest) {
            rest = rest.get(quote + 1..).unwrap_or_default();
            if let [b' ', a, b, c, b' ' | b'\t', ..] | [b' ', a, b, c] = rest {
                level = Level::from_status(&[*a, *b, *c]);
                if level.is_some() {
                    break;
                }
            }
        }
    }
    Some(Parsed { time: Some(time), level, begins: true })
}

/// `ts=2026-11-21T18:46:24Z level=info msg="…"`, in any order, if the line opens with a pair.
fn logfmt(scan: Scan<'_>, places: &mut Places<'_>) -> Option<Parsed> {
    let mut parsed = Parsed { time: None, level: None, begins: true };
    let mut rest = Scan(scan.0.get(..4096).unwrap_or(scan.0));
    let mut pairs = 0;
    while parsed.time.is_none() || parsed.level.is_none() {
        rest.spaces();
        let name = rest.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'@' | b'-'));
        if name.is_empty() || rest.eat(b'=').is_none() {
            // A line may close with words; one that opens with them is no logfmt.
            if pairs == 0 {
                return None;
            }
            rest.take_while(|b| !matches!(b, b' ' | b'\t'));
            if rest.0.is_empty() {
                break;
            }
            continue;
        }
        pairs += 1;
        let (value, length) = field::value(rest.0);
        rest.skip(length);
        if parsed.time.is_none() && mark::is_time(name) {
            parsed.time = stamp::stamp(&mut Scan(value)).and_then(|s| places.moment(s));
        } else if parsed.level.is_none() && mark::is_key(name) {
            parsed.level = Level::from_bytes(value);
        }
    }
    Some(parsed)
}

/// A JSON object: time and level by the names that loggers give them.
fn object(members: Members<'_>, places: &mut Places<'_>) -> Parsed {
    let mut parsed = Parsed { time: None, level: None, begins: true };
    let mut compact = false;
    for (name, value) in members {
        if parsed.time.is_none() && mark::is_time(name) {
            parsed.time = time_of(value, places);
            compact |= name == b"@t";
        } else if parsed.level.is_none() && mark::is_key(name) {
            parsed.level = match value {
                Value::Text(word) => Level::from_bytes(word),
                Value::Bare(number) => Level::from_number(number),
                Value::Nested(_) => None,
            };
        } else if parsed.level.is_none()
            && name == b"log"
            && let Value::Nested(raw) = value
        {
            let inner = Members::of(raw).and_then(|mut m| m.find(|(name, _)| *name == b"level"));
            parsed.level = inner.and_then(|(_, value)| Level::from_bytes(&value.plain()));
        }
        if parsed.time.is_some() && parsed.level.is_some() {
            break;
        }
    }
    // The compact form of Serilog leaves the level out where it is the usual one.
    if compact && parsed.level.is_none() {
        parsed.level = Some(Level::Info);
    }
    parsed
}

fn time_of(value: Value<'_>, places: &mut Places<'_>) -> Option<Timestamp> {
    match value {
        Value::Text(text) => stamp::stamp(&mut Scan(text)).and_then(|s| places.moment(s)),
        Value::Bare(number) if number.contains(&b'e') || number.contains(&b'E') => {
            let seconds: f64 = std::str::from_utf8(number).ok()?.parse().ok()?;
            let micros = seconds * 1e6;
            (micros.abs() < 1e17).then(|| Timestamp::from_microsecond(micros as i64).ok())?
        }
        Value::Bare(number) => stamp::epoch(&mut Scan(number)).and_then(|s| places.moment(s)),
        Value::Nested(_) => None,
    }
}
