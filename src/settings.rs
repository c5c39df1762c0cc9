//! Reading what people write in TOML: decks, themes, keymaps. One way for all of them: parse with places, read key
//! by key with a type, note every fault with file, line and column and what to write instead, and at the end name the
//! keys that nobody asked for. Knows nothing of what the keys mean.

pub mod columns;
mod excerpt;
pub mod faults;
pub mod files;
pub mod names;
pub mod node;
mod pattern;
pub mod section;
pub mod shelf;
mod syntax;
mod veil;
pub mod when;
pub mod word;

pub use columns::columns;
pub use faults::Faults;
pub use files::{Files, Place};
pub use names::Names;
pub use node::{Entry, Node, Table, Value};
pub use section::Section;
pub use shelf::{Chain, Origin, Shelf};
