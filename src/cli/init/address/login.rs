//! The part of an address that opens something: user, password, tokens. Takes it out, so that the rest may be shown and
//! written; never prints any of it.

use secrecy::SecretString;

use crate::cli::init::draft::Login;

/// The login before the last `@`: careless passwords hold an `@` or a slash. Without a colon or a slash it is a user.
pub(super) fn split_login(rest: &str) -> (Option<Login>, &str) {
    match rest.rsplit_once('@') {
        Some((login, after)) => match login.split_once(':') {
            Some((user, password)) => (login_of(user, Some(password)), after),
            None if login.contains(['/', '?']) => (None, rest),
            None => (login_of(login, None), after),
        },
        None => (None, rest),
    }
}

/// User and password as a URL holds them; none when both are empty.
pub(super) fn login_of(user: &str, password: Option<&str>) -> Option<Login> {
    let text = |t: &str| Some(decoded(t)).filter(|t| !t.is_empty());
    let (user, password) = (text(user), password.and_then(text).map(SecretString::from));
    (user.is_some() || password.is_some()).then_some(Login { user, password })
}

/// `user@` with everything escaped that would end it.
pub(super) fn rest_user(login: Option<&Login>) -> String {
    let escaped = |user: &String| {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
        user.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect::<String>()
    };
    login.and_then(|l| l.user.as_ref()).map(|user| escaped(user) + "@").unwrap_or_default()
}

/// Percent-escapes undone (RFC 3986, 2.1); what is no escape stays.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let pair = after.get(..2).filter(|_| *first == b'%').and_then(|p| std::str::from_utf8(p).ok());
        let byte = pair.filter(|p| p.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(byte) = byte.and_then(|p| u8::from_str_radix(p, 16).ok()) {
            bytes.push(byte);
            rest = after.get(2..).unwrap_or_default();
        } else {
            bytes.push(*first);
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Takes `password=…` out of a query.
pub(super) fn without_password(rest: &str) -> (String, Option<SecretString>) {
    let Some((before, query)) = rest.split_once('?') else { return (rest.to_owned(), None) };
    let is_password = |pair: &&str| pair.to_ascii_lowercase().starts_with("password=");
    let hidden = query.split('&').find(is_password).and_then(|p| p.split_once('=')).map(|(_, p)| decoded(p).into());
    let kept: Vec<&str> = query.split('&').filter(|p| !is_password(p)).collect();
    if kept.is_empty() { (before.to_owned(), hidden) } else { (format!("{before}?{}", kept.join("&")), hidden) }
}

/// The name of a parameter whose value opens something.
pub(super) fn secret_in_query(query: &str) -> Option<&str> {
    const WORDS: [&str; 7] = ["token", "password", "passwd", "secret", "api_key", "apikey", "signature"];
    let names = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(name, _)| name);
    names.into_iter().find(|name| WORDS.iter().any(|w| name.to_ascii_lowercase().contains(w)))
}

/// An argument with login and query out of sight.
pub(super) fn masked(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(s, r)| (s, r));
    let (hidden, rest) = rest.rsplit_once('@').map_or(("", rest), |(_, r)| ("•••@", r));
    let (rest, query) = rest.split_once('?').map_or((rest, ""), |(r, _)| (r, "?•••"));
    let scheme = if scheme.is_empty() { String::new() } else { format!("{scheme}://") };
    format!("{scheme}{hidden}{rest}{query}")
}
