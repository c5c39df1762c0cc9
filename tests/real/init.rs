//! `qd init` on real servers: what it finds out about them, and that their passwords stay out of the deck.

use std::process::{Command, Stdio};

use crate::support::postgres::Postgres;
use crate::support::redis::Redis;

/// The deck that the built binary prints for some addresses.
fn printed(urls: &[&str]) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_qd"));
    command.args(["init", "--print"]).args(urls).current_dir(folder.path()).stdin(Stdio::null());
    let output = command.env("XDG_STATE_HOME", folder.path()).env("XDG_CONFIG_HOME", folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    let deck = String::from_utf8(output.stdout).unwrap();
    assert!(!deck.contains("hunter2") && !told.contains("hunter2"), "{deck}{told}");
    deck
}

#[tokio::test]
async fn a_redis_is_found_with_its_password_and_asks_for_one_without() {
    let redis = Redis::start("requirepass hunter2-xyz").await;
    let port = redis.port;
    let deck = printed(&[&format!("redis://:hunter2-xyz@127.0.0.1:{port}")]);
    assert!(deck.contains("# Redis ") && deck.contains(" primary\n"), "{deck}");
    assert!(deck.contains(&format!("password = \"env:REDIS_{port}_PASSWORD\"")), "{deck}");
    for bare in [format!("redis://127.0.0.1:{port}"), format!("redis://127.0.0.1:{port}/1")] {
        let deck = printed(&[&bare]);
        assert!(deck.contains("# Redis asks for a password\n") && deck.contains("password = \"env:"), "{deck}");
    }
    let wrong = printed(&[&format!("redis://:hunter2-no@127.0.0.1:{port}")]);
    assert!(wrong.contains("# Failed when this was written: "), "{wrong}");
}

#[tokio::test]
async fn a_postgres_is_found_with_its_version_and_role() {
    let postgres = Postgres::start();
    let port = postgres.port;
    let deck = printed(&[&format!("postgresql://app@127.0.0.1:{port}/app"), &format!("127.0.0.1:{port}")]);
    assert!(deck.contains("# PostgreSQL ") && deck.contains(" primary\n"), "{deck}");
    let line =
        format!("services.postgres-{port}.probes.live = {{ postgres = \"postgresql://app@127.0.0.1:{port}/app\" }}");
    assert!(deck.contains(&line), "{deck}");
    assert!(
        deck.contains(&format!("services.postgres-{port}.probes.port = {{ tcp = \"127.0.0.1:{port}\" }}")),
        "{deck}"
    );
}
