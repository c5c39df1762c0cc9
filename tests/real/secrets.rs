//! Checks whose secret is slow to come or does not come, and names that do not resolve: neither is the service's doing,
//! and each is told alike by every kind.

use std::time::Duration;

use quarterdeck::model::{Observation, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::support::{Server, check_of, context, free_port, look_within, reason, write};

const LIMIT: Duration = Duration::from_millis(600);

/// Decks of every kind here that sends a secret.
fn decks(port: u16, secret: &str) -> [String; 2] {
    [
        format!("http = \"http://127.0.0.1:{port}/\"\ntoken = \"{secret}\""),
        format!("rabbitmq = \"http://127.0.0.1:{port}\"\nuser = \"ops\"\npassword = \"{secret}\""),
    ]
}

/// Twice the limit: once for the secret, once for the target.
async fn look(deck: &str) -> Observation {
    check_of(deck).check(&context(LIMIT, "2026-06-15T12:00:00Z")).await
}

#[tokio::test]
async fn a_secret_that_does_not_come_leaves_the_service_unknown() {
    for deck in decks(free_port(), "command:sleep 9") {
        let seen = look_within(&deck, LIMIT).await;
        let told = "secret command:sleep did not answer within 600ms";
        assert_eq!((seen.outcome, reason(&seen)), (Outcome::Unknown, told), "{deck}");
    }
}

#[tokio::test]
async fn the_time_a_secret_takes_is_neither_the_services_latency_nor_its_limit() {
    let folder = Server::folder();
    let script = write(folder.path(), "slow.sh", "sleep 0.4; echo s3cr3t-value");
    let secret = format!("command:sh {}", script.display());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 2048];
                let _request = stream.read(&mut request).await;
                tokio::time::sleep(Duration::from_millis(300)).await;
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK").await.ok();
            });
        }
    });
    let [http, _] = decks(port, &secret);
    let seen = look(&http).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    let latency = seen.latency.unwrap();
    assert!((Duration::from_millis(290)..Duration::from_millis(390)).contains(&latency), "{latency:?}");
}

#[tokio::test]
async fn every_kind_tells_a_name_that_does_not_resolve_alike() {
    let name = "name.invalid";
    let kinds = [
        format!("tcp = \"{name}:80\""),
        format!("tls = \"{name}:443\""),
        format!("http = \"http://{name}/\""),
        format!("rabbitmq = \"http://{name}\"\nuser = \"ops\"\npassword = \"command:echo secret\""),
    ];
    let mut told = Vec::new();
    for deck in kinds {
        let seen = look(&deck).await;
        assert!(reason(&seen).starts_with("name.invalid does not resolve: "), "{deck}: {seen:?}");
        // Which of the two it is depends on the resolver of the machine.
        let expected = if reason(&seen).contains("resolver") { Outcome::Unknown } else { Outcome::Fail };
        assert_eq!(seen.outcome, expected, "{deck}: {seen:?}");
        told.push(seen.outcome);
    }
    assert!(told.windows(2).all(|pair| pair[0] == pair[1]), "{told:?}");
}
