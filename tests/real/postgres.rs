//! The check on real PostgreSQL servers: roles, the three traps of lag, and every way to be turned away.

use std::time::Duration;

use quarterdeck::model::Outcome;
use rustix::process::Signal;

use crate::support::postgres::Postgres;
use crate::support::{fact, look_calmly, look_until, look_within, reason, secret};

#[tokio::test]
async fn a_primary_tells_its_version_role_and_connections() {
    let server = Postgres::start();
    let seen = look_calmly(&server.deck("app", "role = \"primary\"")).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    assert!(seen.version.as_ref().unwrap().as_str().starts_with("15."), "{seen:?}");
    assert_eq!((fact(&seen, "role"), fact(&seen, "connections")), ("primary", "1 of 7"));
    assert!(seen.latency.is_some() && !fact(&seen, "up").is_empty());
    let seen = look_calmly(&server.deck("app", "role = \"standby\"")).await;
    assert_eq!((seen.outcome, reason(&seen)), (Outcome::Fail, "it is a primary, but should be the standby"));
    // A role without any rights sees the same.
    server.sql("create role looker login");
    assert_eq!(look_calmly(&server.deck("looker", "")).await.outcome, Outcome::Pass);
}

#[tokio::test]
async fn lag_is_honest_while_idle_while_replay_waits_and_when_an_end_is_gone() {
    let primary = Postgres::start();
    let standby = primary.standby();
    let on_primary = primary.deck("app", "standbys = 1");
    let on_standby = standby.deck("app", "role = \"standby\"\nlag-degraded = \"500ms\"\nlag-fail = \"1h\"");
    primary.sql("create table t (n int)");
    look_until(&on_primary, Outcome::Pass).await;
    look_until(&on_standby, Outcome::Pass).await;
    // Idle: the last transaction grows older than the limit, and still nothing is missing.
    tokio::time::sleep(Duration::from_millis(1200)).await;
    let seen = look_calmly(&on_standby).await;
    assert_eq!((seen.outcome, fact(&seen, "lag"), fact(&seen, "role")), (Outcome::Pass, "0s", "standby"), "{seen:?}");
    assert_eq!(look_calmly(&on_primary).await.outcome, Outcome::Pass);
    // Replay waits while data come in.
    standby.sql("select pg_wal_replay_pause()");
    primary.sql("insert into t select generate_series(1, 1000)");
    let seen = look_until(&on_standby, Outcome::Degraded).await;
    assert!(
        reason(&seen).starts_with("replication is ") && reason(&seen).ends_with("behind (limit 500ms)"),
        "{seen:?}"
    );
    standby.sql("select pg_wal_replay_resume()");
    look_until(&on_standby, Outcome::Pass).await;
    // The primary dies: received and replayed are equal, and yet this is no "zero lag".
    primary.stop();
    let seen = look_until(&on_standby, Outcome::Degraded).await;
    assert!(reason(&seen).starts_with("disconnected from its primary; its last transaction is "), "{seen:?}");
    assert_eq!(fact(&seen, "lag"), "disconnected");
    primary.go();
    look_until(&on_standby, Outcome::Pass).await;
    standby.stop();
    let seen = look_until(&on_primary, Outcome::Degraded).await;
    assert_eq!(reason(&seen), "0 of 1 standbys connected");
}

