//! Host certificates (OpenSSH's PROTOCOL.certkeys): read, and refused with the reason. Whether an authority is trusted
//! is not known here; the files say that.

use jiff::Timestamp;

use super::key::Key;
use super::names::glob;
use super::signature::{Unproven, verify};
use crate::model::Text;
use crate::transport::ssh::wire::Reader;

/// The type number of a host certificate; 1 is a user's.
const HOST: u32 = 2;

/// What a certificate says of the key in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    kind: u32,
    /// Whom it is for: names of hosts, or of users.
    pub principals: Vec<String>,
    valid_after: u64,
    valid_before: u64,
    critical: Vec<String>,
    /// The key of the authority that signed it.
    pub authority: Key,
    proof: Result<(), Unproven>,
}

impl Certificate {
    /// Reads what follows the key in a certificate; `blob` is the whole of it, which the signature is over.
    pub(super) fn read(blob: &[u8], mut reader: Reader<'_>) -> Option<Self> {
        reader.u64()?; // the serial number
        let kind = reader.u32()?;
        reader.string()?; // the key's name
        let principals = strings(reader.string()?)?;
        let valid_after = reader.u64()?;
        let valid_before = reader.u64()?;
        let critical = options(reader.string()?)?;
        options(reader.string()?)?;
        reader.string()?; // reserved
        // A certificate does not sign certificates.
        let authority = Key::read(reader.string()?).filter(|key| key.certificate.is_none())?;
        let signed = blob.get(..blob.len().checked_sub(reader.rest().len())?)?;
        let signature = reader.string()?;
        if !reader.is_empty() {
            return None;
        }
        let proof = verify(&authority, signed, signature);
        Some(Self { kind, principals, valid_after, valid_before, critical, authority, proof })
    }

    /// Whether its signature is wrong, as opposed to good or not to be checked here.
    pub(super) fn is_forged(&self) -> bool {
        self.proof == Err(Unproven::Wrong)
    }

    /// Why it does not vouch for the host `name` at `now`; none when it does.
    pub(super) fn refusal(&self, name: &str, now: Timestamp) -> Option<String> {
        let at = i128::from(now.as_second());
        if let Err(why) = &self.proof {
            return Some(why.to_string());
        }
        if self.kind != HOST {
            return Some("it is no host certificate but one for users; sign the key again with -h".to_owned());
        }
        if at < i128::from(self.valid_after) {
            return Some(format!("it is valid only from {} on", instant(self.valid_after)));
        }
        if at >= i128::from(self.valid_before) {
            return Some(format!("it expired at {}", instant(self.valid_before)));
        }
        if self.principals.is_empty() {
            return Some("it names no host; sign the key again with -n and the names".to_owned());
        }
        if !self.principals.iter().any(|principal| glob(principal.as_bytes(), name.as_bytes())) {
            let names = Text::line_at_most(&self.principals.join(", "), 120);
            return Some(format!("it is for {names}"));
        }
        if !self.critical.is_empty() {
            let names = Text::line_at_most(&self.critical.join(", "), 120);
            return Some(format!("it has critical options that hosts do not have: {names}"));
        }
        None
    }
}

/// A list of strings in a string.
fn strings(list: &[u8]) -> Option<Vec<String>> {
    let mut reader = Reader::new(list);
    let mut all = Vec::new();
    while !reader.is_empty() {
        // Read leniently, for a name that is not UTF-8 matches no host, whatever stands for its bytes.
        all.push(String::from_utf8_lossy(reader.string()?).into_owned());
    }
    Some(all)
}

/// The names in a list of names with values.
fn options(list: &[u8]) -> Option<Vec<String>> {
    let all = strings(list)?;
    all.len().is_multiple_of(2).then(|| all.into_iter().step_by(2).collect())
}

/// A time as certificates write it, for people.
fn instant(seconds: u64) -> String {
    let known = i64::try_from(seconds).ok().and_then(|seconds| Timestamp::from_second(seconds).ok());
    known.map_or_else(|| "the end of time".to_owned(), |time| time.to_string())
}
