//! Small steps over bytes: digits, single bytes, words. Never allocates, never fails but by saying none.

/// What is left of a line that is being read from its head.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scan<'a>(pub &'a [u8]);

impl<'a> Scan<'a> {
    pub fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    pub fn skip(&mut self, count: usize) {
        self.0 = self.0.get(count..).unwrap_or_default();
    }

    /// The byte, and no other.
    pub fn eat(&mut self, byte: u8) -> Option<()> {
        let [first, rest @ ..] = self.0 else { return None };
        (*first == byte).then(|| self.0 = rest)
    }

    /// One of the bytes.
    pub fn any(&mut self, bytes: &[u8]) -> Option<u8> {
        let [first, rest @ ..] = self.0 else { return None };
        bytes.contains(first).then(|| {
            self.0 = rest;
            *first
        })
    }

    pub fn spaces(&mut self) {
        while let [b' ' | b'\t', rest @ ..] = self.0 {
            self.0 = rest;
        }
    }

    /// Exactly so many digits.
    pub fn number(&mut self, digits: usize) -> Option<u32> {
        let (head, rest) = self.0.split_at_checked(digits)?;
        let mut value = 0_u32;
        for byte in head {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return None;
            }
            value = value * 10 + u32::from(digit);
        }
        self.0 = rest;
        Some(value)
    }

    /// As many digits as there are.
    pub fn digits(&mut self) -> &'a [u8] {
        self.take_while(u8::is_ascii_digit)
    }

    pub fn take_while(&mut self, wanted: impl Fn(&u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|b| !wanted(b)).unwrap_or(self.0.len());
        let (head, rest) = self.0.split_at(end);
        self.0 = rest;
        head
    }

    /// Colours and the like at the head of a line, which programs print when nobody looks.
    pub fn skip_colours(&mut self) {
        while let [0x1b, b'[', rest @ ..] = self.0 {
            let Some(end) = rest.iter().take(32).position(|b| (0x40..=0x7e).contains(b)) else { return };
            self.0 = rest.get(end + 1..).unwrap_or_default();
        }
    }
}

/// Digits to nanoseconds: `5` is half a second.
pub(super) fn nanoseconds(fraction: &[u8]) -> u32 {
    let mut nanos = 0;
    let mut worth = 100_000_000;
    for digit in fraction.iter().take(9) {
        nanos += u32::from(digit.wrapping_sub(b'0')) * worth;
        worth /= 10;
    }
    nanos
}
