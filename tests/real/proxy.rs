//! The way through a proxy: a tiny one, which takes absolute form for http and CONNECT for https.

use std::time::Duration;

use hyper::Method;
use hyper::header::HeaderMap;
use hyper_util::client::proxy::matcher::Matcher;
use quarterdeck::source::dial::Watch;
use quarterdeck::source::fetch::{Answer, FetchError, Proxies, Request, Target, Trail, fetch};
use quarterdeck::source::tls::Trust;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::certificates::{Authority, present};
use crate::support::{Server, free_port, write};

/// Answers absolute-form requests itself, with the request line and the credentials; tunnels CONNECT.
async fn proxy() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut bytes = [0; 4096];
                let length = stream.read(&mut bytes).await.unwrap();
                let head = String::from_utf8_lossy(&bytes[..length]).into_owned();
                let (line, login) = (head.lines().next().unwrap(), head.contains("Basic b3BzOnB3"));
                let place = line.strip_prefix("CONNECT ").and_then(|r| r.split(' ').next());
                match place.map(TcpStream::connect) {
                    None => {
                        let body = format!("{line} {login}");
                        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                        stream.write_all(head.as_bytes()).await.unwrap();
                    }
                    Some(_) if !login => {
                        stream.write_all(b"HTTP/1.1 407 Who?\r\n\r\n").await.unwrap();
                    }
                    Some(connecting) => match connecting.await {
                        Ok(mut far) => {
                            stream.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await.unwrap();
                            copy_bidirectional(&mut stream, &mut far).await.ok();
                        }
                        Err(_) => stream.write_all(b"HTTP/1.1 502 Bad Gateway\r\n\r\n").await.unwrap(),
                    },
                }
            });
        }
    });
    port
}

async fn ask(url: &str, proxy: &str, trust: &Trust) -> (Result<Answer, FetchError>, Trail) {
    let target = Target::new(url.parse().unwrap()).unwrap();
    let request = Request {
        target: &target,
        method: &Method::GET,
        headers: &HeaderMap::new(),
        trust,
        proxies: &Proxies::new(Matcher::builder().all(proxy).build()),
        now: "2026-06-15T12:00:00Z".parse().unwrap(),
        most_body: 1024,
        body: b"",
    };
    let mut trail = Trail::new(Watch::new(Duration::from_secs(2)));
    (fetch(&request, &mut trail).await, trail)
}

#[tokio::test]
async fn http_goes_in_absolute_form_and_https_through_a_tunnel() {
    let port = proxy().await;
    let login = format!("http://ops:pw@127.0.0.1:{port}");
    let (answer, trail) = ask("http://shop.invalid:81/a?b", &login, &Trust::default()).await;
    let body = String::from_utf8(answer.unwrap().body).unwrap();
    assert_eq!(body, "GET http://shop.invalid:81/a?b HTTP/1.1 true");
    assert_eq!(trail.proxy.unwrap(), format!("127.0.0.1:{port}"));

    let root = Authority::root("Shop Root");
    let folder = Server::folder();
    let trust = Trust { ca: Some(write(folder.path(), "ca.pem", &root.pem)), verify: true };
    let https = present(&root.server(&["127.0.0.1"], (2025, 1, 1), (2027, 1, 1), &[])).await;
    let (answer, trail) = ask(&format!("https://127.0.0.1:{https}/"), &login, &trust).await;
    assert_eq!(answer.unwrap().body, b"OK");
    assert!(trail.session.is_some());
}

#[tokio::test]
async fn what_a_proxy_does_wrong_is_not_held_against_the_target() {
    let port = proxy().await;
    let words = |result: Result<Answer, FetchError>| {
        let error = result.unwrap_err();
        (error.is_ours(), error.to_string())
    };
    let (result, _) = ask("https://127.0.0.1:1/", &format!("http://127.0.0.1:{port}"), &Trust::default()).await;
    let (ours, told) = words(result);
    assert!(ours && told.contains("asks for credentials"), "{told}");
    let (result, _) = ask("https://127.0.0.1:1/", &format!("http://ops:pw@127.0.0.1:{port}"), &Trust::default()).await;
    let told = format!("proxy 127.0.0.1:{port} cannot reach 127.0.0.1:1: HTTP/1.1 502 Bad Gateway");
    assert_eq!(words(result), (false, told));
    let (result, _) = ask("http://shop.invalid/", "socks5://127.0.0.1:1080", &Trust::default()).await;
    let (ours, told) = words(result);
    assert!(ours && told.starts_with("proxy socks5://127.0.0.1 is not supported"), "{told}");
    let closed = free_port();
    let (result, _) = ask("http://shop.invalid/", &format!("http://127.0.0.1:{closed}"), &Trust::default()).await;
    let told = format!("proxy 127.0.0.1:{closed}: connection refused on 127.0.0.1:{closed}");
    assert_eq!(words(result), (true, told));
}
