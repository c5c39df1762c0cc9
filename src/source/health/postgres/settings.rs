//! The keys of a `postgres` probe, read from a deck.
//!
//! Proof of the server's identity is chosen in the address, by PostgreSQL's own word: `sslmode=verify-full` asks for it
//! (so does `ca`), `require` encrypts and believes any certificate, `prefer` encrypts if the server can, `disable` does
//! not. An address without the word means `prefer`, as everywhere with PostgreSQL; with a password and a server that is
//! not this machine that is warned of, because whoever answers gets to try the login.

use std::net::IpAddr;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode, TargetSessionAttrs};

use super::judge::{Limits, Role};
use super::{Check, EXAMPLE, Postgres, place};
use crate::settings::Section;
use crate::source::health::api::address;

/// What stands for proof of the server's identity. Source: PostgreSQL manual, "SSL Support", table of sslmode values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Proof {
    /// `disable`, `prefer`, `require`: none.
    None,
    /// `verify-full`: certificate and name.
    Full,
}

/// Reads the keys; faults are noted in the section, and then there is no check.
pub(super) fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let url = address(section, "postgres", &["postgresql", "postgres"], EXAMPLE);
    let password = section.has("password").then(|| section.secret("password"));
    let ca = section.path("ca");
    let limits = limits(section);
    let url = url?;
    let (plain, proof) = proof(section, &url, ca.is_some())?;
    let mut config = match plain.parse::<Config>() {
        Ok(config) if !config.get_hosts().is_empty() => config,
        Ok(_) => {
            section.error("postgres", "`postgres` names no host", format!("write postgres = \"{EXAMPLE}\""));
            return None;
        }
        Err(error) => {
            let why = std::error::Error::source(&error).map_or_else(|| error.to_string(), ToString::to_string);
            let message = format!("`postgres` is not a connection address: {why}");
            section.error("postgres", message, format!("write postgres = \"{EXAMPLE}\""));
            return None;
        }
    };
    if config.get_target_session_attrs() != TargetSessionAttrs::Any {
        let help = "leave it out; role = \"primary\" says what the server should be";
        section.error("postgres", "`target_session_attrs` means nothing to a session that only reads", help);
        return None;
    }
    if proof == Proof::Full {
        config.ssl_mode(SslMode::Require);
    }
    config.application_name("quarterdeck");
    let password = match password {
        Some(reference) => Some(reference?),
        None => None,
    };
    if password.is_some() && ca.is_none() && mode(&url).is_none() {
        warn_of_belief(section, &config);
    }
    Some(Box::new(Postgres { place: place(&config), url, config, proof, ca, password, limits: limits? }))
}

/// What the address says of proof; the address as the driver takes it, which knows no `verify-full`.
fn proof(section: &Section<'_>, url: &str, ca: bool) -> Option<(String, Proof)> {
    match (mode(url), ca) {
        (Some("verify-full"), _) => Some((url.replace("sslmode=verify-full", "sslmode=require"), Proof::Full)),
        (Some("disable"), true) => {
            section.error("ca", "`ca` is of no use without TLS", "write sslmode=verify-full in the address");
            None
        }
        (None | Some("disable" | "prefer" | "require"), ca) => {
            Some((url.to_owned(), if ca { Proof::Full } else { Proof::None }))
        }
        (Some(mode), _) => {
            let help = "write sslmode=disable, prefer, require or verify-full";
            section.error("postgres", format!("`sslmode={mode}` is not known here"), help);
            None
        }
    }
}

pub(super) fn mode(url: &str) -> Option<&str> {
    let (_, query) = url.split_once('?')?;
    query.split('&').find_map(|pair| pair.strip_prefix("sslmode="))
}

/// A password goes to whoever answers: not wrong within one machine, and to be chosen elsewhere.
fn warn_of_belief(section: &Section<'_>, config: &Config) {
    let is_near = |host: &Host| match host {
        Host::Tcp(host) => host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    };
    if config.get_hosts().iter().all(is_near) && config.get_hostaddrs().iter().all(IpAddr::is_loopback) {
        return;
    }
    let help = "add ?sslmode=verify-full to the address (encrypted, identity proven), or choose sslmode=require \
                (encrypted, identity not proven) or sslmode=disable (neither)";
    let message = "the password goes to whoever answers, because the address names no `sslmode`";
    section.faults().warn(section.place_of("postgres"), message, help);
}

