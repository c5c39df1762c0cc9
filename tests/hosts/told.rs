//! `qd hosts` and what `qd check` says of hosts.

use serde_json::Value;

use crate::desk::{Desk, known_to, leads_to};
use crate::lab::Lab;
use crate::sshd::{FakeHost, Settings, Sshd};
use crate::support::stage::patience;

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[test]
fn hosts_that_are_live_are_good_and_told_with_their_route_and_latency() {
    let server = Sshd::start(&[]);
    let desk = Desk::new(&["vps"], &known_to("vps", &server));
    let ended = desk.qd(&["hosts"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let line = ended.out.lines().nth(1).unwrap();
    let route = format!("{}@127.0.0.1:{}", server.user(), server.port());
    assert!(
        line.starts_with("qa           vps   ● live") && line.ends_with(&route) && line.contains(" ms  "),
        "{}",
        ended.out
    );
    let ended = desk.qd(&["hosts", "--json"]);
    let told = json(&ended.out);
    assert_eq!(
        (&told["schema"], &told["deck"], &told["hosts"][0]["environment"]),
        (&1.into(), &"yard".into(), &"qa".into())
    );
    let host = &told["hosts"][0];
    assert_eq!((&host["name"], &host["state"], &host["route"]), (&"vps".into(), &"live".into(), &route.into()));
    assert!(host["latency_ms"].as_f64().unwrap() > 0.0 && host["cause"].is_null() && host["ask"].is_null(), "{host}");
}

#[test]
fn the_worst_host_decides_how_it_ends_and_each_says_why() {
    let (good, stranger) = (Sshd::start(&[]), Sshd::with(&Settings { takes_key: false, ..Settings::default() }));
    let mut gone = Sshd::start(&[]);
    let config = known_to("good", &good) + &known_to("stranger", &stranger) + &known_to("gone", &gone);
    gone.stop();
    let desk = Desk::new(&["good", "gone", "stranger"], &config);
    let ended = desk.qd(&["hosts"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(
        ended.out.contains("│ connection refused on 127.0.0.1:") && ended.out.contains("does not let"),
        "{}",
        ended.out
    );
    let ended = desk.qd(&["hosts", "--host", "good", "--host", "qa/gone", "--json"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let told = json(&ended.out);
    let states: Vec<&str> = told["hosts"].as_array().unwrap().iter().map(|h| h["state"].as_str().unwrap()).collect();
    assert_eq!((states, &told["hosts"][1]["trouble"]), (vec!["live", "lost"], &"refused".into()));
    assert_eq!(desk.qd(&["hosts", "--host", "good"]).code, 0);
    let misspelt = desk.qd(&["hosts", "--host", "godo"]);
    assert!(misspelt.code == 2 && misspelt.told.contains("did you mean `good`"), "{misspelt:?}");
}

#[test]
fn an_attempt_that_is_not_over_when_the_wait_is_is_told_as_that() {
    let silent = FakeHost::black_hole();
    let (address, port) = (silent.place().ip(), silent.place().port());
    let desk = Desk::new(&["slow"], &format!("Host slow\n  HostName {address}\n  Port {port}\n"));
    let ended = desk.qd(&["hosts", "--wait", "300ms"]);
    assert!(ended.code == 3 && ended.out.contains("still being connected to after 300ms"), "{ended:?}");
    assert!(desk.qd(&["hosts", "--wait", "soon"]).told.contains("write 10s"));
}

#[test]
fn the_document_keeps_to_its_schema() {
    let desk = Desk::new(&[], "");
    let ended = desk.qd(&["schema", "hosts"]);
    let host = json(&ended.out)["$defs"]["PlacedHost"]["properties"].clone();
    for name in ["environment", "name", "route", "state", "trouble", "cause", "since", "next", "latency_ms", "ask"] {
        assert!(host.get(name).is_some(), "{name}: {host}");
    }
    let none = desk.qd(&["hosts"]);
    assert!(none.code == 0 && none.told.contains("there are no hosts"), "{none:?}");
}

#[test]
fn check_tells_destinations_that_lead_nowhere_and_lines_that_are_not_followed() {
    let desk = Desk::new(&["vps"], "Host vps\n  ProxyCommand nc %h %p\n");
    let warned = desk.qd(&["check"]);
    assert_eq!(warned.code, 0, "{warned:?}");
    assert!(warned.out.contains("ssh_config:2:") && warned.out.contains("no way to qa/vps"), "{warned:?}");
    let deck = "[environments.qa]\ntier = \"staging\"\nhosts.vps = { ssh = \"-oProxyCommand=x\" }\n\
                services.a.probes.unit = { systemd = \"a\", via = \"vps\" }\n";
    let broken = Desk::with(deck, "").qd(&["check"]);
    assert_eq!(broken.code, 2, "{broken:?}");
    assert!(
        broken.out.contains("quarterdeck.toml:3:21: error: ") && broken.out.contains("leads to no host"),
        "{broken:?}"
    );
    assert!(broken.out.contains("1 error, 0 warnings"), "{broken:?}");
}

#[test]
fn a_host_behind_another_is_told_with_its_way_and_with_what_is_wrong_on_it() {
    let Some(lab) = Lab::new() else { return };
    let (gate, behind) = lab.jump("gate", &["db1"]);
    let config = std::fs::read_to_string(lab.ssh_config(&[&gate, &behind[0]])).unwrap();
    let desk = Desk::new(&["gate", "db1"], &format!("Host db1\n  ProxyJump gate\n{config}"));
    let ended = desk.qd(&["hosts", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let route = json(&ended.out)["hosts"][1]["route"].as_str().unwrap().to_owned();
    assert_eq!(route, format!("ops@{}:22 through gate", behind[0].address()));
    gate.cut();
    let ended = desk.qd(&["hosts", "--wait", &format!("{}s", patience().as_secs())]);
    assert!(ended.code == 3 && ended.out.contains("gate on the way is not reached"), "{ended:?}");
    gate.heal();
    assert_eq!(desk.qd(&["hosts"]).code, 0);
}

#[test]
fn a_host_that_asks_says_so_in_the_document() {
    let server = Sshd::start(&[]);
    let desk = Desk::new(&["vps"], &leads_to("vps", &server, "/dev/null"));
    let ended = desk.qd(&["hosts", "--json"]);
    let ask = json(&ended.out)["hosts"][0]["ask"].clone();
    assert_eq!((ended.code, &ask["for"], &ask["kind"]), (4, &"trust".into(), &"ssh-ed25519".into()), "{ask}");
    assert_eq!(ask["fingerprint"], Value::from(crate::desk::fingerprint(&server)));
}
