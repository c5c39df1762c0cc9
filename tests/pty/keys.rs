//! What is typed, pasted, clicked and what only looks like it: the console does what was meant, and nothing by accident.

use std::time::Duration;

use tokio::time::Instant;

use super::{LARGE, SMALL, moored};

#[test]
fn pasted_text_is_not_taken_for_keys_and_that_is_told() {
    let (_stage, mut terminal) = moored(3, SMALL);
    terminal.press("\x1b[200~quit q\rq\x1b[201~");
    terminal.shows("pasted");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn pasted_text_is_typed_where_text_is_typed() {
    let (_stage, mut terminal) = moored(12, SMALL);
    terminal.press("/");
    terminal.press("\x1b[200~s07\x1b[201~");
    terminal.hides("s03");
    terminal.shows("s07");
    terminal.press("\r");
    terminal.press("\x1b");
    terminal.shows("s03");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn a_key_held_down_neither_freezes_nor_outlives_the_next_key() {
    let (_stage, mut terminal) = moored(40, LARGE);
    terminal.press("j".repeat(2000));
    terminal.shows("words of s39");
    terminal.press("j".repeat(2000));
    let began = Instant::now();
    terminal.press("q");
    terminal.ends_well(0);
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[test]
fn escape_sequences_nobody_knows_do_no_harm() {
    let (_stage, mut terminal) = moored(3, SMALL);
    for odd in [
        "\x1b[99~",
        "\x1b[1;99;7X",
        "\x1bOZ",
        "\x1b[?1;2c",
        "\x1b[<999;999;999M",
        "\x1b[I",
        "\x1b[O",
        "\x1b[200;5u",
        "\x1b]11;rgb:0000/0000/0000\x1b\\",
        "\x1bP1$r0m\x1b\\",
    ] {
        terminal.press(odd);
        terminal.take_in(Duration::from_millis(20));
    }
    // A lone escape may stand before what comes next; a whole one closes whatever was opened.
    terminal.press("\x1b");
    terminal.take_in(Duration::from_millis(50));
    terminal.press("?");
    terminal.shows("Leave the console");
    // Out of the popup, then out of the console.
    terminal.press("\x03");
    terminal.press("\x03");
    terminal.ends_well(0);
}

#[test]
fn an_arrow_key_that_arrives_in_pieces_is_an_arrow_key() {
    let (_stage, mut terminal) = moored(3, LARGE);
    terminal.shows("words of s00");
    terminal.press("\x1b[");
    terminal.take_in(Duration::from_millis(120));
    terminal.press("B");
    terminal.shows("words of s01");
    // Cut right behind the escape it cannot be told from the key Esc; it must still do no harm.
    terminal.press("\x1b");
    terminal.take_in(Duration::from_millis(120));
    terminal.press("[B");
    terminal.press("2j");
    terminal.shows("words of s02");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn garbage_does_not_end_the_console_and_the_keys_work_after_it() {
    let (_stage, mut terminal) = moored(3, SMALL);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    })
    // Not the keys that leave, suspend or begin what has no end: escape, q, ctrl-c, ctrl-z, enter (of the palette).
    .filter(|byte| !matches!(byte, 0x1b | b'q' | 0x03 | 0x1a | b'\r' | b'\n'))
    .take(8192)
    .collect();
    for piece in noise.chunks(1024) {
        terminal.press(piece);
    }
    // The end of a character that was cut, then out of whatever stands open.
    terminal.press("aaaa");
    for _ in 0..10 {
        terminal.press("\x1b");
        terminal.take_in(Duration::from_millis(20));
    }
    terminal.press("?");
    terminal.shows("Leave the console");
    terminal.press("q");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn a_click_on_a_service_selects_it() {
    let (_stage, mut terminal) = moored(5, LARGE);
    terminal.shows("words of s00");
    let lines: Vec<String> = terminal.screen().rows(0, LARGE.0).collect();
    let line = lines.iter().position(|l| l.contains("s03")).unwrap();
    let column = lines[line].split("s03").next().unwrap().chars().count();
    terminal.press(format!("\x1b[<0;{};{}M\x1b[<0;{0};{1}m", column + 1, line + 1));
    terminal.shows("words of s03");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn without_the_mouse_none_is_asked_for() {
    let stage = super::Stage::new(&super::paused(1));
    let mut terminal = super::Terminal::qd(&stage, SMALL, &["--no-mouse"]);
    terminal.shows("s00");
    assert_eq!(terminal.screen().mouse_protocol_mode(), vt100::MouseProtocolMode::None);
    assert!(terminal.screen().bracketed_paste());
    terminal.press("q");
    terminal.ends_well(0);
}
