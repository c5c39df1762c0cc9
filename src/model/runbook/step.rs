//! A step of a runbook: what is done, where, within which bounds.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::model::Text;

/// A step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Step {
    /// Unique in the runbook: made from its heading, or given (`id=switch`).
    pub id: String,
    /// The heading it stands under, or its `title`.
    pub title: Text,
    /// The line of its fence in the file.
    pub line: usize,
    /// What is done.
    pub action: Action,
    /// Where.
    pub on: On,
    /// It is ended after this long.
    pub timeout: Duration,
    /// Time between TERM and KILL.
    pub grace: Duration,
    /// Tried again so often when it fails.
    pub retries: u32,
    /// Whether it may run twice: then a step of unknown fate is run again.
    pub idempotent: bool,
    /// A shell text that only looks: ends with 0 when what the step brings about is so. True before is no change, true
    /// after is the proof, and it is what resume asks first.
    pub verify: Option<String>,
    /// A shell text that takes the change back.
    pub undo: Option<String>,
    /// Why the change cannot be taken back. Told in the plan and before a rollback.
    pub irreversible: Option<Text>,
    /// Asks again right before it runs, whatever was confirmed.
    pub danger: bool,
    /// Says what happens if it is interrupted; interrupting it is confirmed by typing.
    pub uninterruptible: Option<Text>,
    /// Uses `sudo`: checked in the plan, never asking on its own.
    pub sudo: bool,
    /// Only looks: no lock, no permit, may run in a read-only environment.
    pub looks: bool,
    /// Skipped unless this holds.
    pub when: Option<Condition>,
    /// Runs even after a failure, before the run ends.
    pub always: bool,
    /// Hosts at the same time; all of the batch where none is given.
    pub at_once: Option<usize>,
}

impl Step {
    /// Whether it changes nothing.
    pub fn only_looks(&self) -> bool {
        match &self.action {
            Action::Shell { .. } => self.looks,
            Action::Copy { .. } => false,
            Action::Http(call) => matches!(call.method.as_str(), "GET" | "HEAD"),
            Action::Sql(call) => !call.writes,
            Action::Wait(_) | Action::Approve { .. } | Action::Notify { .. } | Action::Manual { .. } => true,
        }
    }
}

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A shell text, run under supervision with errexit (and pipefail where the shell has it). Inputs and names reach it
    /// as variables alone.
    Shell {
        /// As it stands in the file.
        script: String,
        /// Where it runs: a folder, which may hold `{names}`.
        cwd: Option<String>,
        /// Further variables; values may hold `{names}`.
        env: BTreeMap<String, String>,
    },
    /// Files of the operator's machine to the hosts.
    Copy {
        /// Relative to the deck. May hold `{names}`.
        from: String,
        /// On the host. May hold `{names}`.
        to: String,
        /// Whether files there that are not here are removed.
        delete: bool,
    },
    /// A request.
    Http(HttpCall),
    /// A statement.
    Sql(SqlCall),
    /// Waits until something that the console observes is so.
    Wait(Wait),
    /// A person must agree.
    Approve {
        /// To what.
        question: Text,
    },
    /// Tells others.
    Notify {
        /// A secret reference (`env:SLACK_WEBHOOK`) or an address.
        to: String,
        /// Whether it is a Slack-compatible `{"text": …}`; else the whole event is sent as JSON.
        slack: bool,
        /// What is said. May hold `{names}`.
        text: String,
    },
    /// Things that a person checks and ticks.
    Manual {
        /// The boxes, in order.
        items: Vec<Text>,
    },
}

impl Action {
    /// The word of the fence.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Shell { .. } => "sh",
            Self::Copy { .. } => "copy",
            Self::Http(_) => "http",
            Self::Sql(_) => "sql",
            Self::Wait(_) => "wait",
            Self::Approve { .. } => "approve",
            Self::Notify { .. } => "notify",
            Self::Manual { .. } => "manual",
        }
    }
}

/// A request and what is expected of its answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HttpCall {
    /// `GET` and the like.
    pub method: String,
    /// May hold `{names}`.
    pub url: String,
    /// Values may be secret references.
    pub headers: BTreeMap<String, String>,
    /// May hold `{names}`.
    pub body: Option<String>,
    /// Codes that are good; any 2xx where none is given.
    pub status: Vec<u16>,
    /// A regular expression that the answer's text must match.
    pub expect: Option<String>,
}

/// A statement and where it runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SqlCall {
    /// `postgresql://user@host:port/database`; may hold `{names}`.
    pub url: String,
    /// A secret reference.
    pub password: Option<String>,
    /// The statement. Inputs reach it as parameters (`:version`), never as text.
    pub statement: String,
    /// Whether it may change something; without it the session is read-only.
    pub writes: bool,
    /// A regular expression that the first column of the first row must match.
    pub expect: Option<String>,
}

/// Where a step runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum On {
    /// On every host of the service, batch by batch.
    #[default]
    Hosts,
    /// On the first host of the service, once.
    Once,
    /// On the operator's machine, once.
    Local,
    /// On this host of the environment, once. May hold `{names}`.
    Named(String),
}

/// A condition over what the console itself observes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Wait {
    /// All of these must hold at the same time.
    pub until: Vec<Until>,
}

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Until {
    /// What is looked at.
    pub what: Checked,
    /// How it must be: `healthy`, `pass`, `active`.
    pub is: String,
    /// Without a break for this long.
    pub hold: Duration,
}

/// What is looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Checked {
    /// The health of a service of the environment; the run's own where none is named.
    Health(Option<String>),
    /// One probe of the service.
    Probe(String),
    /// A systemd unit on the hosts of the step. May hold `{names}`.
    Unit(String),
}

/// Whether a step runs: `when = "VERSION matches ^v2"`, `when = "migrate = true"`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Condition {
    /// An input or a name of the service.
    pub name: String,
    /// How it is compared.
    pub test: Test,
}

/// How a value is compared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Test {
    /// It is this.
    Is(String),
    /// It is not this.
    IsNot(String),
    /// It matches this regular expression.
    Matches(String),
    /// It is given at all.
    Given,
}
