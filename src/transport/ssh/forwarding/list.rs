//! The forwarded ports of one console, by number. Keeps them and tells that one changed; shows nothing.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

use super::{Forwarding, ForwardingError, Standing, Target};
use crate::model::HostId;
use crate::transport::ssh::{Clock, Hosts};

/// The forwarded ports that are open.
#[derive(Clone, Debug)]
pub struct Forwardings {
    kept: Arc<RwLock<Kept>>,
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Kept {
    /// The newest number; none is given twice.
    last: u64,
    open: BTreeMap<u64, (HostId, Forwarding)>,
}

/// One of them at this moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its number, never given again.
    pub id: u64,
    /// The host it goes through.
    pub host: HostId,
    /// Where it leads, as the host sees it.
    pub target: Target,
    /// Where it is taken up on this machine.
    pub local: SocketAddr,
    /// How it stands.
    pub standing: Standing,
}

impl Default for Forwardings {
    fn default() -> Self {
        Self { kept: Arc::default(), changes: watch::Sender::new(0) }
    }
}

impl Forwardings {
    /// Opens one through a host; its number. None is there for a host that the deck does not have.
    pub async fn open(
        &self,
        hosts: &Hosts,
        host: &HostId,
        target: Target,
        port: Option<u16>,
        clock: Clock,
    ) -> Option<Result<u64, ForwardingError>> {
        let forwarding = match Forwarding::open(hosts.get(host)?, target, port, clock).await {
            Ok(forwarding) => forwarding,
            Err(error) => return Some(Err(error)),
        };
        let mut standing = forwarding.standing();
        let changes = self.changes.clone();
        tokio::spawn(async move {
            // Ends when the forwarding does, and tells that too.
            loop {
                let goes_on = standing.changed().await.is_ok();
                changes.send_modify(|count| *count = count.wrapping_add(1));
                if !goes_on {
                    break;
                }
            }
        });
        let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        kept.last = kept.last.saturating_add(1);
        let id = kept.last;
        kept.open.insert(id, (host.clone(), forwarding));
        drop(kept);
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        Some(Ok(id))
    }

    /// Closes one, with what it carries; whether there was one.
    pub fn close(&self, id: u64) -> bool {
        let gone = self.kept.write().unwrap_or_else(PoisonError::into_inner).open.remove(&id);
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
        gone.is_some()
    }

    /// All of them, oldest first.
    pub fn list(&self) -> Vec<Listed> {
        let kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
        let listed = kept.open.iter().map(|(id, (host, forwarding))| Listed {
            id: *id,
            host: host.clone(),
            target: forwarding.target().clone(),
            local: forwarding.address(),
            standing: forwarding.standing().borrow().clone(),
        });
        listed.collect()
    }

    /// Changes whenever the list or one of its members did.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }
}
