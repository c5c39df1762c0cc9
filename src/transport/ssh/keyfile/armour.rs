//! The forms in which private keys are written down, read as far as they lie open: OpenSSH's own, and the PEM family
//! with its DER inside. Decrypts nothing, keeps nothing private.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;

use super::{Flaw, Format, Read};
use crate::transport::ssh::known::Key;
use crate::transport::ssh::wire::Reader;

/// What OpenSSH's own form begins with, once decoded.
const MAGIC: &[u8] = b"openssh-key-v1\0";

const DAMAGED: Flaw = Flaw::NoKey("it is damaged or cut off");

/// The key or certificate that a line of a public file holds, in wire form as it stands there.
pub(super) fn blob_in(line: &str) -> Option<Vec<u8>> {
    STANDARD.decode(line.split_ascii_whitespace().nth(1)?).ok()
}

/// Reads the text of a private key file.
pub(super) fn read(bytes: &[u8]) -> Result<Read, Flaw> {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Err(Flaw::NoKey("it is not text; DER has to be turned into PEM with openssl pkey"));
    };
    let Some((label, body)) = block(text) else {
        return Err(unarmoured(text));
    };
    let pem =
        |format, kind: Option<&str>| Read { format, encrypted: false, kind: kind.map(str::to_owned), public: None };
    match label {
        "OPENSSH PRIVATE KEY" => openssh(&decoded(body).ok_or(DAMAGED)?).ok_or(DAMAGED),
        "RSA PRIVATE KEY" if locked(body) => Ok(Read { encrypted: true, ..pem(Format::Pkcs1, Some("ssh-rsa")) }),
        "RSA PRIVATE KEY" => sequence(body).map(|_| pem(Format::Pkcs1, Some("ssh-rsa"))).ok_or(DAMAGED),
        "EC PRIVATE KEY" if locked(body) => Ok(Read { encrypted: true, ..pem(Format::Sec1, None) }),
        "EC PRIVATE KEY" => Ok(pem(Format::Sec1, curve_of_sec1(&sequence(body).ok_or(DAMAGED)?))),
        "PRIVATE KEY" => match kind_of_pkcs8(&decoded(body).ok_or(DAMAGED)?) {
            Some(kind) => Ok(pem(Format::Pkcs8, Some(kind))),
            None => Err(Flaw::NoKey("it is damaged, or of a type that SSH does not have")),
        },
        "ENCRYPTED PRIVATE KEY" => {
            sequence(body).map(|_| Read { encrypted: true, ..pem(Format::Pkcs8, None) }).ok_or(DAMAGED)
        }
        "DSA PRIVATE KEY" => Err(Flaw::Kind("ssh-dss".to_owned())),
        "PUBLIC KEY" | "RSA PUBLIC KEY" | "SSH2 PUBLIC KEY" => Err(Flaw::Public),
        "SSH2 ENCRYPTED PRIVATE KEY" => {
            Err(Flaw::NoKey("it is in the form of SSH.COM; turn it into OpenSSH's with ssh-keygen -i"))
        }
        "CERTIFICATE" => Err(Flaw::NoKey("it is a certificate of TLS")),
        _ => Err(Flaw::NoKey("it is in a form that is not known")),
    }
}

/// What a text without `-----BEGIN` is.
fn unarmoured(text: &str) -> Flaw {
    let text = text.trim_start();
    if text.is_empty() {
        Flaw::NoKey("it is empty")
    } else if text.starts_with("PuTTY-User-Key-File-") {
        Flaw::NoKey("it is PuTTY's; turn it into OpenSSH's with puttygen -O private-openssh")
    } else if text.starts_with("SSH PRIVATE KEY FILE FORMAT 1") {
        Flaw::Kind("a key of SSH version 1".to_owned())
    } else if text.lines().any(|line| Key::read_text(line).is_ok()) {
        Flaw::Public
    } else {
        Flaw::NoKey("there is no line with BEGIN and PRIVATE KEY")
    }
}

/// The first block between `-----BEGIN X-----` and its end that is no parameters: X and what is between.
fn block(text: &str) -> Option<(&str, &str)> {
    let mut rest = text;
    loop {
        let (_, after) = rest.split_once("-----BEGIN ").or_else(|| rest.split_once("---- BEGIN "))?;
        let (label, after) = after.split_once("----")?;
        // Without an end the whole rest is the body, which then does not decode.
        let (body, next) = after.split_once("-----END").unwrap_or((after, ""));
        if label != "EC PARAMETERS" {
            return Some((label.trim(), body));
        }
        rest = next;
    }
}

