//! What comes after yes to a plan: the run, or why nothing was started and the way back; and what is asked for besides.

use quarterdeck::model::{Level, Plan, Tier};
use quarterdeck::store::Event;
use quarterdeck::ui::state::Popup;
use quarterdeck::update::{self, Effect};

use crate::look::text;
use crate::runs::{card, plan};
use crate::world::World;

fn production() -> Plan {
    plan("production/sales", Tier::Production, Level::Typed, &["vps"])
}

fn staging() -> Plan {
    plan("qa/sales", Tier::Staging, Level::Yes, &["qa-1"])
}

/// Production, said yes to with a reason.
fn agreed() -> World {
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("sales down");
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
    world
}

fn refused(world: &mut World, why: &str) {
    world.linger(200);
    let ask = world.ui.asks;
    assert!(update::awaits(&world.ui, ask), "nobody looks");
    world.hears(Event::RunRefused { ask, why: why.into() });
}

#[test]
fn a_refusal_is_told_in_words_and_the_card_comes_back_with_its_reason() {
    let why = "its facts are 16m old, at most 15m here: plan again";
    for key in ["enter", "esc"] {
        let mut world = agreed();
        assert!(text(&world).contains("nothing has begun yet"));
        refused(&mut world, why);
        world.wait(60);
        let seen = text(&world);
        assert!(seen.contains("not started") && seen.contains(why) && !seen.contains("has begun yet"), "{seen}");
        world.press(key);
        let Some(Popup::Card(card)) = world.ui.popups.last() else { panic!("no card: {}", text(&world)) };
        assert_eq!((card.consent.reason.text().as_str(), card.consent.phrase.is_empty()), ("sales down", true));
        world.wait(2);
        assert!(matches!(world.press("R").as_slice(), [Effect::Plan { .. }]), "it is planned again from there");
        let Some(Popup::Card(card)) = world.ui.popups.last() else { panic!("no card: {}", text(&world)) };
        assert_eq!(card.consent.reason.text(), "sales down");
    }
}

#[test]
fn a_card_that_comes_back_is_said_yes_to_anew() {
    let mut world = card(plan("sandbox/sales", Tier::Development, Level::Enter, &["local"]), false);
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
    refused(&mut world, "the audit log cannot be written");
    world.wait(2);
    assert!(world.press("enter").is_empty() && matches!(world.ui.popups.last(), Some(Popup::Card(_))));
    world.linger(300);
    assert!(world.press("enter").is_empty(), "the same key, still held");
    world.wait(2);
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
    assert!(text(&world).contains("nothing has begun yet"), "what was refused before is over: {}", text(&world));
}

#[test]
fn going_on_with_a_run_that_is_refused_is_told_too() {
    use quarterdeck::model::RunId;
    let resumes = Some(RunId::parse(crate::runs::RUN).unwrap());
    let mut world = card(Plan { resumes, ..staging() }, false);
    world.press("y");
    refused(&mut world, "night@desk-2 holds qa/sales");
    assert!(text(&world).contains("night@desk-2 holds qa/sales"), "{}", text(&world));
}

#[test]
fn a_reason_is_as_long_as_the_gate_wants_it() {
    let mut world = card(production(), true).after("tab").typed("production/sales").after("tab").typed("n o");
    assert!(world.press("enter").is_empty());
    assert!(text(&world).contains("at least 3 characters"), "{}", text(&world));
    world.write("w");
    assert!(matches!(world.press("enter").as_slice(), [Effect::Run { .. }]));
}
