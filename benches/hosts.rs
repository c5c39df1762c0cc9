//! `cargo bench --bench hosts --features trial`: commands and files over SSH to hosts that are booted for it, against
//! tools that do the same on the same machine in the same minutes. Prints what was measured beside its goal and the load
//! of the machine; words after `--` choose parts: `fleet`, `exec`, `copy`, `crowd`. Needs root on Linux for its hosts;
//! the peers are parallel-ssh (package pssh), ansible (`ansible-core`), OpenSSH and rsync. Measures nothing elsewhere.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::indexing_slicing, clippy::panic, reason = "a benchmark fails by panicking")]

#[path = "hosts/crowd.rs"]
mod crowd;
#[path = "hosts/exec.rs"]
mod exec;
#[path = "hosts/fleet.rs"]
mod fleet;
#[path = "../tests/support/lab.rs"]
mod lab;
#[path = "hosts/ours.rs"]
mod ours;
#[path = "hosts/peers.rs"]
mod peers;
#[path = "hosts/table.rs"]
mod table;
#[path = "hosts/tree.rs"]
mod tree;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use lab::{Host, Lab};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Hosts of a fleet.
const HOSTS: usize = 20;

fn main() -> ExitCode {
    let result = match ours::role() {
        Some(role) => ours::play(&role),
        None if std::env::args().any(|a| a == "--bench") => measure(),
        None => {
            eprintln!("hosts measures only under `cargo bench --bench hosts --features trial`");
            Ok(())
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hosts: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What the parts work with.
struct Bench {
    lab: Lab,
    hosts: Vec<Host>,
    /// The client configuration that names every host.
    config: PathBuf,
}

impl Bench {
    fn names(&self) -> Vec<String> {
        self.hosts.iter().map(|h| h.name().to_owned()).collect()
    }
}

fn measure() -> Outcome<()> {
    let parts: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    let wanted = |part: &str| parts.is_empty() || parts.iter().any(|p| p == part);
    let lab = match Lab::open() {
        Ok(lab) => lab,
        Err(absent) => {
            println!("nothing is measured: {absent}");
            return Ok(());
        }
    };
    let hosts = lab.hosts(if wanted("fleet") { HOSTS } else { 4 });
    let config = lab.ssh_config(&hosts.iter().collect::<Vec<_>>());
    let bench = Bench { lab, hosts, config };
    table::head();
    if wanted("fleet") {
        fleet::measure(&bench)?;
    }
    if wanted("exec") {
        exec::measure(&bench)?;
    }
    if wanted("copy") {
        tree::measure(&bench)?;
    }
    if wanted("crowd") {
        crowd::measure(&bench)?;
    }
    Ok(())
}
