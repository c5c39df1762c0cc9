//! `qd runs` against real runs of the binary: listed, shown, looked on at, gone on with after a kill, cancelled.

use rustix::process::Signal;

use super::run::Running;
use super::yard::Yard;

#[test]
fn a_run_is_listed_and_shown_with_what_it_printed() {
    let yard = Yard::new();
    yard.go();
    let confirm = yard.confirm("crane");
    let ran = yard.good(&["run", "lift", "crane", "--confirm", &confirm, "--reason", "the box is due"]);
    assert!(ran.out.contains("up it goes"), "{}", ran.out);
    let run = yard.newest();
    let list = yard.good(&["runs"]).out;
    assert!(list.contains("succeeded") && list.contains("harbour/crane") && !list.contains("dirty"), "{list}");
    let tail = &run[run.len() - 4..];
    let page = yard.good(&["runs", "show", tail]).out;
    for words in [run.as_str(), "Lift a box", "the box is due", "hook", "drop", "succeeded"] {
        assert!(page.contains(words), "no {words}: {page}");
    }
    assert_eq!(yard.good(&["runs", "show", &run, "--output", "lift"]).out, "up it goes\n");
    assert!(yard.good(&["runs", "show", &run, "--output"]).out.contains("== lift on local\nup it goes\n"));
    assert_eq!(yard.qd(&["runs", "show", &run, "--output", "lfit"]).code, 2);
    assert_eq!(yard.qd(&["runs", "show", "nothing-like-it"]).code, 2);
    assert_eq!(yard.good(&["runs", "--env", "sea"]).out, "");
    assert!(yard.good(&["runs", "--service", "crane"]).out.contains(&run));
}

#[test]
fn a_name_that_may_be_two_runs_is_refused_with_both() {
    let yard = Yard::new();
    yard.go();
    for _ in 0..2 {
        yard.good(&["run", "lift", "crane", "--confirm", &yard.confirm("crane")]);
    }
    let ended = yard.qd(&["runs", "show", &yard.newest()[..3]]);
    assert_eq!(ended.code, 2);
    assert!(ended.told.contains(" may be ") && ended.told.contains(&yard.newest()), "{}", ended.told);
    let limited = yard.good(&["runs", "--limit", "1"]).out;
    assert_eq!(limited.lines().count(), 1, "{limited}");
}

#[test]
fn a_run_whose_console_was_killed_goes_on_and_nothing_runs_twice() {
    let yard = Yard::new();
    let run = yard.killed();
    let list = yard.good(&["runs"]).out;
    assert!(list.contains("interrupted") && list.contains(&format!("qd runs resume {run}")), "{list}");
    let wrong = yard.qd(&["runs", "resume", "--confirm", "harbour:00000000"]);
    assert_eq!(wrong.code, 4, "{}", wrong.told);
    let confirm = yard.confirm_resume(&[]);
    yard.go();
    let ended = yard.good(&["runs", "resume", "--confirm", &confirm]);
    for words in ["is done     hook on local", "under way   lift on local", "runs        drop on local"] {
        assert!(ended.out.contains(words), "no {words}: {}", ended.out);
    }
    assert!(!ended.out.contains("hook  local begins"), "what is done is not told again: {}", ended.out);
    assert_eq!(yard.log(), ["hook", "lift", "lifted", "drop"]);
    assert!(yard.good(&["runs"]).out.contains("succeeded"));
    assert_eq!(yard.good(&["runs", "show", &run, "--output", "lift"]).out, "up it goes\n");
    assert_eq!(yard.qd(&["runs", "resume", &run]).code, 4, "it is over");
    assert_eq!(yard.qd(&["runs", "resume"]).code, 2, "nothing is interrupted");
    assert!(yard.good(&["locks"]).out.contains("no lock is held"));
}

#[test]
fn a_run_that_failed_is_gone_on_with_where_it_failed() {
    let yard = Yard::new();
    let bad = yard.stage.work().join("bad");
    std::fs::write(&bad, "").unwrap();
    yard.go();
    let failed = yard.qd(&["run", "lift", "crane", "--confirm", &yard.confirm("crane")]);
    assert_eq!(failed.code, 1, "{}", failed.told);
    std::fs::remove_file(bad).unwrap();
    let run = yard.newest();
    assert_eq!(yard.qd(&["runs", "resume"]).code, 2, "a run that failed must be named");
    let confirm = yard.confirm_resume(&[&run]);
    let ended = yard.good(&["runs", "resume", &run, "--confirm", &confirm]);
    assert!(ended.out.contains("runs again  lift on local"), "{}", ended.out);
    assert_eq!(yard.log(), ["hook", "lift", "lift", "lifted", "drop"]);
}

#[test]
fn of_several_interrupted_runs_one_must_be_named() {
    let yard = Yard::new();
    let first = yard.killed();
    yard.good(&["locks", "break", "harbour/crane", "--reason", "for the next", "--confirm", "harbour/crane"]);
    let second = yard.killed();
    let ended = yard.qd(&["runs", "resume"]);
    assert_eq!(ended.code, 2);
    assert!(ended.told.contains(&first) && ended.told.contains(&second), "{}", ended.told);
}

