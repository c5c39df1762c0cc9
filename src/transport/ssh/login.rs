//! From a connected socket to a session that is logged in: handshake, host key, user. Blocking, each step with a limit
//! of its own; runs on the thread that will own the session. Sends nothing of the user's before the host key is judged.

use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};
use ssh2::{ErrorCode, MethodType, Session};

use super::config::{IdentityAgent, Settings};
use super::keyfile::{self, KeyFileError};
use super::known::{self, KnownHosts, Verdict};
use super::refusal::{Offered, Refusal};
use crate::model::{Ask, Text, Trouble};

/// Key exchange, at most. A host under load is slow at it.
const HANDSHAKE: Duration = Duration::from_secs(15);
/// Each answer while logging in, at most.
const AUTHENTICATION: Duration = Duration::from_secs(20);
/// An agent has this long to list its keys.
const AGENT: Duration = Duration::from_secs(3);

/// What a login needs to know.
pub struct Login {
    /// As the OpenSSH configuration says.
    pub settings: Settings,
    /// Where accepted host keys of this console stand.
    pub own_known_hosts: Option<PathBuf>,
    /// Passphrases given by a person, by file.
    pub passphrases: Vec<(PathBuf, SecretString)>,
    /// The time, for certificates.
    pub now: Timestamp,
}

impl Login {
    /// The name the host key is known under.
    pub fn known_as(&self) -> (&str, u16) {
        match &self.settings.host_key_alias {
            Some(alias) => (alias, 22),
            None => (&self.settings.host_name, self.settings.port),
        }
    }

    /// Logs in over a connected socket.
    pub fn run(&self, socket: OwnedFd) -> Result<Session, Refusal> {
        let files: Vec<PathBuf> = self
            .settings
            .user_known_hosts
            .iter()
            .chain(&self.settings.global_known_hosts)
            .chain(&self.own_known_hosts)
            .cloned()
            .collect();
        let known = KnownHosts::read(&files);
        let session = self.shake_hands(socket, &known)?;
        self.judge_host(&session, &known)?;
        session.set_timeout(millis(AUTHENTICATION));
        self.log_in(&session)?;
        session.set_timeout(0);
        Ok(session)
    }

    fn shake_hands(&self, socket: OwnedFd, known: &KnownHosts) -> Result<Session, Refusal> {
        let broken = |e: ssh2::Error| Refusal::new(Trouble::Handshake, e.message());
        let mut session = Session::new().map_err(broken)?;
        session.set_timeout(millis(HANDSHAKE));
        let (name, port) = self.known_as();
        let order = match &self.settings.host_key_algorithms {
            // A list of changes to the defaults would need the defaults of this user's ssh.
            Some(list) if !list.starts_with(['+', '-', '^']) => list.clone(),
            _ => known.algorithms(name, port).join(","),
        };
        prefer(&session, MethodType::HostKey, &order)?;
        for (kind, list) in [
            (MethodType::Kex, &self.settings.kex),
            (MethodType::CryptCs, &self.settings.ciphers),
            (MethodType::CryptSc, &self.settings.ciphers),
            (MethodType::MacCs, &self.settings.macs),
            (MethodType::MacSc, &self.settings.macs),
        ] {
            if let Some(list) = list.as_ref().filter(|l| !l.starts_with(['+', '-', '^'])) {
                prefer(&session, kind, list)?;
            }
        }
        session.set_tcp_stream(Socket(socket));
        session.handshake().map_err(|e| self.broken_handshake(&e))?;
        Ok(session)
    }

    fn broken_handshake(&self, error: &ssh2::Error) -> Refusal {
        let place = self.place();
        match error.code() {
            // Source: libssh2.h and kex.c, which says the same of both.
            ErrorCode::Session(-5 | -8) => Refusal::new(
                Trouble::Algorithms,
                format!(
                    "the handshake with {place} broke off: it has no key exchange, host key or cipher in common with this \
                     console (old servers offer only SHA-1, which is not spoken here), or it closed the connection"
                ),
            ),
            ErrorCode::Session(-9 | -30) => Refusal::new(
                Trouble::Handshake,
                format!("the handshake with {place} did not end within {} s", HANDSHAKE.as_secs()),
            ),
            ErrorCode::Session(-13 | -43 | -7 | -2) => {
                Refusal::new(Trouble::Handshake, format!("{place} closed the connection during the handshake"))
            }
            _ => Refusal::new(Trouble::Handshake, format!("the handshake with {place} broke: {}", error.message())),
        }
    }

    /// `192.0.2.10:22`.
    pub fn place(&self) -> String {
        super::place(&self.settings.host_name, self.settings.port)
    }

