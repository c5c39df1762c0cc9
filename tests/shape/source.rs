//! A source file as the rules see it: its text, and the same text three times with only code, only comments or code
//! with its string literals left standing; everything else is blanked, so offsets and lines stay what they are.
//! Knows no rule.

use std::fs;
use std::path::Path;
use std::sync::LazyLock;

use regex::Regex;

/// One Rust file.
pub struct Source {
    /// From the top of the project, with slashes.
    pub path: String,
    /// As it stands on disk.
    pub text: String,
    /// Without comments and without what stands in literals.
    pub code: String,
    /// Without comments.
    pub spoken: String,
    /// Comments alone.
    pub comments: String,
}

/// Comments and literals; what comes first wins, so a quote in a comment is a comment. The name of the group says
/// which it is. Block comments are not nested here, lifetimes are no literals.
static PARTS: LazyLock<Regex> = LazyLock::new(|| {
    let pattern = r#"(?sx)
        (?<comment> //[^\n]* | /\*.*?\*/ )
        | \b[bc]?r\#\#".*?"\#\# | \b[bc]?r\#".*?"\# | \b[bc]?r"[^"]*"
        | "(?:\\.|[^"\\])*"
        | '(?:\\u\{[^}]*\}|\\x..|\\.|[^\\'])'"#;
    Regex::new(pattern).unwrap()
});

impl Source {
    /// A file from its text.
    pub fn new(path: &str, text: &str) -> Self {
        let blank =
            |s: &str| s.chars().map(|c| if c == '\n' { "\n".into() } else { " ".repeat(c.len_utf8()) }).collect();
        let mut parts = [String::new(), String::new(), String::new()];
        let mut add = |piece: &str, kept: [bool; 3]| {
            for (part, keep) in parts.iter_mut().zip(kept) {
                let blanked: String = if keep { piece.to_owned() } else { blank(piece) };
                part.push_str(&blanked);
            }
        };
        let mut end = 0;
        for found in PARTS.captures_iter(text) {
            let whole = found.get_match();
            add(&text[end..whole.start()], [true, true, false]);
            let comment = found.name("comment").is_some();
            add(whole.as_str(), [false, !comment, comment]);
            end = whole.end();
        }
        add(&text[end..], [true, true, false]);
        let [code, spoken, comments] = parts;
        Self { path: path.to_owned(), text: text.to_owned(), code, spoken, comments }
    }

    /// The line, from 1, that holds a byte.
    pub fn line(&self, offset: usize) -> usize {
        self.text.bytes().take(offset).filter(|b| *b == b'\n').count() + 1
    }

    /// Whether it belongs to a room: `src/model.rs` and what is under `src/model/`.
    pub fn is_in(&self, room: &str) -> bool {
        let Some(rest) = self.path.strip_prefix("src/").and_then(|p| p.strip_prefix(room)) else { return false };
        rest == ".rs" || rest.starts_with('/')
    }
}

/// Every file under a folder, by path from `root`; none when there is no such folder.
pub fn files(root: &Path, folder: &str) -> Vec<String> {
    let mut found = Vec::new();
    let Ok(entries) = fs::read_dir(root.join(folder)) else { return found };
    for entry in entries {
        let entry = entry.unwrap();
        let path = format!("{folder}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            found.extend(files(root, &path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Every Rust file of the project.
pub fn sources(root: &Path) -> Vec<Source> {
    ["src", "tests", "benches", "examples"]
        .iter()
        .flat_map(|folder| files(root, folder))
        .filter(|path| Path::new(path).extension().is_some_and(|e| e == "rs"))
        .map(|path| Source::new(&path, &fs::read_to_string(root.join(&path)).unwrap()))
        .collect()
}
