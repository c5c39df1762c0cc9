//! What the operating system means when it makes no connection: whose trouble it is, and the words for it. The one
//! place where that is decided, for every kind of check. Knows nothing of TLS or of what is spoken afterwards.

use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, UdpSocket};

use rustix::io::Errno;

/// A connection that was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Whether this machine is at fault, so that nothing is known about the target.
    pub ours: bool,
    before: &'static str,
    after: String,
}

impl Refusal {
    /// Reads an error of a connection to `address`, if that is known: only with it can a missing route of this
    /// machine be told from a router's word that the target cannot be reached.
    pub fn of(error: &Error, address: Option<SocketAddr>) -> Self {
        Self::judge(error, || address.is_some_and(has_route))
    }

    /// What keeps this machine from sending anything to an address at all: no route, no descriptor left. For protocols
    /// whose library does not say why it has no connection.
    pub fn before_sending(address: SocketAddr) -> Option<Self> {
        let refusal = Self::judge(&route(address).err()?, || false);
        refusal.ours.then_some(refusal)
    }

    fn judge(error: &Error, has_route: impl Fn() -> bool) -> Self {
        if let Some(before) = shortage(error) {
            return Self { ours: true, before, after: String::new() };
        }
        let theirs = |before| Self { ours: false, before, after: String::new() };
        match error.kind() {
            ErrorKind::ConnectionRefused => theirs("connection refused on"),
            ErrorKind::ConnectionReset => theirs("connection reset by"),
            ErrorKind::TimedOut => theirs("no answer from"),
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable if has_route() => {
                theirs("the network reports no route to")
            }
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => {
                Self { ours: true, before: "no route to", after: " from this machine".into() }
            }
            _ => Self { ours: false, before: "cannot connect to", after: format!(": {error}") },
        }
    }

    /// The sentence: `connection refused on 127.0.0.1:5006`.
    pub fn told(&self, places: &str) -> String {
        format!("{} {places}{}", self.before, self.after)
    }
}

/// What this machine lacks or forbids.
fn shortage(error: &Error) -> Option<&'static str> {
    Some(match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE) => "this machine has no file descriptor left for a connection to",
        Some(Errno::NOBUFS | Errno::NOMEM) => "this machine has no memory left for a connection to",
        Some(Errno::AFNOSUPPORT) => "this machine does not speak the protocol of",
        Some(Errno::NETDOWN) => "the network of this machine is down, so there is no connection to",
        _ => match error.kind() {
            ErrorKind::AddrNotAvailable => "this machine has no address or port left for a connection to",
            ErrorKind::PermissionDenied => "this machine may not connect to",
            ErrorKind::NetworkDown => "the network of this machine is down, so there is no connection to",
            _ => return None,
        },
    })
}

fn has_route(address: SocketAddr) -> bool {
    route(address).is_ok()
}

/// Asks this machine's routing table for a way towards an address: connecting a UDP socket sends nothing.
fn route(address: SocketAddr) -> Result<(), Error> {
    let any: SocketAddr = if address.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    UdpSocket::bind(any)?.connect(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(errno: Errno, has_route: bool) -> (bool, String) {
        let refusal = Refusal::judge(&Error::from(errno), || has_route);
        (refusal.ours, refusal.told("db:1"))
    }

    #[test]
    fn what_this_machine_lacks_is_not_the_targets_failure() {
        for (errno, words) in [
            (Errno::NETUNREACH, "no route to db:1 from this machine"),
            (Errno::HOSTUNREACH, "no route to db:1 from this machine"),
            (Errno::MFILE, "this machine has no file descriptor left for a connection to db:1"),
            (Errno::NFILE, "this machine has no file descriptor left for a connection to db:1"),
            (Errno::ADDRNOTAVAIL, "this machine has no address or port left for a connection to db:1"),
            (Errno::PERM, "this machine may not connect to db:1"),
        ] {
            assert_eq!(of(errno, false), (true, words.to_owned()));
        }
    }

    #[test]
    fn what_the_target_does_is_its_failure() {
        for (errno, words) in [
            (Errno::CONNREFUSED, "connection refused on db:1"),
            (Errno::CONNRESET, "connection reset by db:1"),
            (Errno::TIMEDOUT, "no answer from db:1"),
            (Errno::HOSTUNREACH, "the network reports no route to db:1"),
        ] {
            assert_eq!(of(errno, true), (false, words.to_owned()));
        }
    }

    #[test]
    fn there_is_a_way_to_loopback() {
        let loopback = "127.0.0.1:9".parse().unwrap();
        assert!(has_route(loopback) && Refusal::before_sending(loopback).is_none());
    }
}
