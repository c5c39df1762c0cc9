//! What holds for every shipped keymap, as tests: sound, complete, free of keys that hide each other, and within what
//! every terminal can send.

use super::book::SHIPPED;
use super::{Key, Keymap, KeymapBook, Resolved, sequence};
use crate::command::{Command, Scope};

/// Commands that no shipped keymap binds, each with its reason in a comment beside it. There are none.
const UNBOUND: [Command; 0] = [];

fn all() -> impl Iterator<Item = Keymap> {
    SHIPPED.iter().map(|(name, _)| KeymapBook::new(&[]).load(name).0.unwrap())
}

#[test]
fn every_shipped_keymap_loads_without_a_fault() {
    for (name, _) in SHIPPED {
        let (keymap, faults) = KeymapBook::new(&[]).load(name);
        assert!(faults.is_empty(), "{}", faults.iter().map(ToString::to_string).collect::<String>());
        assert!(!keymap.unwrap().about().is_empty());
    }
}

#[test]
fn every_command_is_bound_and_can_be_reached_from_every_terminal() {
    for keymap in all() {
        for command in Command::ALL {
            let sequences = keymap.keys_of(*command);
            assert_eq!(sequences.is_empty(), UNBOUND.contains(command), "{}: {command}", keymap.name());
            // Alt is often taken by the window system or types accents.
            let plain = |text: &String| {
                let keys = Key::parse_sequence(text).unwrap();
                keys.iter().all(|key| key.sent_as().is_none() && !key.to_string().contains("alt-"))
            };
            assert!(sequences.is_empty() || sequences.iter().any(plain), "{}: {command}", keymap.name());
        }
    }
}

#[test]
fn no_key_is_hidden_by_a_key_of_another_scope() {
    let together = [Scope::Service, Scope::Host, Scope::List, Scope::Demo, Scope::Global];
    for keymap in all() {
        for (scope, keys, command) in keymap.bindings() {
            let scopes: &[Scope] = match scope {
                Scope::Input => &[Scope::Input],
                // What is asked and what runs comes before lists; nothing of a service or a host is meant there.
                Scope::Plan => &[Scope::Plan, Scope::List, Scope::Global],
                Scope::Run => &[Scope::Run, Scope::List, Scope::Global],
                // What is looked for in lines comes before the host and its shell.
                Scope::Logs => &[Scope::Logs, Scope::Service, Scope::Host, Scope::List, Scope::Global],
                _ => &together,
            };
            let (last, pending) = keys.split_last().unwrap();
            let at = format!("{}: {} for {command}", keymap.name(), sequence(&keys));
            assert_eq!(keymap.resolve(scopes, pending, *last), Resolved::Command(command), "{at}");
            for n in 1..keys.len() {
                assert_eq!(keymap.resolve(scopes, &keys[..n - 1], keys[n - 1]), Resolved::Pending, "{at}");
            }
        }
    }
}

#[test]
fn the_usual_ways_out_work_everywhere() {
    for keymap in all() {
        let key = |text: &str| Key::parse(text).unwrap();
        assert_eq!(keymap.resolve(&[Scope::Input], &[], key("esc")), Resolved::Command(Command::Cancel));
        assert_eq!(keymap.resolve(&[Scope::Input], &[], key("ctrl-c")), Resolved::Command(Command::Cancel));
        assert_eq!(keymap.resolve(&[Scope::List, Scope::Global], &[], key("q")), Resolved::Command(Command::Quit));
        assert_eq!(keymap.resolve(&[Scope::Global], &[], key("ctrl-c")), Resolved::Command(Command::Quit));
    }
}
