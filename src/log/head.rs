//! What stands at the head of a line of text: the stamp with what may come before it, and the rest. Used to read lines
//! and to show them; makes no moment of the stamp.

use super::level::Level;
use super::mark;
use super::scan::Scan;
use super::stamp::{self, Stamp};

/// The head of a line that has a stamp.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head<'a> {
    pub stamp: Stamp,
    /// The level that the line says, before the stamp or behind it.
    pub level: Option<Level>,
    /// What comes behind the stamp.
    pub rest: Scan<'a>,
}

/// A stamp at the head, at most behind brackets, a syslog priority or the level.
pub(super) fn head(mut scan: Scan<'_>) -> Option<Head<'_>> {
    let whole = scan;
    if scan.eat(b'<').is_some() {
        scan.digits();
        scan.eat(b'>')?;
        // The version of RFC 5424.
        if let [b'1'..=b'9', b' ', ..] = scan.0 {
            scan.skip(2);
        }
    }
    scan.take_while(|b| matches!(b, b'[' | b'('));
    if let [letter @ (b'I' | b'W' | b'E' | b'F' | b'D'), b'0'..=b'1', b'0'..=b'9', b'0'..=b'3', b'0'..=b'9', b' ', ..] =
        scan.0
    {
        let mut tried = scan;
        tried.skip(1);
        if let Some(stamp) = stamp::klog(&mut tried) {
            return Some(Head { stamp, level: Level::from_bytes(&[*letter]), rest: tried });
        }
    }
    if let Some(stamp) = stamp::stamp(&mut scan) {
        return Some(Head { stamp, level: mark::level(scan.0), rest: scan });
    }
    // `INFO  [2026-11-21 18:46:24,123]`: the level may come first.
    let word = scan.take_while(u8::is_ascii_alphabetic);
    let level = Level::from_bytes(word)?;
    scan.take_while(|b| matches!(b, b'[' | b'(' | b']' | b')' | b'|' | b':' | b' ' | b'\t' | b'-'));
    if !scan.peek()?.is_ascii_digit() || word.len() < 3 {
        return None;
    }
    let stamp = stamp::stamp(&mut scan)?;
    Some(Head { stamp, level: mark::level(whole.0).or(Some(level)), rest: scan })
}

/// What is left to read behind the stamp: without the rest of its zone, its brackets and the level right behind it.
pub(super) fn behind(head: Head<'_>) -> Scan<'_> {
    let mut rest = head.rest;
    zone(&mut rest);
    gap(&mut rest);
    level(rest).unwrap_or(rest)
}

/// ` IST`, ` +03`: what a stamp leaves unread of its zone.
fn zone(rest: &mut Scan<'_>) {
    let mut tried = *rest;
    tried.spaces();
    if let [b'+' | b'-', b'0'..=b'1', b'0'..=b'9', b' ' | b']', ..] = tried.0 {
        tried.skip(3);
    } else {
        let word = tried.take_while(u8::is_ascii_uppercase);
        if !is_zone(word) || !matches!(tried.peek(), Some(b' ' | b']' | b':')) {
            return;
        }
    }
    *rest = tried;
}

fn is_zone(word: &[u8]) -> bool {
    const ZONES: &[&[u8]] = &[
        b"IST", b"CET", b"CEST", b"EET", b"EEST", b"WET", b"WEST", b"BST", b"MSK", b"EST", b"EDT", b"CST", b"CDT",
        b"MST", b"MDT", b"PST", b"PDT", b"AKST", b"AKDT", b"HST", b"JST", b"KST", b"SGT", b"HKT", b"PKT", b"GST",
        b"SAST", b"EAT", b"WAT", b"CAT", b"AEST", b"AEDT", b"ACST", b"AWST", b"NZST", b"NZDT", b"BRT", b"ART", b"WIB",
    ];
    ZONES.contains(&word)
}

/// Brackets that close, spaces, and the colon, dash or bar that divides a head from its text.
fn gap(rest: &mut Scan<'_>) {
    loop {
        rest.skip_colours();
        match rest.0 {
            [b' ' | b'\t' | b']' | b')' | b'|' | b',', ..] | [b'-' | b':', b' ' | b'\t', ..] => rest.skip(1),
            _ => return,
        }
    }
}

/// What comes behind the level at the head of a text, if there is one and something is behind it.
fn level(text: Scan<'_>) -> Option<Scan<'_>> {
    let mut rest = text;
    let open = rest.any(b"[(<");
    rest.spaces();
    let word = rest.take_while(u8::is_ascii_alphanumeric);
    if mark::is_key(word) {
        return None;
    }
    mark::judged(word, open.unwrap_or(b' '), rest)?;
    rest.spaces();
    if let Some(open) = open {
        rest.eat(match open {
            b'[' => b']',
            b'(' => b')',
            _ => b'>',
        })?;
    } else {
        rest.skip_colours();
        rest.any(b":");
    }
    gap(&mut rest);
    (!rest.0.is_empty()).then_some(rest)
}
