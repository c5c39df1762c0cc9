//! A public key as it stands in files and on the wire. Equal keys have equal bytes here, however they were written; a
//! certificate gives its plain key and itself. Never judges.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use ring::digest::{SHA256, digest};

use super::certificate::Certificate;
use crate::transport::ssh::wire::{Reader, put_mpint, put_string};

/// What certificate types end in.
const CERTIFICATE: &str = "-cert-v01@openssh.com";

/// A public key, and the certificate it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// The type of the plain key: `ssh-ed25519`.
    pub kind: String,
    /// The plain key in wire form, in the one way of writing it.
    pub blob: Vec<u8>,
    /// The certificate, where it came in one.
    pub certificate: Option<Box<Certificate>>,
}

impl Key {
    /// Reads a key or a certificate in wire form. Types that are not known are kept as they are, so that they can still
    /// be compared; certificates of such types cannot be read.
    pub fn read(blob: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(blob);
        let kind = reader.text().filter(|kind| is_name(kind))?;
        let Some(base) = kind.strip_suffix(CERTIFICATE) else {
            let plain = plain(kind, &mut reader)?;
            return reader.is_empty().then(|| Self { kind: kind.to_owned(), blob: plain, certificate: None });
        };
        let base = if matches!(base, "rsa-sha2-256" | "rsa-sha2-512") { "ssh-rsa" } else { base };
        if !is_structured(base) {
            return None;
        }
        reader.string()?; // the nonce
        let plain = plain(base, &mut reader)?;
        let certificate = Certificate::read(blob, reader)?;
        Some(Self { kind: base.to_owned(), blob: plain, certificate: Some(Box::new(certificate)) })
    }

    /// Reads `type base64` with an optional comment: a line of a `.pub` file, the end of a line of `known_hosts`.
    pub fn read_text(text: &str) -> Result<(Self, &str), &'static str> {
        let (kind, rest) = word(text);
        let (encoded, comment) = word(rest);
        if encoded.is_empty() {
            return Err("it ends before the key");
        }
        let blob = STANDARD.decode(encoded).map_err(|_| "its key is not base64")?;
        let named = Reader::new(&blob).text().ok_or("its key is cut off")?;
        if named != kind {
            return Err("its key is of another type than it says");
        }
        let key = Self::read(&blob).ok_or("its key is damaged or of a type that cannot be read")?;
        Ok((key, comment.trim()))
    }

    /// `type base64`, as files hold the plain key.
    pub fn text(&self) -> String {
        format!("{} {}", self.kind, STANDARD.encode(&self.blob))
    }

    /// `SHA256:…`, as OpenSSH prints it.
    pub fn fingerprint(&self) -> String {
        hashed(&self.blob)
    }
}

/// The first word of a text and what follows the blanks after it.
pub fn word(text: &str) -> (&str, &str) {
    let blank = |c: char| c.is_ascii_whitespace();
    let text = text.trim_start_matches(blank);
    let (word, rest) = text.split_once(blank).unwrap_or((text, ""));
    (word, rest.trim_start_matches(blank))
}

/// `SHA256:…` of a key in wire form, as OpenSSH prints it: a certificate has the fingerprint of its key.
pub fn fingerprint(blob: &[u8]) -> String {
    Key::read(blob).map_or_else(|| hashed(blob), |key| key.fingerprint())
}

/// The type that a key or certificate in wire form says it is, fit to be printed.
pub fn kind(blob: &[u8]) -> &str {
    Reader::new(blob).text().filter(|kind| is_name(kind)).unwrap_or("a key of no type")
}

fn hashed(blob: &[u8]) -> String {
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest(&SHA256, blob)))
}

/// Names of algorithms are at most 64 printable characters (RFC 4251, section 6).
fn is_name(kind: &str) -> bool {
    (1..=64).contains(&kind.len()) && kind.bytes().all(|byte| byte.is_ascii_graphic() && byte != b',')
}

fn is_structured(kind: &str) -> bool {
    matches!(kind, "ssh-ed25519" | "ssh-rsa" | "ssh-dss") || curve(kind).is_some()
}

/// The curve that an ECDSA type names, and how many bytes a point on it takes.
fn curve(kind: &str) -> Option<(&str, usize)> {
    match kind.strip_prefix("ecdsa-sha2-")? {
        name @ "nistp256" => Some((name, 65)),
        name @ "nistp384" => Some((name, 97)),
        name @ "nistp521" => Some((name, 133)),
        _ => None,
    }
}

/// Reads the fields of a plain key and writes them anew, the type first.
fn plain(kind: &str, reader: &mut Reader<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    put_string(&mut out, kind.as_bytes());
    if kind == "ssh-ed25519" {
        put_string(&mut out, reader.string().filter(|key| key.len() == 32)?);
    } else if let Some((name, length)) = curve(kind) {
        put_string(&mut out, reader.string().filter(|curve| *curve == name.as_bytes())?);
        put_string(&mut out, reader.string().filter(|point| point.len() == length && point.starts_with(&[4]))?);
    } else if matches!(kind, "ssh-rsa" | "ssh-dss") {
        for _ in 0..if kind == "ssh-rsa" { 2 } else { 4 } {
            put_mpint(&mut out, reader.mpint()?);
        }
    } else {
        let rest = reader.rest();
        out.extend_from_slice(reader.bytes(rest.len())?);
    }
    Some(out)
}
