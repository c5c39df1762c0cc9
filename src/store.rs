//! The only holder of observed facts.

pub mod event;

pub use event::Event;
