//! Questions to one Loki server: the request with tenant and login, straight or through a host, and what a refusal means,
//! in words. Keeps no connection and reads no entry.

use std::sync::Arc;
use std::time::Duration;

use futures::future::OptionFuture;
use hyper::Method;
use hyper::header::{ACCEPT, CONNECTION, HeaderMap, HeaderName, HeaderValue, USER_AGENT};
use reqwest::Url;
use tokio::time::Instant;

use super::answer::{self, Entry};
use crate::model::{LogLogin, LogState, LokiQuery, Observation, Text};
use crate::secret::SecretRef;
use crate::source::Surroundings;
use crate::source::dial::{Watch, Way};
use crate::source::fetch::{Answer, FetchError, Opened, Proxies, Request, Socket, Target, Trail, fetch, open_socket};
use crate::source::health::api::client::{place, under};
use crate::source::health::http::Credential;
use crate::source::health::http::credential;
use crate::source::tls::Trust;
use crate::transport::ssh::remote::Remote;

/// A page has so long; Loki itself gives a query up after a minute or more.
const PATIENCE: Duration = Duration::from_mins(1);
/// A host, a secret or a tail is waited for so long.
const START: Duration = Duration::from_secs(10);
/// Most bytes of a page; a longer one is asked for in smaller parts.
const MOST_BODY: usize = 16 << 20;

/// Asks one server for one query.
pub(super) struct Asker {
    query: Arc<LokiQuery>,
    base: Url,
    /// `host:port`, for words.
    place: String,
    headers: HeaderMap,
    credentials: Vec<Credential>,
    trust: Trust,
    remote: Option<Arc<Remote>>,
    around: Surroundings,
}

/// Why there are no entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// How the log stands now.
    State(LogState),
    /// The time between start and end is longer than the server allows.
    Range(Text),
    /// The page is larger than the server, or this side, allows.
    Page(Text),
}

impl Refusal {
    fn lost(why: &str) -> Self {
        Self::State(LogState::Lost(Text::line_at_most(why, 400)))
    }

    /// How the log stands if nothing can be done about it.
    pub fn state(self) -> LogState {
        match self {
            Self::State(state) => state,
            Self::Range(why) | Self::Page(why) => LogState::Lost(why),
        }
    }
}

/// A page of entries that is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Page {
    /// The first moment, in nanoseconds.
    pub start: i64,
    /// The moment behind the last.
    pub end: i64,
    pub limit: usize,
    /// The latest ones are wanted.
    pub backward: bool,
}

/// What came of asking for a tail.
pub(super) enum Tail {
    Open(Box<Socket>),
    /// The server, or what stands before it, lets no WebSocket through.
    Refused,
}

