//! What becomes of single services, and what the deck tells of those that are not there at all.

use std::time::{Duration, Instant};

use crate::console::{Console, PROMPT, SILENT, once};
use crate::document::Document;
use crate::lab::Host;
use crate::site::{AT_LEISURE, PRODUCTION, Site};

/// What systemd waits for before it starts a service again.
const RESTART: Duration = Duration::from_secs(10);

/// Everything besides the twelve services.
pub fn the_rest_of_the_deck_is_told_as_it_is(seen: &Document) {
    for environment in ["production", "qa"] {
        let of = |name: &str| format!("{environment}/{name}");
        for name in ["frontend", "nginx", "certificates"] {
            assert_eq!(seen.health(&of(name)), "healthy", "{name}: {}", seen.cause(&of(name)));
        }
        // Load and memory are those of the machine that runs the tests.
        let machine = (seen.health(&of("machine")), seen.cause(&of("machine")));
        let busy = ["load is", "memory is"].iter().any(|words| machine.1.contains(words));
        assert!(machine.0 == "healthy" || busy, "{machine:?}");
        for (probe, port) in [("postgres/server", 5432), ("rabbitmq/amqp", 5672), ("minio/live", 9000)] {
            let probe = seen.probe(&of(probe));
            let refused = format!("connection refused on 127.0.0.1:{port} through vps");
            assert_eq!((&probe["outcome"], &probe["reason"]), (&"fail".into(), &refused.into()), "{probe}");
        }
        let node = seen.probe(&of("rabbitmq/node"));
        let reason = node["reason"].as_str().unwrap();
        assert!(reason.contains("refused") && reason.contains("127.0.0.1:15672 through vps"), "{node}");
        for (unit, name) in [("postgres", "postgresql@18-main"), ("rabbitmq", "rabbitmq-server"), ("minio", "minio")] {
            let unit = seen.probe(&of(&format!("{unit}/unit")));
            assert_eq!(unit["reason"], format!("unit {name}.service not found on vps"), "{unit}");
        }
    }
    for name in ["hangfire", "backups"] {
        let id = format!("production/{name}");
        assert_eq!(seen.health(&id), "healthy", "{name}: {}", seen.cause(&id));
    }
    for name in ["auth0", "brevo", "backblaze", "grafana", "loki", "netdata", "kuma"] {
        let service = seen.service(&format!("production/{name}"));
        assert!(service["optional"] == true && service["health"] != "healthy", "{service}");
    }
    assert_eq!(seen.service("production/sales")["version"], "9.4.1");
}

/// A unit that somebody stopped.
pub fn stopped(site: &Site, console: &mut Console) {
    let (id, unit) = ("production/sales", PRODUCTION.unit("sales"));
    site.production.must(&format!("systemctl stop {unit}"));
    let words = format!("unit: {unit}.service is stopped (dead)");
    let seen = console.tells(id, "unhealthy", &words, Instant::now(), PROMPT);
    assert_eq!(seen.probe("production/sales/live")["reason"], "connection refused on 127.0.0.1:5006 through vps");
    assert_eq!(seen.health("production/payroll"), "healthy", "the others go on");
    site.production.must(&format!("systemctl start {unit}"));
    console.heals(&[id], Instant::now(), PROMPT);
}

/// A process that hangs: its unit is active all the same.
pub fn hung(site: &Site, console: &mut Console) {
    let (id, unit) = ("production/community", PRODUCTION.unit("community"));
    site.production.hang(&unit, true);
    let words = "no answer within 2s (connected after";
    let seen = console.tells(id, "unhealthy", words, Instant::now(), SILENT);
    assert_eq!(seen.probe("production/community/unit")["outcome"], "pass");
    site.production.hang(&unit, false);
    console.heals(&[id], Instant::now(), SILENT);
}

/// A service that runs and says itself what is wrong.
pub fn broken_inside(site: &Site, console: &mut Console) {
    let (id, folder) = ("production/inventory", PRODUCTION.folder("inventory"));
    site.production.must(&format!("touch {folder}/broken"));
    let words = "ready: 503, npgsql: no connection to prod-dhanman-inventory";
    console.tells(id, "unhealthy", words, Instant::now(), PROMPT);
    site.production.must(&format!("rm {folder}/broken"));
    console.heals(&[id], Instant::now(), PROMPT);
}

