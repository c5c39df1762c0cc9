//! What becomes of the ways to the hosts. A host that is not reached is one cause, told once; its services are unknown
//! and not down.

use std::time::{Duration, Instant};

use crate::console::{Console, PROMPT, SILENT, once};
use crate::document::Document;
use crate::lab::Host;
use crate::machine::AGAIN;
use crate::site::{Kind, PRODUCTION, QA, Site};

/// A line on which nothing is heard for so long is in doubt.
const SILENCE: Duration = Duration::from_secs(4);
/// Longest pause before a host that refused is asked again, with the time of the attempt.
const REFUSED: Duration = Duration::from_secs(25);

/// Waits until all six services are unknown because of their host.
#[track_caller]
fn loses(console: &mut Console, kind: &Kind, began: Instant, limit: Duration) -> Document {
    let services = kind.services();
    let what = format!("{}: six services unknown", kind.environment);
    let seen = console.sees(&what, began, limit, |seen| services.iter().all(|id| seen.health(id) == "unknown"));
    let causes: Vec<&str> = services.iter().map(|id| seen.cause(id)).collect();
    println!("                   {}", causes[0]);
    for cause in &causes {
        assert_eq!(cause.matches("vps").count(), 1, "the host is named once: {causes:?}");
    }
    for id in &services {
        assert_eq!(seen.service(id)["version"], "9.4.1", "what was known stays");
        for probe in ["unit", "ready", "live"] {
            let probe = seen.probe(&format!("{id}/{probe}"));
            // One that was not its turn yet has its last word still.
            let known = if probe["before"].is_null() { probe } else { &probe["before"] };
            // A look that was under way when the line fell silent ends before anybody knows why.
            let late = known["reason"].as_str().is_some_and(|reason| reason.contains("within 2s"));
            assert!(known["outcome"] == "pass" || late, "{id}: {probe}");
        }
    }
    seen
}

#[track_caller]
fn is_well(console: &mut Console, kind: &Kind) {
    let services = kind.services();
    for id in &services {
        assert_eq!(console.now().health(id), "healthy", "the other host has nothing to do with it");
    }
}

#[track_caller]
fn comes_back(console: &mut Console, kind: &Kind, began: Instant, limit: Duration) {
    let services = kind.services();
    let services: Vec<&str> = services.iter().map(String::as_str).collect();
    let seen = console.heals(&services, began, limit);
    // A line that was cut is slow for a while.
    let state = &seen.host(kind.environment)["state"];
    assert!(state == "live" || state == "degraded", "{state}");
}

/// A pulled cable.
pub fn cut(site: &Site, console: &mut Console) {
    site.production.cut();
    let seen = loses(console, &PRODUCTION, Instant::now(), SILENCE + SILENT);
    assert_ne!(seen.host("production")["state"], "live", "{:#}", seen.host("production"));
    is_well(console, &QA);
    site.production.heal();
    comes_back(console, &PRODUCTION, Instant::now(), AGAIN + PROMPT);
}

/// A loss of power, and a boot.
pub fn without_power(site: &Site, console: &mut Console) {
    site.production.power_cut();
    loses(console, &PRODUCTION, Instant::now(), SILENCE + SILENT);
    is_well(console, &QA);
    site.production.on();
    comes_back(console, &PRODUCTION, Instant::now(), AGAIN + PROMPT);
}

/// A host that was set up anew: nothing is asked of it until somebody believes its new key.
pub fn another_key(site: &Site, console: &mut Console) {
    site.qa.new_host_key();
    site.qa.reboot();
    let began = Instant::now();
    // Services stop before sshd does, so what was seen last may be that.
    let services = QA.services();
    console.sees("qa: six services unknown", began, SILENCE + SILENT, |seen| {
        services.iter().all(|id| seen.health(id) == "unknown")
    });
    // It is refused as soon as it is up again.
    let refused = |seen: &Document| {
        let host = seen.host("qa");
        host["state"] == "refused" && host["trouble"] == "host-key-changed"
    };
    console.sees("qa: another key", began, SILENCE + AGAIN, refused);
    is_well(console, &PRODUCTION);
    site.learn_keys();
    comes_back(console, &QA, Instant::now(), REFUSED + PROMPT);
}

/// The host on the way is cut off: both behind it are lost, and whoever looks anew knows nothing of them either.
pub fn gate_cut(site: &Site, console: &mut Console) {
    let gate: &Host = site.gate.as_ref().unwrap();
    gate.cut();
    let began = Instant::now();
    for kind in [&PRODUCTION, &QA] {
        loses(console, kind, began, SILENCE + SILENT);
    }
    let anew = once(site, &["--service", "sales"]);
    assert_eq!(anew.probe("qa/sales/ready")["outcome"], "unknown", "{anew}");
    gate.heal();
    for kind in [&PRODUCTION, &QA] {
        comes_back(console, kind, Instant::now(), AGAIN + PROMPT);
    }
}
