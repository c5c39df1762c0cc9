//! DNS checks against a small name server of our own: the machine has no real one to ask without leaving it.

use std::time::Duration;

use quarterdeck::model::Outcome;
use tokio::net::UdpSocket;

use crate::support::{check_of, context, look, reason};

/// Answers `A` with two addresses, `TXT` with a text; `gone.*` does not exist, `no.*` is refused, the rest is empty.
async fn name_server() -> u16 {
    let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let port = socket.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut query = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut query).await {
            let end = 12 + query[12..length].iter().position(|b| *b == 0).unwrap() + 5;
            let kind = query[end - 3];
            let first = String::from_utf8_lossy(&query[13..13 + query[12] as usize]).to_lowercase();
            let records: Vec<Vec<u8>> = match (first.as_str(), kind) {
                ("shop", 1) => vec![vec![192, 0, 2, 10], vec![192, 0, 2, 11]],
                ("shop", 16) => vec![b"\x05v=one\x04 two".to_vec()],
                _ => Vec::new(),
            };
            let code = match first.as_str() {
                "gone" => 3,
                "no" => 5,
                "ill" => 2,
                _ => 0,
            };
            let mut answer = query[..2].to_vec();
            answer.extend([0x81, 0x80 | code, 0, 1, 0, records.len() as u8, 0, 0, 0, 0]);
            answer.extend(&query[12..end]);
            for data in records {
                answer.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
                answer.extend(data);
            }
            socket.send_to(&answer, from).await.unwrap();
        }
    });
    port
}

#[tokio::test]
async fn answers_are_compared_and_told() {
    let server = format!("server = \"127.0.0.1:{}\"", name_server().await);
    let ask = |name: &str, rest: &str| {
        let text = format!("dns = \"{name}.example.com\"\n{server}\n{rest}");
        async move { look(&text).await }
    };
    let seen = ask("shop", "expect = [\"192.0.2.11\", \"192.0.2.10\"]").await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    let seen = ask("shop", "expect = \"192.0.2.11\"").await;
    assert_eq!(reason(&seen), "192.0.2.10 is not expected beside 192.0.2.11");
    let seen = ask("shop", "type = \"TXT\"\nanswer = '^v=one two$'").await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    assert_eq!(reason(&ask("shop", "answer = '^10'").await), "no record matches /^10/; found 192.0.2.10, 192.0.2.11");
    assert_eq!(reason(&ask("shop", "type = \"MX\"").await), "shop.example.com has no MX record");
    assert_eq!(reason(&ask("gone", "").await), "no such name: gone.example.com");
    assert!(reason(&ask("no", "").await).ends_with(" refuses to answer for no.example.com"));
    assert!(reason(&ask("ill", "").await).ends_with(" failed to find ill.example.com (SERVFAIL)"));
}

#[tokio::test]
async fn a_silent_and_an_absent_name_server_are_told() {
    let silent = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    let check = check_of(&format!("dns = \"shop.example.com\"\nserver = \"{address}\""));
    let seen = check.check(&context(Duration::from_millis(400), "2026-06-15T12:00:00Z")).await;
    assert_eq!(
        (seen.outcome, reason(&seen)),
        (Outcome::Fail, format!("no answer from {address} within 400ms").as_str())
    );
    drop(silent);
    let seen = look(&format!("dns = \"shop.example.com\"\nserver = \"{address}\"")).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(reason(&seen).contains(&address.to_string()), "{seen:?}");
}
