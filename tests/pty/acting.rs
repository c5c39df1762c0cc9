//! The console acts, on the demo: releases go out and come back, production asks for more, runs are left and taken up
//! again. Facts are waited for; what the demo's own programme disturbs is left alone or done before.
#![cfg(target_os = "linux")]

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::Duration;

use super::support::hands::{CALM, choose, eventually, yes};
use super::{LARGE, Stage, Terminal};

const DOWN: &str = "\x1b[B";

/// The demo, once its fleet is seen; its folder is on the stage.
fn demo() -> (Stage, Terminal) {
    let stage = Stage::empty();
    let mut terminal = Terminal::qd_with(&stage, LARGE, &["demo"], &[("TMPDIR", stage.work().to_str().unwrap())]);
    terminal.until("the fleet", |t| t.text().contains("ledger") && t.text().matches("healthy").count() >= 4);
    (stage, terminal)
}

/// Brings a release of the ledger of staging out, which nothing of the programme disturbs, up to its first steps.
#[track_caller]
fn bring_out(terminal: &mut Terminal, version: &str) {
    choose(terminal, "staging/ledger", "deploy-release");
    terminal.shows("The release to bring out");
    terminal.shows("16.0");
    terminal.press(version);
    terminal.press("\r");
    yes(terminal, "y run deploy-release");
}

/// Takes back what a failed run did, and sees the service well with the version it had.
#[track_caller]
fn take_back(terminal: &mut Terminal) {
    eventually(terminal, "the failure", |s| s.contains("what now?"));
    terminal.shows("ready: 503, the report says Unhealthy");
    terminal.take_in(CALM);
    terminal.press("u");
    yes(terminal, "Steps that changed something are taken back");
    eventually(terminal, "the end", |s| s.contains("take back") && s.contains("failed") && s.contains("took"));
    // Its report tells no version; the broken one never gets well.
    eventually(terminal, "the former release", |s| s.contains("ledger healthy"));
}

/// The files of the demo's deck, for another console.
fn deck_of(stage: &Stage) -> PathBuf {
    let is_demo = |name: &OsStr| name.to_string_lossy().starts_with("quarterdeck-demo-");
    let folders = std::fs::read_dir(stage.work()).unwrap().map(|e| e.unwrap());
    folders.into_iter().find(|e| is_demo(&e.file_name())).unwrap().path().join("deck")
}

#[test]
fn a_release_goes_out_and_the_way_back_from_a_broken_one_is_short() {
    let (_stage, mut terminal) = demo();
    terminal.press("]");
    terminal.shows("gift-cards");
    terminal.press("/");
    terminal.press("orders");
    terminal.press("\r");
    terminal.hides("gift-cards");
    terminal.press("r");
    terminal.shows("Bring a release out");
    terminal.press("deploy-release");
    terminal.press("\r");
    // What the host has is offered, and nothing is chosen for anybody.
    terminal.until("the choices", |t| ["choose one", "2.16.0", "2.17.0"].iter().all(|w| t.text().contains(w)));
    terminal.press("\r");
    terminal.shows("version: needed");
    terminal.press(DOWN);
    terminal.press("\r");
    terminal.shows("2.15.0-rc.1 → 2.16.0");
    yes(&mut terminal, "y run deploy-release");
    eventually(&mut terminal, "success", |s| s.contains("succeeded"));
    eventually(&mut terminal, "the release", |s| s.contains("orders healthy") && s.contains("2.16.0"));
    terminal.press("\x1b");
    terminal.hides("succeeded took");

    terminal.press("r");
    terminal.shows("Bring a release out");
    terminal.press("deploy-release");
    terminal.press("\r");
    terminal.shows("2.17.0");
    terminal.press("17");
    terminal.press("\r");
    terminal.shows("2.16.0 → 2.17.0");
    yes(&mut terminal, "y run deploy-release");
    eventually(&mut terminal, "the failure", |s| s.contains("what now?"));
    terminal.shows("setting `payments.url` is missing");
    terminal.take_in(CALM);
    terminal.press("f");
    yes(&mut terminal, "the runbook for failures starts");
    // The newest good release is filled in.
    terminal.shows("The release to go back to");
    terminal.until("the proposal", |t| t.text().lines().any(|l| l.contains("2.16.0") && !l.contains("version")));
    terminal.take_in(CALM);
    terminal.press("\r");
    terminal.shows("2.17.0 → 2.16.0");
    // The failed run left its marker, and this is what mends it.
    terminal.shows("this goes back from there");
    yes(&mut terminal, "y run rollback-release");
    eventually(&mut terminal, "success", |s| s.contains("succeeded"));
    eventually(&mut terminal, "health", |s| s.contains("orders healthy") && s.contains("2.16.0"));
    terminal.press("q");
    terminal.hides("output of");
    terminal.press("q");
    terminal.ends_well(0);
}

#[test]
fn services_restart_and_the_ledger_is_backed_up() {
    let (_stage, mut terminal) = demo();
    choose(&mut terminal, "staging/ledger", "restart");
    terminal.shows("connections that were open are gone");
    yes(&mut terminal, "y run restart");
    eventually(&mut terminal, "success", |s| s.contains("succeeded") && s.contains("took"));
    terminal.press("\x1b");
    terminal.hides("output of");
    choose(&mut terminal, "staging/ledger", "backup-ledger");
    terminal.shows("Backups that stay");
    terminal.press("\r");
    yes(&mut terminal, "y run backup-ledger");
    eventually(&mut terminal, "success", |s| s.contains("succeeded") && s.contains("Let old ones go"));
    // What comes next is offered when the run is over and the news of it were read.
    terminal.until("the next keys", |t| t.text().contains("esc back") && t.text().contains("6 all runs"));
    terminal.press("6");
    terminal.until("both runs", |t| t.text().contains("backup-ledger") && t.text().contains("restart"));
}

