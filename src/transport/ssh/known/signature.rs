//! The signature of an authority under a certificate, checked with ring. SHA-1 signatures, P-521 and FIDO keys are not
//! checked but refused, with words.

use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA512,
    RsaPublicKeyComponents, UnparsedPublicKey, VerificationAlgorithm,
};

use super::key::Key;
use crate::model::Text;
use crate::transport::ssh::wire::Reader;

/// Why a signature proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unproven {
    /// It is not of this key over these bytes.
    #[error("its signature is wrong: it was changed after it was signed, or is a forgery")]
    Wrong,
    /// It may be right, but is not to be checked here.
    #[error("its authority signs with {0}, which cannot be checked here; sign with an ed25519 authority")]
    Unsupported(Text),
}

/// Whether `signature`, in wire form, is that of `key` over `message`.
pub fn verify(key: &Key, message: &[u8], signature: &[u8]) -> Result<(), Unproven> {
    let mut reader = Reader::new(signature);
    let name = reader.text().ok_or(Unproven::Wrong)?;
    let bytes = reader.string().ok_or(Unproven::Wrong)?;
    let unsupported = |what: &str| Err(Unproven::Unsupported(Text::line_at_most(what, 64)));
    // Signatures of FIDO keys carry more after these two.
    if key.kind.starts_with("sk-") {
        return unsupported(&key.kind);
    }
    if !reader.is_empty() {
        return Err(Unproven::Wrong);
    }
    match (key.kind.as_str(), name) {
        ("ssh-ed25519", "ssh-ed25519") => checked(&ED25519, fields(key, 0)?, message, bytes),
        ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256") => {
            checked(&ECDSA_P256_SHA256_FIXED, fields(key, 1)?, message, &pair(bytes, 32)?)
        }
        ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384") => {
            checked(&ECDSA_P384_SHA384_FIXED, fields(key, 1)?, message, &pair(bytes, 48)?)
        }
        ("ssh-rsa", "rsa-sha2-256" | "rsa-sha2-512") => rsa(key, name, message, bytes),
        ("ssh-rsa", "ssh-rsa") => unsupported("RSA and SHA-1"),
        ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521") => unsupported("ecdsa-sha2-nistp521"),
        (kind, name) if kind == name => unsupported(kind),
        _ => Err(Unproven::Wrong),
    }
}

/// Whether signatures of this key can be checked at all.
pub fn is_checked(key: &Key) -> bool {
    matches!(key.kind.as_str(), "ssh-ed25519" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ssh-rsa")
}

fn checked(
    how: &'static dyn VerificationAlgorithm,
    key: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Result<(), Unproven> {
    UnparsedPublicKey::new(how, key).verify(message, signature).map_err(|_| Unproven::Wrong)
}

fn rsa(key: &Key, name: &str, message: &[u8], signature: &[u8]) -> Result<(), Unproven> {
    let mut reader = Reader::new(&key.blob);
    reader.string().ok_or(Unproven::Wrong)?;
    let e = reader.mpint().ok_or(Unproven::Wrong)?;
    let n = reader.mpint().ok_or(Unproven::Wrong)?;
    if !(256..=1024).contains(&n.len()) {
        return Err(Unproven::Unsupported(format!("an RSA key of {} bits", n.len().saturating_mul(8)).into()));
    }
    let how = if name == "rsa-sha2-256" { &RSA_PKCS1_2048_8192_SHA256 } else { &RSA_PKCS1_2048_8192_SHA512 };
    let signature = padded(signature, n.len()).ok_or(Unproven::Wrong)?;
    RsaPublicKeyComponents { n, e }.verify(how, message, &signature).map_err(|_| Unproven::Wrong)
}

/// The last field of a plain key, after the type and `skip` others.
fn fields(key: &Key, skip: usize) -> Result<&[u8], Unproven> {
    let mut reader = Reader::new(&key.blob);
    for _ in 0..=skip {
        reader.string().ok_or(Unproven::Wrong)?;
    }
    reader.string().ok_or(Unproven::Wrong)
}

/// The two numbers of an ECDSA signature, each padded to `width` bytes.
fn pair(bytes: &[u8], width: usize) -> Result<Vec<u8>, Unproven> {
    let mut reader = Reader::new(bytes);
    let mut both = Vec::with_capacity(width * 2);
    for _ in 0..2 {
        both.extend(reader.mpint().and_then(|number| padded(number, width)).ok_or(Unproven::Wrong)?);
    }
    if reader.is_empty() { Ok(both) } else { Err(Unproven::Wrong) }
}

/// With zeros in front up to `width`; nothing when it is longer.
fn padded(number: &[u8], width: usize) -> Option<Vec<u8>> {
    let mut all = vec![0; width.checked_sub(number.len())?];
    all.extend_from_slice(number);
    Some(all)
}
