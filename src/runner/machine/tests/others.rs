//! What was done once is no proof for later: others may have held the lock meanwhile, a gate may have changed, and a person's
//! word is not a look.

use super::plans::{Spec, plan};
use super::world::World;
use super::*;
use crate::model::StepOutcome as O;
use crate::model::plan::PlannedRelease;
use crate::model::run::{Choice, Question};
use crate::model::runbook::{Action, Batches, On, Release, Size};

/// A release that was switched to and whose look at it failed; then another run held the lock.
fn failed(specs: &[Spec]) -> World {
    let mut world = World::new(plan(1, specs));
    world.fails("prove", "h0", 1);
    world.run_to_question();
    world.answer(Choice::GiveUp, None);
    world.run();
    assert_eq!(world.over.as_ref().unwrap().0, RunStatus::Failed);
    world
}

fn looks() -> Spec {
    Spec::sh("prove").with(|s| s.looks = true)
}

fn over(world: &World) -> (RunStatus, String) {
    let (status, why) = world.over.clone().expect("the run is over");
    (status, why.map(|w| w.to_string()).unwrap_or_default())
}

#[test]
fn what_another_run_undid_is_not_taken_for_done() {
    let mut world = failed(&[Spec::sh("switch").verify(), looks()]);
    (world.fence, world.is_marked) = (world.fence + 1, false);
    world.undone("switch", "h0");
    world.resume();
    world.run_to_question();
    assert!(matches!(world.question(), Some(Question::Fate { step, .. }) if step == "switch"));
    world.answer(Choice::Retry, None);
    world.run();
    assert_eq!(over(&world).0, RunStatus::Succeeded);
    assert_eq!(world.starts, ["switch-1@h0", "prove-1@h0", "switch-2@h0", "prove-2@h0"]);
}

#[test]
fn where_nobody_can_say_what_is_so_it_ends_with_words_for_it_and_nothing_runs() {
    for (spec, why) in [
        (Spec::sh("switch").verify(), "its proof does not hold any more; start deploy anew"),
        (Spec::sh("switch"), "it says no proof; start deploy anew"),
    ] {
        let mut world = failed(&[spec, looks()]);
        world.fence += 1;
        world.undone("switch", "h0");
        world.resume_without_a_person();
        world.run();
        let (status, said) = over(&world);
        assert!(status == RunStatus::Failed && said.contains(why), "{status:?}: {said}");
        assert!(world.starts.len() == 2 && !world.is_locked && world.machine.state().dirty);
        // Nor does it help to try again, now that the lock was its own.
        world.resume_without_a_person();
        world.run();
        assert_eq!((over(&world).0, world.starts.len()), (RunStatus::Failed, 2));
    }
}

#[test]
fn what_still_holds_stays_done_and_what_looked_looks_again() {
    let steps = [Spec::sh("pull").idempotent(), Spec::sh("switch").verify(), looks(), Spec::sh("end")];
    let mut world = World::new(plan(1, &steps));
    world.fails("end", "h0", 1);
    world.run_to_question();
    world.answer(Choice::GiveUp, None);
    world.run();
    world.fence += 1;
    world.resume_without_a_person();
    world.run();
    assert_eq!(over(&world).0, RunStatus::Succeeded);
    assert_eq!(world.outcome("switch", "h0"), Some(O::Reconciled));
    assert_eq!(world.starts[4..], ["pull-2@h0", "prove-2@h0", "end-2@h0"]);
}

#[test]
fn its_own_locks_in_between_raise_no_doubt() {
    for (fence, left) in [(0, None), (1, Some(8))] {
        let mut world = failed(&[Spec::sh("switch"), looks()]);
        (world.fence, world.left) = (world.fence + fence, left);
        world.resume();
        world.run();
        assert_eq!(over(&world).0, RunStatus::Succeeded);
        assert_eq!(world.starts, ["switch-1@h0", "prove-1@h0", "prove-2@h0"]);
    }
}

#[test]
fn changes_are_not_taken_back_under_another_run() {
    let mut world = World::new(plan(1, &[Spec::sh("a").undo(), Spec::sh("b").undo()]));
    world.fails("b", "h0", 9);
    world.hangs("undo:b", "h0");
    world.run_to_question();
    world.answer(Choice::Undo, None);
    world.run();
    world.input(Input::Detach);
    world.fence += 1;
    world.finishes("undo:b", "h0");
    world.resume();
    world.run();
    let (status, why) = over(&world);
    assert!(status == RunStatus::Failed && why.contains("nothing more is taken back"), "{status:?}: {why}");
    assert_eq!(world.starts, ["a-1@h0", "b-1@h0", "undo-b-1@h0"]);
}

