//! Quarterdeck.
pub mod command;
pub mod keymap;
pub mod model;
pub mod secret;
pub mod settings;
pub mod source;
pub mod store;
pub mod theme;
pub mod transport;
