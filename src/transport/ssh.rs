//! Hosts over SSH. A host needs sshd and a POSIX shell, and nothing of ours. [`Hosts`] holds one [`keeper`] a destination,
//! which holds its connection ([`mod@line`]), which is owned by one thread ([`actor`]); [`remote`] makes a transport of it.

pub mod actor;
mod banner;
pub mod config;
pub mod forwarding;
pub mod keeper;
pub mod keyfile;
pub mod known;
pub mod line;
pub mod login;
pub mod refusal;
pub mod remote;
pub mod script;
pub mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::{Semaphore, watch};

use crate::model::{Ask, Host, HostId, Link};
use config::{Destination, Sources};
use keeper::Keeper;
use refusal::Refusal;
use remote::Remote;

/// Tells the time; made by the app, which alone reads the clock.
pub type Clock = Arc<dyn Fn() -> jiff::Timestamp + Send + Sync>;

/// Without `ServerAliveInterval` an idle connection is asked for a sign of life this often.
pub const ALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// Logins under way at the same time: servers drop them beyond ten (MaxStartups).
const HANDSHAKES: usize = 8;
/// Hops that lead to a host.
const MOST_HOPS: usize = 8;
/// How often a host that is waited for is looked at when nothing is told.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What all connections share.
pub struct Shared {
    /// The user's OpenSSH configuration.
    pub sources: Sources,
    /// The host keys that a person accepted here; the user's own file is never written.
    pub own_known_hosts: Option<PathBuf>,
    /// Tells the time.
    pub clock: Clock,
    passphrases: RwLock<Vec<(PathBuf, SecretString)>>,
    handshakes: Arc<Semaphore>,
    /// `user@address:port` of destinations, as their configuration said last.
    routes: RwLock<HashMap<String, String>>,
    /// Hops by way, shared by all that pass them.
    hops: RwLock<BTreeMap<String, Arc<Keeper>>>,
}

/// The hosts of a deck and the hops to them.
#[derive(Clone)]
pub struct Hosts {
    shared: Arc<Shared>,
    known: Arc<RwLock<Known>>,
}

#[derive(Default)]
struct Known {
    keepers: BTreeMap<String, Arc<Keeper>>,
    hosts: BTreeMap<HostId, Arc<Remote>>,
}

