//! What holds for every plan and every way the world may answer, the death of the console at any line among them.

use proptest::prelude::*;

use super::plans::{Spec, plan};
use super::world::{World, who};
use super::*;
use crate::model::StepOutcome;
use crate::model::run::{Choice, Question, TaskState};
use crate::model::runbook::{Until, Wait};

fn spec() -> impl Strategy<Value = Spec> {
    let kind = prop_oneof![4 => Just("sh"), 1 => Just("post"), 1 => Just("look"), 1 => Just("ask"), 1 => Just("tick")];
    let on = prop_oneof![3 => Just(On::Hosts), 1 => Just(On::Once), 1 => Just(On::Local)];
    let odd = || prop::bool::weighted(0.25);
    (kind, on, any::<bool>(), odd(), any::<bool>(), 0..2u32, odd(), odd(), prop::option::of(1..3usize)).prop_map(
        |(kind, on, verify, idempotent, undo, retries, always, danger, at_once)| {
            let spec = match kind {
                "post" => Spec::post("x").on(on),
                "look" => Spec::sh("x").on(on).with(|s| s.looks = true),
                "ask" => return Spec::approve("x"),
                "tick" => return Spec::manual("x", 2),
                _ => Spec::sh("x").on(on),
            };
            spec.retries(retries).with(|s| {
                s.verify = verify.then(|| "true".into());
                s.undo = undo.then(|| "true".into());
                (s.idempotent, s.always, s.danger, s.at_once) = (idempotent, always, danger, at_once);
            })
        },
    )
}

/// A plan, and how often each step fails on each host.
fn case() -> impl Strategy<Value = (Plan, Vec<u32>, u64)> {
    let batching = prop::option::of((1..3usize, any::<bool>(), any::<bool>()));
    let fails = prop::collection::vec(prop_oneof![3 => Just(0), 1 => 1..4u32], 24);
    (1..5usize, prop::collection::vec(spec(), 1..6), batching, 1..3usize, fails, any::<u64>()).prop_map(
        |(hosts, mut specs, batching, size, fails, chance)| {
            specs.iter_mut().enumerate().for_each(|(i, s)| s.0.id = format!("s{i}"));
            let mut it = plan(hosts, &specs);
            if let Some((max_fail, hold, gate)) = batching {
                let gate = gate.then(|| Wait { until: Vec::<Until>::new() });
                it.batching = Some(Batches { sizes: vec![Size::Hosts(size)], max_fail, hold, gate });
                it.batches = it.batches.concat().chunks(size).map(<[_]>::to_vec).collect();
            }
            (it, fails, chance)
        },
    )
}

fn world(it: &Plan, fails: &[u32], chance: u64) -> World {
    let mut world = World::new(it.clone());
    world.chance = chance;
    let keys = it.steps.iter().flat_map(|s| s.hosts.iter().map(|h| (s.step.id.clone(), h.clone())));
    for ((step, host), times) in keys.zip(fails.iter().cycle()) {
        world.fails(&step, &host, *times);
    }
    world
}

/// A person who wants the run to succeed, and says truthfully what became of what nobody knows.
fn patient(world: &mut World) {
    for _ in 0..500 {
        world.run();
        let Some(question) = world.question().filter(|_| !world.is_dead) else { return };
        match question {
            Question::Failure { .. } => world.answer(Choice::Retry, None),
            Question::Fate { step, host, .. } => {
                if world.has_effect(&(step, host)) {
                    world.answer(Choice::MarkDone, Some("it is there"));
                } else {
                    world.answer(Choice::Retry, None);
                }
            }
            Question::Boxes { step, .. } => (0..2).for_each(|i| world.tick(&step, i)),
            _ => world.answer(Choice::GoOn, None),
        }
    }
    panic!("questions never end: {:?}", world.question());
}

/// A person who does anything.
fn restless(world: &mut World) {
    for _ in 0..3000 {
        let moved = world.turn();
        if world.over.is_some() {
            return;
        }
        let dice = world.roll(200);
        match dice {
            0 => world.input(Input::Drain(who())),
            1 => world.input(Input::Interrupt { by: who(), insist: true }),
            2 => world.input(Input::LockLost("the lock was taken over".into())),
            3 => world.input(Input::Detach),
            _ => {}
        }
        let Some(question) = world.question().filter(|_| !moved) else { continue };
        if let Question::Boxes { step, .. } = &question {
            (0..2).for_each(|i| world.tick(step, i));
            continue;
        }
        let any = [
            Choice::GoOn,
            Choice::Retry,
            Choice::Skip,
            Choice::MarkDone,
            Choice::Undo,
            Choice::OnFailure,
            Choice::GiveUp,
        ];
        let choice = any[world.roll(7) as usize];
        world.answer(choice, Some("so I say"));
    }
    panic!("it never ends");
}

