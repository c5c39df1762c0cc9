//! The console on the hosts and the database that the command line acts on: keys go in, the screen and the servers are
//! looked at, and what is on record afterwards is held against what `qd run` leaves there.

mod database;
mod facts;
mod release;

use serde_json::Value;

use crate::hands::eventually;
use crate::home::Home;
use crate::terminal::Terminal;

/// The reason that is given for everything.
const WHY: &str = "as the test asks";

/// Waits for the end of the run of this title that is on the screen, and gives its name as it stands there.
#[track_caller]
fn ends(terminal: &mut Terminal, title: &str, how: &str) -> String {
    let wanted = format!("{how} took");
    let is_head = |line: &&str| line.contains(title) && line.contains(&wanted);
    eventually(terminal, &format!("`{title}` {how}"), |screen| screen.lines().any(|line| is_head(&line)));
    let screen = terminal.text();
    let head = screen.lines().find(is_head).unwrap();
    let name = head.split(' ').find(|word| word.starts_with("20") && word.matches('-').count() == 2);
    name.unwrap_or_else(|| panic!("no name of a run in {head}")).to_owned()
}

/// Back from a run to the board.
#[track_caller]
fn leaves(terminal: &mut Terminal) {
    terminal.press("\x1b");
    terminal.hides("output of");
}

/// Waits until one line of the screen has all of these words.
#[track_caller]
fn shows_line(terminal: &mut Terminal, words: &[&str]) {
    let has_all = |line: &str| words.iter().all(|word| line.contains(word));
    eventually(terminal, &format!("a line with {words:?}"), |screen| screen.lines().any(has_all));
}

/// Leaves the console, which gives the terminal back.
#[track_caller]
fn quits(mut terminal: Terminal) {
    terminal.press("q");
    terminal.ends_well(0);
}

/// The runs that `qd runs` tells of, the oldest first: runbook, how it stands, why it was run.
#[track_caller]
fn listed(home: &Home<'_>) -> Vec<[String; 3]> {
    let listed: Value = serde_json::from_str(&home.qd(&["runs", "--json"]).with(0).out).unwrap();
    let word = |entry: &Value, name: &str| entry["run"][name].as_str().unwrap_or_default().to_owned();
    let entries = listed["runs"].as_array().unwrap().iter().rev();
    entries.map(|entry| ["runbook", "status", "reason"].map(|name| word(entry, name))).collect()
}
