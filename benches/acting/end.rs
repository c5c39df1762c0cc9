//! How soon what runs is told to end after the order.

use std::time::Duration;

use quarterdeck::runner::execute::Order;
use quarterdeck::store::Event;
use tokio::runtime::Runtime;

use crate::ours::{console, now, to_end};
use crate::table::{at, millis, row};
use crate::{Bench, Outcome};

/// Within which TERM is there.
const GOAL: Duration = Duration::from_secs(1);

/// On one host, and on all.
pub fn measure(bench: &Bench, runtime: &Runtime) -> Outcome<()> {
    runtime.block_on(async {
        let ours = console(bench)?;
        ours.connect();
        let services = if bench.hosts.len() > 1 { &["one", "all"][..] } else { &["one"] };
        for service in services {
            let plan = ours.plan(service, "wait").await?;
            let hosts = plan.hosts.len();
            let handle = ours.start(&plan).await?;
            let orders = handle.orders.clone();
            let (mut ready, mut ordered, mut told) = (0, 0, Vec::new());
            let end = to_end(handle, |event| {
                let Event::RunPrinted { lines, .. } = event else { return };
                for line in lines {
                    if line.as_str() == "ready" {
                        ready += 1;
                    } else if let Ok(at) = line.as_str().parse::<i128>() {
                        told.push(Duration::from_nanos(u64::try_from(at - ordered).unwrap_or(0)));
                    }
                }
                if ready == hosts && ordered == 0 {
                    ordered = now();
                    orders.try_send(Order::Interrupt { even_uninterruptible: false }).ok();
                }
            });
            end.await?;
            if told.len() != hosts {
                return Err(format!("{} of {hosts} were told to end", told.len()).into());
            }
            let latest = at(&mut told, 1.0);
            let what = format!("from the order to end to TERM on {hosts} hosts, the latest");
            row(&what, &millis(latest), "1 s", Some(latest <= GOAL));
        }
        Ok(())
    })
}
