//! One HTTP call to a port of this machine: how demo services ask each other and how the console sends a fault.
//! Reads the status and no more; keeps no connection.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderName};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::transport::human;

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Nobody listens.
    #[error("connection refused on {0}")]
    Refused(SocketAddr),
    /// Time was up.
    #[error("no answer from {address} within {}", human(*.within))]
    TimedOut {
        /// Who was called.
        address: SocketAddr,
        /// The limit.
        within: Duration,
    },
    /// The connection could not be made.
    #[error("cannot connect to {address}: {source}")]
    Connect {
        /// Who was called.
        address: SocketAddr,
        /// The system's word.
        source: std::io::Error,
    },
    /// The connection ended or spoke no HTTP.
    #[error("no HTTP answer from {address}: {source}")]
    Http {
        /// Who was called.
        address: SocketAddr,
        /// The protocol's word.
        source: hyper::Error,
    },
}

/// Where a port of this machine is.
pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Calls a path and returns the status of the answer.
pub async fn call(
    method: Method,
    port: u16,
    path: &str,
    headers: &[(&'static str, &str)],
    within: Duration,
) -> Result<StatusCode, CallError> {
    let address = loopback(port);
    tokio::time::timeout(within, exchange(method, address, path, headers))
        .await
        .unwrap_or(Err(CallError::TimedOut { address, within }))
}

async fn exchange(
    method: Method,
    address: SocketAddr,
    path: &str,
    headers: &[(&'static str, &str)],
) -> Result<StatusCode, CallError> {
    let stream = TcpStream::connect(address).await.map_err(|source| match source.kind() {
        ErrorKind::ConnectionRefused => CallError::Refused(address),
        _ => CallError::Connect { address, source },
    })?;
    let failed = |source| CallError::Http { address, source };
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let mut request = Request::new(Empty::<Bytes>::new());
    *request.method_mut() = method;
    // Paths are ours; one that is none would ask for `/`, which no service answers.
    *request.uri_mut() = path.parse().unwrap_or_default();
    let sent = request.headers_mut();
    sent.extend(address.to_string().parse().ok().map(|host| (HOST, host)));
    sent.extend("close".parse().ok().map(|close| (CONNECTION, close)));
    let ours = |(name, value): &(&'static str, &str)| Some((HeaderName::from_static(name), value.parse().ok()?));
    sent.extend(headers.iter().filter_map(ours));
    // The sender goes with its block, so that the connection ends once the status is known.
    let ask = async move { sender.send_request(request).await.map(|answer| answer.status()) };
    let (status, _) = tokio::join!(ask, connection);
    status.map_err(failed)
}
