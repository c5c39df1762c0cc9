//! The check on real Redis servers.

use std::time::Duration;

use quarterdeck::model::Outcome;
use rustix::process::Signal;

use crate::support::redis::Redis;
use crate::support::{fact, look_calmly, look_until, look_within, reason, secret};

#[tokio::test]
async fn logins_are_checked_and_a_wrong_one_is_unknown() {
    let server = Redis::start("requirepass right-password").await;
    let with = |name: &str, value: &str| format!("password = \"{}\"", secret(server.folder(), name, value));
    let seen = look_calmly(&server.deck(&with("right", "right-password"))).await;
    assert_eq!((seen.outcome, fact(&seen, "role")), (Outcome::Pass, "primary"), "{seen:?}");
    assert!(seen.version.unwrap().as_str().starts_with('7'));
    let seen = look_calmly(&server.deck(&with("wrong", "wrong-password"))).await;
    assert_eq!(seen.outcome, Outcome::Unknown, "{seen:?}");
    assert!(reason(&seen).ends_with("refuses the login: wrong user or password"), "{seen:?}");
    let seen = look_calmly(&server.deck("")).await;
    assert!(seen.outcome == Outcome::Unknown && reason(&seen).contains("asks for a password"), "{seen:?}");
    // A user with the least rights is enough; one without them is told what it lacks.
    server.cli(&["ACL", "SETUSER", "looker", "on", ">looker-password", "+ping", "+info"]);
    let looker = format!("user = \"looker\"\n{}", with("looker", "looker-password"));
    assert_eq!(look_calmly(&server.deck(&looker)).await.outcome, Outcome::Pass);
    server.cli(&["ACL", "SETUSER", "looker", "-info"]);
    let seen = look_calmly(&server.deck(&looker)).await;
    assert!(seen.outcome == Outcome::Unknown && reason(&seen).contains("+ping +info"), "{seen:?}");
}

#[tokio::test]
async fn a_password_nobody_asks_for_and_a_database_that_is_not_there_are_told() {
    let server = Redis::start("").await;
    let password = format!("password = \"{}\"", secret(server.folder(), "any", "any-password"));
    let seen = look_calmly(&server.deck(&password)).await;
    assert!(
        seen.outcome == Outcome::Unknown && reason(&seen).ends_with("wants no password; remove `password`"),
        "{seen:?}"
    );
    let at = |number: u32| format!("redis = \"redis://127.0.0.1:{}/{number}\"", server.port);
    assert_eq!(look_calmly(&at(3)).await.outcome, Outcome::Pass);
    let seen = look_calmly(&at(99)).await;
    assert!(seen.outcome == Outcome::Fail && reason(&seen).ends_with("has no database of that number"), "{seen:?}");
}

#[tokio::test]
async fn a_hung_server_gives_no_answer_and_a_stopped_one_refuses() {
    let server = Redis::start("").await;
    let (deck, port) = (server.deck(""), server.port);
    assert_eq!(look_calmly(&server.deck("role = \"primary\"")).await.outcome, Outcome::Pass);
    server.signal(Signal::STOP);
    let seen = look_within(&deck, Duration::from_secs(1)).await;
    assert_eq!(seen.outcome, Outcome::Fail);
    assert!(reason(&seen).starts_with("no answer within 1s"), "{seen:?}");
    drop(server);
    let seen = look_calmly(&deck).await;
    assert_eq!(
        (seen.outcome, reason(&seen)),
        (Outcome::Fail, format!("connection refused on 127.0.0.1:{port}").as_str())
    );
}

#[tokio::test]
async fn a_replica_without_its_primary_fails() {
    let primary = Redis::start("").await;
    let replica = Redis::start(&format!("replicaof 127.0.0.1 {}\nrepl-diskless-sync-delay 0", primary.port)).await;
    let deck = replica.deck("role = \"replica\"");
    look_until(&deck, Outcome::Pass).await;
    let seen = look_calmly(&primary.deck("")).await;
    assert_eq!(fact(&seen, "replicas"), "1");
    let port = primary.port;
    drop(primary);
    let seen = look_until(&deck, Outcome::Fail).await;
    assert!(reason(&seen).starts_with(&format!("the link to its primary 127.0.0.1:{port} is down")), "{seen:?}");
}

#[tokio::test]
async fn memory_near_its_limit_is_degraded_and_at_it_fails() {
    let server = Redis::start("").await;
    let used: u64 = server
        .cli(&["INFO", "memory"])
        .lines()
        .find_map(|l| l.strip_prefix("used_memory:")?.trim().parse().ok())
        .unwrap();
    let limit = |percent: u64| server.cli(&["CONFIG", "SET", "maxmemory", &(used * 100 / percent).to_string()]);
    limit(50);
    let calm = look_calmly(&server.deck("")).await;
    assert_eq!(calm.outcome, Outcome::Pass, "{calm:?}");
    limit(50);
    let seen = look_calmly(&server.deck("memory-degraded = 40")).await;
    assert!(seen.outcome == Outcome::Degraded && reason(&seen).contains("writes will be refused"), "{seen:?}");
    limit(100);
    assert_eq!(look_calmly(&server.deck("")).await.outcome, Outcome::Fail);
}

#[tokio::test]
async fn a_server_that_cannot_save_refuses_writes() {
    let server = Redis::start("save 3600 1\nstop-writes-on-bgsave-error yes").await;
    std::fs::remove_dir_all(server.folder().join("data")).unwrap();
    server.cli(&["BGSAVE"]);
    let seen = look_until(&server.deck(""), Outcome::Fail).await;
    assert!(reason(&seen).ends_with("refuses writes, because it cannot save its data to disk"), "{seen:?}");
    server.cli(&["CONFIG", "SET", "stop-writes-on-bgsave-error", "no"]);
    let seen = look_until(&server.deck(""), Outcome::Degraded).await;
    assert_eq!(reason(&seen), "its last snapshot (RDB) could not be saved");
}
