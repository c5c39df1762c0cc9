//! What the machine does with plans, told as behaviour; worlds that answer it are in `world`, properties over random plans
//! in `properties`.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may stop at what it did not expect")]

mod others;
pub(crate) mod plans;
mod properties;
mod world;

use self::plans::{Spec, plan};
use self::world::World;
use super::*;
use crate::model::StepOutcome as O;
use crate::model::run::{Choice, Question};
use crate::model::runbook::{Batches, On, OnFailure, Size};

fn ended(world: &World) -> (RunStatus, String) {
    let (status, why) = world.over.clone().expect("the run is over");
    (status, why.map(|w| w.to_string()).unwrap_or_default())
}

#[test]
fn steps_run_in_order_and_the_run_succeeds_with_its_lock_given_back_and_its_marker_gone() {
    let mut world = World::new(plan(2, &[Spec::sh("pull"), Spec::sh("switch")]));
    world.run();
    assert_eq!(ended(&world), (RunStatus::Succeeded, String::new()));
    assert_eq!(world.starts, ["pull-1@h0", "pull-1@h1", "switch-1@h0", "switch-1@h1"]);
    assert!(!world.is_locked && !world.is_marked && !world.machine.state().dirty);
}

#[test]
fn what_is_so_already_is_no_change_and_what_is_not_so_after_is_a_failure() {
    let mut world = World::new(plan(1, &[Spec::sh("a").verify(), Spec::sh("b").verify()]));
    world.holds("a", "h0");
    world.never_holds("b", "h0");
    world.run_to_question();
    assert_eq!(world.outcome("a", "h0"), Some(O::NoChange));
    assert_eq!(world.outcome("b", "h0"), Some(O::Failed));
    assert_eq!(world.starts, ["b-1@h0"]);
}

#[test]
fn a_step_that_fails_is_tried_again_as_often_as_it_says_and_is_then_recovered() {
    let mut world = World::new(plan(1, &[Spec::sh("a").retries(2)]));
    world.fails("a", "h0", 2);
    world.run();
    assert_eq!(world.outcome("a", "h0"), Some(O::Recovered));
    assert_eq!(ended(&world).0, RunStatus::Succeeded);
}

#[test]
fn batches_go_one_after_the_other_and_stop_when_as_many_hosts_have_failed_as_the_runbook_bears() {
    let mut it = plan(5, &[Spec::sh("a"), Spec::sh("b")]);
    it.batches = vec![vec!["h0".into()], vec!["h1".into(), "h2".into()], vec!["h3".into(), "h4".into()]];
    it.batching = Some(Batches { sizes: vec![Size::Hosts(1)], max_fail: 2, hold: false, gate: None });
    let mut world = World::new(it);
    world.fails("a", "h1", 9);
    world.fails("b", "h2", 9);
    world.run_to_question();
    // The host that failed takes no further step; the second one that fails stops the run before the third batch.
    assert_eq!(world.starts, ["a-1@h0", "b-1@h0", "a-1@h1", "a-1@h2", "b-1@h2"]);
    let Some(Question::Failure { step, hosts, .. }) = world.question() else { panic!("nothing is asked") };
    assert_eq!((step.as_str(), hosts.len()), ("a", 1));
}

#[test]
fn a_host_that_fails_in_the_first_batch_stops_the_run_whatever_the_runbook_bears() {
    let gates = [None, Some(crate::model::runbook::Wait { until: Vec::new() })];
    for (gate, hold) in gates.into_iter().zip([true, false]) {
        let mut it = plan(4, &[Spec::sh("a"), Spec::sh("b")]);
        it.batches = vec![vec!["h0".into()], vec!["h1".into(), "h2".into(), "h3".into()]];
        it.batching = Some(Batches { sizes: vec![Size::Hosts(1)], max_fail: 3, hold, gate });
        let mut world = World::new(it.clone());
        world.fails("a", "h0", 9);
        world.run_to_question();
        assert!(matches!(world.question(), Some(Question::Failure { .. })), "{:?}", world.question());
        assert_eq!(world.starts, ["a-1@h0"]);
        let mut world = World::without_a_person(it);
        world.fails("a", "h0", 9);
        world.run();
        assert_eq!((ended(&world).0, world.starts.len()), (RunStatus::Failed, 1));
    }
}

