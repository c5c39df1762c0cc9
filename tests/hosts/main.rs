//! Hosts on the command line: the built binary against plain sshds on loopback and hosts that boot. What it prints, how it
//! ends, and that it accepts nothing that nobody compared.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "this crate is tests only"
)]
#![allow(clippy::disallowed_methods, reason = "tests measure real waits by the real clock")]

#[path = "../support/lab.rs"]
mod lab;
#[path = "../support/sshd.rs"]
mod sshd;
#[path = "../support"]
mod support {
    //! What other test crates need too; each uses a part of it.
    #![allow(dead_code, reason = "other test crates use the rest")]
    pub mod server;
    pub mod stage;
}

mod desk;
mod forward;
mod found;
mod keys;
mod terminal;
mod told;