impl Asker {
    /// The error says why that cannot be asked.
    pub fn new(query: &Arc<LokiQuery>, remote: Option<Arc<Remote>>, around: &Surroundings) -> Result<Self, String> {
        let base = Url::parse(&query.url).map_err(|e| format!("{} is no URL: {e}", query.url))?;
        let mut headers = HeaderMap::with_capacity(4);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("quarterdeck/", env!("CARGO_PKG_VERSION"))));
        headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
        // Without it metadata stand among the labels of pages, but not of tails, and an entry has two names.
        let flags = HeaderName::from_static("x-loki-response-encoding-flags");
        headers.insert(flags, HeaderValue::from_static("categorize-labels"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        if let Some(tenant) = &query.tenant {
            let value = HeaderValue::from_str(tenant).map_err(|_| "the tenant cannot stand in a header".to_owned())?;
            headers.insert(HeaderName::from_static("x-scope-orgid"), value);
        }
        let secret = |place: &crate::model::SecretPlace| SecretRef::parse(&place.0).map_err(|e| e.to_string());
        let credentials = match &query.login {
            LogLogin::Open => Vec::new(),
            LogLogin::Token(token) => vec![Credential::Bearer(secret(token)?)],
            LogLogin::User(user, password) => vec![Credential::Basic(user.clone(), secret(password)?)],
        };
        let trust = Trust { ca: query.ca.clone(), verify: query.verify };
        let place = place(&base);
        Ok(Self { query: Arc::clone(query), base, place, headers, credentials, trust, remote, around: around.clone() })
    }

    /// A page, oldest first.
    pub async fn page(&self, page: Page) -> Result<Vec<Entry>, Refusal> {
        let direction = if page.backward { "backward" } else { "forward" };
        let (start, end) = (page.start.to_string(), page.end.to_string());
        let limit = page.limit.to_string();
        let pairs = [("start", &*start), ("end", &end), ("limit", &limit), ("direction", direction)];
        let (target, headers) = self.ready("loki/api/v1/query_range", &pairs).await?;
        let mut trail = Trail::new(Watch::new(PATIENCE).by(self.way()));
        let mut answer = match fetch(&self.request(&target, &headers), &mut trail).await {
            Ok(answer) => answer,
            Err(error) => return Err(self.broken(&error)),
        };
        if !answer.status.is_success() {
            return Err(self.refused(&mut answer, &headers));
        }
        if answer.cut {
            return Err(Refusal::Page(format!("a page of {} is larger than 16 MiB", self.place).into()));
        }
        answer::range(&answer.body).map_err(|why| Refusal::lost(&format!("Loki at {}: {why}", self.place)))
    }

    /// Opens a tail. All that is older is read by pages, so one old entry is enough.
    pub async fn tail(&self, start: i64) -> Result<Tail, Refusal> {
        let start = start.to_string();
        let (target, headers) = self.ready("loki/api/v1/tail", &[("start", &*start), ("limit", "1")]).await?;
        let mut trail = Trail::new(Watch::new(START).by(self.way()));
        match open_socket(&self.request(&target, &headers), &mut trail).await {
            Ok(Opened::Socket(socket)) => Ok(Tail::Open(socket)),
            Ok(Opened::Answer(mut answer)) if matches!(answer.status.as_u16(), 401 | 403) => {
                Err(self.refused(&mut answer, &headers))
            }
            Ok(Opened::Answer(_)) | Err(FetchError::Answer(_)) => Ok(Tail::Refused),
            Err(error) => Err(self.broken(&error)),
        }
    }

    /// Takes the secrets out of what a server said.
    pub fn clean(&self, said: &str) -> Text {
        let mut seen = Observation::unknown(Text::line_at_most(said, 300));
        self.around.vault.redact(&mut seen);
        seen.reason.unwrap_or_default()
    }

    fn way(&self) -> Option<Arc<dyn Way>> {
        self.remote.clone().map(|remote| remote as Arc<dyn Way>)
    }

    fn request<'a>(&'a self, target: &'a Target, headers: &'a HeaderMap) -> Request<'a> {
        Request {
            target,
            method: &Method::GET,
            body: &[],
            headers,
            trust: &self.trust,
            proxies: Proxies::of_environment(),
            now: (self.around.clock)(),
            most_body: MOST_BODY,
        }
    }

    async fn ready(&self, path: &str, pairs: &[(&str, &str)]) -> Result<(Target, HeaderMap), Refusal> {
        let until = Instant::now() + START;
        let line: OptionFuture<_> = self.remote.as_ref().map(|remote| remote.keeper().line(until)).into();
        if let Some(Err(away)) = line.await {
            return Err(Refusal::State(LogState::Lost(away.cause)));
        }
        let mut url = under(&self.base, path).ok_or_else(|| Refusal::lost("the address cannot be asked"))?;
        url.query_pairs_mut().append_pair("query", &self.query.query).extend_pairs(pairs);
        let target = Target::new(url).map_err(|why| Refusal::lost(&why))?;
        let revealed = credential::add(&self.headers, &self.credentials, &self.around.vault, START).await;
        Ok((target, revealed.map_err(|e| Refusal::State(LogState::Denied(Text::line_at_most(&e.to_string(), 300))))?))
    }

    /// Nothing came back.
    fn broken(&self, error: &FetchError) -> Refusal {
        if let Some(away) = self.remote.as_ref().and_then(|r| r.keeper().blocked()) {
            return Refusal::State(LogState::Lost(away.cause));
        }
        let why = error.to_string();
        Refusal::lost(&if why.contains(&self.place) { why } else { format!("Loki at {}: {why}", self.place) })
    }

    /// Something came back that is no success.
    fn refused(&self, answer: &mut Answer, headers: &HeaderMap) -> Refusal {
        credential::redact(&mut answer.body, headers);
        let code = answer.status.as_u16();
        let said = self.clean(&said(&answer.body));
        let place = &self.place;
        let colon = if said.as_str().is_empty() { "" } else { ": " };
        match code {
            401 | 403 => {
                let keys = match (&self.query.login, &self.query.tenant) {
                    (LogLogin::Open, None) => "the log needs `tenant`, or `token`, or `user` and `password`",
                    (LogLogin::Open, Some(_)) => "look at `tenant`; the log may need `token`, or `user` and `password`",
                    (LogLogin::Token(_), _) => "look at `token` and `tenant`",
                    (LogLogin::User(..), _) => "look at `user`, `password` and `tenant`",
                };
                let why = format!("Loki at {place} denies this log ({code}{colon}{said}); {keys}");
                Refusal::State(LogState::Denied(Text::line_at_most(&why, 400)))
            }
            400 | 422 => {
                let why = Text::line_at_most(&format!("Loki at {place} refuses the query{colon}{said}"), 400);
                let told = said.as_str();
                if told.contains("range exceeds the limit") || told.contains("max_query_length") {
                    Refusal::Range(why)
                } else if told.contains("max entries limit") {
                    Refusal::Page(why)
                } else {
                    Refusal::State(LogState::Lost(why))
                }
            }
            404 => Refusal::lost(&format!("{place} has no Loki at {}/loki/api (404{colon}{said})", self.query.url)),
            _ => Refusal::lost(&format!("Loki at {place} answered {code}{colon}{said}")),
        }
    }
}

/// The words of an error: a text, or the message in what gateways make of it.
fn said(body: &[u8]) -> String {
    #[derive(serde::Deserialize)]
    struct Wrapped {
        #[serde(alias = "error")]
        message: String,
    }
    match serde_json::from_slice::<Wrapped>(body) {
        Ok(wrapped) => wrapped.message,
        Err(_) if body.trim_ascii_start().starts_with(b"<") => String::new(),
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}
