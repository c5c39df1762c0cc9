//! The control groups of a lab: one for every host, so that a host can be counted, frozen and killed as a whole. Knows
//! both layouts: version 2 alone, and version 1 with version 2 beside it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Absent;
use super::call::{names, until};

const TOP: &str = "/sys/fs/cgroup";

/// Whether version 2 is alone, which is where its root has controllers.
fn is_pure() -> bool {
    Path::new(TOP).join("cgroup.controllers").exists()
}

/// The hierarchies that a host has a group in; the one of version 2 comes first.
fn hierarchies() -> Vec<PathBuf> {
    if is_pure() {
        return vec![PathBuf::from(TOP)];
    }
    ["unified", "systemd", "memory", "pids"].iter().map(|h| Path::new(TOP).join(h)).collect()
}

/// Where processes can be killed and frozen by group.
fn unified() -> PathBuf {
    Path::new(TOP).join(if is_pure() { "" } else { "unified" })
}

/// Whether groups can be had at all.
pub fn there() -> Result<(), Absent> {
    match hierarchies().into_iter().find(|h| !h.join("cgroup.procs").exists()) {
        Some(missing) => Err(Absent(format!("its hosts need control groups; there are none in {}", missing.display()))),
        None => Ok(()),
    }
}

/// Makes the groups of a host, named by lab and host; the folders of it, the one of version 2 first.
pub fn make(lab: &str, host: &str) -> Result<Vec<PathBuf>, String> {
    let mut made = Vec::new();
    for hierarchy in hierarchies() {
        let folder = hierarchy.join(lab).join(host);
        fs::create_dir_all(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
        made.push(folder);
    }
    if is_pure() {
        for above in [Path::new(TOP), &Path::new(TOP).join(lab), &Path::new(TOP).join(lab).join(host)] {
            for kind in ["cpu", "memory", "pids"] {
                // One that is on already, or is not there, is no reason to stop.
                fs::write(above.join("cgroup.subtree_control"), format!("+{kind}")).ok();
            }
        }
    }
    Ok(made)
}

fn of(lab: &str, host: &str) -> PathBuf {
    unified().join(lab).join(host)
}

/// Whether a process lives in it or below.
pub fn is_alive(lab: &str, host: &str) -> bool {
    says(&of(lab, host), "populated 1")
}

fn says(group: &Path, line: &str) -> bool {
    fs::read_to_string(group.join("cgroup.events")).is_ok_and(|text| text.lines().any(|l| l == line))
}

/// The process id of the host's own first process, as it is outside.
pub fn first(lab: &str, host: &str) -> Option<u32> {
    let top = if is_pure() { PathBuf::from(TOP) } else { Path::new(TOP).join("systemd") };
    let host = top.join(lab).join(host);
    let boots = names(&host).into_iter().filter(|n| n.starts_with("boot-"));
    let groups = boots.flat_map(|b| ["init.scope", ""].map(|part| host.join(&b).join("payload").join(part)));
    let lists = groups.filter_map(|g| fs::read_to_string(g.join("cgroup.procs")).ok());
    let pids: Vec<u32> =
        lists.flat_map(|text| text.lines().filter_map(|l| l.parse().ok()).collect::<Vec<_>>()).collect();
    pids.into_iter().find(|pid| is_first(*pid))
}

/// Whether it is number 1 to itself. Numbers start anew at some time, so what it forks may come before it in a list.
fn is_first(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    status.lines().any(|line| line.starts_with("NSpid:") && line.ends_with("\t1"))
}

/// Memory in use, the cache of files included, in bytes.
pub fn memory(lab: &str, host: &str) -> u64 {
    let path = if is_pure() {
        of(lab, host).join("memory.current")
    } else {
        Path::new(TOP).join("memory").join(lab).join(host).join("memory.usage_in_bytes")
    };
    fs::read_to_string(path).ok().and_then(|t| t.trim().parse().ok()).unwrap_or(0)
}

/// Stops or goes on with everything in a host; returns when it is so.
pub fn freeze(lab: &str, host: &str, frozen: bool) -> bool {
    let group = of(lab, host);
    let state = i32::from(frozen);
    let wanted = format!("frozen {state}");
    fs::write(group.join("cgroup.freeze"), state.to_string()).is_ok()
        && until(Duration::from_secs(5), || says(&group, &wanted))
}

/// Kills every process of a host; its groups are then as new.
pub fn kill_host(lab: &str, host: &str) -> bool {
    let group = of(lab, host);
    kill_group(&group);
    fs::write(group.join("cgroup.freeze"), "0").ok();
    let folders: Vec<_> = hierarchies().into_iter().map(|h| h.join(lab).join(host)).collect();
    until(Duration::from_secs(5), || {
        for folder in &folders {
            for below in names(folder) {
                remove_tree(&folder.join(below));
            }
        }
        folders.iter().all(|f| names(f).iter().all(|n| !f.join(n).is_dir()))
    })
}

/// Kills every process of a lab.
pub fn kill(lab: &str) {
    kill_group(&unified().join(lab));
}

fn kill_group(group: &Path) {
    // Again and again, for what was just about to start.
    until(Duration::from_secs(10), || {
        let alive = says(group, "populated 1");
        if alive {
            fs::write(group.join("cgroup.kill"), "1").ok();
        }
        !alive
    });
}

/// Takes the groups of a lab away.
pub fn remove(lab: &str) {
    for hierarchy in hierarchies() {
        let folder = hierarchy.join(lab);
        until(Duration::from_secs(5), || {
            remove_tree(&folder);
            !folder.exists()
        });
    }
}

fn remove_tree(folder: &Path) {
    for name in names(folder) {
        let below = folder.join(name);
        if below.is_dir() {
            remove_tree(&below);
        }
    }
    fs::remove_dir(folder).ok();
}
