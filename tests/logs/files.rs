//! Files of this machine: the last lines, what is added, and everything that logrotate and people do to a log.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use quarterdeck::model::LogState;
use quarterdeck::runner::Permit;
use quarterdeck::source::logs::Wanted;
use quarterdeck::transport::{Argv, Copied, CopyError, Follow, Limits, Local, Output, Transport, TransportError};

use crate::desk::{becomes, processes};
use crate::ear::{Ear, FOLLOWED, ONCE, around, file, folder, write};

/// This machine with a `tail` that knows no more than POSIX asks of it.
#[derive(Debug)]
struct Plain(String);

impl Transport for Plain {
    fn place(&self) -> &'static str {
        "this machine"
    }
    fn read<'a>(&'a self, argv: &'a Argv, limits: Limits) -> BoxFuture<'a, Result<Output, TransportError>> {
        Local.read(argv, limits)
    }
    fn follow<'a>(&'a self, argv: &'a Argv, limit: Duration) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        let mut argv = argv.clone();
        argv.env.push(("PATH".into(), format!("{}:{}", self.0, std::env::var("PATH").unwrap())));
        Box::pin(async move { Local.follow(&argv, limit).await })
    }
    fn act<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limits: Limits,
    ) -> BoxFuture<'a, Result<Output, TransportError>> {
        Local.act(permit, argv, input, limits)
    }
    fn launch<'a>(
        &'a self,
        permit: &'a Permit,
        argv: &'a Argv,
        input: &'a [u8],
        limit: Duration,
    ) -> BoxFuture<'a, Result<Box<dyn Follow>, TransportError>> {
        Local.launch(permit, argv, input, limit)
    }
    fn copy<'a>(&'a self, permit: &'a Permit, from: &'a Path, to: &'a str) -> BoxFuture<'a, Result<Copied, CopyError>> {
        Local.copy(permit, from, to)
    }
}

