//! Throw-away Linux hosts with a real systemd and sshd, for tests and benches over SSH: each in a network namespace of
//! its own, on a bridge that leads nowhere else. Needs root on Linux; elsewhere it says what was not run. Never
//! routes anything out, never touches a network or a process that is not its own.
#![allow(dead_code, reason = "each test crate uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so and stops"
)]
#![allow(clippy::disallowed_methods, reason = "tests wait for real hosts, by the real clock, in threads of their own")]

#[path = "lab/base.rs"]
mod base;
#[path = "lab/call.rs"]
mod call;
#[path = "lab/faults.rs"]
mod faults;
#[path = "lab/group.rs"]
mod group;
#[path = "lab/host.rs"]
mod host;
#[path = "lab/limit.rs"]
mod limit;
#[path = "lab/line.rs"]
mod line;
#[path = "lab/place.rs"]
mod place;
#[path = "lab/service.rs"]
mod service;

use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;

pub use host::Host;
use line::Net;
use place::Place;

/// Set to `1` where the hosts must be there: what is absent then fails the test.
const NEEDED: &str = "QD_TESTS_NEED_HOSTS";

/// Why there are no hosts here.
#[derive(Debug)]
pub struct Absent(String);

impl fmt::Display for Absent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Absent {
    fn from(why: String) -> Self {
        Self(why)
    }
}

/// A network with hosts. Dropped, all of it is gone: hosts, links, mounts, files.
pub struct Lab {
    place: Arc<Place>,
    claim: File,
}

impl Lab {
    /// An empty lab; none where hosts cannot be had, after one line that says what was not run and why.
    pub fn new() -> Option<Self> {
        match Self::open() {
            Ok(lab) => Some(lab),
            Err(absent) => {
                assert!(std::env::var_os(NEEDED).is_none_or(|v| v != "1"), "no hosts for this test: {absent}");
                let thread = std::thread::current();
                let test = thread.name().unwrap_or("a test over SSH");
                // Not by `eprintln!`, which the test harness swallows when the test is good.
                std::io::stderr().write_all(format!("not run: {test}: {absent}\n").as_bytes()).ok();
                None
            }
        }
    }

    /// An empty lab, or why there is none.
    pub fn open() -> Result<Self, Absent> {
        if !cfg!(target_os = "linux") {
            return Err(Absent("its hosts need Linux".to_owned()));
        }
        if !rustix::process::geteuid().is_root() {
            return Err(Absent("its hosts need root".to_owned()));
        }
        group::there()?;
        let base = base::ready()?;
        let (place, claim) = Place::claim(base)?;
        // From here on the drop of the lab cleans up, whatever fails.
        let lab = Self { place: Arc::new(place), claim };
        limit::raise()?;
        line::build(&lab.place, Net::Front)?;
        call::call("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", &call::text(&lab.key_path())])?;
        Ok(lab)
    }

    /// Boots a host; returns when it runs and takes logins.
    pub fn host(&self, name: &str) -> Host {
        let host = Host::prepare(&self.place, name, &[Net::Front]);
        host.on();
        host
    }

    /// Boots this many at once: `host-1`, `host-2`, … Once a lab.
    pub fn hosts(&self, count: usize) -> Vec<Host> {
        let names: Vec<String> = (1..=count).map(|n| format!("host-{n}")).collect();
        self.boot(&names.iter().map(|n| (n.as_str(), &[Net::Front][..])).collect::<Vec<_>>())
    }

    /// A host with two links, and hosts behind it: these have no address on the lab's own network, so only the first
    /// reaches them. One such pair a lab.
    pub fn jump(&self, name: &str, behind: &[&str]) -> (Host, Vec<Host>) {
        line::build(&self.place, Net::Behind).unwrap_or_else(|why| panic!("{why}"));
        let first = [(name, &[Net::Front, Net::Behind][..])];
        let rest = behind.iter().map(|name| (*name, &[Net::Behind][..]));
        let mut hosts = self.boot(&first.into_iter().chain(rest).collect::<Vec<_>>());
        (hosts.remove(0), hosts)
    }

    fn boot(&self, wanted: &[(&str, &[Net])]) -> Vec<Host> {
        std::thread::scope(|scope| {
            let boots: Vec<_> = wanted
                .iter()
                .map(|(name, nets)| {
                    scope.spawn(move || {
                        let host = Host::prepare(&self.place, name, nets);
                        host.on();
                        host
                    })
                })
                .collect();
            boots.into_iter().map(|b| b.join().expect("a host that boots")).collect()
        })
    }

    /// The private key that `ops` and `plain` of every host take.
    pub fn key_path(&self) -> PathBuf {
        self.place.key_path()
    }

    /// Writes a file of known hosts and a client configuration that names these hosts; its path, for `ssh -F`.
    pub fn ssh_config(&self, hosts: &[&Host]) -> PathBuf {
        let known: String = hosts.iter().map(|h| h.known_hosts()).collect();
        let known_path = self.place.folder().join("known_hosts");
        std::fs::write(&known_path, known).unwrap();
        let mut text = String::new();
        for host in hosts {
            text.push_str(&format!("Host {}\n  HostName {}\n", host.name(), host.address()));
        }
        text.push_str(&format!(
            "Host *\n  User ops\n  IdentityFile {}\n  IdentitiesOnly yes\n  UserKnownHostsFile {}\n  \
             GlobalKnownHostsFile /dev/null\n  BatchMode yes\n  ConnectTimeout 2\n",
            self.key_path().display(),
            known_path.display()
        ));
        let path = self.place.folder().join("ssh_config");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// What every name of its bridges, links, namespaces and groups begins with.
    pub fn prefix(&self) -> String {
        self.place.prefix()
    }

    /// Its files.
    pub fn folder(&self) -> PathBuf {
        self.place.folder()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        place::remove(self.place.number);
        limit::put_back(&self.claim);
    }
}
