//! Quarterdeck.
pub mod command;
pub mod demo;
pub mod model;
pub mod secret;
pub mod settings;
pub mod source;
pub mod store;
pub mod transport;
