//! Moving about: rows, panes, environments, troubles. What is selected is selected by name, so nothing that happens
//! outside moves it.

use quarterdeck::model::{EnvironmentId, Observation, ServiceId};
use quarterdeck::ui::Pane;
use quarterdeck::ui::rows;

use crate::decks::{many, shop};
use crate::look::{draw, lines, text};
use crate::world::{World, keymap, ms, service};

/// The selected service.
pub fn selected(world: &World) -> ServiceId {
    rows::selected(&world.store, &world.ui, world.now).unwrap().declared().id.clone()
}

#[test]
fn each_keymap_moves_down_up_to_the_ends_and_by_pages() {
    for (name, keys, at) in [
        ("default", "j", "nightly"),
        ("default", "down down", "inventory"),
        ("default", "j k", "sales"),
        ("default", "G", "reports"),
        ("default", "end home", "sales"),
        ("default", "G g", "sales"),
        ("vim", "j j", "inventory"),
        ("vim", "G g g", "sales"),
        ("vim", "ctrl-e ctrl-e ctrl-y", "nightly"),
        ("emacs", "ctrl-n ctrl-n ctrl-p", "nightly"),
        ("emacs", "alt->", "reports"),
        ("emacs", "alt-> alt-<", "sales"),
    ] {
        let mut world = shop().play();
        world.keymap = keymap(name);
        assert!(world.press(keys).is_empty());
        assert_eq!(selected(&world), service(&format!("production/{at}")), "{keys} in {name}");
    }
    for (name, down, up) in
        [("default", "pagedown", "pageup"), ("vim", "ctrl-f", "ctrl-b"), ("emacs", "ctrl-v", "alt-v")]
    {
        let mut world = many(200).play().after("o g");
        world.keymap = keymap(name);
        world.press(down);
        assert_eq!(selected(&world), service("production/svc-0018"), "{name}");
        world.press(up);
        assert_eq!(selected(&world), service("production/svc-0000"), "{name}");
    }
}

#[test]
fn the_selection_stays_on_its_service_when_rows_change_places() {
    let mut world = shop().play().after("j j j");
    let chosen = selected(&world);
    assert_eq!(chosen, service("production/payroll"));
    world.press("o");
    assert_eq!(selected(&world), chosen);
    for _ in 0..2 {
        world.happens("production/common/ready", Observation::fail("connection refused on 127.0.0.1:5001"));
        world.happens("production/community/ready", Observation::fail("connection refused on 127.0.0.1:5002"));
    }
    world.press("o o o");
    assert_eq!(selected(&world), chosen);
    let shown = lines(&draw(&world));
    assert!(shown.iter().any(|l| l.contains("▌▲ payroll")), "{}", shown.join("\n"));
}

#[test]
fn each_environment_remembers_what_was_selected_in_it() {
    let mut world = shop().play().after("j ] j");
    assert_eq!(selected(&world), service("qa/payroll"));
    world.press("[");
    assert_eq!(selected(&world), service("production/nightly"));
    world.press("] ] ] ]");
    assert_eq!(selected(&world), service("qa/payroll"));
    world.press("1 k enter");
    assert_eq!((selected(&world), world.ui.focus), (service("production/nightly"), Pane::Services));
}

#[test]
fn the_next_trouble_is_found_through_all_environments_and_around() {
    let mut world = shop().play();
    let mut visited = Vec::new();
    for _ in 0..5 {
        world.press("n");
        visited.push(selected(&world).to_string());
    }
    let round =
        ["sandbox/sales", "production/inventory", "production/nightly", "production/payroll", "production/sales"];
    assert_eq!(visited, round);
    let mut filtered = shop().play().after("/").typed("zebra").after("enter n");
    assert!(text(&filtered).contains("▌"));
    filtered.press("n");
    assert!(!text(&filtered).contains("zebra"));
}

#[test]
fn a_single_trouble_is_said_to_be_the_last() {
    let mut world = many(60).play();
    assert_eq!(selected(&world), service("production/svc-0050"));
    world.press("n");
    assert!(text(&world).contains("nothing else needs a look"), "{}", text(&world));
}

#[test]
fn panes_are_reached_by_number_ring_and_opening() {
    for (keys, pane) in [
        ("1", Pane::Environments),
        ("2", Pane::Services),
        ("v", Pane::Detail),
        ("tab", Pane::Detail),
        ("tab tab", Pane::Logs),
        ("tab tab tab", Pane::Runs),
        ("tab tab tab tab", Pane::Environments),
        ("4", Pane::Logs),
        ("l esc", Pane::Services),
        ("6", Pane::Runs),
        ("6 esc", Pane::Services),
        ("shift-tab", Pane::Environments),
        ("enter", Pane::Detail),
        ("enter enter", Pane::Detail),
        ("1 enter enter", Pane::Detail),
        ("enter esc", Pane::Services),
        ("enter backspace esc esc", Pane::Environments),
    ] {
        assert_eq!(shop().play().after(keys).ui.focus, pane, "{keys}");
    }
}

#[test]
fn back_closes_the_innermost_first() {
    let mut world = shop().play().after("/").typed("a").after("enter space z ? !");
    let mut left = |expected: &str| {
        world.press("esc");
        let ui = &world.ui;
        let left = format!(
            "{}p {}m {}f {}z {:?}",
            ui.popups.len(),
            ui.marks.len(),
            ui.filters.len(),
            u8::from(ui.zoom),
            ui.focus
        );
        assert_eq!(left, expected);
    };
    left("1p 1m 1f 1z Services");
    left("0p 1m 1f 1z Services");
    left("0p 0m 1f 1z Services");
    left("0p 0m 0f 1z Services");
    left("0p 0m 0f 0z Services");
    left("0p 0m 0f 0z Environments");
}

#[test]
fn zoom_gives_the_focused_pane_the_whole_screen() {
    let mut world = shop().play().sized(120, 40);
    assert!(text(&world).contains(" environments ") && text(&world).contains("report of ready"));
    world.press("z");
    assert!(!text(&world).contains(" environments ") && !text(&world).contains("report of ready"));
    world.press("z");
    assert!(text(&world).contains(" environments "));
}

#[test]
fn scrolling_stops_at_the_end_and_comes_back_at_once() {
    let mut world = shop().play().sized(80, 24).after("v G");
    let end = text(&world);
    world.press("j j pagedown");
    assert_eq!(text(&world), end);
    world.press("k");
    assert_ne!(text(&world), end);
    world.press("? G");
    let end = text(&world);
    world.press("G j");
    assert_eq!(text(&world), end);
    world.press("k");
    assert_ne!(text(&world), end);
}

#[test]
fn a_chosen_environment_that_vanishes_leaves_the_first() {
    let mut world = shop().play().after("] j");
    world.store = quarterdeck::store::Store::default();
    assert!(rows::selected(&world.store, &world.ui, world.now).is_none());
    world.press("j k enter n ] 1 y");
    world.store = crate::world::deck(crate::decks::SHOP).pass("qa/payroll/live", 1).play().store;
    assert_eq!(world.ui.environment, Some(EnvironmentId::new("qa")));
    assert_eq!(selected(&world), service("qa/payroll"));
    world.happens("qa/payroll/ready", Observation::pass(ms(4)));
    assert_eq!(selected(&world), service("qa/payroll"));
}
