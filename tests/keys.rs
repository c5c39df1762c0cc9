//! Keys in, words on the screen and effects out, through the real keymaps and the real update. The worlds are those that
//! the screens are drawn from.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a test may stop at what it did not expect"
)]

#[path = "keys/acting.rs"]
mod acting;
#[path = "keys/agreeing.rs"]
mod agreeing;
#[path = "keys/anything.rs"]
mod anything;
#[allow(dead_code, reason = "the screens use more of the decks than the keys do")]
#[path = "screens/decks.rs"]
mod decks;
#[allow(dead_code, reason = "the screens use more of it than the keys do")]
#[path = "screens/going.rs"]
mod going;
#[path = "keys/hosts.rs"]
mod hosts;
#[allow(dead_code, reason = "the screens use more of it than the keys do")]
#[path = "screens/logged.rs"]
mod logged;
#[path = "keys/logs.rs"]
mod logs;
#[allow(dead_code, reason = "the screens use pictures, the keys words alone")]
#[path = "screens/look.rs"]
mod look;
#[path = "keys/mouse.rs"]
mod mouse;
#[path = "keys/moving.rs"]
mod moving;
#[allow(dead_code, reason = "the screens use more of it than the keys do")]
#[path = "screens/runs.rs"]
mod runs;
#[path = "keys/saying_yes.rs"]
mod saying_yes;
#[path = "keys/steering.rs"]
mod steering;
#[path = "keys/typing.rs"]
mod typing;
#[allow(dead_code, reason = "the screens script more than the keys do")]
#[path = "screens/world.rs"]
mod world;
#[allow(dead_code, reason = "the screens use more of it than the keys do")]
#[path = "screens/worlds.rs"]
mod worlds;

/// The first keys of a command in the keymap of a world.
fn keys_of(command: quarterdeck::command::Command, world: &world::World) -> String {
    world.keymap.keys_of(command).into_iter().next().unwrap()
}
