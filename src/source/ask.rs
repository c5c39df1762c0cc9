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

/// A host that is asked for a sign of life has this long. libssh2 asks once a second at most.
const SIGN_OF_LIFE: Duration = Duration::from_secs(2);

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
    let began = Instant::now();
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
    {
        // It was lost on the way: what the check says is about the connection.
        let away = || remote.keeper().blocked().or_else(|| remote.keeper().silent());
        if let Some(away) = away() {
            return blocked(host, away.cause);
        }
        // A target that does not answer and a host that does not look alike until the host was asked.
        let in_vain = began.elapsed() >= probe.info.timeout.mul_f64(0.8);
        if in_vain && !remote.keeper().answers(SIGN_OF_LIFE).await {
            let silent = || format!("nothing heard from host {} since this look began", host.name).into();
            return blocked(host, away().map_or_else(silent, |a| a.cause));
        }
    }
    surroundings.vault.redact(&mut seen);
    seen
}

fn blocked(host: &HostId, cause: impl Into<Text>) -> Observation {
    let mut seen = Observation::unknown(cause);
    seen.blocked_by = Some(host.clone());
    seen
}
