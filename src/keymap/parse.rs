//! Reads the files of a keymap, the inherited ones first. A file may rebind or unbind what it inherits; within one file
//! two bindings that cannot both fire are a fault.

use std::collections::BTreeMap;

use super::Keymap;
use super::key::{Key, sequence};
use super::trie::Node;
use crate::command::{Command, Scope};
use crate::model::Text;
use crate::settings::{Entry, Faults, Place, Section, Table, Value, word};

/// Longer sequences are not remembered, and no popup is wide enough for them.
const MOST_KEYS: usize = 4;

/// Makes a keymap of tables, the inherited ones first. What is not sound is told and left out.
pub fn read(name: &str, tables: &[Table], faults: &Faults<'_>) -> Keymap {
    let mut keymap = Keymap { name: name.to_owned(), ..Keymap::default() };
    for table in tables {
        lay(&mut keymap, table, faults);
    }
    keymap
}

fn lay(keymap: &mut Keymap, table: &Table, faults: &Faults<'_>) {
    let mut table = table.clone();
    table.entries.retain(|entry| match misplaced(entry) {
        Some((message, help)) => {
            faults.error(entry.place, message, help);
            false
        }
        None => true,
    });
    let section = Section::new(&table, "a keymap", faults);
    // Followed by the shelf; asked for here so that it is of the right type.
    section.text("inherits");
    keymap.about = section.text("about").map(|text| cleaned(&text)).unwrap_or_default();
    for scope in Scope::ALL {
        if let Some(bindings) = section.table(scope.name()) {
            lay_scope(keymap, scope, bindings, faults);
        }
    }
    // After the bindings: a name must belong to keys that begin one.
    if let Some(names) = section.table("names") {
        lay_names(keymap, names, faults);
    }
    section.finish();
}

/// What to say of a table that is no scope, and of a binding outside of any.
fn misplaced(entry: &Entry) -> Option<(String, String)> {
    let known = Scope::ALL.map(Scope::name).into_iter().chain(["names"]);
    let name = entry.name.as_str();
    match &entry.node.value {
        _ if known.clone().any(|k| k == name) => None,
        Value::Table(_) => Some((format!("there is no scope `{name}`"), word::hint(name, known))),
        Value::Text(text) => {
            let message = format!("`{name}` stands outside of any scope");
            if let Ok(command) = text.parse::<Command>() {
                return Some((message, format!("move the line under [{}]", command.scope().name())));
            }
            let scope = name.parse::<Command>().ok()?.scope().name();
            Some((message, format!("write the key first, under [{scope}]: \"{text}\" = \"{name}\"")))
        }
        _ => None,
    }
}

fn lay_scope(keymap: &mut Keymap, scope: Scope, table: &Table, faults: &Faults<'_>) {
    let mut bound: BTreeMap<Vec<Key>, Place> = BTreeMap::new();
    let mut bindings: Vec<(Vec<Key>, Command)> = Vec::new();
    let trie = keymap.scopes.entry(scope).or_default();
    for entry in &table.entries {
        let Some(keys) = read_keys(entry, faults) else { continue };
        let wish = read_command(entry, scope, faults);
        if collides(&keys, entry, wish == Some(Wish::Unbind), &bound, faults) {
            continue;
        }
        match wish {
            Some(Wish::Bind(command)) => {
                if swallows(&keys, scope, entry.place, faults) {
                    continue;
                }
                bound.insert(keys.clone(), entry.place);
                bindings.push((keys, command));
            }
            Some(Wish::Unbind) if !trie.unbind(&keys) => {
                let scope = scope.name();
                let message = format!("`{}` is not bound under [{scope}], so there is nothing to unbind", entry.name);
                faults.warn(entry.place, message, "take the line out, or check the key and the table it stands in");
            }
            _ => {}
        }
    }
    // Last, because to unbind a key means what is inherited and not what stands beside it.
    for (keys, command) in bindings {
        trie.bind(&keys, command);
    }
}

fn read_keys(entry: &Entry, faults: &Faults<'_>) -> Option<Vec<Key>> {
    let keys = match Key::parse_sequence(&entry.name) {
        Ok(keys) => keys,
        Err(bad) => {
            faults.error(entry.place, bad.message, bad.help);
            return None;
        }
    };
    if keys.is_empty() {
        faults.error(entry.place, "a binding needs a key", "write \"space\" for the space bar");
        return None;
    }
    if keys.len() > MOST_KEYS {
        let message = format!("`{}` is {} keys long; {MOST_KEYS} are the most", entry.name, keys.len());
        faults.error(entry.place, message, "choose a shorter sequence");
        return None;
    }
    for key in &keys {
        if let Some(sent) = key.sent_as() {
            let message = format!("most terminals cannot send `{key}`: they send {sent}");
            faults.warn(
                entry.place,
                message,
                "bind another key as well, so that the command can be reached everywhere",
            );
        }
    }
    Some(keys)
}

