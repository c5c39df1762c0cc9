//! A scripted world: a deck's text goes through the real configuration into the real store, then samples made by hand at
//! fixed times. Owns no drawing and no expectations.

use std::path::Path;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use quarterdeck::config::{Deck, parse};
use quarterdeck::keymap::{Key, Keymap, KeymapBook};
use quarterdeck::model::{
    Ask, EnvironmentId, HostId, Link, LinkState, LogLine, LogNews, LogState, Observation, Offer, ProbeId, ServiceId,
};
use quarterdeck::store::{Event, Store};
use quarterdeck::theme::Theme;
use quarterdeck::ui::{Ui, View};
use quarterdeck::update::{self, Effect};

use crate::look;

/// The moment at which every screen is drawn: 14:02:11 in Singapore.
pub fn now() -> Timestamp {
    "2026-11-20T06:02:11Z".parse().unwrap()
}

pub fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// `production/sales`.
pub fn service(path: &str) -> ServiceId {
    let (environment, name) = path.split_once('/').unwrap();
    EnvironmentId::new(environment).service(name)
}

/// `production/sales/ready`.
pub fn probe(path: &str) -> ProbeId {
    let (of, name) = path.rsplit_once('/').unwrap();
    service(of).probe(name)
}

/// `production/vps`.
pub fn host(path: &str) -> HostId {
    let (environment, name) = path.split_once('/').unwrap();
    EnvironmentId::new(environment).host(name)
}

/// A connection in a state, and why.
pub fn link(state: LinkState, cause: &str) -> Link {
    Link {
        state,
        cause: (!cause.is_empty()).then(|| cause.into()),
        route: "ops@192.0.2.20:22".into(),
        ..Link::default()
    }
}

/// What happened, in any order; played by time.
pub struct Script {
    deck: String,
    events: Vec<(Timestamp, Event)>,
    kinds: Vec<(ProbeId, String)>,
    offers: Vec<(ServiceId, Vec<Offer>)>,
    ago: i64,
}

/// A world of this deck in which nothing has been seen.
pub fn deck(text: &str) -> Script {
    Script { deck: text.to_owned(), events: Vec::new(), kinds: Vec::new(), offers: Vec::new(), ago: 1 }
}

impl Script {
    /// What follows happened this many seconds before the screen is drawn; a negative number lies ahead.
    pub fn ago(mut self, seconds: i64) -> Self {
        self.ago = seconds;
        self
    }

    fn at(&self) -> Timestamp {
        now() - SignedDuration::from_secs(self.ago)
    }

    pub fn see(mut self, path: &str, observation: Observation) -> Self {
        let at = self.at();
        let event = Event::SampleTaken { probe: probe(path), at, observation: Box::new(observation) };
        self.events.push((at, event));
        self
    }

    pub fn pass(self, path: &str, millis: u64) -> Self {
        self.see(path, Observation::pass(ms(millis)))
    }

    pub fn fail(self, path: &str, reason: &str) -> Self {
        self.see(path, Observation::fail(reason))
    }

    pub fn degraded(self, path: &str, millis: u64, reason: &str) -> Self {
        self.see(path, Observation::degraded(reason).after(ms(millis)))
    }

    pub fn unknown(self, path: &str, reason: &str) -> Self {
        self.see(path, Observation::unknown(reason))
    }

    /// A host could not be reached, so nothing is known of what lies behind it.
    pub fn blocked(self, path: &str, host: &str, reason: &str) -> Self {
        let environment = probe(path).service.environment;
        let mut seen = Observation::unknown(reason);
        seen.blocked_by = Some(environment.host(host));
        self.see(path, seen)
    }

    /// Passes every half minute from `from` seconds ago until `until` seconds ago, with latencies that rise and fall.
    pub fn steady(mut self, path: &str, millis: u64, from: i64, until: i64) -> Self {
        let before = self.ago;
        for (step, ago) in (until..=from).rev().step_by(30).enumerate() {
            let wave = [0, 1, 3, 2, 0, 5, 1][step % 7] * millis / 10;
            self = self.ago(ago).pass(path, millis + wave);
        }
        self.ago(before)
    }

