//! Where a plan runs: hosts of the service, this machine, and hosts that steps name. All are looked at side by side, each
//! within a limit, and what is not reached is a fact. Changes nothing there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::Timestamp;
use tokio::time::{Instant, timeout};

use super::Ask;
use crate::model::plan::{HostName, PlannedHost, Sudo};
use crate::config;
use crate::model::{HostId, Text};
use crate::runner::target::{Ground, Target};
use crate::source::Surroundings;
use crate::transport::ssh::remote::Remote;
use crate::transport::{Transport, human};

/// A host that is not reached within this long is not reached.
const REACH: Duration = Duration::from_secs(5);
/// What is asked of a host that is reached.
const LOOK: Duration = Duration::from_secs(10);

/// The operator's machine.
pub const LOCAL: &str = "local";

/// One place and what was found there.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) name: HostName,
    pub(super) destination: Text,
    pub(super) target: Option<Target>,
    pub(super) identity: Option<Text>,
    pub(super) found: Result<Ground, Text>,
}

/// A host of a run, or `local`, as a target. None for a host that is not in the deck.
///
/// The folder that the environment names is that of its hosts; on this machine it is one beside the console's own files,
/// unless the service has no hosts and so runs here.
pub fn target(acting: &crate::config::acting::Acting, name: &HostName, surroundings: &Surroundings) -> Option<Target> {
    let folder = acting.policy.state.clone();
    if &**name == LOCAL {
        let transport = Arc::clone(&surroundings.transport);
        // Not the console's own folder: the journal lies there, and what is kept here mirrors it.
        let own = || config::folder::state_folder().map(|state| state.join("local").to_string_lossy().into_owned());
        let folder = folder.filter(|_| acting.hosts.is_empty()).or_else(own);
        return Some(Target::new(name.clone(), transport, folder));
    }
    let remote = surroundings.hosts.get(&acting.service.environment.host(name))?;
    Some(Target::new(name.clone(), remote as Arc<dyn Transport>, folder))
}

/// Looks at these places. Of those in `sudo` it is asked how sudo fares there.
pub(super) async fn look(
    ask: &Ask,
    names: &[HostName],
    sudo: &[HostName],
    surroundings: &Surroundings,
    now: Timestamp,
) -> BTreeMap<HostName, Site> {
    let until = Instant::now() + REACH;
    let looks = names.iter().map(|name| one(ask, name, sudo.contains(name), surroundings, now, until));
    join_all(looks).await.into_iter().map(|site| (site.name.clone(), site)).collect()
}

async fn one(
    ask: &Ask,
    name: &HostName,
    sudo: bool,
    surroundings: &Surroundings,
    now: Timestamp,
    until: Instant,
) -> Site {
    let id = ask.acting.service.environment.host(name);
    let mut site = Site {
        name: name.clone(),
        destination: destination(ask, &id, name),
        target: target(&ask.acting, name, surroundings),
        identity: None,
        found: Err(format!("host {name} is not in the deck").into()),
    };
    if &**name != LOCAL
        && let Some(remote) = surroundings.hosts.get(&id)
    {
        match reach(&remote, until).await {
            Ok(identity) => site.identity = identity,
            Err(why) => {
                site.found = Err(why);
                return site;
            }
        }
    }
    if let Some(target) = &site.target {
        site.found = match timeout(LOOK, target.look(now, sudo)).await {
            Ok(Ok(ground)) => Ok(ground),
            Ok(Err(error)) => Err(error.to_string().into()),
            Err(_) => Err(format!("{name} did not answer within {}", human(LOOK)).into()),
        };
    }
    site
}

async fn reach(remote: &Remote, until: Instant) -> Result<Option<Text>, Text> {
    let line = remote.keeper().line(until).await.map_err(|blocked| blocked.cause)?;
    Ok(line.identity().map(Text::line))
}

fn destination(ask: &Ask, id: &HostId, name: &HostName) -> Text {
    let host = ask.deck.hosts().find(|host| host.id == *id);
    host.map_or_else(|| Text::line(if &**name == LOCAL { "this machine" } else { name }), |h| h.destination.clone())
}

impl Site {
    /// What can be asked of it; none where it is not reached.
    pub(super) fn reached(&self) -> Option<(&Target, &Ground)> {
        self.target.as_ref().zip(self.found.as_ref().ok())
    }

    /// As the plan keeps it.
    pub(super) fn planned(&self) -> PlannedHost {
        let ground = self.found.as_ref().ok();
        PlannedHost {
            name: self.name.clone(),
            destination: self.destination.clone(),
            identity: self.identity.clone(),
            unreachable: self.found.as_ref().err().cloned(),
            unsupervised: ground.and_then(|g| g.unsupervised.clone()),
            clock_offset: ground.map(|g| g.clock_offset),
            sudo: ground.and_then(|g| g.sudo.clone()),
        }
    }

    /// Why sudo cannot be had there.
    pub(super) fn no_sudo(&self) -> Option<&Text> {
        match &self.found.as_ref().ok()?.sudo {
            Some(Sudo::Refused(why)) => Some(why),
            _ => None,
        }
    }
}
