//! A presented chain of certificates: what stands in it, and everything that is wrong with it at a time, each told
//! apart. Verifies paths through [`super::Trust`]'s authorities; knows nothing of connections.

use std::fmt;
use std::time::Duration;

use jiff::Timestamp;
use rustls::CertificateError;
use rustls::client::verify_server_name;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate, X509Name};

use super::trust::Anchors;

/// What stands in one certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// Common name of the subject, or the whole subject when it has none.
    pub subject: String,
    /// Common name of the issuer, or the whole issuer when it has none.
    pub issuer: String,
    /// Names and addresses it is for.
    pub names: Vec<String>,
    /// Valid from here.
    pub not_before: Timestamp,
    /// Valid to here.
    pub not_after: Timestamp,
    /// Subject and issuer are the same.
    pub self_issued: bool,
}

impl Certificate {
    /// Time left at a moment; none once expired.
    pub fn left(&self, now: Timestamp) -> Option<Duration> {
        Duration::try_from(self.not_after.duration_since(now)).ok().filter(|d| !d.is_zero())
    }

    /// From first to last moment of validity.
    pub fn lifetime(&self) -> Duration {
        Duration::try_from(self.not_after.duration_since(self.not_before)).unwrap_or_default()
    }
}

/// One thing wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// No longer valid. The name is that of a chain certificate; none means the server's own.
    Expired(Option<String>, Timestamp, Timestamp),
    /// Not valid yet, likewise.
    NotYet(Option<String>, Timestamp),
    /// A chain certificate is not valid, but the chain holds without it, for clients that find the other path.
    Spare(String, Timestamp),
    /// For other names.
    WrongName(String, Vec<String>),
    /// Its issuer is not believed here; whether the server's own certificate came alone.
    UnknownIssuer(String, bool),
    /// Signed by itself and not believed here.
    SelfSigned,
    /// Anything else, in words.
    Other(String),
}

impl Flaw {
    /// Whether clients are turned away by it.
    pub fn is_fatal(&self) -> bool {
        !matches!(self, Self::Spare(..))
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = |name: &Option<String>| match name {
            Some(name) => format!("chain certificate \"{name}\""),
            None => "certificate".into(),
        };
        match self {
            Self::Expired(name, since, now) => {
                let ago = Duration::try_from(now.duration_since(*since)).unwrap_or_default();
                write!(f, "{} expired {} ago, on {}", who(name), days(ago), day(*since))
            }
            Self::NotYet(name, from) => write!(f, "{} is not valid before {}", who(name), day(*from)),
            Self::Spare(name, since) => write!(
                f,
                "chain certificate \"{name}\" expired on {}; the chain holds without it, but not for every client",
                day(*since)
            ),
            Self::WrongName(asked, names) if names.is_empty() => {
                write!(f, "certificate is not for {asked}; it names no host")
            }
            Self::WrongName(asked, names) => {
                write!(f, "certificate is not for {asked} but for {}", some_of(names))
            }
            Self::UnknownIssuer(issuer, false) => write!(f, "issuer \"{issuer}\" is not trusted here"),
            Self::UnknownIssuer(issuer, true) => write!(
                f,
                "issuer \"{issuer}\" is not trusted here; perhaps the server does not send its chain certificates"
            ),
            Self::SelfSigned => f.write_str("certificate is self-signed and not trusted here"),
            Self::Other(words) => f.write_str(words),
        }
    }
}

