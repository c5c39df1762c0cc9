//! Rules of an environment for acting: how strongly plans are confirmed, when nothing is started, where hosts keep what
//! several operators share. They can raise the protection of a tier, never lower it.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::acting::{Peak, Policy};
use crate::model::{Environment, Level};
use crate::settings::Section;

/// Reads `confirm`, `peak` and `state`.
pub fn read(environment: &Environment, section: &Section<'_>) -> Policy {
    let zone = environment.timezone.as_deref().and_then(|zone| TimeZone::get(zone).ok());
    Policy {
        tier: environment.tier,
        level: level(environment, section),
        peak: peaks(section),
        timezone: zone.unwrap_or(TimeZone::UTC),
        state: state(section),
    }
}

fn level(environment: &Environment, section: &Section<'_>) -> Level {
    let of_tier = Level::of(environment.tier);
    let Some(asked) = section.whole("confirm", 0..=3).map(|n| Level::from_number(n as u8)) else { return of_tier };
    if asked < of_tier {
        let tier = environment.tier.word();
        let message = format!("`confirm` cannot go below {}, the level of {tier}", of_tier.number());
        section.faults().warn(section.place_of("confirm"), message, "remove it, or raise it");
    }
    asked.max(of_tier)
}

fn peaks(section: &Section<'_>) -> Vec<Peak> {
    let written = section.texts_and_places("peak").unwrap_or_default();
    let read = written.into_iter().filter_map(|(text, place)| {
        let peak = peak(&text);
        if peak.is_none() {
            let help = "write days and times: \"Mon-Fri 09:00-19:00\", \"Sat,Sun 22:00-02:00\" or \"08:00-10:00\"";
            section.faults().error(place, format!("\"{text}\" is no time of the week"), help);
        }
        peak
    });
    read.collect()
}

/// `Mon-Fri 09:00-19:00`; without days it is every day.
pub fn peak(text: &str) -> Option<Peak> {
    let (days, times) = match text.trim().rsplit_once(char::is_whitespace) {
        Some((days, times)) => (days_of(days)?, times),
        None => (ALL.map(|(_, day)| day).to_vec(), text.trim()),
    };
    let (from, to) = times.split_once('-')?;
    let (from, to) = (time(from)?, time(to)?);
    (from != to).then(|| Peak { written: text.trim().to_owned(), days, from, to })
}

const ALL: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

fn day(text: &str) -> Option<Weekday> {
    let word = text.trim().to_lowercase();
    ALL.iter().find(|(short, _)| word == *short).map(|(_, day)| *day)
}

fn days_of(text: &str) -> Option<Vec<Weekday>> {
    let mut days = Vec::new();
    for part in text.split(',') {
        match part.split_once('-') {
            Some((first, last)) => {
                let (mut at, last) = (day(first)?, day(last)?);
                days.push(at);
                while at != last {
                    at = at.next();
                    days.push(at);
                }
            }
            None => days.push(day(part)?),
        }
    }
    Some(days)
}

/// `09:00`; `24:00` is the midnight at the end of the day.
fn time(text: &str) -> Option<Time> {
    let (hour, minute) = text.trim().split_once(':')?;
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(hour) || minute.len() != 2 || !is_number(minute) {
        return None;
    }
    match (hour.parse().ok()?, minute.parse().ok()?) {
        (24, 0) => Some(Time::midnight()),
        (hour, minute) => Time::new(hour, minute, 0, 0).ok(),
    }
}

fn state(section: &Section<'_>) -> Option<String> {
    let state = section.text("state")?;
    if !state.starts_with('/') || state.trim_end_matches('/').is_empty() || state.chars().any(char::is_control) {
        let help = "write the whole path of a folder on the hosts: state = \"/var/lib/quarterdeck\"";
        section.error("state", "`state` must be a whole path", help);
        return None;
    }
    Some(state.trim_end_matches('/').to_owned())
}
