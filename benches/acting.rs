//! `cargo bench --bench acting --features trial`: runs on hosts that are booted for it, by the console's own planner, gate
//! and driver, against ansible on the same machine in the same minutes. Prints what was measured beside its goal and the
//! load of the machine; words after `--` choose parts: `fleet`, `plan`, `step`, `flood`, `end`. Needs root on Linux for its
//! hosts; the peer is `ansible-playbook` (`ansible-core`). Measures nothing elsewhere.

#![allow(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
#![allow(clippy::indexing_slicing, clippy::panic, reason = "a benchmark fails by panicking")]

#[path = "acting/end.rs"]
mod end;
#[path = "acting/fleet.rs"]
mod fleet;
#[path = "acting/flood.rs"]
mod flood;
#[path = "../tests/support/lab.rs"]
mod lab;
#[path = "acting/ours.rs"]
mod ours;
#[allow(dead_code, reason = "another bench uses the rest")]
#[path = "hosts/peers.rs"]
mod peers;
#[path = "acting/step.rs"]
mod step;
#[path = "hosts/table.rs"]
mod table;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;

use lab::{Host, Lab};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// Hosts of a fleet.
const HOSTS: usize = 20;

fn main() -> ExitCode {
    if !std::env::args().any(|a| a == "--bench") {
        eprintln!("acting measures only under `cargo bench --bench acting --features trial`");
        return ExitCode::SUCCESS;
    }
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("acting: {error}");
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
    let is_fleet = ["fleet", "plan", "flood"].into_iter().any(wanted);
    let hosts = lab.hosts(if is_fleet { HOSTS } else { 1 });
    let config = lab.ssh_config(&hosts.iter().collect::<Vec<_>>());
    let bench = Bench { lab, hosts, config };
    table::head();
    let runtime = ours::runtime()?;
    if wanted("fleet") {
        fleet::measure(&bench, &runtime)?;
    }
    if wanted("plan") {
        fleet::plans(&bench, &runtime)?;
    }
    if wanted("step") {
        step::measure(&bench, &runtime)?;
    }
    if wanted("flood") {
        flood::measure(&bench, &runtime)?;
    }
    if wanted("end") {
        end::measure(&bench, &runtime)?;
    }
    Ok(())
}
