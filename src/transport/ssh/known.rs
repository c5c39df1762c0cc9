//! Host keys: what the `known_hosts` files say of them, and the judgement on a key that a host shows. Follows OpenSSH's
//! client with strict checking, where it differs it is stricter. Reads the user's files and never writes to them; what a
//! person accepts goes to a file of the console's own.

mod accept;
mod certificate;
mod key;
#[cfg(test)]
pub(super) mod keygen;
mod line;
mod names;
mod signature;
#[cfg(test)]
mod tests;
mod verdict;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

pub use accept::accept;
pub use key::{Key, fingerprint, kind};
use line::{Entry, Marker};
use names::USUAL_PORT;
pub use names::looked_up;
pub use verdict::home_shortened;
pub(super) use verdict::reason;
pub use verdict::{Line, Note, Verdict};

/// The algorithms for host keys that can be spoken, the best first, with the type of the key that each is of.
const ALGORITHMS: &[(&str, &str, &str)] = &[
    ("ssh-ed25519", "ssh-ed25519-cert-v01@openssh.com", "ssh-ed25519"),
    ("ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ecdsa-sha2-nistp256"),
    ("ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ecdsa-sha2-nistp384"),
    ("ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ecdsa-sha2-nistp521"),
    ("rsa-sha2-512", "rsa-sha2-512-cert-v01@openssh.com", "ssh-rsa"),
    ("rsa-sha2-256", "rsa-sha2-256-cert-v01@openssh.com", "ssh-rsa"),
];

/// Everything that some files say of host keys.
#[derive(Clone, Debug, Default)]
pub struct KnownHosts {
    entries: Vec<Entry>,
    notes: Vec<Note>,
}

/// What the lines for one host say of a key.
enum Found {
    Known(Line),
    Not(Verdict),
}

impl KnownHosts {
    /// Reads files, one after the other. One that is not there says nothing; one that cannot be read is noted.
    pub fn read(files: &[PathBuf]) -> Self {
        let mut all = Self::default();
        for path in files {
            match contents(path) {
                Ok(bytes) => all.add(path, &String::from_utf8_lossy(&bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => all.notes.push(Note { path: path.clone(), line: 0, why: reason(&error) }),
            }
        }
        all
    }

    /// Reads the text of one file.
    pub fn parse(path: &Path, text: &str) -> Self {
        let mut all = Self::default();
        all.add(path, text);
        all
    }

    /// What could not be read: files and single lines.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    fn add(&mut self, path: &Path, text: &str) {
        for (index, line) in text.lines().enumerate() {
            let number = index.saturating_add(1);
            match Entry::parse(path, number, line) {
                Ok(entry) => self.entries.extend(entry),
                Err(why) => self.notes.push(Note { path: path.to_owned(), line: number, why: why.to_owned() }),
            }
        }
    }

    /// Judges the key or certificate `blob` that the host `name` shows on `port`. With a `HostKeyAlias`, `name` is the
    /// alias and `port` is 22, for OpenSSH looks up an alias without a port.
    pub fn judge(&self, name: &str, port: u16, blob: &[u8], now: Timestamp) -> Verdict {
        let name = name.to_ascii_lowercase();
        let lines = self.lines(&name, port);
        let Some(key) = Key::read(blob) else {
            if kind(blob).contains("-cert-") {
                return Verdict::CertificateRefused { why: "it cannot be read".to_owned() };
            }
            let others = lines.iter().filter(|e| e.marker == Marker::None).map(|e| e.place()).collect();
            return Verdict::Unknown { others, without_port: None };
        };
        match judged(&lines, &name, &key, now) {
            Found::Known(_) => Verdict::Known,
            Found::Not(Verdict::Unknown { others, .. }) if port != USUAL_PORT => {
                // ssh would now take a line without the port; it is named, for the person to decide on, not taken.
                match judged(&self.lines(&name, USUAL_PORT), &name, &key, now) {
                    Found::Known(line) => Verdict::Unknown { others, without_port: Some(line) },
                    Found::Not(revoked @ Verdict::Revoked { .. }) => revoked,
                    Found::Not(_) => Verdict::Unknown { others, without_port: None },
                }
            }
            Found::Not(verdict) => verdict,
        }
    }

    /// The algorithms to offer to a host, so that it shows a key that can be judged: first those for which a key or an
    /// authority is known.
    pub fn algorithms(&self, name: &str, port: u16) -> Vec<&'static str> {
        let lines = self.lines(&name.to_ascii_lowercase(), port);
        let authority = lines.iter().any(|e| e.marker == Marker::Authority && signature::is_checked(&e.key));
        let known = |kind: &str| lines.iter().any(|e| e.marker == Marker::None && e.key.kind == kind);
        let certificates = ALGORITHMS.iter().map(|(_, certificate, _)| *certificate);
        let first = ALGORITHMS.iter().filter(|(_, _, kind)| known(kind));
        let last = ALGORITHMS.iter().filter(|(_, _, kind)| !known(kind));
        let plain = first.chain(last).map(|(plain, _, _)| *plain);
        // Without an authority a certificate says no more than the key in it.
        if authority { certificates.chain(plain).collect() } else { plain.chain(certificates).collect() }
    }

