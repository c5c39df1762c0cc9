//! Sources: what watches the outside and reports events. The [`Supervisor`] keeps one task a probe, spreads them in
//! time, bounds how many look at once, and starts a task that panics again. It never touches the store or the screen.

mod ask;
pub use crate::transport::dial;
pub mod fetch;
pub mod health;
pub mod logs;
pub mod tls;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use futures::StreamExt;
use jiff::Timestamp;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use crate::config::{Deck, Probe};
use crate::model::{Observation, ProbeId, ServiceId};
use crate::secret::Vault;
use crate::store::Event;
use crate::transport::ssh::Hosts;
use crate::transport::ssh::config::Sources;
use crate::transport::{Local, Transport};

pub use ask::ask;

/// Tells the time; made by the app, which alone reads the clock.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What every probe task shares.
#[derive(Clone)]
pub struct Surroundings {
    /// Tells the time of samples.
    pub clock: Clock,
    /// Where secrets are looked up.
    pub vault: Vault,
    /// Runs commands on this machine.
    pub transport: Arc<dyn Transport>,
    /// The hosts of the deck.
    pub hosts: Hosts,
    /// Where runs are on record; none where there is no home folder.
    pub state: Option<std::path::PathBuf>,
    /// Bounds how many checks look at the same time.
    slots: Arc<Semaphore>,
}

/// Checks that look at the same time in one round of `qd status`.
const ROUND_WIDTH: usize = 256;

/// File descriptors left to everything that is not a check.
const SPARE_FILES: u64 = 64;

impl Surroundings {
    /// For this machine and its user. `$QUARTERDECK_SSH_CONFIG` names a file to read instead of the user's OpenSSH
    /// configuration.
    pub fn new(clock: Clock) -> Self {
        let own = crate::config::folder::state_folder().map(|folder| folder.join("known_hosts"));
        Self { state: crate::config::folder::state_folder(), ..Self::with(clock, Sources::in_use(), own) }
    }

    /// With this OpenSSH configuration, and this file for the host keys that are accepted here.
    pub fn with(clock: Clock, sources: Sources, own_known_hosts: Option<std::path::PathBuf>) -> Self {
        let slots = Arc::new(Semaphore::new(raise_file_limit()));
        let hosts = Hosts::new(sources, own_known_hosts, Arc::clone(&clock));
        Self { clock, vault: Vault::default(), transport: Arc::new(Local), hosts, state: None, slots }
    }
}

/// Raises the limit of open files as far as it may be, and says how many checks fit under it.
fn raise_file_limit() -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let limit = getrlimit(Resource::Nofile);
    // macOS refuses more than 10,240 whatever its hard limit says.
    let raise = |wanted: u64| {
        let wanted = limit.maximum.unwrap_or(wanted).min(wanted);
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), maximum: limit.maximum }).ok().map(|()| wanted)
    };
    let files = raise(65_536).or_else(|| raise(10_240)).unwrap_or_else(|| limit.current.unwrap_or(256));
    // A check may hold two descriptors for a moment, a command three.
    usize::try_from(files.saturating_sub(SPARE_FILES) / 3).unwrap_or(64).clamp(8, 2048)
}

/// Keeps the probes of a deck running.
pub struct Supervisor {
    surroundings: Surroundings,
    outbox: mpsc::Sender<Event>,
    running: BTreeMap<ProbeId, Running>,
    paused: BTreeSet<ServiceId>,
    deck: Vec<Arc<Probe>>,
    /// Ends the reports on connections.
    reports: CancellationToken,
}

struct Running {
    probe: Arc<Probe>,
    stop: CancellationToken,
    now: Arc<Notify>,
}

impl Supervisor {
    /// Runs nothing yet.
    pub fn new(surroundings: Surroundings, outbox: mpsc::Sender<Event>) -> Self {
        Self {
            surroundings,
            outbox,
            running: BTreeMap::new(),
            paused: BTreeSet::new(),
            deck: Vec::new(),
            reports: CancellationToken::new(),
        }
    }

