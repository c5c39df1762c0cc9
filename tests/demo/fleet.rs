//! What the tests of the fleet do again and again: start it, ask a service, look at its processes.

use std::time::Duration;

use quarterdeck::demo::Demo;
use quarterdeck::model::{EnvironmentId, ServiceId};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

pub async fn start() -> Demo {
    Demo::start(env!("CARGO_BIN_EXE_qd").as_ref()).await.unwrap()
}

pub fn service(environment: &str, name: &str) -> ServiceId {
    EnvironmentId::new(environment).service(name)
}

pub async fn get(port: u16, path: &str) -> std::io::Result<(u16, String)> {
    exchange(port, &format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")).await
}

pub async fn post(port: u16, path: &str, token: Option<&str>) -> u16 {
    let token = token.map(|t| format!("X-Demo-Token: {t}\r\n")).unwrap_or_default();
    let text = format!("POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{token}Connection: close\r\n\r\n");
    exchange(port, &text).await.unwrap().0
}

async fn exchange(port: u16, request: &str) -> std::io::Result<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    // A process that ends while it is asked closes without a word.
    let cut = || std::io::Error::from(std::io::ErrorKind::UnexpectedEof);
    let (head, body) = answer.split_once("\r\n\r\n").ok_or_else(cut)?;
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok());
    Ok((status.unwrap(), body.to_owned()))
}

pub async fn json(demo: &Demo, environment: &str, name: &str) -> serde_json::Value {
    let (_, text) = get(demo.ports()[&service(environment, name)], "/health").await.unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Waits for something to become true.
pub async fn until(limit: Duration, what: &str, ask: impl AsyncFn() -> bool) {
    let began = Instant::now();
    while !ask().await {
        assert!(began.elapsed() < limit, "{what} did not come within {limit:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
