//! A console as the tests have it: an OpenSSH configuration written for the test, hosts of a deck, and words that are
//! waited for. Nothing of whoever runs the tests is read.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use quarterdeck::model::{EnvironmentId, Host, HostId, Link, LinkState};
use quarterdeck::source::Surroundings;
use quarterdeck::transport::ssh::Hosts;
use quarterdeck::transport::ssh::config::Sources;
use quarterdeck::transport::ssh::remote::Remote;
use quarterdeck::transport::{Argv, Limits, Output, Transport, TransportError};
use tempfile::TempDir;
use tokio::time::{Instant, sleep, timeout};

use crate::sshd::Sshd;

pub const SECOND: Duration = Duration::from_secs(1);

/// A console and its hosts.
pub struct Desk {
    pub around: Surroundings,
    _folder: TempDir,
}

/// The lines for one destination.
pub struct Entry(String);

impl Entry {
    /// A name for an address.
    pub fn at(name: &str, place: std::net::SocketAddr) -> Self {
        Self(format!("Host {name}\n  HostName {}\n  Port {}\n", place.ip(), place.port()))
    }

    /// A plain sshd with its key known and the user's key named.
    pub fn of(name: &str, server: &Sshd) -> Self {
        Self::behind(name, server, server.place())
    }

    /// The same, reached at another place.
    pub fn behind(name: &str, server: &Sshd, place: std::net::SocketAddr) -> Self {
        let known = server.folder().join(format!("known-{}", place.port()));
        fs::write(&known, server.known_hosts_at(place)).unwrap();
        Self::at(name, place).with(&format!("IdentityFile {}", server.key_path().display())).known(&known)
    }

    /// Keys of hosts stand in this file.
    pub fn known(self, file: &Path) -> Self {
        self.with(&format!("UserKnownHostsFile {}", file.display()))
    }

    /// One more line. The first one on a matter counts.
    pub fn with(mut self, line: &str) -> Self {
        writeln!(self.0, "  {line}").unwrap();
        self
    }
}

impl Desk {
    /// Knows these destinations, and takes all hosts of the same names.
    pub fn with(entries: Vec<Entry>) -> Self {
        Self::of(&entries.into_iter().map(|e| e.0).collect::<String>())
    }

    /// Goes by a configuration.
    pub fn of(text: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("qd-desk-").tempdir().unwrap();
        let config = folder.path().join("config");
        let rest = "Host *\n  User root\n  IdentityAgent none\n  IdentitiesOnly yes\n  GlobalKnownHostsFile /dev/null\n  \
                    UserKnownHostsFile /dev/null\n  ConnectTimeout 2\n";
        fs::write(&config, format!("{text}{rest}")).unwrap();
        Self::reading(folder, config)
    }

    fn reading(folder: TempDir, config: PathBuf) -> Self {
        let clock = Arc::new(jiff::Timestamp::now);
        let own = folder.path().join("accepted");
        Self { around: Surroundings::with(clock, Sources::only(config), Some(own)), _folder: folder }
    }

    pub fn hosts(&self) -> &Hosts {
        &self.around.hosts
    }

    /// Takes these hosts into the deck, in the place of those before.
    pub fn follow(&self, names: &[&str]) {
        let hosts: Vec<Host> = names.iter().map(|n| Host { id: id(n), destination: (*n).into() }).collect();
        self.hosts().follow(hosts.iter());
    }

    /// Takes one host alone.
    pub fn host(&self, name: &str) -> Arc<Remote> {
        self.follow(&[name]);
        self.get(name)
    }

    pub fn get(&self, name: &str) -> Arc<Remote> {
        self.hosts().get(&id(name)).unwrap()
    }
}

pub fn id(name: &str) -> HostId {
    EnvironmentId::new("test").host(name)
}

/// How the connection stands now.
pub fn link(host: &Remote) -> Link {
    host.keeper().link().borrow().clone()
}

/// Connects, and waits until it is so or a reason is told.
pub async fn settle(host: &Remote) -> Link {
    host.keeper().ask();
    until(host, SECOND * 30, |l| !matches!(l.state, LinkState::Idle | LinkState::Connecting)).await
}

/// Waits for a state of the connection.
pub async fn until(host: &Remote, limit: Duration, is_so: impl Fn(&Link) -> bool) -> Link {
    let mut link = host.keeper().link();
    let seen = timeout(limit, link.wait_for(|l| is_so(l))).await.map(|l| l.unwrap().clone());
    seen.unwrap_or_else(|_| panic!("not within {limit:?}: {:?}", host.keeper().link().borrow()))
}

/// The sentence on why there is no connection.
pub async fn refusal(host: &Remote) -> String {
    let link = settle(host).await;
    assert!(!link.state.is_up(), "{link:?}");
    link.cause.unwrap().as_str().to_owned()
}

/// Connects, which must be good.
pub async fn live(host: &Remote) -> Link {
    let link = settle(host).await;
    assert_eq!(link.state, LinkState::Live, "{link:?}");
    link
}

pub const LIMITS: Limits = Limits { timeout: Duration::from_secs(10), most_bytes: 64 * 1024 };

pub fn within(seconds: f64) -> Limits {
    Limits { timeout: Duration::from_secs_f64(seconds), ..LIMITS }
}

/// A command of a POSIX shell.
pub fn sh(text: &str) -> Argv {
    Argv::new("sh", ["-c", text])
}

/// Runs a shell command on a host.
pub async fn run(host: &Remote, text: &str) -> Result<Output, TransportError> {
    host.read(&sh(text), LIMITS).await
}

/// What a shell command printed on a host.
pub async fn said(host: &Remote, text: &str) -> String {
    let output = run(host, text).await.unwrap_or_else(|e| panic!("{text}: {e}"));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Waits until something is so; whether it came.
pub async fn becomes(limit: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    while began.elapsed() < limit {
        if is_so() {
            return true;
        }
        sleep(Duration::from_millis(20)).await;
    }
    is_so()
}

/// Processes of this machine with a word in their command line.
pub fn processes(word: &str) -> usize {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let lines = all.filter_map(|e| fs::read(e.path().join("cmdline")).ok());
    lines.filter(|l| String::from_utf8_lossy(l).contains(word)).count()
}

/// A number that no other test has, as seconds for `sleep`.
pub fn long() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{}.{}", 10_000 + std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed) + 1)
}
