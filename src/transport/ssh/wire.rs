//! The binary form of SSH (RFC 4251, section 5), as far as keys and certificates need it: read without copying,
//! written into a buffer. Never trusts a length; whatever ends early or is out of form reads as nothing.

/// Reads values off the front of bytes.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What is not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all is read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        Some(taken)
    }

    /// A number of four bytes.
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.bytes(4)?.try_into().ok()?))
    }

    /// A number of eight bytes.
    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.bytes(8)?.try_into().ok()?))
    }

    /// A string: its length, then its bytes.
    pub fn string(&mut self) -> Option<&'a [u8]> {
        let count = usize::try_from(self.u32()?).ok()?;
        self.bytes(count)
    }

    /// A string that is UTF-8.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.string()?).ok()
    }

    /// A whole number that is not negative: its bytes, the highest first, without leading zeros.
    pub fn mpint(&mut self) -> Option<&'a [u8]> {
        let bytes = self.string()?;
        if bytes.first().is_some_and(|high| high & 0x80 != 0) {
            return None;
        }
        Some(magnitude(bytes))
    }
}

/// Without leading zeros.
fn magnitude(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    bytes.get(zeros..).unwrap_or_default()
}

/// Appends a string. One longer than four bytes can count cannot come from a reader, so it is cut.
pub fn put_string(out: &mut Vec<u8>, bytes: &[u8]) {
    let count = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    out.extend_from_slice(&count.to_be_bytes());
    out.extend(bytes.iter().take(usize::try_from(count).unwrap_or(usize::MAX)));
}

/// Appends a whole number that is not negative, in the one form that the protocol allows.
pub fn put_mpint(out: &mut Vec<u8>, number: &[u8]) {
    let number = magnitude(number);
    if number.first().is_some_and(|high| high & 0x80 != 0) {
        let mut padded = vec![0];
        padded.extend_from_slice(number);
        put_string(out, &padded);
    } else {
        put_string(out, number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_come_off_the_front_in_order() {
        let mut reader = Reader::new(b"\0\0\0\x07\0\0\0\x02hi\0\0\0\0\0\0\x01\0rest");
        assert_eq!(reader.u32(), Some(7));
        assert_eq!(reader.text(), Some("hi"));
        assert_eq!(reader.u64(), Some(256));
        assert_eq!(reader.rest(), b"rest");
    }

    #[test]
    fn a_string_longer_than_what_is_there_reads_as_nothing() {
        assert_eq!(Reader::new(b"\0\0\0\x05four").string(), None);
        assert_eq!(Reader::new(b"\xff\xff\xff\xff").string(), None);
        assert_eq!(Reader::new(b"\0\0").u32(), None);
    }

    #[test]
    fn a_number_loses_its_leading_zeros_and_is_never_negative() {
        assert_eq!(Reader::new(b"\0\0\0\x03\0\0\x85").mpint(), Some(&b"\x85"[..]));
        assert_eq!(Reader::new(b"\0\0\0\x01\x85").mpint(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(text in any::<Vec<u8>>(), number in any::<Vec<u8>>()) {
            let mut out = Vec::new();
            put_string(&mut out, &text);
            put_mpint(&mut out, &number);
            let mut reader = Reader::new(&out);
            prop_assert_eq!(reader.string(), Some(text.as_slice()));
            prop_assert_eq!(reader.mpint(), Some(magnitude(&number)));
            prop_assert!(reader.is_empty());
        }
    }
}
