//! Errors of Redis and of the way to it, in words. Source: Redis documentation, "Redis serialization protocol", and the
//! error prefixes in its `server.c`. A server that refuses our own login is not observed; one that refuses everybody
//! does not work.

use redis::RedisError;

use crate::model::Text;
use crate::source::health::api::Trouble;

/// What an error means.
pub fn of(error: &RedisError, place: &str) -> Trouble {
    let words = Text::line_at_most(error.detail().unwrap_or_default(), 200);
    let told = error.to_string();
    let is = |prefix: &str| error.code() == Some(prefix) || told.contains(prefix);
    if is("WRONGPASS") {
        Trouble::unknown(format!("{place} refuses the login: wrong user or password"))
    } else if is("NOAUTH") || is("Authentication required") {
        Trouble::unknown(format!("{place} asks for a password; add password = \"env:NAME\""))
    } else if is("NOPERM") {
        Trouble::unknown(format!("{place} does not let this user look; the user needs +ping +info"))
    } else if is("LOADING") {
        Trouble::fail(format!("{place} is loading its data into memory"))
    } else if is("MISCONF") {
        Trouble::fail(format!("{place} refuses writes, because it cannot save its data to disk"))
    } else if is("MASTERDOWN") {
        Trouble::fail(format!("{place} has lost its primary and serves no old data"))
    } else if is("max number of clients") {
        Trouble::fail(format!("{place} has no connection left: its maximum number of clients is reached"))
    } else if is("called without any password configured") {
        Trouble::unknown(format!("{place} wants no password; remove `password`"))
    } else if is("DB index is out of range") {
        Trouble::fail(format!("{place} has no database of that number"))
    } else if is("DENIED") {
        Trouble::unknown(format!("{place} is in protected mode and lets in only its own machine"))
    } else if error.is_io_error() || error.is_connection_dropped() {
        Trouble::of_connection(error, place)
    } else if error.code().is_some() {
        Trouble::fail(format!("{place} answers with an error: {words} ({})", error.code().unwrap_or_default()))
    } else {
        Trouble::fail(format!("{place} does not answer as Redis does: {}", Text::line_at_most(&told, 200)))
    }
}
