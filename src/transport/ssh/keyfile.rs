//! Private key files, looked at before they are used: whether they can be read at all, are locked with a passphrase, are
//! open to others, are of a type that can be used. Never decrypts, never keeps a private part, never asks anybody.

mod armour;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use secrecy::zeroize::Zeroizing;

use super::known::{Key, home_shortened, reason};
use crate::model::Text;

/// No key file is larger.
const MOST_BYTES: u64 = 1024 * 1024;

/// How a private key is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// OpenSSH's own.
    OpenSsh,
    /// RSA in PEM.
    Pkcs1,
    /// ECDSA in PEM.
    Sec1,
    /// Any type in PEM.
    Pkcs8,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::OpenSsh => "OpenSSH",
            Self::Pkcs1 => "PKCS#1",
            Self::Sec1 => "SEC1",
            Self::Pkcs8 => "PKCS#8",
        })
    }
}

/// A private key file that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// The file.
    pub path: PathBuf,
    /// How it is written.
    pub format: Format,
    /// Whether it takes a passphrase.
    pub encrypted: bool,
    /// Its type, `ssh-ed25519`; none where neither it nor the `.pub` beside it tells.
    pub kind: Option<String>,
    /// Its public key in wire form, from itself or else from the `.pub` beside it.
    pub public: Option<Vec<u8>>,
    /// The `.pub` beside it, where it belongs to it.
    pub public_file: Option<Beside>,
    /// The `-cert.pub` beside it, where it belongs to it.
    pub certificate: Option<Beside>,
    /// What is wrong with the files beside it, a sentence each. They are not used then.
    pub notes: Vec<String>,
}

/// A public file beside a private key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beside {
    /// The file.
    pub path: PathBuf,
    /// What stands in it, in wire form: a key or a certificate.
    pub blob: Vec<u8>,
    /// The comment after the key, mostly who made it where.
    pub comment: Text,
}

/// Why a private key file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// It is not there.
    #[error("the key file {} is not there; check the path, or make a key with ssh-keygen", home_shortened(.0))]
    Missing(PathBuf),
    /// It is there, but not to be read.
    #[error("the key file {} cannot be read: {why}", home_shortened(.path))]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Others than its owner can read or change it.
    #[error(
        "the key file {} is open to others (mode {mode:04o}), so ssh does not use it; type: chmod 600 {}",
        home_shortened(.path),
        typed(.path)
    )]
    TooOpen {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It holds a public key.
    #[error("{} holds a public key; name the private key that belongs to it", home_shortened(.0))]
    Public(PathBuf),
    /// It holds no private key in a form that is known.
    #[error("{} holds no private key that can be read: {why}", home_shortened(.path))]
    NoKey {
        /// The file.
        path: PathBuf,
        /// Why.
        why: &'static str,
    },
    /// It only points to a FIDO token.
    #[error(
        "the key in {} is {kind}, which needs its FIDO token; such keys cannot be used here, not from an agent either: \
         name a key of type ed25519",
        home_shortened(.path)
    )]
    Fido {
        /// The file.
        path: PathBuf,
        /// The type.
        kind: String,
    },
    /// It is of a type that is no longer spoken.
    #[error(
        "the key in {} is {kind}, which cannot be used any more: make a new one with ssh-keygen -t ed25519 and put its \
         public key on the host",
        home_shortened(.path)
    )]
    Unsupported {
        /// The file.
        path: PathBuf,
        /// The type.
        kind: String,
    },
}

/// What a file says of its key without being unlocked.
struct Read {
    format: Format,
    encrypted: bool,
    kind: Option<String>,
    public: Option<Vec<u8>>,
}

