//! Inputs of a runbook: `[inputs.version]` and what may be given.

use super::names;
use crate::model::Text;
use crate::model::runbook::{Choices, Input, InputKind};
use crate::settings::{Entry, Faults, Node, Section, Table, Value, word};

const KINDS: [(&str, InputKind); 5] = [
    ("integer", InputKind::Integer),
    ("boolean", InputKind::Boolean),
    ("duration", InputKind::Duration),
    ("path", InputKind::Path),
    ("string", InputKind::String),
];

/// Variables that a shell and the programs it starts live by, and those that a run sets itself.
const RESERVED: [&str; 16] = [
    "path",
    "home",
    "shell",
    "user",
    "logname",
    "pwd",
    "ifs",
    "env",
    "term",
    "lang",
    "tmpdir",
    "ld_preload",
    "ld_library_path",
    "environment",
    "service",
    "previous",
];

/// Reads `[inputs]`.
pub fn read(section: &Section<'_>) -> Vec<Input> {
    let entries = section.table("inputs").into_iter().flat_map(|table| &table.entries);
    entries.filter_map(|entry| one(entry, section.faults())).collect()
}

fn one(entry: &Entry, faults: &Faults<'_>) -> Option<Input> {
    check_name(entry, faults);
    let Value::Table(table) = &entry.node.value else {
        let message = format!("input `{}` must be a table, not {}", entry.name, entry.node.value.describe());
        faults.error(entry.node.place, message, format!("write [inputs.{}] and its keys below", entry.name));
        return None;
    };
    let section = Section::new(table, format!("input `{}`", entry.name), faults);
    let kind = section.choice("type", &KINDS).unwrap_or_default();
    let default = section.entry("default").and_then(|e| value_text(&e.node, "default", faults));
    if let Some(default) = &default {
        names::of(default, section.place_of("default"), faults);
    }
    let pattern = section.pattern("pattern");
    let choices = choices(&section);
    let input = Input {
        name: entry.name.clone(),
        kind,
        required: section.truth("required").unwrap_or(default.is_none()),
        pattern: pattern.as_ref().map(|p| p.as_str().to_owned()),
        choices,
        help: section.text("help").map(|t| Text::line_at_most(&t, 200)).unwrap_or_default(),
        secret: section.truth("secret").unwrap_or(false),
        default,
    };
    check_default(&input, &section);
    if input.secret && input.default.is_some() {
        section.error("default", "a secret input cannot have a default", "remove the default; it is asked for");
    }
    section.finish();
    Some(input)
}

fn check_name(entry: &Entry, faults: &Faults<'_>) {
    let name = &entry.name;
    let good = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.len() > 40 || !name.chars().all(good) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        let help = "use small letters, digits and `_`, at most 40, starting with a letter";
        faults.error(entry.place, format!("an input cannot be called \"{name}\""), help);
    } else if RESERVED.contains(&name.as_str()) || name.starts_with("qd_") {
        let message = format!("an input cannot be called `{name}`: the variable ${} is taken", name.to_uppercase());
        faults.error(entry.place, message, format!("call it {name}_name"));
    }
}

/// A text, number or truth as the text that a shell sees.
pub fn value_text(node: &Node, key: &str, faults: &Faults<'_>) -> Option<String> {
    match &node.value {
        Value::Text(text) => Some(text.clone()),
        Value::Whole(number) => Some(number.to_string()),
        Value::Real(number) => Some(number.to_string()),
        Value::Truth(truth) => Some(truth.to_string()),
        other => {
            let message = format!("`{key}` must be a text, not {}", other.describe());
            faults.error(node.place, message, format!("write {key} = \"…\""));
            None
        }
    }
}

fn choices(section: &Section<'_>) -> Option<Choices> {
    if section.has("choices") && section.has("choices_from") {
        section.error("choices_from", "`choices` and `choices_from` stand together", "remove one of the two");
    }
    if let Some(listed) = section.texts("choices") {
        if listed.is_empty() {
            section.error("choices", "`choices` is empty", "write choices = [\"a\", \"b\"]");
        }
        return Some(Choices::Listed(listed));
    }
    let entry = section.entry("choices_from")?;
    match &entry.node.value {
        Value::Table(table) => command(table, section.faults()),
        Value::Text(text) if text == "releases" => Some(Choices::Releases),
        _ => {
            let help = "write choices_from = \"releases\", or choices_from = { command = \"ls\" }";
            section.error("choices_from", "`choices_from` names nothing to choose from", help);
            None
        }
    }
}

fn command(table: &Table, faults: &Faults<'_>) -> Option<Choices> {
    let section = Section::new(table, "`choices_from`", faults);
    let command = section.needed_text("command", "command = \"ls /srv/releases\"");
    section.finish();
    Some(Choices::Command(command?))
}

/// Whether a default could be given by a person.
fn check_default(input: &Input, section: &Section<'_>) {
    let Some(default) = input.default.as_deref().filter(|d| !d.contains(['{', '}'])) else { return };
    if let Some(why) = why_not(input, default) {
        section.error("default", format!("the default of `{}` {why}", input.name), "write one that could be given");
    }
}

/// Why a value is not one of the input's.
fn why_not(input: &Input, value: &str) -> Option<String> {
    let wrong = match input.kind {
        InputKind::Integer if value.trim().parse::<i64>().is_err() => Some("is no whole number"),
        InputKind::Boolean if !matches!(value, "true" | "false") => Some("is neither true nor false"),
        InputKind::Duration if word::duration(value).is_none() => Some("is no duration like 90s or 5m"),
        _ => None,
    };
    if let Some(wrong) = wrong {
        return Some(wrong.to_owned());
    }
    if let Some(Choices::Listed(listed)) = &input.choices
        && !listed.iter().any(|choice| choice == value)
    {
        return Some("is not among its choices".to_owned());
    }
    let pattern = regex::Regex::new(&format!("^(?:{})$", input.pattern.as_deref()?)).ok()?;
    (!pattern.is_match(value)).then(|| "does not match its pattern".to_owned())
}
