//! Plans for tests: steps in a few words, without a runbook behind them.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use crate::model::plan::{HostName, PlannedHost, PlannedLock, PlannedStep};
use crate::model::runbook::{Action, HttpCall, On, RunbookKind, Step};
use crate::model::{EnvironmentId, Level, Plan, Text, Tier};

/// A step in a few words.
#[derive(Clone, Debug)]
pub(crate) struct Spec(pub(crate) Step);

impl Spec {
    /// A shell text.
    pub(crate) fn sh(id: &str) -> Self {
        let action = Action::Shell { script: "true".into(), cwd: None, env: BTreeMap::new() };
        Self(Step {
            id: id.into(),
            title: id.into(),
            line: 1,
            action,
            on: On::Hosts,
            timeout: Duration::from_mins(1),
            grace: Duration::from_secs(1),
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
        })
    }

    /// A request that changes something.
    pub(crate) fn post(id: &str) -> Self {
        let call = HttpCall {
            method: "POST".into(),
            url: "http://127.0.0.1/".into(),
            headers: BTreeMap::new(),
            body: None,
            status: Vec::new(),
            expect: None,
        };
        Self::sh(id).with(|s| s.action = Action::Http(call))
    }

    pub(crate) fn approve(id: &str) -> Self {
        Self::sh(id).on(On::Local).with(|s| s.action = Action::Approve { question: "go?".into() })
    }

    pub(crate) fn manual(id: &str, boxes: usize) -> Self {
        let items = (0..boxes).map(|i| Text::from(format!("box {i}"))).collect();
        Self::sh(id).on(On::Local).with(|s| s.action = Action::Manual { items })
    }

    pub(crate) fn with(mut self, change: impl FnOnce(&mut Step)) -> Self {
        change(&mut self.0);
        self
    }

    pub(crate) fn on(self, on: On) -> Self {
        self.with(|s| s.on = on)
    }

    pub(crate) fn verify(self) -> Self {
        self.with(|s| s.verify = Some("true".into()))
    }

    pub(crate) fn undo(self) -> Self {
        self.with(|s| s.undo = Some("true".into()))
    }

    pub(crate) fn retries(self, retries: u32) -> Self {
        self.with(|s| s.retries = retries)
    }

    pub(crate) fn idempotent(self) -> Self {
        self.with(|s| s.idempotent = true)
    }

    pub(crate) fn danger(self) -> Self {
        self.with(|s| s.danger = true)
    }

    pub(crate) fn always(self) -> Self {
        self.with(|s| s.always = true)
    }

    pub(crate) fn uninterruptible(self) -> Self {
        self.with(|s| s.uninterruptible = Some("half a schema".into()))
    }
}

fn planned_host(name: &HostName) -> PlannedHost {
    PlannedHost {
        name: name.clone(),
        destination: name.to_string().into(),
        identity: None,
        unreachable: None,
        unsupervised: None,
        clock_offset: None,
        sudo: None,
    }
}

/// A plan of these steps over hosts `h0`, `h1`, ….
pub(crate) fn plan(hosts: usize, specs: &[Spec]) -> Plan {
    let names: Vec<HostName> = (0..hosts).map(|i| format!("h{i}").into()).collect();
    let on = names.clone();
    let steps = specs.iter().map(|spec| {
        let hosts = match &spec.0.on {
            On::Hosts => on.clone(),
            On::Once => on.iter().take(1).cloned().collect(),
            On::Local => vec!["local".into()],
            On::Named(name) => vec![name.as_str().into()],
        };
        PlannedStep { step: spec.0.clone(), hosts, left_out: None, effects: BTreeMap::new(), estimate: None }
    });
    let looks = specs.iter().all(|s| s.0.only_looks());
    let lock = PlannedLock {
        host: "h0".into(),
        keys: vec!["qa/sales".into()],
        held: None,
        dirty: None,
        also: BTreeMap::new(),
    };
    Plan {
        schema: Plan::SCHEMA,
        digest: "7c1f09ae".into(),
        made_at: Timestamp::UNIX_EPOCH,
        runbook: "deploy".into(),
        title: "Deploy".into(),
        kind: RunbookKind::Deploy,
        runbook_hash: "0".into(),
        resumes: None,
        target: EnvironmentId::new("qa").service("sales"),
        tier: Tier::Staging,
        level: Level::Yes,
        raised_by: Vec::new(),
        inputs: Vec::new(),
        values: BTreeMap::new(),
        hosts: names.iter().map(planned_host).collect(),
        batches: vec![names],
        batching: None,
        lock: (!looks).then_some(lock),
        steps: steps.collect(),
        require: Vec::new(),
        release: None,
        on_failure: None,
        not_undone: Vec::new(),
        blocked: Vec::new(),
        warnings: Vec::new(),
        estimate: None,
    }
}