#[test]
fn a_run_that_somebody_drives_can_be_looked_on_at_and_not_taken_over() {
    let yard = Yard::new();
    let mut run = yard.lifting();
    let name = yard.newest();
    let refused = yard.qd(&["runs", "resume", &name]);
    assert_eq!(refused.code, 4);
    assert!(refused.told.contains(&format!("qd runs attach {name}")), "{}", refused.told);
    let mut left = Running::start(&yard.stage, &["runs", "attach", &name]);
    left.prints("lift  local begins");
    left.signal(Signal::INT);
    assert_eq!(left.ends().code(), Some(3), "how it ends was not seen");
    let mut looking = Running::start(&yard.stage, &["runs", "attach", &name]);
    looking.prints("lift  local begins");
    yard.go();
    looking.prints("drop  local ok");
    assert_eq!((looking.ends().code(), run.ends().code()), (Some(0), Some(0)));
    assert_eq!(yard.log(), ["hook", "lift", "lifted", "drop"]);
}

#[test]
fn looking_on_at_a_run_that_nobody_drives_ends() {
    let yard = Yard::new();
    let run = yard.killed();
    let ended = yard.qd(&["runs", "attach", &run]);
    assert_eq!(ended.code, 3);
    assert!(ended.told.contains(&format!("qd runs resume {run}")), "{}", ended.told);
}

#[test]
fn who_drives_a_run_can_be_asked_to_end_it() {
    let yard = Yard::new();
    let mut run = yard.lifting();
    let name = yard.newest();
    assert_eq!(yard.qd(&["runs", "cancel", &name]).code, 4, "nobody agreed");
    let ended = yard.good(&["runs", "cancel", &name, "--confirm", "harbour/crane", "--reason", "the wrong box"]);
    assert!(ended.out.contains("lift  local cancelled"), "{}", ended.out);
    assert_eq!(run.ends().code(), Some(5));
    yard.go();
    assert_eq!(yard.log(), ["hook", "lift"]);
    assert_eq!(yard.qd(&["runs", "cancel", &name, "--confirm", "harbour/crane"]).code, 4, "it is over");
    let audit = yard.good(&["audit"]).out;
    assert!(audit.contains("the wrong box"), "{audit}");
}

#[test]
fn what_is_left_of_an_interrupted_run_is_ended_and_can_be_gone_on_with() {
    let yard = Yard::new();
    let run = yard.killed();
    let ended = yard.good(&["runs", "cancel", &run, "--confirm", "harbour/crane"]);
    assert!(ended.out.contains("lift  local cancelled") && !ended.out.contains("drop"), "{}", ended.out);
    let list = yard.good(&["runs"]).out;
    assert!(list.contains("cancelled") && list.contains("dirty"), "{list}");
    let locks = yard.good(&["locks"]).out;
    assert!(locks.contains("no lock is held") && locks.contains("left unfinished"), "{locks}");
    yard.go();
    assert_eq!(yard.log(), ["hook", "lift"]);
    let confirm = yard.confirm_resume(&[&run]);
    yard.good(&["runs", "resume", &run, "--confirm", &confirm]);
    assert_eq!(yard.log(), ["hook", "lift", "lift", "lifted", "drop"]);
}

#[test]
fn another_console_goes_on_with_a_run_that_only_its_host_keeps() {
    let yard = Yard::new();
    let run = yard.killed();
    assert_eq!(yard.qd_elsewhere(&["runs"]).out, "");
    let shown = yard.qd_elsewhere(&["runs", "show", &run[run.len() - 4..]]);
    assert!(
        shown.out.contains("interrupted") && shown.out.contains("kept by     local"),
        "{}{}",
        shown.out,
        shown.told
    );
    yard.a_minute_passes();
    let refused = yard.qd_elsewhere(&["runs", "resume"]);
    assert_eq!(refused.code, 4, "{}", refused.told);
    let (_, confirm) = refused.told.split_once("--confirm ").unwrap();
    yard.go();
    let ended = yard.qd_elsewhere(&["runs", "resume", "--confirm", confirm.trim()]);
    assert_eq!(ended.code, 0, "{}", ended.told);
    assert_eq!(yard.log(), ["hook", "lift", "lifted", "drop"]);
    let here = yard.qd(&["runs", "resume", &run]);
    assert_eq!(here.code, 4, "its host knows that it is over: {}", here.told);
    assert_eq!(yard.log(), ["hook", "lift", "lifted", "drop"]);
}

#[test]
fn production_wants_a_reason_to_end_a_run() {
    let yard = Yard::new();
    let confirm = yard.confirm("sea/liner");
    let arguments = ["run", "lift", "sea/liner", "--confirm", confirm.as_str(), "--reason", "due"];
    let mut run = Running::start(&yard.stage, &arguments);
    run.prints("│ up it goes");
    let name = yard.newest();
    let refused = yard.qd(&["runs", "cancel", &name, "--confirm", "sea/liner"]);
    assert_eq!(refused.code, 4);
    assert!(refused.told.contains("say why"), "{}", refused.told);
    assert_eq!(yard.qd(&["runs", "cancel", &name, "--confirm", "sea", "--reason", "the wrong box"]).code, 4);
    yard.good(&["runs", "cancel", &name, "--confirm", "sea/liner", "--reason", "the wrong box"]);
    assert_eq!(run.ends().code(), Some(5));
}
