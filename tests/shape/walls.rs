//! The walls between rooms: which of our modules and which libraries a room may name. Reads paths, not types, so a
//! re-export through an allowed room passes; the compiler keeps what this cannot see.

use std::sync::LazyLock;

use regex::Regex;

use crate::rules::Breach;
use crate::source::Source;

/// What a room may name.
struct Wall {
    room: &'static str,
    /// The only rooms of ours it may name, itself aside; none means any but those in `never`.
    only: Option<&'static [&'static str]>,
    /// Rooms and libraries it never names.
    never: &'static [&'static str],
    why: &'static str,
}

const WALLS: &[Wall] = &[
    Wall {
        room: "model",
        only: Some(&[]),
        never: &["tokio", "ratatui", "crossterm", "reqwest"],
        why: "the vocabulary is plain data that every room can speak",
    },
    Wall {
        room: "store",
        only: Some(&["model", "log"]),
        never: &["tokio", "ratatui", "crossterm", "reqwest"],
        why: "the store is a fold over events, so that a recording replays",
    },
    Wall {
        room: "log",
        only: Some(&["model"]),
        never: &["tokio", "ratatui", "crossterm", "reqwest"],
        why: "the log engine is pure, so that a recording gives the same lines",
    },
    Wall {
        room: "settings",
        only: Some(&["model", "secret"]),
        never: &["tokio", "ratatui", "crossterm", "reqwest"],
        why: "settings know how things are written, not what they mean",
    },
    Wall {
        room: "ui",
        only: None,
        never: &["source", "transport", "runner", "tokio"],
        why: "a view is a pure function of what is known; it reaches nothing and acts on nothing",
    },
];

/// Libraries that belong to a few files alone.
const KEPT: &[(&str, &[&str], &str)] = &[
    ("color_eyre", &["main", "cli"], "errors are typed at each seam; reports are made where the process ends"),
    ("eyre", &["main", "cli"], "errors are typed at each seam; reports are made where the process ends"),
    ("anyhow", &[], "errors are typed at each seam"),
];

/// `crate::x`, `super::super::x` and library paths, with what comes next: a name or a group in braces.
static PATHS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:^|[^\w:$])(?<root>crate|(?:self::)?super(?:\s*::\s*super)*)\s*::\s*(?<next>\w+|\{)").unwrap()
});

/// A room names only what its wall lets through.
pub fn walls(source: &Source) -> Vec<Breach> {
    let mut breaches = Vec::new();
    for wall in WALLS.iter().filter(|w| source.is_in(w.room)) {
        for (offset, name) in ours(source) {
            let shut = match wall.only {
                Some(only) => name != wall.room && !only.contains(&name.as_str()),
                None => wall.never.contains(&name.as_str()),
            };
            if shut {
                let what = format!("`{}` names `crate::{name}`: {}", wall.room, wall.why);
                breaches.push(Breach::new(source, offset, what));
            }
        }
        for library in wall.never.iter().filter(|name| !is_room(name)) {
            for offset in library_uses(source, library) {
                let what = format!("`{}` names `{library}`: {}", wall.room, wall.why);
                breaches.push(Breach::new(source, offset, what));
            }
        }
    }
    for (library, rooms, why) in KEPT {
        if source.path.starts_with("src/") && !rooms.iter().any(|room| source.is_in(room)) {
            let found = library_uses(source, library).into_iter();
            breaches.extend(found.map(|at| Breach::new(source, at, format!("names `{library}` here: {why}"))));
        }
    }
    breaches
}

/// Where a path starts with the name of a library.
fn library_uses(source: &Source, library: &str) -> Vec<usize> {
    // Most files name few libraries, and an expression is slow to make.
    if !source.code.contains(library) {
        return Vec::new();
    }
    let path = Regex::new(&format!(r"(?:^|[^\w:])(?:::)?(?<name>{library})\s*(?:::|;|\{{)")).unwrap();
    path.captures_iter(&source.code).map(|c| c.name("name").unwrap().start()).collect()
}

/// The top modules of ours that a file names, each with its place.
fn ours(source: &Source) -> Vec<(usize, String)> {
    let depth = source.path.trim_end_matches(".rs").split('/').count() - 1;
    let mut names = Vec::new();
    for found in PATHS.captures_iter(&source.code) {
        let root = found.name("root").unwrap().as_str();
        let climbs = root.matches("super").count();
        // In an inline module `super` climbs less far than in the file itself; what it names then is no top module.
        if root != "crate" && climbs < depth {
            continue;
        }
        let next = found.name("next").unwrap();
        let first = match next.as_str() {
            "{" => group(&source.code, next.end()),
            name => vec![(next.start(), name.to_owned())],
        };
        names.extend(first.into_iter().filter(|(_, name)| root == "crate" || is_room(name)));
    }
    names
}

/// The first names in a group that opens just before `start`.
fn group(code: &str, start: usize) -> Vec<(usize, String)> {
    let mut names = Vec::new();
    let (mut depth, mut fresh) = (0, true);
    for (at, c) in code[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => fresh = true,
            _ if depth == 0 && fresh && (c.is_alphanumeric() || c == '_') => {
                let rest = &code[start + at..];
                names.push((start + at, rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()));
                fresh = false;
            }
            _ => {}
        }
    }
    names
}

/// Whether it is the name of one of the rooms of the house.
fn is_room(name: &str) -> bool {
    const ROOMS: &[&str] = &[
        "app",
        "cli",
        "command",
        "config",
        "demo",
        "exit",
        "keymap",
        "log",
        "model",
        "rules",
        "runbook",
        "runner",
        "secret",
        "settings",
        "source",
        "store",
        "theme",
        "transport",
        "ui",
        "update",
    ];
    ROOMS.contains(&name)
}
