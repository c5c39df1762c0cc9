//! `qd init` as a user meets it: the built binary against sites on this machine, the deck it writes, and what `qd check`
//! and `qd status` make of that deck.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may stop at what it did not expect"
)]

#[path = "init/desk.rs"]
mod desk;
#[path = "init/site.rs"]
mod site;
#[path = "init/tls.rs"]
mod tls;

use desk::Desk;
use site::Asked;

const REPORT: &str = r#"{"status":"Healthy","entries":{"database":{"status":"Healthy"},"cache":{"status":"Healthy"}}}"#;

fn aspnet(asked: &Asked) -> (u16, &'static str) {
    match asked.path.as_str() {
        "/health" => (200, REPORT),
        "/" => (200, "<html>welcome</html>"),
        _ => (404, "nothing here"),
    }
}

fn nothing(_: &Asked) -> (u16, &'static str) {
    (404, "nothing here")
}

fn silence(_: &Asked) -> (u16, &'static str) {
    (0, "")
}

/// Lets in `ops` with the password `hunter2-xyz` alone.
fn guarded(asked: &Asked) -> (u16, &'static str) {
    match (asked.path.as_str(), asked.login.as_str()) {
        ("/livez", "Basic b3BzOmh1bnRlcjIteHl6") => (200, "ok"),
        ("/", "") => (401, "who are you?"),
        _ => (403, "no"),
    }
}

fn url(port: u16) -> String {
    format!("http://127.0.0.1:{port}")
}

/// The deck that `init` writes for some addresses; it must load without a fault.
fn written(desk: &Desk, urls: &[&str]) -> String {
    let ended = desk.qd(&[&["init"], urls].concat());
    assert_eq!(ended.code, 0, "{ended:?}");
    let checked = desk.qd(&["check"]);
    assert_eq!((checked.code, checked.out.contains("no faults")), (0, true), "{checked:?}");
    desk.deck()
}

#[test]
fn a_health_page_is_found_and_its_report_is_named() {
    let (desk, port) = (Desk::new(), site::start(aspnet));
    let deck = written(&desk, &[&url(port)]);
    let line = format!("probes.live = {{ http = \"http://127.0.0.1:{port}/health\", report = \"aspnet\" }}");
    assert!(deck.contains(&line), "{deck}");
    assert!(deck.contains("# An ASP.NET health report on cache, database\n"), "{deck}");
    assert!(deck.contains("[environments.production]\ntier = \"production\""), "{deck}");
    assert!(deck.lines().count() <= 10, "{deck}");
    let status = desk.qd(&["status"]);
    assert_eq!(status.code, 0, "{status:?}");
}

#[test]
fn a_site_with_nothing_at_its_front_is_accepted_as_it_answers() {
    let (desk, port) = (Desk::new(), site::start(nothing));
    let deck = written(&desk, &[&url(port), "--env", "qa"]);
    assert!(deck.contains(&format!("{{ http = \"http://127.0.0.1:{port}/\", status = 404 }}")), "{deck}");
    assert!(deck.contains("# 404 proves that it runs"), "{deck}");
    assert!(deck.contains("[environments.qa]\ntier = \"staging\""), "{deck}");
    assert_eq!(desk.qd(&["status"]).code, 0);
}

#[test]
fn what_does_not_answer_is_written_with_the_reason() {
    let (desk, dead, mute) = (Desk::new(), site::dead(), site::start(silence));
    let deck = written(&desk, &[&url(dead), &format!("127.0.0.1:{dead}"), &format!("{}/health", url(mute))]);
    assert!(
        deck.contains(&format!("# Failed when this was written: connection refused on 127.0.0.1:{dead}")),
        "{deck}"
    );
    assert!(deck.contains("# Failed when this was written: no answer within"), "{deck}");
    assert_eq!(desk.qd(&["status", "--service", &format!("web-{dead}")]).code, 1);
}

#[test]
fn addresses_of_one_place_become_probes_of_one_service() {
    let (desk, port) = (Desk::new(), site::start(aspnet));
    let (site, page, socket) = (url(port), format!("{}/missing", url(port)), format!("127.0.0.1:{port}"));
    let deck = written(&desk, &[&site, &page, &socket, &site]);
    for probe in ["live    = { http", "missing = { http", "port    = { tcp"] {
        assert_eq!(deck.matches(&format!("services.web-{port}.probes.{probe}")).count(), 1, "{deck}");
    }
    assert_eq!(desk.qd(&["status"]).code, 1);
}

