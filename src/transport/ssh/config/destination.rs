//! Where to go, as a person writes it: `alias`, `ops@192.0.2.10`, `ops@[2001:db8::1]:22`, `ssh://ops@host:2222`. Reads
//! and writes that form; never looks a name up.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// A host to reach, as it is written in a deck, on a command line or in `ProxyJump`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Destination {
    /// The user to log in as, when it is said.
    pub user: Option<String>,
    /// An alias of the SSH configuration, a name or an address without brackets.
    pub host: String,
    /// The port, when it is said.
    pub port: Option<u16>,
}

/// Why something is no destination, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// Nothing is written.
    #[error("no host is named: write an alias of your SSH configuration or `user@host`")]
    Empty,
    /// A part is missing before or after its sign.
    #[error("the {part} is missing: write `user@host` or `user@host:port`")]
    Missing {
        /// What is missing: user, host, port.
        part: &'static str,
    },
    /// The start looks like an option of a command.
    #[error("the {part} starts with `-` and would be taken for an option: write the name without it")]
    Dash {
        /// Which part.
        part: &'static str,
    },
    /// A character that no name has.
    #[error("the {part} has {sign}, which no {part} may have: write `user@host` or `user@host:port`")]
    Sign {
        /// Which part.
        part: &'static str,
        /// The character, in words or in quotes.
        sign: String,
    },
    /// The port is no number from 1 to 65535.
    #[error("`{0}` is no port: write a number from 1 to 65535")]
    Port(String),
    /// Brackets do not stand around an IPv6 address.
    #[error("the brackets do not close around an address: write `user@[2001:db8::1]:22`")]
    Brackets,
    /// More than one colon, and no IPv6 address.
    #[error("`{0}` has several colons and is no IPv6 address: write `host:port` or `[address]:port`")]
    Colons(String),
    /// A path after the host.
    #[error("a destination has no path: write `ssh://user@host:port`")]
    Path,
    /// A scheme that is not ours.
    #[error("`{0}://` is not spoken here: write `ssh://user@host:port` or `user@host`")]
    Scheme(String),
    /// `%` without two hexadecimal digits in the user of an `ssh://` address.
    #[error("the user has a `%` without two hexadecimal digits: write `%25` for a `%`")]
    Escape,
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() {
            return Err(DestinationError::Empty);
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            // As in OpenSSH the last `@` ends the user: some users are mail addresses.
            let (user, host) = text.rsplit_once('@').map_or((None, text), |(user, host)| (Some(user.to_owned()), host));
            return parts(user, host);
        };
        if scheme != "ssh" {
            return Err(DestinationError::Scheme(shown(scheme)));
        }
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, host) = rest.split_once('@').map_or((None, rest), |(user, host)| (Some(user), host));
        if host.contains('/') {
            return Err(DestinationError::Path);
        }
        parts(user.map(unescaped).transpose()?, host)
    }
}

impl fmt::Display for Destination {
    /// As it can be read again.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        match self.port {
            Some(port) if self.host.contains(':') => write!(f, "[{}]:{port}", self.host),
            Some(port) => write!(f, "{}:{port}", self.host),
            None => f.write_str(&self.host),
        }
    }
}

fn parts(user: Option<String>, rest: &str) -> Result<Destination, DestinationError> {
    if let Some(user) = &user {
        check_user(user)?;
    }
    let (host, port) = host_and_port(rest)?;
    check_host(host)?;
    Ok(Destination { user, host: host.to_owned(), port: port.map(read_port).transpose()? })
}

fn host_and_port(text: &str) -> Result<(&str, Option<&str>), DestinationError> {
    if let Some(inner) = text.strip_prefix('[') {
        let (host, after) = inner.split_once(']').ok_or(DestinationError::Brackets)?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(DestinationError::Brackets),
        };
    }
    match text.split_once(':') {
        None => Ok((text, None)),
        Some((host, port)) if !port.contains(':') => Ok((host, Some(port))),
        Some(_) if text.split('%').next().is_some_and(|a| a.parse::<Ipv6Addr>().is_ok()) => Ok((text, None)),
        Some(_) => Err(DestinationError::Colons(shown(text))),
    }
}

fn read_port(text: &str) -> Result<u16, DestinationError> {
    if text.is_empty() {
        return Err(DestinationError::Missing { part: "port" });
    }
    let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    number.filter(|port| *port > 0).ok_or_else(|| DestinationError::Port(shown(text)))
}

/// Whether this can be the name of a host: what OpenSSH takes, and nothing that a shell would act on.
pub(super) fn check_host(host: &str) -> Result<(), DestinationError> {
    check(host, "host", "'`\"$\\;&<>|(){}[],*?!#~/@")
}

