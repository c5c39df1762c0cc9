//! What effects on hosts do outside: a shell, connecting again, answers to what hosts ask, forwarded ports. One function
//! an effect.

use super::App;
use crate::model::HostId;
use crate::ui::hidden::Passphrase;

impl App {
    /// Gives the terminal to a shell on a host until that shell ends.
    pub(super) fn shell(&mut self, host: &HostId) {
        self.not_connected(host);
    }

    /// Connects again now, whatever was planned.
    pub(super) fn reconnect(&mut self, host: &HostId) {
        self.not_connected(host);
    }

    /// Takes a host key as known. Another key than this one is not.
    pub(super) fn trust(&mut self, host: &HostId, _fingerprint: &str) {
        self.not_connected(host);
    }

    /// Unlocks a key file with its passphrase.
    pub(super) fn unlock(&mut self, host: &HostId, _file: &str, _passphrase: &Passphrase) {
        self.not_connected(host);
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
