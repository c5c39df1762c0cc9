//! Tests of the lab itself: what is broken about its hosts looks to the real client as it would on real ones, and
//! nothing of it is left behind.
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

use lab::Lab;
use std::time::Instant;

#[test]
fn base_is_there() {
    let t = Instant::now();
    let Some(lab) = Lab::new() else { return };
    eprintln!("open {:?}", t.elapsed());
    for n in [1, 8, 20] {
        let Some(lab) = Lab::new() else { return };
        let t = Instant::now();
        let hosts = lab.hosts(n);
        eprintln!("{n} hosts {:?}", t.elapsed());
        eprintln!("{:?}", hosts.iter().map(|h| h.memory() >> 20).collect::<Vec<_>>());
        eprintln!("{}", hosts[0].must("systemctl is-system-running; cat /etc/machine-id; ps ax; systemctl --failed"));
        let out = hosts[0].ssh("id; hostname; sudo id");
        eprintln!("{out:?}");
        let t = Instant::now();
        drop(lab);
        eprintln!("drop {:?}", t.elapsed());
    }
    drop(lab);
}
