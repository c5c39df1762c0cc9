//! A real service on two hosts gets a release, then a broken one that its proof stops, goes back, and is restarted; what
//! the board says agrees at every stand. The runbooks are those of the binary, but for how long they wait.

use std::time::Instant;

use serde_json::Value;

use crate::home::Home;
use crate::lab::Host;
use crate::site::{ENVIRONMENT, Site};

const PROGRAM: &str = include_str!("service.py");

/// The binary's own runbooks, less patient.
const STOCK: [(&str, &str); 3] = [
    ("deploy-release", include_str!("../../runbooks/deploy-release.md")),
    ("restart-unit", include_str!("../../runbooks/restart-unit.md")),
    ("rollback-release", include_str!("../../runbooks/rollback-release.md")),
];

const SHOP: &str = "shop = { hosts = [\"a\", \"b\"], vars = { unit = \"shop\", releases = \"/srv/shop/releases\", \
                    current = \"/srv/shop/current\" }, \
                    runbooks = [\"deploy-release\", \"restart-unit\", \"rollback-release\"], \
                    probes.a = { http = \"http://127.0.0.1:8080/health\", via = \"a\" }, \
                    probes.b = { http = \"http://127.0.0.1:8080/health\", via = \"b\" } }";

const UNIT: &str = "[Service]\nUser=ops\nExecStart=/usr/bin/python3 /srv/shop/current/app.py 8080\n\
                    Restart=on-failure\n[Install]\nWantedBy=multi-user.target\n";

/// The service on the hosts of a site with release 1.0.0, and the deck with a good release 1.1.0 and a broken one 1.2.0.
pub fn open_shop(site: &Site) {
    std::thread::scope(|scope| site.hosts.iter().for_each(|host| drop(scope.spawn(|| furnish(host)))));
    for (name, text) in STOCK {
        let quick = text.replace("for 10s", "for 1s").replace("for 5s", "for 1s");
        site.runbook(name, &quick.replace("wait {timeout=2m}", "wait {timeout=6s}"));
    }
    site.write_deck("production", "", SHOP);
    site.archive("shop", "1.1.0", &[("app.py", PROGRAM), ("VERSION", "1.1.0\n")]);
    site.archive("shop", "1.2.0", &[("app.py", PROGRAM), ("VERSION", "1.2.0\n"), ("broken", "no table `orders`\n")]);
}

/// Release 1.0.0 on a host, which runs.
pub fn furnish(host: &Host) {
    host.put("/srv/shop/releases/1.0.0/app.py", PROGRAM, 0o644);
    host.put("/srv/shop/releases/1.0.0/VERSION", "1.0.0\n", 0o644);
    host.must("ln -s /srv/shop/releases/1.0.0 /srv/shop/current && chown -R ops: /srv/shop");
    host.unit("shop.service", &format!("[Unit]\nStartLimitIntervalSec=0\n{UNIT}"));
    host.must("systemctl enable --quiet --now shop");
}

/// The version that a host runs, and whether it says that it is well.
pub fn serves(host: &Host) -> (u16, String) {
    let (status, body) = host.get(8080, "/health");
    let body: Value = serde_json::from_str(&body).unwrap_or_default();
    (status, body["version"].as_str().unwrap_or_default().to_owned())
}

/// The service as `qd status --json` knows it: health and version.
fn board(home: &Home<'_>, code: i32) -> (String, String) {
    let seen: Value = serde_json::from_str(&home.qd(&["status", "--json"]).with(code).out).unwrap();
    let service = &seen["environments"][0]["services"][0];
    let word = |name: &str| service[name].as_str().unwrap_or_default().to_owned();
    (word("health"), word("version"))
}

#[test]
fn a_release_a_broken_one_the_way_back_and_a_restart() {
    let Some(site) = Site::new(2) else { return };
    let began = Instant::now();
    open_shop(&site);
    let home = Home::new(&site, "ann");
    let target = format!("{ENVIRONMENT}/shop");
    let [a, b] = [&site.hosts[0], &site.hosts[1]];
    assert_eq!(board(&home, 0), ("healthy".into(), "1.0.0".into()));

    let deployed = home.run(&["deploy-release", &target, "-i", "version=1.1.0"]).with(0);
    println!("{:6.1} s  deployed", began.elapsed().as_secs_f64());
    assert_eq!([serves(a), serves(b)], [(200, "1.1.0".into()), (200, "1.1.0".into())], "{}", deployed.out);
    assert_eq!(board(&home, 0), ("healthy".into(), "1.1.0".into()));
    let again = home.plan(&["deploy-release", &target, "-i", "version=1.1.0"]);
    let switch = again["steps"].as_array().unwrap().iter().find(|s| s["step"]["id"] == "switch").unwrap();
    assert!(switch["effects"].to_string().contains("no-change"), "{switch}");

    let broken = home.run(&["deploy-release", &target, "-i", "version=1.2.0"]).with(1);
    println!("{:6.1} s  a broken one stopped", began.elapsed().as_secs_f64());
    let run = broken.run();
    assert_eq!(home.outcome(&run, "switch", "a"), "ok");
    assert_eq!(home.outcome(&run, "prove-it", "a"), "timed-out");
    assert!(home.outcomes(&run).iter().all(|(_, host, _)| host == "a"), "the canary alone: {:?}", home.outcomes(&run));
    assert!(
        home.printed(&run, "prove-it", "a").contains("no table `orders`"),
        "{}",
        home.printed(&run, "prove-it", "a")
    );
    assert!(broken.out.contains("rollback-release is offered"), "{}", broken.out);
    assert_eq!([serves(a), serves(b)], [(503, "1.2.0".into()), (200, "1.1.0".into())]);
    assert_eq!(board(&home, 1).0, "unhealthy");
    // What it left is a mark that the next one is told of.
    let next = home.qd(&["plan", "--json", "restart-unit", &target]);
    assert!(next.out.contains(&run), "the plan names the run that left it so: {}", next.out);

    let back = ["rollback-release", &target, "-i", "version=1.1.0"];
    let consent = ["--confirm", &home.agreement(&back), "--reason", "as the test asks"];
    let refused = home.qd(&[&["--read-only", "run"], &back[..], &consent].concat()).with(4);
    assert!(refused.told.contains("read-only"), "{}", refused.told);
    assert_eq!(serves(a).0, 503);
    home.run(&back).with(0);
    println!("{:6.1} s  back", began.elapsed().as_secs_f64());
    assert_eq!([serves(a), serves(b)], [(200, "1.1.0".into()), (200, "1.1.0".into())]);
    assert_eq!(board(&home, 0), ("healthy".into(), "1.1.0".into()));

    let processes = || [a, b].map(|host| host.must("systemctl show --value --property=MainPID shop"));
    let before = processes();
    home.run(&["restart-unit", &target]).with(0);
    println!("{:6.1} s  restarted", began.elapsed().as_secs_f64());
    assert!(processes().iter().zip(&before).all(|(now, then)| now != then), "both have a new process");
    assert_eq!(board(&home, 0), ("healthy".into(), "1.1.0".into()));
    home.qd(&["run", "restart-unit", &target, "--confirm", "staging:00000000", "--reason", "as the test asks"]).with(4);
    assert!(home.qd(&["run", "restart-unit", &target]).with(4).told.contains("nobody is here to agree"));
    home.qd(&["run", "restart-units", &target]).with(2);
}
