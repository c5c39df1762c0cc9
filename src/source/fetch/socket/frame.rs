//! Frames of the WebSocket protocol (RFC 6455, section 5): bytes to frames of a server, and frames of a client to bytes.
//! Bounds what it takes; reads and writes nothing itself.

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Goes on with the message before.
    Onward,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    const CODES: [(u8, Self); 6] =
        [(0, Self::Onward), (1, Self::Text), (2, Self::Binary), (8, Self::Close), (9, Self::Ping), (10, Self::Pong)];

    fn of(code: u8) -> Option<Self> {
        Self::CODES.into_iter().find_map(|(c, kind)| (c == code).then_some(kind))
    }

    fn code(self) -> u8 {
        Self::CODES.into_iter().find_map(|(c, kind)| (kind == self).then_some(c)).unwrap_or_default()
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A frame, and how many bytes it took.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame<'a> {
    pub kind: Kind,
    /// The message ends with it.
    pub last: bool,
    pub payload: &'a [u8],
    pub taken: usize,
}

/// The first frame of these bytes, if all of it is there. The error says what the peer did wrong.
pub(super) fn decode(bytes: &[u8], most: usize) -> Result<Option<Frame<'_>>, &'static str> {
    let [first, second, rest @ ..] = bytes else { return Ok(None) };
    let kind = Kind::of(first & 0x0f).ok_or("a frame of an unknown kind")?;
    let last = first & 0x80 != 0;
    if first & 0x70 != 0 {
        return Err("a frame with an extension that was not agreed on");
    }
    if second & 0x80 != 0 {
        return Err("a masked frame, which only clients send");
    }
    let short = usize::from(second & 0x7f);
    let (length, head) = match short {
        126 => match rest {
            [a, b, ..] => (usize::from(u16::from_be_bytes([*a, *b])), 4),
            _ => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(eight) => (usize::try_from(u64::from_be_bytes(*eight)).unwrap_or(usize::MAX), 10),
            None => return Ok(None),
        },
        _ => (short, 2),
    };
    if kind.is_control() && (short > 125 || !last) {
        return Err("a control frame that is too long or in parts");
    }
    if length > most {
        return Err("a frame that is too long");
    }
    let payload = bytes.get(head..head + length);
    Ok(payload.map(|payload| Frame { kind, last, payload, taken: head + length }))
}

/// A short whole frame of a client; a longer payload is cut, as only control frames are sent.
pub(super) fn encode(kind: Kind, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let payload = payload.get(..125).unwrap_or(payload);
    let mut bytes = vec![0x80 | kind.code(), 0x80 | payload.len() as u8];
    bytes.extend_from_slice(&mask);
    bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOST: usize = 1 << 20;

    #[test]
    fn the_examples_of_the_rfc_are_read() {
        let hello = [0x81, 5, b'H', b'e', b'l', b'l', b'o'];
        let frame = decode(&hello, MOST).unwrap().unwrap();
        assert_eq!(frame, Frame { kind: Kind::Text, last: true, payload: b"Hello", taken: 7 });
        let part = decode(&[0x01, 3, b'H', b'e', b'l', 0x80], MOST).unwrap().unwrap();
        assert_eq!((part.kind, part.last, part.payload, part.taken), (Kind::Text, false, &b"Hel"[..], 5));
        assert_eq!(encode(Kind::Text, b"Hello", [0x37, 0xfa, 0x21, 0x3d]), {
            [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]
        });
    }

    #[test]
    fn a_frame_is_waited_for_to_its_last_byte_whatever_the_length() {
        for length in [0_usize, 1, 125, 126, 65_535, 65_536, 200_000] {
            let mut bytes = vec![0x82];
            match length {
                0..126 => bytes.push(length as u8),
                126..65_536 => {
                    bytes.push(126);
                    bytes.extend((length as u16).to_be_bytes());
                }
                _ => {
                    bytes.push(127);
                    bytes.extend((length as u64).to_be_bytes());
                }
            }
            bytes.extend(std::iter::repeat_n(7, length));
            for cut in [0, 1, 2, 3, 9, bytes.len() - 1] {
                let head = bytes.get(..cut.min(bytes.len() - 1)).unwrap();
                assert_eq!(decode(head, MOST), Ok(None), "{length} cut at {cut}");
            }
            let frame = decode(&bytes, MOST).unwrap().unwrap();
            assert_eq!((frame.payload.len(), frame.taken), (length, bytes.len()));
        }
    }

    #[test]
    fn what_no_server_may_send_is_refused() {
        for (bytes, why) in [
            (&[0x83, 0][..], "unknown kind"),
            (&[0xc1, 0], "extension"),
            (&[0x81, 0x80, 0, 0, 0, 0], "masked"),
            (&[0x09, 0], "control frame"),
            (&[0x89, 126, 0, 126], "control frame"),
            (&[0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255], "too long"),
        ] {
            let told = decode(bytes, MOST).unwrap_err();
            assert!(told.contains(why), "{told}");
        }
    }
}
