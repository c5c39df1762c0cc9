//! Times as `systemctl show` prints them: `@1795180629` (`--timestamp=unix`) and `Fri 2026-11-20 13:17:09 UTC`. The
//! pretty form is in the host's own zone; only UTC can be read without guessing.

use jiff::Timestamp;
use jiff::civil::DateTime;

/// A time as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Moment {
    /// This instant.
    At(Timestamp),
    /// As printed, in a zone that cannot be told from its abbreviation.
    Local(String),
    /// It has not happened, or nobody knows.
    Never,
}

/// Reads either form.
pub fn read(text: &str) -> Moment {
    let text = text.trim();
    if let Some(unix) = text.strip_prefix('@') {
        let seconds = unix.split('.').next().and_then(|s| s.parse().ok()).filter(|s| *s > 0);
        return seconds.and_then(|s| Timestamp::from_second(s).ok()).map_or(Moment::Never, Moment::At);
    }
    let mut words = text.split_whitespace();
    let (Some(_), Some(date), Some(time), zone, None) =
        (words.next(), words.next(), words.next(), words.next(), words.next())
    else {
        return Moment::Never;
    };
    let Ok(civil) = format!("{date}T{time}").parse::<DateTime>() else { return Moment::Never };
    match zone {
        Some("UTC" | "GMT") => {
            civil.to_zoned(jiff::tz::TimeZone::UTC).map_or(Moment::Never, |zoned| Moment::At(zoned.timestamp()))
        }
        _ => Moment::Local(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn both_forms_name_the_same_instant() {
        let at = Moment::At("2026-11-20T13:17:09Z".parse().unwrap());
        assert_eq!(read("@1795180629"), at);
        assert_eq!(read("@1795180629.123456"), at);
        assert_eq!(read("Fri 2026-11-20 13:17:09 UTC"), at);
    }

    #[test]
    fn a_zone_that_is_only_an_abbreviation_is_kept_as_text() {
        let text = "Fri 2026-11-20 21:17:09 +08";
        assert_eq!(read(text), Moment::Local(text.into()));
    }

    #[test]
    fn what_never_happened_is_no_time() {
        for text in ["", "0", "@0", "n/a", "Fri", "@x", "Fri 2026-13-40 99:00:00 UTC"] {
            assert_eq!(read(text), Moment::Never, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>()) {
            read(&text);
        }
    }
}
