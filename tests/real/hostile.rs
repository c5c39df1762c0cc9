//! HTTP checks against servers that nobody should write: each is a few bytes over plain TCP.

use std::time::Duration;

use quarterdeck::model::{Observation, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{check_of, context, reason};

/// Serves one connection after the other with `reply`, once a request has come.
async fn serve<F>(reply: impl Fn(TcpStream) -> F + Send + 'static) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 2048];
            let _request = stream.read(&mut request).await;
            tokio::spawn(reply(stream));
        }
    });
    format!("http://{address}/")
}

async fn serve_bytes(bytes: &'static [u8]) -> String {
    serve(move |mut stream| async move {
        stream.write_all(bytes).await.ok();
        stream.shutdown().await.ok();
        let mut rest = [0; 64];
        let _closed = stream.read(&mut rest).await;
    })
    .await
}

async fn look(url: &str, keys: &str) -> Observation {
    let check = check_of(&format!("http = \"{url}\"\n{keys}"));
    check.check(&context(Duration::from_secs(2), "2026-06-15T12:00:00Z")).await
}

async fn failure(bytes: &'static [u8]) -> String {
    let seen = look(&serve_bytes(bytes).await, "").await;
    assert_eq!(seen.outcome, Outcome::Fail, "{seen:?}");
    reason(&seen).to_owned()
}

#[tokio::test]
async fn a_body_of_a_gigabyte_is_left_unread() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n").await.ok();
        let chunk = vec![b'x'; 64 * 1024];
        for _ in 0..16_384 {
            if stream.write_all(&chunk).await.is_err() {
                return;
            }
        }
    })
    .await;
    let seen = look(&url, "").await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    assert!(seen.latency.unwrap() < Duration::from_secs(1));
    assert_eq!(seen.answer.unwrap().as_str().chars().count(), Observation::MOST_ANSWER);
}

#[tokio::test]
async fn headers_without_end_are_cut_off() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\n").await.ok();
        let line = format!("X-{}: {}\r\n", "a".repeat(10), "b".repeat(8000));
        while stream.write_all(line.as_bytes()).await.is_ok() {}
    })
    .await;
    let seen = look(&url, "").await;
    assert_eq!(reason(&seen), "its headers are larger than 64 KiB or more than 100", "{seen:?}");
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_shown() {
    assert_eq!(failure(b"SSH-2.0-OpenSSH_9.2\r\n").await, "the answer is not HTTP but \"SSH-2.0-OpenSSH_9.2\"");
    assert_eq!(failure(b"\x15\x03\x01\x00\x02\x02\x46").await, "the answer is not HTTP but a TLS record; use https:");
    let garbage = failure(b"\x00\xff\x9b\x01\x02\x03\xfe\x80garbage").await;
    assert_eq!(garbage, "the answer is not HTTP but bytes 00 ff 9b 01 02 03 fe 80 …");
    let broken = failure(b"HTTP/1.1 banana\r\n\r\n").await;
    assert!(broken.starts_with("the answer is broken HTTP: "), "{broken}");
}

#[tokio::test]
async fn an_answer_that_ends_early_says_how_far_it_came() {
    assert_eq!(failure(b"").await, "closed before answering");
    assert_eq!(failure(b"HTTP/1.1 200 OK\r\nContent-Le").await, "closed in the middle of the headers");
    let half = failure(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await;
    assert_eq!(half, "200, body stopped in the middle: 4 of 100 bytes, then closed");
}

#[tokio::test]
async fn a_body_that_stalls_says_how_far_it_came() {
    let url = serve(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf").await.ok();
        tokio::time::sleep(Duration::from_secs(30)).await;
    })
    .await;
    let check = check_of(&format!("http = \"{url}\""));
    let seen = check.check(&context(Duration::from_millis(300), "2026-06-15T12:00:00Z")).await;
    assert_eq!(reason(&seen), "200, body stopped in the middle: 4 of 100 bytes within 300ms");
}

#[tokio::test]
async fn a_listener_that_never_answers_is_silent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    for scheme in ["http", "https"] {
        let check = check_of(&format!("http = \"{scheme}://{}/\"", listener.local_addr().unwrap()));
        let seen = check.check(&context(Duration::from_millis(200), "2026-06-15T12:00:00Z")).await;
        assert!(
            reason(&seen).starts_with("no ") && reason(&seen).contains("within 200ms (connected after "),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn escape_sequences_in_body_and_headers_do_not_come_through() {
    let seen = look(
        &serve_bytes(b"HTTP/1.1 500 Oops\r\nX-A: \t\r\nConnection: close\r\n\r\n\x1b[31mred\x1b]0;title\x07 alert")
            .await,
        "",
    )
    .await;
    assert_eq!(reason(&seen), "500, expected 2xx: red alert");
    let moved = b"HTTP/1.1 302 Found\r\nLocation: /\xc2\x9b31mx\xe2\x80\xaegpj\r\nContent-Length: 0\r\n\r\n";
    let seen = look(&serve_bytes(moved).await, "").await;
    assert!(!format!("{seen:?}").contains(['\u{1b}', '\u{9b}', '\u{202e}']), "{seen:?}");
}

#[tokio::test]
async fn wrong_content_types_and_invalid_json_do_no_harm() {
    let typed = b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n\r\n{\"status\":\"Degraded\"}";
    assert_eq!(look(&serve_bytes(typed).await, "").await.outcome, Outcome::Degraded);
    let invalid = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n{\"status\": oops";
    let url = serve_bytes(invalid).await;
    assert_eq!(look(&url, "").await.outcome, Outcome::Pass);
    let seen = look(&url, "report = \"json\"").await;
    assert_eq!(reason(&seen), "not a JSON health report but \"{\"status\": oops\"");
}

#[tokio::test]
async fn an_ipv6_address_in_brackets_is_reached() {
    let Ok(listener) = TcpListener::bind("[::1]:0").await else { return };
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 2048];
        let length = stream.read(&mut request).await.unwrap();
        assert!(String::from_utf8_lossy(&request[..length]).contains(&format!("host: {address}\r\n")));
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    });
    let seen = look(&format!("http://{address}/"), "").await;
    assert_eq!((seen.outcome, crate::support::fact(&seen, "address")), (Outcome::Pass, address.to_string().as_str()));
}
