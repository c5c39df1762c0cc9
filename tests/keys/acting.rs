//! Commands that reach outside: what they act on, what they ask for, and when they are refused.

use quarterdeck::command::Command;
use quarterdeck::config::user::Times;
use quarterdeck::store::Event;
use quarterdeck::ui::state::Sort;
use quarterdeck::update::Effect;

use crate::decks::{SHOP, shop};
use crate::keys_of;
use crate::look::text;
use crate::world::{World, deck, service};

fn sales() -> Vec<quarterdeck::model::ServiceId> {
    vec![service("production/sales")]
}

#[test]
fn keys_ask_for_what_they_say() {
    let two = || vec![service("production/sales"), service("production/nightly")];
    for (keys, effects) in [
        ("q", vec![Effect::Quit]),
        ("ctrl-c", vec![Effect::Quit]),
        ("ctrl-z", vec![Effect::Suspend]),
        ("ctrl-r", vec![Effect::Reload]),
        ("ctrl-l", vec![Effect::Redraw]),
        ("p", vec![Effect::ProbeNow(sales())]),
        ("P", vec![Effect::Pause(sales())]),
        ("space space p", vec![Effect::ProbeNow(two())]),
        ("space space P", vec![Effect::Pause(two())]),
        ("space k space k p", vec![Effect::ProbeNow(sales())]),
        ("a a p", vec![Effect::ProbeNow(sales())]),
        ("v p", vec![Effect::ProbeNow(sales())]),
        ("1 p", vec![]),
        ("1 P", vec![]),
        ("j j x", vec![]),
    ] {
        assert_eq!(shop().play().press(keys), effects, "{keys}");
    }
}

#[test]
fn marks_are_acted_on_only_as_far_as_they_are_shown() {
    let mut world = shop().play().after("space space /").typed("nightly").after("enter");
    assert!(text(&world).contains("1 of 2 marked"), "{}", text(&world));
    assert_eq!(world.press("p"), [Effect::ProbeNow(vec![service("production/nightly")])]);
    let mut moved = shop().play().after("space ]");
    assert!(moved.ui.marks.is_empty(), "marks do not follow into another environment");
    assert_eq!(moved.press("p"), [Effect::ProbeNow(vec![service("qa/sales")])]);
    let mut all = shop().play().after("a");
    let Some(Effect::ProbeNow(on)) = all.press("p").pop() else { panic!("nothing is probed") };
    assert_eq!(on.len(), 7, "all but the paused one");
}

#[test]
fn pausing_goes_on_with_the_same_key_and_leaves_the_deck_alone() {
    let mut world = shop().play();
    assert_eq!(world.press("P"), [Effect::Pause(sales())]);
    let paused = Event::ServicePaused { service: sales().remove(0), at: world.now, reason: "paused here".into() };
    world.store.apply(paused, world.now);
    world.press("p");
    assert!(text(&world).contains("production/sales is paused, so it is not probed"));
    assert_eq!(world.press("P"), [Effect::Resume(sales())]);
    let mut by_deck = shop().play().after("G");
    assert!(by_deck.press("P").is_empty());
    assert!(text(&by_deck).contains("production/reports is paused by the deck; change it there"));
}

fn copied(world: &mut World, keys: &str) -> String {
    match world.press(keys).pop() {
        Some(Effect::Copy(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_is_copied_tells_what_state_since_when_and_why() {
    let text_of = copied(&mut shop().play(), "y");
    assert_eq!(
        text_of,
        "production/sales unhealthy since 2026-11-20T05:58:38Z: \
         ready: answered 503; db: connection refused on 127.0.0.1:5432"
    );
    assert_eq!(copied(&mut shop().play(), "space space y").lines().count(), 2);
    let environment = copied(&mut shop().play(), "1 y");
    assert!(environment.starts_with("production unhealthy\nproduction/sales unhealthy since"), "{environment}");
    assert!(copied(&mut shop().play(), "Y").contains("\"status\": \"Unhealthy\""));
    let mut unseen = deck(SHOP).play();
    assert!(unseen.press("Y").is_empty());
    assert!(text(&unseen).contains("there is no answer to copy"));
}

const FAULTS: [(&str, Command); 5] = [
    ("x c", Command::DemoCrash),
    ("x s", Command::DemoSlow),
    ("x h", Command::DemoHang),
    ("x d", Command::DemoDegrade),
    ("x r", Command::DemoRecover),
];

#[test]
fn demo_commands_work_in_the_demo_alone() {
    for (keys, command) in FAULTS {
        let mut world = shop().play();
        assert!(world.press(keys).is_empty(), "{keys}");
        let mut demo = shop().play();
        demo.ui.demo = true;
        assert!(demo.press(keys).is_empty() && text(&demo).contains("production is protected and read-only"));
        demo.press("]");
        let on = demo.press(keys);
        assert!(
            matches!(on.as_slice(), [Effect::DemoFault(id, c)] if *id.environment.as_str() != *"production" && *c == command)
        );
        let refused = quarterdeck::update::update(&mut world.ui, &world.store, command, world.now);
        assert!(refused.is_empty() && text(&world).contains("works in qd demo alone"));
    }
}

#[test]
fn a_read_only_console_refuses_what_acts_and_nothing_else() {
    for (keys, command) in FAULTS {
        let mut world = shop().play();
        (world.ui.demo, world.ui.read_only) = (true, true);
        assert!(world.press(keys).is_empty());
        let message = format!("{command} acts, and this console is read-only");
        assert!(text(&world).contains(&message), "{}", text(&world));
        world.press(":");
        world.write(command.name());
        assert!(text(&world).contains("refused, read-only"), "{}", text(&world));
        assert!(world.press("enter").is_empty());
    }
    let mut world = shop().play();
    world.ui.read_only = true;
    assert_eq!(world.press("p"), [Effect::ProbeNow(sales())]);
}

#[test]
fn looks_change_on_their_keys() {
    let mut world = shop().play();
    let mut seen = Vec::new();
    for _ in 0..4 {
        world.press("o");
        seen.push(world.ui.sort);
    }
    assert_eq!(seen, [Sort::Name, Sort::Latency, Sort::Deck, Sort::Worst]);
    for (times, words) in [
        (Times::Utc, "times are in UTC"),
        (Times::Local, "times are in the zone of this machine"),
        (Times::Environment, "times are in the zone of the environment"),
    ] {
        world.press("u");
        assert!(world.ui.times == times && text(&world).contains(words));
    }
    world.wait(6);
    assert!(!text(&world).contains("times are in"), "a message goes away");
}

#[test]
fn without_a_service_nothing_is_acted_on() {
    for keys in ["p", "P", "Y", "y", "space", "a", "enter", "n", "v y", "1 y"] {
        let mut world = deck("name = \"empty\"\n").play();
        assert!(world.press(keys).is_empty(), "{keys}");
    }
}

#[test]
fn every_hint_of_the_footer_names_a_key_that_does_it() {
    for name in ["default", "vim", "emacs"] {
        let mut world = shop().play().sized(200, 60);
        world.keymap = crate::world::keymap(name);
        let footer = text(&world).lines().last().unwrap().to_owned();
        for (command, words) in [(Command::Open, "detail"), (Command::Help, "help"), (Command::Pause, "pause")] {
            let hint = format!("{} {words}", keys_of(command, &world));
            assert!(footer.contains(&hint), "{hint} in {footer}");
        }
    }
}
