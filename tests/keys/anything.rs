//! Whatever is pressed, in whatever order, at whatever size: nothing panics, every frame can be drawn, and nothing acts
//! that must not.

use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use quarterdeck::command::{Command, Risk};
use quarterdeck::keymap::{Code, Key};
use quarterdeck::model::{Level, Tier};
use quarterdeck::ui::Pane;
use quarterdeck::ui::state::Popup;
use quarterdeck::update::{self, Effect};

use crate::decks::{SHOP, shop, unreachable};
use crate::logged::{logged, long, troubled};
use crate::look::draw;
use crate::runs::{acting, card, failing, plan, running};
use crate::world::{World, deck, keymap};
use crate::worlds::{hundred, locked, refused};

/// Something that a person or a terminal does.
#[derive(Clone, Debug)]
enum Deed {
    Command(Command),
    Key(Key),
    Paste(String),
    Mouse(MouseEventKind, u16, u16),
    Resize(u16, u16),
    Wait(i64),
}

fn key() -> impl Strategy<Value = Key> {
    let code = prop_oneof![
        6 => any::<char>().prop_filter("printable", |c| !c.is_control()).prop_map(Code::Char),
        6 => "[a-zA-Z0-9 /:?!\\[\\]]".prop_map(|s| Code::Char(s.chars().next().unwrap())),
        4 => proptest::sample::select(vec![
            Code::Enter, Code::Esc, Code::Tab, Code::Backspace, Code::Delete, Code::Up, Code::Down, Code::Left, Code::Right,
            Code::Home, Code::End, Code::PageUp, Code::PageDown, Code::Function(1),
        ]),
    ];
    (code, prop::bool::weighted(0.2), prop::bool::weighted(0.1), any::<bool>())
        .prop_map(|(code, ctrl, alt, shift)| Key::new(code, ctrl, alt, shift))
}

fn deed() -> impl Strategy<Value = Deed> {
    let kind = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Moved,
    ]);
    prop_oneof![
        5 => proptest::sample::select(Command::ALL).prop_map(Deed::Command),
        6 => key().prop_map(Deed::Key),
        1 => any::<String>().prop_map(Deed::Paste),
        2 => (kind, 0..250_u16, 0..80_u16).prop_map(|(kind, x, y)| Deed::Mouse(kind, x, y)),
        1 => (0..220_u16, 0..70_u16).prop_map(|(columns, lines)| Deed::Resize(columns, lines)),
        1 => (-5000..5000_i64).prop_map(Deed::Wait),
    ]
}

fn perform(world: &mut World, deed: Deed) -> Vec<Effect> {
    match deed {
        Deed::Command(command) => return update::update(&mut world.ui, &world.store, command, world.now),
        Deed::Key(key) => return world.key(key),
        Deed::Paste(text) => update::paste(&mut world.ui, &world.store, &text, world.now),
        Deed::Mouse(kind, column, row) => {
            let event = MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE };
            update::mouse(&mut world.ui, &world.store, event, world.now);
        }
        Deed::Resize(columns, lines) => world.ui.size = (columns, lines),
        Deed::Wait(seconds) => world.wait(seconds),
    }
    Vec::new()
}

fn some_world(which: u8) -> World {
    match which % 13 {
        0 => shop().play(),
        1 => unreachable().play(),
        2 => deck(SHOP).play(),
        3 => refused().play(),
        4 => hundred().play(),
        5 => running().after("6"),
        6 => failing().after("6"),
        7 => card(plan("production/sales", Tier::Production, Level::Typed, &["web-1", "web-2"]), true),
        10 => logged().after("4"),
        11 => troubled().after("4 0"),
        12 => long(300).after("4 up"),
        8 => acting().play().after("r").typed("deploy").after("enter"),
        _ => deck("name = \"empty\"\n").play(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nothing_that_is_done_breaks_the_console(
        which in any::<u8>(),
        map in proptest::sample::select(vec!["default", "vim", "emacs"]),
        size in prop_oneof![Just((1_u16, 1_u16)), (1..220_u16, 1..70_u16), Just((80, 24)), Just((40, 10))],
        (demo, read_only) in any::<(bool, bool)>(),
        deeds in prop::collection::vec(deed(), 1..30),
    ) {
        let mut world = some_world(which).sized(size.0, size.1);
        world.keymap = keymap(map);
        (world.ui.demo, world.ui.read_only) = (demo, read_only);
        for deed in deeds {
            let effects = perform(&mut world, deed);
            draw(&world);
            let faults = effects.iter().any(|e| matches!(e, Effect::DemoFault(..)));
            prop_assert!(!faults || (demo && !read_only), "{effects:?}");
            let acts = |e: &Effect| matches!(e, Effect::Shell(_) | Effect::Forward { .. });
            prop_assert!(!read_only || !effects.iter().any(acts), "{effects:?}");
            let decides = |e: &Effect| {
                matches!(e, Effect::Run { .. } | Effect::Interrupt { .. } | Effect::Answer { .. } | Effect::Drain { .. }
                    | Effect::Tick { .. } | Effect::BreakLock { .. } | Effect::Arm { .. })
            };
            prop_assert!(!read_only || !effects.iter().any(decides), "{effects:?}");
        }
    }
}

#[test]
fn every_command_works_in_every_pane_and_popup_at_every_size() {
    let asked = refused().play().after("K").ui.popups;
    let unlock = locked().play().after("K").typed("x").ui.popups;
    let popups: [&[Popup]; 8] = [
        &[],
        &[Popup::Help(3)],
        &[Popup::Faults(1)],
        &[Popup::Palette(quarterdeck::ui::popup::palette::Palette::default())],
        &[Popup::Help(0), Popup::Filter(quarterdeck::ui::edit::Edit::new("a"))],
        &[Popup::Forwards(Some(1))],
        &asked,
        &unlock,
    ];
    for (columns, lines) in [(1, 1), (80, 24)] {
        let mut world = shop().play().sized(columns, lines);
        world.ui.demo = true;
        let before = world.ui.clone();
        for (pane, popups) in Pane::ALL.into_iter().flat_map(|p| popups.map(|popups| (p, popups))) {
            for command in Command::ALL {
                world.ui = before.clone();
                (world.ui.focus, world.ui.popups) = (pane, popups.to_vec());
                let effects = update::update(&mut world.ui, &world.store, *command, world.now);
                draw(&world);
                let acted = effects.iter().any(|e| matches!(e, Effect::DemoFault(..)));
                let through_palette = matches!(popups, [Popup::Palette(_)]) && *command == Command::Accept;
                assert!(!acted || command.risk() == Risk::Acts || through_palette, "{command}: {effects:?}");
            }
        }
    }
}