/// The same log with GNU's tail and without.
fn ears(path: &Path, wanted: Wanted) -> [Ear; 2] {
    let tools = path.parent().unwrap().join("tools");
    fs::create_dir_all(&tools).unwrap();
    let text = "#!/bin/sh\ncase $1 in -[cn]) exec /usr/bin/tail \"$@\" ;; esac\necho usage >&2\nexit 1\n";
    fs::write(tools.join("tail"), text).unwrap();
    fs::set_permissions(tools.join("tail"), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut plain = around();
    plain.transport = Arc::new(Plain(tools.to_str().unwrap().to_owned()));
    [Ear::here(path, wanted), Ear::to(file(path), None, wanted, &plain)]
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_lines_come_first_and_then_what_is_added() {
    let folder = folder();
    let path = folder.path().join("a b.log");
    (1..=100).for_each(|n| write(&path, format!("line {n}\n")));
    for mut ear in ears(&path, Wanted { lines: Some(3), ..FOLLOWED }) {
        ear.live().await;
        ear.has_all("line", 98, 100);
    }
    for which in 0..2 {
        let mut ear = ears(&path, Wanted { lines: Some(0), ..FOLLOWED }).into_iter().nth(which).unwrap();
        ear.live().await;
        write(&path, "added ");
        ear.during(Duration::from_millis(300)).await;
        assert!(ear.lines.is_empty(), "half a line is none: {:?}", ear.lines);
        write(&path, "later\n");
        ear.line("added later").await;
        assert_eq!(ear.lines.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_file_is_followed_to_its_last_line_and_the_new_one_from_its_first() {
    let folder = folder();
    let path = folder.path().join("app.log");
    write(&path, "line 1\n");
    let mut ears = ears(&path, FOLLOWED);
    for ear in &mut ears {
        ear.live().await;
    }
    let mut n = 1;
    for round in 0..3 {
        fs::rename(&path, folder.path().join(format!("app.log.{round}"))).unwrap();
        let old = folder.path().join(format!("app.log.{round}"));
        // Whoever writes notices late.
        (0..20).for_each(|_| {
            n += 1;
            write(&old, format!("line {n}\n"));
        });
        (0..20).for_each(|_| {
            n += 1;
            write(&path, format!("line {n}\n"));
        });
        for ear in &mut ears {
            ear.line(&format!("line {n}")).await;
        }
    }
    for ear in &ears {
        ear.has_all("line", 1, n);
        assert!(ear.gaps.is_empty(), "{:?}", ear.gaps);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_starts_anew_with_a_gap_mark() {
    let folder = folder();
    let path = folder.path().join("app.log");
    write(&path, "a long line before\n");
    let mut ears = ears(&path, FOLLOWED);
    for ear in &mut ears {
        ear.live().await;
    }
    fs::File::create(&path).unwrap();
    tokio::time::sleep(Duration::from_millis(900)).await;
    write(&path, "after\n");
    for ear in &mut ears {
        ear.until(|e| e.lines == ["a long line before", "after"] && e.gaps.len() == 1).await;
        assert!(ear.gaps[0].starts_with("the file was cut"), "{:?}", ear.gaps);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_may_come_late_go_away_and_come_back() {
    let folder = folder();
    let path = folder.path().join("app.log");
    let mut ears = ears(&path, Wanted { lines: Some(1), ..FOLLOWED });
    for ear in &mut ears {
        ear.until(
            |e| matches!(e.states.last(), Some(LogState::Absent(why)) if why.as_str().ends_with("not there yet")),
        )
        .await;
    }
    write(&path, "one\n");
    for ear in &mut ears {
        ear.line("one").await;
    }
    fs::remove_file(&path).unwrap();
    for ear in &mut ears {
        ear.until(|e| matches!(e.states.last(), Some(LogState::Absent(why)) if why.as_str().ends_with("any more")))
            .await;
    }
    write(&path, "two\nthree\n");
    for ear in &mut ears {
        ear.line("three").await;
        ear.live().await;
        assert_eq!((ear.lines.join(" "), ear.gaps.len()), ("one two three".to_owned(), 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_pattern_the_newest_file_is_read_and_only_a_new_one_takes_its_place() {
    let folder = folder();
    let of = |name: &str| folder.path().join(name);
    write(&of("pg-1.log"), "old\n");
    tokio::time::sleep(Duration::from_millis(30)).await;
    write(&of("pg-2.log"), "two\n");
    let mut ears = ears(&of("pg-*.log"), FOLLOWED);
    for ear in &mut ears {
        ear.live().await;
    }
    tokio::time::sleep(Duration::from_millis(900)).await;
    // Somebody touches an old one.
    write(&of("pg-1.log"), "old again\n");
    tokio::time::sleep(Duration::from_millis(900)).await;
    write(&of("pg-2.log"), "two again\n");
    tokio::time::sleep(Duration::from_millis(30)).await;
    write(&of("pg-3.log"), "three\n");
    for ear in &mut ears {
        ear.line("three").await;
        assert_eq!(ear.lines, ["two", "two again", "three"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_slowly_holds_the_source_up_and_misses_nothing() {
    let folder = folder();
    let path = folder.path().join("app.log");
    let all: Vec<String> = (1..=400_000).map(|n| format!("line {n}\n")).collect();
    write(&path, all.concat());
    let mut ear = Ear::here(&path, ONCE);
    tokio::time::sleep(Duration::from_millis(500)).await;
    ear.end().await;
    ear.has_all("line", 1, 400_000);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_running_when_nobody_listens() {
    let folder = folder();
    let path = folder.path().join("nobody-listens.log");
    let word = path.to_str().unwrap().to_owned();
    write(&path, "one\n");
    let mut all = ears(&path, FOLLOWED);
    for ear in &mut all {
        ear.live().await;
    }
    assert!(processes(&word) >= 2);
    drop(all);
    assert!(becomes(Duration::from_secs(20), || processes(&word) == 0).await, "{} are left", processes(&word));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_is_cut_and_grows_again_at_once_is_told() {
    let folder = folder();
    let path = folder.path().join("app.log");
    (1..=10).for_each(|n| write(&path, format!("before {n}\n")));
    let mut ears = ears(&path, FOLLOWED);
    for ear in &mut ears {
        ear.live().await;
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    // Longer than it was before anybody looks again.
    let text: Vec<String> = (1..=40).map(|n| format!("after {n}\n")).collect();
    fs::write(&path, text.concat()).unwrap();
    for ear in &mut ears {
        ear.until(|e| e.gaps.len() == 1).await;
        assert!(ear.gaps[0].starts_with("the file was cut and written anew"), "{:?}", ear.gaps);
    }
    write(&path, "after 41\n");
    for ear in &mut ears {
        ear.line("after 41").await;
        assert_eq!(ear.gaps.len(), 1, "{:?}", ear.gaps);
    }
    // Where this reader looks at the file itself, no line is missing.
    ears[1].lines.retain(|line| line.starts_with("after"));
    ears[1].has_all("after", 1, 41);
}

/// Sets when a file was written last: so many minutes ago.
fn age(path: &Path, minutes: u64) {
    let at = std::time::SystemTime::now() - Duration::from_mins(minutes);
    fs::File::options().append(true).open(path).unwrap().set_modified(at).unwrap();
}

fn gzip(path: &Path) {
    assert!(std::process::Command::new("gzip").arg(path).status().unwrap().success());
}

fn rotated_files(folder: &Path) -> std::path::PathBuf {
    let of = |name: &str| folder.join(name);
    let (mut n, mut minutes) = (0, 300);
    for name in ["app.log.3", "app.log-20261120", "app.log.2", "app.log.1", "app.log"] {
        (0..20).for_each(|_| {
            n += 1;
            write(&of(name), format!("line {n}\n"));
        });
        minutes -= 50;
        age(&of(name), minutes);
    }
    // Packed, as logrotate leaves the older ones; and others that only look alike.
    gzip(&of("app.log.3"));
    gzip(&of("app.log-20261120"));
    for other in ["app.log.old", "app.log.bak.gz", "app.log2", "other.log.1", "app.logger-1"] {
        write(&of(other), "line of another\n");
    }
    of("app.log")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_rotated_away_since_then_comes_first_and_packed_files_too() {
    let folder = folder();
    let path = rotated_files(folder.path());
    let since = |minutes: i64| Some(jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes));
    for (minutes, first) in [(20, 81), (75, 81), (130, 61), (180, 41), (210, 21), (600, 1)] {
        for mut ear in ears(&path, Wanted { since: since(minutes), ..ONCE }) {
            ear.end().await;
            ear.has_all("line", first, 100);
            assert!(ear.gaps.is_empty(), "{:?}", ear.gaps);
        }
    }
    // Followed, it goes on with what is written; and without a time nothing old comes.
    for mut ear in ears(&path, Wanted { since: since(600), ..FOLLOWED }) {
        ear.live().await;
        ear.has_all("line", 1, 100);
    }
    for mut ear in ears(&path, Wanted { lines: Some(30), since: since(600), follow: false }) {
        ear.end().await;
        ear.has_all("line", 81, 100);
    }
}
