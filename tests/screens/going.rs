//! Runs made by hand: going on, failing, asking, on record, and the locks that they hold. Owns no expectations.

use std::sync::Arc;
use std::time::Duration;

use jiff::SignedDuration;
use quarterdeck::model::plan::Plan;
use quarterdeck::model::run::{Choice, Dirty, Entry, Fact, Liveness, LockHolder, Question};
use quarterdeck::model::{Level, Operator, RunId, RunStatus, RunSummary, StepOutcome, Text, Tier};
use quarterdeck::store::Event;

use crate::runs::{acting, ago, plan};
use crate::world::{World, service};

pub const RUN: &str = "20261120-060130-7c1f";

pub fn operator() -> Operator {
    Operator { name: "ops".into(), console: "laptop".into() }
}

/// A run of a plan to which these things happened, each so many seconds ago.
pub fn run_of(plan: Plan, is_ours: bool, facts: Vec<(i64, Fact)>) -> World {
    let mut script = acting();
    let run = RunId::parse(RUN).unwrap();
    let plan = Arc::new(plan);
    let environment = plan.target.environment.clone();
    script = script.ago(41).told(Event::RunOpened { run: run.clone(), plan: plan.clone(), is_ours });
    let began = Fact::Began { digest: plan.digest.clone(), operator: operator(), reason: Some("sales down".into()) };
    let all = [(41, began)].into_iter().chain(facts);
    for (number, (seconds, fact)) in (1..).zip(all) {
        let entry = Entry { number, at: ago(seconds), fact };
        script = script.ago(seconds).told(Event::RunTold { run: run.clone(), entry: Box::new(entry) });
    }
    let mut world = script.play();
    world.ui.environment = Some(environment);
    world
}

pub fn starting(step: &str, host: &str) -> Fact {
    Fact::Starting { step: step.into(), host: host.into(), attempt: 1 }
}

pub fn started(step: &str, host: &str) -> Fact {
    Fact::Started { step: step.into(), host: host.into(), attempt: 1, pid: Some(4711) }
}

pub fn finished(step: &str, host: &str, outcome: StepOutcome, millis: u64, why: &str) -> Fact {
    Fact::Finished {
        step: step.into(),
        host: host.into(),
        attempt: 1,
        outcome,
        exit: Some(i32::from(!outcome.is_good())),
        why: (!why.is_empty()).then(|| why.into()),
        took: Duration::from_millis(millis),
        bytes: 120,
        survivors: Vec::new(),
    }
}

pub fn printed(world: &mut World, seconds: i64, step: &str, host: &str, lines: &[&str]) {
    let run = RunId::parse(RUN).unwrap();
    let lines = lines.iter().map(|line| Text::from(*line)).collect();
    world.hears(Event::RunPrinted { run, step: step.into(), host: host.into(), at: ago(seconds), lines, left_out: 0 });
}

/// A rollback of sales on one host, in its second step.
pub fn running() -> World {
    let plan = plan("production/sales", Tier::Production, Level::Typed, &["vps"]);
    let facts = vec![
        (40, Fact::Locked { fence: 12, fences: [].into() }),
        (39, Fact::Required { failed: Vec::new() }),
        (38, Fact::Dirtied),
        (37, starting("switch", "vps")),
        (37, started("switch", "vps")),
        (35, finished("switch", "vps", StepOutcome::Ok, 1240, "")),
        (11, starting("restart", "vps")),
        (11, started("restart", "vps")),
    ];
    let mut world = run_of(plan, true, facts);
    printed(&mut world, 36, "switch", "vps", &["/srv/sales/current -> /srv/sales/releases/2.13.4"]);
    printed(&mut world, 9, "restart", "vps", &["Stopping sales (production)…", "Stopped sales (production)."]);
    printed(&mut world, 4, "restart", "vps", &["Started sales (production)."]);
    world
}

