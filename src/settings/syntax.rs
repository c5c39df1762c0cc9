//! Faults of TOML's own syntax, told as help: what the parser found is kept, its words are made ours. Reads a table
//! that parsed in part only to find the first of two equal keys.

use super::faults::Faults;
use super::files::Place;
use super::node::Table;
use super::veil;

/// Notes an error of the parser at its place; `table` is what could be read all the same.
pub fn tell(place: Place, said: &str, table: &Table, faults: &Faults<'_>) {
    let place = if said.starts_with("invalid unquoted key") { segment(place, faults) } else { place };
    let (message, help) = words(place, said, table, faults);
    faults.error(place, message, help);
}

/// What the parser says where nothing needs to be added from the file, what we say, and what to write.
const PLAIN: &[(&str, &str, &str)] = &[
    ("unquoted keys cannot be empty", "there is no key before the `=`", "write key = value"),
    ("missing assignment between", "there is no `=` after the key", "write key = \"value\""),
    ("unclosed array table", HEADER, "add the missing ]]"),
    ("unclosed array", "a list is never closed", "add the missing ]"),
    ("unclosed inline table", "a table in braces is never closed", "add the missing }"),
    ("unclosed table", HEADER, "add the missing ]: [environments.production]"),
    ("missing comma between", "a comma is missing", "put a comma between two entries"),
    ("extra comma", "there is a comma too many", "remove it"),
    ("extra assignment", "there is a `=` too many", "remove it"),
    ("extra `=`", "there is a `=` too many", "remove it"),
    ("unexpected key or value", "something stands here that does not belong to the line", "one key = value a line"),
    (
        "missing escaped value",
        "a backslash stands before a character that needs none",
        "in \"…\" write \\\\ for one backslash; in '…' a backslash is only itself",
    ),
    ("invalid float", NUMBER, NO_NUMBER),
    ("invalid integer", NUMBER, NO_NUMBER),
    ("unexpected leading zero", "a number cannot start with 0", "remove the 0, or put it in quotes as a text"),
    ("cannot recurse further", DEEP, "at most 80 levels are read"),
    ("recursion limit", DEEP, "at most 80 levels are read"),
    (
        "cannot extend value",
        "a key with a dot adds to something that is closed or no table",
        "write all keys of a { … } inside its braces, or use a [header]",
    ),
];
const HEADER: &str = "the header of a table is never closed";
const NUMBER: &str = "this is no number";
const NO_NUMBER: &str = "put it in quotes to make it a text: version = \"1.2.3\"";
const DEEP: &str = "tables or lists are nested too deeply";

fn words(place: Place, said: &str, table: &Table, faults: &Faults<'_>) -> (String, String) {
    let is = |start: &str| said.starts_with(start);
    let plain = |message: &str, help: &str| (message.to_owned(), help.to_owned());
    let written = shown(faults.files().written(place), place, faults);
    let is_blank = written.as_deref() == Some("");
    if is("duplicate key") {
        return twice(place, table, faults);
    }
    if is("key with no value") || is("missing value for key") || (is("string values must be quoted") && is_blank) {
        let key = before(place, faults).unwrap_or_else(|| "key".into());
        return (format!("`{key}` has no value"), format!("write {key} = \"value\""));
    }
    if is("string values must be quoted") {
        return match written {
            Some(word) => (format!("the text `{word}` must stand in quotes"), format!("write \"{word}\"")),
            None => plain("text must stand in quotes", "if it is a secret, write where it is: password = \"env:NAME\""),
        };
    }
    if is("invalid unquoted key") {
        return match written.filter(|w| !w.is_empty()) {
            Some(word) => (format!("`{word}` cannot be a key without quotes"), format!("write \"{word}\" = …")),
            None => plain("this cannot be a key without quotes", "put the key in quotes: \"…\" = value"),
        };
    }
    let is_open = said.contains("expected `\"`") || said.contains("expected `'`");
    if is_open || (is("unclosed") && has_open_quote(place, faults)) {
        return plain("a text is never closed", "add the missing quote: name = \"value\"");
    }
    match PLAIN.iter().find(|(start, ..)| is(start)) {
        Some((_, message, help)) => plain(message, help),
        None => (
            said.replace('\n', ", "),
            "the file is TOML: key = value lines under [table] headers (https://toml.io)".into(),
        ),
    }
}

