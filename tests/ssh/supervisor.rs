//! Connections as facts: what the supervisor reports of two hosts, and the probes that look through them.

use std::collections::BTreeMap;
use std::path::Path;

use quarterdeck::config;
use quarterdeck::model::{LinkState, Outcome};
use quarterdeck::source::Supervisor;
use quarterdeck::store::Event;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout};

use crate::desk::{Desk, Entry, SECOND, live};
use crate::sshd::{FakeHost, Sshd, Wire};

const DECK: &str = r#"
[environments.test]
tier = "development"
hosts.one = { ssh = "one" }
hosts.two = { ssh = "two" }
services.a = { host = "one", probes.alive = { command = ["true"], every = "1s", timeout = "1s" } }
services.b = { host = "two", probes.alive = { command = ["true"], every = "1s", timeout = "1s" } }
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_states_of_two_hosts_are_events_and_one_is_lost_alone() {
    let (mut one, two) = (Sshd::start(&[]), Sshd::start(&[]));
    let desk = Desk::with(vec![Entry::of("one", &one), Entry::of("two", &two)]);
    let loaded = config::parse(Path::new("quarterdeck.toml"), DECK);
    assert!(loaded.faults.is_empty(), "{:?}", loaded.faults);
    let (outbox, mut inbox) = mpsc::channel(1000);
    let mut supervisor = Supervisor::new(desk.around.clone(), outbox);
    supervisor.follow(&loaded.deck.unwrap());
    let mut links = BTreeMap::new();
    let mut seen = BTreeMap::new();
    let mut step = 0;
    let began = Instant::now();
    while step < 3 {
        assert!(began.elapsed() < SECOND * 40, "step {step}: {links:?} {seen:?}");
        let Ok(event) = timeout(SECOND * 15, inbox.recv()).await else { panic!("step {step}: {links:?} {seen:?}") };
        match event.unwrap() {
            Event::HostLinked { host, link, .. } => {
                if &*host.name == "two" {
                    assert!(step == 0 || link.state.is_up(), "{link:?}");
                }
                // A next attempt is told of exactly where one is planned, and of none while it is up.
                assert!(!link.state.is_up() || (link.next_in.is_none() && link.cause.is_none()), "{link:?}");
                links.insert(host.name.to_string(), link.state);
            }
            Event::SampleTaken { probe, observation, .. } => {
                seen.insert(probe.service.name.to_string(), (observation.outcome, observation.blocked_by.is_some()));
            }
            _ => {}
        }
        let is = |name: &str, state| links.get(name) == Some(&state);
        let saw = |name: &str, outcome, blocked| seen.get(name) == Some(&(outcome, blocked));
        let up = is("one", LinkState::Live) && is("two", LinkState::Live);
        match step {
            0 if up && saw("a", Outcome::Pass, false) && saw("b", Outcome::Pass, false) => {
                one.stop();
                step = 1;
            }
            1 if is("one", LinkState::Lost) && saw("a", Outcome::Unknown, true) && saw("b", Outcome::Pass, false) => {
                one.start_again();
                step = 2;
            }
            2 if up && saw("a", Outcome::Pass, false) => step = 3,
            _ => {}
        }
    }
    supervisor.stop();
}

/// One look of the first probe, with what the deck says of it.
async fn look(desk: &Desk, deck: &str) -> quarterdeck::model::Observation {
    let loaded = config::parse(Path::new("quarterdeck.toml"), deck);
    let deck = loaded.deck.unwrap();
    quarterdeck::source::ask(deck.probes().next().unwrap(), &desk.around).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_does_not_answer_and_a_line_that_does_not_are_told_apart() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![Entry::behind("one", &server, wire.place())]);
    let hung = FakeHost::black_hole();
    let tcp = format!("tcp = \"{}\", expect = \"SSH\"", hung.place());
    let deck = |probe: &str| {
        format!(
            "[environments.test]\ntier = \"development\"\nhosts.one = {{ ssh = \"one\" }}\n\
             services.a.probes.live = {{ {probe}, via = \"one\", timeout = \"1s\", every = \"1s\" }}\n"
        )
    };
    live(&desk.host("one")).await;
    let seen = look(&desk, &deck(&tcp)).await;
    assert_eq!((seen.outcome, seen.blocked_by), (Outcome::Fail, None), "{:?}", seen.reason);
    let seen = look(&desk, &deck("command = [\"sleep\", \"30\"]")).await;
    assert_eq!((seen.outcome, seen.blocked_by), (Outcome::Fail, None), "{:?}", seen.reason);
    wire.cut();
    for probe in [tcp.as_str(), "command = [\"true\"]"] {
        let seen = look(&desk, &deck(probe)).await;
        let host = seen.blocked_by.map(|h| h.name.to_string());
        assert_eq!((seen.outcome, host.as_deref()), (Outcome::Unknown, Some("one")), "{:?}", seen.reason);
        assert!(seen.reason.unwrap().as_str().contains("nothing heard from"), "{probe}");
    }
}
