//! The mouse: a click selects what is drawn under it, the wheel moves what it is over.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use quarterdeck::model::EnvironmentId;
use quarterdeck::ui::Pane;
use quarterdeck::update;

use crate::decks::{many, shop};
use crate::look::{draw, lines};
use crate::moving::selected;
use crate::world::{World, service};
use crate::worlds::lost;

const CLICK: MouseEventKind = MouseEventKind::Down(MouseButton::Left);

fn point(world: &mut World, kind: MouseEventKind, column: u16, row: u16) -> bool {
    let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
    update::mouse(&mut world.ui, &world.store, event, world.now)
}

/// The line in which a text is drawn.
fn line_of(world: &World, words: &str) -> u16 {
    let shown = lines(&draw(world));
    u16::try_from(
        shown.iter().position(|l| l.contains(words)).unwrap_or_else(|| panic!("{words} in\n{}", shown.join("\n"))),
    )
    .unwrap()
}

#[test]
fn a_click_on_either_line_of_a_row_selects_it() {
    for (words, name) in [
        ("● common    healthy", "common"),
        ("◌ inventory", "inventory"),
        ("no sample any more", "inventory"),
        ("permission denied", "nightly"),
        ("‖ reports", "reports"),
        ("maintenance until", "reports"),
    ] {
        for (columns, rows) in [(80, 24), (120, 40), (200, 60)] {
            let mut world = shop().play().sized(columns, rows);
            let y = line_of(&world, words);
            assert!(point(&mut world, CLICK, 45, y));
            assert_eq!(selected(&world), service(&format!("production/{name}")), "{words} at {columns}x{rows}");
        }
    }
}

#[test]
fn a_click_on_a_host_or_on_what_is_told_of_it_selects_it() {
    for (words, host) in [
        ("host vps ", Some("production/vps")),
        ("host edge ", Some("production/edge")),
        ("│ no answer from", Some("production/edge")),
        ("4m ago", Some("production/edge")),
        ("host qa-1", Some("qa/qa-1")),
        ("● qa  ", None),
        ("3 healthy", None),
    ] {
        let mut world = lost().play().sized(120, 40);
        let y = line_of(&world, words);
        assert!(point(&mut world, CLICK, 8, y));
        let chosen = quarterdeck::ui::host::selected(&world.store, &world.ui).map(|h| h.declared().id.to_string());
        assert_eq!((chosen.as_deref(), world.ui.focus), (host, Pane::Environments), "{words}");
    }
}

#[test]
fn a_click_in_a_scrolled_list_selects_the_row_under_it() {
    let mut world = many(1000).play().sized(80, 24).after("pagedown pagedown pagedown k k k k");
    for y in [3, 9, 20] {
        let rows = |world: &World| lines(&draw(world)).into_iter().map(|l| l.replace('▌', " ")).collect::<Vec<_>>();
        let before = rows(&world);
        let name = before[y].split_whitespace().find(|w| w.starts_with("svc-")).unwrap();
        point(&mut world, CLICK, 10, u16::try_from(y).unwrap());
        assert_eq!(selected(&world), service(&format!("production/{name}")));
        assert_eq!(rows(&world), before, "nothing moves under the mouse");
    }
}

#[test]
fn a_click_beside_the_rows_selects_nothing_but_focuses() {
    let mut world = shop().play().sized(120, 40).after("1");
    point(&mut world, CLICK, 60, 19);
    assert_eq!((selected(&world), world.ui.focus), (service("production/sales"), Pane::Services));
    point(&mut world, CLICK, 60, 30);
    assert_eq!(world.ui.focus, Pane::Detail);
    assert!(!point(&mut world, CLICK, 60, 0) && world.ui.focus == Pane::Detail);
}

#[test]
fn a_click_on_an_environment_shows_it() {
    let mut world = shop().play().sized(120, 40);
    let y = line_of(&world, "● qa  ");
    point(&mut world, CLICK, 5, y);
    assert_eq!((world.ui.focus, world.ui.environment.clone()), (Pane::Environments, Some(EnvironmentId::new("qa"))));
    let y = line_of(&world, "1 unknown");
    point(&mut world, CLICK, 5, y);
    assert_eq!(world.ui.environment, Some(EnvironmentId::new("sandbox")));
}

#[test]
fn the_wheel_moves_the_pane_under_it_and_leaves_the_focus() {
    let mut world = shop().play().sized(120, 40);
    point(&mut world, MouseEventKind::ScrollDown, 60, 30);
    assert_eq!((world.ui.focus, world.ui.scroll), (Pane::Services, 3));
    point(&mut world, MouseEventKind::ScrollUp, 60, 30);
    assert_eq!(world.ui.scroll, 0);
    point(&mut world, MouseEventKind::ScrollDown, 60, 5);
    assert_eq!(selected(&world), service("production/payroll"));
    point(&mut world, MouseEventKind::ScrollDown, 5, 5);
    assert_eq!((world.ui.focus, world.ui.environment.clone()), (Pane::Services, Some(EnvironmentId::new("sandbox"))));
}

#[test]
fn popups_take_the_wheel_and_a_click_closes_them() {
    for keys in ["?", ":"] {
        let mut world = shop().play().sized(80, 24).after(keys);
        point(&mut world, MouseEventKind::ScrollDown, 40, 10);
        assert_eq!(selected(&world), service("production/sales"), "{keys}");
        assert!(point(&mut world, CLICK, 40, 10) && world.ui.popups.is_empty(), "{keys}");
        assert_eq!((selected(&world), world.ui.focus), (service("production/sales"), Pane::Services));
    }
}

#[test]
fn while_a_filter_is_typed_a_click_selects_in_the_narrowed_list_alone() {
    let mut world = shop().play().sized(120, 40).after("/").typed("refused");
    let y = line_of(&world, "✕ gifts");
    point(&mut world, CLICK, 60, y);
    assert_eq!((selected(&world), world.ui.popups.len()), (service("production/gifts"), 1));
    assert!(!point(&mut world, CLICK, 5, 5) && world.ui.focus == Pane::Services);
    assert!(!point(&mut world, MouseEventKind::ScrollDown, 5, 5));
}
