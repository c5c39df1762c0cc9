//! Keys and keymaps from the outside: what is written is what happens.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use proptest::prelude::*;

use super::*;

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

fn load(text: &str) -> Keymap {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), text).unwrap();
    let (keymap, faults) = KeymapBook::new(&[folder.path().to_owned()]).load("mine");
    assert!(faults.is_empty(), "{}", faults[0]);
    keymap.unwrap()
}

#[test]
fn every_way_a_terminal_reports_a_key_is_the_same_key() {
    let event = |code, modifiers| Key::from_event(&KeyEvent::new(code, modifiers)).unwrap();
    let (none, shift, ctrl) = (KeyModifiers::NONE, KeyModifiers::SHIFT, KeyModifiers::CONTROL);
    for (code, modifiers, text) in [
        (KeyCode::Char('G'), shift, "shift-g"),
        (KeyCode::Char('G'), none, "G"),
        (KeyCode::Char('g'), shift, "G"),
        (KeyCode::Char('X'), ctrl | shift, "ctrl-x"),
        (KeyCode::Char('x'), ctrl, "ctrl-X"),
        (KeyCode::BackTab, shift, "shift-tab"),
        (KeyCode::BackTab, none, "shift-tab"),
        (KeyCode::Tab, shift, "shift-tab"),
        (KeyCode::Char('?'), shift, "?"),
        (KeyCode::Char(' '), none, "space"),
        (KeyCode::Char('-'), none, "minus"),
        (KeyCode::Char('<'), KeyModifiers::ALT, "alt-<"),
        (KeyCode::F(5), none, "f5"),
    ] {
        assert_eq!(event(code, modifiers), key(text), "{code:?} {modifiers:?}");
    }
}

#[test]
fn a_key_let_go_is_no_key_and_a_key_held_is() {
    let of = |kind| Key::from_event(&KeyEvent::new_with_kind(KeyCode::Enter, KeyModifiers::NONE, kind));
    assert_eq!(of(KeyEventKind::Release), None);
    assert_eq!(of(KeyEventKind::Repeat), Some(key("enter")));
    assert_eq!(Key::from_event(&KeyEvent::new(KeyCode::CapsLock, KeyModifiers::NONE)), None);
}

#[test]
fn keys_are_written_back_in_one_form() {
    for (text, form) in [
        ("shift-g", "G"),
        ("ctrl-X", "ctrl-x"),
        ("alt-ctrl-x", "ctrl-alt-x"),
        ("minus", "-"),
        ("ctrl--", "ctrl-minus"),
        ("ctrl-minus", "ctrl-minus"),
        ("+", "+"),
        ("ctrl-plus", "ctrl-plus"),
        ("é", "é"),
        ("shift-up", "shift-up"),
        ("ctrl-space", "ctrl-space"),
        ("f12", "f12"),
        ("f", "f"),
    ] {
        assert_eq!(key(text).to_string(), form);
    }
}

#[test]
fn habits_of_other_programs_are_answered_with_the_right_form() {
    let help = |text: &str| Key::parse(text).unwrap_err().help;
    for (text, right) in [
        ("C-x", "ctrl-x"),
        ("<C-x>", "ctrl-x"),
        ("^x", "ctrl-x"),
        ("Ctrl+X", "ctrl-x"),
        ("M-x", "alt-x"),
        ("S-Tab", "shift-tab"),
        ("<CR>", "enter"),
        ("PgUp", "pageup"),
        ("page-down", "pagedown"),
        ("F5", "f5"),
        ("Esc", "esc"),
        ("entre", "enter"),
    ] {
        assert_eq!(help(text), format!("did you mean `{right}`?"), "{text}");
    }
    assert!(help("ctrl-shift-x").contains("`ctrl-x`"));
    assert!(help("shift-1").contains("together"));
    assert!(help("wat").starts_with("keys are written"));
}

