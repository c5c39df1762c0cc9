//! What services do to each other: dependencies, hosts, and the sums of an environment.

use super::{at, id, load, observation, probe, see, service, store};
use crate::model::{EnvironmentId, Health, Link, LinkState, Observation, Outcome, Service};
use crate::store::snapshot::{Snapshot, explain};
use crate::store::{Event, Store, Summary};

/// A service with one probe that depends on others.
fn on(name: &str, depends: &[&str]) -> Service {
    let depends = depends.iter().map(|d| id(d)).collect();
    Service { depends, ..service(name, vec![probe(name, "live")]) }
}

fn summary(store: &Store) -> Summary<'_> {
    store.summary(&store.environments()[0], at(1))
}

/// `✕ ledger +2`: each cause with how many suffer from it.
fn causes(store: &Store) -> Vec<String> {
    let told = |t: &crate::store::summary::Trouble<'_>| {
        format!("{} {} +{}", t.health.word(), t.service.declared().id.name, t.followers)
    };
    summary(store).causes.iter().map(told).collect()
}

fn words(store: &Store, name: &str) -> String {
    explain(store, store.service(&id(name)).unwrap(), at(1)).unwrap_or_default()
}

fn blocked(store: &mut Store, name: &str) {
    let mut seen = observation(Outcome::Unknown);
    seen.blocked_by = Some(EnvironmentId::new("qa").host("vps"));
    sample(store, name, seen);
}

fn sample(store: &mut Store, name: &str, seen: Observation) {
    let event = Event::SampleTaken { probe: id(name).probe("live"), at: at(0), observation: Box::new(seen) };
    store.apply(event, at(0));
}

#[test]
fn a_chain_of_dependencies_has_one_cause() {
    let mut store = store(vec![on("shop", &["orders"]), on("orders", &["ledger"]), on("ledger", &[])]);
    see(&mut store, "shop/live", 0, Outcome::Degraded);
    see(&mut store, "orders/live", 0, Outcome::Fail);
    see(&mut store, "ledger/live", 0, Outcome::Fail);
    assert_eq!(causes(&store), ["unhealthy ledger +2"]);
    assert_eq!(words(&store, "shop"), "because orders is unhealthy · live: slow");
    assert_eq!(words(&store, "ledger"), "live: refused");
}

#[test]
fn a_circle_of_dependencies_still_has_a_cause() {
    let mut store = store(vec![on("b", &["a"]), on("a", &["b"]), on("c", &["b"])]);
    for name in ["a/live", "b/live", "c/live"] {
        see(&mut store, name, 0, Outcome::Fail);
    }
    assert_eq!(causes(&store), ["unhealthy a +2"]);
}

#[test]
fn a_dependency_explains_nothing_when_it_is_well_paused_or_better_off() {
    let mut paused = on("cache", &[]);
    paused.paused = Some("maintenance".into());
    let mut store =
        store(vec![on("shop", &["orders", "cache", "search"]), on("orders", &[]), on("search", &[]), paused]);
    see(&mut store, "shop/live", 0, Outcome::Fail);
    see(&mut store, "orders/live", 0, Outcome::Pass);
    see(&mut store, "search/live", 0, Outcome::Degraded);
    assert_eq!(words(&store, "shop"), "live: refused");
    assert_eq!(causes(&store), ["unhealthy shop +0", "degraded search +0"]);
}

#[test]
fn what_nobody_looked_at_is_not_blamed_on_others() {
    let mut store = store(vec![on("shop", &["orders"]), on("orders", &[])]);
    assert_eq!(words(&store, "shop"), "live: not looked yet");
    see(&mut store, "orders/live", 0, Outcome::Fail);
    assert_eq!(words(&store, "shop"), "live: not looked yet");
    assert_eq!(causes(&store), ["unhealthy orders +0", "unknown shop +0"]);
}

#[test]
fn a_probe_that_has_looked_speaks_before_one_that_has_not() {
    let mut store = store(vec![service("shop", vec![probe("shop", "ready"), probe("shop", "live")])]);
    see(&mut store, "shop/live", 0, Outcome::Unknown);
    assert_eq!(words(&store, "shop"), "live: no route");
}

