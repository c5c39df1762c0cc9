//! Boxes of a runbook on the terminal of `qd run`: asked one after the other, each on record as soon as it is ticked.

use super::{LARGE, Stage, Terminal};

const DECK: &str =
    "[environments.staging]\ntier = \"staging\"\n[environments.staging.services.orders]\nrunbooks = [\"boxes\"]\n";
const RUNBOOK: &str = "# Boxes\n\n- [ ] The first\n- [ ] The second\n- [ ] The third\n\n## Do\n\n```sh {timeout=30s}\ntouch \"$HOME/done\"\n```\n";

/// A run that asks for its first box.
fn asked(stage: &Stage) -> Terminal {
    std::fs::create_dir_all(stage.work().join("runbooks")).unwrap();
    std::fs::write(stage.work().join("runbooks/boxes.md"), RUNBOOK).unwrap();
    let mut terminal = Terminal::qd(stage, LARGE, &["run", "boxes", "staging/orders"]);
    terminal.shows("run it? [y/N]");
    terminal.press("y\n");
    terminal.shows("[ ] The first (y ticks it): ");
    terminal
}

#[test]
fn each_box_is_asked_for() {
    let stage = Stage::new(DECK);
    let mut terminal = asked(&stage);
    terminal.press("y\n");
    terminal.shows("[ ] The second (y ticks it): ");
    terminal.press("y\n");
    terminal.shows("[ ] The third (y ticks it): ");
    assert!(!stage.work().with_file_name("home").join("done").exists());
    terminal.press("y\n");
    terminal.ends_well(0);
    assert!(stage.work().with_file_name("home").join("done").exists());
}

#[test]
fn a_box_that_is_not_ticked_ends_the_run() {
    let stage = Stage::new(DECK);
    let mut terminal = asked(&stage);
    terminal.press("y\n");
    terminal.shows("[ ] The second (y ticks it): ");
    terminal.press("n\n");
    terminal.ends_well(1);
    assert!(terminal.text().contains("was not ticked off"), "{}", terminal.text());
    assert!(!terminal.text().contains("The third (y"), "{}", terminal.text());
    assert!(!stage.work().with_file_name("home").join("done").exists());
}
