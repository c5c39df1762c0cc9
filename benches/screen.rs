//! `cargo bench --bench screen`: what one frame, one fact and one key cost, without a terminal. The fleet has a
//! thousand services with half an hour of samples each, one in twenty of them in trouble.

#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark fails by panicking and has no readers")]

#[path = "screen/logs.rs"]
mod logs;
#[path = "screen/run.rs"]
mod run;

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use divan::{Bencher, black_box};
use jiff::{SignedDuration, Timestamp};
use quarterdeck::command::Command;
use quarterdeck::config;
use quarterdeck::keymap::{self, KeymapBook};
use quarterdeck::model::Observation;
use quarterdeck::store::{Event, Series, Store};
use quarterdeck::theme::Theme;
use quarterdeck::ui::{self, Ui, View};
use quarterdeck::update::update;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

const SERVICES: usize = 1000;

fn main() {
    divan::main();
}

fn now() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn deck() -> String {
    let mut text = String::from("name = \"bench\"\n[environments.bench]\ntier = \"production\"\n");
    for number in 0..SERVICES {
        let probes = "{ live = { http = \"http://127.0.0.1:9/health\" }, port = { tcp = \"127.0.0.1:9\" } }";
        writeln!(text, "services.s{number:04} = {{ probes = {probes} }}").unwrap();
    }
    text
}

fn observation(number: usize, round: usize) -> Observation {
    if number.is_multiple_of(20) {
        return Observation::fail("connection refused on 127.0.0.1:9");
    }
    Observation::pass(Duration::from_micros(500 + (number * 31 + round * 17) as u64 % 9000))
}

fn fleet(rounds: usize) -> Store {
    let deck = config::parse(Path::new("bench.toml"), &deck()).deck.unwrap();
    let mut store = Store::default();
    store.apply(Event::FleetLoaded { fleet: deck.fleet(), faults: Vec::new() }, now());
    for round in 0..rounds {
        let at = now() - SignedDuration::try_from(Duration::from_secs(5 * (rounds - round) as u64)).unwrap();
        for (number, probe) in deck.probes().enumerate() {
            let observation = Box::new(observation(number, round));
            store.apply(Event::SampleTaken { probe: probe.info.id.clone(), at, observation }, at);
        }
    }
    store
}

/// A frame of 200×60 with a thousand services in the list.
#[divan::bench]
fn render_a_thousand_services(bencher: Bencher<'_, '_>) {
    let store = fleet(Series::CAPACITY);
    let (theme, keymap) = (Theme::plain(), KeymapBook::new(&[]).load(keymap::DEFAULT).0.unwrap());
    let ui = Ui { size: (200, 60), ..Ui::default() };
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut shift = 0;
    bencher.bench_local(|| {
        // Time goes on, so that ages and buckets are computed and not the same frame over and over.
        shift += 1;
        let now = now() + SignedDuration::from_millis(shift);
        let view = View { store: &store, ui: &ui, theme: &theme, keymap: &keymap, now };
        terminal.draw(|frame| ui::render(frame, &view)).unwrap();
    });
}

/// One key in a list of a thousand: the new selection and the frame that shows it.
#[divan::bench]
fn move_and_render(bencher: Bencher<'_, '_>) {
    let store = fleet(60);
    let (theme, keymap) = (Theme::plain(), KeymapBook::new(&[]).load(keymap::DEFAULT).0.unwrap());
    let mut ui = Ui { size: (200, 60), ..Ui::default() };
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    bencher.bench_local(|| {
        black_box(update(&mut ui, &store, Command::Down, now()));
        let view = View { store: &store, ui: &ui, theme: &theme, keymap: &keymap, now: now() };
        terminal.draw(|frame| ui::render(frame, &view)).unwrap();
    });
}

/// A thousand samples taken in by a store that is full.
#[divan::bench]
fn apply_a_thousand_samples(bencher: Bencher<'_, '_>) {
    let mut store = fleet(Series::CAPACITY);
    let deck = config::parse(Path::new("bench.toml"), &deck()).deck.unwrap();
    let ids: Vec<_> = deck.probes().step_by(2).map(|p| p.info.id.clone()).collect();
    let mut round = 0;
    bencher.bench_local(|| {
        round += 1;
        let at = now() + SignedDuration::from_secs(round);
        for (number, probe) in ids.iter().enumerate() {
            let observation = Box::new(observation(number * 2 + 1, round as usize));
            black_box(store.apply(Event::SampleTaken { probe: probe.clone(), at, observation }, at));
        }
    });
}

/// A deck of a thousand services and two thousand probes, read and checked.
#[divan::bench]
fn read_a_deck_of_a_thousand_services(bencher: Bencher<'_, '_>) {
    let text = deck();
    bencher.bench_local(|| black_box(config::parse(Path::new("bench.toml"), &text)));
}
