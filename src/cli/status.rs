//! `qd status`: the health of every service without the screen; one round, or on and on.

use std::io::IsTerminal;
use std::sync::Arc;
use std::time::Duration;

use color_eyre::Result;
use jiff::Timestamp;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::printed::{is_read, print};
use super::{General, Pace, block_on, explain_missing};
use crate::app::Now;
use crate::config::{self, Deck};
use crate::exit::Ending;
use crate::model::{Environment, Health, Link, LinkState, Trouble};
use crate::source::{Supervisor, Surroundings, round};
use crate::store::service::Cause;
use crate::store::snapshot::{EnvironmentSnapshot, ServiceSnapshot, Snapshot};
use crate::store::{Changed, Event, ServiceState, Store};
use crate::theme::{GlyphSet, Glyphs};
use crate::ui::text::age;

/// Options of `qd status`.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Print one JSON document (`qd schema` describes it); with --watch one a line
    #[arg(long)]
    json: bool,
    /// Look at this environment alone; may be given several times
    #[arg(long = "env", value_name = "NAME")]
    environments: Vec<String>,
    /// Look at this service alone, in every environment; may be given several times
    #[arg(long = "service", value_name = "NAME")]
    services: Vec<String>,
    /// Go on, and print again whenever a state changes; Ctrl-C ends it
    #[arg(long)]
    watch: bool,
    /// What the terminal can show.
    #[arg(skip)]
    ascii: bool,
}

/// Looks and prints.
pub fn run(general: &General, options: &Options) -> Result<Ending> {
    let ascii = general.ascii || super::console::terminal_of_process().glyphs() == Some(GlyphSet::Ascii);
    let options = &Options { ascii, ..options.clone() };
    let path = match general.find_deck() {
        Ok(path) => path,
        Err(missing) => return Ok(explain_missing(&missing)),
    };
    let loaded = config::load(&path);
    let broken = loaded.has_errors();
    for fault in loaded.faults.iter().filter(|f| f.severity == crate::model::Severity::Error) {
        tell!("{fault}");
    }
    let Some(mut deck) = loaded.deck else { return Ok(Ending::Usage) };
    if let Err(complaint) = options.check(&deck) {
        tell!("qd: {complaint}");
        return Ok(Ending::Usage);
    }
    deck.environments.retain(|e| options.wants(&e.environment, None));
    for environment in &mut deck.environments {
        environment.probes.retain(|p| options.wants_service(&p.info.id.service.name));
    }
    let ending = block_on(Pace::Quick, async {
        if options.watch { watch(&deck, options).await } else { once(&deck, options).await }
    })??;
    // What could not be read could not be observed either; what is certainly wrong weighs more.
    Ok(if broken && matches!(ending, Ending::Good | Ending::Unknown) { Ending::Usage } else { ending })
}

impl Options {
    fn wants_service(&self, name: &str) -> bool {
        self.services.is_empty() || self.services.iter().any(|s| s == name)
    }

    fn wants(&self, environment: &Environment, service: Option<&ServiceState>) -> bool {
        let environment =
            self.environments.is_empty() || self.environments.iter().any(|e| e == environment.id.as_str());
        environment && service.is_none_or(|s| self.wants_service(&s.declared().id.name))
    }

    /// A misspelt name must not look like good health.
    fn check(&self, deck: &Deck) -> Result<(), String> {
        let known: Vec<&str> = deck.environments.iter().map(|e| e.environment.id.as_str()).collect();
        for name in &self.environments {
            if !known.contains(&name.as_str()) {
                let hint = crate::settings::word::hint(name, known.iter().copied());
                return Err(format!("the deck has no environment `{name}`; {hint}"));
            }
        }
        let chosen = deck.environments.iter().filter(|e| self.wants(&e.environment, None));
        let known: Vec<&str> = chosen.flat_map(|e| &e.environment.services).map(|s| &*s.id.name).collect();
        for name in &self.services {
            if !known.contains(&name.as_str()) {
                let hint = crate::settings::word::hint(name, known.iter().copied());
                return Err(format!("there is no service `{name}` there; {hint}"));
            }
        }
        Ok(())
    }

