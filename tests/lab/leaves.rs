//! What is left of a lab: nothing, however it ended.

use std::fs::{read_dir, read_to_string};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::lab::Lab;

/// Set for the process that is to be killed while it has a lab.
const VICTIM: &str = "QD_TESTS_LAB_VICTIM";

/// Every trace of a lab on this machine.
fn traces(prefix: &str, folder: &Path) -> Vec<String> {
    let mut places: Vec<PathBuf> =
        ["/sys/class/net", "/run/netns", "/run/systemd/nspawn/propagate"].map(PathBuf::from).into();
    for hierarchy in ["", "unified", "systemd", "memory", "pids"] {
        places.push(Path::new("/sys/fs/cgroup").join(hierarchy));
    }
    let names = places.iter().filter_map(|p| read_dir(p).ok()).flatten().flatten().map(|e| e.path());
    let is_ours = |path: &PathBuf| {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        name == prefix || name.starts_with(&format!("{prefix}-"))
    };
    let mut found: Vec<String> = names.filter(is_ours).map(|p| p.display().to_string()).collect();
    let folder_text = format!("{}/", folder.display());
    found.extend(
        read_to_string("/proc/self/mounts").unwrap().lines().filter(|l| l.contains(&folder_text)).map(str::to_owned),
    );
    let behind = format!("10.78.{}.", prefix.trim_start_matches("qd-"));
    found.extend(read_to_string("/proc/net/fib_trie").unwrap().contains(&behind).then_some(behind));
    found.extend(folder.exists().then(|| folder.display().to_string()));
    for process in read_dir("/proc").unwrap().flatten() {
        let words = read_to_string(process.path().join("cmdline")).unwrap_or_default();
        found.extend(words.contains(&format!("--machine={prefix}-")).then_some(words));
    }
    found
}

#[test]
fn nothing_is_left_when_a_lab_is_dropped() {
    let Some(lab) = Lab::new() else { return };
    let (prefix, folder) = (lab.prefix(), lab.folder());
    let (_, mut hosts) = lab.jump("gate", &["db1"]);
    hosts.push(lab.host("cut"));
    hosts.push(lab.host("frozen"));
    hosts.push(lab.host("off"));
    hosts[1].cut();
    hosts[2].freeze();
    hosts[3].off();
    assert!(traces(&prefix, &folder).len() > 10, "what is looked for can be found");
    drop(lab);
    assert_eq!(traces(&prefix, &folder), Vec::<String>::new());
}

#[test]
fn nothing_is_left_when_a_test_panics() {
    let Some(lab) = Lab::new() else { return };
    let (prefix, folder) = (lab.prefix(), lab.folder());
    let test = std::thread::spawn(move || {
        let host = lab.host("web1");
        assert!(!host.is_on(), "this is what a failed test looks like, and it is meant to");
    });
    assert!(test.join().is_err());
    assert_eq!(traces(&prefix, &folder), Vec::<String>::new());
}

#[test]
fn the_next_lab_takes_away_what_a_killed_owner_left() {
    if std::env::var_os(VICTIM).is_some() {
        let lab = Lab::new().unwrap();
        lab.host("web1");
        println!("\nlab {} {}", lab.prefix(), lab.folder().display());
        std::thread::park();
    }
    let Some(living) = Lab::new() else { return };
    let host = living.host("web1");
    let words = ["--exact", "leaves::the_next_lab_takes_away_what_a_killed_owner_left", "--nocapture"];
    let mut victim = Command::new(std::env::current_exe().unwrap());
    let mut victim = victim.args(words).env(VICTIM, "1").stdout(Stdio::piped()).spawn().unwrap();
    let lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    let line = lines.into_iter().find_map(|l| Some(l.strip_prefix("lab ")?.to_owned())).unwrap();
    let (prefix, folder) = line.split_once(' ').unwrap();
    victim.kill().unwrap();
    victim.wait().unwrap();
    let left = traces(prefix, Path::new(folder));
    let next = Lab::new().unwrap();
    // Another test may have been quicker to take it away, and with it the number.
    if next.prefix() != prefix {
        assert_eq!(traces(prefix, Path::new(folder)), Vec::<String>::new(), "of {left:?}");
    }
    assert!(host.is_on(), "a lab whose owner lives is left alone");
}
