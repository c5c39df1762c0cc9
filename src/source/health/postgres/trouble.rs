//! Errors of PostgreSQL and of the way to it, in words. Source: PostgreSQL manual, appendix "PostgreSQL Error Codes".
//! A server that refuses our own login is not observed; one that refuses everybody does not work.

use tokio_postgres::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::source::health::api::Trouble;

/// What an error means.
pub fn of(error: &Error, place: &str) -> Trouble {
    if let Some(said) = error.as_db_error() {
        return of_server(said, place);
    }
    let cause = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if cause.contains("does not support TLS") {
        return Trouble::fail(format!("{place} refuses TLS, which `sslmode` asks for"));
    }
    if cause.contains("password missing") {
        return Trouble::unknown(format!("{place} asks for a password; add password = \"env:NAME\""));
    }
    if error.is_closed() {
        return Trouble::fail(format!("{place} closed the connection without an answer"));
    }
    Trouble::of_connection(error, place)
}

fn of_server(said: &DbError, place: &str) -> Trouble {
    let words = crate::model::Text::line_at_most(said.message(), 200);
    let code = said.code();
    if *code == SqlState::CANNOT_CONNECT_NOW {
        // Starting, shutting down and recovering share one code; the message tells them apart.
        return Trouble::fail(format!("{place} takes no connections yet: {words}"));
    }
    if *code == SqlState::TOO_MANY_CONNECTIONS {
        return Trouble::fail(format!("{place} has no connection left: {words}"));
    }
    if *code == SqlState::INVALID_CATALOG_NAME {
        return Trouble::fail(format!("{place} has no such database: {words}"));
    }
    if *code == SqlState::ADMIN_SHUTDOWN || *code == SqlState::CRASH_SHUTDOWN {
        return Trouble::fail(format!("{place} is going down: {words}"));
    }
    if *code == SqlState::QUERY_CANCELED {
        return Trouble::fail(format!("{place} did not answer the questions on its state in time"));
    }
    if *code == SqlState::INVALID_PASSWORD || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION {
        return Trouble::unknown(format!("{place} refuses the login: {words}"));
    }
    if *code == SqlState::INSUFFICIENT_PRIVILEGE {
        return Trouble::unknown(format!("{place} does not let this role look ({words}); grant it pg_monitor"));
    }
    Trouble::fail(format!("{place} answers with an error: {words} ({})", code.code()))
}
