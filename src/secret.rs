//! Secrets by reference. A deck never holds a secret, only where to find it: `env:NAME`, `file:PATH`,
//! `command:PROGRAM ARG…`, `keyring:SERVICE/ACCOUNT`. Values live in a type that prints nothing, are looked up when a
//! probe runs, and every value ever looked up is replaced by `•••` in whatever comes back from outside.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};

use crate::model::{Observation, Text};
use crate::transport::{Argv, Exit, Limits, Local, Transport, human};

/// Where a secret is found. Prints the place, never the value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretRef {
    /// An environment variable of the console.
    Env(String),
    /// A file; one trailing newline is dropped.
    File(PathBuf),
    /// A program whose first line of output is the secret (pass, op, vault, sops).
    Command(Argv),
    /// The desktop's keyring: `secret-tool` on Linux, `security` on macOS.
    Keyring {
        /// The service attribute.
        service: String,
        /// The account attribute.
        account: String,
    },
}

/// Why a secret is not to be had. Never holds the value.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The text is no reference.
    #[error("`{}` is not a secret reference", .0)]
    Syntax(String),
    /// The variable is not set, the file not readable, the program failed.
    #[error("secret {place}: {why}")]
    Missing {
        /// The reference.
        place: String,
        /// What went wrong.
        why: String,
    },
    /// The file, program or keyring takes too long.
    #[error("secret {place} did not answer within {limit}")]
    Silent {
        /// The reference.
        place: String,
        /// How long it had: `5s`.
        limit: String,
    },
}

impl SecretRef {
    /// Reads a reference as written in a deck.
    pub fn parse(text: &str) -> Result<Self, SecretError> {
        let syntax = || SecretError::Syntax(text.split(':').next().unwrap_or_default().to_owned());
        let (scheme, rest) = text.split_once(':').ok_or_else(syntax)?;
        let rest = rest.trim();
        if rest.is_empty() {
            return Err(syntax());
        }
        match scheme {
            "env" => Ok(Self::Env(rest.to_owned())),
            "file" => Ok(Self::File(PathBuf::from(rest))),
            "command" => {
                let mut words = rest.split_whitespace();
                let program = words.next().ok_or_else(syntax)?;
                Ok(Self::Command(Argv::new(program, words)))
            }
            "keyring" => {
                let (service, account) = rest.split_once('/').ok_or_else(syntax)?;
                Ok(Self::Keyring { service: service.to_owned(), account: account.to_owned() })
            }
            _ => Err(syntax()),
        }
    }
}

impl SecretRef {
    /// As a deck writes it, whole; [`SecretRef::parse`] reads it again.
    pub fn written(&self) -> String {
        match self {
            Self::Command(argv) => format!("{self} {}", argv.arguments.join(" ")),
            other => other.to_string(),
        }
    }
}

impl fmt::Display for SecretRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "env:{name}"),
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Command(argv) => write!(f, "command:{}", argv.program),
            Self::Keyring { service, account } => write!(f, "keyring:{service}/{account}"),
        }
    }
}

/// Looks secrets up and remembers every value, to take it out of what comes back. Shared by the sources only; the
/// screen's loop never touches it.
#[derive(Clone, Debug, Default)]
pub struct Vault {
    seen: Arc<RwLock<BTreeMap<String, Seen>>>,
}

/// The newest values behind one reference. A program that mints a new token for each look does not fill the memory.
#[derive(Clone, Default)]
struct Seen(VecDeque<String>);

/// Values of one reference that are still taken out: those that may be under way when it is rotated.
const MOST_SEEN: usize = 4;

impl fmt::Debug for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl Vault {
    /// The value behind a reference, looked up anew each time so that a rotated secret is found.
    pub async fn reveal(&self, reference: &SecretRef) -> Result<SecretString, SecretError> {
        let missing = |why: String| SecretError::Missing { place: reference.to_string(), why };
        let value = match reference {
            SecretRef::Env(name) => {
                std::env::var(name).map_err(|_| missing("the variable is not set where qd was started".into()))?
            }
            SecretRef::File(path) => tokio::fs::read_to_string(path).await.map_err(|e| missing(e.to_string()))?,
            SecretRef::Command(argv) => run(argv).await.map_err(missing)?,
            SecretRef::Keyring { service, account } => run(&keyring(service, account)).await.map_err(missing)?,
        };
        let value = value.trim_end_matches(['\r', '\n']).to_owned();
        if value.is_empty() {
            return Err(missing("it is empty".into()));
        }
        self.remember(&reference.to_string(), &value);
        Ok(SecretString::from(value))
    }

    /// Takes a value out of what comes back from now on: one that a person typed, or that a step is given.
    pub fn remember(&self, place: &str, value: &str) {
        if value.chars().count() >= SHORTEST_REDACTED
            && let Ok(mut seen) = self.seen.write()
        {
            let of_reference = seen.entry(place.to_owned()).or_default();
            // A value of several lines comes back in one, cleaned as all text is.
            for form in [value.to_owned(), Text::line(value).to_string()] {
                if !of_reference.0.contains(&form) {
                    of_reference.0.push_back(form);
                }
            }
            while of_reference.0.len() > MOST_SEEN {
                of_reference.0.pop_front();
            }
        }
    }

