//! A TOML document as a tree in which every key and value knows its place. Trees can be laid over each other
//! (templates under services), and each part still points to where it was written.

use toml::de::{DeTable, DeValue};

use super::faults::Faults;
use super::files::Place;
use super::syntax;

/// A value and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where it is written.
    pub place: Place,
    /// What is written.
    pub value: Value,
}

/// The kinds of values that TOML has.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Whole(i64),
    /// A number with a fraction.
    Real(f64),
    /// `true` or `false`.
    Truth(bool),
    /// A date or time, as written.
    Moment(String),
    /// An array.
    List(Vec<Node>),
    /// A table.
    Table(Table),
}

/// A table; entries in the order written.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// Where it (or its header) is written.
    pub place: Place,
    /// Its keys and values.
    pub entries: Vec<Entry>,
}

/// One key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The key.
    pub name: String,
    /// Where the key is written.
    pub place: Place,
    /// The value.
    pub node: Node,
}

impl Table {
    /// Parses one of the files; each syntax error is a fault, and then there is no table.
    pub fn parse(file: usize, faults: &Faults<'_>) -> Option<Table> {
        Self::parse_part(Place { file, start: 0, end: faults.files().text(file).len() }, faults)
    }

    /// Parses a part of a file that is TOML, while the rest of it is not; places are those of the whole file.
    pub fn parse_part(part: Place, faults: &Faults<'_>) -> Option<Table> {
        let text = faults.files().written(part);
        let (table, errors) = DeTable::parse_recoverable(text);
        let start = part.start + table.span().start;
        let read = read_table(table.get_ref(), part, Place { start, end: start, ..part });
        for error in &errors {
            let place = within(part, error.span().unwrap_or(0..0));
            syntax::tell(place, error.message(), &read, faults);
        }
        errors.is_empty().then_some(read)
    }

    /// The entry of a key.
    pub fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|e| e.name == name)
    }

    /// The names of all keys.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|e| e.name.as_str())
    }

    /// This table with another laid over it: tables merge, anything else is replaced.
    #[must_use]
    pub fn overlaid(&self, over: &Table) -> Table {
        let mut merged = self.clone();
        for entry in &over.entries {
            match merged.entries.iter_mut().find(|e| e.name == entry.name) {
                Some(below) => match (&mut below.node.value, &entry.node.value) {
                    (Value::Table(lower), Value::Table(upper)) => *lower = lower.overlaid(upper),
                    _ => *below = entry.clone(),
                },
                None => merged.entries.push(entry.clone()),
            }
        }
        merged.place = over.place;
        merged
    }
}

impl Value {
    /// What it is, in words for a fault: `the number 5`.
    pub fn describe(&self) -> String {
        match self {
            Value::Text(text) if text.chars().count() <= 40 => format!("the text \"{text}\""),
            Value::Text(_) => "a long text".into(),
            Value::Whole(n) => format!("the number {n}"),
            Value::Real(n) => format!("the number {n}"),
            Value::Truth(b) => format!("{b}"),
            Value::Moment(t) => format!("the time {t}"),
            Value::List(_) => "a list".into(),
            Value::Table(_) => "a table".into(),
        }
    }
}

/// A range of a part of a file, in the file.
fn within(part: Place, span: std::ops::Range<usize>) -> Place {
    Place { file: part.file, start: part.start + span.start, end: part.start + span.end }
}

fn read_table(table: &DeTable<'_>, part: Place, place: Place) -> Table {
    let mut entries: Vec<Entry> = table
        .iter()
        .map(|(key, value)| {
            let key_place = within(part, key.span());
            let node = read_value(value.get_ref(), part, within(part, value.span()), key_place);
            Entry { name: key.get_ref().to_string(), place: key_place, node }
        })
        .collect();
    entries.sort_by_key(|e| e.place.start);
    Table { place, entries }
}

fn read_value(value: &DeValue<'_>, part: Place, place: Place, key: Place) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(whole) => Value::Whole(whole),
            Err(_) => Value::Text(number.as_str().to_owned()),
        },
        DeValue::Float(number) => match number.as_str().parse() {
            Ok(real) => Value::Real(real),
            Err(_) => Value::Text(number.as_str().to_owned()),
        },
        DeValue::Boolean(truth) => Value::Truth(*truth),
        DeValue::Datetime(moment) => Value::Moment(moment.to_string()),
        DeValue::Array(list) => Value::List(
            list.iter()
                .map(|v| {
                    let place = within(part, v.span());
                    read_value(v.get_ref(), part, place, place)
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(read_table(table, part, key)),
    };
    Node { place, value }
}
