//! A database is backed up, destroyed, and brought back row for row, by the binary's own runbooks over SSH; a spoilt
//! backup and a server that is away leave nothing behind that could be taken for good.

use std::path::PathBuf;

use crate::home::Home;
use crate::site::{ENVIRONMENT, Site, shell};
use crate::sshd::Sshd;
use crate::support::postgres::Postgres;

const ROWS: &str = "create table orders (id int primary key, what text, made timestamptz); \
    insert into orders select n, 'order ''' || n || chr(8364), '2026-11-20'::timestamptz + n * interval '1 minute' \
    from generate_series(1, 20000) n; create view open_orders as select * from orders where id % 3 = 0";

/// A database server, the host from which it is reached, and the folder of its backups there.
pub struct Depot {
    pub server: Postgres,
    pub sshd: Sshd,
    pub backups: PathBuf,
}

impl Depot {
    /// With rows in the database `app`, and a deck that has them as `staging/orders` on the host `db`.
    pub fn open(site: &Site) -> Self {
        let (server, sshd) = (Postgres::start(), Sshd::start(&[]));
        server.sql(&format!("create role {} superuser login", sshd.user()));
        site.know(
            &sshd.known_hosts(),
            &format!(
                "Host db\n  HostName {}\n  Port {}\n  User {}\n  IdentityFile {}\n",
                sshd.address(),
                sshd.port(),
                sshd.user(),
                sshd.key_path().display()
            ),
        );
        let backups = sshd.folder().join("backups");
        std::fs::create_dir(&backups).unwrap();
        let probe = format!("postgres = \"postgresql://app@127.0.0.1:{}/app\"", server.port);
        let service = format!(
            "[environments.{ENVIRONMENT}.services.orders]\nhosts = [\"db\"]\n\
             runbooks = [\"backup-postgres\", \"restore-postgres\"]\n\
             vars = {{ database = \"app\", backups = \"{}\", pg_port = \"{}\" }}\nprobes.server = {{ {probe} }}\n",
            backups.display(),
            server.port
        );
        site.write_deck("staging", "hosts.db = { ssh = \"db\" }", &service);
        let depot = Self { server, sshd, backups };
        depot.psql("app", ROWS);
        depot
    }

    /// What statements give in a database.
    pub fn psql(&self, database: &str, sql: &str) -> String {
        let place = format!("psql -h 127.0.0.1 -p {} -U app -d {database} -X -q -A -t", self.server.port);
        shell(self.sshd.folder(), &format!("{place} -v ON_ERROR_STOP=1 <<'SQL'\n{sql}\nSQL"))
    }

    /// A number over every row of the table and of the view, and how many rows they have.
    pub fn sum(&self, database: &str) -> String {
        let rows = "md5(string_agg(o::text, ',' order by id)), count(*), (select count(*) from open_orders)";
        self.psql(database, &format!("select {rows} from orders o"))
    }
}

/// How a step of the shipped runbook is taken back.
fn take_back(step: &str) -> String {
    let runbook = quarterdeck::runbook::stock::runbooks().iter().find(|r| &*r.name == "restore-postgres").unwrap();
    runbook.steps().find(|s| s.id == step).and_then(|s| s.undo.clone()).unwrap()
}

#[test]
fn a_database_comes_back_row_for_row() {
    let site = Site::empty();
    let depot = Depot::open(&site);
    let (server, backups) = (&depot.server, &depot.backups);
    let before = depot.sum("app");
    let owner = "select tableowner from pg_tables where tablename = 'orders'";
    assert_eq!(depot.psql("app", owner).trim(), "app");
    assert!(before.contains("|20000|6666"), "{before}");
    let (home, target) = (Home::new(&site, "ann"), format!("{ENVIRONMENT}/orders"));

    let run = home.run(&["backup-postgres", &target]).with(0).run();
    let dump = backups.join(format!("app/{run}.dump"));
    assert!(dump.exists(), "it bears the name of its run");
    server.sql("drop database app");
    let file = format!("file={}", dump.display());
    // There is no live database any more, so the side database may have its name.
    home.run(&["restore-postgres", &target, "-i", &file, "-i", "into=app"]).with(0);
    assert_eq!(depot.sum("app"), before);
    assert_eq!(depot.psql("app", owner).trim(), "app", "everything belongs to whom it belonged to");
    only_what_a_run_made_is_taken_back(&home, &target, &file, &depot, &before);

    // A backup that was tampered with is found out before anything is made.
    std::fs::write(&dump, b"PGDMP but not quite").unwrap();
    let failed = home.run(&["restore-postgres", &target, "-i", &file, "-i", "into=spoilt"]).with(1);
    assert!(failed.out.contains("not what its checksum says"), "{}", failed.out);
    let known = depot.psql("app", "select datname from pg_database");
    assert!(!known.contains("spoilt"), "{known}");

    // A server that is away: no backup, and no file that could be taken for one.
    let count = || std::fs::read_dir(backups.join("app")).unwrap().count();
    let there = count();
    server.stop();
    let run = home.run(&["backup-postgres", &target]).with(1).run();
    assert_eq!(home.outcome(&run, "dump", "db"), "failed");
    let left = shell(&backups.join("app"), "ls -1 *.dump");
    assert_eq!(left.lines().count(), 1, "{left}");
    assert!(count() <= there + 1);
    // What was given up can be gone on with when the server is back.
    server.go();
    home.resume(&run).with(0);
    assert!(backups.join(format!("app/{run}.dump")).exists());
}

fn only_what_a_run_made_is_taken_back(home: &Home<'_>, target: &str, file: &str, depot: &Depot, before: &str) {
    // A database that was there before is neither filled nor dropped, whatever is taken back.
    let failed = home.run(&["restore-postgres", target, "-i", file, "-i", "into=app"]).with(1).run();
    let step = take_back("make-the-side-database");
    let back = |run: &str, into: &str| {
        let set = format!("PGHOST=127.0.0.1 PGPORT={} INTO={into} QD_RUN={run}", depot.server.port);
        shell(depot.sshd.folder(), &format!("export {set}\n{step}"));
    };
    back(&failed, "app");
    assert_eq!(depot.sum("app"), before);
    // What a run made itself goes with it.
    let made = home.run(&["restore-postgres", target, "-i", file, "-i", "into=side"]).with(0).run();
    assert_eq!(depot.sum("side"), before);
    back(&made, "side");
    let known = depot.psql("app", "select datname from pg_database");
    assert!(!known.contains("side"), "{known}");
}