#[tokio::test]
async fn lag_that_the_role_may_not_see_is_not_taken_for_none() {
    let primary = Postgres::start();
    let standby = primary.standby();
    primary.sql("create role \"On-Call\" login");
    primary.sql("create table t (n int)");
    look_until(&primary.deck("app", "standbys = 1"), Outcome::Pass).await;
    standby.sql("select pg_wal_replay_pause()");
    primary.sql("insert into t select generate_series(1, 1000)");
    for more in ["lag-fail = \"2s\"", "lag-degraded = \"2s\"", "standbys = 1"] {
        let seen = look_calmly(&primary.deck("On-Call", more)).await;
        assert_eq!(seen.outcome, Outcome::Unknown, "{more}: {seen:?}");
        let words = "the role \"On-Call\" cannot see replication lag; grant pg_monitor to \"On-Call\"";
        assert_eq!(reason(&seen), words);
    }
    // Nobody asked for it: it is told, and no reason to worry.
    let seen = look_calmly(&primary.deck("On-Call", "")).await;
    assert_eq!((seen.outcome, fact(&seen, "lag")), (Outcome::Pass, "not visible"), "{seen:?}");
    let seen = look_calmly(&primary.deck("On-Call", "standbys = 2")).await;
    assert!(seen.outcome == Outcome::Degraded && reason(&seen).contains("at most 1 of 2 standbys"), "{seen:?}");
    primary.sql("grant pg_monitor to \"On-Call\"");
    look_until(&primary.deck("On-Call", "lag-fail = \"100ms\""), Outcome::Fail).await;
}

#[tokio::test]
async fn a_time_limit_that_no_server_could_keep_is_no_fault() {
    let server = Postgres::start();
    let limit = Duration::from_hours(24 * 365);
    let seen = look_within(&server.deck("app", ""), limit).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
}

#[tokio::test]
async fn a_stopped_server_refuses_and_a_hung_one_gives_no_answer() {
    let server = Postgres::start();
    server.signal(Signal::STOP);
    let seen = look_within(&server.deck("app", ""), Duration::from_secs(1)).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert_eq!(reason(&seen), format!("no answer within 1s while connecting to 127.0.0.1:{}", server.port));
    server.signal(Signal::CONT);
    server.stop();
    let seen = look_calmly(&server.deck("app", "")).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert_eq!(reason(&seen), format!("connection refused on 127.0.0.1:{}", server.port));
}

#[tokio::test]
async fn full_connections_are_told_before_and_after_none_is_left() {
    let server = Postgres::start();
    let address = format!("postgresql://app@127.0.0.1:{}/app", server.port);
    let mut held = Vec::new();
    for number in 1..=10 {
        let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        held.push(client);
        if number == 6 {
            let seen = look_calmly(&server.deck("app", "")).await;
            assert_eq!((seen.outcome, reason(&seen)), (Outcome::Fail, "7 of 7 connections in use (100%)"));
        }
    }
    let seen = look_calmly(&server.deck("app", "")).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(reason(&seen).ends_with("has no connection left: sorry, too many clients already"), "{seen:?}");
}

#[tokio::test]
async fn a_wrong_password_is_unknown_and_a_missing_database_fails() {
    let server = Postgres::start();
    server.sql("create role locked login password 'right-password'");
    server.admit("host all locked 127.0.0.1/32 scram-sha-256");
    let with = |name: &str, value: &str| format!("password = \"{}\"", secret(server.folder(), name, value));
    let seen = look_calmly(&server.deck("locked", &with("right", "right-password"))).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    let seen = look_calmly(&server.deck("locked", &with("wrong", "wrong-password"))).await;
    assert_eq!(seen.outcome, Outcome::Unknown);
    assert!(reason(&seen).contains("refuses the login: password authentication failed"), "{seen:?}");
    let seen = look_calmly(&server.deck("locked", "")).await;
    assert!(reason(&seen).contains("asks for a password"), "{seen:?}");
    let seen = look_calmly(&server.deck("locked", "password = \"env:QD_NO_SUCH_VARIABLE\"")).await;
    assert_eq!(seen.outcome, Outcome::Unknown, "{seen:?}");
    let seen = look_calmly(&server.deck("app", "").replace("/app\"", "/nothing\"")).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(reason(&seen).contains("no such database: database \"nothing\" does not exist"), "{seen:?}");
    let seen = look_calmly(&server.deck("app", "").replace("/app\"", "/app?sslmode=require\"")).await;
    assert!(reason(&seen).ends_with("refuses TLS, which `sslmode` asks for"), "{seen:?}");
}
