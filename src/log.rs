//! The log engine: bytes to lines, lines to time and level, a bounded store of them, merge, search and counts. Pure and
//! fast: it reads no clock, opens nothing and draws nothing; times and zones are arguments. What it hands out for people
//! to see goes through [`crate::model::Text`].

mod access;
pub mod body;
mod chunk;
pub mod field;
pub mod filter;
pub mod groups;
mod head;
mod json;
pub mod level;
mod mark;
pub mod merge;
pub mod novel;
mod pairs;
pub mod parse;
pub mod pretty;
mod scan;
pub mod search;
pub mod sift;
pub mod split;
mod stamp;
pub mod store;
mod template;
pub mod trace;

pub use body::{Body, body};
pub use field::field;
pub use filter::{FieldOp, FieldTest, Filter, pattern};
pub use groups::Pattern;
pub use level::Level;
pub use merge::{Line, LineId, Merge, Place, SourceId, escaped};
pub use novel::Novel;
pub use parse::{Parsed, Reader, parse};
pub use pretty::pretty;
pub use search::Search;
pub use sift::Sift;
pub use split::Splitter;
pub use store::{Known, LogStore};
pub use trace::trace;

#[cfg(test)]
mod tests;
