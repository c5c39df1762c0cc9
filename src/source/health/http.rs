//! `http`: asks a URL over a connection of its own and judges status, health report and body. Follows redirects only
//! when told to, and then takes no credentials to another host. The asking itself is [`crate::source::fetch`].

pub(in crate::source) mod credential;
mod judge;
mod redirect;
mod settings;
mod status;

use std::time::Duration;

use futures::future::BoxFuture;
use hyper::Method;
use hyper::header::{HeaderMap, LOCATION};

use super::{Check, Context, Kind, Placement};
use crate::model::{Observation, Text};
use crate::source::fetch::{Answer, FetchError, Proxies, Request, Target, Trail, fetch};
use crate::source::tls::{Trust, chain};
pub(crate) use credential::Credential;
use judge::Judge;
pub(crate) use settings::{login, trust};

/// The kind.
pub static KIND: Kind = Kind {
    name: "http",
    doc: "Asks a URL; judges status, health report and body",
    example: r#"{ http = "http://127.0.0.1:5006/health", report = "aspnet" }"#,
    every: Duration::from_secs(10),
    timeout: Duration::from_secs(5),
    latency: true,
    placement: Placement::Network,
    read: settings::read,
};

/// Most bytes of a body that are read.
const MOST_BODY: usize = 256 * 1024;

/// One configured check.
#[derive(Debug)]
struct Http {
    target: Target,
    method: Method,
    headers: HeaderMap,
    credentials: Vec<Credential>,
    trust: Trust,
    follow: bool,
    judge: Judge,
}

/// Why there is nothing to judge.
enum Stop {
    Fetch(FetchError),
    Redirect(String),
}

impl Check for Http {
    fn target(&self) -> String {
        match self.method {
            Method::HEAD => format!("HEAD {}", self.target.url),
            _ => self.target.url.to_string(),
        }
    }

    fn check<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Observation> {
        Box::pin(async move {
            // Before the time of the target begins: a slow password manager is not its failure, nor its latency.
            let revealed = credential::add(&self.headers, &self.credentials, &context.vault, context.timeout).await;
            let headers = match revealed {
                Ok(headers) => headers,
                Err(e) => return Observation::unknown(cut(&e.to_string())),
            };
            let mut trail = Trail::new(context.watch());
            let result = self.ask(context, &headers, &mut trail).await;
            let latency = trail.watch.elapsed();
            let mut seen = match result {
                Ok((answer, end)) => {
                    let mut seen = self.judge.judge(&answer).after(latency);
                    if let Some(end) = end {
                        seen = seen.fact("redirected to", Text::line_at_most(end.url.as_str(), 200));
                    }
                    seen
                }
                Err(Stop::Redirect(why)) => Observation::fail(why).after(latency),
                Err(Stop::Fetch(e)) if e.is_ours() => Observation::unknown(cut(&e.to_string())),
                Err(Stop::Fetch(e)) => Observation::fail(cut(&e.to_string())),
            };
            self.add_facts(&mut seen, trail, context);
            seen
        })
    }
}

impl Http {
    /// The last answer, and where it came from if that is not where it was asked for.
    async fn ask(
        &self,
        context: &Context,
        mut headers: &HeaderMap,
        trail: &mut Trail,
    ) -> Result<(Answer, Option<Target>), Stop> {
        let request = Request {
            target: &self.target,
            method: &self.method,
            body: &[],
            headers,
            trust: &self.trust,
            proxies: Proxies::of_environment(),
            now: context.now,
            most_body: MOST_BODY,
        };
        let mut answer = fetch(&request, trail).await.map_err(Stop::Fetch)?;
        credential::redact(&mut answer.body, headers);
        if !self.follow || !redirect::is_redirect(&answer) {
            return Ok((answer, None));
        }
        let stripped = credential::strip(headers, &self.credentials);
        let mut seen = vec![self.target.url.clone()];
        let mut target = self.target.clone();
        while redirect::is_redirect(&answer) {
            let location = answer.header(LOCATION).unwrap_or_default();
            let next = redirect::next(&target, &location, &seen).map_err(Stop::Redirect)?;
            if !redirect::is_same_place(&target.url, &next.url) {
                // Once left, credentials stay behind, even when a later step leads back.
                headers = &stripped;
            }
            seen.push(next.url.clone());
            target = next;
            trail.session = None;
            let request = Request { target: &target, headers, ..request };
            answer = fetch(&request, trail).await.map_err(Stop::Fetch)?;
            credential::redact(&mut answer.body, headers);
        }
        Ok((answer, Some(target)))
    }

    fn add_facts(&self, seen: &mut Observation, trail: Trail, context: &Context) {
        let mut add = |name: &str, value: String| {
            seen.facts.push(crate::model::Fact { name: name.into(), value: Text::line_at_most(&value, 200) });
        };
        if let Some(address) = trail.address {
            add("address", address.to_string());
        }
        if let Some(proxy) = trail.proxy {
            add("proxy", proxy);
        }
        if let Some(session) = &trail.session {
            add("tls", session.version.to_owned());
            if let Some(leaf) = session.chain.first() {
                let left = leaf.left(context.now);
                add("certificate", left.map_or_else(|| "expired".into(), |l| format!("{} left", chain::days(l))));
            }
            if !self.trust.verify {
                add("trust", "certificate not verified".into());
            }
        }
        seen.phases = trail.watch.into_phases();
    }
}

/// A reason stays readable whatever an answer held.
fn cut(reason: &str) -> Text {
    Text::line_at_most(reason, 300)
}