    /// Makes exactly the probes of this deck run; those that did not change go on undisturbed.
    pub fn follow(&mut self, deck: &Deck) {
        self.deck = deck.probes().cloned().collect();
        self.surroundings.hosts.follow(deck.hosts());
        self.surroundings.hosts.ask_all();
        self.report_links();
        // A service that goes and comes back is not paused any more: the store has forgotten it too.
        let known: BTreeSet<&ServiceId> =
            deck.environments.iter().flat_map(|e| &e.environment.services).map(|s| &s.id).collect();
        self.paused.retain(|service| known.contains(service));
        self.settle();
    }

    /// Stops or starts the probes of services.
    pub fn pause(&mut self, services: &[ServiceId], paused: bool) {
        for service in services {
            if paused {
                self.paused.insert(service.clone());
            } else {
                self.paused.remove(service);
            }
        }
        self.settle();
    }

    /// Lets every probe of these services look now.
    pub fn probe_now(&self, services: &[ServiceId]) {
        let wanted = self.running.iter().filter(|(id, _)| services.contains(&id.service));
        wanted.for_each(|(_, running)| running.now.notify_one());
    }

    /// Lets every probe look now.
    pub fn probe_all(&self) {
        self.running.values().for_each(|running| running.now.notify_one());
    }

    /// The hosts of the deck.
    pub fn hosts(&self) -> &Hosts {
        &self.surroundings.hosts
    }

    /// Tells how the connection to each host stands, now and whenever it changes.
    fn report_links(&mut self) {
        std::mem::take(&mut self.reports).cancel();
        for (host, mut link) in self.surroundings.hosts.links() {
            let (outbox, clock, stop) =
                (self.outbox.clone(), Arc::clone(&self.surroundings.clock), self.reports.clone());
            let report = async move {
                loop {
                    let seen = link.borrow_and_update().clone();
                    let event = Event::HostLinked { host: host.clone(), at: clock(), link: seen };
                    if outbox.send(event).await.is_err() || link.changed().await.is_err() {
                        break;
                    }
                }
            };
            tokio::spawn(async move { stop.run_until_cancelled(report).await });
        }
    }

    /// Ends all of them, at once; nobody waits for an answer.
    pub fn stop(&mut self) {
        self.reports.cancel();
        self.surroundings.hosts.stop();
        self.running.values().for_each(|running| running.stop.cancel());
        self.running.clear();
    }

    fn settle(&mut self) {
        let wanted: BTreeMap<ProbeId, Arc<Probe>> = self
            .deck
            .iter()
            .filter(|p| !p.paused && !self.paused.contains(&p.info.id.service))
            .map(|p| (p.info.id.clone(), Arc::clone(p)))
            .collect();
        self.running.retain(|id, running| {
            let stays =
                wanted.get(id).is_some_and(|probe| Arc::ptr_eq(probe, &running.probe) || probe.is_same(&running.probe));
            if !stays {
                running.stop.cancel();
            }
            stays
        });
        for (id, probe) in wanted {
            if !self.running.contains_key(&id) {
                let started = self.start(probe);
                self.running.insert(id, started);
            }
        }
    }

    fn start(&self, probe: Arc<Probe>) -> Running {
        let stop = CancellationToken::new();
        let now = Arc::new(Notify::new());
        let watch = watch::Watch {
            probe: Arc::clone(&probe),
            surroundings: self.surroundings.clone(),
            outbox: self.outbox.clone(),
            now: Arc::clone(&now),
        };
        let until = stop.clone();
        tokio::spawn(async move { until.run_until_cancelled(watch.run()).await });
        Running { probe, stop, now }
    }
}

/// Looks once with every probe that is not paused, and reports in the order of the answers.
pub async fn round<'d>(
    probes: impl Iterator<Item = &'d Arc<Probe>>,
    surroundings: &Surroundings,
    mut report: impl FnMut(ProbeId, Timestamp, Observation),
) {
    let looks = probes.filter(|p| !p.paused).cloned().map(|probe| {
        let surroundings = surroundings.clone();
        async move {
            let id = probe.info.id.clone();
            // Its own task, so that rounds use every core and a panic stays where it is.
            let look = tokio::spawn(async move { ask(&probe, &surroundings).await });
            (id, look.await.unwrap_or_else(|_| watch::broken()))
        }
    });
    let mut answers = futures::stream::iter(looks).buffer_unordered(ROUND_WIDTH);
    while let Some((id, observation)) = answers.next().await {
        report(id, (surroundings.clock)(), observation);
    }
}