    fn print(&self, store: &Store, now: Timestamp) -> Result<Ending> {
        let snapshot = Snapshot::of(store, now, |e, s| self.wants(e, s));
        if self.json && self.watch {
            print(&(serde_json::to_string(&snapshot)? + "\n"))?;
        } else if self.json {
            print(&(serde_json::to_string_pretty(&snapshot)? + "\n"))?;
        } else {
            let set = if self.ascii { GlyphSet::Ascii } else { GlyphSet::Unicode };
            let colour = std::io::stdout().is_terminal();
            print(&words(&snapshot, Style { colour, glyphs: Glyphs::of(set), ages: self.watch }))?;
        }
        let counting = |e: &EnvironmentSnapshot| {
            let unread = (e.faults > 0 || e.services.is_empty()).then_some(Health::Unknown);
            e.services.iter().filter(|s| !s.optional).map(|s| s.health).chain(unread).collect::<Vec<_>>()
        };
        Ok(Ending::of(snapshot.environments.iter().flat_map(counting)))
    }
}

async fn once(deck: &Deck, options: &Options) -> Result<Ending> {
    let clock = Now::default();
    let telling = clock.clone();
    let surroundings = Surroundings::new(Arc::new(move || telling.get()));
    let mut store = Store::default();
    let mut fleet = deck.fleet();
    // One round: nothing comes after it, so nothing in it goes stale while slow probes are waited for.
    let probes = fleet.environments.iter_mut().flat_map(|e| &mut e.services).flat_map(|s| &mut s.probes);
    probes.for_each(|probe| probe.every = Duration::from_hours(24));
    store.apply(Event::FleetLoaded { fleet, faults: Vec::new() }, clock.get());
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    surroundings.hosts.follow(deck.hosts());
    let looks = round(deck.probes(), &surroundings, |probe, at, observation| {
        store.apply(Event::SampleTaken { probe, at, observation: Box::new(observation) }, at);
    });
    // Leaving drops the looks, and with them the commands that they started.
    tokio::select! {
        () = looks => {}
        _ = tokio::signal::ctrl_c() => return Ok(Ending::Cancelled),
        _ = terminate.recv() => return Ok(Ending::Cancelled),
        _ = hangup.recv() => return Ok(Ending::Cancelled),
    }
    for (host, link) in surroundings.hosts.links() {
        store.apply(Event::HostLinked { host, at: clock.get(), link: link.borrow().clone() }, clock.get());
    }
    options.print(&store, clock.get())
}

async fn watch(deck: &Deck, options: &Options) -> Result<Ending> {
    let clock = Now::default();
    let telling = clock.clone();
    let surroundings = Surroundings::new(Arc::new(move || telling.get()));
    let mut store = Store::default();
    store.apply(Event::FleetLoaded { fleet: deck.fleet(), faults: Vec::new() }, clock.get());
    let (outbox, mut events) = mpsc::channel(1024);
    let mut supervisor = Supervisor::new(surroundings, outbox);
    supervisor.follow(deck);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut told = None;
    let mut pending = deck.probes().filter(|p| !p.paused).count();
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(1));
    loop {
        tokio::select! {
            _ = interrupt.recv() => break,
            _ = terminate.recv() => break,
            // Services go stale without an event, and a reader leaves without one.
            _ = tick.tick() => if !is_read() { break },
            Some(event) = events.recv() => {
                let first = matches!(&event, Event::SampleTaken { probe, .. } if store.service(&probe.service)
                    .is_some_and(|s| s.probes().iter().any(|p| p.info().id == *probe && p.last().is_none())));
                pending = pending.saturating_sub(usize::from(first));
                if store.apply(event, clock.get()) == Changed::Numbers {
                    continue;
                }
            }
        }
        let now = clock.get();
        let services = store.environments().iter().flat_map(|e| store.services(e)).map(|s| state(&store, s, now));
        // The words tell nothing of hosts, the document does.
        let hosts = store.environments().iter().filter(|_| options.json).flat_map(|e| store.hosts(e));
        let current: (Vec<State>, Vec<_>) = (services.collect(), hosts.map(|h| link_told(h.link())).collect());
        // The first print waits for the first round, so that it does not tell of unknowns that are only new.
        if pending == 0 && told.as_ref() != Some(&current) {
            options.print(&store, now)?;
            told = Some(current);
        }
    }
    supervisor.stop();
    Ok(Ending::Cancelled)
}