/// Why what a file holds is no key to be used.
enum Flaw {
    Public,
    NoKey(&'static str),
    Kind(String),
}

/// Looks at a private key file and the public files beside it.
pub fn inspect(path: &Path) -> Result<KeyFile, KeyFileError> {
    let bytes = contents(path)?;
    let owned = path.to_owned();
    let Read { format, encrypted, mut kind, mut public } = armour::read(&bytes).map_err(|flaw| match flaw {
        Flaw::Public => KeyFileError::Public(owned.clone()),
        Flaw::NoKey(why) => KeyFileError::NoKey { path: owned.clone(), why },
        Flaw::Kind(kind) => unusable(path, &kind),
    })?;
    let mut notes = Vec::new();
    let public_file = beside(path, ".pub", public.as_deref(), kind.as_deref(), &mut notes);
    if let (None, Some(file)) = (&public, &public_file) {
        public = Some(file.blob.clone());
    }
    if let (None, Some(key)) = (&kind, public.as_deref().and_then(Key::read)) {
        kind = Some(key.kind);
    }
    let certificate = beside(path, "-cert.pub", public.as_deref(), kind.as_deref(), &mut notes);
    match kind {
        Some(kind) if kind.starts_with("sk-") || kind == "ssh-dss" => Err(unusable(path, &kind)),
        kind => Ok(KeyFile { path: owned, format, encrypted, kind, public, public_file, certificate, notes }),
    }
}

/// A path as it is typed into a shell.
fn typed(path: &Path) -> String {
    let plain = home_shortened(path).to_string();
    let odd = |c: char| !c.is_ascii_alphanumeric() && !"/._-+@~".contains(c);
    if !plain.contains(odd) {
        return plain;
    }
    format!("'{}'", Text::line(&path.to_string_lossy()).as_str().replace('\'', r"'\''"))
}

fn unusable(path: &Path, kind: &str) -> KeyFileError {
    let (path, kind) = (path.to_owned(), Text::line_at_most(kind, 64).to_string());
    if kind.starts_with("sk-") { KeyFileError::Fido { path, kind } } else { KeyFileError::Unsupported { path, kind } }
}

/// The bytes of a private key file, wiped when dropped. As ssh does, permissions are looked at where the file is ours.
fn contents(path: &Path) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    let unreadable = |why: String| KeyFileError::Unreadable { path: path.to_owned(), why };
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => KeyFileError::Missing(path.to_owned()),
        _ => unreadable(reason(&error)),
    };
    let found = path.metadata().map_err(failed)?;
    if !found.is_file() {
        return Err(unreadable("it is not a file".to_owned()));
    }
    let mode = found.mode() & 0o777;
    if mode & 0o077 != 0 && found.uid() == rustix::process::getuid().as_raw() {
        // A public key is open to all by right; to tell of its permissions would mislead.
        return Err(match std::fs::read_to_string(path).map(Zeroizing::new) {
            Ok(text) if Key::read_text(&text).is_ok() => KeyFileError::Public(path.to_owned()),
            _ => KeyFileError::TooOpen { path: path.to_owned(), mode },
        });
    }
    if found.len() > MOST_BYTES {
        return Err(unreadable("it is far too large for a key".to_owned()));
    }
    let room = usize::try_from(found.len()).unwrap_or_default().saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::with_capacity(room));
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(MOST_BYTES).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The public file beside a private key, where there is one and it belongs to it.
fn beside(
    path: &Path,
    ending: &str,
    public: Option<&[u8]>,
    kind: Option<&str>,
    notes: &mut Vec<String>,
) -> Option<Beside> {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    let path = PathBuf::from(name);
    let told = home_shortened(&path);
    let text = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => {
            notes.push(format!("{told} is not used: {}", reason(&error)));
            return None;
        }
    };
    let text = String::from_utf8_lossy(&text);
    match fitting(&text, public, kind, ending == "-cert.pub") {
        Ok((blob, comment)) => Some(Beside { path, blob, comment }),
        Err(why) => {
            notes.push(format!("{told} is not used: {why}"));
            None
        }
    }
}

/// The key or certificate in a public file, and its comment.
fn fitting(
    text: &str,
    public: Option<&[u8]>,
    kind: Option<&str>,
    certificate: bool,
) -> Result<(Vec<u8>, Text), &'static str> {
    let line = text.lines().find(|line| !line.trim().is_empty()).ok_or("it is empty")?;
    let (key, comment) = Key::read_text(line)?;
    if key.certificate.is_some() != certificate {
        return Err(if certificate { "it holds no certificate" } else { "it holds a certificate" });
    }
    if public.is_some_and(|public| public != key.blob) || kind.is_some_and(|kind| kind != key.kind) {
        return Err("it belongs to another private key");
    }
    let blob = if certificate { armour::blob_in(line).ok_or("its key is not base64")? } else { key.blob };
    Ok((blob, Text::line_at_most(comment, 200)))
}
