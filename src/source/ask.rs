//! One look through one probe: the time limit, the latency threshold and redaction, the same for every kind.

use std::time::Duration;

use super::Surroundings;
use super::health::Context;
use crate::config::Probe;
use crate::model::{Observation, Outcome};
use crate::transport::human;

/// Beyond its own limit a check gets this long to say how far it came.
const GRACE: Duration = Duration::from_millis(200);

/// Looks once.
pub async fn ask(probe: &Probe, surroundings: &Surroundings) -> Observation {
    if let Some(host) = &probe.info.via {
        // Hosts are parsed and shown, but not reached by this version.
        let mut seen = Observation::unknown(format!(
            "host {} is to be reached over SSH, which this version cannot do yet",
            host.name
        ));
        seen.blocked_by = Some(host.clone());
        return seen;
    }
    let context = Context {
        transport: surroundings.transport.clone(),
        vault: surroundings.vault.clone(),
        timeout: probe.info.timeout,
        now: (surroundings.clock)(),
    };
    // Once for looking a secret up, once for the target: a check keeps to both itself.
    let limit = probe.info.timeout.saturating_mul(2).saturating_add(GRACE);
    let look = tokio::time::timeout(limit, probe.check.check(&context));
    let mut seen = match look.await {
        Ok(seen) => seen,
        Err(_) => Observation::fail(format!("no answer within {}", human(probe.info.timeout))),
    };
    if let (Some(limit), Some(latency), Outcome::Pass) = (probe.degraded, seen.latency, seen.outcome)
        && latency > limit
    {
        seen.worsen(Outcome::Degraded, format!("slow: {} ms, limit {}", latency.as_millis(), human(limit)));
    }
    surroundings.vault.redact(&mut seen);
    seen
}
