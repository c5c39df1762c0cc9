//! The console and its deck: none, one that hangs, one that changes under it, one in which nothing happens.

use std::net::TcpListener;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::{LARGE, SMALL, Stage, Terminal, moored, paused};

#[test]
fn without_a_deck_it_tells_what_to_do() {
    let stage = Stage::empty();
    let mut terminal = Terminal::qd(&stage, SMALL, &[]);
    terminal.ends_well(2);
    let text = terminal.text();
    assert!(text.contains("qd init") && text.contains("qd demo"), "{text}");
    assert!(!terminal.raw().windows(8).any(|w| w == b"\x1b[?1049h"), "the screen was taken for it");
}

#[test]
fn without_a_terminal_it_tells_what_to_use_instead() {
    let stage = Stage::new(&paused(1));
    for arguments in [&[][..], &["demo"]] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_qd"));
        command.args(arguments).current_dir(stage.work()).envs(stage.variables()).env_remove("QUARTERDECK_DECK");
        let output = command.stdin(std::process::Stdio::null()).output().unwrap();
        let told = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("needs a terminal") && told.contains("qd status"), "{told}");
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn black_holes_delay_neither_the_first_words_nor_the_end() {
    // Connections are made by the kernel, and nobody ever answers on them.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = silent.local_addr().unwrap();
    let mut deck = "[defaults]\nevery = \"40s\"\ntimeout = \"30s\"\n[environments.harbour]\n\
                    tier = \"development\"\n"
        .to_owned();
    for number in 0..30 {
        deck += &format!(
            "[environments.harbour.services.s{number:02}]\nprobes.http = {{ http = \"http://{address}/\" }}\n\
             probes.tls = {{ tls = \"{address}\" }}\nprobes.wait = {{ command = [\"sleep\", \"29\"] }}\n"
        );
    }
    let stage = Stage::new(&deck);
    let began = Instant::now();
    let mut terminal = Terminal::qd(&stage, LARGE, &[]);
    terminal.shows("s07");
    let first = began.elapsed();
    // Probes are looking from here on; how many does not matter.
    terminal.take_in(Duration::from_millis(400));
    let began = Instant::now();
    terminal.press("q");
    terminal.ends_well(0);
    let left = began.elapsed();
    println!("first words after {first:?}, left after {left:?}");
    // Loose: other tests keep both cores busy. Nothing near the thirty seconds that the probes take.
    assert!(first < Duration::from_secs(3) && left < Duration::from_secs(2), "{first:?} {left:?}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_command_that_hangs_does_not_outlive_the_console() {
    use super::support::process::{children, is_alive};
    let stage = Stage::new(
        "[environments.harbour]\ntier = \"development\"\n[environments.harbour.services.slow]\n\
         probes.wait = { command = [\"sleep\", \"31\"], every = \"60s\", timeout = \"50s\" }\n",
    );
    let mut terminal = Terminal::qd(&stage, SMALL, &[]);
    terminal.shows("slow");
    terminal.until("the command", |t| !children(t.id()).is_empty());
    let commands = children(terminal.id());
    terminal.press("q");
    terminal.ends_well(0);
    terminal.until("the end of the command", |_| commands.iter().all(|pid| !is_alive(*pid)));
}

#[test]
fn a_deck_that_is_edited_is_followed_and_a_broken_edit_takes_nothing_away() {
    let (stage, mut terminal) = moored(2, LARGE);
    terminal.hides("fault");
    stage.write_deck(&paused(3));
    terminal.shows("s02");
    let broken = paused(3).replace("tcp = \"127.0.0.1:1\" }\n", "tpc = \"127.0.0.1:1\" }\n");
    stage.write_deck(&broken);
    terminal.shows("fault");
    stage.write_deck(&(paused(3) + "\nthis is no TOML\n"));
    terminal.take_in(Duration::from_millis(400));
    terminal.shows("fault");
    stage.write_deck(&paused(4));
    terminal.shows("s03");
    terminal.hides("fault");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn a_broken_edit_leaves_the_services_of_before_on_the_screen() {
    let (stage, mut terminal) = moored(2, LARGE);
    for broken in ["[environments.harbour\n".to_owned(), paused(2).replace("probes.live", "probes.live.probes.x")] {
        stage.write_deck(&broken);
        terminal.shows("fault");
        assert!(terminal.text().contains("s00") && terminal.text().contains("s01"), "{}", terminal.text());
        terminal.press("!");
        terminal.shows("quarterdeck.toml");
        terminal.press("!");
        stage.write_deck(&paused(2));
        terminal.hides("fault");
        terminal.shows("s01");
    }
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn where_nothing_happens_nothing_is_drawn() {
    let (stage, mut terminal) = moored(20, LARGE);
    #[cfg(target_os = "linux")]
    let before = super::support::process::processor_time(terminal.id());
    terminal.take_in(Duration::from_secs(5));
    #[cfg(target_os = "linux")]
    {
        // No thread looks whether something happened: 0.6 % of a core would be 30 ms.
        let spent = super::support::process::processor_time(terminal.id()).saturating_sub(before);
        assert!(spent < Duration::from_millis(30), "{spent:?} of work in 5 s of nothing");
    }
    terminal.signal(Signal::TERM);
    terminal.ends_well(0);
    let log = stage.log();
    let frames: u64 = log.split("frames=").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap();
    // The first, and one when the minute of the clock changes.
    assert!(frames <= 3, "{frames} frames in 5 s:\n{log}");
}

#[test]
fn environments_in_files_that_come_while_it_runs_are_read() {
    let stage = Stage::new(&paused(1));
    let mut terminal = Terminal::qd(&stage, LARGE, &[]);
    terminal.shows("s00");
    let folder = stage.work().join("environments");
    for name in ["north", "south"] {
        std::fs::create_dir_all(&folder).unwrap();
        let text = "tier = \"staging\"\nservices.boat = { paused = true, probes.live = { tcp = \"127.0.0.1:1\" } }\n";
        std::fs::write(folder.join(format!("{name}.toml")), text).unwrap();
        terminal.shows(name);
        std::fs::remove_dir_all(&folder).unwrap();
        terminal.shows("the deck was read again");
    }
    terminal.press("q");
    terminal.ends_well(0);
}
