//! Time stamps at the head of a text, in the forms that programs write without being asked. Says what stands there;
//! [`Places`] makes a moment of it. Never guesses where nothing stands.

use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::scan::{Scan, nanoseconds};

const DAY: i64 = 86_400;

/// What a stamp says of the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// Days since 1970.
    Known(i64),
    /// Month and day, as syslog writes them.
    Yearless(u32, u32),
    /// The time of day alone.
    Unsaid,
}

/// A stamp as it was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stamp {
    /// A reading of a calendar and a clock, with the seconds east of UTC if it says.
    Clock { day: ReadDay, second: i64, nano: u32, offset: Option<i32> },
    /// Seconds since 1970.
    Epoch { second: i64, nano: u32 },
}

impl Stamp {
    /// Whether it is a time for sure; of a bare number, whether it is one of our years.
    pub fn is_sure(self) -> bool {
        match self {
            Self::Clock { .. } => true,
            Self::Epoch { second, .. } => (1_500_000_000..2_500_000_000).contains(&second),
        }
    }
}

/// The day of a stamp, which only this file can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadDay(Day);

/// When and where a line was received, for what its stamp leaves unsaid, and the last offset that was looked up.
pub(super) struct Places<'a> {
    pub received: Timestamp,
    pub zone: &'a TimeZone,
    pub hour: &'a mut Hour,
}

/// An hour of local time in which the zone had one offset throughout.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hour {
    hour: i64,
    offset: i64,
}

impl Default for Hour {
    fn default() -> Self {
        Self { hour: i64::MIN, offset: 0 }
    }
}

impl Places<'_> {
    /// The moment a stamp means.
    pub fn moment(&mut self, stamp: Stamp) -> Option<Timestamp> {
        let (day, second, nano, offset) = match stamp {
            Stamp::Epoch { second, nano } => return self.plausible(second, nano),
            Stamp::Clock { day: ReadDay(day), second, nano, offset } => (day, second, nano, offset),
        };
        let seconds = match day {
            Day::Known(days) => self.shifted(days * DAY + second, offset)?,
            Day::Unsaid => {
                let here = self.received.as_second() + self.offset_of_received(offset);
                let at = self.shifted(here.div_euclid(DAY) * DAY + second, offset)?;
                // Clocks differ a little; a time that is far ahead was yesterday's.
                match at - self.received.as_second() {
                    3600.. => at - DAY,
                    ..=-82_801 => at + DAY,
                    _ => at,
                }
            }
            Day::Yearless(month, date) => {
                let here = self.received.as_second() + self.offset_of_received(offset);
                let year = year_of(here.div_euclid(DAY));
                // A year ahead is possible on the last day of the year; the 29th of February may be eight years back.
                let latest = self.received.as_second() + 2 * DAY;
                (0..10).find_map(|back| {
                    let days = days_since_1970(year + 1 - back, month, date)?;
                    self.shifted(days * DAY + second, offset).filter(|at| *at <= latest)
                })?
            }
        };
        Timestamp::new(seconds, i32::try_from(nano).ok()?).ok()
    }

    /// A bare number is a time only near to when it was received.
    fn plausible(&self, second: i64, nano: u32) -> Option<Timestamp> {
        let apart = self.received.as_second().checked_sub(second)?;
        (apart.abs() < 3660 * DAY).then(|| Timestamp::new(second, i32::try_from(nano).ok()?).ok())?
    }

    fn offset_of_received(&self, offset: Option<i32>) -> i64 {
        offset.map_or_else(|| i64::from(self.zone.to_offset(self.received).seconds()), i64::from)
    }

    /// From seconds of local time to seconds of UTC.
    fn shifted(&mut self, local: i64, offset: Option<i32>) -> Option<i64> {
        if let Some(offset) = offset {
            return Some(local - i64::from(offset));
        }
        let hour = local.div_euclid(3600);
        if self.hour.hour != hour {
            let offset = self.look_up(hour * 3600)?;
            if self.look_up(hour * 3600 + 3599)? != offset {
                return Some(local - self.look_up(local)?);
            }
            *self.hour = Hour { hour, offset };
        }
        Some(local - self.hour.offset)
    }

    fn look_up(&self, local: i64) -> Option<i64> {
        let reading = Offset::UTC.to_datetime(Timestamp::from_second(local).ok()?);
        Some(local - self.zone.to_timestamp(reading).ok()?.as_second())
    }
}

