//! The command line of the built binary: what it prints, how it ends, and that it survives hostile servers and readers
//! that leave early. A small server on loopback is what it looks at.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "this crate is tests only; its helpers stand outside #[test] functions"
)]

#[path = "cli/document.rs"]
mod document;
#[path = "cli/locks.rs"]
mod locks;
#[path = "cli/logs.rs"]
mod logs;
#[path = "cli/printed.rs"]
mod printed;
#[path = "cli/run.rs"]
mod run;
#[path = "cli/runbooks.rs"]
mod runbooks;
#[path = "cli/runs.rs"]
mod runs;
#[path = "cli/status.rs"]
mod status;
#[path = "cli/watch.rs"]
mod watch;
#[path = "cli/yard.rs"]
mod yard;

#[path = "support"]
mod support {
    //! What other test crates need too; each uses a part of it.
    #![allow(dead_code, reason = "the terminal tests use the rest")]
    #[cfg(target_os = "linux")]
    pub mod process;
    pub mod server;
    pub mod stage;
}
