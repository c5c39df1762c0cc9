//! Health checks: one file a kind. A kind is a row of [`KINDS`]: its key in the deck, a line of documentation, an
//! example, how to read its settings and how to check. Adding one is its file and its row.

pub mod api;
mod bounded;
pub mod command;
pub mod dns;
mod figures;
pub mod file;
#[cfg(test)]
pub(crate) mod fixture;
pub mod host;
pub mod http;
mod place;
pub mod postgres;
pub mod rabbitmq;
pub mod redis;
pub mod report;
pub mod status_page;
pub mod systemd;
pub mod tcp;
mod threshold;
pub mod tls;

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::model::Observation;
use crate::secret::Vault;
use crate::settings::Section;
use crate::transport::Transport;
use crate::transport::dial::{Watch, Way};

/// What a check may use.
#[derive(Clone, Debug)]
pub struct Context {
    /// How to reach what it looks at (commands, units).
    pub transport: std::sync::Arc<dyn Transport>,
    /// The way to what it connects to, when that is not straight there.
    pub way: Option<std::sync::Arc<dyn Way>>,
    /// Where secrets are looked up.
    pub vault: Vault,
    /// How long the check may take in all. The supervisor ends it then; a check that keeps to it itself can say
    /// how far it came, which makes the better reason.
    pub timeout: Duration,
    /// The time now, to judge dates by.
    pub now: Timestamp,
}

impl Context {
    /// The time of this check, and its way.
    pub fn watch(&self) -> Watch {
        Watch::new(self.timeout).by(self.way.clone())
    }
}

/// One configured check. Must be cancel-safe: the supervisor drops the future when time is up.
pub trait Check: fmt::Debug + Send + Sync {
    /// What it asks, for people; never holds a secret.
    fn target(&self) -> String;

    /// Whether it only glances at a host, so that all that do can share one command.
    fn glances(&self) -> bool {
        false
    }

    /// Looks once. Every failure is an observation with a reason, not an error.
    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation>;
}

/// Where the checks of a kind run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Over the network, from this machine; through a host only where `via` names one.
    Network,
    /// From this machine alone.
    Here,
    /// On a host: the service's own, unless `via` names another.
    OnHost,
    /// On the host that the kind's own key names.
    NamedHost,
}

/// A kind of probe.
pub struct Kind {
    /// The key that names it in a deck: `http = "…"`.
    pub name: &'static str,
    /// One line about it.
    pub doc: &'static str,
    /// A probe table as it would stand in a deck.
    pub example: &'static str,
    /// Time between two checks unless the deck says otherwise.
    pub every: Duration,
    /// Time limit unless the deck says otherwise.
    pub timeout: Duration,
    /// Whether the common key `degraded = "800ms"` (a latency) applies. If not, the kind may read `degraded` itself.
    pub latency: bool,
    /// Where its checks run.
    pub placement: Placement,
    /// Reads the settings; faults are noted in the section, and then there is none.
    pub read: fn(&mut Section<'_>) -> Option<Box<dyn Check>>,
}

/// Every kind of probe that a deck can name.
pub static KINDS: &[&Kind] = &[
    &http::KIND,
    &tcp::KIND,
    &tls::KIND,
    &dns::KIND,
    &command::KIND,
    &systemd::KIND,
    &host::KIND,
    &file::KIND,
    &postgres::KIND,
    &redis::KIND,
    &rabbitmq::KIND,
    &status_page::KIND,
];
