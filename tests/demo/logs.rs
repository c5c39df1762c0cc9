//! The logs of the fleet: every service writes one, an order leaves one trace through all of them, faults are told.

use std::path::PathBuf;
use std::time::Duration;

use quarterdeck::demo::{Demo, FaultKind};
use quarterdeck::log::{Level, parse, trace};

use super::fleet::{get, service, start, until};

const PATIENCE: Duration = Duration::from_secs(15);

fn file(demo: &Demo, environment: &str, name: &str, file: &str) -> PathBuf {
    demo.folder().join("services").join(environment).join(name).join("log").join(file)
}

fn log(demo: &Demo, environment: &str, name: &str) -> String {
    std::fs::read_to_string(file(demo, environment, name, "app.log")).unwrap_or_default()
}

fn levels(text: &str) -> Vec<Option<Level>> {
    let read = |line: &str| parse(line.as_bytes(), jiff::Timestamp::UNIX_EPOCH, &jiff::tz::TimeZone::UTC);
    text.lines().map(read).filter(|parsed| parsed.begins).map(|parsed| parsed.level).collect()
}

#[tokio::test]
async fn every_service_says_that_it_began_and_all_lines_are_read() {
    let demo = start().await;
    for id in demo.ports().keys() {
        let environment = id.environment.as_str();
        until(PATIENCE, "the first line", async || log(&demo, environment, &id.name).contains("isten")).await;
        let text = log(&demo, environment, &id.name);
        assert!(levels(&text).iter().all(Option::is_some), "{id}: {text}");
    }
    demo.stop().await;
}

#[tokio::test]
async fn an_order_leaves_one_trace_from_the_storefront_to_the_ledger() {
    let demo = start().await;
    let access = file(&demo, "production", "storefront", "access.log");
    until(PATIENCE, "an order", async || access.exists()).await;
    let line = std::fs::read_to_string(&access).unwrap();
    let id = trace(line.lines().next().unwrap().as_bytes()).unwrap().into_owned();
    let id = String::from_utf8(id).unwrap();
    for name in ["storefront", "orders", "payments", "search", "inventory", "ledger"] {
        let text = log(&demo, "production", name);
        let of_order = |line: &&str| trace(line.as_bytes()).is_some_and(|found| *found == *id.as_bytes());
        assert!(text.lines().any(|line| of_order(&line)), "{name} has nothing of {id}: {text}");
        assert!(!log(&demo, "staging", name).contains(&id));
    }
    demo.stop().await;
}

#[tokio::test]
async fn faults_are_told_when_they_come_and_go() {
    let demo = start().await;
    let orders = service("staging", "orders");
    for (fault, level, said) in [
        (FaultKind::Degrade, Level::Warn, "1840 messages waiting"),
        (FaultKind::Slow, Level::Warn, "longer than usual"),
        (FaultKind::Hang, Level::Error, "no worker was free"),
        (FaultKind::Recover, Level::Info, "all is well again"),
        (FaultKind::Crash, Level::Fatal, "OutOfMemoryException"),
    ] {
        demo.fault(&orders, fault).await.unwrap();
        let heard = || log(&demo, "staging", "orders").lines().find(|l| l.contains(said)).map(ToOwned::to_owned);
        until(PATIENCE, said, async || heard().is_some()).await;
        let line = heard().unwrap();
        assert_eq!(levels(&line), [Some(level)], "{line}");
    }
    let storefront = || log(&demo, "staging", "storefront");
    until(PATIENCE, "an order that failed", async || storefront().contains("HttpRequestException: orders: ")).await;
    demo.stop().await;
}

#[tokio::test]
async fn a_fleet_at_rest_says_little_and_all_of_it_goes_with_the_demo() {
    let demo = start().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    for (id, port) in demo.ports() {
        get(*port, "/health").await.unwrap();
        let lines = log(&demo, id.environment.as_str(), &id.name).lines().count();
        assert!((1..25).contains(&lines), "{id} said {lines} lines in five seconds");
    }
    let folder = demo.folder().to_owned();
    demo.stop().await;
    assert!(!folder.exists());
}
