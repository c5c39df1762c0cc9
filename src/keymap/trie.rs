//! The keys of one scope as a tree: a leaf is a command, a branch waits for more keys. A key is never both.

use std::collections::BTreeMap;

use super::key::Key;
use crate::command::Command;

/// A place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// The keys so far are a command.
    Leaf(Command),
    /// More keys are needed.
    Branch(Trie),
}

/// Keys and where they lead.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trie {
    nodes: BTreeMap<Key, Node>,
}

impl Trie {
    /// Where keys lead.
    pub fn get(&self, keys: &[Key]) -> Option<&Node> {
        let (first, rest) = keys.split_first()?;
        match self.nodes.get(first)? {
            node if rest.is_empty() => Some(node),
            Node::Branch(trie) => trie.get(rest),
            Node::Leaf(_) => None,
        }
    }

    /// The keys that may follow, with what they lead to; none when the keys do not wait for more.
    pub fn after(&self, keys: &[Key]) -> impl Iterator<Item = (Key, &Node)> {
        let trie = match self.get(keys) {
            _ if keys.is_empty() => Some(self),
            Some(Node::Branch(trie)) => Some(trie),
            _ => None,
        };
        trie.into_iter().flat_map(|trie| trie.nodes.iter().map(|(key, node)| (*key, node)))
    }

    /// Binds keys. What was bound to them, to a beginning of them or to keys that begin with them is replaced.
    pub fn bind(&mut self, keys: &[Key], command: Command) {
        let Some((first, rest)) = keys.split_first() else { return };
        if rest.is_empty() {
            self.nodes.insert(*first, Node::Leaf(command));
            return;
        }
        let node = self.nodes.entry(*first).or_insert_with(|| Node::Branch(Trie::default()));
        if let Node::Leaf(_) = node {
            *node = Node::Branch(Trie::default());
        }
        if let Node::Branch(trie) = node {
            trie.bind(rest, command);
        }
    }

    /// Takes away what the keys, or keys that begin with them, are bound to; whether there was anything.
    pub fn unbind(&mut self, keys: &[Key]) -> bool {
        let Some((first, rest)) = keys.split_first() else { return false };
        if rest.is_empty() {
            return self.nodes.remove(first).is_some();
        }
        let Some(Node::Branch(trie)) = self.nodes.get_mut(first) else { return false };
        let found = trie.unbind(rest);
        if trie.nodes.is_empty() {
            self.nodes.remove(first);
        }
        found
    }

    /// Every command with its keys.
    pub fn bindings(&self) -> Vec<(Vec<Key>, Command)> {
        let mut found = Vec::new();
        for (key, node) in &self.nodes {
            match node {
                Node::Leaf(command) => found.push((vec![*key], *command)),
                Node::Branch(trie) => found.extend(trie.bindings().into_iter().map(|(mut keys, command)| {
                    keys.insert(0, *key);
                    (keys, command)
                })),
            }
        }
        found
    }
}