    fn judge_host(&self, session: &Session, known: &KnownHosts) -> Result<(), Refusal> {
        let Some((blob, _)) = session.host_key() else {
            return Err(Refusal::new(Trouble::Handshake, format!("{} showed no host key", self.place())));
        };
        let (name, port) = self.known_as();
        let verdict = known.judge(name, port, blob, self.now);
        let trouble = match &verdict {
            Verdict::Known => return Ok(()),
            Verdict::Unknown { .. } if verdict.may_be_accepted() => Trouble::HostKeyUnknown,
            Verdict::Revoked { .. } => Trouble::HostKeyRevoked,
            Verdict::Unknown { .. } | Verdict::Changed { .. } | Verdict::CertificateRefused { .. } => {
                Trouble::HostKeyChanged
            }
        };
        let mut words = verdict.words(name, port, blob);
        // What could not be read may be what speaks against it.
        for note in known.notes().iter().take(2) {
            words.push_str(&format!("; {note}"));
        }
        let mut refusal = Refusal::new(trouble, words);
        refusal.remedy = verdict.remedy(name, port).map(|remedy| Text::line_at_most(&remedy, 400));
        if trouble == Trouble::HostKeyUnknown {
            refusal.ask = Some(Box::new(Ask::Trust {
                name: known::looked_up(name, port).into(),
                kind: Text::line_at_most(known::kind(blob), 80),
                fingerprint: known::fingerprint(blob).into(),
            }));
            refusal.key = Some(Box::new(Offered { name: name.to_owned(), port, blob: blob.to_vec() }));
        }
        Err(refusal)
    }

    fn log_in(&self, session: &Session) -> Result<(), Refusal> {
        let user = &self.settings.user;
        let methods = match session.auth_methods(user) {
            Ok(methods) => methods.to_owned(),
            // The server let the user in without asking.
            Err(_) if session.authenticated() => return Ok(()),
            Err(e) => {
                let why = format!("{user}@{} could not log in: {}", self.place(), e.message());
                return Err(Refusal::new(dead_or(&e, Trouble::Authentication), why));
            }
        };
        let mut tried = Tried::default();
        let explicit = !self.settings.has_default_identities;
        if methods.split(',').any(|m| m == "publickey") {
            if explicit && self.try_files(session, &mut tried)? {
                return Ok(());
            }
            if self.try_agent(session, &mut tried)? {
                return Ok(());
            }
            if !explicit && self.try_files(session, &mut tried)? {
                return Ok(());
            }
        }
        let place = self.place();
        if let Some(file) = tried.locked {
            let given = self.passphrases.iter().any(|(known, _)| *known == file);
            let cause = if given {
                format!("the passphrase given for the key {} is wrong", file.display())
            } else {
                format!("the key {} has a passphrase that nobody gave yet", file.display())
            };
            let mut refusal = Refusal::new(Trouble::Passphrase, cause);
            refusal.ask = Some(Box::new(Ask::Passphrase { file: Text::from(file.display().to_string()) }));
            return Err(refusal);
        }
        let what = if tried.words.is_empty() { "there was no key to try".to_owned() } else { tried.words.join("; ") };
        let cause = if methods.split(',').any(|m| m == "publickey") {
            format!("{place} does not let {user} in: {what}")
        } else {
            format!("{place} lets {user} in only by {methods}, and this console logs in by key alone")
        };
        Err(Refusal::new(Trouble::Authentication, cause))
    }

    /// Tries the keys that the agent holds.
    fn try_agent(&self, session: &Session, tried: &mut Tried) -> Result<bool, Refusal> {
        let path = match &self.settings.identity_agent {
            IdentityAgent::None => return Ok(false),
            IdentityAgent::Path(path) => Some(path.clone()),
            IdentityAgent::FromEnvironment => {
                std::env::var_os("SSH_AUTH_SOCK").filter(|v| !v.is_empty()).map(PathBuf::from)
            }
        };
        let Some(path) = path else {
            tried.words.push("no ssh-agent (SSH_AUTH_SOCK is not set)".into());
            return Ok(false);
        };
        if !answers(&path) {
            tried.words.push(format!("the ssh-agent at {} does not answer", path.display()));
            return Ok(false);
        }
        let Ok(mut agent) = session.agent() else { return Ok(false) };
        let listed = agent
            .set_identity_path(&path)
            .and_then(|()| agent.connect())
            .and_then(|()| agent.list_identities())
            .and_then(|()| agent.identities());
        let Ok(keys) = listed else {
            tried.words.push(format!("no ssh-agent answers at {}", path.display()));
            return Ok(false);
        };
        let wanted: Option<Vec<Vec<u8>>> = self.settings.identities_only.then(|| {
            self.settings
                .identity_files
                .iter()
                .filter_map(|file| keyfile::inspect(file).ok().and_then(|key| key.public))
                .collect()
        });
        let mut refused = 0;
        for key in keys.iter().filter(|k| wanted.as_ref().is_none_or(|w| w.iter().any(|b| b == k.blob()))) {
            match agent.userauth(&self.settings.user, key) {
                Ok(()) if session.authenticated() => return Ok(true),
                Ok(()) => {}
                Err(e) if is_cut(&e) => return Err(self.cut(refused + 1, tried)),
                Err(_) => refused += 1,
            }
        }
        tried.words.push(match (keys.len(), refused) {
            (0, _) => "the agent holds no key (is it locked?)".into(),
            (_, 0) => "the agent holds none of the keys named in the configuration".into(),
            (_, 1) => "the agent's key was refused".into(),
            (_, n) => format!("{n} keys of the agent were refused"),
        });
        Ok(false)
    }

