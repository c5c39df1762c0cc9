//! How it looks in windows of many sizes and in terminals that can do less. Never tells where something stands.

use super::{LARGE, SMALL, Stage, Terminal, moored, paused};

#[test]
fn the_words_are_right_in_a_window_of_any_size() {
    let (_stage, mut terminal) = moored(5, LARGE);
    terminal.resize(SMALL);
    terminal.shows("s04");
    terminal.hides("words of");
    terminal.resize((20, 5));
    terminal.shows("too small");
    terminal.hides("s04");
    terminal.resize((200, 60));
    terminal.shows("words of s00");
    terminal.shows("s04");
    for size in [(1, 1), (2, 200), (300, 1), (41, 11), (500, 120), (40, 10), LARGE] {
        terminal.resize(size);
    }
    terminal.shows("words of s00");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn popups_keep_up_with_a_window_that_shrinks() {
    let (_stage, mut terminal) = moored(5, LARGE);
    terminal.press("?");
    terminal.shows("Leave the console");
    for size in [(40, 10), (39, 9), (3, 2), SMALL] {
        terminal.resize(size);
    }
    terminal.shows("Leave the console");
    terminal.press("?");
    terminal.press(":");
    terminal.shows("palette");
    for size in [(40, 10), (5, 5), LARGE] {
        terminal.resize(size);
    }
    terminal.shows("Find and run a command by name");
    terminal.press("\x03q");
    terminal.ends_well(0);
}

/// Whether anything on the screen has a colour.
fn is_coloured(terminal: &Terminal) -> bool {
    let screen = terminal.screen();
    let (lines, columns) = screen.size();
    let cells = (0..lines.get()).flat_map(|line| (0..columns.get()).filter_map(move |c| screen.cell(line, c)));
    cells.into_iter().any(|c| c.fgcolor() != vt100::Color::Default || c.bgcolor() != vt100::Color::Default)
}

#[test]
fn with_no_color_nothing_is_coloured() {
    let stage = Stage::new(&paused(3));
    let mut terminal = Terminal::qd(&stage, LARGE, &[]);
    terminal.shows("s02");
    terminal.until("a colour", is_coloured);
    terminal.press("q");
    terminal.ends_well(0);

    for arguments in [&[][..], &["--theme", "dark"]] {
        let mut terminal = Terminal::qd_with(&stage, LARGE, arguments, &[("NO_COLOR", "1")]);
        terminal.shows("s02");
        for keys in ["?", "?:", "\x03]", "/s", "\x03"] {
            terminal.press(keys);
            terminal.take_in(std::time::Duration::from_millis(50));
            assert!(!is_coloured(&terminal), "{arguments:?} after {keys:?}:\n{}", terminal.text());
        }
        terminal.press("q");
        terminal.ends_well(0);
    }
}

#[test]
fn in_ascii_every_character_is() {
    for (arguments, variables) in [(&["--ascii"][..], &[][..]), (&[], &[("LANG", "C")])] {
        let stage = Stage::new(&paused(3));
        let mut terminal = Terminal::qd_with(&stage, LARGE, arguments, variables);
        terminal.shows("s02");
        for keys in [":", "\x03]", "/s", "\r", "\x1b", "!", "!", "?", "?", "t", "\x1b"] {
            terminal.press(keys);
            terminal.take_in(std::time::Duration::from_millis(50));
        }
        terminal.press("q");
        terminal.ends_well(0);
        let raw = String::from_utf8_lossy(terminal.raw()).into_owned();
        let others: String = raw.chars().filter(|c| !c.is_ascii()).collect();
        assert_eq!(others, "", "{arguments:?} {variables:?}");
    }
}

#[test]
fn a_dumb_terminal_is_drawn_to_without_colours() {
    let stage = Stage::new(&paused(3));
    let mut terminal = Terminal::qd_with(&stage, SMALL, &[], &[("TERM", "dumb")]);
    terminal.shows("s02");
    assert!(!is_coloured(&terminal), "{}", terminal.text());
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn a_window_that_changes_while_a_key_is_on_its_way_is_drawn_anew() {
    let (_stage, mut terminal) = moored(5, SMALL);
    // The start of an arrow key, or of an answer that a slow line cuts.
    terminal.press("\x1b[");
    terminal.take_in(std::time::Duration::from_millis(50));
    terminal.resize((20, 5));
    terminal.shows("too small");
    terminal.resize(LARGE);
    terminal.shows("words of s00");
    terminal.press("Bq");
    terminal.ends_well(0);
}

#[test]
fn a_screen_that_another_program_wrote_on_is_drawn_anew_on_a_key() {
    let (_stage, mut terminal) = moored(2, SMALL);
    let drawn = |t: &Terminal| t.raw().windows(7).filter(|w| w == b"laid up").count();
    let before = drawn(&terminal);
    terminal.press("\x0c");
    terminal.until("the same words again", |t| drawn(t) >= 2 * before);
    terminal.shows("s01");
    terminal.press("q");
    terminal.ends_well(0);
}
