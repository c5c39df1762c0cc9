//! What effects on hosts do outside: connecting again, answers to what hosts ask, forwarded ports. One function
//! an effect.

use std::sync::Arc;

use super::App;
use crate::model::HostId;
use crate::transport::ssh::forwarding::{Listed, Phase, Target};
use crate::ui::hidden::Passphrase;
use crate::ui::popup::forwards::{ForwardLine, ForwardState};

impl App {
    /// Connects again now, whatever was planned.
    pub(super) fn reconnect(&mut self, host: &HostId) {
        let now = self.clock.get();
        self.supervisor.hosts().reconnect(host);
        self.ui.say(format!("connecting to {host} again"), now);
    }

    /// Takes a host key as known. Another key than this one is not.
    pub(super) fn trust(&mut self, host: &HostId, fingerprint: &str) {
        let (hosts, notes) = (self.supervisor.hosts().clone(), self.notes.clone());
        let (host, fingerprint) = (host.clone(), fingerprint.to_owned());
        // The file is written under a lock that another console may hold.
        tokio::task::spawn_blocking(move || match hosts.trust(&host, &fingerprint) {
            Ok(file) => tracing::info!(%host, %fingerprint, file = %file.display(), "host key accepted"),
            Err(error) => drop(notes.blocking_send(format!("the key of {host} was not accepted: {error}"))),
        });
    }

    /// Unlocks a key file with its passphrase.
    pub(super) fn unlock(&mut self, host: &HostId, file: &str, passphrase: &Passphrase) {
        let now = self.clock.get();
        self.supervisor.hosts().unlock(file, passphrase.secret().clone());
        self.ui.say(format!("trying {host} with the key {file}"), now);
    }

    /// Forwards a port of this machine through a host.
    pub(super) fn forward(&mut self, host: &HostId, target: &str) {
        let now = self.clock.get();
        let target = match target.parse::<Target>() {
            Ok(target) => target,
            Err(error) => {
                self.ui.warn(error.to_string(), now);
                return;
            }
        };
        let (forwardings, hosts, notes) =
            (self.forwardings.clone(), self.supervisor.hosts().clone(), self.notes.clone());
        let (host, clock) = (host.clone(), self.clock.clone());
        tokio::spawn(async move {
            let opened = forwardings.open(&hosts, &host, target, None, Arc::new(move || clock.get())).await;
            let trouble = match opened {
                None => format!("host {host} is not in the deck any more"),
                Some(Err(error)) => error.to_string(),
                Some(Ok(_)) => return,
            };
            notes.send(trouble).await.ok();
        });
    }

    /// Takes over how the forwarded ports stand.
    pub(super) fn list_forwards(&mut self) {
        let now = self.clock.get();
        let before: Vec<u64> = self.ui.forwards.iter().map(|f| f.id).collect();
        self.ui.forwards = self.forwardings.list().into_iter().map(line).collect();
        if let Some(new) = self.ui.forwards.iter().find(|f| !before.contains(&f.id)) {
            let words = format!("{} leads to {} through {} now", new.local, new.target, new.host);
            self.ui.say(words, now);
        }
        self.pacer.soon();
    }

    /// Ends a forwarded port.
    pub(super) fn close_forward(&mut self, id: u64) {
        self.forwardings.close(id);
    }
}

fn line(listed: Listed) -> ForwardLine {
    let Listed { id, host, target, local, standing } = listed;
    let state = match standing.phase {
        Phase::Opening => ForwardState::Opening,
        Phase::Open if standing.failed.is_none() => ForwardState::Open,
        Phase::Open | Phase::Broken => ForwardState::Broken,
    };
    ForwardLine {
        id,
        host,
        target: target.to_string().into(),
        local: local.to_string().into(),
        state,
        cause: standing.cause.or(standing.failed),
        since: standing.since,
    }
}
