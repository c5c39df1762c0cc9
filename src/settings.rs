//! Reading what people write in TOML: decks, themes, keymaps. One way for all of them: parse with places, read key
//! by key with a type, note every fault with file, line and column and what to write instead, and at the end name the
//! keys that nobody asked for. Knows nothing of what the keys mean.

pub mod columns;
pub mod files;
pub mod node;
pub mod section;
pub mod shelf;
pub mod word;

pub use columns::columns;
pub use files::{Faults, Files, Place};
pub use node::{Entry, Node, Table, Value};
pub use section::{Names, Section};
pub use shelf::{Chain, Origin, Shelf};
