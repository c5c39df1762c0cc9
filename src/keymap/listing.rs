//! A keymap as plain text: what `qd keys` prints. One line a command, also for those that have no key.

use super::Keymap;
use crate::command::Command;
use crate::settings::columns;

/// A table of scope, keys, command and meaning, in the order of the help screen.
pub fn listing(keymap: &Keymap) -> String {
    let mut rows = vec![["SCOPE", "KEYS", "COMMAND", "WHAT IT DOES"].map(str::to_owned)];
    for command in Command::ALL {
        let keys = keymap.keys_of(*command);
        let keys = if keys.is_empty() { "(none)".to_owned() } else { keys.join(", ") };
        rows.push([command.scope().name().to_owned(), keys, command.name().to_owned(), command.doc().to_owned()]);
    }
    columns(&rows)
}
