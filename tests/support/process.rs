//! Processes as the kernel of Linux sees them: children, state, memory. Only looks.

use std::fs::read_to_string;
use std::time::Duration;

/// The processes whose parent is this one.
pub fn children(parent: u32) -> Vec<u32> {
    let all = std::fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
    all.filter(|pid| stat(*pid).is_some_and(|(_, of)| of == parent)).collect()
}

/// Whether it runs; one that only waits to be reaped does not.
pub fn is_alive(pid: u32) -> bool {
    state(pid).is_some_and(|state| state != 'Z')
}

/// `R`, `S`, `T`, `Z`, …
pub fn state(pid: u32) -> Option<char> {
    stat(pid).map(|(state, _)| state)
}

/// The most memory it ever had in use, in MiB.
pub fn peak_memory(pid: u32) -> u64 {
    let status = read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
}

/// The time that processors spent on its threads that live, as the scheduler counts it.
pub fn processor_time(pid: u32) -> Duration {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let spent = threads.filter_map(|t| read_to_string(t.path().join("schedstat")).ok());
    spent.filter_map(|text| Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))).sum()
}

fn stat(pid: u32) -> Option<(char, u32)> {
    let text = read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut rest = text.rsplit_once(") ")?.1.split(' ');
    Some((rest.next()?.chars().next()?, rest.next()?.parse().ok()?))
}
