//! The fleet of the demo with real processes: it starts, answers, has faults, comes back and ends with its console.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

#[path = "demo/fleet.rs"]
mod fleet;
#[path = "demo/logs.rs"]
mod logs;
#[cfg(target_os = "linux")]
#[path = "demo/process.rs"]
mod process;

use std::time::Duration;

use fleet::{get, json, service, start, until};
use quarterdeck::demo::{Demo, DemoError, FaultKind};
use tokio::time::Instant;

#[tokio::test]
async fn reports_come_in_three_shapes_and_name_what_they_depend_on() {
    let demo = start().await;
    let orders = json(&demo, "production", "orders").await;
    assert_eq!((orders["status"].as_str(), orders["version"].as_str()), (Some("Healthy"), Some("2.14.0")));
    let ledger = demo.ports()[&service("production", "ledger")];
    let said = orders["entries"]["ledger"]["description"].as_str().unwrap().to_owned();
    assert_eq!(said, format!("127.0.0.1:{ledger} answered"));
    let payments = json(&demo, "production", "payments").await;
    assert_eq!(payments["components"]["ledger"]["status"], "UP");
    let mail = demo.ports()[&service("staging", "mail-worker")];
    assert_eq!(get(mail, "/health").await.unwrap().1, "Healthy");
    demo.stop().await;
}

#[tokio::test]
async fn a_service_degrades_hangs_slows_and_recovers_on_request() {
    let demo = start().await;
    let id = service("production", "inventory");
    let port = demo.ports()[&id];
    demo.fault(&id, FaultKind::Degrade).await.unwrap();
    let report = json(&demo, "production", "inventory").await;
    assert_eq!(report["status"], "Degraded");
    assert_eq!(report["entries"]["cache"]["description"], "cache hit ratio 41 %, expected 80 %");

    demo.fault(&id, FaultKind::Slow).await.unwrap();
    let began = Instant::now();
    assert_eq!(get(port, "/health").await.unwrap().0, 200);
    assert!(began.elapsed() > Duration::from_millis(700));

    demo.fault(&id, FaultKind::Hang).await.unwrap();
    let hung = tokio::time::timeout(Duration::from_millis(600), get(port, "/health/live")).await;
    assert!(hung.is_err(), "{hung:?}");
    let search = json(&demo, "production", "search").await;
    let why = search["components"]["inventory"]["details"]["error"].as_str().unwrap().to_owned();
    assert_eq!(why, format!("no answer from 127.0.0.1:{port} within 800ms"));

    demo.fault(&id, FaultKind::Recover).await.unwrap();
    assert_eq!(json(&demo, "production", "inventory").await["status"], "Healthy");
    demo.stop().await;
}

#[tokio::test]
async fn a_crashed_service_takes_others_with_it_and_returns_on_the_same_port() {
    let demo = start().await;
    let id = service("staging", "ledger");
    let port = demo.ports()[&id];
    demo.fault(&id, FaultKind::Crash).await.unwrap();
    until(Duration::from_secs(2), "the crash", async || get(port, "/health").await.is_err()).await;
    let crashed = Instant::now();
    let orders = json(&demo, "staging", "orders").await;
    assert_eq!(orders["status"], "Unhealthy");
    assert_eq!(orders["entries"]["ledger"]["description"], format!("connection refused on 127.0.0.1:{port}"));
    let refused = demo.fault(&id, FaultKind::Slow).await.unwrap_err();
    assert!(matches!(refused, DemoError::Away { .. }), "{refused}");
    until(Duration::from_secs(20), "the return", async || get(port, "/health").await.is_ok()).await;
    assert!(crashed.elapsed() > Duration::from_secs(6), "back after {:?}", crashed.elapsed());
    assert_eq!(json(&demo, "staging", "orders").await["status"], "Healthy");
    demo.stop().await;
}

#[tokio::test]
async fn a_fault_needs_the_token_and_a_known_service() {
    let demo = tokio::spawn(start()).await.unwrap();
    let port = demo.ports()[&service("staging", "orders")];
    assert_eq!(fleet::post(port, "/_demo/fault?kind=crash", Some("guess")).await, 403);
    assert_eq!(fleet::post(port, "/_demo/fault?kind=crash", None).await, 403);
    let switchboard = demo.switchboard();
    let elsewhere = tokio::spawn(async move { switchboard.fault(&service("staging", "fax"), FaultKind::Crash).await });
    let unknown = elsewhere.await.unwrap().unwrap_err();
    assert_eq!(unknown.to_string(), "the demo has no service staging/fax");
    demo.stop().await;
}

#[tokio::test]
async fn a_program_that_is_no_demo_service_is_told_apart() {
    let missing = Demo::start("/no/such/program".as_ref()).await.unwrap_err();
    assert!(matches!(missing, DemoError::Start { .. }), "{missing}");
    let silent = Demo::start("true".as_ref()).await.unwrap_err();
    assert!(silent.to_string().contains("it ended before it said its port"), "{silent}");
}

#[tokio::test]
async fn the_deck_and_its_runbooks_are_without_a_fault_and_gone_with_the_demo() {
    let demo = start().await;
    let path = demo.write_deck().unwrap();
    let loaded = quarterdeck::config::load(&path);
    assert!(loaded.faults.is_empty(), "{:#?}", loaded.faults);
    let deck = loaded.deck.unwrap();
    let acting = deck.acting(&service("staging", "orders")).unwrap();
    let names: Vec<&str> = acting.runbooks.iter().map(|r| &*r.name).collect();
    assert_eq!(names, ["deploy-release", "rollback-release", "restart", "look-around"]);
    let folder = demo.folder().to_owned();
    demo.stop().await;
    assert!(!folder.exists());
}

#[tokio::test]
async fn the_deck_holds_the_ports_of_this_run() {
    let demo = start().await;
    let deck = demo.deck();
    assert!(!deck.contains('@'));
    assert!(demo.ports().values().all(|port| deck.contains(&format!("port = {port}"))));
    demo.stop().await;
}
