//! Our own reader of the OpenSSH client configuration: what `ssh` of this user would do for a host, by ssh_config(5).
//! Reads files and nothing else, but for the commands of `Match exec`; opens no connection and looks no name up. What
//! applies to a host and is not followed is told in a [`Note`], never passed over in silence. It blocks while it reads.

mod aliases;
mod chosen;
mod criteria;
mod destination;
mod file;
mod keyword;
mod line;
mod note;
mod pattern;
mod reader;
mod settle;
mod token;

#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::time::Duration;

pub use aliases::aliases;
pub use destination::{Destination, DestinationError};
pub use note::Note;

/// Where the configuration is read from, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sources {
    /// The user's file.
    pub user: Option<PathBuf>,
    /// The file of the machine, read after the user's.
    pub system: Option<PathBuf>,
    /// The user's home, for `~`, `%d` and paths in `Include`.
    pub home: PathBuf,
    /// The user of this machine, for `%u` and as the user to log in as when none is said.
    pub local_user: String,
    /// The name of this machine, for `%l` and `%L`.
    pub local_host: String,
    /// Whether the user's file was named on purpose, as with `ssh -F`: it must be there, and its owner is not checked.
    pub is_named: bool,
}

impl Sources {
    /// What `ssh` reads for this user: `~/.ssh/config` and `/etc/ssh/ssh_config`.
    pub fn of_this_user() -> Self {
        let (local_user, passwd_home) = file::this_user();
        let home = std::env::var_os("HOME").map(PathBuf::from).filter(|h| h.is_absolute()).unwrap_or(passwd_home);
        Self {
            user: Some(home.join(".ssh/config")),
            system: Some(PathBuf::from("/etc/ssh/ssh_config")),
            home,
            local_user,
            local_host: file::this_host(),
            is_named: false,
        }
    }

    /// What counts in this process: the file that `$QUARTERDECK_SSH_CONFIG` names and nothing else, or what `ssh` reads.
    pub fn in_use() -> Self {
        let named = std::env::var_os("QUARTERDECK_SSH_CONFIG").filter(|v| !v.is_empty());
        named.map_or_else(Self::of_this_user, |file| Self::only(PathBuf::from(file)))
    }

    /// Only this file, as `ssh -F FILE` reads it.
    pub fn only(file: impl Into<PathBuf>) -> Self {
        Self { user: Some(file.into()), system: None, is_named: true, ..Self::of_this_user() }
    }
}

/// What the configuration says about a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// How to reach it.
    pub settings: Settings,
    /// What is wrong or not followed, in the order it was found.
    pub notes: Vec<Note>,
}

impl Resolved {
    /// The first note that keeps the host from being reached as the user's `ssh` would.
    pub fn obstacle(&self) -> Option<&Note> {
        self.notes.iter().find(|note| note.fatal)
    }
}

/// How to reach a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The host as it was written.
    pub alias: String,
    /// The name or address to connect to.
    pub host_name: String,
    /// The user to log in as.
    pub user: String,
    /// The port.
    pub port: u16,
    /// Private keys, in the order they are offered.
    pub identity_files: Vec<PathBuf>,
    /// Whether the keys are the usual ones because none were named: a missing file is then no fault.
    pub has_default_identities: bool,
    /// Certificates that belong to keys.
    pub certificate_files: Vec<PathBuf>,
    /// Whether an agent's other keys are left alone.
    pub identities_only: bool,
    /// The agent to ask.
    pub identity_agent: IdentityAgent,
    /// The hosts to go through, in the order of travel.
    pub proxy_jump: Vec<Destination>,
    /// How often the server is asked for a sign of life: none when nothing is said, zero when it is switched off.
    pub alive_interval: Option<Duration>,
    /// After how many signs that did not come the connection is lost.
    pub alive_count: u32,
    /// How long connecting may take, when it is said.
    pub connect_timeout: Option<Duration>,
    /// How often connecting is tried.
    pub connection_attempts: u32,
    /// The user's files of known hosts.
    pub user_known_hosts: Vec<PathBuf>,
    /// The machine's files of known hosts.
    pub global_known_hosts: Vec<PathBuf>,
    /// The name under which the key of the host is looked up.
    pub host_key_alias: Option<String>,
    /// Algorithms for the key of the host, as written: a list, or one that starts with `+`, `-` or `^`.
    pub host_key_algorithms: Option<String>,
    /// Algorithms for the exchange of keys, as written.
    pub kex: Option<String>,
    /// Ciphers, as written.
    pub ciphers: Option<String>,
    /// Message authentication codes, as written.
    pub macs: Option<String>,
    /// Which addresses may be used.
    pub address_family: AddressFamily,
    /// The local address to connect from.
    pub bind_address: Option<String>,
}

/// Which agent to ask for keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentityAgent {
    /// The one that `SSH_AUTH_SOCK` names.
    FromEnvironment,
    /// None at all.
    None,
    /// The one behind this socket.
    Path(PathBuf),
}

/// Which addresses may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressFamily {
    /// All.
    Any,
    /// IPv4 alone.
    Inet,
    /// IPv6 alone.
    Inet6,
}

/// What `ssh` of this user would do for a destination. What the destination itself says wins over every file.
pub fn resolve(destination: &Destination, sources: &Sources) -> Resolved {
    let mut reader = reader::Reader::new(destination, sources);
    reader.pass();
    let host = settle::host_name(&mut reader);
    if reader.wants_final_pass() {
        reader.start_final_pass(&host);
        reader.pass();
    }
    settle::settle(reader, host)
}
