//! What the logs pane costs with a million lines of eight logs behind it.

use std::path::Path;

use divan::{Bencher, black_box};
use jiff::SignedDuration;
use quarterdeck::command::Command;
use quarterdeck::config;
use quarterdeck::keymap::{self, KeymapBook};
use quarterdeck::model::{LogId, LogLine, LogNews, LogState};
use quarterdeck::store::{Event, Store};
use quarterdeck::theme::Theme;
use quarterdeck::ui::{self, Pane, Ui, View};
use quarterdeck::update::{key, update};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::now;

const LOGS: usize = 8;
const LINES: usize = 1_000_000;
/// What comes between two frames at 20,000 lines a second.
const BETWEEN: usize = 660;

struct Desk {
    store: Store,
    ui: Ui,
    ids: Vec<LogId>,
    told: usize,
}

impl Desk {
    /// All lines are in, none of them an error.
    fn new() -> Self {
        let mut text = String::from(
            "name = \"bench\"\n[environments.bench]\ntier = \"production\"\n[environments.bench.services.s]\nprobes.p = { tcp = \"127.0.0.1:9\" }\n",
        );
        for log in 0..LOGS {
            text += &format!("logs.l{log} = {{ file = \"/var/log/l{log}.log\" }}\n");
        }
        let deck = config::parse(Path::new("bench.toml"), &text).deck.unwrap();
        let mut store = Store::default();
        store.apply(Event::FleetLoaded { fleet: deck.fleet(), faults: Vec::new() }, now());
        let logs: Vec<_> = deck.logs().cloned().collect();
        let ids: Vec<_> = logs.iter().map(|spec| spec.id.clone()).collect();
        assert_eq!(ids.len(), LOGS, "the deck has no faults");
        store.apply(Event::LogsLoaded { logs }, now());
        for id in &ids {
            store.logs_mut().begin(id, None, jiff::tz::TimeZone::UTC, now());
        }
        let ui =
            Ui { size: (200, 60), focus: Pane::Logs, lower: Pane::Logs, has_logs: true, zoom: true, ..Ui::default() };
        let mut desk = Self { store, ui, ids, told: 0 };
        while desk.told < LINES {
            desk.hear(5000);
        }
        for id in &desk.ids {
            desk.store.logs_mut().hear(id, LogNews::State(LogState::Live, now()), now());
        }
        desk.look();
        desk
    }

    /// So many lines more, of one log after the other.
    fn hear(&mut self, count: usize) {
        let each = count.div_ceil(LOGS);
        for (at, id) in self.ids.iter().enumerate() {
            let lines = (0..each).map(|n| line(self.told + n * LOGS + at)).collect();
            self.store.logs_mut().hear(id, LogNews::Lines(lines), now());
        }
        self.told += each * LOGS;
    }

    /// What the loop does before a frame.
    fn look(&mut self) {
        let wish = ui::logs::wish(&self.store, &self.ui, now());
        self.store.logs_mut().look(&wish);
        self.store.logs_mut().measure(ui::pane::logs::buckets(198), now());
    }

    fn search(&mut self) {
        while self.store.logs().is_searching() {
            self.store.logs_mut().step(1 << 20);
        }
    }

    fn type_in(&mut self, text: &str) {
        let keymap = KeymapBook::new(&[]).load(keymap::DEFAULT).0.unwrap();
        for c in text.chars() {
            let name = if c == ' ' { "space".to_owned() } else { c.to_string() };
            for typed in keymap::Key::parse_sequence(&name).unwrap() {
                key(&mut self.ui, &self.store, &keymap, typed, now());
            }
        }
    }
}

fn line(n: usize) -> LogLine {
    let at = now() - SignedDuration::from_secs(3600) + SignedDuration::from_millis(i64::try_from(n).unwrap() * 3);
    let level = if n.is_multiple_of(100) { "Warning" } else { "Information" };
    let text = format!(
        "{{\"@t\":\"{at:.3}\",\"@l\":\"{level}\",\"@m\":\"order {n} was taken in\",\"Elapsed\":{},\"TraceId\":\"{n:032x}\"}}",
        n % 900
    );
    LogLine { bytes: text.into_bytes(), received: now(), time: None, priority: None }
}

/// Draws frames of a desk that changes before each.
fn frames(bencher: Bencher<'_, '_>, desk: &mut Desk, mut change: impl FnMut(&mut Desk)) {
    let (theme, keymap) = (Theme::plain(), KeymapBook::new(&[]).load(keymap::DEFAULT).0.unwrap());
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    bencher.bench_local(|| {
        change(desk);
        desk.look();
        let view = View { store: &desk.store, ui: &desk.ui, theme: &theme, keymap: &keymap, now: now() };
        terminal.draw(|frame| ui::render(frame, &view)).unwrap();
    });
}

/// A frame that follows, while 20,000 lines a second come in.
#[divan::bench(sample_count = 30)]
fn logs_take_in_and_follow(bencher: Bencher<'_, '_>) {
    frames(bencher, &mut Desk::new(), |desk| desk.hear(BETWEEN));
}

/// A line up, far from the end.
#[divan::bench(sample_count = 30)]
fn logs_read_back(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new();
    update(&mut desk.ui, &desk.store, Command::First, now());
    frames(bencher, &mut desk, |desk| {
        black_box(update(&mut desk.ui, &desk.store, Command::Down, now()));
    });
}

/// A frame of a filter that one line in a hundred passes, with what came meanwhile looked through.
#[divan::bench(sample_count = 30)]
fn logs_filtered_while_they_come(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new();
    update(&mut desk.ui, &desk.store, Command::RaiseLevel, now());
    desk.look();
    desk.search();
    frames(bencher, &mut desk, |desk| {
        desk.hear(BETWEEN);
        desk.search();
    });
}

/// A key typed into a filter, and the first frame after it; what the loop looks through before it, four milliseconds, is
/// not counted.
#[divan::bench(sample_count = 30)]
fn logs_type_into_a_filter(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new();
    update(&mut desk.ui, &desk.store, Command::Filter, now());
    let mut at = 0;
    frames(bencher, &mut desk, |desk| {
        at += 1;
        desk.type_in(if at % 2 == 0 { "a" } else { "q" });
    });
}

/// The longest that a key may take: an error is looked for, and there is none in a million lines.
#[divan::bench(sample_count = 10)]
fn logs_look_for_an_error_that_is_not_there(bencher: Bencher<'_, '_>) {
    let mut desk = Desk::new();
    bencher.bench_local(|| black_box(update(&mut desk.ui, &desk.store, Command::PreviousError, now())));
}
