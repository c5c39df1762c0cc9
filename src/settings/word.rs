//! Small readers of words: durations, nearest names, lists of names for a sentence.

use std::time::Duration;

/// Reads `800ms`, `5s`, `1m30s`, `12h`, `21d`, `2w`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let letters = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let seconds = match rest.get(..letters)? {
            "ms" => 0.001,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3_600.0,
            "d" => 86_400.0,
            "w" => 604_800.0,
            _ => return None,
        };
        total = total.checked_add(Duration::try_from_secs_f64(number * seconds).ok()?)?;
        rest = rest.get(letters..)?.trim_start();
    }
    Some(total)
}

/// The candidate most like a word, if any is like it at all.
pub fn nearest<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|c| (strsim::damerau_levenshtein(&word, &c.to_lowercase()), c))
        .filter(|(distance, c)| {
            let longest = word.chars().count().max(c.chars().count());
            *distance * 5 <= longest * 2 || (word.len() > 2 && c.to_lowercase().starts_with(&word))
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, c)| c)
}

/// The help for a wrong name: the nearest right one, or all of them when there are few.
pub fn hint<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str> + Clone) -> String {
    if let Some(near) = nearest(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let mut all: Vec<&str> = candidates.into_iter().collect();
    all.sort_unstable();
    all.dedup();
    match all.as_slice() {
        [] => String::new(),
        [one] => format!("it can only be `{one}`"),
        _ => format!("one of {}", few(&all.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>())),
    }
}

/// Words for a sentence: all of them when there are few, otherwise the first and how many more.
pub fn few(words: &[String]) -> String {
    match words.len() {
        0..=16 => words.join(", "),
        n => format!("{} and {} more", words.get(..12).unwrap_or_default().join(", "), n - 12),
    }
}

/// `` `a`, `b`, `c` ``
pub fn list(words: &[&str]) -> String {
    words.iter().map(|w| format!("`{w}`")).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("800ms"), Some(Duration::from_millis(800)));
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("21d"), Some(Duration::from_hours(504)));
        assert_eq!(duration("1.5 s"), None);
        for bad in ["", "5", "s", "5 parsecs", "-1s", "1e9s", "99999999999999999999w"] {
            assert_eq!(duration(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_nearest_word_is_found_and_a_strange_one_is_not() {
        assert_eq!(nearest("tmeout", ["timeout", "every"]), Some("timeout"));
        assert_eq!(nearest("env", ["environments", "hosts"]), Some("environments"));
        assert_eq!(nearest("xyzzy", ["timeout", "every"]), None);
    }
}
