//! What the lines that apply have chosen so far: the first value wins, files add up. Checks how a value is written
//! before it takes it; gives no defaults.

use std::collections::HashMap;
use std::time::Duration;

use super::destination::Destination;
use super::keyword::{Keyword, Shape};
use super::line::{Line, Word};
use super::note::{Notes, Place, shown};

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Value {
    pub(super) words: Vec<String>,
    pub(super) place: Place,
}

impl Value {
    /// Its first word.
    pub(super) fn first(&self) -> &str {
        self.words.first().map_or("", String::as_str)
    }
}

/// The values so far, by keyword.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    values: HashMap<&'static str, Value>,
    files: HashMap<&'static str, Vec<Value>>,
}

impl Chosen {
    /// The value of a keyword.
    pub(super) fn get(&self, keyword: &str) -> Option<&Value> {
        self.values.get(keyword)
    }

    /// Its first word.
    pub(super) fn word(&self, keyword: &str) -> Option<&str> {
        self.get(keyword).map(Value::first)
    }

    /// All files of a keyword.
    pub(super) fn files(&self, keyword: &str) -> &[Value] {
        self.files.get(keyword).map_or(&[], Vec::as_slice)
    }

    /// Sets a value over what is there.
    pub(super) fn set(&mut self, keyword: &'static str, word: impl Into<String>, place: Place) {
        self.values.insert(keyword, Value { words: vec![word.into()], place });
    }

    /// Takes in a line that applies.
    pub(super) fn take(&mut self, keyword: Keyword, line: &Line, place: &Place, notes: &mut Notes) {
        let value_place = place.at(line.rest_column);
        let words = match read(keyword, line) {
            Ok(words) => words,
            Err((what, help)) => return notes.fatal(&value_place, keyword.name, what, help),
        };
        let value = Value { words, place: value_place };
        match keyword.shape {
            Shape::Files => {
                let files = self.files.entry(keyword.name).or_default();
                if files.iter().all(|f| f.words != value.words) {
                    files.push(value);
                }
            }
            // As OpenSSH has it, `none` leaves the time open for a later line.
            Shape::Time if value.first() == "none" => {}
            // Whichever comes first keeps the other out.
            _ if self.values.contains_key(rival(keyword.name)) => {}
            _ => {
                self.values.entry(keyword.name).or_insert(value);
            }
        }
    }
}

/// The words of a value when they are as the keyword wants them; otherwise what is wrong and what to write.
fn read(keyword: Keyword, line: &Line) -> Result<Vec<String>, (String, String)> {
    let name = keyword.name;
    if line.rest.is_empty() {
        return Err((format!("`{name}` has no value"), "write one after it or drop the line".to_owned()));
    }
    if matches!(keyword.shape, Shape::Rest | Shape::Jump) {
        let rest = line.rest.trim_start_matches([' ', '\t', '=']);
        if keyword.shape == Shape::Rest {
            return Ok(vec![rest.to_owned()]);
        }
        let rest = rest.split('#').next().unwrap_or_default().trim_end();
        return check_jump(rest).map(|()| vec![rest.to_owned()]);
    }
    let unclosed = || (format!("a quote in `{name}` does not close"), "close it or write `\\\"`".to_owned());
    let words = line.words.as_ref().ok_or_else(unclosed)?;
    let missing = || (format!("`{name}` has no value"), "write one after it or drop the line".to_owned());
    let (first, more) = words.split_first().ok_or_else(missing)?;
    if words.iter().any(|w| w.text.is_empty()) {
        return Err(missing());
    }
    if keyword.shape == Shape::Words {
        check_files(name, words)?;
    } else if let Some(second) = more.first() {
        let what = format!("`{name}` takes one value, and `{}` is a second one", shown(&second.text));
        return Err((what, "put quotes around a value with blanks".to_owned()));
    }
    check(keyword, &first.text)?;
    Ok(words.iter().map(|w| w.text.clone()).collect())
}

