//! The vocabulary: plain data that every other room speaks. Nothing here knows tokio, ratatui or any other module of
//! ours, does any I/O, or reads a clock.

pub mod environment;
pub mod fault;
pub mod health;
pub mod id;
pub mod link;
pub mod probe;
pub mod service;
pub mod text;

pub use environment::{Environment, Fleet, Host, Tier};
pub use fault::{Fault, Severity};
pub use health::Health;
pub use id::{EnvironmentId, HostId, ProbeId, ServiceId};
pub use link::{Ask, Link, LinkState, Trouble};
pub use probe::{Fact, Observation, Outcome, Phase, PhaseName, ProbeSpec, ReportEntry};
pub use service::Service;
pub use text::Text;
