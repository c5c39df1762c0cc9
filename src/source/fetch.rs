//! One HTTP exchange over a connection of its own: HTTP/1.1 over TCP or TLS, straight or through an HTTP proxy, timed
//! phase by phase, bounded in headers, body and time. Follows no redirect and judges no status. Anything that asks an
//! HTTP API once may use it.

mod error;
mod exchange;
mod proxy;
mod socket;
mod stream;

use std::net::SocketAddr;

use hyper::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, StatusCode, Uri};
use jiff::Timestamp;
use reqwest::Url;
use rustls::pki_types::ServerName;

use super::dial::{Watch, dial};
use super::tls::{Session, Trust, handshake, server_name};
use crate::model::PhaseName;
pub use error::FetchError;
pub use proxy::Proxies;
pub use socket::{Message, Opened, Socket};
use stream::Stream;

/// Most bytes of headers an answer may have.
pub const MOST_HEADERS: usize = 64 * 1024;

/// Where a URL leads, taken apart once.
#[derive(Clone, Debug)]
pub struct Target {
    /// The URL.
    pub url: Url,
    host: String,
    port: u16,
    authority: HeaderValue,
    origin_form: Uri,
    absolute_form: Uri,
    name: Option<ServerName<'static>>,
}

impl Target {
    /// Takes a URL apart; the error says why it cannot be asked.
    pub fn new(url: Url) -> Result<Self, String> {
        let tls = match url.scheme() {
            "https" => true,
            "http" => false,
            other => return Err(format!("`{other}:` is neither http: nor https:")),
        };
        let host = url.host_str().ok_or("the URL names no host")?;
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let authority = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let absolute = format!("{}://{authority}{path}", url.scheme());
        let name = if tls { Some(server_name(&bare).map_err(|e| e.to_string())?) } else { None };
        Ok(Self {
            host: bare,
            port,
            authority: HeaderValue::try_from(authority).map_err(|e| e.to_string())?,
            origin_form: path.parse().map_err(|e: hyper::http::uri::InvalidUri| e.to_string())?,
            absolute_form: absolute.parse().map_err(|e: hyper::http::uri::InvalidUri| e.to_string())?,
            name,
            url,
        })
    }
}

/// The body that is sent.
type Sent = http_body_util::Full<hyper::body::Bytes>;

/// What is asked.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Where.
    pub target: &'a Target,
    /// What is to be done.
    pub method: &'a Method,
    /// Sent with it; empty means none.
    pub body: &'a [u8],
    /// Sent as they are; `Host` is added unless it is among them.
    pub headers: &'a HeaderMap,
    /// Whom to believe.
    pub trust: &'a Trust,
    /// The ways round.
    pub proxies: &'a Proxies,
    /// The time to judge certificates by.
    pub now: Timestamp,
    /// Most bytes of the body that are read.
    pub most_body: usize,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its first part.
    pub body: Vec<u8>,
    /// Whether there was more of it.
    pub cut: bool,
}

impl Answer {
    /// A header as text; other bytes than UTF-8 are replaced.
    pub fn header(&self, name: HeaderName) -> Option<String> {
        self.headers.get(name).map(|v| String::from_utf8_lossy(v.as_bytes()).into_owned())
    }
}

/// What is learnt on the way, kept also when it ends badly.
#[derive(Debug)]
pub struct Trail {
    /// The time.
    pub watch: Watch,
    /// The address connected to: the target's, or the proxy's.
    pub address: Option<SocketAddr>,
    /// The proxy used, without credentials.
    pub proxy: Option<String>,
    /// The TLS session.
    pub session: Option<Session>,
}

impl Trail {
    /// Sets out.
    pub fn new(watch: Watch) -> Self {
        Self { watch, address: None, proxy: None, session: None }
    }
}

/// Asks once.
pub async fn fetch(request: &Request<'_>, trail: &mut Trail) -> Result<Answer, FetchError> {
    let (stream, asked) = connect(request, trail).await?;
    exchange::run(stream, asked, request, &mut trail.watch).await
}

/// Asks for a WebSocket.
pub async fn open_socket(request: &Request<'_>, trail: &mut Trail) -> Result<Opened, FetchError> {
    let (stream, asked) = connect(request, trail).await?;
    socket::open(stream, asked, request, &mut trail.watch).await
}

/// A connection, and what is to be sent on it.
async fn connect(request: &Request<'_>, trail: &mut Trail) -> Result<(Stream, hyper::Request<Sent>), FetchError> {
    let target = request.target;
    let way = request.proxies.way(&target.absolute_form, &target.host)?;
    let (host, port) = match &way {
        Some(way) => (way.host.as_str(), way.port),
        None => (target.host.as_str(), target.port),
    };
    trail.proxy = way.as_ref().map(|w| format!("{}:{}", w.host, w.port));
    let dialled = dial(host, port, &mut trail.watch).await;
    let (mut tcp, address) = match (dialled, &way) {
        (Ok(dialled), _) => dialled,
        (Err(e), Some(_)) => return Err(FetchError::Proxy(format!("proxy {host}:{port}: {e}"))),
        (Err(e), None) => return Err(FetchError::Dial(e)),
    };
    trail.address = Some(address);
    let Some(name) = &target.name else {
        return Ok((Stream::Plain(tcp), head(request, way.as_ref())));
    };
    if let Some(way) = &way {
        proxy::tunnel(&mut tcp, way, &target.host, target.port, &trail.watch).await?;
        trail.watch.mark(PhaseName::Connect);
    }
    let shaken = tokio::time::timeout_at(trail.watch.until(), handshake(tcp, name, request.trust, request.now)).await;
    let (stream, session) = match shaken {
        Err(_) => return Err(FetchError::no_handshake(&trail.watch)),
        Ok(result) => result.map_err(FetchError::Tls)?,
    };
    trail.watch.mark(PhaseName::Tls);
    let fatal: Vec<_> = session.flaws.iter().filter(|f| f.is_fatal()).cloned().collect();
    trail.session = Some(session);
    if !fatal.is_empty() {
        return Err(FetchError::Certificate(fatal));
    }
    Ok((Stream::Tls(Box::new(stream)), head(request, None)))
}

/// The request: absolute form to a proxy (RFC 9112, 3.2.2), origin form to the server.
fn head(request: &Request<'_>, way: Option<&proxy::Way>) -> hyper::Request<Sent> {
    let mut asked = hyper::Request::new(Sent::from(request.body.to_vec()));
    *asked.method_mut() = request.method.clone();
    *asked.uri_mut() =
        if way.is_some() { request.target.absolute_form.clone() } else { request.target.origin_form.clone() };
    let headers = asked.headers_mut();
    // Host goes first, as every client sends it.
    headers.reserve(request.headers.len() + 2);
    headers.insert(HOST, request.target.authority.clone());
    for (name, value) in request.headers {
        headers.insert(name.clone(), value.clone());
    }
    if let Some(credentials) = way.and_then(|w| w.credentials.clone()) {
        headers.insert(hyper::header::PROXY_AUTHORIZATION, credentials);
    }
    asked
}
