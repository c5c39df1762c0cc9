//! The checks on servers that speak TLS: proof of identity is asked for where the address says so.

use quarterdeck::model::Outcome;

use crate::support::postgres::Postgres;
use crate::support::redis::Redis;
use crate::support::{certificate, folder, look_calmly, reason};

#[tokio::test]
async fn redis_over_tls_is_believed_only_with_its_authority() {
    let files = folder();
    let (certificate, key) = certificate(files.path());
    let port = crate::support::free_port();
    let more = format!(
        "tls-port {port}\ntls-cert-file {}\ntls-key-file {}\ntls-auth-clients no",
        certificate.display(),
        key.display()
    );
    let _server = Redis::start(&more).await;
    let deck = format!("redis = \"rediss://localhost:{port}\"\n");
    let seen = look_calmly(&format!("{deck}ca = \"{}\"", certificate.display())).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    let seen = look_calmly(&deck).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(reason(&seen).contains("comes from an unknown issuer"), "{seen:?}");
}

#[tokio::test]
async fn postgres_over_tls_is_believed_as_sslmode_says() {
    let server = Postgres::start();
    let (certificate, key) = certificate(server.folder());
    server.sql(&format!("alter system set ssl_cert_file = '{}'", certificate.display()));
    server.sql(&format!("alter system set ssl_key_file = '{}'", key.display()));
    server.sql("alter system set ssl = on");
    server.sql("select pg_reload_conf()");
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let deck = |host: &str, mode: &str, more: &str| {
        format!("postgres = \"postgresql://app@{host}:{}/app?sslmode={mode}\"\n{more}", server.port)
    };
    assert_eq!(look_calmly(&deck("localhost", "require", "")).await.outcome, Outcome::Pass);
    let ca = format!("ca = \"{}\"", certificate.display());
    let seen = look_calmly(&deck("localhost", "verify-full", &ca)).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    let seen = look_calmly(&deck("127.0.0.1", "verify-full", &ca)).await;
    assert!(reason(&seen).ends_with("is for another name"), "{seen:?}");
    let seen = look_calmly(&deck("localhost", "verify-full", "")).await;
    assert!(reason(&seen).contains("comes from an unknown issuer"), "{seen:?}");
}
