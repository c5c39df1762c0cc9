//! Figures as people read and write them: sizes, shares, long times. Pure; knows no probe.

use std::time::Duration;

use super::systemd::unit::bytes;

/// Units of sizes, largest first.
const UNITS: [(&str, u64); 5] = [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// The same for sizes that people write; decimal units are ten times a thousand, as disks are sold.
const WRITTEN: [(&str, u64); 9] = [
    ("tib", 1 << 40),
    ("gib", 1 << 30),
    ("mib", 1 << 20),
    ("kib", 1 << 10),
    ("tb", 1_000_000_000_000),
    ("gb", 1_000_000_000),
    ("mb", 1_000_000),
    ("kb", 1_000),
    ("b", 1),
];

/// Reads `1 MiB`, `1.5GiB`, `500 kB`, `0 B`.
pub fn size(text: &str) -> Option<u64> {
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit() && c != '.')?);
    let unit = unit.trim().to_lowercase();
    let (_, factor) = WRITTEN.iter().find(|(name, _)| *name == unit)?;
    let count = number.parse::<f64>().ok()? * *factor as f64;
    (count.is_finite() && count < u64::MAX as f64).then_some(count as u64)
}

/// Reads `85%` and `85 %`: from 1 to 100.
pub fn percent(text: &str) -> Option<u64> {
    text.trim().strip_suffix('%')?.trim().parse().ok().filter(|share| (1..=100).contains(share))
}

/// `15.1 of 16.0 GiB`: both in the unit of the whole.
pub fn of_total(part: u64, total: u64) -> String {
    let (unit, factor) = UNITS.into_iter().find(|(_, factor)| total >= *factor).unwrap_or(("B", 1));
    if factor == 1 {
        return format!("{part} of {total} B");
    }
    format!("{:.1} of {:.1} {unit}", part as f64 / factor as f64, total as f64 / factor as f64)
}

/// A size with its unit.
pub fn of_size(count: u64) -> String {
    if count >= 1 << 40 { format!("{:.1} TiB", count as f64 / (1_u64 << 40) as f64) } else { bytes(count) }
}

/// A part in hundredths of the whole, rounded up as `df` does; none of nothing.
pub fn share(part: u64, total: u64) -> Option<u64> {
    let (part, total) = (u128::from(part), u128::from(total));
    (total > 0).then(|| u64::try_from((part * 100).div_ceil(total)).unwrap_or(u64::MAX).min(100))
}

/// `41d 3h`, `3h 12m`, `12m 4s`, `4s`: the two largest units.
pub fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    let units = [("d", seconds / 86_400), ("h", seconds / 3_600 % 24), ("m", seconds / 60 % 60), ("s", seconds % 60)];
    let from = units.iter().position(|(_, count)| *count > 0).unwrap_or(3);
    let told = units.iter().skip(from).take(2).filter(|(_, count)| *count > 0);
    let told: Vec<String> = told.map(|(unit, count)| format!("{count}{unit}")).collect();
    if told.is_empty() { "0s".to_owned() } else { told.join(" ") }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read_as_people_write_them() {
        assert_eq!(size("1 MiB"), Some(1 << 20));
        assert_eq!(size("1.5GiB"), Some(3 << 29));
        assert_eq!(size("500 kB"), Some(500_000));
        for bad in ["", "1", "MiB", "1 parsec", "-1 B", "1e3 B", "99999999999999999999 TiB", "1..2 B"] {
            assert_eq!(size(bad), None, "{bad}");
        }
        assert_eq!((percent("85%"), percent("100 %"), percent("0%"), percent("85")), (Some(85), Some(100), None, None));
    }

    #[test]
    fn figures_are_short_and_keep_their_unit() {
        assert_eq!(of_total(16_213_456_789, 17_179_869_184), "15.1 of 16.0 GiB");
        assert_eq!(of_total(3, 900), "3 of 900 B");
        assert_eq!(of_size(3 << 40), "3.0 TiB");
        assert_eq!((share(1, 3), share(0, 5), share(5, 0), share(u64::MAX, 1)), (Some(34), Some(0), None, Some(100)));
        let told = [0, 4, 64, 724, 3600, 11_520, 90_061, 3_553_200].map(|s| span(Duration::from_secs(s)));
        assert_eq!(told, ["0s", "4s", "1m 4s", "12m 4s", "1h", "3h 12m", "1d 1h", "41d 3h"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in any::<String>(), part in any::<u64>(), total in any::<u64>()) {
            prop_assert!(percent(&text).is_none_or(|p| p <= 100));
            prop_assert!(share(part, total).is_none_or(|p| p <= 100));
            size(&text);
            of_total(part, total);
            span(Duration::from_secs(part));
        }
    }
}