/// What is written there, when it is short and no secret.
fn shown(written: &str, place: Place, faults: &Faults<'_>) -> Option<String> {
    let files = faults.files();
    let line = files.line_range(place.file, files.line(place));
    let secrets = veil::secrets(files.text(place.file).get(line.clone()).unwrap_or_default());
    let is_secret = secrets.iter().any(|s| line.start + s.start < place.end && place.start < line.start + s.end);
    let written = written.trim();
    (!is_secret && written.chars().count() <= 40 && !written.contains(['"', '\n'])).then(|| written.to_owned())
}

/// The part of a dotted key around a place.
fn segment(place: Place, faults: &Faults<'_>) -> Place {
    let text = faults.files().text(place.file);
    let ends = |c: char| c.is_whitespace() || ".=\"'{}[],#".contains(c);
    let before = text.get(..place.start).unwrap_or_default();
    let after = text.get(place.start..).unwrap_or_default();
    let start = before
        .rfind(ends)
        .map_or(0, |at| at + before.get(at..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8));
    let end = place.start + after.find(ends).unwrap_or(after.len());
    Place { start, end: end.max(place.end), ..place }
}

/// The key on the line up to a place, when it is one.
fn before(place: Place, faults: &Faults<'_>) -> Option<String> {
    let files = faults.files();
    let start = files.line_range(place.file, files.line(place)).start;
    let key = files.text(place.file).get(start..place.end)?.trim().trim_end_matches('=').trim();
    let is_key = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (!key.is_empty() && key.len() <= 60 && key.chars().all(is_key)).then(|| key.to_owned())
}

fn has_open_quote(place: Place, faults: &Faults<'_>) -> bool {
    let files = faults.files();
    let line = files.text(place.file).get(files.line_range(place.file, files.line(place))).unwrap_or_default();
    line.replace("\\\"", "").matches('"').count() % 2 == 1
}

/// A key or a header that stands twice: which, and where the first one is.
fn twice(place: Place, table: &Table, faults: &Faults<'_>) -> (String, String) {
    let files = faults.files();
    let line_number = files.line(place);
    let line = files.text(place.file).get(files.line_range(place.file, line_number)).unwrap_or_default();
    if let Some(header) = header(line) {
        let first = (1..line_number).find(|n| {
            let text = files.text(place.file).get(files.line_range(place.file, *n)).unwrap_or_default();
            self::header(text).is_some_and(|h| h == header)
        });
        let at = first.map(|n| format!("; the first is on line {n}")).unwrap_or_default();
        let help = "put all its keys under one header, or rename one of the two";
        return (format!("the table [{header}] stands twice{at}"), help.into());
    }
    let key = files.written(place).trim();
    let mut first = None;
    find(table, key.trim_matches(['"', '\'']), place, &mut first);
    let at = first.map(|first: Place| match files.line(first) {
        n if n == line_number => "; the first is on the same line".to_owned(),
        n => format!("; the first is on line {n}"),
    });
    (format!("the key `{key}` stands twice{}", at.unwrap_or_default()), "remove or rename one of the two".into())
}

/// What stands between the brackets of a header.
fn header(line: &str) -> Option<String> {
    let inner = line.trim_start().strip_prefix('[')?.trim_start_matches('[');
    Some(inner.split(']').next()?.replace(' ', ""))
}

/// The last place before `place` where the key is written.
fn find(table: &Table, key: &str, place: Place, found: &mut Option<Place>) {
    for entry in &table.entries {
        let is_before = entry.place.start < place.start && found.is_none_or(|f| f.start < entry.place.start);
        if entry.name == key && is_before {
            *found = Some(entry.place);
        }
        if let super::node::Value::Table(inner) = &entry.node.value {
            find(inner, key, place, found);
        }
    }
}
