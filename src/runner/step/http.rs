//! `http`: one request, from this machine or from a host's point of view through its connection. Follows no redirect. What
//! broke after it was sent may have had its effect, unless it only asks.

use std::sync::Arc;

use hyper::Method;
use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use regex::Regex;
use reqwest::Url;

use super::{Setting, StepEnd};
use crate::model::plan::HostName;
use crate::model::runbook::{Action, HttpCall};
use crate::model::{PhaseName, Text};
use crate::runner::plan::LOCAL;
use crate::secret::{SecretRef, Vault, expose};
use crate::source::Surroundings;
use crate::source::fetch::{Answer, FetchError, Proxies, Request, Target, Trail, fetch};
use crate::source::tls::Trust;
use crate::transport::dial::{Watch, Way};

/// Most bytes of an answer that are read.
const MOST_BODY: usize = 256 * 1024;
/// Lines of an answer that are printed.
const MOST_LINES: usize = 100;

/// Asks.
pub async fn run(setting: &Setting<'_>) -> StepEnd {
    let Action::Http(call) = &setting.step.action else {
        return StepEnd::Failed("it is no http step".into());
    };
    match ready(call, setting).await {
        Ok(ready) => ready.send(call, setting).await,
        Err(why) => StepEnd::Failed(why),
    }
}

/// The way to what a step connects to from a place: straight from this machine, else through the host.
pub(super) fn way(host: &HostName, setting: &Setting<'_>) -> Result<Option<Arc<dyn Way>>, Text> {
    if &**host == LOCAL {
        return Ok(None);
    }
    let id = setting.plan.target.environment.host(host);
    let remote = setting.surroundings.hosts.get(&id);
    remote.map(|r| Some(r as Arc<dyn Way>)).ok_or_else(|| format!("host {host} is not in the deck").into())
}

struct Ready {
    target: Target,
    method: Method,
    headers: HeaderMap,
    body: Vec<u8>,
    way: Option<Arc<dyn Way>>,
    expect: Option<Regex>,
}

async fn ready(call: &HttpCall, setting: &Setting<'_>) -> Result<Ready, Text> {
    let url: Url = call.url.parse().map_err(|e| Text::from(format!("{} is no URL: {e}", call.url)))?;
    let mut headers = HeaderMap::new();
    for (name, value) in &call.headers {
        let name: HeaderName = name.parse().map_err(|_| Text::from(format!("`{name}` is no name of a header")))?;
        let (value, is_secret) = header(value, &setting.surroundings.vault).await?;
        let bad = |_| Text::from(format!("header {name} holds characters that no header can carry"));
        let mut value = HeaderValue::try_from(value).map_err(bad)?;
        value.set_sensitive(is_secret);
        headers.insert(name, value);
    }
    let body = call.body.clone().unwrap_or_default();
    let is_json = serde_json::from_str::<serde_json::Value>(&body).is_ok();
    if is_json && !headers.contains_key(CONTENT_TYPE) {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    let expect = call.expect.as_deref().map(Regex::new).transpose();
    Ok(Ready {
        target: Target::new(url)?,
        method: call.method.parse().map_err(|_| Text::from(format!("`{}` is no method", call.method)))?,
        headers,
        body: body.into_bytes(),
        way: way(setting.host, setting)?,
        expect: expect.map_err(|e| Text::from(format!("`expect` is no regular expression: {e}")))?,
    })
}

/// The value of a header: as it is, what is behind a reference, or `Bearer` and what is behind a reference.
async fn header(value: &str, vault: &Vault) -> Result<(String, bool), Text> {
    let (before, reference) = match value.split_once(' ') {
        Some((scheme, rest)) if SecretRef::parse(rest).is_ok() && SecretRef::parse(value).is_err() => {
            (format!("{scheme} "), rest)
        }
        _ => (String::new(), value),
    };
    let Ok(reference) = SecretRef::parse(reference) else { return Ok((value.to_owned(), false)) };
    let secret = vault.reveal(&reference).await.map_err(|e| Text::from(e.to_string()))?;
    Ok((format!("{before}{}", expose(&secret)), true))
}

impl Ready {
    async fn send(&self, call: &HttpCall, setting: &Setting<'_>) -> StepEnd {
        let trust = Trust::default();
        let request = Request {
            target: &self.target,
            method: &self.method,
            body: &self.body,
            headers: &self.headers,
            trust: &trust,
            proxies: Proxies::of_environment(),
            now: now(setting.surroundings),
            most_body: MOST_BODY,
        };
        let mut trail = Trail::new(Watch::new(setting.step.timeout).by(self.way.clone()));
        (setting.say)(&format!("{} {}", self.method, self.target.url));
        let answered = tokio::select! {
            biased;
            answered = fetch(&request, &mut trail) => Some(answered),
            () = setting.stop.cancelled() => None,
        };
        let sent = was_sent(&trail, &self.target.url);
        match answered {
            Some(Ok(answer)) => self.judge(call, &answer, setting),
            Some(Err(error)) => self.broken(&error, sent),
            None if sent && self.has_effect() => {
                StepEnd::Unknown("it was ended after the request was sent and before an answer came".into())
            }
            None => StepEnd::Cancelled,
        }
    }

    fn has_effect(&self) -> bool {
        !matches!(self.method, Method::GET | Method::HEAD | Method::OPTIONS)
    }

    fn broken(&self, error: &FetchError, sent: bool) -> StepEnd {
        let words = Text::line_at_most(&error.to_string(), 300);
        if sent && self.has_effect() && matches!(error, FetchError::Answer(_)) {
            return StepEnd::Unknown(
                format!("the request was sent, whether it was carried out is not known: {words}").into(),
            );
        }
        StepEnd::Failed(words)
    }

    fn judge(&self, call: &HttpCall, answer: &Answer, setting: &Setting<'_>) -> StepEnd {
        let status = answer.status;
        (setting.say)(&status.to_string());
        let text = String::from_utf8_lossy(&answer.body);
        for line in text.lines().take(MOST_LINES) {
            (setting.say)(line);
        }
        let good = if call.status.is_empty() { status.is_success() } else { call.status.contains(&status.as_u16()) };
        if !good {
            let wanted: Vec<String> = call.status.iter().map(ToString::to_string).collect();
            let wanted = if wanted.is_empty() { "2xx".into() } else { wanted.join(" or ") };
            return StepEnd::Failed(format!("{} answered {status}, not {wanted}", self.target.url).into());
        }
        match &self.expect {
            Some(expect) if !expect.is_match(&text) => {
                StepEnd::Failed(format!("the answer of {} does not match {expect}", self.target.url).into())
            }
            _ => StepEnd::Ok { exit: Some(i32::from(status.as_u16())) },
        }
    }
}

/// Whether the request itself may have left: the connection, and TLS where there is one, stand.
fn was_sent(trail: &Trail, url: &Url) -> bool {
    let last = if url.scheme() == "https" { PhaseName::Tls } else { PhaseName::Connect };
    trail.watch.phases().iter().any(|phase| phase.name == last)
}

fn now(surroundings: &Surroundings) -> jiff::Timestamp {
    (surroundings.clock)()
}