#[test]
fn an_answer_to_an_earlier_question_answers_no_other() {
    let mut world = World::new(plan(1, &[Spec::approve("go"), Spec::sh("drop").danger()]));
    world.run_to_question();
    let asked = world.machine.state().asked.unwrap();
    world.answer(Choice::GoOn, None);
    world.run_to_question();
    assert!(matches!(world.question(), Some(Question::Danger { .. })));
    world.input(Input::Answer { asked, choice: Choice::GoOn, reason: None, by: world::who() });
    assert!(world.said.last().unwrap().contains("not asked any more"));
    world.run();
    assert!(world.starts.is_empty() && world.question().is_some());
    world.answer(Choice::GoOn, None);
    world.run();
    assert_eq!(world.starts, ["drop-1@h0"]);
}

#[test]
fn only_the_hosts_that_failed_are_tried_again() {
    let mut world = World::new(plan(3, &[Spec::sh("a")]));
    world.fails("a", "h1", 1);
    world.run_to_question();
    world.answer(Choice::Retry, None);
    world.run();
    assert_eq!(world.starts, ["a-1@h0", "a-1@h1", "a-1@h2", "a-2@h1"]);
    assert_eq!(world.outcome("a", "h1"), Some(O::Recovered));
}

#[test]
fn a_step_left_out_by_a_person_needs_a_reason_and_makes_the_success_one_with_overrides() {
    let mut world = World::new(plan(1, &[Spec::sh("a"), Spec::sh("b")]));
    world.fails("a", "h0", 9);
    world.run_to_question();
    world.answer(Choice::Skip, None);
    assert!(world.said.last().unwrap().contains("needs a reason"));
    assert!(world.question().is_some());
    world.answer(Choice::Skip, Some("done by hand"));
    world.run();
    assert_eq!(ended(&world).0, RunStatus::SucceededWithOverrides);
}

#[test]
fn a_step_left_out_by_its_condition_is_no_override() {
    let mut it = plan(1, &[Spec::sh("a"), Spec::sh("b")]);
    it.steps[0].left_out = Some("migrate is false".into());
    let mut world = World::new(it);
    world.run();
    assert_eq!(world.outcome("a", "h0"), Some(O::Skipped));
    assert_eq!(ended(&world).0, RunStatus::Succeeded);
}

#[test]
fn changes_are_taken_back_the_newest_first_and_the_marker_goes_when_all_are() {
    let steps = [Spec::sh("a").undo(), Spec::sh("b").undo(), Spec::sh("c").undo()];
    let mut world = World::new(plan(2, &steps));
    world.fails("c", "h0", 9);
    world.run_to_question();
    world.answer(Choice::Undo, None);
    world.run();
    let undone = ["undo-c-1@h1", "undo-c-1@h0", "undo-b-1@h1", "undo-b-1@h0", "undo-a-1@h1", "undo-a-1@h0"];
    assert_eq!(world.starts[6..], undone);
    assert_eq!(ended(&world).0, RunStatus::Failed);
    assert!(!world.is_marked && !world.is_locked);
}

#[test]
fn a_failed_undo_stops_and_the_marker_stays() {
    let mut world = World::new(plan(1, &[Spec::sh("a").undo(), Spec::sh("b").undo()]));
    world.fails("b", "h0", 9);
    world.fails("undo:b", "h0", 9);
    world.run_to_question();
    world.answer(Choice::Undo, None);
    world.run();
    assert_eq!(world.starts.last().unwrap(), "undo-b-1@h0");
    assert!(world.is_marked && !world.is_locked);
    assert!(ended(&world).1.contains("not every change was taken back"));
}

#[test]
fn without_a_person_the_declared_policy_answers_and_the_rest_is_refused_with_its_own_reason() {
    let mut it = plan(1, &[Spec::sh("a").undo()]);
    it.on_failure = Some(OnFailure { runbook: "rollback".into(), by_itself: true });
    let mut world = World::without_a_person(it);
    world.fails("a", "h0", 9);
    world.run();
    assert_eq!(world.on_failure.as_deref(), Some("rollback"));
    for (spec, words) in [
        (Spec::approve("ask"), "nobody is there to approve it"),
        (Spec::manual("boxes", 2), "nobody is there to tick its boxes"),
        (Spec::sh("drop").danger(), "nobody is there to confirm a dangerous step"),
    ] {
        let mut world = World::without_a_person(plan(1, &[spec]));
        world.run();
        let (status, why) = ended(&world);
        assert_eq!(status, RunStatus::Failed);
        assert!(why.contains(words), "{why}");
        assert!(world.starts.is_empty() && !world.is_marked);
    }
}

