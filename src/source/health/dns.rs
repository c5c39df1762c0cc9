//! `dns`: asks for the records of a name, past every cache and hosts file, and compares the answer.

mod records;

use std::net::SocketAddr;
use std::time::Duration;

use futures::future::BoxFuture;
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RecordType;
use regex::Regex;
use tokio::time::timeout_at;

use super::{Check, Context, Kind, Placement};
use crate::model::{Observation, PhaseName, Text};
use crate::settings::Section;
use crate::source::dial::Watch;
use crate::source::dial::refusal::Refusal;

/// The kind.
pub static KIND: Kind = Kind {
    name: "dns",
    doc: "Asks for the records of a name and compares the answer",
    example: r#"{ dns = "shop.example.com", type = "A", expect = ["192.0.2.10"] }"#,
    every: Duration::from_mins(1),
    timeout: Duration::from_secs(5),
    latency: true,
    placement: Placement::Here,
    read,
};

const TYPES: [(&str, RecordType); 7] = [
    ("A", RecordType::A),
    ("AAAA", RecordType::AAAA),
    ("CNAME", RecordType::CNAME),
    ("MX", RecordType::MX),
    ("TXT", RecordType::TXT),
    ("NS", RecordType::NS),
    ("SRV", RecordType::SRV),
];

#[derive(Debug)]
struct Dns {
    name: String,
    kind: RecordType,
    server: Option<SocketAddr>,
    expect: Vec<String>,
    answer: Option<Regex>,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let before = section.faults().errors();
    let name = section.needed_text("dns", "dns = \"shop.example.com\"");
    let kind = section.choice("type", &TYPES).unwrap_or(RecordType::A);
    let server = section.text("server").and_then(|text| {
        let found = text.parse().or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 53))).ok();
        if found.is_none() {
            let message = format!("`server` must be an IP address, with or without a port, not \"{text}\"");
            section.error("server", message, "write server = \"192.0.2.53\" or \"192.0.2.53:5353\"");
        }
        found
    });
    let expect = section.texts("expect").unwrap_or_default();
    let expect = expect.iter().map(|e| records::plain(e, kind)).collect();
    let answer = section.pattern("answer");
    let name = name?.trim().trim_end_matches('.').to_owned();
    if hickory_resolver::proto::rr::Name::from_ascii(&name).is_err() || name.is_empty() || name.contains([':', '/']) {
        section.error("dns", format!("\"{name}\" is not a name"), "write dns = \"shop.example.com\", without a port");
    }
    let check = Dns { name, kind, server, expect, answer };
    (section.faults().errors() == before).then(|| Box::new(check) as Box<dyn Check>)
}

impl Check for Dns {
    fn target(&self) -> String {
        match self.server {
            Some(server) => format!("{} {} at {server}", self.name, self.kind),
            None => format!("{} {}", self.name, self.kind),
        }
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let mut watch = context.watch();
            let mut seen = match self.resolver(context.timeout) {
                Ok(resolver) => self.ask(&resolver, &mut watch).await,
                Err(why) => Observation::unknown(format!("this machine's resolver settings cannot be read: {why}")),
            };
            if let Some(server) = self.server {
                seen = seen.fact("server", server.to_string());
            }
            seen.phases = watch.into_phases();
            seen
        })
    }
}

impl Dns {
    /// Made anew each time: the machine's name servers change with its networks, and nothing may be remembered.
    fn resolver(&self, timeout: Duration) -> Result<TokioResolver, NetError> {
        let mut builder = match self.server {
            Some(server) => {
                let (mut udp, mut tcp) = (ConnectionConfig::udp(), ConnectionConfig::tcp());
                (udp.port, tcp.port) = (server.port(), server.port());
                let config = NameServerConfig::new(server.ip(), true, vec![udp, tcp]);
                let config = ResolverConfig::from_name_servers(vec![config]);
                TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
            }
            None => TokioResolver::builder_tokio()?,
        };
        let options = builder.options_mut();
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.preserve_intermediates = true;
        options.attempts = 1;
        options.timeout = (timeout / 2).max(Duration::from_millis(100));
        builder.build()
    }

