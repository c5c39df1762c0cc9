//! A line of the log in words: who did what, on what, why, with what result. For people; programs read the JSON.

use std::fmt;
use std::time::Duration;

use super::chain::Line;
use super::fact::{Stop, What};
use crate::transport::human;

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fact = &self.fact;
        write!(f, "{}  {}", self.actor, did(&fact.what))?;
        match (&fact.step, &fact.host) {
            (Some(step), Some(host)) => write!(f, " {step} on {host}")?,
            (Some(step), None) => write!(f, " {step}")?,
            (None, Some(host)) => write!(f, " on {host}")?,
            _ => {}
        }
        match (&fact.environment, &fact.service) {
            (Some(environment), Some(service)) => write!(f, "  {environment}/{service}")?,
            (Some(environment), None) => write!(f, "  {environment}")?,
            _ => {}
        }
        if let Some(runbook) = &fact.runbook {
            write!(f, "  {runbook}")?;
        }
        if let Some(run) = &fact.run {
            write!(f, "  run {run}")?;
        }
        if let Some(reason) = &fact.reason {
            write!(f, "  because {reason}")?;
        }
        Ok(())
    }
}

fn did(what: &What) -> String {
    match what {
        What::Plan => "planned".into(),
        What::Confirm { typed, break_glass, over_dirty } => {
            let glass = break_glass.as_ref().map(|why| format!(", over a peak time: {why}")).unwrap_or_default();
            let dirty = over_dirty.as_ref().map(|why| format!(", over an unfinished run: {why}")).unwrap_or_default();
            format!("agreed with `{typed}`{glass}{dirty}")
        }
        What::Refusal { why } => format!("was refused: {why}"),
        What::Begin => "began".into(),
        What::End { status, why } => match why {
            Some(why) => format!("ended {}: {why}", status.words()),
            None => format!("ended {}", status.words()),
        },
        What::Lock { key } => format!("took the lock {key}"),
        What::Unlock { key } => format!("gave the lock {key} back"),
        What::Break { key, holder } => format!("broke the lock {key} of {holder}"),
        What::Arm { until } => format!("armed until {until:.0}"),
        What::Disarm => "disarmed".into(),
        What::Intent { attempt, .. } if *attempt > 1 => format!("is about to start attempt {attempt} of"),
        What::Intent { .. } => "is about to start".into(),
        What::Outcome { outcome, exit, took_ms, .. } => {
            let exit = exit.filter(|code| *code != 0).map(|code| format!(" with {code}")).unwrap_or_default();
            format!("saw {}{exit} after {}:", outcome.word(), human(Duration::from_millis(*took_ms)))
        }
        What::Override { choice } => format!("chose to {}", choice.words()),
        What::Cancel { how: Stop::Drain } => "asked to drain".into(),
        What::Cancel { how: Stop::Interrupt } => "interrupted".into(),
        What::Attach => "looked on at".into(),
        What::Detach => "left".into(),
        What::Resume => "went on with".into(),
        What::Export { to } => format!("exported to {to}"),
        What::Shell => "opened a shell".into(),
        What::Secret { name } => format!("used the secret {name}"),
        What::Record { release, found: false } => format!("put {release} on record as good"),
        What::Record { release, found: true } => format!("put {release} on record as it was found running"),
        What::Repaired { bytes, .. } => format!("found {bytes} bytes of a line that a crash had torn"),
        What::Missing { lost, .. } => format!("found that the log ends before line {lost}, which had been written"),
    }
}
