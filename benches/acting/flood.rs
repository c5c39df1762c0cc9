//! Every host prints lines at once: how late they come, and whether memory stays as it is. Lines are late by the clock of
//! this machine, which its hosts share.

use std::time::Duration;

use quarterdeck::store::{Event, Store};
use tokio::runtime::Runtime;

use crate::ours::{Ours, console, now, to_end};
use crate::table::{at, millis, row};
use crate::{Bench, Outcome};

/// How late a line may be.
const GOAL: Duration = Duration::from_millis(100);
/// Lines that each host prints.
const LINES: usize = 2000;
/// How much more memory the second half may take, in MiB.
const GROWTH: f64 = 8.0;

/// All of it.
pub fn measure(bench: &Bench, runtime: &Runtime) -> Outcome<()> {
    runtime.block_on(async {
        let ours = console(bench)?;
        ours.connect();
        let count = bench.hosts.len();
        let mut first = late(&ours, "first").await?.0;
        let middle = at(&mut first, 0.5);
        row(&format!("the first line of {count} quiet hosts, median"), &millis(middle), "100 ms", Some(middle <= GOAL));
        row("  the latest", &millis(at(&mut first, 1.0)), "", None);
        let (mut all, memory) = late(&ours, "flood").await?;
        let came = all.len();
        row(
            &format!("{count} hosts x 200 lines/s: lines that came"),
            &came.to_string(),
            "all",
            Some(came == count * LINES),
        );
        let middle = at(&mut all, 0.5);
        row("  how late, median", &millis(middle), "100 ms", Some(middle <= GOAL));
        row("  how late, p99", &millis(at(&mut all, 0.99)), "", None);
        let [half, end] = memory;
        let grown = end - half;
        let what = format!("  memory of the second half more than the {half:.0} MiB after the first");
        row(&what, &format!("{grown:.1} MiB"), "8 MiB", Some(grown < GROWTH));
        Ok(())
    })
}

/// How late each line came, and resident memory after half of the lines and after all. The store takes all in, as the
/// console's does.
async fn late(ours: &Ours, runbook: &str) -> Outcome<(Vec<Duration>, [f64; 2])> {
    let plan = ours.plan("all", runbook).await?;
    let mut late = Vec::with_capacity(1 << 16);
    let (mut store, mut half) = (Store::default(), 0.0);
    let middle = plan.hosts.len() * LINES / 2;
    let end = to_end(ours.start(&plan).await?, |event| {
        if let Event::RunPrinted { lines, .. } = event {
            let now = now();
            for line in lines {
                let printed = line.as_str().split(' ').next().and_then(|n| n.parse::<i128>().ok());
                let gap = printed.map_or(0, |printed| now - printed);
                late.push(Duration::from_nanos(u64::try_from(gap).unwrap_or(0)));
            }
        }
        if half == 0.0 && late.len() >= middle {
            half = memory().unwrap_or_default();
        }
        store.apply(event.clone(), jiff::Timestamp::now());
    });
    let end = end.await?;
    if end.status.is_good() { Ok((late, [half, memory()?])) } else { Err(format!("the run ended with {end:?}").into()) }
}

/// Resident, in MiB.
fn memory() -> Outcome<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.split_whitespace().next().ok_or("no VmRSS")?.parse::<f64>()? / 1024.0)
}
