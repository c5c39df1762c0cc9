//! A run on the whole screen: twenty hosts print, and all that is kept of their output is full.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use divan::Bencher;
use jiff::{SignedDuration, Timestamp};
use quarterdeck::keymap::{self, KeymapBook};
use quarterdeck::model::plan::{HostName, PlannedHost, PlannedStep, StepEffect};
use quarterdeck::model::run::{Entry, Fact};
use quarterdeck::model::runbook::{Action, On, Step};
use quarterdeck::model::{EnvironmentId, Level, Operator, Plan, RunId, RunbookKind, Text, Tier};
use quarterdeck::store::{Event, Store};
use quarterdeck::theme::Theme;
use quarterdeck::ui::run::{RunView, Which};
use quarterdeck::ui::{self, Popup, Ui, View};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::now;

const HOSTS: usize = 20;
const STEPS: usize = 4;
/// Lines of a host: more than are kept.
const LINES: usize = 3000;

fn hosts() -> Vec<HostName> {
    (1..=HOSTS).map(|number| HostName::from(format!("web-{number:02}"))).collect()
}

fn step(number: usize) -> PlannedStep {
    let step = Step {
        id: format!("step-{number}"),
        title: format!("Step {number}").into(),
        line: 1,
        action: Action::Shell { script: "true".into(), cwd: None, env: BTreeMap::new() },
        on: On::Hosts,
        timeout: Duration::from_mins(1),
        grace: Duration::from_secs(10),
        retries: 0,
        idempotent: false,
        verify: None,
        undo: None,
        irreversible: None,
        danger: false,
        uninterruptible: None,
        sudo: false,
        looks: false,
        when: None,
        always: false,
        at_once: None,
    };
    let effects = hosts().into_iter().map(|host| (host, StepEffect::WillRun)).collect();
    PlannedStep { step, hosts: hosts(), left_out: None, effects, estimate: Some(Duration::from_secs(20)) }
}

fn plan() -> Plan {
    let planned = |name: HostName| PlannedHost {
        name,
        destination: "192.0.2.10".into(),
        identity: None,
        unreachable: None,
        unsupervised: None,
        clock_offset: None,
        sudo: None,
    };
    Plan {
        schema: Plan::SCHEMA,
        digest: "7c1f09ae5d0e4b1f9a7c1f09ae5d0e4b".into(),
        made_at: now(),
        runbook: "deploy".into(),
        title: "Deploy".into(),
        kind: RunbookKind::Deploy,
        runbook_hash: "00".into(),
        target: EnvironmentId::new("bench").service("s0000"),
        resumes: None,
        tier: Tier::Production,
        level: Level::Typed,
        raised_by: Vec::new(),
        inputs: Vec::new(),
        values: BTreeMap::new(),
        hosts: hosts().into_iter().map(planned).collect(),
        batches: vec![hosts()],
        batching: None,
        lock: None,
        steps: (0..STEPS).map(step).collect(),
        require: Vec::new(),
        release: None,
        on_failure: None,
        not_undone: Vec::new(),
        blocked: Vec::new(),
        warnings: Vec::new(),
        estimate: None,
    }
}

/// The first step runs on all hosts.
fn facts() -> Vec<Fact> {
    let operator = Operator { name: "ops".into(), console: "desk".into() };
    let mut facts = vec![Fact::Began { digest: plan().digest, operator, reason: None }];
    for host in hosts() {
        let (step, attempt) = ("step-0".to_owned(), 1);
        facts.push(Fact::Starting { step: step.clone(), host: host.clone(), attempt });
        facts.push(Fact::Started { step, host, attempt, pid: Some(4711) });
    }
    facts
}

fn print(store: &mut Store, run: &RunId, at: Timestamp, first: usize) {
    for host in hosts() {
        let line = |number: usize| {
            let mut text = String::new();
            write!(text, "{number:06} copied releases/2.14.0/wwwroot/part-{number}.js, checked its digest").unwrap();
            Text::from(text)
        };
        let lines = (first..first + 6).map(line).collect();
        let (run, step) = (run.clone(), "step-0".to_owned());
        store.apply(Event::RunPrinted { run, step, host, at, lines, left_out: 0 }, at);
    }
}

/// A store with the run, and its rings full.
fn full(run: &RunId) -> Store {
    let mut store = Store::default();
    store.apply(Event::RunOpened { run: run.clone(), plan: Arc::new(plan()), is_ours: true }, now());
    for (number, fact) in (1..).zip(facts()) {
        let entry = Box::new(Entry { number, at: now(), fact });
        store.apply(Event::RunTold { run: run.clone(), entry }, now());
    }
    for first in (0..LINES).step_by(6) {
        print(&mut store, run, now(), first);
    }
    store
}

fn frames(bencher: Bencher<'_, '_>, popup: impl Fn(RunView) -> RunView) {
    let run = RunId::new(now(), 7);
    let mut store = full(&run);
    let (theme, keymap) = (Theme::plain(), KeymapBook::new(&[]).load(keymap::DEFAULT).0.unwrap());
    let mut ui = Ui { size: (200, 60), ..Ui::default() };
    ui.popups.push(Popup::Run(popup(RunView::new(Which::Run(run.clone())))));
    let mut terminal = Terminal::new(TestBackend::new(200, 60)).unwrap();
    let mut shift = 0;
    bencher.bench_local(|| {
        shift += 1;
        let now = now() + SignedDuration::from_millis(shift * 33);
        print(&mut store, &run, now, LINES + shift as usize * 6);
        let view = View { store: &store, ui: &ui, theme: &theme, keymap: &keymap, now };
        terminal.draw(|frame| ui::render(frame, &view)).unwrap();
    });
}

/// A frame of 200×60 of a run on twenty hosts whose rings are full, and what 200 lines a second and host add between two.
#[divan::bench]
fn render_a_run_that_prints(bencher: Bencher<'_, '_>) {
    frames(bencher, |view| view);
}

/// The same with something searched for, read far above the end.
#[divan::bench]
fn render_a_run_read_far_above(bencher: Bencher<'_, '_>) {
    frames(bencher, |view| RunView { anchor: Some(40_000), search: "part-2".into(), full: true, ..view });
}