/// A stamp at the head of a text, with how it may begin in a log line; the scan stands behind it afterwards.
pub(super) fn stamp(scan: &mut Scan<'_>) -> Option<Stamp> {
    let readings: &[fn(&mut Scan<'_>) -> Option<Stamp>] = match scan.peek()? {
        b'0'..=b'9' => &[iso, time_alone, epoch, day_first],
        b'A'..=b'Z' | b'a'..=b'z' => &[month_first],
        _ => return None,
    };
    readings.iter().find_map(|reading| {
        let mut tried = *scan;
        let found = reading(&mut tried)?;
        *scan = tried;
        Some(found)
    })
}

/// `2026-11-21T18:46:24.123+05:30` and its kin.
fn iso(scan: &mut Scan<'_>) -> Option<Stamp> {
    let year = scan.number(4)?;
    let (month, day) = match scan.any(b"-/.") {
        Some(between) => (scan.number(2)?, scan.eat(between).and_then(|()| scan.number(2))?),
        None => (scan.number(2)?, scan.number(2)?),
    };
    scan.any(b"T t_")?;
    let days = days_since_1970(i64::from(year), month, day)?;
    clock(scan, Day::Known(days))
}

/// `18:46:24` with no day.
fn time_alone(scan: &mut Scan<'_>) -> Option<Stamp> {
    if !matches!(scan.0, [_, _, b':', _, _, b':', ..]) {
        return None;
    }
    clock(scan, Day::Unsaid)
}

/// `21/Nov/2026:18:46:24 +0000` of access logs, `21-Nov-2026 18:46:24.123` of Tomcat.
pub(super) fn day_first(scan: &mut Scan<'_>) -> Option<Stamp> {
    let day = scan.number(2)?;
    let between = scan.any(b"/- ")?;
    let month = month_name(scan)?;
    scan.eat(between)?;
    let year = scan.number(4)?;
    scan.any(b": T")?;
    let days = days_since_1970(i64::from(year), month, day)?;
    clock(scan, Day::Known(days))
}

/// `Nov 21 18:46:24`, `Sat Nov 21 18:46:24.123 2026`, `Nov 21 2026 18:46:24`.
fn month_first(scan: &mut Scan<'_>) -> Option<Stamp> {
    let month = if let Some(month) = month_name(scan) {
        month
    } else {
        weekday(scan)?;
        month_name(scan)?
    };
    scan.eat(b' ')?;
    let day = if scan.eat(b' ').is_some() { scan.number(1)? } else { scan.number(2).or_else(|| scan.number(1))? };
    scan.eat(b' ')?;
    let mut ahead = *scan;
    let early = ahead.number(4).filter(|_| ahead.eat(b' ').is_some());
    if early.is_some() {
        *scan = ahead;
    }
    let Stamp::Clock { second, nano, offset, .. } = clock(scan, Day::Unsaid)? else { return None };
    let mut behind = *scan;
    let late = || behind.eat(b' ').and_then(|()| behind.number(4)).filter(|y| (1990..2200).contains(y));
    let year = early.or_else(late);
    if early.is_none() && year.is_some() {
        scan.skip(5);
    }
    let day = match year {
        Some(year) => Day::Known(days_since_1970(i64::from(year), month, day)?),
        None if (1..=12).contains(&month) && (1..=31).contains(&day) => Day::Yearless(month, day),
        None => return None,
    };
    Some(Stamp::Clock { day: ReadDay(day), second, nano, offset })
}

/// `1121 18:46:24.123456` behind the letter of klog.
pub(super) fn klog(scan: &mut Scan<'_>) -> Option<Stamp> {
    let (month, day) = (scan.number(2)?, scan.number(2)?);
    scan.eat(b' ')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    clock(scan, Day::Yearless(month, day))
}

/// `1766335584`, with a fraction, or in milli-, micro- or nanoseconds.
pub(super) fn epoch(scan: &mut Scan<'_>) -> Option<Stamp> {
    let digits = scan.digits();
    let number = || digits.iter().try_fold(0_i64, |n, d| n.checked_mul(10)?.checked_add(i64::from(d - b'0')));
    let (per_second, nanos_each) = match digits.len() {
        9 | 10 => (1, 0),
        12 | 13 => (1000, 1_000_000),
        15 | 16 => (1_000_000, 1000),
        18 | 19 => (1_000_000_000, 1),
        _ => return None,
    };
    let number = number()?;
    let mut nano = u32::try_from(number % per_second).ok()? * nanos_each;
    if scan.eat(b'.').is_some() {
        let fraction = scan.digits();
        if per_second == 1 {
            nano = nanoseconds(fraction);
        }
    }
    match scan.peek() {
        Some(b' ' | b'\t' | b']' | b',' | b'|' | b')' | b'"' | b':') | None => {}
        _ => return None,
    }
    Some(Stamp::Epoch { second: number / per_second, nano })
}

/// The time of day with its fraction and its zone.
fn clock(scan: &mut Scan<'_>, day: Day) -> Option<Stamp> {
    let hour = scan.number(2)?;
    scan.eat(b':')?;
    let minute = scan.number(2)?;
    let second = if scan.eat(b':').is_some() { scan.number(2)? } else { 0 };
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let nano = match scan.0 {
        [b'.' | b',', b'0'..=b'9', ..] => {
            scan.skip(1);
            nanoseconds(scan.digits())
        }
        _ => 0,
    };
    if scan.peek().is_some_and(|b| b.is_ascii_digit()) {
        return None;
    }
    let second = i64::from(hour * 3600 + minute * 60 + second);
    Some(Stamp::Clock { day: ReadDay(day), second, nano, offset: offset(scan) })
}

/// `Z`, `+05:30`, `+0530`, ` UTC`; none leaves the scan where it is.
fn offset(scan: &mut Scan<'_>) -> Option<i32> {
    let mut tried = *scan;
    let spaced = tried.eat(b' ').is_some();
    let ends = |rest: &[u8]| !rest.first().is_some_and(u8::is_ascii_alphanumeric);
    let found = match tried.0 {
        [b'Z' | b'z', rest @ ..] if ends(rest) => {
            tried.skip(1);
            0
        }
        [b'U', b'T', b'C', rest @ ..] | [b'G', b'M', b'T', rest @ ..] if ends(rest) => {
            tried.skip(3);
            0
        }
        [sign @ (b'+' | b'-'), ..] => {
            tried.skip(1);
            let hours = tried.number(2)?;
            let colon = tried.eat(b':').is_some();
            let minutes = tried.number(2);
            if (minutes.is_none() && (spaced || colon)) || hours > 18 || !ends(tried.0) {
                return None;
            }
            let east = i32::try_from(hours * 3600 + minutes.unwrap_or(0) * 60).ok()?;
            if *sign == b'-' { -east } else { east }
        }
        _ => return None,
    };
    *scan = tried;
    Some(found)
}

/// `Sat `, in front of a month.
fn weekday(scan: &mut Scan<'_>) -> Option<()> {
    let days = [b"Mon ", b"Tue ", b"Wed ", b"Thu ", b"Fri ", b"Sat ", b"Sun "];
    days.iter().any(|day| scan.0.starts_with(*day)).then(|| scan.skip(4))
}

fn month_name(scan: &mut Scan<'_>) -> Option<u32> {
    let [a, b, c, ..] = scan.0 else { return None };
    let number = match &[a.to_ascii_lowercase(), b.to_ascii_lowercase(), c.to_ascii_lowercase()] {
        b"jan" => 1,
        b"feb" => 2,
        b"mar" => 3,
        b"apr" => 4,
        b"may" => 5,
        b"jun" => 6,
        b"jul" => 7,
        b"aug" => 8,
        b"sep" => 9,
        b"oct" => 10,
        b"nov" => 11,
        b"dec" => 12,
        _ => return None,
    };
    scan.skip(3);
    Some(number)
}

/// Days from 1970-01-01 to a date, or none if there is no such date. Counts years from March, so that the leap day is
/// the last of its year.
fn days_since_1970(year: i64, month: u32, day: u32) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let last = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return None,
    };
    if day == 0 || day > last {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let of_era = year.rem_euclid(400);
    let of_year = (153 * i64::from((month + 9) % 12) + 2) / 5 + i64::from(day) - 1;
    Some(year.div_euclid(400) * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The year of a day since 1970.
fn year_of(days: i64) -> i64 {
    let guess = 1970 + days.div_euclid(366);
    (guess..guess + 60)
        .take_while(|y| days_since_1970(*y, 1, 1).is_some_and(|first| first <= days))
        .last()
        .unwrap_or(guess)
}
