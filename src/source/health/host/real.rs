//! The real script on this machine: under every shell there is, with nothing but a shell, with a `df` that hangs, and
//! before a file system that is really full.

use super::super::fixture::{Through, check, context, is_root, is_there, shells};
use super::*;
use crate::model::Outcome;

fn fact(seen: &Observation, name: &str) -> Option<String> {
    seen.facts.iter().find(|f| f.name.as_str() == name).map(|f| f.value.to_string())
}

/// Judges nothing but what a test asks for: the machine that it runs on may be busy or full.
fn lenient(more: &str) -> Box<dyn Check> {
    let off = ["load", "memory", "clock", "inodes", "failed-units"].map(|key| format!("{key} = \"ignore\"\n")).concat();
    check(&format!("host = \"local\"\n{off}{more}"))
}

#[tokio::test]
async fn every_shell_tells_the_figures_of_this_machine() {
    for shell in shells() {
        let seen = lenient("disk = \"ignore\"").check(&Through::context(shell.iter().copied())).await;
        assert_eq!((seen.outcome, &seen.reason), (Outcome::Pass, &None), "{shell:?}: {seen:?}");
        let names: Vec<&str> = seen.facts.iter().map(|f| f.name.as_str()).take(3).collect();
        if cfg!(target_os = "linux") {
            assert_eq!(names, ["load", "memory", "disk"], "{shell:?}");
        }
        for name in ["uptime", "clock", "kernel"] {
            assert!(fact(&seen, name).is_some(), "{shell:?} tells no {name}: {seen:?}");
        }
    }
}

#[tokio::test]
async fn without_any_program_a_shell_still_tells_what_the_kernel_shows() {
    if !std::path::Path::new("/proc/loadavg").exists() {
        return;
    }
    let script = SCRIPT.replace("PATH=${PATH:-/bin}:/usr/sbin:/sbin:/usr/bin:/bin", "PATH=/nothing");
    assert_ne!(script, SCRIPT);
    let limits = Limits { timeout: Duration::from_secs(10), most_bytes: MOST_BYTES };
    let output = context(Duration::from_secs(10))
        .transport
        .glance(&Argv::new("sh", ["-c", &script, "sh", "1", "/srv"]), limits)
        .await
        .unwrap();
    let machine = answer::parse(&String::from_utf8_lossy(&output.stdout)).unwrap();
    assert!(machine.whole && machine.load.is_some() && machine.memory.is_some() && machine.uptime.is_some());
    assert!(machine.space.is_empty() && machine.clock.is_none());
}

#[tokio::test]
async fn a_df_that_hangs_is_ended_and_the_other_figures_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let df = folder.path().join("df");
    std::fs::write(&df, "#!/bin/sh\nexec sleep 60\n").unwrap();
    std::fs::set_permissions(&df, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("PATH={}:{}", folder.path().display(), std::env::var("PATH").unwrap());
    for shell in shells().into_iter().filter(|shell| shell[0] != "busybox") {
        let context = Through::context(["env", &path].into_iter().chain(shell.iter().copied()));
        let seen = lenient("").check(&context).await;
        let reason = seen.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(reason, "df gave no answer within 2s: a mount may hang", "{shell:?}");
        assert_eq!(seen.outcome, Outcome::Degraded);
        assert!(fact(&seen, "uptime").is_some() && seen.latency.unwrap() < Duration::from_secs(6), "{seen:?}");
    }
}

#[tokio::test]
async fn a_file_system_that_is_full_fails_when_the_deck_names_it() {
    if !is_root() || !is_there("unshare") {
        eprintln!("not root or no unshare, so no file system is filled");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = folder.path().join("a b\\größe");
    std::fs::create_dir(&mount).unwrap();
    let mount = mount.to_str().unwrap();
    let fill = "mount -t tmpfs -o size=1m tmpfs \"$0\" && { cat /dev/zero >\"$0/full\" 2>/dev/null; exec \"$@\"; }";
    for shell in shells() {
        let words = ["unshare", "-m", "sh", "-c", fill, mount].into_iter().chain(shell.iter().copied());
        let context = Through::context(words);
        let escaped = mount.replace('\\', "\\\\");
        let seen = lenient(&format!("mounts = [\"{escaped}\"]")).check(&context).await;
        let reason = seen.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        assert_eq!(seen.outcome, Outcome::Fail, "{shell:?}: {seen:?}");
        assert!(reason.starts_with(&format!("{mount} is 100 % full (0.0 of 1.0 MiB free)")), "{shell:?}: {reason}");
        assert!(fact(&seen, "disk").unwrap().ends_with(" 100 %"));
    }
    let seen = lenient(&format!("mounts = ['{mount}']")).check(&Through::context(["sh"])).await;
    // The disk of this machine may be full enough to be told, too.
    let reason = seen.reason.unwrap().to_string();
    assert!(reason.starts_with(&format!("nothing is mounted at {mount} on vps")), "{reason}");
}

#[tokio::test]
async fn what_is_no_shell_or_says_nothing_leaves_the_machine_unknown() {
    let seen = lenient("").check(&Through::context(["no-such-shell"])).await;
    assert_eq!(
        (seen.outcome, seen.reason.unwrap().as_str()),
        (Outcome::Unknown, "vps has no sh, so it tells no figures")
    );
    let seen = lenient("").check(&Through::context(["sh", "-c", "echo 'no logins' >&2"])).await;
    let words = "the shell of vps told no figures: no logins";
    assert_eq!((seen.outcome, seen.reason.unwrap().as_str()), (Outcome::Unknown, words));
}