fn folded(world: &World) -> RunState {
    let mut state = RunState::new(world.machine.state().id.clone(), world.machine.state().plan.clone());
    assert!(world.entries.iter().all(|e| state.apply(e)), "an entry out of turn");
    state
}

fn check_end(world: &World) {
    let state = folded(world);
    assert_eq!(&state, world.machine.state(), "the journal tells another story than the machine");
    let (status, _) = world.over.clone().expect("it is over");
    if status.is_over() {
        assert_eq!(state.status, status);
        for (key, task) in &state.tasks {
            assert!(matches!(task, TaskState::Finished { .. }), "{key:?} has no outcome: {task:?}");
        }
        assert!(!world.is_locked || status == RunStatus::LockLost || status == RunStatus::Lost, "a lock is left");
    } else {
        assert_eq!(status, RunStatus::Interrupted);
    }
    if status.is_good() {
        assert!(
            state.tasks.iter().all(|(k, t)| k.0.starts_with("undo:") || t.outcome().is_some_and(StepOutcome::is_good))
        );
        let mut all = state.plan.steps.iter().flat_map(|s| s.hosts.iter().map(move |h| (&s.step.id, h)));
        assert!(all.all(|(step, host)| state.task(step, host).outcome().is_some()), "a step was forgotten");
        let facts: Vec<_> = world.entries.iter().map(|e| &e.fact).collect();
        assert_eq!(state.dirty, world.is_marked, "{facts:#?}");
        assert!(!state.dirty || status == RunStatus::SucceededWithOverrides, "a marker is left: {facts:#?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_and_links_do_the_journal_is_the_truth((it, fails, chance) in case()) {
        let mut world = world(&it, &fails, chance);
        world.loses_links = true;
        restless(&mut world);
        check_end(&world);
    }

    #[test]
    fn without_a_person_it_always_ends((it, fails, chance) in case()) {
        let mut world = World::without_a_person(it.clone());
        world.chance = chance;
        world.loses_links = true;
        for (step, times) in it.steps.iter().zip(&fails) {
            world.fails(&step.step.id, "h0", *times);
        }
        world.run();
        check_end(&world);
    }

    #[test]
    fn a_run_that_goes_on_after_another_held_its_lock_ends_well_only_where_all_it_did_is_so(
        (it, fails, chance) in case(), line in 1..60usize
    ) {
        let mut world = world(&it, &fails, chance);
        world.dies_after = Some(line);
        patient(&mut world);
        if !folded(&world).status.is_over() {
            let steps = it.steps.iter().flat_map(|s| s.hosts.iter().map(|h| (s.step.id.clone(), h.to_string())));
            for (step, host) in steps.collect::<Vec<_>>() {
                if world.roll(2) == 0 {
                    world.undone(&step, &host);
                }
            }
            world.fence += 1;
            world.resume();
            patient(&mut world);
            check_end(&world);
            for planned in it.steps.iter().filter(|s| !s.step.only_looks()) {
                for host in &planned.hosts {
                    let key = (planned.step.id.clone(), host.clone());
                    prop_assert!(world.has_effect(&key), "{:?} is not so", key);
                }
            }
        }
    }

    #[test]
    fn a_console_that_dies_at_any_line_and_goes_on_runs_everything_as_often_as_one_that_lived((it, fails, chance) in case()) {
        let mut calm = world(&it, &fails, chance);
        patient(&mut calm);
        check_end(&calm);
        let repeats = |step: &str| it.step(step).is_none_or(|p| p.step.idempotent || p.step.only_looks());
        let strict = |w: &World| w.ran.clone().into_iter().filter(|(k, _)| !repeats(&k.0)).collect::<Vec<_>>();
        for line in 1..=calm.entries.len() {
            let mut dying = world(&it, &fails, chance);
            dying.dies_after = Some(line);
            patient(&mut dying);
            let ended = folded(&dying).status.is_over();
            if !ended {
                dying.resume();
                patient(&mut dying);
                check_end(&dying);
            }
            prop_assert_eq!(strict(&dying), strict(&calm), "died after line {}", line);
        }
    }
}