    /// Calls a probe of another kind, whatever the deck says.
    pub fn kind(mut self, path: &str, kind: &str) -> Self {
        self.kinds.push((probe(path), kind.to_owned()));
        self
    }

    /// How the connection to a host stands from then on.
    pub fn linked(mut self, path: &str, link: Link) -> Self {
        let at = self.at();
        self.events.push((at, Event::HostLinked { host: host(path), at, link }));
        self
    }

    /// A host answers, with this round trip.
    pub fn live(self, path: &str, millis: u64) -> Self {
        self.linked(path, Link { latency: Some(ms(millis)), ..link(LinkState::Live, "") })
    }

    /// A host was lost, and is tried again this many seconds later.
    pub fn lost(self, path: &str, cause: &str, next: u64) -> Self {
        self.linked(path, Link { next_in: Some(Duration::from_secs(next)), ..link(LinkState::Lost, cause) })
    }

    /// A host refuses until somebody answers.
    pub fn asks(self, path: &str, cause: &str, ask: Ask) -> Self {
        self.linked(path, Link { ask: Some(ask), ..link(LinkState::Refused, cause) })
    }

    /// The runbooks that a service offers, whatever the deck says.
    pub fn offers(mut self, path: &str, offers: Vec<Offer>) -> Self {
        self.offers.push((service(path), offers));
        self
    }

    /// Something else is told.
    pub fn told(mut self, event: Event) -> Self {
        let at = self.at();
        self.events.push((at, event));
        self
    }

    pub fn paused(mut self, path: &str, reason: &str) -> Self {
        let at = self.at();
        self.events.push((at, Event::ServicePaused { service: service(path), at, reason: reason.into() }));
        self
    }

    /// Everything that happened, in the order of time.
    pub fn play(mut self) -> World {
        let loaded = parse(Path::new("quarterdeck.toml"), &self.deck);
        let logs: Vec<_> = loaded.deck.iter().flat_map(Deck::logs).cloned().collect();
        let mut fleet = loaded.deck.as_ref().map(Deck::fleet).unwrap_or_default();
        for probe in fleet.environments.iter_mut().flat_map(|e| &mut e.services).flat_map(|s| &mut s.probes) {
            let kind = self.kinds.iter().find(|(id, _)| *id == probe.id);
            probe.kind = kind.map_or_else(|| probe.kind.clone(), |(_, kind)| kind.as_str().into());
        }
        for service in fleet.environments.iter_mut().flat_map(|e| &mut e.services) {
            let offers = self.offers.iter().find(|(id, _)| *id == service.id);
            service.runbooks = offers.map_or_else(Vec::new, |(_, offers)| offers.clone());
        }
        let mut store = Store::default();
        let has_logs = !logs.is_empty();
        store.apply(Event::LogsLoaded { logs }, now() - SignedDuration::from_hours(1));
        store.apply(Event::FleetLoaded { fleet, faults: loaded.faults }, now() - SignedDuration::from_hours(1));
        self.events.sort_by_key(|(at, _)| *at);
        for (at, event) in self.events {
            store.apply(event, at);
        }
        let mut ui = Ui { has_logs, ..Ui::default() };
        ui.shelves.themes = ["ansi", "dark", "mono"].map(str::to_owned).to_vec();
        ui.shelves.keymaps = KeymapBook::new(&[]).names().into_iter().map(str::to_owned).collect();
        World { store, ui, theme: look::roles(), keymap: keymap("default"), now: now() }
    }
}

/// A shipped keymap.
pub fn keymap(name: &str) -> Keymap {
    let (keymap, faults) = KeymapBook::new(&[]).load(name);
    assert!(faults.is_empty(), "{faults:?}");
    keymap.unwrap()
}

