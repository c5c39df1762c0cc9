//! What a file that was found, or not, means. Pure: what the machine tells and the rules come in, an observation goes
//! out. Ages are taken by the machine's own clock, so a wrong one here or there changes nothing.

use std::fmt;
use std::time::Duration;

use super::super::figures::{of_size, span};
use super::super::threshold::Threshold;
use super::trace::{Seen, Trace};
use crate::model::{Observation, Outcome, Text};

/// The files that are looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The folder, from the root.
    pub folder: String,
    /// A name in it, or a pattern of names.
    pub name: String,
    /// Whether it is a pattern.
    pub is_pattern: bool,
}

/// Bounds of a number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bounds {
    /// Not less.
    pub at_least: Option<u64>,
    /// Not more.
    pub at_most: Option<u64>,
}

/// What a file should be.
#[derive(Debug)]
pub struct Rules {
    /// How old the newest may be.
    pub age: Threshold<Duration>,
    /// How large it should be.
    pub size: Bounds,
    /// How many should match.
    pub count: Bounds,
    /// By how many hundredths it may be smaller than the one before.
    pub shrink: Option<u64>,
    /// It must not be there.
    pub absent: bool,
}

/// A clock is set right by less than this; a file from further ahead has a wrong time.
const AHEAD: i64 = 60;

impl Wanted {
    /// Cuts a path; the error is what is wrong with it and what to write.
    pub fn parse(path: &str) -> Result<Self, (String, String)> {
        let wrong = |why: &str, help: &str| Err((format!("\"{path}\" {why}"), help.to_owned()));
        let Some((folder, name)) = path.rsplit_once('/').filter(|_| path.starts_with('/')) else {
            return wrong("is not a whole path", "write the path from the root: file = \"/backups/*.gz\"");
        };
        if matches!(name, "" | "." | "..") {
            return wrong("names no file", "end it in a name or a pattern: file = \"/backups/*.gz\"");
        }
        if path.contains(|c: char| c.is_control() || c == '\\') {
            return wrong("holds a backslash or a control character", "put `?` in the place of a strange character");
        }
        if folder.contains(['*', '?', '[']) {
            let help = "only the last part may hold `*`, `?` or `[`; make a probe for each folder";
            return wrong("has a pattern in the name of a folder", help);
        }
        let folder = if folder.is_empty() { "/" } else { folder };
        let is_pattern = name.contains(['*', '?', '[']);
        Ok(Self { folder: folder.to_owned(), name: name.to_owned(), is_pattern })
    }

    /// The path of a file of the folder.
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder.trim_end_matches('/'))
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path(&self.name))
    }
}

/// What was found means this.
pub fn judge(trace: &Trace, wanted: &Wanted, rules: &Rules, place: &str) -> Observation {
    let gone = |words: String| if rules.absent { Observation::new(Outcome::Pass) } else { Observation::fail(words) };
    match trace {
        Trace::Missing if wanted.is_pattern => gone(format!("no file matches {wanted} on {place}")),
        Trace::Missing => gone(format!("there is no {wanted} on {place}")),
        Trace::NoFolder => gone(format!("there is no folder {} on {place}", wanted.folder)),
        Trace::Denied(folder) => {
            Observation::unknown(format!("the user may not look into {folder} on {place}, so {wanted} cannot be seen"))
        }
        Trace::Found { name, newest, previous, matches, now } => {
            let found = Found {
                path: wanted.path(name.as_str()),
                newest,
                previous: previous.as_ref(),
                matches: *matches,
                now: *now,
            };
            found.judge(name.as_str(), rules, place)
        }
    }
}

struct Found<'t> {
    path: String,
    newest: &'t Seen,
    previous: Option<&'t Seen>,
    matches: u64,
    now: Option<i64>,
}