/// Whether this can be a user. A `\` or `$` may stand in it as in `DOMAIN\user` or `backup$`, as OpenSSH has it.
pub(super) fn check_user(user: &str) -> Result<(), DestinationError> {
    check(user, "user", "'`\";&<>|(){}")?;
    if user.ends_with('\\') {
        return Err(DestinationError::Sign { part: "user", sign: "`\\` at its end".to_owned() });
    }
    if user.contains("$(") || user.contains("${") {
        return Err(DestinationError::Sign { part: "user", sign: "`$`".to_owned() });
    }
    Ok(())
}

fn check(text: &str, part: &'static str, refused: &str) -> Result<(), DestinationError> {
    if text.is_empty() {
        return Err(DestinationError::Missing { part });
    }
    if text.starts_with('-') {
        return Err(DestinationError::Dash { part });
    }
    let sign = |sign: String| Err(DestinationError::Sign { part, sign });
    for c in text.chars() {
        if c.is_control() {
            return sign("a control character".to_owned());
        }
        if c.is_whitespace() {
            return sign("a blank".to_owned());
        }
        if refused.contains(c) {
            return sign(format!("`{c}`"));
        }
    }
    Ok(())
}

/// Reads `%40` and the like in the user of an `ssh://` address.
fn unescaped(text: &str) -> Result<String, DestinationError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|b| char::from(b).to_digit(16)).ok_or(DestinationError::Escape);
        bytes.push((digit()? * 16 + digit()?) as u8);
    }
    String::from_utf8(bytes).map_err(|_| DestinationError::Escape)
}

fn shown(text: &str) -> String {
    crate::model::Text::line_at_most(text, 60).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> (Option<String>, String, Option<u16>) {
        let destination: Destination = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
        (destination.user, destination.host, destination.port)
    }

    #[test]
    fn every_way_of_writing_a_destination_is_read() {
        let ops = || Some("ops".to_owned());
        for (text, user, host, port) in [
            ("web-1", None, "web-1", None),
            ("ops@192.0.2.10", ops(), "192.0.2.10", None),
            ("ops@192.0.2.10:2222", ops(), "192.0.2.10", Some(2222)),
            ("ops@[2001:db8::1]:22", ops(), "2001:db8::1", Some(22)),
            ("[2001:db8::1]", None, "2001:db8::1", None),
            ("2001:db8::1", None, "2001:db8::1", None),
            ("fe80::1%eth0", None, "fe80::1%eth0", None),
            ("ssh://ops@web.example.net:2222", ops(), "web.example.net", Some(2222)),
            ("ssh://ops@[2001:db8::1]:22/", ops(), "2001:db8::1", Some(22)),
            ("ssh://web", None, "web", None),
        ] {
            assert_eq!(read(text), (user, host.to_owned(), port), "{text}");
        }
        assert_eq!(read("ops@example.net@web").0.as_deref(), Some("ops@example.net"));
        assert_eq!(read("ssh://ops%40example.net@web").0.as_deref(), Some("ops@example.net"));
        assert_eq!(read("EXAMPLE\\ops@web").0.as_deref(), Some("EXAMPLE\\ops"));
    }

    #[test]
    fn what_is_written_out_is_read_back() {
        for text in ["web", "ops@web", "ops@web:22", "ops@[2001:db8::1]:22", "2001:db8::1"] {
            assert_eq!(text.parse::<Destination>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_no_destination_is_refused_with_what_to_write() {
        for (text, said) in [
            ("", "no host is named"),
            ("@web", "the user is missing"),
            ("ops@", "the host is missing"),
            ("web:", "the port is missing"),
            ("[]:22", "the host is missing"),
            ("web:0", "`0` is no port"),
            ("web:65536", "`65536` is no port"),
            ("web:+22", "`+22` is no port"),
            ("-oProxyCommand=x", "would be taken for an option"),
            ("-l@web", "the user starts with `-`"),
            ("ops@-web", "the host starts with `-`"),
            ("we b", "the host has a blank"),
            ("ops @web", "the user has a blank"),
            ("web\n", "a control character"),
            ("\u{1b}[2J@web", "the user has a control character"),
            ("web;id", "the host has `;`"),
            ("$(id)@web", "the user has `(`"),
            ("web`id`", "the host has ``"),
            ("*.example.net", "the host has `*`"),
            ("ops\\@web", "`\\` at its end"),
            ("[2001:db8::1", "brackets do not close"),
            ("[2001:db8::1]22", "brackets do not close"),
            ("web:22:22", "several colons"),
            ("http://web", "`http://` is not spoken here"),
            ("ssh://web/path", "has no path"),
            ("ssh://o%4@web", "hexadecimal"),
        ] {
            let error = text.parse::<Destination>().expect_err(text).to_string();
            assert!(error.contains(said), "{text}: {error}");
            assert!(error.contains("write"), "{text}: {error}");
        }
    }
}
