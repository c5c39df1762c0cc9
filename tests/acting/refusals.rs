//! What keeps a run from beginning: a console that may only look, another console, a lock that cannot be asked for, an audit
//! log that cannot be written. Each says so with its exit code, and nothing of the run reaches a host.

use crate::home::{Ended, Home};
use crate::lab::Host;
use crate::site::{ENVIRONMENT, STATE, Site};
use crate::until;

const SLOW: &str = "# Slow\n\n## Wait\n\n```sh {timeout=60s}\necho begun >>/srv/out/$QD_RUN\n\
                    while [ ! -e /srv/out/go ]; do sleep 0.05; done\n```\n";

/// Every shipped runbook that changes something, with what it asks for; but for `rollback-release`, which needs a release
/// to go back to.
const CHANGING: [(&str, &[&str]); 6] = [
    ("backup-postgres", &[]),
    ("deploy-release", &["-i", "version=1.1.0"]),
    ("maintenance-off", &[]),
    ("maintenance-on", &[]),
    ("restart-unit", &[]),
    ("restore-postgres", &["-i", "file=/srv/backups/app/old.dump"]),
];

const SHOP: &str = "shop = { hosts = [\"a\", \"b\"], runbooks = [\"backup-postgres\", \"collect-diagnostics\", \
    \"deploy-release\", \"maintenance-off\", \"maintenance-on\", \"restart-unit\", \"restore-postgres\", \
    \"rollback-release\", \"slow\"], vars = { unit = \"ssh\", releases = \"/srv/shop/releases\", \
    current = \"/srv/shop/current\", maintenance = \"/srv/shop/maintenance\", database = \"app\", \
    backups = \"/srv/backups\" }, probes.unit = { systemd = \"ssh\" } }\n\
    other = { hosts = [\"a\", \"b\"], runbooks = [\"slow\"] }";

fn site() -> Option<Site> {
    let site = Site::new(2)?;
    for host in &site.hosts {
        host.must(
            "install -d -o ops /srv/out /srv/shop /srv/shop/releases /srv/shop/releases/1.0.0 /srv/backups /srv/backups/app && \
             touch /srv/backups/app/old.dump /srv/shop/maintenance && \
             for each in pg_dump pg_restore; do ln -s /bin/true /usr/local/bin/$each; done",
        );
    }
    site.runbook("slow", SLOW);
    site.archive("shop", "1.1.0", &[("VERSION", "1.1.0\n")]);
    site.write_deck("staging", "", SHOP);
    Some(site)
}

/// What there is of runs on a host.
fn runs_on(host: &Host) -> String {
    host.must(&format!("ls {STATE}/runs 2>/dev/null || true"))
}

fn shop() -> String {
    format!("{ENVIRONMENT}/shop")
}

#[test]
fn who_may_only_look_changes_nothing() {
    let Some(site) = site() else { return };
    let home = Home::new(&site, "ann");
    let shop = shop();
    let listed = home.qd(&["runbooks"]).with(0).out;
    for (name, inputs) in CHANGING {
        assert!(listed.contains(name), "{listed}");
        let what = [&[name, &*shop], inputs].concat();
        let agreement = home.agreement(&what);
        let consent = ["--confirm", &agreement, "--reason", "as the test asks"];
        let refused = home.qd(&[&["--read-only", "run"], &what[..], &consent].concat()).with(4);
        assert!(refused.told.contains("read-only"), "{name}: {}", refused.told);
    }
    assert!(home.runs().is_empty(), "{:?}", home.runs());
    for host in &site.hosts {
        assert_eq!(runs_on(host), "");
        assert!(!host.run(&format!("ls -d {STATE}/locks/* {STATE}/fences/*")).status.success(), "no lock either");
    }
    // To look is not to act.
    home.qd(&["--read-only", "run", "collect-diagnostics", &shop]).with(0);
}

#[test]
fn one_console_at_a_time_and_none_without_its_lock_or_its_record() {
    let Some(site) = site() else { return };
    let [a, b] = [&site.hosts[0], &site.hosts[1]];
    let (ann, bob) = (Home::new(&site, "ann"), Home::new(&site, "bob"));
    let agreement = ann.agreement(&["slow", &shop()]);
    let words = ["run", "slow", &shop(), "--confirm", &agreement].map(str::to_owned);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();

    // Both at once: one wins, whoever it is.
    let mut going = [ann.start(&words), bob.start(&words)];
    until("one has begun", || a.run("ls /srv/out/*-*").status.success());
    until("the other has ended", || going.iter_mut().any(crate::home::Going::has_ended));
    // A third that comes later is told at once.
    let later = Home::new(&site, "eve").qd(&words).with(4);
    a.must("touch /srv/out/go");
    b.must("touch /srv/out/go");
    let ended = going.map(crate::home::Going::ends);
    let (won, lost): (Vec<&Ended>, Vec<&Ended>) = ended.iter().partition(|e| e.code == Some(0));
    assert_eq!((won.len(), lost.len()), (1, 1), "{ended:?}");
    let winner = if ended[0].code == Some(0) { "ann@" } else { "bob@" };
    assert_eq!(lost[0].code, Some(4), "{}", lost[0].all());
    assert!(lost[0].told.contains(winner), "it says who: {}", lost[0].told);
    assert!(later.told.contains(winner), "it says who: {}", later.told);
    let done = "cat /srv/out/*-* | wc -l; rm /srv/out/*";
    assert_eq!([a, b].map(|host| host.must(done)), ["1\n", "1\n"]);
    let before = [a, b].map(runs_on);

    // The lock is on a; without a nothing runs on b.
    a.drop_port(22);
    let other = format!("{ENVIRONMENT}/other");
    let refused = ann.qd(&["run", "slow", &other, "--confirm", "staging:00000000"]).with(4);
    assert!(refused.told.contains('a'), "{}", refused.told);
    a.open_ports();
    assert_eq!([a, b].map(runs_on), before);

    // Without an audit log nobody acts.
    for home in [&ann, &bob] {
        let log = home.state().join("audit.jsonl");
        std::fs::remove_file(&log).unwrap();
        std::fs::create_dir(&log).unwrap();
        let refused = home.qd(&words).with(4);
        assert!(refused.told.contains("audit log"), "{}", refused.told);
    }
    assert_eq!([a, b].map(runs_on), before);
    assert!(!a.run("ls /srv/out/*-*").status.success(), "nothing ran");
}
