//! Two limits for one figure, as a deck writes them: `disk = { degraded = "85%", fail = "95%" }`. Reads and compares;
//! says nothing of what the figure is.

use std::time::Duration;

use super::figures;
use crate::model::Outcome;
use crate::settings::{Section, Value};

/// From where on a figure counts as degraded and as failed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Threshold<T> {
    /// Degraded from here on.
    pub degraded: Option<T>,
    /// Failed from here on.
    pub fail: Option<T>,
}

/// How one limit is read, and what it looks like.
pub struct Form<T> {
    /// Reads the value of a key; faults are noted in the section.
    pub read: fn(&Section<'_>, &str) -> Option<T>,
    /// Both keys as they would stand in a deck.
    pub example: &'static str,
}

/// A share: `"85%"`.
pub const SHARE: Form<u64> = Form { read: share, example: r#"degraded = "85%", fail = "95%""# };
/// A load by the number of CPUs: `"4 per cpu"`.
pub const PER_CPU: Form<f64> = Form { read: per_cpu, example: r#"degraded = "4 per cpu""# };
/// A time: `"25h"`.
pub const TIME: Form<Duration> =
    Form { read: |section, key| section.duration(key), example: r#"degraded = "25h", fail = "49h""# };

impl<T: PartialOrd + Copy> Threshold<T> {
    /// Nothing is judged.
    pub const OFF: Self = Self { degraded: None, fail: None };

    /// Both limits.
    pub const fn new(degraded: T, fail: T) -> Self {
        Self { degraded: Some(degraded), fail: Some(fail) }
    }

    /// What a figure means, and the limit that it has reached.
    pub fn judge(&self, figure: T) -> Option<(Outcome, T)> {
        let reached = |limit: Option<T>| limit.filter(|limit| figure >= *limit);
        let fail = reached(self.fail).map(|limit| (Outcome::Fail, limit));
        fail.or_else(|| reached(self.degraded).map(|limit| (Outcome::Degraded, limit)))
    }

    /// Reads `key = { degraded = …, fail = … }` over what holds otherwise; `key = "ignore"` judges nothing.
    pub fn read(section: &Section<'_>, key: &str, otherwise: Self, form: &Form<T>) -> Self {
        match section.entry(key).map(|entry| &entry.node.value) {
            None => return otherwise,
            Some(Value::Text(text)) if text == "ignore" => return Self::OFF,
            Some(Value::Table(_)) => {}
            Some(other) => {
                let message = format!("`{key}` must be two limits or \"ignore\", not {}", other.describe());
                section.error(key, message, format!("write {key} = {{ {} }}", form.example));
                return otherwise;
            }
        }
        let Some(limits) = section.section(key) else { return otherwise };
        let (degraded, fail) = ((form.read)(&limits, "degraded"), (form.read)(&limits, "fail"));
        if let (Some(low), Some(high)) = (degraded, fail)
            && high < low
        {
            let help = format!("let `fail` be the worse one: {key} = {{ {} }}", form.example);
            limits.error("fail", format!("`{key}` fails before it is degraded"), help);
        }
        limits.finish();
        // What somebody wrote stands; what holds otherwise gives way to it.
        let low = degraded.or(otherwise.degraded.filter(|low| fail.is_none_or(|high| *low <= high)));
        let high = fail.or(otherwise.fail.filter(|high| degraded.is_none_or(|low| low <= *high)));
        Self { degraded: low, fail: high }
    }
}

fn share(section: &Section<'_>, key: &str) -> Option<u64> {
    value(section, key, "a share", r#""85%""#, figures::percent)
}

fn per_cpu(section: &Section<'_>, key: &str) -> Option<f64> {
    value(section, key, "a load for each CPU", r#""4 per cpu""#, |text| {
        let (number, per) = text.trim().split_once(char::is_whitespace)?;
        let number = number.parse::<f64>().ok().filter(|n| n.is_finite() && *n > 0.0);
        number.filter(|_| per.trim().eq_ignore_ascii_case("per cpu"))
    })
}

/// A size: `"1 MiB"`.
pub fn size(section: &Section<'_>, key: &str) -> Option<u64> {
    value(section, key, "a size", r#""1 MiB""#, figures::size)
}

/// A value written as text; what cannot be read is a fault.
pub fn value<T>(
    section: &Section<'_>,
    key: &str,
    what: &str,
    example: &str,
    parse: fn(&str) -> Option<T>,
) -> Option<T> {
    let node = &section.entry(key)?.node;
    let text = match node.value {
        Value::Text(_) => section.text(key)?,
        _ => String::new(),
    };
    let read = parse(&text);
    if read.is_none() {
        let message = format!("`{key}` must be {what}, not {}", node.value.describe());
        section.error(key, message, format!("write {key} = {example}"));
    }
    read
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Fault;
    use crate::settings::{Faults, Files, Table};

    fn read<T: PartialOrd + Copy>(text: &str, otherwise: Threshold<T>, form: &Form<T>) -> (Threshold<T>, Vec<Fault>) {
        let mut files = Files::default();
        let file = files.add("quarterdeck.toml", text);
        let faults = Faults::new(&files);
        let table = Table::parse(file, &faults).unwrap();
        let read = Threshold::read(&Section::new(&table, "probe `host`", &faults), "disk", otherwise, form);
        (read, faults.into_list())
    }

    #[test]
    fn a_figure_is_judged_by_the_worst_limit_it_has_reached() {
        let limits = Threshold::new(85, 95);
        assert_eq!(limits.judge(84), None);
        assert_eq!(limits.judge(85), Some((Outcome::Degraded, 85)));
        assert_eq!(limits.judge(100), Some((Outcome::Fail, 95)));
        assert_eq!(Threshold::OFF.judge(100), None);
    }

    #[test]
    fn what_is_written_stands_and_what_holds_otherwise_gives_way() {
        let usual = Threshold::new(85, 95);
        let sound = |text| {
            let (read, faults) = read(text, usual, &SHARE);
            assert_eq!(faults, []);
            read
        };
        assert_eq!(sound(""), usual);
        assert_eq!(sound(r#"disk = { fail = "90%" }"#), Threshold::new(85, 90));
        assert_eq!(sound(r#"disk = { fail = "70%" }"#), Threshold { degraded: None, fail: Some(70) });
        assert_eq!(sound(r#"disk = { degraded = "99%" }"#), Threshold { degraded: Some(99), fail: None });
        assert_eq!(sound(r#"disk = "ignore""#), Threshold::OFF);
    }

    #[test]
    fn what_cannot_be_a_limit_is_told_with_what_to_write() {
        let told = |text| {
            let (_, faults) = read(text, Threshold::new(85, 95), &SHARE);
            let [fault] = faults.as_slice() else { panic!("{faults:?}") };
            format!("{}: {}", fault.message, fault.help.clone().unwrap())
        };
        assert_eq!(
            told("disk = 90"),
            "`disk` must be two limits or \"ignore\", not the number 90: \
             write disk = { degraded = \"85%\", fail = \"95%\" }"
        );
        assert_eq!(told("disk = { fail = 95 }"), "`fail` must be a share, not the number 95: write fail = \"85%\"");
        assert!(told(r#"disk = { degraded = "95%", fail = "85%" }"#).starts_with("`disk` fails before it is degraded"));
        assert_eq!(told(r#"disk = { degrade = "85%" }"#), "`disk` has no key `degrade`: did you mean `degraded`?");
    }

    #[test]
    fn load_is_written_by_the_number_of_cpus() {
        let (limits, faults) = read(r#"disk = { degraded = "1.5 per CPU" }"#, Threshold::OFF, &PER_CPU);
        assert_eq!((limits.degraded, faults), (Some(1.5), vec![]));
        for bad in ["4", "\"4\"", "\"-1 per cpu\"", "\"four per cpu\"", "\"inf per cpu\""] {
            let (_, faults) = read(&format!("disk = {{ degraded = {bad} }}"), Threshold::OFF, &PER_CPU);
            assert!(faults[0].help.as_deref().unwrap().contains("4 per cpu"), "{bad}");
        }
    }
}
