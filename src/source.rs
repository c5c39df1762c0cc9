//! Sources: what watches the outside and reports events. A supervisor keeps one task a probe; a task that panics is
//! reported and started again.

pub mod dial;
pub mod fetch;
pub mod health;
pub mod tls;
