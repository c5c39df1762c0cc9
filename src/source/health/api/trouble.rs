//! Why nothing came back, in words an engineer can act on. Walks the chain of an error to the part that says it:
//! a TLS alert or an answer of the operating system.

use std::error::Error;
use std::io::ErrorKind;
use std::sync::Arc;

use rustls::CertificateError;

use crate::model::{Observation, Outcome};
use crate::source::dial::refusal::Refusal;
use crate::source::dial::{DialError, lookup};

/// An early end of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// What it means for the target.
    pub outcome: Outcome,
    /// Why, as a sentence without a full stop.
    pub reason: String,
}

impl Trouble {
    /// The target does not work.
    pub fn fail(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Fail, reason: reason.into() }
    }

    /// The target could not be observed.
    pub fn unknown(reason: impl Into<String>) -> Self {
        Self { outcome: Outcome::Unknown, reason: reason.into() }
    }

    /// An error of a connection to `place` (`127.0.0.1:5432`).
    pub fn of_connection(error: &(dyn Error + 'static), place: &str) -> Self {
        connection(error, place)
    }
}

impl From<crate::secret::SecretError> for Trouble {
    fn from(error: crate::secret::SecretError) -> Self {
        Self::unknown(error.to_string())
    }
}

impl From<&DialError> for Trouble {
    fn from(error: &DialError) -> Self {
        let outcome = if error.is_ours() { Outcome::Unknown } else { Outcome::Fail };
        Self { outcome, reason: error.to_string() }
    }
}

impl From<DialError> for Trouble {
    fn from(error: DialError) -> Self {
        Self::from(&error)
    }
}

impl From<Trouble> for Observation {
    fn from(trouble: Trouble) -> Self {
        let mut seen = Observation::new(trouble.outcome);
        seen.reason = Some(trouble.reason.into());
        seen
    }
}

/// What an error of a connection means.
fn connection(error: &(dyn Error + 'static), place: &str) -> Trouble {
    let mut next = Some(error);
    let mut last = error.to_string();
    while let Some(this) = next {
        if let Some(error) = this.downcast_ref::<DialError>() {
            return error.into();
        }
        if let Some(io) = this.downcast_ref::<std::io::Error>() {
            // An inner error of an `io::Error` is no link of the chain.
            if let Some(inner) = io.get_ref() {
                let inner: &(dyn Error + 'static) = inner;
                let speaks = inner.is::<rustls::Error>() || inner.is::<std::io::Error>() || inner.is::<DialError>();
                if speaks || inner.source().is_some() {
                    return connection(inner, place);
                }
            }
            return system(io, place);
        }
        // A shared error hides its own type behind that of the share.
        if let Some(shared) = this.downcast_ref::<Arc<dyn Error + Send + Sync>>() {
            return connection(&**shared, place);
        }
        if let Some(error) = this.downcast_ref::<rustls::Error>() {
            return Trouble::fail(handshake(error, place));
        }
        if let Some(http) = this.downcast_ref::<hyper::Error>() {
            if http.is_incomplete_message() {
                return Trouble::fail(format!("{place} closed the connection without an answer"));
            }
            if http.is_parse() {
                return Trouble::fail(format!("{place} does not speak HTTP"));
            }
        }
        last = this.to_string();
        next = this.source();
    }
    Trouble::fail(format!("cannot speak with {place}: {last}"))
}

/// What the system says. Of a connection that stood and then broke it speaks here; all else is [`Refusal`]'s.
fn system(error: &std::io::Error, place: &str) -> Trouble {
    match error.kind() {
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => {
            Trouble::fail(format!("{place} broke the connection off"))
        }
        ErrorKind::UnexpectedEof => Trouble::fail(format!("{place} closed the connection without an answer")),
        _ if error.to_string().contains("lookup address") => lookup::failure(host(place), error).into(),
        _ => {
            let refusal = Refusal::of(error, place.parse().ok());
            let outcome = if refusal.ours { Outcome::Unknown } else { Outcome::Fail };
            Trouble { outcome, reason: refusal.told(place) }
        }
    }
}

/// The host of `host:port`.
fn host(place: &str) -> &str {
    place.rsplit_once(':').map_or(place, |(host, _)| host)
}

fn handshake(error: &rustls::Error, place: &str) -> String {
    match error {
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            format!("the certificate of {place} has expired")
        }
        rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        ) => {
            format!("the certificate of {place} is for another name")
        }
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("the certificate of {place} comes from an unknown issuer; `ca = \"FILE.pem\"` names a private one")
        }
        rustls::Error::InvalidMessage(_) => format!("{place} does not speak TLS"),
        other => format!("no TLS with {place}: {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_come_from_the_part_of_the_error_that_knows() {
        let refused = std::io::Error::from(ErrorKind::ConnectionRefused);
        assert_eq!(Trouble::of_connection(&refused, "db:5432").reason, "connection refused on db:5432");
        let expired = rustls::Error::InvalidCertificate(CertificateError::Expired);
        let wrapped = std::io::Error::other(std::io::Error::new(ErrorKind::InvalidData, expired));
        assert_eq!(Trouble::of_connection(&wrapped, "db:5432").reason, "the certificate of db:5432 has expired");
    }

    #[test]
    fn trouble_of_this_machine_leaves_the_target_unknown() {
        let descriptors = std::io::Error::from_raw_os_error(24);
        let told = "this machine has no file descriptor left for a connection to db:5432";
        assert_eq!(Trouble::of_connection(&descriptors, "db:5432"), Trouble::unknown(told));
        let resolver = "failed to lookup address information: Temporary failure in name resolution";
        let resolver = std::io::Error::other(resolver);
        let told = "db does not resolve: this machine's resolver does not answer";
        assert_eq!(Trouble::of_connection(&resolver, "db:5432"), Trouble::unknown(told));
        let nobody = std::io::Error::other(DialError::NoName("db".into()));
        assert_eq!(Trouble::of_connection(&nobody, "db:5432"), Trouble::fail("db does not resolve: no such name"));
    }
}