    /// Tries key files, each with the certificate beside it first.
    fn try_files(&self, session: &Session, tried: &mut Tried) -> Result<bool, Refusal> {
        for (count, file) in self.settings.identity_files.iter().enumerate() {
            let key = match keyfile::inspect(file) {
                Ok(key) => key,
                Err(KeyFileError::Missing { .. }) if self.settings.has_default_identities => continue,
                Err(error) => {
                    tried.words.push(error.to_string());
                    continue;
                }
            };
            let passphrase = self.passphrases.iter().find(|(f, _)| f == file).map(|(_, p)| p);
            if key.encrypted && passphrase.is_none() {
                tried.locked.get_or_insert_with(|| file.clone());
                continue;
            }
            let passphrase = passphrase.map(ExposeSecret::expose_secret);
            let certificates = self
                .settings
                .certificate_files
                .iter()
                .chain(key.certificate.iter().map(|c| &c.path))
                .map(Some)
                .chain([None]);
            for certificate in certificates {
                let public = certificate.map(PathBuf::as_path);
                match session.userauth_pubkey_file(&self.settings.user, public, file, passphrase) {
                    Ok(()) if session.authenticated() => return Ok(true),
                    Err(e) if is_cut(&e) => return Err(self.cut(count + 1, tried)),
                    // libssh2 says the same of a wrong passphrase and of a file it cannot read.
                    Err(e) if matches!(e.code(), ErrorCode::Session(-16)) && key.encrypted => {
                        tried.locked.get_or_insert_with(|| file.clone());
                    }
                    Err(e) if matches!(e.code(), ErrorCode::Session(-16)) => {
                        tried.words.push(format!("{} cannot be used: {}", file.display(), e.message()));
                    }
                    Err(_) if certificate.is_none() => tried.words.push(format!("{} was refused", file.display())),
                    Ok(()) | Err(_) => {}
                }
            }
        }
        Ok(false)
    }

    /// The server closed the connection while keys were tried: after several most often because there were too many. After
    /// one it was the line, or the server itself.
    fn cut(&self, count: usize, tried: &Tried) -> Refusal {
        if count < 2 {
            let cause = format!("{} closed the connection, or did not answer, while the user logged in", self.place());
            return Refusal::new(Trouble::Closed, cause);
        }
        let before = if tried.words.is_empty() { String::new() } else { format!(" ({})", tried.words.join("; ")) };
        let cause = format!(
            "{} closed the connection after {count} keys{before}: name the right one with IdentityFile and IdentitiesOnly",
            self.place()
        );
        Refusal::new(Trouble::Authentication, cause)
    }
}

/// What was tried, for the sentence.
#[derive(Default)]
struct Tried {
    words: Vec<String>,
    locked: Option<PathBuf>,
}

/// Keeps the descriptor open as long as the session.
struct Socket(OwnedFd);

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        self.0.as_raw_fd()
    }
}

/// Sets an order of methods, leaving out those that libssh2 does not know.
fn prefer(session: &Session, kind: MethodType, list: &str) -> Result<(), Refusal> {
    let Ok(known) = session.supported_algs(kind) else { return Ok(()) };
    let usable: Vec<&str> = list.split(',').filter(|m| known.contains(m)).collect();
    if usable.is_empty() {
        // The defaults would allow what the configuration does not.
        let cause = format!("the configuration allows only {list}, of which nothing is spoken here");
        return Err(Refusal::new(Trouble::Algorithms, cause));
    }
    // It was taken from its own list.
    session.method_pref(kind, &usable.join(",")).ok();
    Ok(())
}

/// libssh2 says of a connection that ends while an answer is due that the key could not be verified.
fn is_cut(error: &ssh2::Error) -> bool {
    match error.code() {
        ErrorCode::Session(-13 | -43 | -7 | -9) => true,
        ErrorCode::Session(-19) => error.message().contains("Waiting"),
        _ => false,
    }
}

/// Whether an agent says anything at all: libssh2 would wait for its answer without end. One that cannot be connected to
/// is told by libssh2 in time.
fn answers(path: &Path) -> bool {
    let Ok(mut stream) = UnixStream::connect(path) else { return true };
    let asked = stream
        .set_read_timeout(Some(AGENT))
        .and_then(|()| stream.set_write_timeout(Some(AGENT)))
        .and_then(|()| stream.write_all(&[0, 0, 0, 1, 11]))
        .and_then(|()| stream.read_exact(&mut [0; 5]));
    !asked.is_err_and(|e| matches!(e.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

fn dead_or(error: &ssh2::Error, other: Trouble) -> Trouble {
    if is_cut(error) { Trouble::Closed } else { other }
}

fn millis(duration: Duration) -> u32 {
    u32::try_from(duration.as_millis()).unwrap_or(u32::MAX)
}