#[test]
fn a_run_that_is_only_ended_after_another_held_its_lock_is_no_success() {
    let mut world = World::new(plan(1, &[Spec::sh("a"), Spec::sh("b")]));
    world.run_until_started("b", "h0");
    world.input(Input::Detach);
    world.run();
    world.fence += 1;
    world.finishes("b", "h0");
    world.cancel(false);
    world.run();
    assert_eq!(over(&world).0, RunStatus::Cancelled);
    assert!(world.machine.state().dirty);
}

#[test]
fn boxes_and_approvals_are_asked_once_more() {
    let mut world = World::new(plan(1, &[Spec::manual("look", 1), Spec::approve("go"), Spec::sh("prove")]));
    world.fails("prove", "h0", 1);
    world.run_to_question();
    world.tick("look", 0);
    world.run();
    world.answer(Choice::GoOn, None);
    world.run();
    world.answer(Choice::GiveUp, None);
    world.run();
    world.fence += 1;
    world.resume();
    world.run_to_question();
    assert!(matches!(world.question(), Some(Question::Boxes { ticked, .. }) if ticked.is_empty()));
    world.tick("look", 0);
    world.run();
    assert!(matches!(world.question(), Some(Question::Approval { .. })));
}

fn gated(hold: bool) -> Plan {
    let mut it = plan(2, &[Spec::sh("a")]);
    it.batches = vec![vec!["h0".into()], vec!["h1".into()]];
    let gate = Some(crate::model::runbook::Wait { until: Vec::new() });
    it.batching = Some(Batches { sizes: vec![Size::Hosts(1)], max_fail: 1, hold, gate });
    it
}

#[test]
fn a_gate_that_was_passed_is_passed_again_when_a_person_has_thought_about_the_next_batch() {
    let mut world = World::new(gated(true));
    world.fails("gate:2", "local", 0);
    world.run_to_question();
    assert!(matches!(world.question(), Some(Question::Batch { batch: 1, .. })));
    world.fails("gate:2", "local", 2);
    world.answer(Choice::GoOn, None);
    world.run_to_question();
    assert!(matches!(world.question(), Some(Question::Failure { step, .. }) if step == "gate:2"));
    assert_eq!(world.starts, ["a-1@h0", "gate-2-1@local", "gate-2-2@local"]);
    world.answer(Choice::Retry, None);
    world.run();
    assert_eq!(over(&world).0, RunStatus::Succeeded);
    assert_eq!(world.starts[3..], ["gate-2-3@local", "a-1@h1"]);
}

#[test]
fn a_gate_that_was_passed_is_passed_again_when_the_run_goes_on_later() {
    let mut world = World::new(gated(true));
    world.run_to_question();
    world.input(Input::Detach);
    world.resume();
    world.fails("gate:2", "local", 2);
    world.run_to_question();
    assert!(matches!(world.question(), Some(Question::Failure { step, .. }) if step == "gate:2"));
    // One whose batch has begun was passed for good.
    let mut world = World::new(gated(false));
    world.run_until_started("a", "h1");
    world.input(Input::Detach);
    world.resume();
    world.run();
    assert_eq!(over(&world).0, RunStatus::Succeeded);
    assert_eq!(world.starts, ["a-1@h0", "gate-2-1@local", "a-1@h1"]);
}

fn release() -> PlannedRelease {
    let release = Release {
        version: "version".into(),
        current: None,
        available: None,
        facts: BTreeMap::new(),
        files: Vec::new(),
        schema: None,
        keep: 5,
    };
    let (version, current, available) = ("v2".into(), BTreeMap::new(), Vec::new());
    PlannedRelease { release, version, current, available, recorded_at: None, is_bad: false }
}

#[test]
fn what_was_left_out_or_is_done_by_word_alone_proves_no_release_and_leaves_the_marker() {
    let message = Action::Notify { to: "env:HOOK".into(), slack: false, text: "done".into() };
    let tell = Spec::sh("tell").on(On::Local).with(|s| s.action = message.clone());
    for (choice, fails, is_proven) in [
        (Choice::Skip, "switch", false),
        (Choice::MarkDone, "switch", false),
        (Choice::Skip, "prove", false),
        (Choice::Skip, "tell", true),
    ] {
        let mut it = plan(1, &[Spec::sh("switch"), looks(), tell.clone()]);
        it.release = Some(release());
        let mut world = World::new(it);
        world.fails(fails, if fails == "tell" { "local" } else { "h0" }, 9);
        world.run_to_question();
        world.answer(choice, Some("so I say"));
        world.run();
        let (status, why) = over(&world);
        assert_eq!(status, RunStatus::SucceededWithOverrides, "{fails}: {why}");
        let recorded = world.entries.iter().any(|e| matches!(e.fact, Fact::Recorded { .. }));
        assert_eq!((recorded, world.is_marked), (is_proven, !is_proven), "{fails}: {why}");
        assert_eq!(why.contains(&format!("{fails} on h0")), !is_proven, "{why}");
    }
}
