//! What samples add up to, told through the events of the store alone: rise and fall, doubt, age, pauses, reloads. What
//! services do to each other is in `causes`.

mod causes;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::{Changed, Event, ServiceState, Store};
use crate::model::{
    Environment, EnvironmentId, Fleet, Health, Host, Observation, Outcome, ProbeSpec, Service, ServiceId, Tier,
};

/// A moment so many seconds after the start.
fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap() + SignedDuration::from_secs(second)
}

fn id(name: &str) -> ServiceId {
    EnvironmentId::new("qa").service(name)
}

/// A probe every 10 s with 5 s of time: patience for 35 s. Two passes make it good, two failures bad.
fn probe(service: &str, name: &str) -> ProbeSpec {
    ProbeSpec {
        doc: None,
        looks_at: 0,
        id: id(service).probe(name),
        kind: "tcp".into(),
        target: "127.0.0.1:80".into(),
        via: None,
        every: Duration::from_secs(10),
        timeout: Duration::from_secs(5),
        rise: 2,
        fall: 2,
        optional: false,
    }
}

fn service(name: &str, probes: Vec<ProbeSpec>) -> Service {
    Service {
        id: id(name),
        doc: None,
        host: None,
        optional: false,
        depends: Vec::new(),
        paused: None,
        runbooks: Vec::new(),
        probes,
    }
}

fn fleet(services: Vec<Service>) -> Fleet {
    let hosts = vec![Host { id: EnvironmentId::new("qa").host("vps"), destination: "ops@192.0.2.10".into() }];
    let environment = Environment {
        id: EnvironmentId::new("qa"),
        tier: Tier::Staging,
        timezone: None,
        doc: None,
        hosts,
        services,
        faults: 0,
    };
    Fleet { name: "test".into(), environments: vec![environment] }
}

fn load(store: &mut Store, services: Vec<Service>) {
    store.apply(Event::FleetLoaded { fleet: fleet(services), faults: Vec::new() }, at(0));
}

fn store(services: Vec<Service>) -> Store {
    let mut store = Store::default();
    load(&mut store, services);
    store
}

/// A store with one service `sales` of one probe `live`.
fn one() -> Store {
    store(vec![service("sales", vec![probe("sales", "live")])])
}

fn observation(outcome: Outcome) -> Observation {
    match outcome {
        Outcome::Pass => Observation::pass(Duration::from_millis(3)),
        Outcome::Degraded => Observation::degraded("slow"),
        Outcome::Fail => Observation::fail("refused"),
        Outcome::Unknown => Observation::unknown("no route"),
    }
}

/// `sales/live` saw this at that second.
fn see(store: &mut Store, path: &str, second: i64, outcome: Outcome) -> Changed {
    let (service, name) = path.split_once('/').unwrap();
    let observation = Box::new(observation(outcome));
    store.apply(Event::SampleTaken { probe: id(service).probe(name), at: at(second), observation }, at(second))
}

fn sales(store: &Store) -> &ServiceState {
    store.service(&id("sales")).unwrap()
}

#[test]
fn the_first_sample_stands_for_itself_and_later_ones_must_be_confirmed() {
    use Outcome::{Degraded, Fail, Pass, Unknown};
    for (seen, health) in [
        (vec![], Health::Unknown),
        (vec![Pass], Health::Healthy),
        (vec![Fail], Health::Unhealthy),
        (vec![Pass, Fail], Health::Healthy),
        (vec![Pass, Fail, Fail], Health::Unhealthy),
        (vec![Pass, Fail, Pass, Fail], Health::Healthy),
        (vec![Pass, Fail, Unknown], Health::Unknown),
        (vec![Pass, Degraded, Fail], Health::Unhealthy),
        (vec![Pass, Unknown, Unknown], Health::Unknown),
        (vec![Fail, Pass], Health::Unhealthy),
        (vec![Fail, Pass, Pass], Health::Healthy),
        (vec![Fail, Pass, Fail, Pass], Health::Unhealthy),
        (vec![Fail, Degraded, Degraded], Health::Degraded),
    ] {
        let mut store = one();
        let mut second = 0;
        for outcome in &seen {
            second += 10;
            see(&mut store, "sales/live", second, *outcome);
        }
        assert_eq!(sales(&store).health(at(second)), health, "{seen:?}");
    }
}