#[test]
fn every_box_is_ticked_before_a_manual_step_is_done() {
    let mut world = World::new(plan(1, &[Spec::manual("look", 2), Spec::sh("a")]));
    world.run_to_question();
    world.tick("look", 1);
    world.tick("look", 1);
    assert!(world.question().is_some());
    world.tick("look", 0);
    world.run();
    assert_eq!(world.outcome("look", "local"), Some(O::Ok));
}

#[test]
fn nothing_begins_after_a_drain_and_what_runs_may_end() {
    let mut world = World::new(plan(2, &[Spec::sh("a"), Spec::sh("b")]));
    world.run_until_started("a", "h1");
    world.input(Input::Drain(world::who()));
    world.run();
    assert_eq!(world.starts.len(), 2);
    assert_eq!(world.outcome("a", "h0"), Some(O::Ok));
    assert_eq!(ended(&world).0, RunStatus::Cancelled);
    assert!(!world.is_locked && world.is_marked);
}

#[test]
fn an_interrupt_ends_what_runs_but_not_what_must_not_be_interrupted_unless_insisted() {
    let mut world = World::new(plan(1, &[Spec::sh("migrate").uninterruptible()]));
    world.hangs("migrate", "h0");
    world.run_until_started("migrate", "h0");
    world.input(Input::Interrupt { by: world::who(), insist: false });
    assert!(world.said.last().unwrap().contains("migrate"));
    world.run();
    assert!(world.over.is_none());
    world.input(Input::Interrupt { by: world::who(), insist: true });
    world.run();
    assert_eq!(world.outcome("migrate", "h0"), Some(O::Cancelled));
    assert_eq!(ended(&world).0, RunStatus::Cancelled);
}

#[test]
fn what_an_interrupted_run_left_is_ended_and_nothing_begins() {
    let mut world = World::new(plan(2, &[Spec::sh("a"), Spec::sh("b").undo()]));
    world.hangs("a", "h1");
    world.run_until_started("a", "h1");
    world.input(Input::Detach);
    world.run();
    world.cancel(false);
    world.run();
    assert_eq!((world.outcome("a", "h0"), world.outcome("a", "h1")), (Some(O::Ok), Some(O::Cancelled)));
    assert_eq!(world.starts, ["a-1@h0", "a-1@h1"]);
    assert_eq!(ended(&world).0, RunStatus::Cancelled);
    assert!(!world.is_locked && world.is_marked, "what was changed is not proven");
}

#[test]
fn ending_an_interrupted_run_waits_for_what_must_not_be_interrupted_unless_insisted() {
    for insist in [false, true] {
        let mut world = World::new(plan(1, &[Spec::sh("migrate").uninterruptible(), Spec::sh("b")]));
        world.hangs("migrate", "h0");
        world.run_until_started("migrate", "h0");
        world.input(Input::Detach);
        world.run();
        world.cancel(insist);
        world.run();
        assert_eq!(world.over.is_some(), insist, "{:?}", world.over);
        assert_eq!(world.starts, ["migrate-1@h0"]);
    }
}

#[test]
fn ending_an_interrupted_run_does_not_hide_that_nobody_knows_what_became_of_a_step() {
    let mut world = World::new(plan(1, &[Spec::sh("a")]));
    world.vanishes("a", "h0");
    world.run_to_question();
    world.input(Input::Detach);
    world.run();
    world.cancel(true);
    world.run();
    assert_eq!(ended(&world).0, RunStatus::Lost);
    assert_eq!(world.starts.len(), 1);
}

#[test]
fn a_lock_taken_by_another_lets_steps_end_and_nothing_begin_and_is_not_given_back() {
    let mut world = World::new(plan(1, &[Spec::sh("a"), Spec::sh("b")]));
    world.run_until_started("a", "h0");
    world.input(Input::LockLost("the lock was taken over by bob".into()));
    world.run();
    assert_eq!((world.outcome("a", "h0"), world.outcome("b", "h0")), (Some(O::Ok), None));
    assert_eq!(ended(&world).0, RunStatus::LockLost);
    assert!(world.is_locked, "another's lock is not touched");
}

#[test]
fn a_lock_that_is_found_gone_while_it_is_given_back_was_not_taken_by_another() {
    let mut world = World::new(plan(1, &[Spec::sh("a")]));
    world.run_until(|w| w.entries.iter().any(|e| matches!(e.fact, Fact::Cleaned)));
    world.input(Input::LockLost("the lock is gone".into()));
    world.run();
    assert_eq!(ended(&world), (RunStatus::Succeeded, String::new()));
}

