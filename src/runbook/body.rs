//! The body of a step as a table: TOML, and for `wait` also lines without quotes (`health = healthy for 10s`).

use crate::settings::{Entry, Faults, Node, Place, Table, Value};

/// A body of TOML.
pub fn toml(body: Place, faults: &Faults<'_>) -> Option<Table> {
    Table::parse_part(body, faults)
}

/// The body of a `wait`: `key = words` a line, the words in quotes or not.
pub fn lines(body: Place, faults: &Faults<'_>) -> Table {
    let mut table = Table { place: Place { end: body.start, ..body }, entries: Vec::new() };
    let mut at = body.start;
    for line in faults.files().written(body).split_inclusive('\n') {
        let start = at + (line.len() - line.trim_start().len());
        at += line.len();
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let place = Place { start, end: start + line.len(), ..body };
        let Some((key, value)) = line.split_once('=') else {
            faults.error(place, "there is no `=` in this line", "write health = healthy for 10s");
            continue;
        };
        let from = start + line.len() - value.trim_start().len();
        let value = value.split(" #").next().unwrap_or_default().trim();
        let bare = [('"', '"'), ('\'', '\'')].iter().find_map(|(a, b)| value.strip_prefix(*a)?.strip_suffix(*b));
        let node = Node {
            place: Place { start: from, end: from + value.len(), ..body },
            value: match value {
                "true" => Value::Truth(true),
                "false" => Value::Truth(false),
                _ => Value::Text(bare.unwrap_or(value).to_owned()),
            },
        };
        let key_place = Place { end: start + key.trim_end().len(), ..place };
        add(&mut table, key.trim(), key_place, node, faults);
    }
    table
}

/// Adds `key` or `outer.key`, where either may stand in quotes.
fn add(table: &mut Table, key: &str, place: Place, node: Node, faults: &Faults<'_>) {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let plain = key.split(|c| !is_plain(c)).next().unwrap_or_default();
    let (outer, inner) = match key.strip_prefix(plain).and_then(|rest| rest.strip_prefix('.')) {
        Some(inner) => (plain, Some(inner.trim_matches(['"', '\'']))),
        None => (key.trim_matches(['"', '\'']), None),
    };
    let Some(inner) = inner else {
        if table.get(outer).is_some() {
            faults.error(place, format!("the key `{outer}` stands twice"), "remove one of the two");
        } else {
            table.entries.push(Entry { name: outer.to_owned(), place, node });
        }
        return;
    };
    let entry = Entry { name: inner.to_owned(), place, node };
    match table.entries.iter_mut().find(|e| e.name == outer).map(|e| &mut e.node.value) {
        Some(Value::Table(within)) if within.get(inner).is_none() => within.entries.push(entry),
        Some(_) => faults.error(place, format!("the key `{key}` stands twice"), "remove one of the two"),
        None => {
            let value = Value::Table(Table { place, entries: vec![entry] });
            table.entries.push(Entry { name: outer.to_owned(), place, node: Node { place, value } });
        }
    }
}

/// One table of several; a key that stands in two of them is told.
pub fn merged(tables: Vec<Table>, place: Place, faults: &Faults<'_>) -> Table {
    let mut merged = Table { place, entries: Vec::new() };
    for entry in tables.into_iter().flat_map(|table| table.entries) {
        match merged.get(&entry.name) {
            Some(first) => {
                let line = faults.files().line(first.place);
                let message = format!("`{}` stands twice for this step; the first is on line {line}", entry.name);
                faults.error(entry.place, message, "remove one of the two");
            }
            None => merged.entries.push(entry),
        }
    }
    merged
}
