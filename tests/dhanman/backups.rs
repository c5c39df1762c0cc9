//! Six databases are backed up, each dump read whole and with its checksum; and one that was spoilt is brought back, beside
//! the one in use first.

use crate::databases::{self, ROWS, ask, sum};
use crate::operator::{Ended, Operator};
use crate::site::{SERVICES, Site};

const FOLDER: &str = "/backups/postgresql";
/// Takes files as Backblaze's program does: `b2 file upload BUCKET FILE NAME`.
const B2: &str = "#!/bin/sh\n[ \"$# $1 $2 $3\" = '5 file upload dhanman-backups' ] || exit 2\n\
    mkdir -p \"$(dirname \"/srv/b2/$5\")\" && cp \"$4\" \"/srv/b2/$5\"\n";
/// Old dumps: for how many days, and of which run.
const OLD: [(u32, &str); 2] = [(40, "20261001-020000-00aa"), (10, "20261101-020000-00bb")];

const BACKUP: [&str; 4] = ["backup-databases", "production/backups", "-i", "offsite=b2 file upload dhanman-backups"];

/// Dumps of every database, with checksums, and a copy elsewhere; what is too old goes.
pub fn made_and_kept(site: &Site, operator: &Operator<'_>) {
    let host = &site.production;
    host.put("/usr/local/bin/b2", B2, 0o755);
    host.must("install -d -o deploy /srv/b2");
    for (days, run) in OLD {
        let file = format!("{FOLDER}/prod-dhanman-common-{run}.dump");
        host.must(&format!("for f in {file} {file}.sha256; do touch -d '{days} days ago' $f; chown deploy $f; done"));
    }
    let nightly = format!("ls {FOLDER}/*.backup.gz | wc -l");
    assert_eq!(host.must(&nightly), "6\n");

    let run = operator.run(&BACKUP).with(0).run();
    for service in SERVICES {
        let file = format!("{}-{run}.dump", databases::name(service));
        host.must(&format!(
            "cd {FOLDER} && sha256sum --quiet -c {file}.sha256 && cmp {file} /srv/b2/postgresql/{file}"
        ));
        assert_eq!(host.must(&format!("stat -c '%U %a' {FOLDER}/{file}")), "deploy 600\n", "nobody else reads it");
        let rows = host.must(&format!("pg_restore --data-only --file=- {FOLDER}/{file} | grep -c '{service} .*€'"));
        assert_eq!(rows.trim(), ROWS.to_string(), "{service}: its own rows are in it");
    }
    let left = host.must(&format!("cd {FOLDER} && ls prod-dhanman-common-*"));
    let [old, young] = OLD.map(|(_, run)| format!("prod-dhanman-common-{run}.dump"));
    assert!(!left.contains(&old) && left.contains(&young) && left.contains(&run), "{left}");
    assert_eq!(host.must(&nightly), "6\n", "those of the night are not its own");

    // One that cannot be had: nothing that could be taken for its backup, nothing is cleared away.
    let [there, away] = ["prod-dhanman-payroll", "payroll-away"];
    ask(host, "postgres", &format!("alter database \\\"{there}\\\" rename to \\\"{away}\\\""));
    let failed = operator.run(&BACKUP).with(1).says("database \"prod-dhanman-payroll\" does not exist");
    let run = failed.run();
    assert_eq!(operator.outcome(&run, "dump"), "failed");
    assert!(!operator.outcomes(&run).iter().any(|(step, _)| step == "retention"), "{:?}", operator.outcomes(&run));
    assert_eq!(host.must(&format!("ls {FOLDER} | grep -c 'payroll-{run}.dump$' || true")), "0\n");
    ask(host, "postgres", &format!("alter database \\\"{away}\\\" rename to \\\"{there}\\\""));
    // It is gone on with, and what was dumped is not dumped again.
    let resumed = operator.resume(&run).with(0);
    resumed.says("prod-dhanman-common is done").says("prod-dhanman-payroll ");
}

/// A database comes back row for row: beside first, where nobody can answer; then in its place, when a person says so.
pub fn brought_back(site: &Site, operator: &Operator<'_>) {
    let host = &site.production;
    let (live, side) = ("prod-dhanman-sales", "prod-dhanman-sales-restored");
    let whole = sum(host, live);
    assert!(whole.contains(&format!("|{ROWS}|dhanman_user")), "{whole}");
    let dump = host.must(&format!("cd {FOLDER} && ls -1 {live}-*.dump | head -n 1")).trim().to_owned();
    ask(host, live, "delete from papers where id > 100");
    let spoilt = sum(host, live);
    operator.change("restore-database", "healthy for 10s", "healthy for 1s");

    // What is not what it was is found out before anything is made.
    let (bad, name) = (format!("{FOLDER}/{live}-bad.dump"), format!("dump={live}-bad.dump"));
    host.must(&format!(
        "cd {FOLDER} && (cat {dump}; echo) >{bad} && sed 's/{dump}/{live}-bad.dump/' {dump}.sha256 >{bad}.sha256"
    ));
    let blocked = operator.qd(&["plan", "restore-database", "production/sales", "-i", &name]).with(4);
    blocked.says("the backup is what it was when it was made");
    host.must(&format!("rm {bad} {bad}.sha256"));

    let input = format!("dump={dump}");
    let what = ["restore-database", "production/sales", "-i", &input];
    let alone: Ended = operator.run(&what).with(1).says("nobody is there to tick its boxes");
    assert_eq!(operator.outcome(&alone.run(), "beside"), "ok");
    assert_eq!(sum(host, side), whole);
    assert_eq!(sum(host, live), spoilt, "what is in use is as it was");

    // Somebody holds on to the database in use.
    host.must("systemd-run --quiet --uid=postgres --unit=holds psql -d prod-dhanman-sales -c 'select pg_sleep(600)'");
    let answers = [("The number of rows", "y"), ("Somebody decided", "y"), ("swap is dangerous", "swap")];
    let over = ["--over-unfinished", "it only restored beside"];
    let run = operator.answering(&what, &over, &answers).with(0).run();
    assert_eq!(sum(host, live), whole);
    assert_eq!(sum(host, &format!("{live}-before-{run}")), spoilt, "nothing is dropped");
    let names = ask(host, "postgres", "select datname from pg_database");
    assert!(!names.contains("restored"), "{names}");
    let kept = format!("{FOLDER}/before-restore-{run}-{live}.dump");
    assert_eq!(host.must(&format!("pg_restore --data-only --file=- {kept} | grep -c €")), "100\n");
    assert_eq!(host.get(5006, "/health/ready").0, 200, "the service is started again");
}