/// Makes a service end as soon as it starts, beginning now.
fn crash(host: &Host, service: &str) -> String {
    let unit = PRODUCTION.unit(service);
    host.must(&format!("touch {}/crash && systemctl kill --signal=KILL {unit}", PRODUCTION.folder(service)));
    unit
}

/// A service that crashes at every start.
pub fn crashing(site: &Site, console: &mut Console) {
    let id = "production/payroll";
    let unit = crash(&site.production, "payroll");
    let began = Instant::now();
    let words = format!("unit: {unit}.service is in a crash loop");
    console.tells(id, "unhealthy", &words, began, PROMPT);
    // It goes on: later looks tell the program's own exit code, and count.
    std::thread::sleep(RESTART + PROMPT);
    let later = once(site, &["--env", "production", "--service", "payroll"]);
    assert!(later.cause(id).contains("crash loop: exit code 7, restarted"), "{}", later.cause(id));
    site.production.must(&format!("rm {}/crash", PRODUCTION.folder("payroll")));
    let began = Instant::now();
    // It is back at its next start, and watched for a while.
    let words = "by itself";
    console.tells(id, "degraded", words, began, RESTART + PROMPT);
    // A start by hand ends the count.
    site.production.must(&format!("systemctl restart {unit}"));
    console.heals(&[id], Instant::now(), PROMPT);
}

/// A service that crashed so often that systemd leaves it alone.
pub fn given_up(site: &Site, console: &mut Console) {
    let (id, unit) = ("production/purchase", PRODUCTION.unit("purchase"));
    let limits = "[Unit]\nStartLimitIntervalSec=60\nStartLimitBurst=3\n[Service]\nRestartSec=100ms\n";
    site.production.put(&format!("/etc/systemd/system/{unit}.service.d/limit.conf"), limits, 0o644);
    site.production.must(&format!("systemctl daemon-reload && systemctl restart {unit}"));
    crash(&site.production, "purchase");
    let began = Instant::now();
    console.tells(id, "unhealthy", "unit: ", began, PROMPT);
    std::thread::sleep(PROMPT);
    let later = once(site, &["--env", "production", "--service", "purchase"]);
    assert!(later.cause(id).contains(&format!("unit: {unit}.service failed: exit code 7")), "{}", later.cause(id));
    site.production.must(&format!(
        "rm {}/crash && systemctl reset-failed {unit} && systemctl start {unit}",
        PRODUCTION.folder("purchase")
    ));
    console.heals(&[id], Instant::now(), PROMPT);
}

/// A service that takes more memory than it may.
pub fn out_of_memory(site: &Site, console: &mut Console) {
    let (id, unit) = ("production/common", PRODUCTION.unit("common"));
    site.production.must(&format!("systemctl set-property --runtime {unit} MemoryMax=48M"));
    site.production.get(5001, "/eat");
    let seen = console.tells(id, "unhealthy", "out of memory", Instant::now(), PROMPT + Duration::from_secs(2));
    // The word for it depends on the version of control groups.
    let words = ["crash loop: killed by signal 9, perhaps out of memory", "killed by the kernel, out of memory"];
    assert!(words.iter().any(|w| seen.cause(id).contains(w)), "{}", seen.cause(id));
    // systemd starts it again by itself.
    console.tells(id, "degraded", "by itself", Instant::now(), RESTART + PROMPT);
    site.production.must(&format!("systemctl set-property --runtime {unit} MemoryMax=2G && systemctl restart {unit}"));
    console.heals(&[id], Instant::now(), PROMPT);
}

/// The services are well, and nobody outside reaches them.
pub fn without_nginx(site: &Site, console: &mut Console) {
    site.qa.must("systemctl stop nginx");
    let began = Instant::now();
    console.tells("qa/nginx", "unhealthy", "unit: nginx.service is stopped", began, PROMPT);
    let seen = console.tells("qa/frontend", "unhealthy", "connection refused", began, PROMPT);
    assert_eq!(seen.health("qa/sales"), "healthy");
    site.qa.must("systemctl start nginx");
    console.heals(&["qa/nginx", "qa/frontend"], Instant::now(), AT_LEISURE);
}
