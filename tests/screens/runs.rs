//! Runbooks, plans and runs made by hand, and worlds in which they happen. Owns no expectations.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use quarterdeck::model::plan::{
    Estimate, Given, HostName, PlannedHost, PlannedLock, PlannedRelease, PlannedStep, StepEffect, Sudo,
};
use quarterdeck::model::runbook::{
    Accent, Action, Checked, Choices, Input, InputKind, On, Origin, Part, Prose, Release, Shape, Span, Step, Until,
    Wait,
};
use quarterdeck::model::{Level, Offer, Plan, Runbook, RunbookKind, Text, Tier};
use quarterdeck::store::Event;

use crate::decks::shop;
pub use crate::going::*;
use crate::world::{Script, World, now, service};

pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

pub fn step(id: &str, title: &str, action: Action) -> Step {
    Step {
        id: id.into(),
        title: title.into(),
        line: 10,
        action,
        on: On::Hosts,
        timeout: secs(60),
        grace: secs(10),
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
    }
}

pub fn shell(script: &str) -> Action {
    Action::Shell { script: script.into(), cwd: None, env: BTreeMap::new() }
}

fn healthy(seconds: u64) -> Action {
    let until = Until { what: Checked::Health(None), is: "healthy".into(), hold: secs(seconds) };
    Action::Wait(Wait { until: vec![until] })
}

/// The steps of a rollback.
pub fn steps() -> Vec<Step> {
    let mut switch = step(
        "switch",
        "Switch the release",
        shell(
            "set -u\nln -sfn /srv/sales/releases/\"$VERSION\" /srv/sales/current.new\nmv -T /srv/sales/current.new /srv/sales/current\n",
        ),
    );
    switch.undo = Some("ln -sfn /srv/sales/releases/\"$PREVIOUS\" /srv/sales/current\n".into());
    switch.verify = Some("test \"$(readlink /srv/sales/current)\" = /srv/sales/releases/\"$VERSION\"\n".into());
    let mut restart = step("restart", "Restart the unit", shell("sudo systemctl restart shop-sales-prod"));
    restart.sudo = true;
    let prove = step("prove", "Prove it", healthy(10));
    vec![switch, restart, prove]
}

fn prose(shape: Shape, text: &str) -> Part {
    Part::Prose(Prose { shape, spans: vec![Span { text: text.into(), accent: Accent::Plain }] })
}

pub fn input(name: &str, kind: InputKind, help: &str) -> Input {
    Input {
        name: name.into(),
        kind,
        default: None,
        required: true,
        pattern: None,
        choices: None,
        help: help.into(),
        secret: false,
    }
}

pub fn runbook(name: &str, title: &str, kind: RunbookKind, inputs: Vec<Input>) -> Runbook {
    let mut parts = vec![prose(Shape::Heading(1), title)];
    let told = [
        (
            "Switch",
            "Both links change in one step, so no request sees half a release. It is taken back by the same switch.",
        ),
        (
            "Restart",
            "The unit stops for about ten seconds; nginx answers 503 meanwhile. Tell the desk before you go on.",
        ),
        ("Prove it", "Ten seconds of health are enough: the probe looks every two."),
    ];
    for (step, (heading, words)) in steps().into_iter().zip(told) {
        parts.extend([prose(Shape::Heading(2), heading), prose(Shape::Paragraph, words), Part::Step(Box::new(step))]);
    }
    Runbook {
        name: name.into(),
        origin: Origin::Stock,
        title: title.into(),
        doc: "Goes back to a release that was good, proves it, and keeps a record.".into(),
        kind,
        inputs,
        needs: vec!["releases".into()],
        defaults: BTreeMap::new(),
        estimate: None,
        level: None,
        on_failure: None,
        locks: Vec::new(),
        batches: None,
        require: Vec::new(),
        release: None,
        parts,
        source: "".into(),
        hash: "hash".into(),
    }
}

/// The runbooks of the shop: with and without inputs.
pub fn runbooks() -> Vec<Runbook> {
    let mut version = input("version", InputKind::String, "the release to bring out, as the build names it");
    version.pattern = Some(r"\d+\.\d+\.\d+".into());
    let mut drain = input("drain", InputKind::Duration, "how long open requests may take to end");
    drain.default = Some("30s".into());
    let mut migrate = input("migrate", InputKind::Boolean, "run the migrations of the release");
    migrate.default = Some("false".into());
    let mut route = input("route", InputKind::String, "which way requests go meanwhile");
    route.choices = Some(Choices::Listed(["keep", "divert", "close"].map(str::to_owned).to_vec()));
    route.default = Some("keep".into());
    let mut token = input("token", InputKind::String, "the token of the release server; it is kept nowhere");
    token.secret = true;
    vec![
        runbook("deploy-release", "Deploy a release", RunbookKind::Deploy, vec![version, drain, migrate, route, token]),
        runbook("rollback-release", "Roll back", RunbookKind::Rollback, Vec::new()),
        runbook("restart", "Restart and prove it", RunbookKind::Restart, Vec::new()),
    ]
}