/// An answer to a question that nobody asks any more.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// There is no such host.
    #[error("host {0} is not in the deck any more")]
    NoHost(String),
    /// The key on offer is another one by now, or none is asked about.
    #[error("{0} does not offer the key {1} now; look at it again")]
    AnotherKey(String, String),
    /// There is no file to write it to.
    #[error("there is no state folder to keep accepted keys in; set XDG_STATE_HOME")]
    NoFile,
    /// It could not be written.
    #[error("cannot write {}: {source}", file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl Hosts {
    /// No host yet.
    pub fn new(sources: Sources, own_known_hosts: Option<PathBuf>, clock: Clock) -> Self {
        let shared = Shared {
            sources,
            own_known_hosts,
            clock,
            passphrases: RwLock::default(),
            handshakes: Arc::new(Semaphore::new(HANDSHAKES)),
            routes: RwLock::default(),
            hops: RwLock::default(),
        };
        Self { shared: Arc::new(shared), known: Arc::default() }
    }

    /// Knows exactly these hosts from now on; connections that are not needed any more end.
    pub fn follow<'h>(&self, hosts: impl Iterator<Item = &'h Host>) {
        let mut known = self.lock();
        let mut before = std::mem::take(&mut known.hosts);
        let mut old = std::mem::take(&mut known.keepers);
        for host in hosts {
            let Ok(destination) = host.destination.as_str().parse::<Destination>() else { continue };
            let key = destination.to_string();
            let start = || Keeper::start(key.clone(), destination, None, true, Arc::clone(&self.shared));
            let keeper = known.keepers.get(&key).cloned().or_else(|| old.remove(&key)).unwrap_or_else(start);
            known.keepers.insert(key, Arc::clone(&keeper));
            let remote = before.remove(&host.id).filter(|r| Arc::ptr_eq(r.keeper(), &keeper));
            let remote = remote.unwrap_or_else(|| Remote::new(&host.id.name, keeper));
            known.hosts.insert(host.id.clone(), remote);
        }
        for keeper in old.into_values() {
            keeper.stop();
        }
        self.drop_unused_hops(&known);
    }

    /// Ends the connections to hops that no host is reached through any more.
    fn drop_unused_hops(&self, known: &Known) {
        let mut used = BTreeSet::new();
        for keeper in known.keepers.values() {
            let hops = std::iter::successors(keeper.through(), |hop| hop.through());
            used.extend(hops.take(MOST_HOPS).map(|hop| hop.key().to_owned()));
        }
        let mut hops = self.shared.hops.write().unwrap_or_else(PoisonError::into_inner);
        hops.retain(|key, hop| {
            let stays = used.contains(key);
            if !stays {
                hop.stop();
            }
            stays
        });
    }

    fn lock(&self) -> std::sync::RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A host as a place where commands run.
    pub fn get(&self, host: &HostId) -> Option<Arc<Remote>> {
        self.lock().hosts.get(host).cloned()
    }

    /// How the connection to each host stands, and every change.
    pub fn links(&self) -> Vec<(HostId, watch::Receiver<Link>)> {
        self.lock().hosts.iter().map(|(id, remote)| (id.clone(), remote.keeper().link())).collect()
    }

    /// Connects to every host that is not connected.
    pub fn ask_all(&self) {
        self.lock().hosts.values().for_each(|remote| remote.keeper().ask());
    }

    /// Accepts the host key that a host (or a hop before it) shows, if it is the one with this fingerprint; tells where it
    /// is written. Blocks on a file.
    pub fn trust(&self, host: &HostId, fingerprint: &str) -> Result<PathBuf, AnswerError> {
        let remote = self.get(host).ok_or_else(|| AnswerError::NoHost(host.to_string()))?;
        let another = || AnswerError::AnotherKey(host.name.to_string(), fingerprint.to_owned());
        let question = remote.keeper().question().ok_or_else(another)?;
        let (Some(Ask::Trust { fingerprint: asked, .. }), Some(key)) = (question.ask.as_deref(), question.key) else {
            return Err(another());
        };
        if asked.as_str() != fingerprint {
            return Err(another());
        }
        let file = self.shared.own_known_hosts.clone().ok_or(AnswerError::NoFile)?;
        let accepted = known::accept(&file, &key.name, key.port, &key.blob);
        accepted.map_err(|source| AnswerError::Write { file: file.clone(), source })?;
        remote.keeper().reconnect();
        Ok(file)
    }

    /// What a person is asked about a host, there or on the way.
    pub fn question(&self, host: &HostId) -> Option<Refusal> {
        self.get(host)?.keeper().question()
    }

    /// Why there is no connection to a host: the refusal there or on the way that everything else follows from.
    pub fn origin(&self, host: &HostId) -> Option<Refusal> {
        self.get(host)?.keeper().origin()
    }

    /// Waits while an attempt is under way at a host; how it stands then.
    pub async fn settled(&self, host: &HostId) -> Link {
        let Some(remote) = self.get(host) else { return Link::default() };
        let keeper = remote.keeper();
        let mut link = keeper.link();
        // What a hop becomes shows in no change here.
        while keeper.is_trying() {
            tokio::time::timeout(LOOK_AGAIN, link.changed()).await.ok();
        }
        link.borrow().clone()
    }

    /// The file of the host keys that were accepted here.
    pub fn own_known_hosts(&self) -> Option<&std::path::Path> {
        self.shared.own_known_hosts.as_deref()
    }

    /// Takes the passphrase of a key file, for as long as the console runs, and tries every host again that needs it.
    pub fn unlock(&self, file: &str, passphrase: SecretString) {
        {
            let mut all = self.shared.passphrases.write().unwrap_or_else(PoisonError::into_inner);
            all.retain(|(known, _)| known.as_os_str() != file);
            all.push((PathBuf::from(file), passphrase));
        }
        let asks = |remote: &&Arc<Remote>| {
            let question = remote.keeper().question().and_then(|q| q.ask);
            matches!(question.as_deref(), Some(Ask::Passphrase { file: asked }) if asked.as_str() == file)
        };
        self.lock().hosts.values().filter(asks).for_each(|remote| remote.keeper().reconnect());
    }

    /// Connects to a host now, whatever went wrong before.
    pub fn reconnect(&self, host: &HostId) {
        if let Some(remote) = self.get(host) {
            remote.keeper().reconnect();
        }
    }

    /// Ends every connection.
    pub fn stop(&self) {
        let mut known = self.lock();
        known.hosts.clear();
        for keeper in std::mem::take(&mut known.keepers).into_values() {
            keeper.stop();
        }
        self.drop_unused_hops(&known);
    }
}

impl std::fmt::Debug for Hosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hosts").finish_non_exhaustive()
    }
}

/// `192.0.2.10:22`, `[2001:db8::1]:22`.
pub fn place(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

/// A number that nobody can guess (std's hasher is seeded by the system).
fn nonce() -> u64 {
    RandomState::new().hash_one(0)
}

/// 0 ≤ chance < 1.
fn chance() -> f64 {
    (nonce() >> 11) as f64 / (1_u64 << 53) as f64
}
