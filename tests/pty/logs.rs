//! Logs on the screen of the real console: lines as they are written, through rotation and truncation; what is older, what
//! is saved, and keys that answer while a flood of lines comes in.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use super::{SMALL, Stage, Terminal};

const DECK: &str = "name = \"yard\"\n[environments.harbour]\ntier = \"development\"\n\
                    [environments.harbour.services.crane]\npaused = \"laid up\"\nprobes.live = { tcp = \"127.0.0.1:1\" }\n\
                    logs.app = { file = \"app.log\" }\nlogs.err = { file = \"err.log\" }\n\
                    [environments.harbour.services.tug]\npaused = \"laid up\"\nprobes.live = { tcp = \"127.0.0.1:1\" }\n";

fn lines(from: usize, count: usize) -> String {
    let first: jiff::Timestamp = "2026-05-01T00:00:00Z".parse().unwrap();
    let line = |n: usize| {
        let at = first + jiff::SignedDuration::from_secs(i64::try_from(n).unwrap());
        format!("{at} INFO crate {n} was hoisted\n")
    };
    (from..from + count).map(line).collect::<Vec<_>>().concat()
}

struct Yard {
    stage: Stage,
    terminal: Terminal,
}

impl Yard {
    /// The console on its logs, of which one has so many lines.
    fn with(count: usize) -> Self {
        let stage = Stage::new(DECK);
        fs::write(stage.work().join("app.log"), lines(0, count)).unwrap();
        let mut terminal = Terminal::qd(&stage, SMALL, &[]);
        terminal.shows("crane");
        terminal.press("4");
        terminal.shows(&format!("crate {} was", count - 1));
        Self { stage, terminal }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.stage.work().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let file = OpenOptions::new().append(true).create(true).open(self.path(name));
        file.unwrap().write_all(text.as_bytes()).unwrap();
    }

    fn leave(mut self) {
        self.terminal.press("q");
        self.terminal.ends_well(0);
    }
}

#[test]
fn lines_are_shown_as_they_are_written_through_rotation_and_truncation() {
    let mut yard = Yard::with(30);
    yard.terminal.shows("err absent");
    yard.append("app.log", &lines(30, 1));
    yard.terminal.shows("crate 30 was");
    fs::rename(yard.path("app.log"), yard.path("app.log.1")).unwrap();
    yard.append("app.log", &lines(31, 1));
    yard.terminal.shows("crate 31 was");
    yard.append("err.log", "2026-05-01T23:00:00Z ERROR the rope broke\n");
    yard.terminal.shows("ERR err the rope broke");
    fs::write(yard.path("app.log"), "").unwrap();
    yard.terminal.shows("──");
    yard.append("app.log", "2026-05-01T23:30:00Z INFO a new day\n");
    yard.terminal.shows("a new day");
    yard.leave();
}

#[test]
fn who_reads_back_is_not_disturbed_and_reads_on_to_what_is_older() {
    let mut yard = Yard::with(3000);
    yard.terminal.press("\x1b[H");
    yard.terminal.shows("crate 2000 was");
    yard.append("app.log", &lines(3000, 20));
    yard.terminal.shows("20 new");
    assert!(yard.terminal.text().contains("crate 2000 was"));
    yard.terminal.press("k");
    // Read again from further back, one is where one was.
    yard.terminal.hides("older lines are not read");
    yard.terminal.shows("crate 2000 was");
    yard.terminal.shows("20 new");
    yard.terminal.press("kkkk");
    yard.terminal.shows("crate 1997 was");
    yard.terminal.press("G");
    yard.terminal.shows("crate 3019 was");
    yard.leave();
}

#[test]
fn what_is_saved_is_what_the_file_has() {
    let mut yard = Yard::with(5000);
    yard.terminal.press("S\x15");
    yard.terminal.shows("14:00 to 14:15");
    yard.terminal.press("2026-05-01T00:00:10Z to 2026-05-01T00:30:00Z\r");
    yard.terminal.shows("saved 1 791 lines in");
    let state = yard.stage.variables().into_iter().find(|(name, _)| *name == "XDG_STATE_HOME").unwrap().1;
    let folder = PathBuf::from(state).join("quarterdeck/logs");
    let file = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
    let saved = fs::read_to_string(&file).unwrap();
    assert!(saved.lines().next().unwrap().ends_with("INFO crate 10 was hoisted"), "{saved}");
    assert!(saved.lines().last().unwrap().ends_with("INFO crate 1800 was hoisted"));
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600, "logs may hold what not everybody is to read");
    yard.leave();
}

#[test]
fn keys_are_answered_while_a_flood_of_lines_comes_in() {
    let mut yard = Yard::with(10);
    let path = yard.path("app.log");
    let flood = std::thread::spawn(move || {
        let mut file = OpenOptions::new().append(true).open(path).unwrap();
        for round in 0..40 {
            file.write_all(lines(10 + round * 5000, 5000).as_bytes()).unwrap();
        }
    });
    for _ in 0..5 {
        yard.terminal.press("?");
        yard.terminal.shows("To the next error");
        yard.terminal.press("\x1b");
        yard.terminal.hides("To the next error");
        yard.terminal.take_in(Duration::from_millis(50));
    }
    flood.join().unwrap();
    yard.terminal.shows("crate 200009 was");
    yard.terminal.press("/crate 19999. was\r");
    yard.terminal.shows("10 pass");
    yard.terminal.shows("crate 199998 was");
    yard.leave();
}

#[test]
fn a_service_without_logs_says_so_and_all_of_them_are_a_key_away() {
    let mut yard = Yard::with(10);
    yard.terminal.press("2j4");
    yard.terminal.shows("tug has no logs in the deck; 0 shows");
    yard.terminal.press("0");
    yard.terminal.shows("crate 9 was");
    yard.terminal.press("o");
    yard.terminal.shows("live");
    yard.terminal.press("\x1b");
    yard.terminal.hides("space leaves one out");
    yard.leave();
}
