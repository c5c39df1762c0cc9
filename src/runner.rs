//! The runner: the only room from which anything outside is changed. A plan is made, the gate admits or refuses it, the
//! lock is taken, steps run under supervision, every transition is in the journal before its effect, every fact on the
//! audit log.
//!
//! ```text
//! Acting + inputs --plan--> Plan --gate (consent)--> Permit --machine--> effects --> targets
//!                                                       journal, audit before each effect
//! ```
//!
//! | file | what is done there |
//! | --- | --- |
//! | [`plan`] | resolves a runbook for a target; only looks |
//! | [`gate`] | the one place that admits or refuses; makes [`Permit`] |
//! | [`machine`] | the pure state machine: inputs in, effects out |
//! | [`journal`] | the file of entries, flushed before what they announce |
//! | [`execute`] | carries effects out and feeds the machine |
//! | [`step`] | steps that are no processes on a target: requests, statements, waits, notices |
//! | [`target`] | a host as runs use it: locks, markers, supervised steps, mirrors, records |
//! | [`audit`] | the hash-chained record |
//! | [`redact`] | secrets out of output, by value, across reads |

pub mod audit;
pub mod execute;
pub mod gate;
pub mod journal;
pub mod machine;
pub mod plan;
pub mod redact;
pub mod step;
pub mod target;

pub use gate::Permit;