/// `ProxyCommand` and `ProxyJump` keep each other out.
fn rival(name: &str) -> &'static str {
    match name {
        "ProxyCommand" => "ProxyJump",
        "ProxyJump" => "ProxyCommand",
        _ => "",
    }
}

fn check_files(name: &str, words: &[Word]) -> Result<(), (String, String)> {
    if words.len() > 1 && words.iter().any(|w| w.text.eq_ignore_ascii_case("none")) {
        return Err((format!("`none` stands beside files in `{name}`"), "write `none` alone or drop it".to_owned()));
    }
    Ok(())
}

fn check_jump(text: &str) -> Result<(), (String, String)> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(());
    }
    for hop in text.split(',') {
        hop.trim()
            .parse::<Destination>()
            .map_err(|e| (format!("`{}` in `ProxyJump` cannot be read", shown(hop)), e.to_string()))?;
    }
    Ok(())
}

fn check(keyword: Keyword, word: &str) -> Result<(), (String, String)> {
    let (is_right, help) = match keyword.shape {
        Shape::Flag => (flag(word).is_some(), "write `yes` or `no`"),
        Shape::Time => (word == "none" || time(word).is_some(), "write seconds or a time such as `1m30s`"),
        Shape::Count => (count(word).is_some(), "write a whole number"),
        Shape::Port => (port(word).is_some(), "write a number from 1 to 65535"),
        Shape::Family => {
            let word = word.to_ascii_lowercase();
            (matches!(word.as_str(), "any" | "inet" | "inet6"), "write `any`, `inet` or `inet6`")
        }
        Shape::Agent => (agent(word), "write a path, `none` or a variable such as `$SSH_AUTH_SOCK`"),
        _ => return Ok(()),
    };
    if is_right {
        Ok(())
    } else {
        Err((format!("`{}` is no value of `{}`", shown(word), keyword.name), help.to_owned()))
    }
}

/// `yes` or `no`.
pub(super) fn flag(word: &str) -> Option<bool> {
    match word.to_ascii_lowercase().as_str() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

/// A port.
pub(super) fn port(word: &str) -> Option<u16> {
    word.parse().ok().filter(|port| *port > 0)
}

/// A whole number as OpenSSH takes it.
pub(super) fn count(word: &str) -> Option<u32> {
    word.parse::<i32>().ok()?.try_into().ok()
}

/// Seconds, or numbers with `s`, `m`, `h`, `d`, `w`.
pub(super) fn time(word: &str) -> Option<Duration> {
    let mut rest = word;
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, after) = rest.split_at(end);
        let unit = after.chars().next();
        let factor = match unit.map(|c| c.to_ascii_lowercase()) {
            None | Some('s') => 1,
            Some('m') => 60,
            Some('h') => 3_600,
            Some('d') => 86_400,
            Some('w') => 604_800,
            Some(_) => return None,
        };
        seconds = seconds.checked_add(number.parse::<u64>().ok()?.checked_mul(factor)?)?;
        rest = after.get(unit.map_or(0, char::len_utf8)..)?;
    }
    let fits = !word.is_empty() && i32::try_from(seconds).is_ok();
    fits.then(|| Duration::from_secs(seconds))
}

/// A variable of the old form must be one that a shell could set.
fn agent(word: &str) -> bool {
    match word.strip_prefix('$') {
        Some(name) if !name.starts_with('{') => {
            !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_openssh_reads_them() {
        for (word, seconds) in [("0", 0), ("30", 30), ("1m30s", 90), ("1H", 3_600), ("2d", 172_800), ("1w1", 604_801)] {
            assert_eq!(time(word), Some(Duration::from_secs(seconds)), "{word}");
        }
        for word in ["", "s", "1x", "-1", "99999999999", "1m 2s", "1é"] {
            assert_eq!(time(word), None, "{word}");
        }
    }

    #[test]
    fn numbers_and_ports_out_of_range_are_refused() {
        assert_eq!((count("3"), count("-1"), count("2147483648"), count("x")), (Some(3), None, None, None));
        assert_eq!((port("22"), port("0"), port("65536")), (Some(22), None, None));
    }
}
