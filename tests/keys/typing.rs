//! Typing: filters, the palette, sequences of keys, pasted text.

use quarterdeck::command::{Command, Scope};
use quarterdeck::ui::{Pane, rows};
use quarterdeck::update::{Effect, paste};

use crate::decks::shop;
use crate::keys_of;
use crate::look::text;
use crate::moving::selected;
use crate::world::{World, keymap, service};

fn names(world: &World) -> Vec<String> {
    let rows = rows::services(&world.store, &world.ui, world.now);
    rows.iter().map(|s| s.declared().id.name.to_string()).collect()
}

#[test]
fn a_filter_narrows_while_typed_and_is_kept_or_dropped() {
    let mut world = shop().play().after("/").typed("refused");
    assert_eq!(names(&world), ["sales", "gifts"]);
    world.press("esc");
    assert_eq!(names(&world).len(), 8, "cancelled");
    world.press("/");
    world.write("!health:healthy");
    world.press("enter");
    assert!(!names(&world).contains(&"common".to_owned()) && text(&world).contains("/!health:healthy"));
    world.press("/ ctrl-u");
    world.write("~pyrl");
    assert_eq!(names(&world), ["payroll"]);
    world.press("esc");
    assert!(text(&world).contains("/!health:healthy"), "the one taken before stays");
    world.press("esc");
    assert_eq!(names(&world).len(), 8, "back drops it");
}

#[test]
fn what_a_filter_showed_stays_selected_without_it() {
    let mut world = shop().play().after("/").typed("gifts").after("enter");
    assert_eq!(selected(&world), service("production/gifts"));
    world.press("esc");
    assert_eq!((selected(&world), names(&world).len()), (service("production/gifts"), 8));
}

#[test]
fn each_pane_has_a_filter_of_its_own() {
    let mut world = shop().play().after("/").typed("sales").after("enter 1 /").typed("staging").after("enter");
    let shown = text(&world);
    assert!(shown.contains("environments /staging") && !shown.contains("sandbox  "), "{shown}");
    world.press("2");
    assert!(text(&world).contains("/sales"));
    world.press("1 esc 2");
    assert!(text(&world).contains("/sales") && world.ui.filter(Pane::Environments).is_none());
}

#[test]
fn arrows_move_in_the_list_that_is_being_narrowed() {
    let mut world = shop().play().after("/").typed("refused").after("down");
    assert_eq!(selected(&world), service("production/gifts"));
    world.press("up");
    assert_eq!(selected(&world), service("production/sales"));
}

#[test]
fn the_palette_finds_and_runs() {
    for (typed, effects) in [
        ("quit", vec![Effect::Quit]),
        ("probe now", vec![Effect::ProbeNow(vec![service("production/sales")])]),
        ("theme dark", vec![Effect::UseTheme("dark".into())]),
        ("keymap vim", vec![Effect::UseKeymap("vim".into())]),
        ("reload", vec![Effect::Reload]),
        ("zzqx", vec![]),
    ] {
        let mut world = shop().play().after(":").typed(typed);
        assert_eq!(world.press("enter"), effects, "{typed}");
        assert!(world.ui.popups.is_empty());
    }
    let world = shop().play().after(":").typed("environment qa").after("enter");
    assert_eq!((selected(&world), world.ui.focus), (service("qa/sales"), Pane::Services));
    let world = shop().play().after("/").typed("zebra").after("enter :").typed("service qa/payroll").after("enter");
    assert_eq!((selected(&world), world.ui.focus), (service("qa/payroll"), Pane::Detail));
    let world = shop().play().after("t t").typed("mo");
    assert!(text(&world).contains("Use the theme mono"), "{}", text(&world));
}

#[test]
fn the_palette_chooses_completes_and_edits() {
    let mut world = shop().play().after(":").typed("qit").after("left left").typed("u").after("end tab");
    assert!(text(&world).contains(": quit"), "{}", text(&world));
    assert_eq!(world.press("enter"), [Effect::Quit]);
    let mut world = shop().play().after(":").typed("theme ").after("down down up");
    let chosen = text(&world).lines().find(|l| l.contains('▌') && l.contains("theme")).unwrap().to_owned();
    let effect = world.press("enter");
    let Some(Effect::UseTheme(name)) = effect.first() else { panic!("{effect:?} of {chosen}") };
    assert!(chosen.contains(&format!("theme {name}")));
    let mut world = shop().play().after(":").typed("one two").after("ctrl-w backspace ctrl-a delete");
    assert!(text(&world).contains(": ne"));
    world.press("ctrl-u esc");
    assert!(world.ui.popups.is_empty());
}

#[test]
fn letters_are_commands_in_lists_and_text_while_typing() {
    let mut world = shop().play().after("/ q p P n");
    assert!(text(&world).contains("/qpPn"), "{}", text(&world));
    world.press("ctrl-c");
    assert!(world.ui.popups.is_empty() && names(&world).len() == 8);
}

#[test]
fn a_sequence_waits_and_an_unknown_one_is_told() {
    let mut world = shop().play().after("t");
    assert_eq!(world.ui.pending.len(), 1);
    assert!(!text(&world).contains("Choose a theme"), "not before a hesitation");
    world.wait(1);
    assert!(text(&world).contains("Choose a theme"));
    world.press("w");
    assert!(world.ui.pending.is_empty() && text(&world).contains("t w does nothing here"));
    world.press("t esc");
    assert!(world.ui.pending.is_empty() && world.ui.focus == Pane::Services);
    world.keymap = keymap("emacs");
    assert_eq!(world.press("ctrl-x ctrl-c"), [Effect::Quit]);
    world.keymap = keymap("vim");
    assert_eq!(world.press("Z Z"), [Effect::Quit]);
}

#[test]
fn pasted_text_is_typed_where_text_is_typed_and_dropped_elsewhere() {
    let mut world = shop().play();
    paste(&mut world.ui, &world.store, "q\nrm -rf /\n", world.now);
    assert!(text(&world).contains("pasted text is not taken for keys"));
    world.press(":");
    paste(&mut world.ui, &world.store, "quit\n", world.now);
    assert!(text(&world).contains(": quit") && world.ui.popups.len() == 1, "a pasted newline does not run it");
    world.press("esc /");
    paste(&mut world.ui, &world.store, "\x1b[31msales", world.now);
    assert_eq!(names(&world), ["sales"]);
}

#[test]
fn help_lists_every_command_of_the_live_keymap() {
    for name in ["default", "vim", "emacs"] {
        for demo in [false, true] {
            let mut world = shop().play().sized(120, 160);
            world.keymap = keymap(name);
            world.ui.demo = demo;
            let help = keys_of(Command::Help, &world);
            world.press(&help);
            let shown = text(&world);
            for command in Command::ALL {
                let listed = shown.contains(&format!(" {}", command.doc()));
                assert_eq!(listed, demo || command.scope() != Scope::Demo, "{command} in {name}\n{shown}");
            }
        }
    }
}
