//! Saying yes to a plan: what it takes at every level, and everything that must not do.

use proptest::prelude::*;
use quarterdeck::keymap::Key;
use quarterdeck::model::{Level, Plan, RunbookKind, Tier};
use quarterdeck::runner::gate::Given;
use quarterdeck::store::Event;
use quarterdeck::ui::state::Popup;
use quarterdeck::update::{self, Effect};

use crate::look::text;
use crate::runs::{acting, armed, card, dirty, made, plan, runbook};
use crate::world::{World, service};

fn production() -> Plan {
    plan("production/sales", Tier::Production, Level::Typed, &["vps"])
}

fn staging() -> Plan {
    plan("qa/sales", Tier::Staging, Level::Yes, &["qa-1"])
}

fn development() -> Plan {
    plan("sandbox/sales", Tier::Development, Level::Enter, &["local"])
}

fn runs(effects: &[Effect]) -> Vec<&Effect> {
    effects.iter().filter(|e| matches!(e, Effect::Run { .. })).collect()
}

fn given(effects: &[Effect]) -> Option<(Given, Option<String>)> {
    match effects {
        [Effect::Run { given, reason, .. }] => Some((given.clone(), reason.clone())),
        _ => None,
    }
}

fn press_with_pauses(world: &mut World, keys: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for key in Key::parse_sequence(keys).unwrap() {
        world.wait(2);
        effects.extend(world.key(key));
    }
    effects
}

#[test]
fn each_level_is_said_yes_to_in_its_own_way() {
    assert_eq!(given(&card(development(), false).press("enter")), Some((Given::Enter, None)));
    assert_eq!(given(&card(staging(), false).press("y")), Some((Given::Yes, None)));
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("sales down");
    assert_eq!(
        given(&world.press("enter")),
        Some((Given::Typed("production/sales".into()), Some("sales down".into())))
    );
    let wide = plan("production/sales", Tier::Production, Level::Digest, &["vps"]);
    let mut world = card(wide, true).after("tab").typed("production/sales").after("enter").typed("why").after("enter");
    assert!(text(&world).contains("nothing is done before production/sales 7c1f09ae is typed in full"));
    world.write(" 7c1f09ae");
    assert_eq!(
        given(&world.press("enter")),
        Some((Given::Typed("production/sales 7c1f09ae".into()), Some("why".into())))
    );
}

#[test]
fn what_runs_is_the_plan_that_was_shown() {
    let mut world = card(staging(), false);
    let (ask, shown) = (world.ui.asks, staging().digest);
    // A newer plan of the same runbook and target comes in: it is not the one that was asked for here.
    let newer = Plan { digest: "ffffffffffffffff".into(), level: Level::Enter, ..staging() };
    let event = Event::PlanMade {
        ask: ask + 1,
        runbook: newer.runbook.clone(),
        target: newer.target.clone(),
        plan: Ok(std::sync::Arc::new(newer)),
    };
    world.hears(event);
    assert!(text(&world).contains("plan 7c1f09ae"));
    let effects = world.press("y");
    assert!(
        matches!(effects.as_slice(), [Effect::Run { ask: a, digest, .. }] if *a == ask && *digest == shown),
        "{effects:?}"
    );
}

#[test]
fn enter_alone_never_starts_anything_above_development() {
    for (plan, is_armed) in [(staging(), false), (production(), true), (production(), false)] {
        for keys in [
            "enter",
            "tab enter",
            "tab enter enter enter",
            "enter enter",
            "tab tab enter enter",
            "shift-tab enter enter",
        ] {
            let mut world = card(plan.clone(), is_armed);
            let effects = press_with_pauses(&mut world, keys);
            assert!(runs(&effects).is_empty(), "{keys} on {}: {effects:?}", plan.target);
        }
    }
    let mut world = card(staging(), false);
    world.press("enter");
    assert!(world.ui.popups.is_empty() && text(&world).contains("nothing was started"));
}

#[test]
fn y_is_not_enough_where_something_must_be_typed() {
    let mut world = card(production(), true);
    assert!(press_with_pauses(&mut world, "y y y").is_empty());
    assert!(text(&world).contains("confirmed by typing"));
}

#[test]
fn the_reason_and_the_phrase_are_both_needed_in_full() {
    for (phrase, reason) in
        [("", "why"), ("production/sale", "why"), ("production/sales", ""), ("production/sales", "   ")]
    {
        let mut world = card(production(), true).after("tab").typed(phrase).after("tab").typed(reason);
        let effects = press_with_pauses(&mut world, "enter enter enter");
        assert!(runs(&effects).is_empty(), "{phrase:?} {reason:?}");
    }
}

