//! `qd init --ssh`: the hosts of the user's OpenSSH configuration and what runs on them, as a deck. Only looks: nothing is
//! changed on a host, and nothing is accepted that nobody typed.

mod deck;
mod scan;
mod units;

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;

use super::address;
use super::draft::Draft;
use super::finding::{Finding, fact};
use super::lens::{FIRST, Lens};
use super::{Options, complain, service, web};
use crate::cli::hosts::reach::Reach;
use crate::cli::hosts::{ask, trust};
use crate::exit::Ending;
use crate::model::{EnvironmentId, Host, Text, Trouble};
use crate::source::health::KINDS;
use crate::transport::Transport;
use crate::transport::ssh::config::{Destination, Sources, aliases};
use crate::transport::ssh::remote::Remote;
pub(super) use deck::Fleet;
use scan::Listener;

/// The attempts to connect may take this long.
const WAIT: Duration = Duration::from_secs(20);
/// More hosts are named one by one.
const MOST_HOSTS: usize = 100;
/// Ports with protocols of their own, which a line of HTTP would only disturb; 443 is asked by its public name.
const NOT_HTTP: [u16; 16] = [21, 25, 53, 110, 111, 143, 389, 443, 465, 587, 993, 995, 3306, 5432, 5672, 6379];

/// A host and what was found there.
pub(super) struct Seen {
    /// Its name in the deck.
    pub(super) name: String,
    /// As the configuration names it.
    pub(super) destination: String,
    /// How it is reached.
    pub(super) route: String,
    /// Why nothing was looked at.
    pub(super) away: Option<String>,
    /// It is a host that runs no commands: a place for git, say.
    pub(super) is_shut: bool,
    /// What runs there.
    pub(super) running: Vec<Running>,
}

/// A unit, or a port that belongs to none.
pub(super) struct Running {
    /// `sales.service`.
    pub(super) unit: Option<String>,
    /// What the unit says of itself.
    pub(super) about: String,
    /// What answers on its ports.
    pub(super) found: Vec<(u16, Finding)>,
}

/// The hosts that are meant: those named, or all of the configuration. The error ends the command.
pub(super) fn meant(options: &Options) -> Result<Vec<String>, Ending> {
    let sources = Sources::in_use();
    for name in &options.urls {
        if let Err(error) = name.parse::<Destination>() {
            return Err(complain(&format!("\"{}\" leads to no host: {error}", Text::line_at_most(name, 60))));
        }
    }
    if !options.urls.is_empty() {
        return Ok(options.urls.clone());
    }
    let file = sources.user.as_ref().map(|file| file.display().to_string()).unwrap_or_default();
    if !sources.user.as_ref().is_some_and(|file| file.exists()) {
        complain(&format!("there is no OpenSSH configuration at {file}"));
        tell!("  help: name the hosts: qd init --ssh ops@192.0.2.10");
        return Err(Ending::Usage);
    }
    let names = aliases(&sources);
    match names.len() {
        0 => {
            complain(&format!("{file} names no host"));
            tell!("  help: name the hosts: qd init --ssh ops@192.0.2.10");
            Err(Ending::Usage)
        }
        1..=MOST_HOSTS => Ok(names),
        many => Err(complain(&format!("{file} names {many} hosts; say which: qd init --ssh web1 web2"))),
    }
}

/// Connects to all of them and looks at what runs there.
pub(super) async fn look(environment: &str, destinations: Vec<String>) -> Fleet {
    let names = deck::host_names(&destinations);
    let id = EnvironmentId::new(environment);
    let hosts: Vec<Host> = names
        .iter()
        .zip(&destinations)
        .map(|(name, destination)| Host { id: id.host(name), destination: destination.as_str().into() })
        .collect();
    if std::io::stderr().is_terminal() {
        tell!("connecting to {} …", hosts.iter().map(|h| h.destination.as_str()).collect::<Vec<_>>().join(", "));
    }
    let reach = Reach::new("init".into(), hosts.clone(), WAIT);
    reach.all().await;
    if ask::is_answered() {
        trust::run(&reach, &trust::Options::default()).await.ok();
    }
    let looks = hosts.iter().map(|host| one(&reach, host));
    let mut seen: Vec<Seen> = futures::stream::iter(looks).buffered(8).collect().await;
    seen.iter_mut().for_each(tell_of);
    Fleet::of(seen, KINDS.iter().any(|kind| kind.name == "host"))
}

/// One host.
async fn one(reach: &Reach, host: &Host) -> Seen {
    let link = reach.link(&host.id);
    let mut seen = Seen {
        name: host.id.name.to_string(),
        destination: host.destination.to_string(),
        route: link.route.to_string(),
        away: None,
        is_shut: link.trouble == Some(Trouble::Exec),
        running: Vec::new(),
    };
    let Some(remote) = reach.hosts().get(&host.id).filter(|_| link.state.is_up()) else {
        let why = link.cause.map_or_else(|| "it is still being connected to".to_owned(), |cause| cause.to_string());
        seen.away = Some(why);
        return seen;
    };
    let lens = Lens::through(reach.surroundings(), host);
    match scan::scan(&remote).await {
        Ok(found) => {
            for unit in found {
                let mut running = Running { unit: unit.unit, about: unit.about, found: Vec::new() };
                for listener in unit.listeners {
                    running.found.push((listener.port, answer(&lens, &remote, &listener).await));
                }
                seen.running.push(running);
            }
        }
        Err(why) => seen.away = Some(format!("nothing was found out there: {why}")),
    }
    seen
}

/// What answers on a port, asked through the host.
async fn answer(lens: &Lens, remote: &Arc<Remote>, listener: &Listener) -> Finding {
    let place = listener.place();
    let as_port = || address::parse(&format!("tcp://{place}"));
    if !NOT_HTTP.contains(&listener.port) {
        let url = format!("http://{place}/");
        let front = lens.look(&Draft::new("live", "http", &url), FIRST).await;
        if fact(&front, "status").is_some()
            && let (Ok(address), Ok(page)) = (address::parse(&url), reqwest::Url::parse(&url))
        {
            return web::look(lens, &address, &page).await;
        }
    }
    match as_port() {
        Ok(address) => service::look(lens, &address).await,
        Err(why) => Finding::new("port", vec![Draft::new("port", "tcp", &place)], format!("{}: {why}", remote.place())),
    }
}

/// A line for the person who waits.
fn tell_of(seen: &mut Seen) {
    let name = &seen.name;
    if let Some(why) = &seen.away {
        tell!("  {name}: {}", Text::line_at_most(why, 300));
        return;
    }
    let words: Vec<String> = seen.running.iter().map(Running::words).collect();
    if words.is_empty() {
        tell!("  {name}: nothing but the system runs there");
    } else {
        tell!("  {name}: {}", Text::line_at_most(&words.join("; "), 400));
    }
}

impl Running {
    fn words(&self) -> String {
        let found: Vec<String> = self.found.iter().map(|(port, finding)| format!("{port} {}", finding.words)).collect();
        let unit = self.unit.as_deref().unwrap_or("no unit");
        if found.is_empty() { unit.to_owned() } else { format!("{unit} ({})", found.join(", ")) }
    }
}
