//! What the log engine promises, as statements about lines that real programs write.

mod accessing;
mod hearing;
mod holding;
mod judging;
mod linking;
mod reading;
mod searching;
mod showing;
mod sifting;
mod splitting;
mod unfolding;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::{Parsed, parse};

/// A moment from its text.
pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Reads a line as received on that evening in India.
pub(super) fn read(line: &str) -> Parsed {
    parse(line.as_bytes(), at("2026-11-21T13:20:00Z"), &TimeZone::get("Asia/Kolkata").unwrap())
}
