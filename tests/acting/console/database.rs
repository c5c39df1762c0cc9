//! A database by keys: backed up, destroyed, restored row for row; then spoilt, restored beside the live one, looked at,
//! and put in its place, which is agreed to at the step itself.

use super::facts::Record;
use super::{ends, leaves, listed, quits, shows_line};
use crate::database::Depot;
use crate::hands::{CALM, choose, eventually, yes};
use crate::home::Home;
use crate::site::{ENVIRONMENT, Site};
use crate::terminal::Terminal;

const BACKUP: &str = "Back a PostgreSQL database up · orders";
const RESTORE: &str = "Restore a PostgreSQL database · orders";
const DOWN: &str = "\x1b[B";
const ALL_DATABASES: &str = "select datname from pg_database where datname like 'app%' order by 1";

#[test]
fn a_database_is_backed_up_destroyed_restored_and_a_spoilt_one_replaced() {
    let site = Site::empty();
    // The binary's own, less patient.
    let restore = include_str!("../../../runbooks/restore-postgres.md");
    site.runbook("restore-postgres", &restore.replace("for 30s", "for 1s"));
    let depot = Depot::open(&site);
    let before = depot.sum("app");
    assert!(before.contains("|20000|6666"), "{before}");
    let (home, target) = (Home::new(&site, "ann"), format!("{ENVIRONMENT}/orders"));
    let mut terminal = home.console();
    let board = &mut terminal;
    shows_line(board, &["orders", " healthy"]);

    choose(board, &target, "backup-postgres");
    yes(board, "y run backup-postgres");
    let backup = ends(board, BACKUP, "succeeded");
    for (step, how) in [("Dump", "ok"), ("Read it back", "ok"), ("Put it in its place", "ok")] {
        shows_line(board, &[step, how]);
    }
    let dump = depot.backups.join(format!("app/{backup}.dump"));
    assert!(dump.exists(), "it bears the name of its run");
    leaves(board);

    depot.server.sql("drop database app with (force)");
    shows_line(board, &["orders", "unhealthy"]);
    let restored = is_restored(board, &depot, &target, &dump.display().to_string());
    assert_eq!(depot.sum("app"), before);
    shows_line(board, &["orders", " healthy"]);

    depot.psql("app", "delete from orders where id % 2 = 0");
    let spoilt = depot.sum("app");
    assert!(spoilt.contains("|10000|"), "{spoilt}");
    let swapped = takes_its_place(board, &depot, &target, &dump.display().to_string(), [&before, &spoilt]);
    assert_eq!([depot.sum("app"), depot.sum("app_before_restore")], [before, spoilt]);
    quits(terminal);

    let told = |runbook: &str| [runbook, "succeeded", ""].map(str::to_owned);
    assert_eq!(listed(&home), ["backup-postgres", "restore-postgres", "restore-postgres"].map(told));
    assert_eq!(home.runs(), [&backup, &restored, &swapped].map(Clone::clone));
    let audit = Record::of(&home, &swapped).audit;
    let answers = audit.iter().filter(|line| line["what"] == "override" && line["choice"] == "go-on").count();
    assert_eq!(answers, 2, "who let it go on, and past the danger, is on record: {audit:#?}");
    // The same without a console, and without a reason, as here nobody must give one.
    let backup_again = ["backup-postgres", target.as_str()];
    let consent = home.agreement(&backup_again);
    let words = home.qd(&[&["run"], &backup_again[..], &["--confirm", &consent]].concat()).with(0).run();
    let [keys, words] = [&backup, &words].map(|run| Record::of(&home, run));
    assert_eq!(keys.typed, "y");
    keys.is_like(&words);
    home.qd(&["audit", "verify"]).with(0);
}

/// Restores a database that is gone under its own name.
#[track_caller]
fn is_restored(terminal: &mut Terminal, depot: &Depot, target: &str, dump: &str) -> String {
    form(terminal, target, dump);
    terminal.press("\x15app\r");
    shows_line(terminal, &["swap", "[false]"]);
    terminal.press("\r");
    shows_line(terminal, &["into", " app "]);
    yes(terminal, "y run restore-postgres");
    let run = ends(terminal, RESTORE, "succeeded");
    assert_eq!(depot.psql("postgres", ALL_DATABASES), "app\n");
    leaves(terminal);
    run
}

/// Restores beside the live database, looks at both, and lets the restored one take its place.
#[track_caller]
fn takes_its_place(
    terminal: &mut Terminal,
    depot: &Depot,
    target: &str,
    dump: &str,
    [good, spoilt]: [&String; 2],
) -> String {
    let both = || [depot.sum("app_restored"), depot.sum("app")];
    form(terminal, target, dump);
    terminal.press("\rtrue");
    shows_line(terminal, &["swap", "[true]"]);
    terminal.press("\r");
    shows_line(terminal, &["into", "app_restored"]);
    yes(terminal, "y run restore-postgres");

    eventually(terminal, "the question", |screen| screen.contains("? Is what came back in order"));
    assert_eq!(both(), [good, spoilt].map(Clone::clone), "it lies beside the live one");
    terminal.take_in(CALM);
    terminal.press("a");
    yes(terminal, "The run goes on.");

    eventually(terminal, "the warning", |screen| screen.contains("? swap is dangerous and about to run on db"));
    terminal.take_in(CALM);
    terminal.press("a");
    terminal.shows("The step runs as soon as its name is typed.");
    terminal.take_in(CALM);
    // Neither a yes nor half a name will do.
    terminal.press("y\r");
    terminal.shows("nothing is done before swap is typed in full");
    assert_eq!(depot.psql("postgres", ALL_DATABASES), "app\napp_restored\n");
    terminal.press("\x15swap");
    shows_line(terminal, &["to confirm, type swap  swap"]);
    terminal.press("\r");
    let run = ends(terminal, RESTORE, "succeeded");
    shows_line(terminal, &["Swap", "ok"]);
    assert_eq!(depot.psql("postgres", ALL_DATABASES), "app\napp_before_restore\n");
    shows_line(terminal, &["orders healthy"]);
    leaves(terminal);
    run
}

/// The form of a restore, with the backup chosen among those that the host has.
#[track_caller]
fn form(terminal: &mut Terminal, target: &str, dump: &str) {
    choose(terminal, target, "restore-postgres");
    terminal.shows("The backup, with its whole path");
    terminal.shows(dump);
    terminal.press(format!("{DOWN}\r"));
    shows_line(terminal, &[" file ", dump]);
}