impl Found<'_> {
    fn judge(&self, name: &str, rules: &Rules, place: &str) -> Observation {
        let mut seen = Observation::new(Outcome::Pass);
        if rules.absent {
            let since = self.age().and_then(|age| u64::try_from(age).ok()).map(Duration::from_secs);
            let since = since.map(|age| format!("; it was changed {} ago", span(age))).unwrap_or_default();
            seen.worsen(Outcome::Fail, format!("{} is there on {place}, but should not be{since}", self.path));
        } else {
            self.judge_age(&mut seen, name, rules, place);
            self.judge_size(&mut seen, name, rules, place);
            self.judge_count(&mut seen, rules);
        }
        self.add_facts(&mut seen);
        seen
    }

    /// Seconds since it was changed; less than nothing when its time is yet to come.
    fn age(&self) -> Option<i64> {
        self.now?.checked_sub(self.newest.changed?)
    }

    fn judge_age(&self, seen: &mut Observation, name: &str, rules: &Rules, place: &str) {
        if rules.age == Threshold::OFF {
            return;
        }
        match self.age() {
            None => {
                let needs = "it needs `date`, and `stat` or `date -r`";
                seen.worsen(Outcome::Unknown, format!("{place} cannot tell the age of {name}: {needs}"));
            }
            Some(age) if age < -AHEAD => {
                let ahead = span(Duration::from_secs(age.unsigned_abs()));
                let words = format!("{name} has a time {ahead} ahead of the clock of {place}, so its age says nothing");
                seen.worsen(Outcome::Degraded, words);
            }
            Some(age) => {
                let age = Duration::from_secs(u64::try_from(age).unwrap_or(0));
                if let Some((outcome, limit)) = rules.age.judge(age) {
                    seen.worsen(outcome, format!("{name} is {} old, limit {}", span(age), span(limit)));
                }
            }
        }
    }

    fn judge_size(&self, seen: &mut Observation, name: &str, rules: &Rules, place: &str) {
        let bounded = rules.size != Bounds::default() || rules.shrink.is_some();
        let Some(size) = self.newest.size else {
            if bounded {
                let why = if self.newest.is_folder { "it is a folder" } else { "it needs `stat` or `ls`" };
                seen.worsen(Outcome::Unknown, format!("{place} cannot tell the size of {name}: {why}"));
            }
            return;
        };
        let told = exact(size);
        if let Some(least) = rules.size.at_least.filter(|least| size < *least) {
            seen.worsen(Outcome::Fail, format!("{name} has {told}, expected at least {}", of_size(least)));
        }
        if let Some(most) = rules.size.at_most.filter(|most| size > *most) {
            seen.worsen(Outcome::Degraded, format!("{name} has {told}, expected at most {}", of_size(most)));
        }
        let before = self.previous.and_then(|previous| previous.size);
        if let (Some(shrink), Some(before)) = (rules.shrink, before) {
            let lost = u128::from(before.saturating_sub(size)) * 100;
            if lost > u128::from(before) * u128::from(shrink) {
                let percent = lost / u128::from(before.max(1));
                let words =
                    format!("{name} has {told}, {percent} % less than the {} of the one before", of_size(before));
                seen.worsen(Outcome::Degraded, words);
            }
        }
    }

    fn judge_count(&self, seen: &mut Observation, rules: &Rules) {
        let files =
            if self.matches == 1 { "1 file matches".to_owned() } else { format!("{} files match", self.matches) };
        if let Some(least) = rules.count.at_least.filter(|least| self.matches < *least) {
            seen.worsen(Outcome::Degraded, format!("{files}, expected at least {least}"));
        }
        if let Some(most) = rules.count.at_most.filter(|most| self.matches > *most) {
            seen.worsen(Outcome::Degraded, format!("{files}, expected at most {most}"));
        }
    }

    fn add_facts(&self, seen: &mut Observation) {
        let mut fact = |name: &str, value: Option<String>| {
            if let Some(value) = value {
                seen.facts.push(crate::model::Fact { name: name.into(), value: Text::line_at_most(&value, 300) });
            }
        };
        let age = |age: i64| match u64::try_from(age) {
            Ok(age) => span(Duration::from_secs(age)),
            Err(_) => format!("{} ahead", span(Duration::from_secs(age.unsigned_abs()))),
        };
        fact("path", Some(self.path.clone()));
        fact("age", self.age().map(age));
        fact("size", self.newest.size.map(of_size));
        fact("previous size", self.previous.and_then(|previous| previous.size).map(of_size));
        fact("matches", Some(self.matches.to_string()));
    }
}

/// A size, with nothing called nothing.
fn exact(size: u64) -> String {
    if size == 0 { "no content".to_owned() } else { of_size(size) }
}