/// Everything that a frame is made from.
pub struct World {
    pub store: Store,
    pub ui: Ui,
    pub theme: Theme,
    pub keymap: Keymap,
    pub now: Timestamp,
}

impl World {
    pub fn view(&self) -> View<'_> {
        View { store: &self.store, ui: &self.ui, theme: &self.theme, keymap: &self.keymap, now: self.now }
    }

    pub fn sized(mut self, columns: u16, lines: u16) -> Self {
        self.ui.size = (columns, lines);
        self.look();
        self
    }

    /// Presses keys as a keymap writes them: `j j enter`; what comes out of the console.
    pub fn press(&mut self, keys: &str) -> Vec<Effect> {
        let keys = Key::parse_sequence(keys).unwrap();
        keys.into_iter().flat_map(|key| self.key(key)).collect()
    }

    pub fn key(&mut self, key: Key) -> Vec<Effect> {
        let effects = update::key(&mut self.ui, &self.store, &self.keymap, key, self.now);
        self.look();
        effects
    }

    /// What the loop does before a frame, as often as it takes.
    pub fn look(&mut self) {
        let wish = quarterdeck::ui::logs::wish(&self.store, &self.ui, self.now);
        let logs = self.store.logs_mut();
        quarterdeck::ui::logs::move_along(logs, &mut self.ui.logs);
        logs.look(&wish);
        while logs.is_searching() {
            logs.step(1 << 20);
        }
        if update::settle(&mut self.ui, &self.store, self.now) {
            return self.look();
        }
        let plan = quarterdeck::ui::layout::plan(quarterdeck::ui::layout::whole(&self.ui), &self.ui);
        let area = plan.panes.iter().find(|(pane, _)| *pane == quarterdeck::ui::Pane::Logs);
        let buckets = area.map_or(0, |(_, area)| quarterdeck::ui::pane::logs::buckets(area.width));
        self.store.logs_mut().measure(buckets, self.now);
    }

    /// A log tells something, now; it is begun where it was not.
    pub fn log(&mut self, id: &str, news: LogNews) {
        let id = self.store.logs().declared().iter().find(|spec| spec.id.to_string() == id).unwrap().id.clone();
        if self.store.logs().heard(&id).is_none() {
            self.store.logs_mut().begin(&id, Some(1000), jiff::tz::TimeZone::UTC, self.now);
        }
        self.store.logs_mut().hear(&id, news, self.now);
        self.look();
    }

    /// A log tells these lines, now, and is live.
    pub fn lines(&mut self, id: &str, text: &str) {
        let line = |line: &str| LogLine { bytes: line.into(), received: self.now, time: None, priority: None };
        let lines = text.lines().map(line).collect();
        self.log(id, LogNews::Lines(lines));
        self.log(id, LogNews::State(LogState::Live, self.now));
    }

    /// Types a text, character by character.
    pub fn write(&mut self, text: &str) {
        for c in text.chars() {
            let name = if c == ' ' { "space".to_owned() } else { c.to_string() };
            self.press(&name);
        }
    }

    /// The same world after keys.
    pub fn after(mut self, keys: &str) -> Self {
        self.press(keys);
        self
    }

    /// The same world after a text was typed.
    pub fn typed(mut self, text: &str) -> Self {
        self.write(text);
        self
    }

    /// Something more happens, now.
    pub fn happens(&mut self, path: &str, observation: Observation) {
        let event = Event::SampleTaken { probe: probe(path), at: self.now, observation: Box::new(observation) };
        self.store.apply(event, self.now);
    }

    /// Something is told, now.
    pub fn hears(&mut self, event: Event) {
        self.store.apply(event, self.now);
    }

    /// The connection to a host changes, now.
    pub fn relinked(&mut self, path: &str, link: Link) {
        self.store.apply(Event::HostLinked { host: host(path), at: self.now, link }, self.now);
    }

    /// Less than a second passes.
    pub fn linger(&mut self, millis: i64) {
        self.now += SignedDuration::from_millis(millis);
    }

    /// Time passes.
    pub fn wait(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
    }
}