/// All flaws as one sentence.
pub fn tell(flaws: &[Flaw]) -> String {
    flaws.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// `a, b, c and 5 more`.
pub fn some_of(names: &[String]) -> String {
    let shown = names.iter().take(4).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(4) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// `41 days`, `1 day`, `5 hours`, `12 minutes`.
pub fn days(span: Duration) -> String {
    let of = |n: u64, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match span.as_secs() {
        s @ 172_800.. => of(s / 86_400, "day"),
        s @ 7_200.. => of(s / 3_600, "hour"),
        s => of(s / 60, "minute"),
    }
}

/// `2026-11-20 15:08 UTC`.
pub fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// Reads what stands in a chain; a certificate that cannot be read is left out.
pub fn read(presented: &[CertificateDer<'_>]) -> Vec<Certificate> {
    presented.iter().filter_map(|der| read_one(der)).collect()
}

fn read_one(der: &[u8]) -> Option<Certificate> {
    let (_, parsed) = X509Certificate::from_der(der).ok()?;
    let moment = |seconds: i64| {
        let seconds = seconds.clamp(Timestamp::MIN.as_second(), Timestamp::MAX.as_second());
        Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX)
    };
    let names =
        parsed.subject_alternative_name().ok().flatten().map(|extension| {
            extension.value.general_names.iter().filter_map(name_of).take(MOST_NAMES).collect::<Vec<_>>()
        });
    Some(Certificate {
        subject: common_name(parsed.subject()),
        issuer: common_name(parsed.issuer()),
        names: names.unwrap_or_default(),
        not_before: moment(parsed.validity().not_before.timestamp()),
        not_after: moment(parsed.validity().not_after.timestamp()),
        self_issued: parsed.subject().as_raw() == parsed.issuer().as_raw(),
    })
}

/// A shared certificate of a content network names hundreds.
const MOST_NAMES: usize = 100;

fn common_name(name: &X509Name<'_>) -> String {
    let common = name.iter_common_name().find_map(|c| c.as_str().ok());
    common.map_or_else(|| name.to_string(), str::to_owned)
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match **bytes {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            _ => <[u8; 16]>::try_from(*bytes).ok().map(|b| std::net::Ipv6Addr::from(b).to_string()),
        },
        _ => None,
    }
}

/// Everything wrong with a chain for a name at a time, the weightiest first.
pub(super) fn judge(
    presented: &[CertificateDer<'_>],
    chain: &[Certificate],
    name: &ServerName<'_>,
    anchors: &Anchors,
    now: Timestamp,
) -> Vec<Flaw> {
    let (Some(der), Some(leaf)) = (presented.first(), chain.first()) else {
        return vec![Flaw::Other("the server shows no certificate that can be read".into())];
    };
    let rest = chain.get(1..).unwrap_or_default();
    let mut flaws: Vec<Flaw> = dates(leaf, None, now).into_iter().collect();
    let at_now = anchors.verify(presented, name, unix(now));
    if holds(&at_now) {
        let late = rest.iter().filter(|c| c.not_after < now);
        flaws.extend(late.map(|c| Flaw::Spare(c.subject.clone(), c.not_after)));
    } else {
        flaws.extend(rest.iter().filter_map(|c| dates(c, Some(c.subject.clone()), now)));
        // Whether the issuer is believed is asked at a time when no date stands in the way.
        let from = chain.iter().map(|c| c.not_before).max().unwrap_or(now);
        let to = chain.iter().map(|c| c.not_after).min().unwrap_or(now);
        let then = if now < from { from } else { now.min(to) };
        match anchors.verify(presented, name, unix(then)) {
            Err(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                flaws.push(if leaf.self_issued {
                    Flaw::SelfSigned
                } else {
                    Flaw::UnknownIssuer(chain.last().unwrap_or(leaf).issuer.clone(), rest.is_empty())
                });
            }
            Err(rustls::Error::InvalidCertificate(error)) if !is_of_name_or_date(&error) => {
                flaws.push(strange(&error, leaf));
            }
            _ => {}
        }
    }
    let for_name = ParsedCertificate::try_from(der).and_then(|parsed| verify_server_name(&parsed, name));
    if for_name.is_err() {
        flaws.push(Flaw::WrongName(name.to_str().into_owned(), leaf.names.clone()));
    }
    if flaws.is_empty()
        && let Err(error) = at_now
    {
        flaws.push(Flaw::Other(format!("certificate is not accepted: {error}")));
    }
    flaws
}

fn dates(certificate: &Certificate, name: Option<String>, now: Timestamp) -> Option<Flaw> {
    if certificate.not_after < now {
        Some(Flaw::Expired(name, certificate.not_after, now))
    } else if certificate.not_before > now {
        Some(Flaw::NotYet(name, certificate.not_before))
    } else {
        None
    }
}

fn holds(result: &Result<(), rustls::Error>) -> bool {
    match result {
        Ok(()) => true,
        Err(rustls::Error::InvalidCertificate(error)) => {
            matches!(error, CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
        }
        Err(_) => false,
    }
}

fn is_of_name_or_date(error: &CertificateError) -> bool {
    use CertificateError as C;
    matches!(
        error,
        C::NotValidForName
            | C::NotValidForNameContext { .. }
            | C::Expired
            | C::ExpiredContext { .. }
            | C::NotValidYet
            | C::NotValidYetContext { .. }
    )
}

fn strange(error: &CertificateError, leaf: &Certificate) -> Flaw {
    use CertificateError as C;
    match error {
        // An authority of the same name is known (every Debian machine has a "localhost"), or webpki's word for a CA
        // certificate shown as the server's own, the usual shape of a self-signed one.
        _ if leaf.self_issued => Flaw::SelfSigned,
        C::Revoked => Flaw::Other("certificate is revoked".into()),
        C::BadSignature | C::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            Flaw::Other(format!("issuer \"{}\" is trusted here only with another key", leaf.issuer))
        }
        other => Flaw::Other(format!("certificate is not accepted: {other}")),
    }
}

fn unix(at: Timestamp) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.as_second()).unwrap_or_default()))
}