#[test]
fn a_keymap_changes_only_what_it_says() {
    let keymap = load(
        "inherits = 'default'\n[global]\n'ctrl-c' = ''\n't' = 'theme'\n[list]\n'g g' = 'first'\n[names]\n'g' = 'go to'",
    );
    assert_eq!(keymap.keys_of(Command::Quit), ["q"]);
    // The leaf takes the place of the inherited prefix, the prefix of the inherited leaf.
    assert_eq!(keymap.keys_of(Command::Keymap), Vec::<String>::new());
    assert_eq!(keymap.keys_of(Command::Theme), ["t"]);
    assert_eq!(keymap.resolve(&[Scope::List], &[], key("g")), Resolved::Pending);
    assert_eq!(keymap.resolve(&[Scope::List], &[key("g")], key("g")), Resolved::Command(Command::First));
    assert_eq!(keymap.resolve(&[Scope::List], &[key("g")], key("x")), Resolved::Unbound);
    assert_eq!(keymap.prefix_name(&[key("g")]), Some("go to"));
}

#[test]
fn unbinding_a_prefix_unbinds_all_behind_it_and_the_line_order_does_not_matter() {
    let keymap = load("inherits = 'default'\n[global]\n't x' = 'theme'\n't' = ''");
    assert_eq!(keymap.keys_of(Command::Theme), ["t x"]);
    assert_eq!(keymap.keys_of(Command::Keymap), Vec::<String>::new());
}

#[test]
fn words_from_a_file_bring_no_control_sequences_to_the_screen() {
    let keymap =
        load("about = \"a\\u001b[31mb\"\n[global]\n't t' = 'theme'\n[names]\n't' = \"\\u001b]0;x\\u0007look\"");
    assert!(!keymap.about().contains('\u{1b}'), "{}", keymap.about());
    assert!(keymap.prefix_name(&[key("t")]).is_some_and(|name| !name.contains(['\u{1b}', '\u{7}'])));
}

#[test]
fn the_earlier_scope_wins_and_prefixes_of_both_lead_on() {
    let keymap = load("[list]\n'g g' = 'first'\n'a' = 'mark'\n[global]\n'g t' = 'theme'\n'a' = 'help'");
    let scopes = [Scope::List, Scope::Global];
    assert_eq!(keymap.resolve(&scopes, &[], key("a")), Resolved::Command(Command::Mark));
    assert_eq!(keymap.resolve(&scopes, &[key("g")], key("t")), Resolved::Command(Command::Theme));
    let found = keymap.continuations(&scopes, &[]);
    assert_eq!(found[1], (key("g"), Continuation::Prefix { name: None, commands: 2 }));
    let found = keymap.continuations(&scopes, &[key("g")]);
    let expected = [("g", Command::First), ("t", Command::Theme)];
    assert_eq!(found, expected.map(|(k, c)| (key(k), Continuation::Command(c))));
    assert!(keymap.continuations(&scopes, &[key("a")]).is_empty());
}

#[test]
fn the_listing_tells_every_command_and_its_shortest_key_first() {
    let text = listing(&KeymapBook::new(&[]).load(DEFAULT).0.unwrap());
    assert!(text.contains("global   q, ctrl-c"), "{text}");
    assert_eq!(text.lines().count(), Command::ALL.len() + 1);
    assert!(text.lines().all(|line| line == line.trim_end()));
}

proptest! {
    #[test]
    fn no_key_text_panics_and_what_is_read_is_written_back_the_same(text in "(ctrl-|alt-|shift-|C-|\\^|<|.){0,3}.{0,4}") {
        if let Ok(key) = Key::parse(&text) {
            prop_assert_eq!(Key::parse(&key.to_string()), Ok(key), "{}", text);
        }
    }

    #[test]
    fn no_keymap_text_panics(lines in prop::collection::vec(
        prop_oneof![
            Just("[global]".to_owned()),
            Just("[input]".to_owned()),
            Just("[names]".to_owned()),
            "\"(ctrl-)?[a-cé ]{0,5}\" = (\"(quit|up|accept)?\"|[0-9]|\\{\\})",
            ".{0,30}",
        ],
        0..6,
    )) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("wild.toml");
        std::fs::write(&path, lines.join("\n")).unwrap();
        for fault in book::check(&path) {
            prop_assert!(!fault.to_string().is_empty());
        }
    }
}
