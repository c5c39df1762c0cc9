//! `true` on every host of a fleet: with new connections against parallel-ssh, with live ones against ansible.

use crate::ours::{Ours, another, runtime};
use crate::peers;
use crate::table::{Peer, median, versus};
use crate::{Bench, Outcome};

/// Rounds that count.
const ROUNDS: usize = 5;

/// Both.
pub fn measure(bench: &Bench) -> Outcome<()> {
    let names = bench.names();
    let list = bench.lab.folder().join("list");
    std::fs::write(&list, names.join("\n") + "\n")?;
    cold(bench, &names, &list)?;
    warm(bench, &names, &list)
}

/// A whole process each: start, connect, log in, run, leave.
fn cold(bench: &Bench, names: &[String], list: &std::path::Path) -> Outcome<()> {
    let (mut ours, mut peer, mut absent) = (Vec::new(), Vec::new(), None);
    for round in 0..=ROUNDS {
        let own = peers::timed(&mut another("true", &bench.config, names)?)?;
        let their = match absent {
            None => peers::timed(&mut peers::parallel_ssh(&bench.config, list, names.len())),
            Some(_) => continue,
        };
        match their {
            Ok(time) if round > 0 => peer.push(time),
            Ok(_) => {}
            Err(why) => absent = Some(why.to_string()),
        }
        if round > 0 {
            ours.push(own);
        }
    }
    let peer = absent.map_or_else(|| Peer::Took(median(&mut peer)), Peer::Absent);
    let what = format!("`true` on {} hosts, new connections; parallel-ssh", names.len());
    versus(&what, median(&mut ours), &peer, "2 x faster", 0.5);
    Ok(())
}

fn warm(bench: &Bench, names: &[String], list: &std::path::Path) -> Outcome<()> {
    let folder = bench.lab.folder();
    let ansible = || peers::ansible(&bench.config, list, &folder, names.len());
    // The first one leaves live connections behind.
    let peer = match peers::timed(&mut ansible()) {
        Ok(_) => peers::measured(3, ansible),
        Err(why) => Peer::Absent(why.to_string()),
    };
    let ours = runtime()?.block_on(async {
        let ours = Ours::connect(&bench.config, names);
        ours.all_true().await?;
        let mut took = Vec::new();
        for _ in 0..20 {
            took.push(ours.all_true().await?);
        }
        Outcome::Ok(median(&mut took))
    })?;
    versus(
        &format!("`true` on {} hosts, live connections; ansible raw", names.len()),
        ours,
        &peer,
        "50 x faster",
        0.02,
    );
    Ok(())
}
