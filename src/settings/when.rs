//! Times as people write them: so long ago, at that time of today, at that date.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::word;

/// Reads a time, in this zone unless it names one.
pub fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    let ago = word::duration(text).and_then(|ago| SignedDuration::try_from(ago).ok());
    if let Some(ago) = ago.and_then(|ago| now.checked_sub(ago).ok()) {
        return Ok(ago);
    }
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let of_today = |time: Time| now.to_zoned(zone.clone()).date().to_datetime(time);
    // A date alone is its first moment; a time would also be found in a date with one.
    let civil = text.parse::<DateTime>().or_else(|_| text.parse::<Time>().map(of_today));
    let at = civil.ok().and_then(|at| zone.to_timestamp(at).ok());
    at.ok_or_else(|| format!("\"{text}\" is no time; write 15m, 14:30, 2026-05-01 or 2026-05-01T14:30:00Z"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let now: Timestamp = "2026-05-02T10:00:00Z".parse().unwrap();
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        for (text, at) in [
            ("15m", "2026-05-02T09:45:00Z"),
            ("1h30m", "2026-05-02T08:30:00Z"),
            ("14:30", "2026-05-02T09:00:00Z"),
            ("2026-05-01", "2026-04-30T18:30:00Z"),
            ("2026-05-01 12:00", "2026-05-01T06:30:00Z"),
            ("2026-05-01T12:00:00Z", "2026-05-01T12:00:00Z"),
        ] {
            assert_eq!(read(text, now, &zone), Ok(at.parse().unwrap()), "{text}");
        }
        assert!(read("yesterday", now, &zone).unwrap_err().contains("write 15m"));
    }
}
