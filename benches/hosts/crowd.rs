//! A hundred connections that nobody uses: what they cost in memory and processor. They lead to four hosts under a
//! hundred names, each of which is a destination of its own; a process of its own holds them.

use std::fmt::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::ours::{Ours, another};
use crate::table::row;
use crate::{Bench, Outcome};

/// Names.
const CROWD: usize = 100;
/// How long they are left alone.
const IDLE: Duration = Duration::from_secs(20);

/// Writes the configuration and lets the other process measure itself.
pub fn measure(bench: &Bench) -> Outcome<()> {
    let mut text = String::new();
    let mut names = Vec::new();
    for at in 0..CROWD {
        let host = &bench.hosts[at % 4];
        writeln!(text, "Host crowd-{at}\n  HostName {}", host.address())?;
        names.push(format!("crowd-{at}"));
    }
    text.push_str(&std::fs::read_to_string(&bench.config)?);
    let config = bench.lab.folder().join("crowd_config");
    std::fs::write(&config, text)?;
    let status = another("crowd", &config, &names)?.status()?;
    if status.success() { Ok(()) } else { Err(format!("the crowd ended with {status}").into()) }
}

/// Connects, rests, and tells.
pub async fn play(config: &Path, names: &[String]) -> Outcome<()> {
    let before = memory()?;
    let started = Instant::now();
    let ours = Ours::connect(config, names);
    ours.all_true().await?;
    let connected = format!("{:.1} s", started.elapsed().as_secs_f64());
    row(&format!("{CROWD} connections to 4 hosts: until all are live"), &connected, "", None);
    sleep(Duration::from_secs(3)).await;
    let more = memory()? - before;
    let what = format!("{CROWD} connections: more resident memory than none ({before:.1} MiB)");
    row(&what, &format!("{more:.1} MiB"), "60 MiB", Some(more < 60.0));
    let (used, started) = (processor()?, Instant::now());
    sleep(IDLE).await;
    let share = (processor()? - used) / started.elapsed().as_secs_f64() * 100.0;
    let what = format!("{CROWD} connections idle: share of one core over {} s", IDLE.as_secs());
    row(&what, &format!("{share:.2} %"), "5 %", Some(share < 5.0));
    Ok(())
}

/// Resident, in MiB.
fn memory() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().next().ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
}

/// Seconds of processor that this process has used, to a hundredth.
fn processor() -> Outcome<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name, in brackets, may hold blanks. After it come eleven others, then the ticks of both kinds.
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|f| f.parse::<f64>().ok()).ok_or("no ticks");
    Ok((ticks(11)? + ticks(12)?) / 100.0)
}
