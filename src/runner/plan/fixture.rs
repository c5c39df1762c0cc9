//! A plan to test with: one deploy of `production/sales` on two hosts, with its digest. Never made by looking.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::digest;
use crate::model::plan::{Given, PlannedHost, PlannedLock, PlannedStep, StepEffect, Value};
use crate::model::run::{Dirty, Operator};
use crate::model::runbook::{Action, On, RunbookKind, Step};
use crate::model::{EnvironmentId, Level, Plan, RunId, Tier};

/// When it was made.
pub(crate) fn made_at() -> Timestamp {
    Timestamp::from_second(1_790_000_000).unwrap()
}

/// A shell step on every host.
pub(crate) fn step(id: &str, script: &str) -> Step {
    Step {
        id: id.into(),
        title: id.into(),
        line: 1,
        action: Action::Shell { script: script.into(), cwd: None, env: BTreeMap::new() },
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
    }
}

/// What a run left.
pub(crate) fn dirty() -> Dirty {
    Dirty {
        run: RunId::parse("20261119-090000-00aa").unwrap(),
        runbook: "deploy".into(),
        operator: Operator { name: "ops".into(), console: "desk".into() },
        since: made_at(),
        hosts: Vec::new(),
    }
}

/// The plan.
pub(crate) fn plan() -> Plan {
    let host = |name: &str| PlannedHost {
        name: name.into(),
        destination: "192.0.2.10".into(),
        identity: Some("SHA256:abc".into()),
        unreachable: None,
        unsupervised: None,
        clock_offset: None,
        sudo: None,
    };
    let planned = |id: &str| PlannedStep {
        step: step(id, "true"),
        hosts: vec!["a".into(), "b".into()],
        left_out: None,
        effects: [("a".into(), StepEffect::WillRun), ("b".into(), StepEffect::WillRun)].into(),
        estimate: None,
    };
    let mut plan = Plan {
        schema: Plan::SCHEMA,
        digest: String::new(),
        made_at: made_at(),
        runbook: "deploy".into(),
        title: "Deploy".into(),
        kind: RunbookKind::Deploy,
        runbook_hash: "00".into(),
        target: EnvironmentId::new("production").service("sales"),
        resumes: None,
        tier: Tier::Production,
        level: Level::Typed,
        raised_by: Vec::new(),
        inputs: vec![Given { name: "version".into(), shown: "v1.2".into() }],
        values: [("version".into(), Value::Plain("v1.2".into()))].into(),
        hosts: vec![host("a"), host("b")],
        batches: vec![vec!["a".into()], vec!["b".into()]],
        batching: None,
        lock: Some(PlannedLock {
            host: "a".into(),
            keys: vec!["production/sales".into()],
            held: None,
            dirty: None,
            also: BTreeMap::new(),
        }),
        steps: vec![planned("switch"), planned("restart")],
        require: Vec::new(),
        release: None,
        on_failure: None,
        not_undone: Vec::new(),
        blocked: Vec::new(),
        warnings: Vec::new(),
        estimate: None,
    };
    plan.digest = digest(&plan);
    plan
}

/// Rules without anything special.
pub(crate) fn policy(tier: Tier) -> crate::config::acting::Policy {
    crate::config::acting::Policy {
        tier,
        level: Level::Enter,
        peak: Vec::new(),
        timezone: jiff::tz::TimeZone::UTC,
        state: None,
    }
}

/// A runbook without steps.
pub(crate) fn runbook() -> crate::model::Runbook {
    crate::model::Runbook {
        name: "deploy".into(),
        origin: crate::model::runbook::Origin::Deck("deploy.md".into()),
        title: "Deploy".into(),
        doc: "".into(),
        kind: RunbookKind::Deploy,
        inputs: Vec::new(),
        needs: Vec::new(),
        defaults: BTreeMap::new(),
        estimate: None,
        level: None,
        on_failure: None,
        locks: Vec::new(),
        batches: None,
        require: Vec::new(),
        release: None,
        parts: Vec::new(),
        source: "".into(),
        hash: "00".into(),
    }
}
