//! Looks at something with the check that the deck will use: the draft becomes a deck of one probe, read like any other.
//! Whatever comes back has the password taken out.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::draft::{Draft, key, quoted};
use super::lent::Lent;
use crate::app::Now;
use crate::config::{self, Probe};
use crate::model::{Host, Observation};
use crate::source::{Surroundings, ask};

/// Time for a first look, and for one that the first made necessary: together under six seconds.
pub(super) const FIRST: Duration = Duration::from_millis(3200);
pub(super) const SECOND: Duration = Duration::from_millis(2200);

/// What drafts are looked at through.
#[derive(Clone)]
pub(super) struct Lens {
    surroundings: Surroundings,
    /// The host that is looked through; none looks from this machine.
    through: Option<Host>,
}

impl Lens {
    /// From this machine.
    pub(super) fn new(clock: Now) -> Self {
        Self { surroundings: Surroundings::new(Arc::new(move || clock.get())), through: None }
    }

    /// Through a host that these surroundings know.
    pub(super) fn through(surroundings: &Surroundings, host: &Host) -> Self {
        Self { surroundings: surroundings.clone(), through: Some(host.clone()) }
    }

    /// Looks once.
    pub(super) async fn look(&self, draft: &Draft, limit: Duration) -> Observation {
        let password = draft.login.as_ref().and_then(|l| l.password.as_ref());
        let lent = match password.map(Lent::new).transpose() {
            Ok(lent) => lent,
            Err(error) => return Observation::unknown(format!("the password cannot be handed to the check: {error}")),
        };
        let reference = lent.as_ref().map(Lent::reference);
        match read(draft, self.through.as_ref(), reference.as_deref(), limit) {
            Ok(probe) => ask(&probe, &self.surroundings).await,
            Err(why) => Observation::unknown(why),
        }
    }
}

/// The probe that a draft makes; the error is the first fault of its text.
fn read(draft: &Draft, through: Option<&Host>, password: Option<&str>, limit: Duration) -> Result<Arc<Probe>, String> {
    // A user cannot stand alone; until there is a password the look goes without both.
    let bare = draft.login.is_some() && password.is_none();
    let draft = if bare { draft.without("user") } else { draft.clone() };
    let mut more = format!(", timeout = \"{}ms\"", limit.as_millis());
    let (mut environment, mut hosts) = ("e".to_owned(), String::new());
    if let Some(host) = through {
        more.push_str(&format!(", via = {}", quoted(&host.id.name)));
        environment = key(host.id.environment.as_str());
        let ssh = toml::Value::String(host.destination.to_string());
        hosts = format!("hosts.{} = {{ ssh = {ssh} }}, ", key(&host.id.name));
    }
    let table = draft.table(password, &more);
    let text =
        format!("environments.{environment} = {{ tier = \"development\", {hosts}services.s.probes.p = {table} }}\n");
    let loaded = config::parse(Path::new("draft"), &text);
    let told = |mut faults: Vec<crate::model::Fault>| faults.drain(..).next().map(|f| f.message);
    match loaded.deck.as_ref().and_then(|deck| deck.probes().next()) {
        Some(probe) => Ok(Arc::clone(probe)),
        None => Err(told(loaded.faults).unwrap_or_else(|| "it makes no probe".into())),
    }
}

/// Whether a deck can hold this draft; the error says why not, without any password.
pub(super) fn accepts(draft: &Draft) -> Result<(), String> {
    let password = draft.login.as_ref().map(|_| "env:PASSWORD");
    read(draft, None, password, FIRST).map(drop)
}
