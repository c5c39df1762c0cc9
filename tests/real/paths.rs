//! Relative paths in a deck start at the folder of the deck, wherever the console was started.

use quarterdeck::model::Outcome;

use crate::support::postgres::Postgres;
use crate::support::redis::Redis;
use crate::support::{certificate, folder, free_port, look_calmly_from, reason};

#[tokio::test]
async fn the_authority_of_a_redis_is_found_beside_the_deck() {
    let files = folder();
    let (certificate, key) = certificate(files.path());
    let port = free_port();
    let (certificate, key) = (certificate.display(), key.display());
    let more = format!("tls-port {port}\ntls-cert-file {certificate}\ntls-key-file {key}\ntls-auth-clients no");
    let _server = Redis::start(&more).await;
    let deck = format!("redis = \"rediss://localhost:{port}\"\nca = \"own.crt\"");
    let seen = look_calmly_from(files.path(), &deck).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
}

#[tokio::test]
async fn the_authority_of_a_postgresql_is_looked_for_beside_the_deck() {
    let server = Postgres::start();
    let files = folder();
    let deck = format!("{}\nca = \"gone.crt\"", server.deck("app", ""));
    let seen = look_calmly_from(files.path(), &deck).await;
    assert!(reason(&seen).contains(&files.path().join("gone.crt").display().to_string()), "{seen:?}");
}

#[tokio::test]
async fn the_authority_of_a_rabbitmq_is_looked_for_beside_the_deck() {
    let files = folder();
    let password = crate::support::secret(files.path(), "word", "any");
    let deck =
        format!("rabbitmq = \"https://127.0.0.1:1\"\nuser = \"u\"\npassword = \"{password}\"\nca = \"gone.crt\"");
    let seen = look_calmly_from(files.path(), &deck).await;
    assert!(reason(&seen).contains(&files.path().join("gone.crt").display().to_string()), "{seen:?}");
}

#[tokio::test]
async fn a_command_runs_in_a_folder_beside_the_deck() {
    let files = folder();
    std::fs::create_dir(files.path().join("scripts")).unwrap();
    let here = files.path().canonicalize().unwrap().join("scripts");
    let deck = format!("command = [\"pwd\"]\nfolder = \"scripts\"\noutput = \"(?m)^{}$\"", here.display());
    let seen = look_calmly_from(files.path(), &deck).await;
    assert_eq!(seen.outcome, Outcome::Pass, "{seen:?}");
    // An absolute one stays what it is.
    let deck = format!("command = [\"pwd\"]\nfolder = \"{0}\"\noutput = \"(?m)^{0}$\"", here.display());
    assert_eq!(look_calmly_from(std::path::Path::new("/elsewhere"), &deck).await.outcome, Outcome::Pass);
}