#[test]
fn a_host_that_cannot_be_reached_is_one_cause_for_all_behind_it() {
    let mut store = store(vec![on("a", &[]), on("b", &[]), on("c", &["a"]), on("d", &[])]);
    for name in ["a", "b"] {
        blocked(&mut store, name);
    }
    see(&mut store, "c/live", 0, Outcome::Unknown);
    see(&mut store, "d/live", 0, Outcome::Pass);
    assert_eq!(causes(&store), ["unknown a +2"], "the host, told by the first behind it");
    assert_eq!(words(&store, "a"), "host vps: no route");
    assert_eq!((summary(&store).worst, summary(&store).count(Health::Unknown)), (Health::Unknown, 3));
}

#[test]
fn optional_services_do_not_alarm_but_may_explain() {
    let mut optional = on("cache", &[]);
    optional.optional = true;
    let mut store = store(vec![on("shop", &["cache"]), optional]);
    see(&mut store, "cache/live", 0, Outcome::Fail);
    see(&mut store, "shop/live", 0, Outcome::Pass);
    let sum = summary(&store);
    assert_eq!((sum.worst, sum.optional, sum.total(), sum.causes.len()), (Health::Healthy, 1, 1, 0));
    see(&mut store, "shop/live", 0, Outcome::Degraded);
    see(&mut store, "shop/live", 0, Outcome::Degraded);
    assert_eq!(summary(&store).worst, Health::Degraded);
    assert_eq!(causes(&store), ["unhealthy cache +1"]);
}

#[test]
fn an_environment_is_as_bad_as_its_worst_service_and_paused_only_as_a_whole() {
    let mut store = store(vec![on("a", &[]), on("b", &[])]);
    assert_eq!(summary(&store).worst, Health::Unknown);
    for name in ["a/live", "b/live"] {
        see(&mut store, name, 0, Outcome::Pass);
    }
    assert_eq!((summary(&store).worst, summary(&store).since), (Health::Healthy, Some(at(0))));
    let pause = |name: &str| Event::ServicePaused { service: id(name), at: at(1), reason: "moving".into() };
    store.apply(pause("a"), at(1));
    assert_eq!((summary(&store).worst, summary(&store).count(Health::Paused)), (Health::Healthy, 1));
    store.apply(pause("b"), at(1));
    assert_eq!(summary(&store).worst, Health::Paused);
    load(&mut store, Vec::new());
    assert_eq!(summary(&store).worst, Health::Unknown, "nothing to see is not healthy");
}

#[test]
fn the_counts_add_up_to_the_services() {
    let names = ["a", "b", "c", "d"];
    let mut store = store(names.iter().map(|n| on(n, &[])).collect());
    for (name, outcome) in names.iter().zip([Outcome::Pass, Outcome::Degraded, Outcome::Fail]) {
        see(&mut store, &format!("{name}/live"), 0, outcome);
    }
    let sum = summary(&store);
    let counts: Vec<usize> = Health::ALL.iter().map(|h| sum.count(*h)).collect();
    assert_eq!((counts, sum.total()), (vec![1, 0, 1, 0, 1, 1], 4));
    assert_eq!(causes(&store), ["unhealthy c +0", "unknown d +0", "degraded b +0"]);
}

#[test]
fn a_dependency_is_not_blamed_for_what_it_cannot_have_caused() {
    let of_kind = |kind: &str| {
        let spec = crate::model::ProbeSpec { kind: kind.into(), ..probe("shop", "live") };
        Service { depends: vec![id("ledger")], ..service("shop", vec![spec]) }
    };
    let judged = |kind: &str, shop: Observation, ledger: Outcome| {
        let mut store = store(vec![of_kind(kind), on("ledger", &[])]);
        sample(&mut store, "shop", shop);
        see(&mut store, "ledger/live", 0, ledger);
        words(&store, "shop")
    };
    let answered = Observation::fail("503, ledger: gone");
    assert_eq!(
        judged("http", answered.clone(), Outcome::Fail),
        "because ledger is unhealthy · live: 503, ledger: gone"
    );
    assert_eq!(judged("http", answered.clone(), Outcome::Unknown), "live: 503, ledger: gone", "nobody knows of ledger");
    assert_eq!(judged("http", answered, Outcome::Degraded), "live: 503, ledger: gone", "ledger still works");
    let expired = Observation::fail("certificate expired 2 days ago");
    assert_eq!(judged("tls", expired, Outcome::Fail), "live: certificate expired 2 days ago");
    let closed = Observation::fail("connection refused on 127.0.0.1:80");
    assert_eq!(judged("http", closed, Outcome::Fail), "live: connection refused on 127.0.0.1:80");
}

