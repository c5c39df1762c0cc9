//! One HTTP client for the checks that read JSON interfaces: each question has a connection of its own, redirects
//! are not followed, an answer is read in pieces up to a limit. Never judges a status.

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use reqwest::Url;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use reqwest::redirect::Policy;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::{Budget, Trouble, tls};
use crate::secret::expose;
use crate::source::dial::lookup::lookup_patiently;
use crate::transport::dial::Way;

/// Most bytes of an answer that are read.
const MOST_BYTES: usize = 256 * 1024;

static DIRECT: OnceLock<reqwest::Client> = OnceLock::new();
static AS_SYSTEM: OnceLock<reqwest::Client> = OnceLock::new();

/// A client; cheap to clone.
#[derive(Clone, Debug)]
pub struct Client {
    http: reqwest::Client,
    ca: Option<PathBuf>,
    way: Option<Arc<dyn Way>>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Where it redirects to.
    pub location: Option<String>,
    /// The body, cut at 256 KiB.
    pub body: Vec<u8>,
    /// Whether it was longer.
    pub truncated: bool,
}

impl Client {
    /// The client for an address: shared by all that trust what the machine trusts, a new one for a private
    /// authority. The system's proxy is used except for loopback addresses, which mean this machine.
    pub async fn towards(url: &Url, ca: Option<&Path>) -> Result<Self, Trouble> {
        let direct = is_loopback(url);
        let shared = if direct { &DIRECT } else { &AS_SYSTEM };
        if ca.is_none()
            && let Some(client) = shared.get()
        {
            return Ok(Self::straight(client.clone(), None));
        }
        let builder = builder(ca).await?;
        let client = build(if direct { builder.no_proxy() } else { builder })?;
        let client = if ca.is_none() { shared.get_or_init(|| client).clone() } else { client };
        Ok(Self::straight(client, ca))
    }

    fn straight(http: reqwest::Client, ca: Option<&Path>) -> Self {
        Self { http, ca: ca.map(Path::to_owned), way: None }
    }

    /// The same for an address that is reached another way.
    #[must_use]
    pub fn by(&self, way: Option<Arc<dyn Way>>) -> Self {
        Self { way, ..self.clone() }
    }

    /// Asks for one address within what is left of a budget; `doing` tells of whom, should it run out.
    pub async fn get(
        &self,
        url: Url,
        login: Option<(&str, &SecretString)>,
        budget: &Budget,
        doing: &str,
    ) -> Result<Answer, Trouble> {
        let host = url.host_str().unwrap_or_default().to_owned();
        budget.reach(&host, doing, self.ask(url, login)).await
    }

    async fn ask(&self, url: Url, login: Option<(&str, &SecretString)>) -> Result<Answer, Trouble> {
        let place = place(&url);
        let mut request = self.request(url, &place).await?.header("accept", "application/json, */*;q=0.5");
        if let Some((user, password)) = login {
            request = request.basic_auth(user, Some(expose(password)));
        }
        let trouble = |e: reqwest::Error| Trouble::of_connection(&e, &place);
        let mut response = request.send().await.map_err(trouble)?;
        let location = response.headers().get(LOCATION).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let mut answer = Answer { status: response.status().as_u16(), location, body: Vec::new(), truncated: false };
        while let Some(chunk) = response.chunk().await.map_err(trouble)? {
            let room = MOST_BYTES - answer.body.len();
            answer.body.extend_from_slice(chunk.get(..chunk.len().min(room)).unwrap_or_default());
            if chunk.len() > room {
                answer.truncated = true;
                break;
            }
        }
        Ok(answer)
    }
}

impl Client {
    async fn request(&self, url: Url, place: &str) -> Result<reqwest::RequestBuilder, Trouble> {
        let Some(way) = &self.way else { return Ok(self.http.get(url)) };
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let local = way
            .open(&host, port)
            .await
            .map_err(|e| if e.ours { Trouble::unknown(e.cause.as_str()) } else { Trouble::fail(e.cause.as_str()) })?;
        let http = builder(self.ca.as_deref()).await?.no_proxy();
        if url.scheme() == "https" {
            if host.parse::<IpAddr>().is_ok() {
                let why = "https to a bare address cannot be checked through a host; write the name in its certificate";
                return Err(Trouble::unknown(format!("{place}: {why}")));
            }
            // The name stays, for SNI, the certificate and the Host header.
            return Ok(build(http.resolve(&host, local))?.get(url));
        }
        let mut near = url;
        let set = near.set_ip_host(local.ip()).and_then(|()| near.set_port(Some(local.port())));
        set.map_err(|()| Trouble::unknown(format!("{place} cannot be asked through a host")))?;
        Ok(build(http)?.get(near).header("host", place))
    }
}

async fn builder(ca: Option<&Path>) -> Result<reqwest::ClientBuilder, Trouble> {
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls::trusting(ca).await?)
        .redirect(Policy::none())
        .user_agent(concat!("quarterdeck/", env!("CARGO_PKG_VERSION")))
        // A kept connection may be dead by the next check, and would not show whether new ones are taken.
        .pool_max_idle_per_host(0)
        .dns_resolver(Arc::new(Names));
    Ok(builder)
}

fn build(builder: reqwest::ClientBuilder) -> Result<reqwest::Client, Trouble> {
    builder.build().map_err(|e| Trouble::unknown(format!("HTTP cannot be set up: {e}")))
}

impl Answer {
    /// The body as JSON; none when it is something else or was cut.
    pub fn json<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_slice(&self.body).ok()
    }
}

/// Names by the same look-ups as everybody else's.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found = lookup_patiently(name.as_str()).await?;
            Ok(Box::new(found.into_iter().map(|ip| SocketAddr::new(ip, 0))) as Addrs)
        })
    }
}

/// `host:port`, for reasons.
pub fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// An address under a base: `http://h/base` and `api/x` give `http://h/base/api/x`.
pub fn under(base: &Url, path: &str) -> Option<Url> {
    let base = base.as_str().trim_end_matches('/');
    Url::parse(&format!("{base}/{path}")).ok()
}

fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || bare.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_put_under_the_whole_base() {
        let base = Url::parse("http://h:1/rabbit/").unwrap();
        assert_eq!(under(&base, "api/overview").unwrap().as_str(), "http://h:1/rabbit/api/overview");
        assert_eq!(place(&base), "h:1");
    }

    #[test]
    fn loopback_is_known_by_name_and_by_both_kinds_of_address() {
        for (text, loopback) in
            [("http://localhost", true), ("http://127.1.2.3", true), ("http://[::1]:1", true), ("http://h", false)]
        {
            assert_eq!(is_loopback(&Url::parse(text).unwrap()), loopback, "{text}");
        }
    }
}