    /// Every value that is taken out, for whoever redacts a stream.
    pub fn values(&self) -> Vec<SecretString> {
        let Ok(seen) = self.seen.read() else { return Vec::new() };
        seen.values().flat_map(|s| &s.0).map(|value| SecretString::from(value.as_str())).collect()
    }

    /// The same, given up after `limit`: a trifle before, so that whoever holds the same limit still hears why.
    pub async fn reveal_within(&self, reference: &SecretRef, limit: Duration) -> Result<SecretString, SecretError> {
        let margin = (limit / 10).min(Duration::from_millis(10));
        let silent = |_| SecretError::Silent { place: reference.to_string(), limit: human(limit) };
        tokio::time::timeout(limit.saturating_sub(margin), self.reveal(reference)).await.map_err(silent)?
    }

    /// Takes every known value out of an observation.
    pub fn redact(&self, observation: &mut Observation) {
        let Ok(seen) = self.seen.read() else { return };
        if seen.is_empty() {
            return;
        }
        // The longest first, so that one value inside another leaves no rest.
        let mut values: Vec<&str> = seen.values().flat_map(|s| &s.0).map(String::as_str).collect();
        values.sort_by_key(|v| std::cmp::Reverse(v.len()));
        let clean = |text: &mut Text| {
            if values.iter().any(|v| text.as_str().contains(v)) {
                let plain = values.iter().fold(text.as_str().to_owned(), |t, v| t.replace(v, "•••"));
                *text = Text::block(&plain, Observation::MOST_ANSWER);
            }
        };
        observation.reason.iter_mut().for_each(clean);
        observation.answer.iter_mut().for_each(clean);
        observation.version.iter_mut().for_each(clean);
        observation.facts.iter_mut().for_each(|f| clean(&mut f.value));
        for entry in &mut observation.entries {
            clean(&mut entry.name);
            entry.detail.iter_mut().for_each(clean);
        }
    }
}

/// The value, for the one call that needs it.
pub fn expose(secret: &SecretString) -> &str {
    secret.expose_secret()
}

/// Shorter values would blank out ordinary words.
const SHORTEST_REDACTED: usize = 4;

fn keyring(service: &str, account: &str) -> Argv {
    if cfg!(target_os = "macos") {
        Argv::new("security", ["find-generic-password", "-s", service, "-a", account, "-w"])
    } else {
        Argv::new("secret-tool", ["lookup", "service", service, "account", account])
    }
}

async fn run(argv: &Argv) -> Result<String, String> {
    let limits = Limits { timeout: Duration::from_secs(20), most_bytes: 64 * 1024 };
    let output = Local.read(argv, limits).await.map_err(|e| e.to_string())?;
    match output.exit {
        Exit::Code(0) => {
            let text = String::from_utf8(output.stdout).map_err(|_| "its output is not UTF-8".to_owned())?;
            Ok(text.lines().next().unwrap_or_default().to_owned())
        }
        Exit::Code(code) => Err(format!("`{}` exited with {code}", argv.program)),
        Exit::Signal(signal) => Err(format!("`{}` was ended by signal {signal}", argv.program)),
        Exit::Missing => Err(format!("nobody knows how `{}` ended", argv.program)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_is_read_and_printed_without_its_value() {
        for text in ["env:DB_PASSWORD", "file:/run/secrets/db", "keyring:shop/ops"] {
            assert_eq!(SecretRef::parse(text).unwrap().to_string(), text);
        }
        assert!(SecretRef::parse("hunter2").is_err());
        assert!(SecretRef::parse("vault:x").is_err());
    }

    #[test]
    fn a_plain_secret_in_the_deck_is_not_repeated_by_its_fault() {
        assert!(!SecretRef::parse("pass:hunter2").unwrap_err().to_string().contains("hunter2"));
    }

    #[tokio::test]
    async fn a_value_once_looked_up_is_taken_out_of_what_comes_back() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        std::fs::write(&path, "s3cr3t-value\n").unwrap();
        let vault = Vault::default();
        let value = vault.reveal(&SecretRef::File(path)).await.unwrap();
        assert_eq!(expose(&value), "s3cr3t-value");
        assert!(!format!("{vault:?}").contains("s3cr3t"));
        let mut seen = Observation::fail("login s3cr3t-value refused");
        vault.redact(&mut seen);
        assert_eq!(seen.reason.unwrap().as_str(), "login ••• refused");
    }

    #[tokio::test]
    async fn a_rotating_secret_does_not_fill_the_vault_and_the_longest_value_goes_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret");
        let vault = Vault::default();
        for number in 0..100 {
            std::fs::write(&path, format!("token-{number}")).unwrap();
            vault.reveal(&SecretRef::File(path.clone())).await.unwrap();
        }
        assert!(vault.seen.read().unwrap().values().all(|of_one| of_one.0.len() <= MOST_SEEN));
        let longer = folder.path().join("longer");
        std::fs::write(&longer, "token-99-and-more").unwrap();
        vault.reveal(&SecretRef::File(longer)).await.unwrap();
        let mut seen = Observation::fail("refused token-99-and-more");
        vault.redact(&mut seen);
        assert_eq!(seen.reason.unwrap().as_str(), "refused •••");
    }
}