/// The same on three hosts, one of which failed; the run asks what now.
pub fn failing() -> World {
    let hosts = ["web-1", "web-2", "web-3"];
    let plan = plan("production/sales", Tier::Production, Level::Typed, &hosts);
    let mut facts = vec![(40, Fact::Locked { fence: 12, fences: [].into() }), (38, Fact::Dirtied)];
    facts.extend(hosts.iter().map(|name| (30, starting("switch", name))));
    for (at, name) in hosts.iter().enumerate() {
        let (outcome, why) = match at {
            1 => (
                StepOutcome::Failed,
                "exit 1: ln: failed to create symbolic link '/srv/sales/current.new': No space left on device",
            ),
            _ => (StepOutcome::Ok, ""),
        };
        facts.push((28, finished("switch", name, outcome, 1200, why)));
    }
    let choices = vec![Choice::Retry, Choice::Skip, Choice::MarkDone, Choice::Undo, Choice::OnFailure, Choice::GiveUp];
    let question = Question::Failure { step: "switch".into(), hosts: vec!["web-2".into()], choices };
    facts.push((27, Fact::Asked { question }));
    let mut world = run_of(plan, true, facts);
    for name in hosts {
        printed(&mut world, 29, "switch", name, &["linking /srv/sales/releases/2.13.4"]);
    }
    printed(&mut world, 28, "switch", "web-2", &["ln: failed to create symbolic link: No space left on device"]);
    world
}

/// A run on one host that asks this.
pub fn asking(question: Question) -> World {
    let plan = plan("production/sales", Tier::Production, Level::Typed, &["vps"]);
    run_of(plan, true, vec![(20, Fact::Asked { question })])
}

pub fn summary(number: u16, target: &str, runbook: &str, status: RunStatus, minutes: i64) -> RunSummary {
    let began = ago(minutes * 60);
    RunSummary {
        id: RunId::new(began, number),
        runbook: runbook.into(),
        title: runbook.into(),
        target: service(target),
        operator: operator(),
        reason: None,
        began,
        ended: (status != RunStatus::Interrupted).then(|| began + SignedDuration::from_secs(83)),
        status,
        steps: (3, 3),
        dirty: status == RunStatus::Failed,
        version: Some("2.14.0".into()),
    }
}

pub fn history() -> Vec<RunSummary> {
    vec![
        summary(1, "production/sales", "deploy-release", RunStatus::Failed, 62),
        summary(2, "production/payroll", "restart", RunStatus::Interrupted, 190),
        summary(3, "qa/sales", "deploy-release", RunStatus::SucceededWithOverrides, 1500),
        summary(4, "production/sales", "rollback-release", RunStatus::Succeeded, 17_300),
        summary(5, "production/common", "restart", RunStatus::Cancelled, 40_000),
        summary(6, "production/sales", "deploy-release", RunStatus::Lost, 60_000),
    ]
}

pub fn holder(key: &str, liveness: Liveness) -> LockHolder {
    LockHolder {
        key: key.into(),
        run: RunId::parse(RUN),
        fence: 12,
        operator: Operator { name: "night".into(), console: "desk-2".into() },
        console_id: None,
        what: "deploy-release".into(),
        reason: Some("release 2.14.0".into()),
        digest: None,
        taken_at: ago(1320),
        liveness,
        silent_for: SignedDuration::from_secs(95),
    }
}

pub fn dirty() -> Dirty {
    // Of a run before: what the one at work has changed is not left yet.
    Dirty {
        run: RunId::new(ago(5400), 7),
        runbook: "deploy-release".into(),
        operator: operator(),
        since: ago(5400),
        hosts: Vec::new(),
    }
}

pub fn locks() -> Event {
    Event::LocksListed {
        environment: quarterdeck::model::EnvironmentId::new("production"),
        at: ago(3),
        locks: vec![
            holder("production/sales", Liveness::Held),
            holder("production/payroll", Liveness::Unattended { pids: vec![4711, 4712] }),
            holder("production/common", Liveness::Stale),
        ],
        dirty: vec![("production/inventory".into(), dirty())],
        failed: vec![("edge".into(), "no route to edge".into())],
    }
}