#[test]
fn what_failed_later_is_not_the_cause() {
    let mut store = store(vec![on("shop", &["ledger"]), on("ledger", &[])]);
    see(&mut store, "ledger/live", 0, Outcome::Pass);
    see(&mut store, "shop/live", 0, Outcome::Fail);
    for second in [300, 301] {
        see(&mut store, "shop/live", second, Outcome::Fail);
        see(&mut store, "ledger/live", second, Outcome::Pass);
    }
    for second in [330, 331] {
        see(&mut store, "ledger/live", second, Outcome::Fail);
    }
    let shop = store.service(&id("shop")).unwrap();
    assert_eq!(explain(&store, shop, at(332)).unwrap(), "live: refused");
}

#[test]
fn a_lost_host_is_explained_by_its_connection_and_not_by_the_probe_that_waited_for_it() {
    let mut store = store(vec![on("shop", &[])]);
    let mut seen = observation(Outcome::Unknown);
    seen.blocked_by = Some(EnvironmentId::new("qa").host("vps"));
    seen.reason = Some("not reached".into());
    sample(&mut store, "shop", seen);
    assert_eq!(words(&store, "shop"), "host vps: not reached");
    let linked = |state, cause: &str| Event::HostLinked {
        host: EnvironmentId::new("qa").host("vps"),
        at: at(0),
        link: Link { state, cause: Some(cause.into()), ..Link::default() },
    };
    store.apply(linked(LinkState::Lost, "no route to 192.0.2.10"), at(0));
    assert_eq!(words(&store, "shop"), "host vps: no route to 192.0.2.10");
    store.apply(linked(LinkState::Live, "no route to 192.0.2.10"), at(0));
    assert_eq!(words(&store, "shop"), "host vps: not reached", "it is reached again, and not looked at yet");
}

#[test]
fn what_was_seen_before_a_host_was_lost_stays_until_it_is_reached_again() {
    let mut store = store(vec![on("shop", &[])]);
    let known = |store: &Store| {
        let probe = &store.service(&id("shop")).unwrap().probes()[0];
        let value = |seen: &Observation| seen.facts.first().map(|f| f.value.to_string());
        probe.newest_seen().map(|(_, seen, is_old)| (value(seen), is_old))
    };
    blocked(&mut store, "shop");
    assert_eq!(known(&store), None, "nothing was ever seen");
    for (fact, is_old) in [("one", false), ("one", true), ("one", true), ("two", false), ("two", true)] {
        if is_old {
            blocked(&mut store, "shop");
        } else {
            sample(&mut store, "shop", observation(Outcome::Pass).fact("tasks", fact));
        }
        assert_eq!(known(&store), Some((Some(fact.to_owned()), is_old)));
    }
    sample(&mut store, "shop", observation(Outcome::Fail));
    assert_eq!(known(&store), Some((None, false)), "a failure that was seen is newer than what was known");
}

#[test]
fn the_document_keeps_what_was_seen_before_a_host_was_lost() {
    let mut store = store(vec![on("shop", &[])]);
    let probe = |store: &Store| {
        let document = serde_json::to_value(Snapshot::of(store, at(1), |_, _| true)).unwrap();
        document["environments"][0]["services"][0]["probes"][0].clone()
    };
    sample(&mut store, "shop", Observation::fail("503").after(std::time::Duration::from_millis(7)));
    assert!(probe(&store)["before"].is_null(), "the newest look reached it");
    blocked(&mut store, "shop");
    let told = probe(&store);
    assert_eq!((&told["outcome"], &told["latency_ms"]), (&"unknown".into(), &serde_json::Value::Null));
    let before = serde_json::json!({ "outcome": "fail", "latency_ms": 7.0, "at": at(0).to_string(), "reason": "503" });
    assert_eq!(told["before"], before);
}