    async fn ask(&self, resolver: &TokioResolver, watch: &mut Watch) -> Observation {
        // A name with a dot is meant as it stands; a bare one goes through the machine's search list.
        let name = if self.name.contains('.') { format!("{}.", self.name) } else { self.name.clone() };
        let lookup = match timeout_at(watch.until(), resolver.lookup(name, self.kind)).await {
            Err(_) => return self.silence(watch),
            Ok(Err(error)) => return self.failed(&error, watch),
            Ok(Ok(lookup)) => lookup,
        };
        watch.mark(PhaseName::Wait);
        let found = records::of_type(lookup.answers(), self.kind);
        if found.is_empty() {
            return Observation::fail(self.none_of_type()).after(watch.elapsed());
        }
        let told = found.join(", ");
        let mut seen = match records::difference(&self.expect, &found) {
            Some(why) => Observation::fail(Text::line_at_most(&why, 400)),
            None => Observation::pass(Duration::ZERO),
        };
        if let Some(pattern) = self.answer.as_ref().filter(|p| !found.iter().any(|f| p.is_match(f))) {
            let why = format!("no record matches /{pattern}/; found {told}");
            seen.worsen(crate::model::Outcome::Fail, Text::line_at_most(&why, 400));
        }
        seen.answer = Some(Text::block(&found.join("\n"), Observation::MOST_ANSWER));
        seen.after(watch.elapsed()).fact(&self.kind.to_string(), Text::line_at_most(&told, 200))
    }

    fn asked(&self) -> String {
        self.server.map_or_else(|| "this machine's name server".into(), |s| s.to_string())
    }

    fn none_of_type(&self) -> String {
        format!("{} has no {} record", self.name, self.kind)
    }

    /// A named server that keeps silent is at fault; the machine's own says nothing about the name.
    fn silence(&self, watch: &Watch) -> Observation {
        let why = format!("no answer from {} within {}", self.asked(), watch.limit());
        if self.server.is_some() { Observation::fail(why) } else { Observation::unknown(why) }
    }

    fn failed(&self, error: &NetError, watch: &Watch) -> Observation {
        let refusal = match error {
            NetError::Io(e) => Some(Refusal::of(e, self.server)),
            NetError::NoConnections => self.server.and_then(Refusal::before_sending),
            _ => None,
        };
        if let Some(refusal) = refusal.filter(|r| r.ours) {
            return Observation::unknown(refusal.told(&self.asked()));
        }
        let why = match error {
            NetError::Dns(DnsError::NoRecordsFound(none)) => match none.response_code {
                ResponseCode::NXDomain => return Observation::fail(format!("no such name: {}", self.name)),
                ResponseCode::NoError => return Observation::fail(self.none_of_type()),
                code => self.code(code),
            },
            NetError::Dns(DnsError::ResponseCode(code)) => self.code(*code),
            NetError::Timeout => return self.silence(watch),
            NetError::Io(e) => match e.kind() {
                std::io::ErrorKind::TimedOut => return self.silence(watch),
                std::io::ErrorKind::ConnectionRefused => format!("connection refused on {}", self.asked()),
                _ => format!("cannot ask {}: {e}", self.asked()),
            },
            NetError::NoConnections => format!("cannot connect to {}", self.asked()),
            other => format!("{} gave no usable answer: {other}", self.asked()),
        };
        let why = Text::line_at_most(&why, 300);
        if self.server.is_some() { Observation::fail(why) } else { Observation::unknown(why) }
    }

    fn code(&self, code: ResponseCode) -> String {
        let server = self.asked();
        match code {
            ResponseCode::Refused => format!("{server} refuses to answer for {}", self.name),
            ResponseCode::ServFail => format!("{server} failed to find {} (SERVFAIL)", self.name),
            other => format!("{server} answers \"{other}\" for {}", self.name),
        }
    }
}
