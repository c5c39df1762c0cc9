//! What a source has never said before. Keeps the shapes of its messages as hashes in bounded memory; knows no levels and
//! keeps no text.

use std::collections::{HashSet, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};

/// How much of a message tells its shape, in bytes.
const REACH: usize = 512;

/// The shapes of one source's messages. A message is new if none of its shape was said before: numbers, ids, quoted
/// texts and the varying parts of paths do not count.
#[derive(Debug, Clone, Default)]
pub struct Novel {
    known: HashSet<u64, BuildHasherDefault<Same>>,
    /// In the order in which they were first said.
    order: VecDeque<u64>,
}

impl Novel {
    /// How many shapes of a source are kept.
    pub const MOST: usize = 4096;

    /// That has heard nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing of its shape was said before; from now on it was.
    pub fn is_new(&mut self, body: &[u8]) -> bool {
        let shape = shape(body);
        if !self.known.insert(shape) {
            return false;
        }
        if self.order.len() >= Self::MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(shape);
        true
    }

    /// How many shapes are kept.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether nothing was heard yet.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }
}

/// What is hashed is a hash already.
#[derive(Debug, Clone, Copy, Default)]
struct Same(u64);

impl Hasher for Same {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(PRIME);
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }
}

const PRIME: u64 = 0x0000_0100_0000_01b3;

/// The hash of a message with everything left out that varies: a word with a digit inside is a number or an id, and what
/// stands in quotes is a value.
fn shape(body: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    let mut rest = body.get(..REACH).unwrap_or(body);
    // Whether what comes right before varies, and whether a dash ties it to what comes now.
    let (mut varied, mut tied) = (false, false);
    while let Some(first) = rest.first().copied() {
        let (piece, varies) = piece(rest, first, tied);
        rest = rest.get(piece.len()..).unwrap_or_default();
        tied = varied && first == b'-';
        if varies {
            if !varied {
                add(0);
            }
            varied = true;
        } else if !(varied && joins(first) && varies_next(rest, tied)) {
            varied = false;
            for byte in piece {
                add(byte.to_ascii_lowercase());
            }
        }
    }
    hash
}

/// The word, the quoted text or the single byte at the head of a text, and whether it varies.
fn piece(text: &[u8], first: u8, tied: bool) -> (&[u8], bool) {
    let (length, varies) = match first {
        b'"' | b'`' | b'\'' => match text.iter().skip(1).take(256).position(|b| *b == first) {
            Some(end) => (end + 2, true),
            None => (1, first != b'\''),
        },
        byte if is_word(byte) => {
            let word = word(text);
            (word.len(), is_value(word, tied))
        }
        _ => (1, false),
    };
    (text.get(..length).unwrap_or(text), varies)
}

/// `192.0.2.1`, `18:46:24` and `8f14-45fc` are one value each; so is a list of numbers.
fn joins(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b':' | b',' | b'/' | b'+' | b' ' | b'%')
}

fn varies_next(rest: &[u8], tied: bool) -> bool {
    let blank = rest.iter().take_while(|b| **b == b' ').count();
    is_value(word(rest.get(blank..).unwrap_or_default()), tied)
}

fn word(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| !is_word(*b)).unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

/// A word with a digit, or one of hex digits alone that is long, or is four or twelve long inside a UUID.
fn is_value(word: &[u8], tied: bool) -> bool {
    let hex = || word.iter().all(u8::is_ascii_hexdigit);
    word.iter().any(u8::is_ascii_digit) || (word.len() >= 8 || (tied && word.len() == 4)) && hex()
}
