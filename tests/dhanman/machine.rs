//! What becomes of the machines themselves.

use std::time::{Duration, Instant};

use crate::console::{Console, PROMPT};
use crate::site::{QA, Site};

/// A disk that fills up and is tidied again.
pub fn full_disk(site: &Site, console: &mut Console) {
    site.qa.small_disk("/srv/small", "8m");
    console.heals(&["qa/disk"], Instant::now(), PROMPT);
    site.qa.must("head -c 8000000 /dev/zero >/srv/small/file");
    console.tells("qa/disk", "unhealthy", "/srv/small", Instant::now(), PROMPT);
    site.qa.must("rm /srv/small/file");
    console.heals(&["qa/disk"], Instant::now(), PROMPT);
    site.qa.must("umount /srv/small");
    console.tells("qa/disk", "unhealthy", "nothing is mounted at /srv/small on vps", Instant::now(), PROMPT);
}

/// The longest that a connection stays away after its host is back: the pause between two attempts, and the login.
pub const AGAIN: Duration = Duration::from_secs(12);

/// A reboot: gone, and back with all its services. It may be over before a service is missed; the host is missed.
pub fn rebooted(site: &Site, console: &mut Console) {
    let services = QA.services();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let began = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(|| site.qa.reboot());
        let seen = console.sees("qa is gone", began, PROMPT, |seen| seen.host("qa")["state"] != "live");
        println!("                   {}", seen.host("qa")["cause"]);
    });
    println!("{:6.1} s             qa has booted", began.elapsed().as_secs_f64());
    console.sees("qa is back", Instant::now(), AGAIN, |seen| seen.host("qa")["state"] == "live");
    console.heals(&services, Instant::now(), PROMPT);
}