#[test]
fn keys_that_come_before_the_card_is_complete_are_dropped() {
    for (plan, key) in [(development(), "enter"), (staging(), "y")] {
        let mut world = card(plan.clone(), false);
        world.ui.popups.clear();
        world.press("r");
        world.write("rollback");
        world.press("enter");
        assert!(world.press(key).is_empty(), "while it is planned");
        world.linger(2000);
        let event = made(&world, Ok(plan));
        world.hears(event);
        world.linger(499);
        assert!(world.press(key).is_empty(), "before half a second is over");
        world.linger(1500);
        assert_eq!(runs(&world.press(key)).len(), 1, "{key}");
    }
}

#[test]
fn a_key_that_is_held_since_before_the_card_came_up_says_nothing() {
    for (plan, key) in [(development(), "enter"), (staging(), "y")] {
        let mut world = card(plan.clone(), false);
        world.ui.popups.clear();
        world.press("r");
        world.write("rollback");
        world.press("enter");
        world.press(key);
        let event = made(&world, Ok(plan));
        world.hears(event);
        // Keyboards wait up to so long before they repeat, then repeat fast.
        world.linger(660);
        assert!(world.press(key).is_empty(), "the first repeat");
        for _ in 0..100 {
            world.linger(33);
            assert!(world.press(key).is_empty(), "a repeat");
        }
        world.linger(1100);
        assert_eq!(runs(&world.press(key)).len(), 1, "let go and pressed again");
    }
}

#[test]
fn repeats_that_the_terminal_tells_are_never_yes() {
    for (plan, key) in [(development(), "enter"), (staging(), "y")] {
        let mut world = card(plan, false);
        let key = Key::parse(key).unwrap();
        let World { ui, store, keymap, now, .. } = &mut world;
        assert!(update::repeated(ui, store, keymap, key, *now).is_empty());
    }
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("why");
    let World { ui, store, keymap, now, .. } = &mut world;
    let enter = Key::parse("enter").unwrap();
    assert!(update::repeated(ui, store, keymap, enter, *now).is_empty());
}

#[test]
fn pasted_text_confirms_nothing_and_says_so() {
    let mut world = card(production(), true).after("tab");
    update::paste(&mut world.ui, &world.store, "production/sales\n", world.now);
    assert!(text(&world).contains("pasted text confirms nothing"));
    let Some(Popup::Card(shown)) = world.ui.popups.last() else { panic!("the card is gone") };
    assert!(shown.consent.phrase.is_empty());
    for plan in [development(), staging()] {
        let mut world = card(plan, false);
        update::paste(&mut world.ui, &world.store, "y\n", world.now);
        assert!(matches!(world.ui.popups.last(), Some(Popup::Card(_))) && text(&world).contains("it was dropped"));
    }
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab");
    update::paste(&mut world.ui, &world.store, "INC-2231 sales down\r\n", world.now);
    assert_eq!(
        given(&world.press("enter")).and_then(|(_, why)| why),
        Some("INC-2231 sales down".into()),
        "a reason may be"
    );
}

#[test]
fn a_plan_that_is_blocked_cannot_be_said_yes_to() {
    for (mut plan, key) in [(development(), "enter"), (staging(), "y")] {
        plan.blocked = vec!["the lock is held".into()];
        assert!(runs(&card(plan, false).press(key)).is_empty());
    }
    let mut plan = production();
    plan.blocked = vec!["the lock is held".into()];
    let mut world = card(plan, true);
    assert!(
        press_with_pauses(&mut world, "tab enter").is_empty()
            && !world.ui.popups.iter().any(|p| matches!(p, Popup::Card(c) if c.consent.is_typing()))
    );
}

#[test]
fn a_protected_environment_must_be_armed_and_stay_so() {
    let mut world = card(production(), false);
    assert!(text(&world).contains("A arms it"));
    assert!(press_with_pauses(&mut world, "tab").is_empty());
    world.press("A");
    world.linger(600);
    world.write("sales down");
    let effects = world.press("enter");
    assert!(matches!(effects.as_slice(), [Effect::Arm { reason, .. }] if reason == "sales down"), "{effects:?}");
    world.hears(armed("production"));
    world.wait(2);
    let mut late = card(production(), true).after("tab").typed("production/sales").after("tab").typed("why");
    late.wait(600);
    assert!(
        late.press("enter").is_empty() && text(&late).contains("read-only until it is armed"),
        "ten minutes are over"
    );
    world.press("tab");
    world.write("production/sales");
    world.press("tab");
    world.write("why");
    assert_eq!(runs(&world.press("enter")).len(), 1);
}