fn limits(section: &Section<'_>) -> Option<Limits> {
    let errors = section.faults().errors();
    let percent = |key: &str, default: i64| section.whole(key, 1..=100).unwrap_or(default);
    let limits = Limits {
        role: section.choice("role", &[("primary", Role::Primary), ("standby", Role::Standby)]),
        standbys: section.whole("standbys", 0..=99),
        lag_degraded: section.duration("lag-degraded"),
        lag_fail: section.duration("lag-fail"),
        connections_degraded: percent("connections-degraded", 80),
        connections_fail: percent("connections-fail", 95),
    };
    if limits.connections_degraded > limits.connections_fail {
        let help = "the first limit comes first: connections-degraded = 80, connections-fail = 95";
        section.error("connections-degraded", "`connections-degraded` is above `connections-fail`", help);
    }
    if let (Some(first), Some(second)) = (limits.lag_degraded, limits.lag_fail)
        && first > second
    {
        let help = "the first limit comes first: lag-degraded = \"30s\", lag-fail = \"5m\"";
        section.error("lag-degraded", "`lag-degraded` is above `lag-fail`", help);
    }
    if limits.role == Some(Role::Standby) && limits.standbys.is_some() {
        let help = "`standbys` counts what hangs on a primary; leave it out or write role = \"primary\"";
        section.error("standbys", "`standbys` is asked of a standby", help);
    }
    (section.faults().errors() == errors).then_some(limits)
}

#[cfg(test)]
mod tests {
    use super::super::super::fixture::{check, faults, warnings};

    #[test]
    fn a_password_in_the_address_is_a_fault_that_does_not_repeat_it() {
        let found = faults("postgres = \"postgresql://app:hunter2@db/x\"");
        assert!(found[0].help.as_deref().unwrap().contains("password = \"env:NAME\""));
        assert!(!format!("{found:?}").contains("hunter2"));
    }

    #[test]
    fn limits_in_the_wrong_order_and_unknown_words_are_faults() {
        let base = "postgres = \"postgresql://app@db/x\"\n";
        for (more, words) in [
            ("connections-degraded = 99", "is above"),
            ("lag-degraded = \"10m\"\nlag-fail = \"1m\"", "is above"),
            ("role = \"master\"", "cannot be \"master\""),
            ("role = \"standby\"\nstandbys = 1", "asked of a standby"),
        ] {
            assert!(faults(&format!("{base}{more}"))[0].message.contains(words), "{more}");
        }
        assert!(faults("postgres = \"postgresql://db/x?sslmode=verify-ca\"")[0].message.contains("sslmode=verify-ca"));
        assert!(faults("postgres = \"mysql://db/x\"")[0].message.contains("starts with postgresql://"));
    }

    #[test]
    fn the_target_is_the_address_as_written() {
        let url = "postgresql://app@db:5432/x?sslmode=verify-full";
        assert_eq!(check(&format!("postgres = \"{url}\"\npassword = \"env:X\"")).target(), url);
    }

    #[test]
    fn a_password_for_whoever_answers_is_warned_of_with_the_choices() {
        let told = |address: &str, more: &str| {
            warnings(&format!("postgres = \"postgresql://app@{address}\"\npassword = \"env:X\"\n{more}"))
        };
        let found = told("db.example.com/x", "");
        assert_eq!(found.len(), 1, "{found:?}");
        for choice in ["sslmode=verify-full", "sslmode=require", "sslmode=disable"] {
            assert!(found[0].help.as_deref().unwrap().contains(choice), "{found:?}");
        }
        assert_eq!(told("127.0.0.1,db.example.com/x", "").len(), 1);
        for mode in ["disable", "prefer", "require", "verify-full"] {
            assert!(told(&format!("db.example.com/x?sslmode={mode}"), "").is_empty(), "{mode}");
        }
        assert!(told("db.example.com/x", "ca = \"own.pem\"").is_empty());
        for near in ["localhost/x", "127.0.0.1:5433/x", "[::1]/x", "%2Frun%2Fpostgresql/x"] {
            assert!(told(near, "").is_empty(), "{near}");
        }
        assert!(warnings("postgres = \"postgresql://app@db.example.com/x\"").is_empty());
    }

    #[test]
    fn a_server_asked_for_by_what_it_may_write_is_a_fault() {
        let found = faults("postgres = \"postgresql://app@a,b/x?target_session_attrs=read-write\"");
        assert!(found[0].message.contains("`target_session_attrs`"), "{found:?}");
    }
}