    /// The lines for a host, in the order of the files.
    fn lines(&self, name: &str, port: u16) -> Vec<&Entry> {
        let host = looked_up(name, port);
        self.entries.iter().filter(|entry| entry.names.cover(&host)).collect()
    }
}

/// The bytes of a file. What is no file (a folder, a pipe that would be waited for) is an error.
fn contents(path: &Path) -> std::io::Result<Vec<u8>> {
    if !path.metadata()?.is_file() && path != Path::new("/dev/null") {
        return Err(std::io::Error::other("it is not a file"));
    }
    std::fs::read(path)
}

/// What the lines for a host say of a key: a revoked one first, then its certificate, then the plain key.
fn judged(lines: &[&Entry], name: &str, key: &Key, now: Timestamp) -> Found {
    let with = |marker: Marker| lines.iter().filter(move |entry| entry.marker == marker);
    let certificate = key.certificate.as_deref();
    let authority = certificate.map(|certificate| &certificate.authority.blob);
    if let Some(line) = with(Marker::Revoked).find(|e| e.key.blob == key.blob || Some(&e.key.blob) == authority) {
        return Found::Not(Verdict::Revoked { line: line.place() });
    }
    // A forged certificate ends the key exchange in OpenSSH, whatever is known of the key in it.
    let refused = |why| Found::Not(Verdict::CertificateRefused { why });
    let trusted = with(Marker::Authority).find(|e| Some(&e.key.blob) == authority);
    let refusal =
        certificate.and_then(|c| (trusted.is_some() || c.is_forged()).then(|| c.refusal(name, now)).flatten());
    match (trusted, refusal) {
        (Some(line), None) => return Found::Known(line.place()),
        (_, Some(why)) if certificate.is_some_and(certificate::Certificate::is_forged) => return refused(why),
        // A certificate that does not vouch leaves the key in it, as in OpenSSH, but only where that very key is known.
        (_, Some(why)) => match plain(lines, key) {
            Found::Known(line) => return Found::Known(line),
            Found::Not(_) => return refused(why),
        },
        (None, None) => {}
    }
    plain(lines, key)
}

/// What the lines for a host say of a plain key.
fn plain(lines: &[&Entry], key: &Key) -> Found {
    let mut known = lines.iter().filter(|e| e.marker == Marker::None && e.key.certificate.is_none());
    if let Some(line) = known.clone().find(|e| e.key == Key { certificate: None, ..key.clone() }) {
        return Found::Known(line.place());
    }
    let (same, others): (Vec<_>, Vec<_>) = known.by_ref().partition(|e| e.key.kind == key.kind);
    let places = |entries: Vec<&&Entry>| entries.into_iter().map(|e| e.place()).collect();
    Found::Not(if same.is_empty() {
        Verdict::Unknown { others: places(others), without_port: None }
    } else {
        Verdict::Changed { known: places(same) }
    })
}