#[test]
fn arming_needs_a_reason_and_a_protected_environment_and_ends_on_leaving_it() {
    let mut world = acting().play().after("A");
    world.linger(600);
    assert!(world.press("enter").is_empty() && text(&world).contains("nothing is done without a reason"));
    let mut world = acting().play().after("] A");
    assert!(text(&world).contains("is not protected"));
    world.press("[");
    world.hears(armed("production"));
    assert!(text(&world).contains("armed 9:4"));
    assert_eq!(world.press("A"), [Effect::Disarm]);
    assert_eq!(world.press("]"), [Effect::Disarm], "another environment is on the screen");
    world.press("[");
    assert_eq!(world.press("q"), [Effect::Disarm, Effect::Quit]);
}

#[test]
fn going_over_what_was_left_unfinished_needs_a_reason_at_every_level() {
    let mut plan = development();
    plan.kind = RunbookKind::Deploy;
    plan.lock.as_mut().unwrap().dirty = Some(dirty());
    let mut world = card(plan, false);
    assert!(runs(&world.press("enter")).is_empty());
    let mut plan = staging();
    plan.kind = RunbookKind::Deploy;
    plan.lock.as_mut().unwrap().dirty = Some(dirty());
    let mut world = card(plan, false);
    assert!(runs(&press_with_pauses(&mut world, "y tab enter")).is_empty());
    world.write("rolled back by hand");
    let effects = world.press("enter");
    assert!(
        matches!(effects.as_slice(), [Effect::Run { over_dirty: Some(why), given: Given::Yes, .. }] if why == "rolled back by hand"),
        "{effects:?}"
    );
}

#[test]
fn a_read_only_console_plans_and_runs_nothing() {
    for (plan, is_armed, keys) in
        [(development(), false, "enter"), (staging(), false, "y"), (production(), true, "tab enter")]
    {
        let mut world = card(plan, is_armed);
        world.ui.read_only = true;
        assert!(runs(&press_with_pauses(&mut world, keys)).is_empty());
        assert!(text(&world).contains("read-only"));
    }
}

#[test]
fn inputs_reach_the_plan_and_secrets_are_not_printed() {
    let mut world = acting().play().after("r").typed("deploy").after("enter").typed("2.15").after("up up");
    assert!(text(&world).contains("does not match"));
    world.write(".0");
    world.press("tab tab right tab d tab");
    world.write("hunter2");
    assert!(!text(&world).contains("hunter2"));
    let effects = world.press("enter");
    let [Effect::Plan { inputs, secrets, service: on, runbook, .. }] = effects.as_slice() else {
        panic!("{effects:?}")
    };
    assert_eq!((on, &**runbook), (&service("production/sales"), "deploy-release"));
    let inputs: Vec<(&str, &str)> = inputs.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(inputs, [("migrate", "true"), ("route", "divert"), ("version", "2.15.0")]);
    assert!(secrets.contains_key("token") && !format!("{effects:?}{:?}", world.ui).contains("hunter2"));
}

#[test]
fn a_form_with_faults_is_not_planned() {
    let mut world = acting().play().after("r").typed("deploy").after("enter up shift-tab");
    let effects = press_with_pauses(&mut world, "tab tab tab tab enter");
    assert!(effects.is_empty() && text(&world).contains("version: needed"), "{}", text(&world));
}

#[test]
fn runbooks_that_do_not_apply_say_why_and_are_not_planned() {
    let mut world = acting().play().after("r").typed("restore");
    assert!(world.press("enter").is_empty());
    assert!(text(&world).contains("does not apply to production/sales: it needs `backup_folder`"));
    let mut world = acting().play().after(":").typed("runbook restart");
    let effects = world.press("enter");
    assert!(matches!(effects.as_slice(), [Effect::Plan { runbook, .. }] if &**runbook == "restart"), "{effects:?}");
    let _ = runbook("x", "X", RunbookKind::Other, Vec::new());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is pressed within the first half second, and whatever else but the phrase, runs nothing in production.
    #[test]
    fn no_burst_of_keys_runs_a_plan_of_production(
        keys in prop::collection::vec(proptest::sample::select(vec!["enter", "y", "tab", "esc", "o", "j", "space", "a", "R"]), 1..30),
        pause in 0_i64..700,
    ) {
        let mut world = card(production(), true);
        for key in keys {
            world.linger(pause);
            let effects = world.press(key);
            prop_assert!(runs(&effects).is_empty(), "{effects:?}");
        }
    }
}
