//! The table: one row a measurement, with the load of the machine in that minute, and the middle of several times.

use std::time::Duration;

/// What a peer did.
pub enum Peer {
    /// It took this long.
    Took(Duration),
    /// It is not installed, or failed.
    Absent(String),
}

/// The names of the columns.
pub fn head() {
    let (ours, peer, ratio, goal, load) = ("ours", "peer", "ratio", "goal", "load");
    println!("\n{:<62} {ours:>11} {peer:>11} {ratio:>7} {goal:>16} {load:>6}", "");
}

/// A row that has no ratio.
pub fn row(what: &str, ours: &str, goal: &str, kept: Option<bool>) {
    line(what, ours, "", "", goal, kept);
}

/// Ours against a peer's, with the largest part of the peer's time that ours may take.
pub fn versus(what: &str, ours: Duration, peer: &Peer, goal: &str, most: f64) {
    match peer {
        Peer::Took(peer) => {
            let ratio = ours.as_secs_f64() / peer.as_secs_f64();
            line(what, &millis(ours), &millis(*peer), &format!("{ratio:.3}"), goal, Some(ratio <= most));
        }
        Peer::Absent(why) => line(what, &millis(ours), why, "", goal, None),
    }
}

fn line(what: &str, ours: &str, peer: &str, ratio: &str, goal: &str, kept: Option<bool>) {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("?");
    let verdict = kept.map_or("", |kept| if kept { "kept" } else { "MISSED" });
    println!("{what:<62} {ours:>11} {peer:>11} {ratio:>7} {goal:>16} {load:>6} {verdict}");
}

/// `12.3 ms`.
pub fn millis(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

/// The middle one.
pub fn median(times: &mut [Duration]) -> Duration {
    at(times, 0.5)
}

/// The one that this share of them does not exceed.
pub fn at(times: &mut [Duration], share: f64) -> Duration {
    times.sort_unstable();
    let place = (times.len() as f64 * share) as usize;
    times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default()
}
