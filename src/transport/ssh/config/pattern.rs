//! The patterns of ssh_config(5): `*`, `?`, lists with commas and `!`; and the wider ones of a file name in `Include`.
//! Compares text; never looks at a file.

/// Whether `text` is what `pattern` describes: `*` stands for anything, `?` for one character.
pub(super) fn matches(text: &str, pattern: &str) -> bool {
    let parts: Vec<Part> = pattern
        .chars()
        .map(|c| match c {
            '*' => Part::Any,
            '?' => Part::One,
            c => Part::Just(c),
        })
        .collect();
    walk(text, &parts)
}

/// Whether a list such as `*.example.net,!bad.example.net` takes `text`: one pattern must fit, and none that is denied.
pub(super) fn list_matches(text: &str, list: &str) -> bool {
    let mut fits = false;
    for pattern in list.split(',') {
        let (is_denied, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |rest| (true, rest));
        if matches(text, pattern) {
            if is_denied {
                return false;
            }
            fits = true;
        }
    }
    fits
}

/// As [`list_matches`] for the name of a host, whose case says nothing.
pub(super) fn host_matches(host: &str, list: &str) -> bool {
    list_matches(&host.to_ascii_lowercase(), &list.to_ascii_lowercase())
}

/// Whether a part of a path stands for several names.
pub(super) fn is_wild(name: &str) -> bool {
    name.contains(['*', '?', '[', '\\'])
}

/// Whether a file name fits a part of a glob: also `[a-z]`, `[!a]` and `\`. A leading dot must be written.
pub(super) fn name_matches(name: &str, glob: &str) -> bool {
    let parts = glob_parts(glob);
    if name.starts_with('.') && parts.first() != Some(&Part::Just('.')) {
        return false;
    }
    walk(name, &parts)
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Just(char),
    Set { not: bool, ranges: Vec<(char, char)> },
}

impl Part {
    fn takes(&self, c: char) -> bool {
        match self {
            Self::Any | Self::One => true,
            Self::Just(own) => *own == c,
            Self::Set { not, ranges } => ranges.iter().any(|(from, to)| (*from..=*to).contains(&c)) != *not,
        }
    }
}

fn glob_parts(glob: &str) -> Vec<Part> {
    let chars: Vec<char> = glob.chars().collect();
    let mut parts = Vec::with_capacity(chars.len());
    let mut at = 0;
    while let Some(c) = chars.get(at) {
        at += 1;
        match c {
            '*' => parts.push(Part::Any),
            '?' => parts.push(Part::One),
            '\\' => {
                parts.push(Part::Just(*chars.get(at).unwrap_or(&'\\')));
                at += 1;
            }
            '[' => match set(chars.get(at..).unwrap_or_default()) {
                Some((set, length)) => {
                    parts.push(set);
                    at += length;
                }
                None => parts.push(Part::Just('[')),
            },
            c => parts.push(Part::Just(*c)),
        }
    }
    parts
}

/// What follows `[` up to its `]`, and how long that is. A `]` that comes first is one of the set.
fn set(chars: &[char]) -> Option<(Part, usize)> {
    let not = matches!(chars.first(), Some('!' | '^'));
    let mut at = usize::from(not);
    let first = at;
    let mut ranges = Vec::new();
    loop {
        let from = *chars.get(at)?;
        if from == ']' && at > first {
            return Some((Part::Set { not, ranges }, at + 1));
        }
        let end = chars.get(at + 2).filter(|end| chars.get(at + 1) == Some(&'-') && **end != ']');
        ranges.push((from, *end.unwrap_or(&from)));
        at += if end.is_some() { 3 } else { 1 };
    }
}

/// Goes through the text once, with all places of the pattern where one may be at that time: no pattern is slow.
fn walk(text: &str, parts: &[Part]) -> bool {
    let mut open = vec![false; parts.len() + 1];
    if let Some(start) = open.first_mut() {
        *start = true;
    }
    pass_over(&mut open, parts);
    for c in text.chars() {
        let mut next = vec![false; open.len()];
        for (at, part) in parts.iter().enumerate() {
            if open.get(at) == Some(&true) && part.takes(c) {
                let to = if *part == Part::Any { at } else { at + 1 };
                if let Some(place) = next.get_mut(to) {
                    *place = true;
                }
            }
        }
        pass_over(&mut next, parts);
        open = next;
    }
    open.last() == Some(&true)
}

/// A `*` may stand for nothing.
fn pass_over(open: &mut [bool], parts: &[Part]) {
    for (at, part) in parts.iter().enumerate() {
        if *part == Part::Any
            && open.get(at) == Some(&true)
            && let Some(after) = open.get_mut(at + 1)
        {
            *after = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_takes_any_run_and_a_question_mark_one_character() {
        for (text, pattern) in [("a", "*"), ("", "*"), ("", ""), ("db1", "db?"), ("aXbXc", "a*b*c"), ("é", "?")] {
            assert!(matches(text, pattern), "{text} {pattern}");
        }
        for (text, pattern) in [("db", "db?"), ("db12", "db?"), ("a", ""), ("DB", "db"), ("ab", "a"), ("[a]", "[b]")] {
            assert!(!matches(text, pattern), "{text} {pattern}");
        }
    }

    #[test]
    fn a_pattern_full_of_stars_is_not_slow() {
        assert!(!matches(&"a".repeat(2_000), &format!("{}b", "a*".repeat(500))));
    }

    #[test]
    fn a_list_needs_one_that_fits_and_none_that_is_denied() {
        assert!(list_matches("web", "db,web"));
        assert!(!list_matches("web", "*,!web"));
        assert!(!list_matches("web", "!db"), "a list of denials alone takes nothing");
        assert!(host_matches("WEB.example.net", "web.EXAMPLE.*"));
    }

    #[test]
    fn names_of_files_fit_globs_as_in_a_shell() {
        for (name, glob) in
            [("a.conf", "*.conf"), ("10-a", "[0-9]*"), ("b", "[!a]"), ("]", "[]]"), ("*", "\\*"), (".x", ".*")]
        {
            assert!(name_matches(name, glob), "{name} {glob}");
        }
        for (name, glob) in [(".x", "*"), ("a", "[!a]"), ("ab", "\\*"), ("x", "[x")] {
            assert!(!name_matches(name, glob), "{name} {glob}");
        }
    }
}
