//! The word in a line of text that tells how bad it is, and what tells that a line goes on with the one before. Looks at
//! the head of a line alone.

use super::level::Level;
use super::scan::Scan;

/// How far into a text the word is looked for.
const REACH: usize = 128;

/// The level that the head of a text names: a word in capitals, in brackets or before a colon, or `level=word`.
pub(super) fn level(text: &[u8]) -> Option<Level> {
    let mut scan = Scan(text.get(..REACH).unwrap_or(text));
    let mut before = b' ';
    loop {
        match scan.peek()? {
            0x1b => {
                let left = scan.0.len();
                scan.skip_colours();
                if scan.0.len() == left {
                    scan.skip(1);
                }
                before = b' ';
            }
            byte if byte.is_ascii_alphabetic() => {
                let word = scan.take_while(u8::is_ascii_alphanumeric);
                if !matches!(before, b'_' | b'-' | b'.' | b'/' | b'$' | b'0'..=b'9')
                    && let Some(level) = judged(word, before, scan)
                {
                    return Some(level);
                }
                before = b'a';
            }
            byte => {
                before = byte;
                scan.skip(1);
            }
        }
    }
}

/// The level that a word says between what stands before and behind it.
pub(super) fn judged(word: &[u8], before: u8, mut behind: Scan<'_>) -> Option<Level> {
    if is_key(word) && matches!(behind.peek(), Some(b'=' | b':' | b'"')) {
        behind.take_while(|b| matches!(b, b'"' | b':' | b'=' | b' '));
        return Level::from_bytes(behind.take_while(u8::is_ascii_alphabetic));
    }
    if word.len() > 13 {
        return None;
    }
    let next = behind.peek().unwrap_or(b' ');
    let enclosed = matches!((before, next), (b'[' | b' ' | b'.', b']') | (b'<', b'>') | (b'(', b')') | (b'|', b'|'));
    let shouted = word.len() > 2 && word.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let known = || Level::from_bytes(word);
    if enclosed || (next == b':' && word.len() > 2) {
        return known();
    }
    let ordinary = matches!(word, b"LOG" | b"STATEMENT" | b"HINT" | b"DETAIL" | b"CONTEXT" | b"ALERT" | b"FINE");
    let alone = matches!(next, b' ' | b'\t' | b'|' | b']' | b',' | b';' | b')' | 0x1b | b'"');
    if shouted && alone && !ordinary { known() } else { None }
}

/// Whether a word names the level in JSON and logfmt.
pub(super) fn is_key(word: &[u8]) -> bool {
    matches!(
        word,
        b"level"
            | b"lvl"
            | b"severity"
            | b"@l"
            | b"log.level"
            | b"Level"
            | b"LEVEL"
            | b"Severity"
            | b"levelname"
            | b"loglevel"
            | b"logLevel"
            | b"LogLevel"
            | b"@level"
            | b"severity_text"
            | b"SeverityText"
    )
}

/// Whether a word names the time in JSON and logfmt.
pub(super) fn is_time(word: &[u8]) -> bool {
    matches!(
        word,
        b"@t"
            | b"time"
            | b"ts"
            | b"timestamp"
            | b"@timestamp"
            | b"t"
            | b"Timestamp"
            | b"Time"
            | b"datetime"
            | b"date"
            | b"asctime"
            | b"eventTime"
    )
}

/// Whether a line without a stamp goes on with the record before it: indented, empty, or a part of a stack trace.
pub(super) fn goes_on(text: &[u8]) -> bool {
    const HEADS: &[&[u8]] = &[
        b"Caused by:",
        b"Traceback",
        b"at ",
        b"... ",
        b"--- End of",
        b"Suppressed:",
        b"During handling",
        b"The above",
    ];
    match text.first() {
        None | Some(b' ' | b'\t' | b'}' | b']' | b')' | b'|' | b'^' | b'\r') => true,
        _ => HEADS.iter().any(|head| text.starts_with(head)) || is_thrown(text),
    }
}

/// `ValueError: …`, `java.lang.IllegalStateException: …`, `System.Exception: …`.
fn is_thrown(text: &[u8]) -> bool {
    let name = Scan(text).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'));
    let behind = text.get(name.len()).copied();
    let named = [&b"Error"[..], b"Exception"].iter().any(|end| name.ends_with(end) && name.len() > end.len());
    named && matches!(behind, Some(b':') | None)
}
