//! Keymaps: which keys are which commands, by scope. A keymap is a TOML file; the app resolves each key press here and
//! help, footer and the popup for begun sequences are made from the same table. Holds no state: the keys pressed so far
//! are an argument.

pub mod book;
pub mod key;
pub mod listing;
mod name;
mod parse;
#[cfg(test)]
mod shipped;
#[cfg(test)]
mod tests;
pub mod trie;

use std::collections::BTreeMap;

pub use book::{Description, KeymapBook};
pub use key::{BadKey, Code, Key, sequence};
pub use listing::listing;
use trie::{Node, Trie};

use crate::command::{Command, Scope};

/// The keymap used when none is named.
pub const DEFAULT: &str = "default";

/// What a key press means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolved {
    /// Do this; nothing is pending any more.
    Command(Command),
    /// The keys so far begin a sequence: keep them.
    Pending,
    /// Nothing: forget the keys so far. Where text is typed, the key types.
    Unbound,
}

/// What a key that may follow leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Continuation {
    /// A command.
    Command(Command),
    /// A longer sequence.
    Prefix {
        /// The words for it, if the keymap gives any.
        name: Option<String>,
        /// How many commands lie behind it.
        commands: usize,
    },
}

/// A keymap.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keymap {
    name: String,
    about: String,
    scopes: BTreeMap<Scope, Trie>,
    names: BTreeMap<Vec<Key>, String>,
}

impl Keymap {
    /// The name it was loaded by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, in one line; empty when the file does not say.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// What a key means after the keys pending, in the scopes that count now; the earlier scope wins.
    pub fn resolve(&self, scopes: &[Scope], pending: &[Key], key: Key) -> Resolved {
        let mut keys = pending.to_vec();
        keys.push(key);
        match self.tries(scopes).find_map(|trie| trie.get(&keys)) {
            Some(Node::Leaf(command)) => Resolved::Command(*command),
            Some(Node::Branch(_)) => Resolved::Pending,
            None => Resolved::Unbound,
        }
    }

    /// The keys that may follow the keys pending, and what they lead to.
    pub fn continuations(&self, scopes: &[Scope], pending: &[Key]) -> Vec<(Key, Continuation)> {
        let mut found: BTreeMap<Key, Continuation> = BTreeMap::new();
        for (key, node) in self.tries(scopes).flat_map(|trie| trie.after(pending)) {
            match (found.get_mut(&key), node) {
                (None, Node::Leaf(command)) => {
                    found.insert(key, Continuation::Command(*command));
                }
                (None, Node::Branch(trie)) => {
                    let name = self.prefix_name(&[pending, &[key]].concat()).map(str::to_owned);
                    found.insert(key, Continuation::Prefix { name, commands: trie.bindings().len() });
                }
                // Both scopes wait for more: what lies behind either can be reached.
                (Some(Continuation::Prefix { commands, .. }), Node::Branch(trie)) => *commands += trie.bindings().len(),
                (Some(_), _) => {}
            }
        }
        found.into_iter().collect()
    }

    /// The words for the keys that begin a sequence.
    pub fn prefix_name(&self, keys: &[Key]) -> Option<&str> {
        self.names.get(keys).map(String::as_str)
    }

    /// The keys of a command as keymaps write them, the shortest and those without modifiers first.
    pub fn keys_of(&self, command: Command) -> Vec<String> {
        let trie = self.scopes.get(&command.scope());
        let bindings = trie.map(Trie::bindings).unwrap_or_default();
        let mut keys: Vec<Vec<Key>> = bindings.into_iter().filter(|(_, c)| *c == command).map(|(k, _)| k).collect();
        let held = |keys: &[Key]| keys.iter().map(|key| key.modifiers()).sum::<usize>();
        keys.sort_by_cached_key(|keys| (keys.len(), held(keys), sequence(keys).chars().count()));
        keys.iter().map(|keys| sequence(keys)).collect()
    }

    /// Every binding, by scope.
    pub fn bindings(&self) -> Vec<(Scope, Vec<Key>, Command)> {
        let of_scope = |(scope, trie): (&Scope, &Trie)| {
            let scope = *scope;
            trie.bindings().into_iter().map(move |(keys, command)| (scope, keys, command))
        };
        self.scopes.iter().flat_map(of_scope).collect()
    }

    fn tries(&self, scopes: &[Scope]) -> impl Iterator<Item = &Trie> {
        scopes.iter().filter_map(|scope| self.scopes.get(scope))
    }
}
