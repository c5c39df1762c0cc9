//! Numbers in reports: statuses written as numbers and durations in the forms of .NET, Java and people.

use std::time::Duration;

use serde_json::Value;

use crate::model::Outcome;
use crate::settings::word;

/// The values of .NET's `HealthStatus`: 0 unhealthy, 1 degraded, 2 healthy.
pub(super) fn outcome(number: &Value) -> Option<Outcome> {
    match number.as_u64()? {
        0 => Some(Outcome::Fail),
        1 => Some(Outcome::Degraded),
        2 => Some(Outcome::Pass),
        _ => None,
    }
}

/// A duration: a number is milliseconds; a text is .NET's `[d.]hh:mm:ss[.fffffff]`, `12.5ms`, `3s` or milliseconds.
pub(super) fn duration(value: &Value) -> Option<Duration> {
    match value {
        Value::Number(number) => Duration::try_from_secs_f64(number.as_f64()? / 1000.0).ok(),
        Value::String(text) => {
            let text = text.trim();
            if text.contains(':') {
                return dotnet(text);
            }
            match text.parse::<f64>() {
                Ok(millis) => Duration::try_from_secs_f64(millis / 1000.0).ok(),
                Err(_) => word::duration(&text.replace(' ', "")),
            }
        }
        _ => None,
    }
}

fn dotnet(text: &str) -> Option<Duration> {
    let mut parts = text.splitn(3, ':');
    let (days_and_hours, minutes, seconds) = (parts.next()?, parts.next()?, parts.next()?);
    let (days, hours) = days_and_hours.split_once('.').unwrap_or(("0", days_and_hours));
    let whole = |t: &str| t.parse::<u32>().ok().map(f64::from);
    let seconds = seconds.parse::<f64>().ok().filter(|s| *s >= 0.0)?;
    Duration::try_from_secs_f64(whole(days)? * 86_400.0 + whole(hours)? * 3_600.0 + whole(minutes)? * 60.0 + seconds)
        .ok()
}
