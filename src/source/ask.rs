//! One look through one probe: the time limit, the latency threshold and redaction, the same for every kind.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::Surroundings;
use super::health::Context;
use crate::config::Probe;
use crate::model::{HostId, Observation, Outcome, Text};
use crate::transport::dial::Way;
use crate::transport::{Transport, human};

/// Beyond its own limit a check gets this long to say how far it came.
const GRACE: Duration = Duration::from_millis(200);

/// Looks once.
pub async fn ask(probe: &Probe, surroundings: &Surroundings) -> Observation {
    let remote = match &probe.info.via {
        None => None,
        Some(host) => {
            let Some(remote) = surroundings.hosts.get(host) else {
                return blocked(host, format!("host {} is not in the deck", host.name));
            };
            // Where the host is out of reach, nothing was seen of the target; that costs no more than asking.
            if let Err(away) = remote.keeper().line(Instant::now() + probe.info.timeout).await {
                return blocked(host, away.cause);
            }
            Some(remote)
        }
    };
    let context = Context {
        transport: remote.clone().map_or_else(|| surroundings.transport.clone(), |r| r as Arc<dyn Transport>),
        way: remote.clone().map(|r| r as Arc<dyn Way>),
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
    if let (Some(remote), Some(host)) = (&remote, &probe.info.via)
        && matches!(seen.outcome, Outcome::Unknown | Outcome::Fail)
        && let Some(away) = remote.keeper().blocked().or_else(|| remote.keeper().silent())
    {
        // It was lost on the way: what the check says is about the connection.
        return blocked(host, away.cause);
    }
    surroundings.vault.redact(&mut seen);
    seen
}

fn blocked(host: &HostId, cause: impl Into<Text>) -> Observation {
    let mut seen = Observation::unknown(cause);
    seen.blocked_by = Some(host.clone());
    seen
}