#[test]
fn what_is_not_confirmed_yet_is_told_as_a_doubt() {
    let mut store = one();
    see(&mut store, "sales/live", 0, Outcome::Pass);
    assert!(sales(&store).doubtful().is_none());
    see(&mut store, "sales/live", 10, Outcome::Fail);
    let doubt =
        sales(&store).doubtful().map(|(p, outcome, count, needed)| (p.info().id.clone(), outcome, count, needed));
    assert_eq!(doubt, Some((id("sales").probe("live"), Outcome::Fail, 1, 2)));
    see(&mut store, "sales/live", 20, Outcome::Fail);
    assert!(sales(&store).doubtful().is_none());
    see(&mut store, "sales/live", 30, Outcome::Pass);
    assert_eq!(sales(&store).doubtful().map(|d| (d.1, d.2, d.3)), Some((Outcome::Pass, 1, 2)));
}

#[test]
fn without_samples_nothing_stays_healthy() {
    let mut store = one();
    see(&mut store, "sales/live", 0, Outcome::Pass);
    let sales = sales(&store);
    assert_eq!((sales.health(at(35)), sales.since(at(35))), (Health::Healthy, Some(at(0))));
    assert_eq!((sales.health(at(36)), sales.since(at(36))), (Health::Stale, Some(at(35))));
}

#[test]
fn a_sample_from_far_ahead_is_not_believed() {
    let mut store = one();
    see(&mut store, "sales/live", 1000, Outcome::Pass);
    let sales = sales(&store);
    assert_eq!(sales.health(at(970)), Health::Healthy, "clocks differ by a little");
    assert_eq!((sales.health(at(0)), sales.since(at(0))), (Health::Stale, None));
}

#[test]
fn the_worst_probe_decides_and_optional_ones_only_when_there_are_no_others() {
    let optional = |name: &str| ProbeSpec { optional: true, ..probe("sales", name) };
    let mut mixed = store(vec![service("sales", vec![probe("sales", "live"), optional("cert")])]);
    see(&mut mixed, "sales/live", 0, Outcome::Pass);
    see(&mut mixed, "sales/cert", 0, Outcome::Fail);
    assert_eq!(sales(&mixed).health(at(1)), Health::Healthy);
    let mut alone = store(vec![service("sales", vec![optional("live"), optional("cert")])]);
    see(&mut alone, "sales/live", 0, Outcome::Pass);
    assert_eq!(sales(&alone).health(at(1)), Health::Unknown, "one has not looked yet");
    see(&mut alone, "sales/cert", 0, Outcome::Fail);
    assert_eq!(sales(&alone).health(at(1)), Health::Unhealthy);
    let none = store(vec![service("sales", Vec::new())]);
    assert_eq!(sales(&none).health(at(1)), Health::Unknown, "nobody looks");
}

#[test]
fn a_pause_hides_health_and_what_goes_on_shows_it_again() {
    let mut store = one();
    see(&mut store, "sales/live", 0, Outcome::Fail);
    store.apply(Event::ServicePaused { service: id("sales"), at: at(5), reason: "moving house".into() }, at(5));
    let paused = sales(&store);
    assert_eq!((paused.health(at(5)), paused.since(at(5))), (Health::Paused, Some(at(5))));
    assert_eq!(paused.paused().map(crate::model::Text::as_str), Some("moving house"));
    assert!(paused.is_paused_here() && paused.cause(at(5)).is_none());
    store.apply(Event::ServiceResumed { service: id("sales") }, at(9));
    // Nobody looked meanwhile, so nobody knows.
    assert_eq!((sales(&store).health(at(9)), sales(&store).since(at(9))), (Health::Unknown, Some(at(9))));
    see(&mut store, "sales/live", 10, Outcome::Fail);
    assert_eq!(sales(&store).health(at(10)), Health::Unhealthy, "the first look after it stands for itself");
    let changes: Vec<_> = sales(&store).changes().map(|c| (c.from, c.to)).collect();
    assert_eq!(
        changes,
        [
            (Health::Unknown, Health::Unhealthy),
            (Health::Unhealthy, Health::Paused),
            (Health::Paused, Health::Unknown),
            (Health::Unknown, Health::Unhealthy)
        ]
    );
}

