//! What stands behind the backticks of a step: its kind and, in braces, its attributes: `sh {on=host timeout=2m sudo}`.
//! Attributes become a table like any other, so that they are read and judged as TOML is.

use crate::settings::{Entry, Faults, Node, Place, Table, Value};

/// The kind of a step and its attributes.
#[derive(Debug)]
pub struct Opening {
    /// The word before the braces.
    pub kind: String,
    /// Where it stands.
    pub place: Place,
    /// What stands in the braces.
    pub attributes: Table,
}

/// The word before the braces.
pub fn word(info: &str) -> &str {
    info.split('{').next().unwrap_or_default().trim()
}

/// Reads the line; what is wrong with it is told.
pub fn read(info: Place, faults: &Faults<'_>) -> Opening {
    let text = faults.files().written(info);
    let kind = word(text).to_owned();
    let lead = text.len() - text.trim_start().len();
    let start = info.start + lead;
    let place = Place { start, end: start + kind.len(), ..info };
    let mut attributes = Table { place: info, entries: Vec::new() };
    if let Some(open) = text.find('{') {
        let mut cursor = Cursor { text, at: open + 1, info };
        while let Some(entry) = cursor.next(faults) {
            if attributes.get(&entry.name).is_some() {
                let message = format!("the attribute `{}` stands twice", entry.name);
                faults.error(entry.place, message, "remove one of the two");
            } else {
                attributes.entries.push(entry);
            }
        }
    }
    Opening { kind, place, attributes }
}

struct Cursor<'t> {
    text: &'t str,
    at: usize,
    info: Place,
}

const EXAMPLE: &str = "write ```sh {on=host timeout=2m sudo}";

impl Cursor<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn place(&self, start: usize, end: usize) -> Place {
        Place { start: self.info.start + start, end: self.info.start + end, ..self.info }
    }

    fn skip(&mut self, blank: impl Fn(char) -> bool) {
        self.at += self.rest().len() - self.rest().trim_start_matches(blank).len();
    }

    fn next(&mut self, faults: &Faults<'_>) -> Option<Entry> {
        self.skip(|c| c.is_whitespace() || c == ',');
        let start = self.at;
        if self.rest().is_empty() {
            faults.error(self.place(start, start), "the braces of the step are never closed", "add the missing }");
            return None;
        }
        if let Some(after) = self.rest().strip_prefix('}') {
            if !after.trim().is_empty() {
                let place = self.place(start + 1, self.text.len());
                faults.error(place, "something stands behind the braces of the step", EXAMPLE);
            }
            return None;
        }
        self.skip(|c| !c.is_whitespace() && !"={}\",".contains(c));
        let name = self.text.get(start..self.at).unwrap_or_default().to_owned();
        let place = self.place(start, self.at);
        if name.is_empty() {
            let end = start + self.rest().chars().next().map_or(0, char::len_utf8);
            faults.error(self.place(start, end), "an attribute is expected here", EXAMPLE);
            return None;
        }
        if !self.rest().starts_with('=') {
            return Some(Entry { name, place, node: Node { place, value: Value::Truth(true) } });
        }
        self.at += 1;
        let from = self.at;
        let value = if self.rest().starts_with('"') { self.quoted(faults)? } else { self.bare(&name, faults)? };
        Some(Entry { name, place, node: Node { place: self.place(from, self.at), value } })
    }

    fn bare(&mut self, name: &str, faults: &Faults<'_>) -> Option<Value> {
        let start = self.at;
        // A name in braces belongs to its value: cwd={releases}/x
        let mut depth = 0_u32;
        for c in self.text.get(start..).unwrap_or_default().chars() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                c if c.is_whitespace() => break,
                _ => {}
            }
            self.at += c.len_utf8();
        }
        match self.text.get(start..self.at).unwrap_or_default() {
            "" => {
                let help = format!("write {name}=value, or {name}=\"a value with blanks\"");
                faults.error(self.place(start, start), format!("the attribute `{name}` has no value"), help);
                None
            }
            "true" => Some(Value::Truth(true)),
            "false" => Some(Value::Truth(false)),
            text => Some(Value::Text(text.to_owned())),
        }
    }

    fn quoted(&mut self, faults: &Faults<'_>) -> Option<Value> {
        let start = self.at;
        let mut text = String::new();
        let mut escaped = false;
        let mut end = None;
        for (at, c) in self.rest().char_indices().skip(1) {
            match c {
                '"' if !escaped => {
                    end = Some(at + 1);
                    break;
                }
                '\\' if !escaped => escaped = true,
                c => {
                    if escaped && !matches!(c, '"' | '\\') {
                        text.push('\\');
                    }
                    text.push(c);
                    escaped = false;
                }
            }
        }
        let Some(end) = end else {
            faults.error(self.place(start, self.text.len()), "a text is never closed", "add the missing quote");
            return None;
        };
        self.at += end;
        Some(Value::Text(text))
    }
}
