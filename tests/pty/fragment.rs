//! The terminal guard alone, in a process of its own that fails on purpose: this test binary starts itself again and
//! plays one of these scenes in a pseudo terminal.

use std::io;

use portable_pty::CommandBuilder;
use quarterdeck::app::terminal::{Screen, install_panic_hook};
use ratatui::style::Style;

use super::{SMALL, Stage, Terminal};

/// Names the scene; without it the player below does nothing.
const SCENE: &str = "QD_TEST_SCENE";

/// Played in a process of its own; on its own it does nothing.
#[test]
fn scene() {
    let Ok(scene) = std::env::var(SCENE) else { return };
    install_panic_hook();
    match scene.as_str() {
        "panic" => {
            let mut screen = taken("about to fall");
            wait_for_key();
            screen.draw(|_| panic!("overboard")).unwrap();
        }
        "other thread" => {
            let mut screen = taken("all hands");
            let other = std::thread::spawn(|| panic!("another fell"));
            assert!(other.join().is_err());
            screen.draw(|frame| frame.buffer_mut().set_string(0, 1, "still afloat", Style::new())).unwrap();
            wait_for_key();
        }
        _ => {
            let failed = fails();
            println!("told: {}", failed.unwrap_err());
        }
    }
}

fn taken(words: &str) -> Screen {
    let mut screen = Screen::enter(true).unwrap();
    screen.draw(|frame| frame.buffer_mut().set_string(0, 0, words, Style::new())).unwrap();
    screen
}

fn fails() -> io::Result<()> {
    let _screen = taken("about to fail");
    wait_for_key();
    Err(io::Error::other("the disk is full"))
}

fn wait_for_key() {
    while !crossterm::event::read().unwrap().is_key_press() {}
}

fn play(stage: &Stage, scene: &str) -> Terminal {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "fragment::scene", "--nocapture"]);
    Terminal::start(stage, SMALL, command, &[(SCENE, scene)])
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_is_told() {
    let stage = Stage::empty();
    let mut terminal = play(&stage, "panic");
    terminal.shows("about to fall");
    assert!(terminal.is_taken());
    terminal.press("x");
    // The exit code of a test program whose test panicked; the words stand on the screen of the shell.
    terminal.ends_well(101);
    assert!(terminal.text().contains("overboard"), "{}", terminal.text());
}

#[test]
fn a_panic_on_another_thread_leaves_the_screen_alone() {
    let stage = Stage::empty();
    let mut terminal = play(&stage, "other thread");
    terminal.shows("still afloat");
    assert!(terminal.is_taken());
    assert!(!terminal.text().contains("another fell"), "{}", terminal.text());
    terminal.press("x");
    terminal.ends_well(0);
}

#[test]
fn an_error_gives_the_terminal_back_before_it_is_told() {
    let stage = Stage::empty();
    let mut terminal = play(&stage, "error");
    terminal.shows("about to fail");
    assert!(terminal.is_taken());
    terminal.press("x");
    terminal.ends_well(0);
    assert!(terminal.text().contains("told: the disk is full"), "{}", terminal.text());
}
