//! `qd run` in a terminal: signals are heard while a question is open, what must not be interrupted is named before it is
//! ended, and Ctrl-C leaves a question whose answer is not shown.
#![cfg(target_os = "linux")]

use super::{LARGE, Stage, Terminal};

const CTRL_C: &str = "\x03";

const DECK: &str = "name = \"yard\"\n[environments.harbour]\ntier = \"development\"\nstate = \"STATE\"\n\
[environments.harbour.services]\ncrane = { runbooks = [\"lift\"], probes.live = { file = \"/tmp\" } }\n";

/// `qd run lift` on a yard with this runbook.
fn run(runbook: &str) -> (Stage, Terminal) {
    let stage = Stage::empty();
    let work = stage.work();
    stage.write_deck(&DECK.replace("STATE", &work.join("kept").display().to_string()));
    std::fs::create_dir(work.join("runbooks")).unwrap();
    std::fs::write(work.join("runbooks/lift.md"), runbook).unwrap();
    let terminal = Terminal::qd(&stage, LARGE, &["run", "lift", "harbour/crane"]);
    (stage, terminal)
}

#[test]
fn what_must_not_be_interrupted_is_named_before_it_is_ended() {
    let (_stage, mut terminal) =
        run("# Lift\n\n## Lift\n\n```toml {step}\nuninterruptible = \"the box falls\"\n```\n\n\
         ```sh {timeout=60s grace=1s}\necho up it goes\nsleep 40\n```\n");
    terminal.shows("Enter runs it");
    terminal.press("\r");
    terminal.shows("│ up it goes");
    for words in ["draining", "Ctrl-C again asks", "the box falls"] {
        terminal.press(CTRL_C);
        terminal.shows(words);
    }
    terminal.shows("type lift to end it all the same");
    terminal.press("no\r");
    terminal.shows("it is left to end by itself");
    terminal.press(CTRL_C);
    terminal.until("asked again", |t| t.text().matches("type lift to end it").count() == 2);
    terminal.press("lift\r");
    terminal.shows("cancelled");
    terminal.ends_well(5);
}

#[test]
fn signals_are_heard_while_a_question_is_open_and_every_box_is_asked_about() {
    let boxes = "# Lift\n\n## Look\n\n- [ ] The crane stands\n- [ ] The box is closed\n";
    let (_stage, mut terminal) = run(boxes);
    terminal.shows("[ ] The crane stands (y ticks it)");
    terminal.press("y\r");
    terminal.shows("[ ] The box is closed (y ticks it)");
    terminal.press("y\r");
    terminal.ends_well(0);
    let (_stage, mut terminal) = run(boxes);
    terminal.shows("[ ] The crane stands (y ticks it)");
    terminal.press(CTRL_C);
    terminal.shows("draining");
    terminal.press(CTRL_C);
    terminal.shows("cancelled");
    terminal.ends_well(5);
}

#[test]
fn ctrl_c_leaves_a_question_whose_answer_is_not_shown() {
    let (_stage, mut terminal) = run("+++\n[inputs.token]\nsecret = true\n+++\n# Lift\n\n## Lift\n\n\
         ```sh {timeout=60s}\ntest -n \"$TOKEN\"\n```\n");
    terminal.shows("not shown: ");
    // The keys are read on their own a moment after the question is written.
    terminal.take_in(std::time::Duration::from_millis(700));
    terminal.press(CTRL_C);
    terminal.ends_well(5);
}