fn offers() -> Vec<Offer> {
    let offer = |name: &str, title: &str, kind, why: Option<&str>| Offer {
        runbook: name.into(),
        title: title.into(),
        kind,
        why_not: why.map(Text::from),
    };
    vec![
        offer(
            "restore-backup",
            "Restore a backup",
            RunbookKind::Restore,
            Some("it needs `backup_folder`, which sales does not have"),
        ),
        offer("deploy-release", "Deploy a release", RunbookKind::Deploy, None),
        offer("rollback-release", "Roll back", RunbookKind::Rollback, None),
        offer("restart", "Restart and prove it", RunbookKind::Restart, None),
    ]
}

/// The shop with runbooks for the sales of every environment.
pub fn acting() -> Script {
    shop()
        .offers("production/sales", offers())
        .offers("qa/sales", offers())
        .offers("sandbox/sales", offers())
        .ago(3000)
        .told(Event::RunbooksLoaded { runbooks: runbooks().into_iter().map(Arc::new).collect() })
}

pub fn host(name: &str) -> PlannedHost {
    PlannedHost {
        name: name.into(),
        destination: format!("deploy@192.0.2.{}", 10 + name.len()).into(),
        identity: None,
        unreachable: None,
        unsupervised: None,
        clock_offset: None,
        sudo: Some(Sudo::Free),
    }
}

/// What becomes of the version on these hosts.
fn release(names: &[HostName]) -> PlannedRelease {
    PlannedRelease {
        release: Release {
            version: "version".into(),
            current: None,
            available: None,
            facts: BTreeMap::new(),
            files: Vec::new(),
            schema: None,
            keep: 5,
        },
        version: "2.13.4".into(),
        current: names.iter().map(|name| (name.clone(), "2.14.0".into())).collect(),
        available: names.to_vec(),
        recorded_at: Some(ago(9 * 86_400)),
        is_bad: false,
    }
}

/// A plan that rolls sales back on these hosts.
pub fn plan(target: &str, tier: Tier, level: Level, hosts: &[&str]) -> Plan {
    let names: Vec<HostName> = hosts.iter().map(|h| (*h).into()).collect();
    let effects = [StepEffect::WouldChange, StepEffect::WillRun, StepEffect::Looks];
    let usual = |id: &str| {
        secs(if id == "switch" {
            3
        } else if id == "restart" {
            12
        } else {
            20
        })
    };
    let planned = |(step, effect): (Step, StepEffect)| PlannedStep {
        hosts: names.clone(),
        left_out: None,
        effects: names.iter().map(|name| (name.clone(), effect.clone())).collect(),
        estimate: Some(usual(&step.id)),
        step,
    };
    Plan {
        resumes: None,
        schema: Plan::SCHEMA,
        digest: "7c1f09ae5d0e4b1f9a7c1f09ae5d0e4b".into(),
        made_at: now(),
        runbook: "rollback-release".into(),
        title: "Roll back".into(),
        kind: RunbookKind::Rollback,
        runbook_hash: "hash".into(),
        target: service(target),
        tier,
        level,
        raised_by: Vec::new(),
        inputs: vec![Given { name: "version".into(), shown: "2.13.4".into() }],
        values: BTreeMap::new(),
        hosts: hosts.iter().map(|name| host(name)).collect(),
        batches: vec![names.clone()],
        batching: None,
        lock: Some(PlannedLock {
            host: hosts.first().copied().unwrap_or("local").into(),
            keys: vec![target.to_owned()],
            held: None,
            dirty: None,
            also: BTreeMap::new(),
        }),
        steps: steps().into_iter().zip(effects).map(planned).collect(),
        require: Vec::new(),
        release: Some(release(&names)),
        on_failure: None,
        not_undone: vec!["database migration 0142 (declared: backward compatible)".into()],
        blocked: Vec::new(),
        warnings: Vec::new(),
        estimate: Some(Estimate { p50: secs(120), p90: secs(180), runs: 7 }),
    }
}

/// The answer to the newest asking.
pub fn made(world: &World, plan: Result<Plan, &str>) -> Event {
    let target = plan.as_ref().map_or_else(|_| service("production/sales"), |plan| plan.target.clone());
    Event::PlanMade {
        ask: world.ui.asks,
        runbook: "rollback-release".into(),
        target,
        plan: plan.map(Arc::new).map_err(Text::from),
    }
}

pub fn armed(environment: &str) -> Event {
    let until = Some(now() + SignedDuration::from_secs(581));
    Event::Armed { environment: quarterdeck::model::EnvironmentId::new(environment), until }
}

/// The card of a plan, half a minute after it came up.
pub fn card(plan: Plan, is_armed: bool) -> World {
    let environment = plan.target.environment.clone();
    let mut world = acting().play();
    world.ui.environment = Some(environment.clone());
    world.ui.service.insert(environment.clone(), plan.target.clone());
    world.press("r");
    world.write("rollback");
    world.press("enter");
    if is_armed {
        world.hears(armed(environment.as_str()));
    }
    let made = made(&world, Ok(plan));
    world.hears(made);
    world.wait(30);
    world
}