#[test]
fn an_end_that_nobody_knows_is_asked_about_and_given_up_the_run_is_lost() {
    let mut world = World::new(plan(1, &[Spec::sh("a")]));
    world.vanishes("a", "h0");
    world.run_to_question();
    assert!(matches!(world.question(), Some(Question::Fate { .. })));
    world.answer(Choice::GiveUp, None);
    world.run();
    assert_eq!(ended(&world).0, RunStatus::Lost);
    assert_eq!(world.starts.len(), 1);
}

#[test]
fn an_end_that_nobody_knows_is_reconciled_by_its_proof_or_repeated_where_it_may_be() {
    let mut world = World::new(plan(1, &[Spec::sh("a").verify(), Spec::sh("b").idempotent()]));
    world.vanishes("a", "h0");
    world.vanishes("b", "h0");
    world.run();
    assert_eq!(world.outcome("a", "h0"), Some(O::Reconciled));
    assert_eq!(world.outcome("b", "h0"), Some(O::Recovered));
    assert_eq!(world.starts, ["a-1@h0", "b-1@h0", "b-2@h0"]);
    assert_eq!(ended(&world).0, RunStatus::Succeeded);
}

#[test]
fn a_step_that_always_runs_does_so_after_a_failure_and_before_the_end() {
    let mut world = World::new(plan(1, &[Spec::sh("a"), Spec::sh("b"), Spec::sh("tidy").verify().always()]));
    world.fails("a", "h0", 9);
    world.run_to_question();
    world.answer(Choice::GiveUp, None);
    world.run();
    assert_eq!(world.starts, ["a-1@h0", "tidy-1@h0"]);
    assert_eq!(world.outcome("tidy", "h0"), Some(O::Ok));
    assert_eq!(ended(&world).0, RunStatus::Failed);
}

#[test]
fn steps_that_run_once_stand_in_their_place_and_those_after_the_last_host_step_come_last() {
    let steps =
        [Spec::sh("pull"), Spec::sh("migrate").on(On::Once), Spec::sh("switch"), Spec::sh("tell").on(On::Local)];
    let mut it = plan(2, &steps);
    it.batches = vec![vec!["h0".into()], vec!["h1".into()]];
    let mut world = World::new(it);
    world.run();
    let order = ["pull-1@h0", "migrate-1@h0", "switch-1@h0", "pull-1@h1", "switch-1@h1", "tell-1@local"];
    assert_eq!(world.starts, order);
}

#[test]
fn a_console_that_leaves_keeps_the_lock_and_the_run_can_go_on() {
    let mut world = World::new(plan(1, &[Spec::sh("a"), Spec::sh("b")]));
    world.run_until_started("a", "h0");
    world.input(Input::Detach);
    assert_eq!(ended(&world).0, RunStatus::Interrupted);
    assert!(world.is_locked);
    world.resume();
    world.run();
    assert_eq!(ended(&world).0, RunStatus::Succeeded);
    assert_eq!(world.starts, ["a-1@h0", "b-1@h0"]);
}

#[test]
fn without_a_person_the_runbook_for_failures_follows_only_where_all_that_changed_can_be_taken_back() {
    let follows = |specs: &[Spec], change: &dyn Fn(&mut Plan)| {
        let mut it = plan(1, specs);
        it.on_failure = Some(OnFailure { runbook: "back".into(), by_itself: true });
        change(&mut it);
        let mut world = World::without_a_person(it);
        world.fails("b", "h0", 9);
        world.run();
        (world.machine.state().followed, ended(&world).1)
    };
    let (a, b) = (Spec::sh("a").undo(), Spec::sh("b").undo());
    let (followed, why) = follows(&[a.clone(), b.clone()], &|_| {});
    assert!(followed && why.contains("as the runbook declares"), "{why}");
    let (followed, why) = follows(&[Spec::sh("a"), b.clone()], &|_| {});
    assert!(!followed && why.contains("a says no way back"), "{why}");
    let gone = a.clone().with(|s| s.irreversible = Some("mail is sent".into()));
    assert!(!follows(&[gone, b.clone()], &|_| {}).0);
    let (followed, why) = follows(&[a.clone(), b.clone()], &|p| p.kind = crate::model::RunbookKind::Rollback);
    assert!(!followed && why.contains("a rollback that fails is not followed by another"), "{why}");
    let looks = |s: &Spec| s.clone().with(|s| s.looks = true);
    let (followed, why) = follows(&[looks(&a), looks(&b)], &|_| {});
    assert!(!followed && why.contains("nothing was changed"), "{why}");
    let asked = |p: &mut Plan| p.on_failure.as_mut().unwrap().by_itself = false;
    assert!(!follows(&[a, b], &asked).0);
}
