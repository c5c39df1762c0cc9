//! Servers that answer without end: the check gives up after 1 MiB, long before memory is short.

use quarterdeck::model::Outcome;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::process::peak_memory;
use crate::support::{look_calmly, reason};

/// Answers each connection with `first`, then with zeros for as long as somebody takes them, at most 512 MiB.
async fn flood(first: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _request = stream.read(&mut [0; 2048]).await;
                stream.write_all(first).await?;
                for _ in 0..512 * 128 {
                    stream.write_all(&[0; 8 * 1024]).await?;
                }
                Ok::<_, std::io::Error>(())
            });
        }
    });
    port
}

async fn is_given_up(deck: &str, words: &str) {
    let before = peak_memory(std::process::id());
    let seen = look_calmly(deck).await;
    assert_eq!(seen.outcome, Outcome::Fail, "{seen:?}");
    assert!(reason(&seen).ends_with(words), "{seen:?}");
    let more = peak_memory(std::process::id()) - before;
    assert!(more < 64, "{more} MiB more");
}

#[tokio::test]
async fn a_redis_that_answers_without_end_is_given_up() {
    let words = "answers more than 1 MiB, which is not what Redis does";
    // A text, a list and a line that are longer than any memory.
    for first in ["$2000000000\r\n", "*2000000000\r\n$2000000000\r\n", "+"] {
        let port = flood(first.as_bytes()).await;
        is_given_up(&format!("redis = \"redis://127.0.0.1:{port}\""), words).await;
    }
}

#[tokio::test]
async fn a_redis_that_answers_with_lists_in_lists_does_not_exhaust_the_stack() {
    let port = flood("*4096\r\n".repeat(20_000).leak().as_bytes()).await;
    let seen = look_calmly(&format!("redis = \"redis://127.0.0.1:{port}\"")).await;
    assert_eq!(seen.outcome, Outcome::Fail, "{seen:?}");
}

#[tokio::test]
async fn a_postgresql_that_answers_without_end_is_given_up() {
    let words = "answers more than 1 MiB, which is not what PostgreSQL does";
    // A demand for a password of 2 GB, and, after a login, an error as long.
    for first in [&b"R\x7f\xff\xff\xff\0\0\0\x05"[..], b"R\0\0\0\x08\0\0\0\0Z\0\0\0\x05IE\x7f\xff\xff\xff"] {
        let port = flood(first).await;
        is_given_up(&format!("postgres = \"postgresql://app@127.0.0.1:{port}/app?sslmode=disable\""), words).await;
    }
}
