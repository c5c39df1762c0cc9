//! Bytes in any pieces to lines. Bounds a line, alters nothing else, and does not care what the bytes mean.

use memchr::memchr;

/// Cuts bytes into lines without their ends, whatever the pieces they come in.
#[derive(Debug, Default, Clone)]
pub struct Splitter {
    /// The beginning of a line whose end has not come.
    pending: Vec<u8>,
    /// The line was too long and is given already: what comes before its end is left out.
    skipping: bool,
    left_out: u64,
}

impl Splitter {
    /// The longest a line may be, in bytes.
    pub const MOST: usize = 64 * 1024;
    /// What stands at the end of a line that was longer.
    pub const CUT: &'static str = "… [line cut at 64 KiB]";

    /// With nothing pending.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes that came; every line that ends in them goes to the sink.
    pub fn push(&mut self, mut bytes: &[u8], sink: &mut dyn FnMut(&[u8])) {
        while let Some(at) = memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at);
            bytes = rest.get(1..).unwrap_or_default();
            if self.skipping {
                self.left_out += line.len() as u64;
                self.skipping = false;
            } else if self.pending.is_empty() {
                let inner = line.strip_suffix(b"\r").unwrap_or(line);
                match inner.get(..Self::MOST) {
                    Some(head) if inner.len() > Self::MOST => {
                        self.left_out += (line.len() - Self::MOST) as u64;
                        self.pending.extend_from_slice(head);
                        self.give_cut(sink);
                    }
                    _ => sink(inner),
                }
            } else {
                self.collect(line, sink);
                if !std::mem::take(&mut self.skipping) {
                    sink(self.pending.strip_suffix(b"\r").unwrap_or(&self.pending));
                    self.pending.clear();
                }
            }
        }
        if self.skipping {
            self.left_out += bytes.len() as u64;
        } else if !bytes.is_empty() {
            self.collect(bytes, sink);
        }
    }

    /// No more bytes come: a rest without an end is given as a line.
    pub fn end(&mut self, sink: &mut dyn FnMut(&[u8])) {
        if self.pending.len() > Self::MOST {
            self.left_out += 1;
            self.give_cut(sink);
        } else if !self.pending.is_empty() {
            sink(&self.pending);
        }
        self.pending = Vec::new();
        self.skipping = false;
    }

    /// How many bytes of too long lines were left out.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// How many bytes wait for the end of their line.
    pub fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Adds to the pending line. One byte over the limit may still be the `\r` of its end; anything else is too long.
    fn collect(&mut self, bytes: &[u8], sink: &mut dyn FnMut(&[u8])) {
        let room = (Self::MOST + 1).saturating_sub(self.pending.len());
        let (taken, over) = bytes.split_at(room.min(bytes.len()));
        self.pending.extend_from_slice(taken);
        let full = self.pending.len() > Self::MOST;
        if !over.is_empty() || (full && self.pending.last() != Some(&b'\r')) {
            self.left_out += (over.len() + self.pending.len() - Self::MOST) as u64;
            self.give_cut(sink);
            self.skipping = true;
        }
    }

    fn give_cut(&mut self, sink: &mut dyn FnMut(&[u8])) {
        self.pending.truncate(Self::MOST);
        self.pending.extend_from_slice(Self::CUT.as_bytes());
        sink(&self.pending);
        self.pending = Vec::new();
    }
}
