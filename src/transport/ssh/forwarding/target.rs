//! Where a forwarded port leads, as people write it. Looks no name up: that is the host's to do.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

use crate::model::Text;

/// Where a forwarded port leads, as the host sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// A name or an address.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// It is no target.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no target; write a port of the host (15672), or what the host can reach (db.example.com:5432)")]
pub struct TargetError(Text);

impl FromStr for Target {
    type Err = TargetError;

    /// Reads `15672`, `db.example.com:5432`, `[2001:db8::1]:5432`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || TargetError(Text::line_at_most(text, 80));
        let port = |digits: &str| {
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|port| *port > 0 && plain).ok_or_else(wrong)
        };
        let Some((host, digits)) = text.rsplit_once(':') else {
            return Ok(Self { host: "127.0.0.1".into(), port: port(text)? });
        };
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        let host = match host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
            Some(six) if six.parse::<Ipv6Addr>().is_ok() => six,
            None if !host.is_empty() && !host.starts_with('-') && host.chars().all(plain) => host,
            _ => return Err(wrong()),
        };
        Ok(Self { host: host.to_owned(), port: port(digits)? })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::transport::ssh::place(&self.host, self.port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_is_the_hosts_own_and_anything_else_is_named() {
        for (text, told) in [
            ("15672", "127.0.0.1:15672"),
            ("db.example.com:5432", "db.example.com:5432"),
            ("192.0.2.7:1", "192.0.2.7:1"),
            ("[2001:db8::1]:5432", "[2001:db8::1]:5432"),
        ] {
            assert_eq!(text.parse::<Target>().map(|t| t.to_string()), Ok(told.to_owned()));
        }
    }

    #[test]
    fn what_is_no_target_is_told_with_what_to_write() {
        for text in
            ["", "0", "65536", "+80", "db", ":80", "db:", "2001:db8::1:80", "[db]:80", "-x:80", "a b:80", "$(id):80"]
        {
            let error = text.parse::<Target>().expect_err(text).to_string();
            assert!(error.contains("write a port"), "{error}");
        }
    }
}