/// What a line asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Bind(Command),
    Unbind,
}

/// What a line asks for; none is a fault.
fn read_command(entry: &Entry, scope: Scope, faults: &Faults<'_>) -> Option<Wish> {
    let place = entry.node.place;
    let Value::Text(name) = &entry.node.value else {
        let message = format!("a key is bound to the name of a command, not to {}", entry.node.value.describe());
        let help = match &entry.node.value {
            Value::Table(table) => {
                let inner = table.entries.first().and_then(|e| match &e.node.value {
                    Value::Text(command) => Some((e.name.as_str(), command.as_str())),
                    _ => None,
                });
                let (key, command) = inner.unwrap_or(("g", "first"));
                format!("write a sequence as one key in quotes: \"{} {key}\" = \"{command}\"", entry.name)
            }
            _ => format!("write \"{}\" = \"quit\", or \"\" to unbind it", entry.name),
        };
        faults.error(place, message, help);
        return None;
    };
    if name.is_empty() {
        return Some(Wish::Unbind);
    }
    let Ok(command) = name.parse::<Command>() else {
        let near = word::nearest(name, Command::ALL.iter().map(|c| c.name()));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`qd keys` lists every command".to_owned(),
        };
        faults.error(place, format!("there is no command `{name}`"), help);
        return None;
    };
    if command.scope() != scope {
        let (ours, theirs) = (scope.name(), command.scope().name());
        let message = format!("`{name}` can never run from [{ours}]: it is a command of [{theirs}]");
        faults.error(place, message, format!("move the line under [{theirs}]"));
        return None;
    }
    Some(Wish::Bind(command))
}

/// Whether a line above in the same table keeps this one from working.
fn collides(
    keys: &[Key],
    entry: &Entry,
    unbinds: bool,
    bound: &BTreeMap<Vec<Key>, Place>,
    faults: &Faults<'_>,
) -> bool {
    let line = |place: &Place| {
        let text = faults.files().text(place.file);
        text.get(..place.start).unwrap_or_default().matches('\n').count() + 1
    };
    let written = |place: &Place| {
        let text = faults.files().text(place.file);
        text.get(place.start..place.end).unwrap_or_default().trim_matches(['"', '\'']).to_owned()
    };
    for (other, place) in bound {
        let (name, theirs) = (&entry.name, written(place));
        let at = line(place);
        let (message, help) = if other == keys {
            (format!("`{name}` is the same key as `{theirs}` on line {at}"), "take one of the two lines out".to_owned())
        } else if unbinds {
            continue;
        } else if other.starts_with(keys) {
            (
                format!("`{name}` cannot be a command and also begin `{theirs}` on line {at}"),
                format!("choose another key for one of them; with both, `{theirs}` could never be typed"),
            )
        } else if keys.starts_with(other) {
            (
                format!("`{name}` can never be typed: `{theirs}` on line {at} is a command already"),
                "choose another key for one of them".to_owned(),
            )
        } else {
            continue;
        };
        faults.error(entry.place, message, help);
        return true;
    }
    false
}

/// Whether the binding would take away a character that people type.
fn swallows(keys: &[Key], scope: Scope, place: Place, faults: &Faults<'_>) -> bool {
    let first = keys.first().filter(|_| scope == Scope::Input);
    let Some((key, typed)) = first.and_then(|key| Some((key, key.typed()?))) else { return false };
    let help = if typed.is_ascii_alphabetic() {
        let lower = typed.to_ascii_lowercase();
        format!("add a modifier: `ctrl-{lower}` or `alt-{lower}`")
    } else {
        "choose a key that types nothing, like `ctrl-x`, `alt-x` or `f5`".to_owned()
    };
    faults.error(place, format!("with this line `{key}` could no longer be typed into a filter or the palette"), help);
    true
}

/// Words from a file, without control sequences: they go to the screen.
fn cleaned(words: &str) -> String {
    Text::line(words).as_str().to_owned()
}

fn lay_names(keymap: &mut Keymap, names: &Table, faults: &Faults<'_>) {
    for entry in &names.entries {
        let Some(keys) = read_keys(entry, faults) else { continue };
        let Value::Text(words) = &entry.node.value else {
            let message = format!("a name is a text, not {}", entry.node.value.describe());
            faults.error(entry.node.place, message, format!("write \"{}\" = \"go to\"", entry.name));
            continue;
        };
        let begins = |node: Option<&Node>| matches!(node, Some(Node::Branch(_)));
        if !keymap.scopes.values().any(|trie| begins(trie.get(&keys))) {
            let message = format!("no sequence begins with `{}`, so its name is never shown", sequence(&keys));
            faults.warn(entry.place, message, "take the line out, or bind a sequence that begins so");
        }
        keymap.names.insert(keys, cleaned(words));
    }
}
