//! `tcp`: connects, may send a few words and may wait for a banner or an answer that matches.

use std::time::Duration;

use futures::future::BoxFuture;
use regex::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::place::HostPort;
use super::report::first_words;
use super::{Check, Context, Kind, Placement};
use crate::model::{Observation, PhaseName, Text};
use crate::settings::Section;
use crate::source::dial::{Watch, dial};

/// The kind.
pub static KIND: Kind = Kind {
    name: "tcp",
    doc: "Connects to a port; may send words and wait for an answer that matches",
    example: r#"{ tcp = "mail.example.com:25", expect = "^220 " }"#,
    every: Duration::from_secs(10),
    timeout: Duration::from_secs(5),
    latency: true,
    placement: Placement::Network,
    read,
};

/// Most bytes of an answer that are read.
const MOST_ANSWER: usize = 4096;

#[derive(Debug)]
struct Tcp {
    place: HostPort,
    send: Option<String>,
    expect: Option<Regex>,
}

fn read(section: &mut Section<'_>) -> Option<Box<dyn Check>> {
    let before = section.faults().errors();
    let place = HostPort::read(section, "tcp", None, "db.example.com:5432");
    let check = Tcp { send: section.text("send"), expect: section.pattern("expect"), place: place? };
    (section.faults().errors() == before).then(|| Box::new(check) as Box<dyn Check>)
}

impl Check for Tcp {
    fn target(&self) -> String {
        self.place.to_string()
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            let mut watch = context.watch();
            let mut seen = self.look(&mut watch).await;
            seen.phases = watch.into_phases();
            seen
        })
    }
}

impl Tcp {
    async fn look(&self, watch: &mut Watch) -> Observation {
        let (mut stream, address) = match dial(&self.place.host, self.place.port, watch).await {
            Ok(dialled) => dialled,
            Err(e) if e.is_ours() => return Observation::unknown(e.to_string()),
            Err(e) => return Observation::fail(e.to_string()),
        };
        let mut answer = Vec::new();
        let why = self.talk(&mut stream, &mut answer, watch).await;
        let mut seen = match why {
            None => Observation::pass(watch.elapsed()),
            Some(why) => Observation::fail(why),
        };
        if !answer.is_empty() {
            seen.answer = Some(Text::block(&String::from_utf8_lossy(&answer), Observation::MOST_ANSWER));
        }
        seen.fact("address", address.to_string())
    }

    /// Why the talk did not go as expected.
    async fn talk(&self, stream: &mut TcpStream, answer: &mut Vec<u8>, watch: &mut Watch) -> Option<String> {
        let connected = watch.so_far();
        if let Some(send) = &self.send {
            match timeout_at(watch.until(), stream.write_all(send.as_bytes())).await {
                Err(_) => return Some(format!("nothing taken within {} (connected after {connected})", watch.limit())),
                Ok(Err(e)) => return Some(format!("connected, then broken while sending: {e}")),
                Ok(Ok(())) => {}
            }
        }
        let expect = self.expect.as_ref()?;
        answer.reserve(512);
        loop {
            let got = timeout_at(watch.until(), stream.read_buf(answer)).await;
            if matches!(got, Ok(Ok(_))) {
                watch.mark(if watch.phases().last().is_some_and(|p| p.name == PhaseName::Connect) {
                    PhaseName::Wait
                } else {
                    PhaseName::Read
                });
            }
            answer.truncate(MOST_ANSWER);
            if expect.is_match(&String::from_utf8_lossy(answer)) {
                return None;
            }
            let end = match got {
                Ok(Ok(0)) if answer.is_empty() => return Some("closed before answering".into()),
                Ok(Ok(0)) => "then closed".to_owned(),
                Ok(Ok(_)) if answer.len() < MOST_ANSWER => continue,
                Ok(Ok(_)) => "and more than 4 KiB".to_owned(),
                Ok(Err(e)) => format!("then broken: {e}"),
                Err(_) if answer.is_empty() => {
                    let limit = watch.limit();
                    return Some(format!("no answer within {limit} (connected after {connected}, then silence)"));
                }
                Err(_) => format!("and no more within {}", watch.limit()),
            };
            return Some(format!("expected /{expect}/, got \"{}\", {end}", first_words(answer, 80)));
        }
    }
}
