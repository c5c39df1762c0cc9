//! What libssh2 says when a call fails, sorted: to be asked again, refused, closed, or the end of the connection.

use std::io;

use ssh2::ErrorCode;

// Source: libssh2.h.
const AGAIN: i32 = -37;
const CHANNEL_FAILURE: i32 = -21;
/// The server does not do what it was asked for on a channel.
pub const REQUEST_DENIED: i32 = -22;
const DEAD: [i32; 4] = [-7, -13, -43, -44];

/// Whether libssh2 only wants to be asked again; it says so too while a packet of another channel is half sent.
pub fn is_again(error: &ssh2::Error) -> bool {
    matches!(error.code(), ErrorCode::Session(AGAIN))
}

/// Whether the far end of this channel takes nothing more. `ssh2` leaves only libssh2's words (`channel.c`).
pub fn is_closed(error: &io::Error) -> bool {
    let words = error.to_string();
    ["closed this channel", "EOF has already", "closed channel", "eof sent"].iter().any(|w| words.contains(w))
}

/// Whether the server said no to a channel.
pub fn is_refusal(error: &ssh2::Error) -> bool {
    matches!(error.code(), ErrorCode::Session(CHANNEL_FAILURE))
}

/// Whether the connection is of no more use.
pub fn is_dead(error: &ssh2::Error) -> bool {
    matches!(error.code(), ErrorCode::Session(code) if DEAD.contains(&code))
}

/// What a failed call means, for people.
pub fn session_words(error: &ssh2::Error) -> String {
    match error.code() {
        ErrorCode::Session(-7 | -13 | -43 | -44) => "closed by the host or on the way".into(),
        _ => format!("the SSH protocol broke: {}", error.message()),
    }
}

/// What a failed read or write means, for people. `ssh2` leaves only libssh2's words.
pub fn words(error: &io::Error) -> String {
    let words = error.to_string();
    if ["MAC", "mac", "decrypt", "packet", "memory"].iter().any(|w| words.contains(w)) {
        format!("the SSH protocol broke: {words}")
    } else {
        "closed by the host or on the way".into()
    }
}
