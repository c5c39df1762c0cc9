//! The vocabulary: plain data that every other room speaks. Nothing here knows tokio, ratatui or any other module of
//! ours, does any I/O, or reads a clock.

pub mod environment;
pub mod fault;
pub mod health;
pub mod id;
pub mod link;
pub mod log;
pub mod plan;
pub mod probe;
pub mod run;
pub mod runbook;
pub mod service;
pub mod text;

pub use environment::{Environment, Fleet, Host, Tier};
pub use fault::{Fault, Severity};
pub use health::Health;
pub use id::{EnvironmentId, HostId, ProbeId, ServiceId};
pub use link::{Ask, Link, LinkState, Trouble};
pub use log::{LogFrom, LogId, LogLine, LogLogin, LogNews, LogSpec, LogState, LokiQuery, SecretPlace};
pub use plan::{Level, Plan};
pub use probe::{Fact, Observation, Outcome, Phase, PhaseName, ProbeSpec, ReportEntry};
pub use run::{Operator, RunId, RunState, RunStatus, RunSummary, StepOutcome};
pub use runbook::{Runbook, RunbookKind};
pub use service::{Offer, Service};
pub use text::Text;
