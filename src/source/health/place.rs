//! `host:port` as decks write it, with IPv6 addresses in brackets.

use std::fmt;
use std::net::Ipv6Addr;

use crate::settings::Section;

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HostPort {
    pub(super) host: String,
    pub(super) port: u16,
}

impl HostPort {
    /// Reads a key; `port` is for a text that names none.
    pub(super) fn read(section: &Section<'_>, key: &str, port: Option<u16>, example: &str) -> Option<Self> {
        let text = section.needed_text(key, &format!("{key} = \"{example}\""))?;
        let found = parse(text.trim(), port);
        if found.is_none() {
            let message = format!("`{key}` must be a host and a port, not \"{text}\"");
            section.error(
                key,
                message,
                format!("write {key} = \"{example}\"; an IPv6 address in brackets: \"[::1]:443\""),
            );
        }
        found
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

fn parse(text: &str, port: Option<u16>) -> Option<HostPort> {
    let (host, rest) = match text.strip_prefix('[') {
        Some(inner) => {
            let (host, rest) = inner.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            (host, rest)
        }
        None => text.find(':').map_or((text, ""), |at| text.split_at(at)),
    };
    let port = match rest.strip_prefix(':') {
        Some(number) => number.parse().ok()?,
        None if rest.is_empty() => port?,
        None => return None,
    };
    let strange = |c: char| c.is_whitespace() || c.is_control() || "/@?#".contains(c);
    (!host.is_empty() && port > 0 && !host.contains(strange)).then(|| HostPort { host: host.to_owned(), port })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_a_host_and_a_port() {
        for good in ["db:5432", "127.0.0.1:80", "[::1]:443"] {
            assert_eq!(parse(good, None).unwrap().to_string(), good);
        }
        assert_eq!(parse("db", Some(443)).unwrap().to_string(), "db:443");
        for bad in ["", "db", ":80", "db:", "db:0", "db:99999", "::1:80", "http://db:80", "a b:1", "[db]:1"] {
            assert_eq!(parse(bad, None), None, "{bad}");
        }
    }
}
