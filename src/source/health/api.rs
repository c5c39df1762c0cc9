//! What the checks that speak to a data service share: addresses in a deck, their secrets, the time they have, words
//! for connection troubles, TLS settings and one HTTP client. Never judges what an answer says.

pub mod address;
pub mod budget;
pub mod client;
pub mod secret;
pub mod tls;
pub mod trouble;

pub use address::address;
pub use budget::Budget;
pub use client::{Answer, Client};
pub use secret::{secret, secret_if_any};
pub use trouble::Trouble;
