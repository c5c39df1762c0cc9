//! The real script on real files, under every shell there is: names that try to be something else, ages, sizes, and what
//! may not be seen.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::super::fixture::{Through, check, is_root, is_there, shells};
use super::*;
use crate::model::Outcome;

fn why(seen: &Observation) -> String {
    seen.reason.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn fact(seen: &Observation, name: &str) -> String {
    seen.facts.iter().find(|f| f.name.as_str() == name).map(|f| f.value.to_string()).unwrap_or_default()
}

/// A file of this size, changed this long ago.
fn put(folder: &Path, name: impl AsRef<OsStr>, size: usize, ago: Duration) {
    let path = folder.join(Path::new(name.as_ref()));
    std::fs::write(&path, vec![b'x'; size]).unwrap();
    let file = std::fs::File::options().append(true).open(&path).unwrap();
    let now = file.metadata().unwrap().modified().unwrap();
    file.set_modified(now - ago).unwrap();
}

const HOUR: Duration = Duration::from_hours(1);

#[tokio::test]
async fn the_newest_match_is_judged_by_age_size_and_the_one_before() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "db_1.gz", 9000, HOUR * 72);
    put(folder.path(), "db_2.gz", 8000, HOUR * 48);
    put(folder.path(), "db_0.gz", 3000, HOUR * 26);
    put(folder.path(), "db_9.txt", 1, HOUR);
    let deck = format!(
        "file = \"{}/db_*.gz\"\nage = {{ degraded = \"25h\", fail = \"49h\" }}\nsize = {{ at-least = \"1 KiB\" }}\nshrink = \"50%\"",
        folder.path().display()
    );
    for shell in shells() {
        let seen = check(&deck).check(&Through::context(shell.iter().copied())).await;
        let told =
            "db_0.gz is 1d 2h old, limit 1d 1h; db_0.gz has 2.9 KiB, 62 % less than the 7.8 KiB of the one before";
        assert_eq!((seen.outcome, why(&seen).as_str()), (Outcome::Degraded, told), "{shell:?}");
        let facts = ["age", "size", "previous size", "matches"].map(|name| fact(&seen, name));
        assert_eq!(facts, ["1d 2h", "2.9 KiB", "7.8 KiB", "3"], "{shell:?}");
        assert!(fact(&seen, "path").ends_with("/db_0.gz"));
    }
}

#[tokio::test]
async fn hostile_names_are_only_names() {
    let names: [&[u8]; 8] = [
        b"a\nstate missing\nmatches 9.gz",
        b"x\n@qd:end\n.gz",
        b"-la.gz",
        b"$(touch pwned)`touch pwned`;touch pwned.gz",
        b"'\"quotes\\ and  blanks.gz",
        b"\x1b[2J\x07.gz",
        b"*.gz",
        b"\xff\xfe.gz",
    ];
    for name in names {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a b;$HOME'");
        std::fs::create_dir(&path).unwrap();
        // Some file systems take no name that is not UTF-8.
        if std::fs::write(path.join(OsStr::from_bytes(name)), "x").is_err() {
            continue;
        }
        for shell in shells() {
            let seen = check(&format!("file = \"{}/*.gz\"", path.display()))
                .check(&Through::context(shell.iter().copied()))
                .await;
            assert_eq!(
                (seen.outcome, fact(&seen, "matches").as_str()),
                (Outcome::Pass, "1"),
                "{shell:?} {name:?}: {seen:?}"
            );
            assert!(fact(&seen, "path").chars().all(|c| !c.is_control()));
            assert_eq!(std::fs::read_dir(&path).unwrap().count(), 1, "{shell:?} was made to act by {name:?}");
        }
    }
}

#[tokio::test]
async fn a_path_of_the_deck_is_only_a_path() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "it's a $(x) file", 5, HOUR);
    put(folder.path(), "b c.gz", 5, HOUR);
    for (name, there) in [
        ("it's a $(x) file", true),
        ("b c.gz", true),
        ("b ?.gz", true),
        ("b [a-d].*", true),
        ("b", false),
        ("c.gz", false),
        ("$(echo b c.gz)", false),
    ] {
        for shell in shells() {
            let deck = format!("file = \"{}/{name}\"", folder.path().display());
            let seen = check(&deck).check(&Through::context(shell.iter().copied())).await;
            let expected = if there { Outcome::Pass } else { Outcome::Fail };
            assert_eq!(seen.outcome, expected, "{shell:?} {name}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn what_is_missing_is_told_and_may_be_wanted() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path().display();
    for shell in shells() {
        let look = async |deck: String| {
            let seen = check(&deck).check(&Through::context(shell.iter().copied())).await;
            (seen.outcome, why(&seen))
        };
        assert_eq!(
            look(format!("file = \"{at}/*.gz\"")).await,
            (Outcome::Fail, format!("no file matches {at}/*.gz on vps"))
        );
        assert_eq!(look(format!("file = \"{at}/a\"")).await, (Outcome::Fail, format!("there is no {at}/a on vps")));
        let gone = look(format!("file = \"{at}/gone/deep/*.gz\"")).await;
        assert_eq!(gone, (Outcome::Fail, format!("there is no folder {at}/gone/deep on vps")));
        assert_eq!(look(format!("file = \"{at}/flag\"\nabsent = true")).await, (Outcome::Pass, String::new()));
    }
    put(folder.path(), "flag", 0, HOUR);
    let seen = check(&format!("file = \"{at}/flag\"\nabsent = true")).check(&Through::context(["sh"])).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(why(&seen).contains("is there on vps, but should not be; it was changed 1h ago"), "{}", why(&seen));
}

#[tokio::test]
async fn a_folder_that_may_not_be_looked_into_leaves_the_file_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let closed = folder.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    let mode =
        |path: &Path, mode| std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    mode(folder.path(), 0o755);
    mode(&closed, 0o000);
    if is_root() && !is_there("setpriv") {
        eprintln!("root sees everything and there is no setpriv");
        return;
    }
    let nobody: &[&str] = if is_root() { &["setpriv", "--reuid=65534", "--clear-groups"] } else { &["env"] };
    for shell in shells() {
        for path in ["closed/*.gz", "closed/a", "closed/deep/a"] {
            let deck = format!("file = \"{}/{path}\"\nabsent = true", folder.path().display());
            let seen = check(&deck).check(&Through::context(nobody.iter().chain(&shell).copied())).await;
            let told = format!("the user may not look into {} on vps", closed.display());
            assert_eq!(seen.outcome, Outcome::Unknown, "{shell:?} {path}: {seen:?}");
            assert!(why(&seen).starts_with(&told), "{}", why(&seen));
        }
    }
    mode(&closed, 0o700);
}

#[tokio::test]
async fn without_stat_a_machine_still_tells_age_and_size() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), "a b.gz", 3000, HOUR * 3);
    let script = SCRIPT.replace("stat -L", "no-such-stat -L");
    let at = folder.path().to_str().unwrap();
    let argv = Argv::new("sh", ["-c", &script, "sh", at, "*.gz", "glob"]);
    let limits = Limits { timeout: Duration::from_secs(10), most_bytes: MOST_BYTES };
    let output = Through::context(["sh"]).transport.glance(&argv, limits).await.unwrap();
    let Some(Trace::Found { newest, now, .. }) = Trace::parse(&output.stdout) else { panic!("{output:?}") };
    assert_eq!(newest.size, Some(3000));
    if cfg!(target_os = "linux") {
        assert_eq!((now.unwrap() - newest.changed.unwrap()) / 60, 180);
    }
}
