//! The way through an HTTP proxy: which one the environment names (`HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY`,
//! `NO_PROXY`, also in lower case, as curl reads them), and the tunnel through it for https.

use std::net::IpAddr;
use std::sync::OnceLock;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::Matcher;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout_at;

use super::FetchError;
use crate::model::Text;
use crate::source::dial::Watch;

/// The proxies that apply.
#[derive(Debug)]
pub struct Proxies {
    matcher: Matcher,
    loopback: bool,
}

/// One proxy.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) credentials: Option<HeaderValue>,
}

impl Proxies {
    /// What the environment says, read once. Loopback addresses are reached straight: a proxy's loopback is another.
    pub fn of_environment() -> &'static Proxies {
        static PROXIES: OnceLock<Proxies> = OnceLock::new();
        PROXIES.get_or_init(|| Self { matcher: Matcher::from_env(), loopback: false })
    }

    /// What a matcher says, for loopback addresses too.
    pub fn new(matcher: Matcher) -> Self {
        Self { matcher, loopback: true }
    }

    /// The proxy for a URL; an error when it is of a kind not spoken here.
    pub(super) fn way(&self, url: &Uri, host: &str) -> Result<Option<Way>, FetchError> {
        if !self.loopback && is_loopback(host) {
            return Ok(None);
        }
        let Some(found) = self.matcher.intercept(url) else { return Ok(None) };
        let (scheme, host) = (found.uri().scheme_str().unwrap_or("http"), found.uri().host().unwrap_or_default());
        if scheme != "http" {
            return Err(FetchError::Proxy(format!(
                "proxy {scheme}://{host} is not supported, only http: proxies are; name the target in NO_PROXY to go \
                 straight"
            )));
        }
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = found.uri().port_u16().unwrap_or(80);
        Ok(Some(Way { host, port, credentials: found.basic_auth().cloned() }))
    }
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// An answer to CONNECT longer than this is not one.
const MOST_ANSWER: usize = 8 * 1024;

/// Asks for a tunnel (RFC 9110, 9.3.6). The target speaks only once spoken to, so nothing of it is read by mistake.
pub(super) async fn tunnel(
    tcp: &mut TcpStream,
    way: &Way,
    host: &str,
    port: u16,
    watch: &Watch,
) -> Result<(), FetchError> {
    let proxy = format!("proxy {}:{}", way.host, way.port);
    let head = match timeout_at(watch.until(), ask(tcp, way, host, port)).await {
        Err(_) => return Err(FetchError::Proxy(format!("{proxy}: no answer to CONNECT within {}", watch.limit()))),
        Ok(Err(e)) => return Err(FetchError::Proxy(format!("{proxy}: {e}"))),
        Ok(Ok(head)) => head,
    };
    let line = Text::line_at_most(head.lines().next().unwrap_or_default(), 80);
    let code = line.as_str().split(' ').nth(1).and_then(|c| c.parse::<u16>().ok());
    match code {
        Some(200..=299) if line.as_str().starts_with("HTTP/1.") => Ok(()),
        Some(407) => Err(FetchError::Proxy(format!("{proxy} asks for credentials: HTTPS_PROXY=http://user:pass@…"))),
        // The proxy could not get through, as nobody here could.
        Some(502..=504) => Err(FetchError::Answer(format!("{proxy} cannot reach {host}:{port}: {line}"))),
        Some(_) => Err(FetchError::Proxy(format!("{proxy} does not let through to {host}:{port}: {line}"))),
        None => Err(FetchError::Proxy(format!("{proxy} does not answer as a proxy: \"{line}\""))),
    }
}

async fn ask(tcp: &mut TcpStream, way: &Way, host: &str, port: u16) -> std::io::Result<String> {
    let authority = if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    let mut asked = format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n").into_bytes();
    if let Some(credentials) = &way.credentials {
        asked.extend_from_slice(b"Proxy-Authorization: ");
        asked.extend_from_slice(credentials.as_bytes());
        asked.extend_from_slice(b"\r\n");
    }
    asked.extend_from_slice(b"\r\n");
    tcp.write_all(&asked).await?;
    let mut head = Vec::with_capacity(256);
    while !head.ends_with(b"\r\n\r\n") && head.len() < MOST_ANSWER {
        if tcp.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&head).into_owned())
}