/// Whether the headers of an old PEM block say that it is encrypted.
fn locked(body: &str) -> bool {
    body.lines().any(|line| line.starts_with("Proc-Type:") && line.contains("ENCRYPTED"))
}

/// The bytes of a block without headers.
fn decoded(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    let mut encoded = Zeroizing::new(String::with_capacity(body.len()));
    encoded.extend(body.chars().filter(|c| !c.is_ascii_whitespace() && *c != '-'));
    let mut bytes = Zeroizing::new(vec![0; base64::decoded_len_estimate(encoded.len())]);
    let count = STANDARD.decode_slice(encoded.as_bytes(), &mut bytes).ok()?;
    bytes.truncate(count);
    (!bytes.is_empty()).then_some(bytes)
}

/// The same, where it is the one sequence that every key in DER is.
fn sequence(body: &str) -> Option<Zeroizing<Vec<u8>>> {
    decoded(body).filter(|bytes| der(&mut Reader::new(bytes), SEQUENCE).is_some())
}

/// OpenSSH's own form: cipher and public key lie open.
fn openssh(bytes: &[u8]) -> Option<Read> {
    let mut reader = Reader::new(bytes.strip_prefix(MAGIC)?);
    let cipher = reader.text()?;
    reader.string()?; // how the passphrase becomes a key
    reader.string()?; // and with what options
    if reader.u32()? != 1 {
        return None;
    }
    let key = Key::read(reader.string()?)?;
    reader.string()?; // the private part, which has to be there
    Some(Read { format: Format::OpenSsh, encrypted: cipher != "none", kind: Some(key.kind), public: Some(key.blob) })
}

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OBJECT: u8 = 0x06;
const CONTEXT_0: u8 = 0xa0;

/// Takes one DER value with this tag off the front.
fn der<'a>(reader: &mut Reader<'a>, tag: u8) -> Option<&'a [u8]> {
    if reader.bytes(1)? != [tag] {
        return None;
    }
    let [first] = *reader.bytes(1)? else { return None };
    let length = match first {
        short @ 0..=0x7f => usize::from(short),
        long @ 0x81..=0x84 => {
            let bytes = reader.bytes(usize::from(long & 0x7f))?;
            bytes.iter().fold(0, |sum: usize, byte| (sum << 8) | usize::from(*byte))
        }
        _ => return None,
    };
    reader.bytes(length)
}

/// The type of key on the curve with this object identifier.
fn on_curve(object: &[u8]) -> Option<&'static str> {
    match object {
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7] => Some("ecdsa-sha2-nistp256"),
        [0x2b, 0x81, 4, 0, 34] => Some("ecdsa-sha2-nistp384"),
        [0x2b, 0x81, 4, 0, 35] => Some("ecdsa-sha2-nistp521"),
        _ => None,
    }
}

/// The type of an ECDSA key in PEM (RFC 5915), where it names its curve.
fn curve_of_sec1(bytes: &[u8]) -> Option<&'static str> {
    let mut inner = Reader::new(der(&mut Reader::new(bytes), SEQUENCE)?);
    der(&mut inner, INTEGER)?;
    der(&mut inner, OCTETS)?;
    on_curve(der(&mut Reader::new(der(&mut inner, CONTEXT_0)?), OBJECT)?)
}

/// The type of a key in PKCS#8 (RFC 5208).
fn kind_of_pkcs8(bytes: &[u8]) -> Option<&'static str> {
    let mut inner = Reader::new(der(&mut Reader::new(bytes), SEQUENCE)?);
    der(&mut inner, INTEGER)?;
    let mut algorithm = Reader::new(der(&mut inner, SEQUENCE)?);
    match der(&mut algorithm, OBJECT)? {
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1] => Some("ssh-rsa"),
        [0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1] => Some("ssh-dss"),
        [0x2b, 0x65, 0x70] => Some("ssh-ed25519"),
        [0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1] => on_curve(der(&mut algorithm, OBJECT)?),
        _ => None,
    }
}
