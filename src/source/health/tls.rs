//! `tls`: looks at the chain of certificates that a port presents and judges its dates, names and issuer. Sends
//! nothing once the handshake is done.

use std::time::Duration;

use futures::future::BoxFuture;
use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::time::timeout_at;

use super::http::trust;
use super::place::HostPort;
use super::{Check, Context, Kind, Placement};
use crate::model::{Observation, Outcome, PhaseName, Text};
use crate::settings::Section;
use crate::source::dial::{Watch, dial};
use crate::source::tls::{Certificate, Session, TlsError, Trust, chain, handshake, server_name};
use crate::transport::human;

/// The kind.
pub static KIND: Kind = Kind {
    name: "tls",
    doc: "Judges the certificates a port presents: days left, names, issuer",
    example: r#"{ tls = "shop.example.com:443", degraded = "21d", fail = "3d" }"#,
    every: Duration::from_hours(6),
    timeout: Duration::from_secs(10),
    latency: false,
    placement: Placement::Network,
    read,
};

/// Unless the deck says otherwise; a certificate that lives shorter is judged by its own life.
const DEGRADED: Duration = Duration::from_hours(21 * 24);
const FAIL: Duration = Duration::from_hours(3 * 24);

#[derive(Debug)]
struct Tls {
    place: HostPort,
    name: ServerName<'static>,
    trust: Trust,
    degraded: Option<Duration>,
    fail: Option<Duration>,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let before = section.faults().errors();
    let place = HostPort::read(section, "tls", Some(443), "shop.example.com:443");
    let (degraded, fail) = (section.duration("degraded"), section.duration("fail"));
    if let (Some(degraded), Some(fail)) = (degraded, fail)
        && fail > degraded
    {
        let message = format!("it fails at {} left, before it is degraded at {}", human(fail), human(degraded));
        section.error("fail", message, "let `fail` be the shorter one: degraded = \"21d\", fail = \"3d\"");
    }
    let asked = section.text("name");
    let trust = trust(section);
    let place = place?;
    let name = match server_name(asked.as_ref().unwrap_or(&place.host)) {
        Ok(name) => name,
        Err(e) => {
            section.error(if asked.is_some() { "name" } else { "tls" }, e.to_string(), "a host name or an IP address");
            return None;
        }
    };
    let check = Tls { place, name, trust, degraded, fail };
    (section.faults().errors() == before).then(|| Box::new(check) as Box<dyn Check>)
}

impl Check for Tls {
    fn target(&self) -> String {
        let name = self.name.to_str();
        if name == self.place.host { self.place.to_string() } else { format!("{} as {name}", self.place) }
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let mut watch = context.watch();
            let mut seen = self.look(&mut watch, context.now).await;
            seen.phases = watch.into_phases();
            seen
        })
    }
}

impl Tls {
    async fn look(&self, watch: &mut Watch, now: Timestamp) -> Observation {
        let (tcp, address) = match dial(&self.place.host, self.place.port, watch).await {
            Ok(dialled) => dialled,
            Err(e) if e.is_ours() => return Observation::unknown(e.to_string()),
            Err(e) => return Observation::fail(e.to_string()),
        };
        let seen = match timeout_at(watch.until(), handshake(tcp, &self.name, &self.trust, now)).await {
            Err(_) => {
                let (limit, so_far) = (watch.limit(), watch.so_far());
                Observation::fail(format!("no TLS handshake within {limit} (connected after {so_far}, then silence)"))
            }
            Ok(Err(e @ TlsError::Ours(_))) => Observation::unknown(e.to_string()),
            Ok(Err(e)) => Observation::fail(e.to_string()),
            Ok(Ok((_, session))) => {
                watch.mark(PhaseName::Tls);
                self.judge(&session, now).after(watch.elapsed())
            }
        };
        seen.fact("address", address.to_string())
    }

    fn judge(&self, session: &Session, now: Timestamp) -> Observation {
        let mut seen = Observation::new(Outcome::Pass);
        let (fatal, mild): (Vec<_>, Vec<_>) = session.flaws.iter().cloned().partition(chain::Flaw::is_fatal);
        if !fatal.is_empty() {
            seen.worsen(Outcome::Fail, Text::line_at_most(&chain::tell(&fatal), 400));
        }
        let Some(leaf) = session.chain.first() else {
            seen.worsen(Outcome::Fail, "the server shows no certificate that can be read");
            return seen;
        };
        // What has expired already is told as a flaw; of the rest, the one that expires first counts.
        let first =
            session.chain.iter().enumerate().filter(|(_, c)| c.not_after > now).min_by_key(|(_, c)| c.not_after);
        if let Some((place, certificate)) = first {
            self.judge_left(&mut seen, place, certificate, now);
        }
        if !mild.is_empty() {
            seen.worsen(Outcome::Degraded, Text::line_at_most(&chain::tell(&mild), 400));
        }
        if !self.trust.verify {
            seen = seen.fact("trust", "certificate not verified");
            if leaf.not_after < now {
                seen.worsen(Outcome::Fail, format!("certificate expired on {}", chain::day(leaf.not_after)));
            }
        }
        let left = leaf.left(now).map_or_else(|| "none".to_owned(), chain::days);
        seen.fact("subject", Text::line_at_most(&leaf.subject, 120))
            .fact("issuer", Text::line_at_most(&leaf.issuer, 120))
            .fact("names", Text::line_at_most(&chain::some_of(&leaf.names), 200))
            .fact("not after", chain::day(leaf.not_after))
            .fact("left", left)
            .fact("tls", session.version)
    }

    fn judge_left(&self, seen: &mut Observation, place: usize, certificate: &Certificate, now: Timestamp) {
        let left = certificate.left(now).unwrap_or_default();
        let degraded = self.degraded.unwrap_or_else(|| DEGRADED.min(certificate.lifetime() / 3));
        let fail = self.fail.unwrap_or_else(|| FAIL.min(certificate.lifetime() / 10).min(degraded));
        let outcome = match left {
            left if left < fail => Outcome::Fail,
            left if left < degraded => Outcome::Degraded,
            _ => return,
        };
        let who = if place == 0 {
            "certificate".to_owned()
        } else {
            format!("chain certificate \"{}\"", certificate.subject)
        };
        let reason = format!("{who} expires in {}, on {}", chain::days(left), chain::day(certificate.not_after));
        seen.worsen(outcome, Text::line_at_most(&reason, 300));
    }
}