#[test]
fn a_change_is_told_with_when_which_probe_and_why() {
    let mut store = one();
    see(&mut store, "sales/live", 0, Outcome::Pass);
    see(&mut store, "sales/live", 10, Outcome::Fail);
    see(&mut store, "sales/live", 20, Outcome::Fail);
    let last = sales(&store).changes().next_back().unwrap();
    assert_eq!((last.at, last.from, last.to), (at(20), Health::Healthy, Health::Unhealthy));
    assert_eq!(
        (last.probe.as_deref(), last.reason.as_ref().map(crate::model::Text::as_str)),
        (Some("live"), Some("refused"))
    );
    assert_eq!(sales(&store).since(at(21)), Some(at(20)));
    for round in 0..200 {
        let outcome = if round % 4 < 2 { Outcome::Pass } else { Outcome::Fail };
        see(&mut store, "sales/live", 30 + round, outcome);
    }
    assert_eq!(sales(&store).changes().len(), 64, "no more are kept");
}

#[test]
fn what_changes_on_the_screen_is_said() {
    let mut store = one();
    assert_eq!(see(&mut store, "sales/live", 0, Outcome::Pass), Changed::State);
    assert_eq!(see(&mut store, "sales/live", 10, Outcome::Pass), Changed::Numbers);
    assert_eq!(see(&mut store, "sales/live", 20, Outcome::Fail), Changed::State, "a doubt");
    assert_eq!(see(&mut store, "sales/other", 20, Outcome::Fail), Changed::Nothing);
    assert_eq!(see(&mut store, "payroll/live", 20, Outcome::Fail), Changed::Nothing);
}

#[test]
fn after_a_long_silence_the_first_look_stands_for_itself() {
    let mut store = one();
    see(&mut store, "sales/live", 0, Outcome::Pass);
    see(&mut store, "sales/live", 1000, Outcome::Fail);
    assert_eq!(sales(&store).health(at(1000)), Health::Unhealthy);
}

#[test]
fn a_reload_keeps_the_history_of_what_stays() {
    let mut store = one();
    see(&mut store, "sales/live", 0, Outcome::Pass);
    let slower = ProbeSpec { every: Duration::from_mins(1), ..probe("sales", "live") };
    load(&mut store, vec![service("sales", vec![slower, probe("sales", "new")]), service("payroll", Vec::new())]);
    let [live, new] = sales(&store).probes() else { panic!("two probes") };
    assert_eq!((live.series().len(), live.patience().as_secs(), new.series().len()), (1, 185, 0));
    assert_eq!(sales(&store).changes().len(), 1);
    assert_eq!(sales(&store).health(at(1)), Health::Unknown, "the new probe has not looked");
    let elsewhere = ProbeSpec { looks_at: 81, ..probe("sales", "live") };
    load(&mut store, vec![service("sales", vec![elsewhere])]);
    assert!(sales(&store).probes()[0].last().is_none(), "what was seen elsewhere says nothing");
    load(&mut store, Vec::new());
    assert!(store.service(&id("sales")).is_none());
    assert_eq!(see(&mut store, "sales/live", 9, Outcome::Pass), Changed::Nothing);
}

fn outcome() -> impl Strategy<Value = Outcome> {
    use Outcome::{Degraded, Fail, Pass, Unknown};
    proptest::sample::select(vec![Pass, Pass, Degraded, Fail, Unknown])
}

proptest! {
    #[test]
    fn nothing_is_healthy_when_its_last_samples_were_not_passes(
        (rise, fall) in (1_u32..5, 1_u32..5),
        samples in prop::collection::vec((outcome(), any::<bool>()), 0..60),
    ) {
        let first = ProbeSpec { rise, fall, ..probe("sales", "first") };
        let second = ProbeSpec { id: id("sales").probe("second"), ..first.clone() };
        let mut store = store(vec![service("sales", vec![first, second])]);
        let mut seen: [Vec<Outcome>; 2] = [Vec::new(), Vec::new()];
        for (second, (outcome, which)) in (0_i64..).zip(samples) {
            let path = if which { "sales/first" } else { "sales/second" };
            see(&mut store, path, second, outcome);
            seen[usize::from(!which)].push(outcome);
            let health = sales(&store).health(at(second));
            for of_probe in &seen {
                let last: Vec<&Outcome> = of_probe.iter().rev().take(fall as usize).collect();
                let bad = last.len() == fall as usize && last.iter().all(|o| **o != Outcome::Pass);
                prop_assert!(!(bad || of_probe.is_empty()) || health != Health::Healthy, "{health:?} after {seen:?}");
            }
            prop_assert!(sales(&store).cause(at(second)).is_some() == (health != Health::Healthy));
        }
        // Whatever was seen, an hour later it is no longer believed.
        prop_assert!(sales(&store).health(at(3_700)) != Health::Healthy);
    }
}