/// The health of a service, and whose word that is: a probe's, or that of a host or a service that it needs.
type State = (Health, Option<String>);

/// The sentence itself is no part of it: in many of them numbers go on and on.
fn state(store: &Store, service: &ServiceState, now: Timestamp) -> State {
    let cause = store.cause(service, now).map(|cause| match cause {
        Cause::Host(host, _) => host.to_string(),
        Cause::Dependency(on) => on.declared().id.to_string(),
        Cause::Probe(probe) => probe.info().id.to_string(),
    });
    (service.health(now), cause)
}

/// What of a connection is worth another print: whether it is there, and what keeps it away; not each attempt.
fn link_told(link: &Link) -> (bool, Option<LinkState>, Option<Trouble>) {
    let refused = (link.state == LinkState::Refused).then_some(link.state);
    (link.state.is_up(), refused, link.trouble.filter(|_| refused.is_some()))
}

/// How the document is put into words.
#[derive(Clone, Copy)]
struct Style {
    colour: bool,
    glyphs: &'static Glyphs,
    /// In one round nobody knows since when.
    ages: bool,
}

/// The document in words, one line a service, the troubled ones with their reason.
fn words(snapshot: &Snapshot, style: Style) -> String {
    let longest = snapshot.environments.iter().flat_map(|e| &e.services).map(|s| s.name.chars().count()).max();
    let longest = longest.unwrap_or(0).max(8);
    let mut text = String::new();
    for environment in &snapshot.environments {
        let word = paint(environment.health, environment.health.word(), style.colour);
        text.push_str(&format!("{} ({}) {word}\n", environment.name, environment.tier.word()));
        if environment.faults > 0 {
            text.push_str("  does not load because of faults in the deck; `qd check` tells them\n");
        }
        for service in &environment.services {
            text.push_str(&line(service, longest, snapshot.at, style));
        }
    }
    text
}

fn line(service: &ServiceSnapshot, longest: usize, now: Timestamp, style: Style) -> String {
    let glyph = style.glyphs.health(service.health);
    let state = format!("{glyph} {:<longest$}  {:<9}", service.name, service.health.word());
    let state = paint(service.health, &state, style.colour);
    let since = match service.since {
        _ if !style.ages => String::new(),
        None => format!(" {:>4}", ""),
        Some(at) => format!(" {:>4}", age(at, now)),
    };
    let latency = service.probes.iter().find_map(|p| p.latency_ms).map_or(String::new(), |ms| format!("{ms:.1} ms"));
    let cause = service.cause.as_deref().unwrap_or_default();
    let optional = if service.optional { "(optional) " } else { "" };
    format!("  {state}{since} {latency:>11}  {optional}{cause}").trim_end().to_owned() + "\n"
}

/// The sixteen colours of the terminal, and only there.
fn paint(health: Health, text: &str, colour: bool) -> String {
    let code = match health {
        _ if !colour || std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty()) => return text.to_owned(),
        Health::Healthy => "32",
        Health::Degraded => "33",
        Health::Unhealthy => "31",
        Health::Unknown => "35",
        Health::Stale | Health::Paused => "2",
    };
    format!("\x1b[{code}m{text}\x1b[0m")
}