#[test]
fn a_password_is_used_and_never_written() {
    let (desk, port) = (Desk::new(), site::start(guarded));
    let address = format!("http://ops:hunter2-xyz@127.0.0.1:{port}");
    let ended = desk.qd(&["init", &address]);
    let deck = desk.deck();
    let variable = format!("WEB_{port}_PASSWORD");
    assert!(deck.contains("/livez\", report = \"plain\", user = \"ops\", password = \"env:WEB_"), "{deck}");
    assert!(ended.err.contains(&format!("export {variable}=")), "{ended:?}");
    for text in [&deck, &ended.out, &ended.err, &desk.log()] {
        assert!(!text.contains("hunter2"), "{text}");
    }
    assert_eq!(desk.qd(&["check"]).code, 0);
    assert_eq!(desk.qd(&["status"]).code, 3);
    assert_eq!(desk.qd_with(&["status"], &[(&variable, "hunter2-xyz")]).code, 0);
}

#[test]
fn printing_writes_nothing() {
    let (desk, port) = (Desk::new(), site::start(aspnet));
    let ended = desk.qd(&["init", "--print", &url(port)]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.starts_with("# A deck") && ended.out.contains("report = \"aspnet\""), "{ended:?}");
    assert!(ended.err.contains(&format!("  {}  an ASP.NET health report at /health (", url(port))), "{ended:?}");
    assert!(!desk.path().exists());
}

#[test]
fn a_deck_that_exists_is_replaced_only_by_force() {
    let desk = Desk::new();
    assert_eq!(desk.qd(&["init"]).code, 0);
    std::fs::write(desk.path(), "# mine\n").unwrap();
    let refused = desk.qd(&["init"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(refused.err.contains("exists already; --force replaces it"), "{refused:?}");
    assert_eq!(desk.deck(), "# mine\n");
    assert_eq!(desk.qd(&["init", "--force"]).code, 0);
    assert!(desk.deck().starts_with("# A deck"));
}

#[test]
fn an_argument_that_is_no_address_stops_everything() {
    let desk = Desk::new();
    let ended = desk.qd(&["init", "http://127.0.0.1:9", "mysql://app:hunter2@db/x", "shop.example.com/health"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    for words in ["cannot look at `mysql://•••@db/x`", "did you mean https://shop.example.com/health?", "host:port"]
    {
        assert!(ended.err.contains(words), "{ended:?}");
    }
    assert!(!ended.err.contains("hunter2") && !desk.path().exists(), "{ended:?}");
    assert_eq!(desk.qd(&["init", "--env", "a b"]).code, 2);
}

#[test]
fn with_nothing_given_there_is_something_to_see_at_once() {
    let desk = Desk::new();
    let ended = desk.qd(&["init", "--dir", "new/ops"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("qd check --deck new/ops"), "{ended:?}");
    assert_eq!(desk.qd(&["check", "--deck", "new/ops"]).code, 0);
    let status = desk.qd(&["status", "--deck", "new/ops"]);
    // A disk that is full is told as such; either way it was looked at.
    assert!([0, 1].contains(&status.code), "{status:?}");
    assert!(status.out.starts_with("local (development)"), "{status:?}");
}

#[test]
fn an_untrusted_certificate_is_told_once_and_both_probes_are_written() {
    let (desk, port) = (Desk::new(), tls::start());
    let deck = written(&desk, &[&format!("https://localhost:{port}")]);
    assert_eq!(deck.matches("self-signed").count(), 1, "{deck}");
    assert!(deck.contains("ca = \"FILE.pem\" names your own authority"), "{deck}");
    assert!(deck.contains(&format!("probes.live = {{ http = \"https://localhost:{port}/\" }}")), "{deck}");
    assert!(deck.contains(&format!("probes.cert = {{ tls = \"localhost:{port}\" }}")), "{deck}");
    assert_eq!(desk.qd(&["status"]).code, 1);
}
