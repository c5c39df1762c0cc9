//! The rules that one file can keep or break by itself: length, opening lines, names, clocks, leftovers. Each is a
//! function from a file to breaches, so that a bad snippet can be fed to it. Reads text; changes nothing.

use std::fmt;
use std::sync::LazyLock;

use regex::Regex;

use crate::source::Source;

/// A rule that a file breaks, and where.
#[derive(Debug)]
pub struct Breach {
    /// The file.
    pub path: String,
    /// Its line, from 1.
    pub line: usize,
    /// What is wrong and what to do.
    pub what: String,
}

impl Breach {
    /// A breach at a byte of a file.
    pub fn new(source: &Source, offset: usize, what: impl Into<String>) -> Self {
        Self { path: source.path.clone(), line: source.line(offset), what: what.into() }
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)
    }
}

/// A rule: its breaches in one file.
pub type Rule = fn(&Source) -> Vec<Breach>;

/// Every rule on single files, by name.
pub const RULES: &[(&str, Rule)] = &[
    ("walls", crate::walls::walls),
    ("length", length),
    ("opening", opening),
    ("type names", type_names),
    ("file names", file_names),
    ("clock", clock),
    ("ignored tests", ignored),
    ("leftovers", leftovers),
    ("lints switched off", unexplained_allow),
];

/// The longest a file may be.
const MOST_LINES: usize = 400;

/// At most 400 lines.
fn length(source: &Source) -> Vec<Breach> {
    let lines = source.text.lines().count();
    if lines <= MOST_LINES {
        return Vec::new();
    }
    let what = format!("{lines} lines, at most {MOST_LINES}: give a part of it a file of its own");
    vec![Breach { path: source.path.clone(), line: MOST_LINES + 1, what }]
}

/// Opens with `//!` lines that say something: five words are the least that do.
fn opening(source: &Source) -> Vec<Breach> {
    let words = source.text.lines().map_while(|l| l.strip_prefix("//!")).flat_map(str::split_whitespace).count();
    match words {
        0 => {
            vec![Breach::new(source, 0, "does not open with `//!`: say what it owns and what it never does")]
        }
        1..5 => vec![Breach::new(source, 0, "says too little: say what it owns and what it never does")],
        _ => Vec::new(),
    }
}

static TYPE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\b(?:struct|enum|union|trait|type)\s+(?<name>[A-Z]\w*)").unwrap());
static HUMP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"[A-Z][a-z0-9]*").unwrap());

/// Words that name nothing.
const EMPTY: &[&str] = &["Manager", "Helper", "Helpers", "Util", "Utils", "Data", "Info"];

/// No type is called a manager, helper, util, data or info.
fn type_names(source: &Source) -> Vec<Breach> {
    let named = TYPE.captures_iter(&source.code).map(|c| c.name("name").unwrap());
    let empty = named.filter(|n| HUMP.find_iter(n.as_str()).any(|hump| EMPTY.contains(&hump.as_str())));
    empty
        .map(|n| {
            let what = format!("`{}` does not say what it is: name the thing it holds or does", n.as_str());
            Breach::new(source, n.start(), what)
        })
        .collect()
}

/// No file is `mod.rs` or carries a name that says nothing.
fn file_names(source: &Source) -> Vec<Breach> {
    let name = source.path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
    let what = match name {
        // Cargo would take `tests/support.rs` for a test crate of its own.
        "mod" if source.path.starts_with("src/") => "a module is `foo.rs` beside `foo/`, not `foo/mod.rs`".to_owned(),
        "manager" | "helper" | "helpers" | "util" | "utils" | "data" | "info" | "common" | "misc" => {
            format!("`{name}.rs` does not say what is in it: name it by what it holds")
        }
        _ => return Vec::new(),
    };
    vec![Breach::new(source, 0, what)]
}

static CLOCK: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?<path>(?:\w+\s*::\s*)*)(?<type>Timestamp|Zoned|SystemTime|Instant)\s*::\s*now\b").unwrap()
});
static TOKIO_INSTANT: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"\btokio::(?:\{[^;]*)?time::(?:Instant\b|\{[^;]*\bInstant\b)").unwrap());

/// The clock is read under `src/app/` alone; tokio's own, which tests can pause, may be read by sources.
fn clock(source: &Source) -> Vec<Breach> {
    if !source.path.starts_with("src/") || source.path.starts_with("src/app/") {
        return Vec::new();
    }
    let tokio_imported = TOKIO_INSTANT.is_match(&source.code);
    let pausable =
        |path: &str| path.starts_with("tokio") || path.starts_with("time::") || (path.is_empty() && tokio_imported);
    CLOCK
        .captures_iter(&source.code)
        .filter(|c| &c["type"] != "Instant" || !pausable(&c["path"]))
        .map(|c| {
            let what =
                format!("reads the clock with `{}::now`: only src/app/ does; take the time as an argument", &c["type"]);
            Breach::new(source, c.name("type").unwrap().start(), what)
        })
        .collect()
}

static IGNORED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"#\s*\[[^\]]*\bignore\b").unwrap());

/// No test is switched off.
fn ignored(source: &Source) -> Vec<Breach> {
    let found = IGNORED.find_iter(&source.code);
    found
        .map(|m| Breach::new(source, m.start(), "a test that does not run proves nothing: mend it or drop it"))
        .collect()
}

static PROMISE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&["TO", "DO|FIX", "ME|XX", "X"].concat().replace('|', r"\b|\b")).unwrap());
static STUB: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\b(?:todo|unimplemented|dbg)!").unwrap());

/// Nothing is left for later.
fn leftovers(source: &Source) -> Vec<Breach> {
    let promises = PROMISE.find_iter(&source.comments).map(|m| (m.start(), m.as_str().to_owned()));
    let stubs = STUB.find_iter(&source.code).map(|m| (m.start(), m.as_str().to_owned()));
    let all = promises.chain(stubs);
    all.map(|(at, word)| Breach::new(source, at, format!("`{word}` is left: do it or say what is not there"))).collect()
}

static ALLOW: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"#!?\[\s*(?:allow|expect)\s*\([^\]]*\]").unwrap());

/// A lint is switched off only with a reason.
fn unexplained_allow(source: &Source) -> Vec<Breach> {
    let bare = ALLOW.find_iter(&source.code).filter(|m| !m.as_str().contains("reason"));
    bare.map(|m| Breach::new(source, m.start(), "says no reason: add `reason = \"…\"`, or mend what the lint found"))
        .collect()
}