#[test]
fn production_is_armed_typed_and_reasoned_and_nothing_else_confirms() {
    let (_stage, mut terminal) = demo();
    choose(&mut terminal, "production/orders", "restart");
    terminal.shows("production is read-only");
    terminal.take_in(CALM);
    terminal.press("\t");
    terminal.shows("protected and read-only until it is armed");
    terminal.press("\x1b");
    terminal.hides("production is read-only");
    terminal.press("A");
    terminal.shows("for ten minutes");
    terminal.take_in(CALM);
    terminal.press("\x1b[200~a change that was agreed\x1b[201~");
    terminal.shows("a change that was agreed");
    terminal.press("\r");
    terminal.until("the countdown", |t| t.text().contains("armed 9:5"));

    choose(&mut terminal, "production/orders", "restart");
    // Keys that were pressed before the card was there, or are held, and Enter.
    terminal.press("yyyyyyyyyyyy");
    terminal.shows("to confirm, type production/orders");
    terminal.press("yyyyyyyyyyyy");
    terminal.take_in(CALM);
    terminal.press("\r");
    terminal.shows("nothing was started");
    choose(&mut terminal, "production/orders", "restart");
    terminal.shows("to confirm, type production/orders");
    terminal.take_in(CALM);
    terminal.press("y");
    terminal.shows("confirmed by typing");
    terminal.take_in(CALM);
    terminal.press("\t");
    terminal.press("\x1b[200~production/orders\x1b[201~");
    terminal.shows("pasted text confirms nothing");
    terminal.press("production/order\r");
    terminal.press("\r");
    terminal.shows("nothing is done before production/orders is typed in full");
    terminal.press("s\r");
    terminal.press("\r");
    terminal.shows("nothing is done without a reason");
    assert!(!terminal.text().contains("output of"), "{}", terminal.text());
    terminal.press("connections leak, change 4711");
    terminal.take_in(CALM);
    terminal.press("\r");
    terminal.shows("output of");
    terminal.shows("PRODUCTION · Restart the service · orders");
    eventually(&mut terminal, "the restart", |s| s.contains("took over") || s.contains("succeeded"));
    terminal.press("\x1b");
    terminal.hides("output of");
    terminal.press("U");
    terminal.until("the record", |t| t.text().contains("production/orders") && t.text().contains("connections leak"));
}

#[test]
fn a_run_is_stopped_left_and_taken_up_again() {
    let (_stage, mut terminal) = demo();
    bring_out(&mut terminal, "16.0");
    eventually(&mut terminal, "the proof", |s| s.contains("output of prove-it"));
    terminal.press("\x03");
    terminal.shows("stop the run");
    terminal.press("\x1b");
    terminal.hides("stop the run");
    terminal.press("D");
    yes(&mut terminal, "leave the run alone?");
    // The console lets go of it when what it waited for itself is over.
    eventually(&mut terminal, "the end of it", |s| {
        s.lines().last().is_some_and(|l| l.contains("run 20") && l.contains("interrupted"))
    });
    terminal.press("\x1b");
    terminal.hides("output of");
    terminal.press("6");
    terminal.until("the run in the list", |t| t.text().contains("interrupted") && t.text().contains("deploy-release"));
    terminal.take_in(CALM);
    terminal.press("R");
    yes(&mut terminal, "It is planned again");
    yes(&mut terminal, "y run deploy-release");
    take_back(&mut terminal);
}

#[test]
fn a_run_outlives_its_console_and_a_new_one_goes_on_with_it() {
    let (stage, demo) = demo();
    let deck = deck_of(&stage);
    let console = || {
        let mut terminal = Terminal::qd(&stage, LARGE, &["--deck", deck.to_str().unwrap()]);
        terminal.until("the fleet", |t| t.text().matches("healthy").count() >= 4);
        terminal
    };
    let mut first = console();
    bring_out(&mut first, "16.0");
    eventually(&mut first, "the proof", |s| s.contains("output of prove-it"));
    first.press("\x1b");
    first.hides("output of prove-it");
    first.press("q");
    yes(&mut first, "leave while a run goes on?");
    first.ends_well(0);

    let mut second = console();
    second.press("6");
    second.until("the run in the list", |t| t.text().contains("interrupted") && t.text().contains("deploy-release"));
    second.take_in(CALM);
    second.press("R");
    yes(&mut second, "It is planned again");
    yes(&mut second, "y run deploy-release");
    take_back(&mut second);
    drop(demo);
}

#[test]
fn a_read_only_console_shows_plans_and_runs_nothing() {
    let stage = Stage::empty();
    let (_, config) = stage.variables().into_iter().find(|(name, _)| *name == "XDG_CONFIG_HOME").unwrap();
    let folder = PathBuf::from(config).join("quarterdeck");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "read-only = true\n").unwrap();
    let mut terminal = Terminal::qd(&stage, LARGE, &["demo"]);
    terminal.until("the fleet", |t| t.text().matches("healthy").count() >= 4);
    choose(&mut terminal, "staging/ledger", "restart");
    terminal.shows("the plan can be read and not run");
    terminal.take_in(CALM);
    terminal.press("y");
    terminal.shows("read-only");
    terminal.take_in(Duration::from_millis(300));
    assert!(!terminal.text().contains("output of"), "{}", terminal.text());
    terminal.press("\x1b");
    terminal.press("A");
    terminal.shows("this console is read-only");
}
