//! A real service on two hosts by keys: a release, a broken one that its proof stops at the first host, the way back that
//! the failure offers, and a restart. Then the command line does the same to the same hosts, and leaves the same record.

use super::facts::Record;
use super::{WHY, ends, leaves, listed, quits, shows_line};
use crate::hands::{CALM, agree, arm, choose, eventually, yes};
use crate::home::Home;
use crate::lab::Host;
use crate::release::{furnish, open_shop, serves};
use crate::site::{ENVIRONMENT, STATE, Site};
use crate::terminal::Terminal;

const DEPLOY: &str = "Deploy a release · shop";
const STEPS: [&str; 7] =
    ["Make room", "Upload the checksum", "Upload the archive", "Unpack", "Switch", "Prove it", "Keep the last ones"];

#[test]
fn a_release_goes_out_a_broken_one_comes_back_and_the_service_restarts() {
    let Some(site) = Site::new(2) else { return };
    open_shop(&site);
    let (home, target) = (Home::new(&site, "ann"), format!("{ENVIRONMENT}/shop"));
    let mut terminal = home.console();
    let board = &mut terminal;
    shows_line(board, &["shop", " healthy", "1.0.0"]);
    arm(board, WHY);
    let (deployed, agreed) = goes_out(board, &site, &target);
    let broken = is_stopped(board, &home, &site, &target);
    let back = comes_back(board, &site, &broken);
    let restarted = restarts(board, &site, &target);
    quits(terminal);

    // The command line finds what the console did.
    let told = |runbook: &str, status: &str| [runbook, status, WHY].map(str::to_owned);
    let by_keys = [
        told("deploy-release", "succeeded"),
        told("deploy-release", "failed"),
        told("rollback-release", "succeeded"),
        told("restart-unit", "succeeded"),
    ];
    assert_eq!(listed(&home), by_keys);
    assert_eq!(home.runs(), [&deployed, &broken, &back, &restarted].map(Clone::clone));
    home.qd(&["audit", "verify"]).with(0);

    // The same from the same stand, without a console.
    std::thread::scope(|scope| site.hosts.iter().for_each(|host| drop(scope.spawn(|| forgets(host)))));
    let words = home.run(&["deploy-release", &target, "-i", "version=1.1.0"]).with(0).run();
    let [keys, words] = [&deployed, &words].map(|run| Record::of(&home, run));
    assert_eq!(keys.digest(), words.digest(), "it is one plan");
    assert_eq!(keys.typed, agreed, "the console was told service and plan");
    assert_eq!(words.typed, format!("{ENVIRONMENT}:{}", &words.digest()[..8]));
    keys.is_like(&words);
    let words = home.run(&["restart-unit", &target]).with(0).run();
    Record::of(&home, &restarted).is_like(&Record::of(&home, &words));
    assert_eq!(listed(&home).len(), by_keys.len() + 2);
    home.qd(&["audit", "verify"]).with(0);
}

/// A good release; its run, and what was typed to agree to it.
#[track_caller]
fn goes_out(terminal: &mut Terminal, site: &Site, target: &str) -> (String, String) {
    choose(terminal, target, "deploy-release");
    terminal.shows("The release to bring out");
    terminal.press("1.1.0\r");
    terminal.shows("1.0.0 → 1.1.0");
    assert_eq!(all(site), [(200, "1.0.0".into()), (200, "1.0.0".into())], "a plan changes nothing");
    let typed = agree(terminal, WHY);
    // Host by host, as each batch takes seconds of proof.
    for batch in ["batch 1 of 2", "batch 2 of 2"] {
        eventually(terminal, batch, |screen| screen.contains(DEPLOY) && screen.contains(batch));
    }
    let run = ends(terminal, DEPLOY, "succeeded");
    for (step, how) in STEPS.iter().zip(["ok", "ok", "ok", "ok", "ok", "ok", "no-change"]) {
        shows_line(terminal, &["●", step, how]);
    }
    for host in ["●   a ", "●   b "] {
        shows_line(terminal, &[host, "no-change"]);
    }
    assert_eq!(all(site), [(200, "1.1.0".into()), (200, "1.1.0".into())]);
    shows_line(terminal, &["shop healthy", "1.1.0"]);
    leaves(terminal);
    shows_line(terminal, &["shop", " healthy", "1.1.0"]);
    (run, typed)
}

/// A broken release, up to the question what is to become of it, and the choice of the runbook for failures.
#[track_caller]
fn is_stopped(terminal: &mut Terminal, home: &Home<'_>, site: &Site, target: &str) -> String {
    choose(terminal, target, "deploy-release");
    terminal.shows("The release to bring out");
    terminal.press("1.2.0\r");
    terminal.shows("1.1.0 → 1.2.0");
    agree(terminal, WHY);
    eventually(terminal, "the failure", |screen| screen.contains("prove-it failed on a; what now?"));
    shows_line(terminal, &["Prove it", "1 timed-out"]);
    shows_line(terminal, &["✕   a ", "timed-out"]);
    shows_line(terminal, &["○   b "]);
    shows_line(terminal, &["shop unhealthy", "1.2.0", "503, database: no table `orders`"]);
    terminal.shows("u take back what was changed   f run rollback-release   x give up");
    let run = home.runs().pop().unwrap();
    assert!(home.outcomes(&run).iter().all(|(_, host, _)| host == "a"), "the canary alone: {:?}", home.outcomes(&run));
    assert_eq!(home.outcome(&run, "prove-it", "a"), "timed-out");
    assert_eq!(all(site), [(503, "1.2.0".into()), (200, "1.1.0".into())]);
    terminal.take_in(CALM);
    terminal.press("f");
    yes(terminal, "the runbook for failures starts");
    // What it is to go back to is filled in.
    terminal.shows("The release to go back to");
    terminal.shows("▌ 1.1.0");
    run
}

/// From the form of the runbook for failures to the former release.
#[track_caller]
fn comes_back(terminal: &mut Terminal, site: &Site, broken: &str) -> String {
    terminal.press("\r");
    terminal.shows("1.1.0, 1.2.0 → 1.1.0");
    terminal.shows(&format!("run {broken} of deploy-release"));
    terminal.shows("this goes back from there");
    shows_line(terminal, &["reason", &format!("deploy-release failed in run {broken}")]);
    assert_eq!(all(site)[0], (503, "1.2.0".into()), "nothing goes back before it is agreed to");
    agree(terminal, WHY);
    let run = ends(terminal, "Roll back to a release · shop", "succeeded");
    assert_eq!(all(site), [(200, "1.1.0".into()), (200, "1.1.0".into())]);
    shows_line(terminal, &["shop healthy", "1.1.0"]);
    leaves(terminal);
    run
}

#[track_caller]
fn restarts(terminal: &mut Terminal, site: &Site, target: &str) -> String {
    let processes = || [0, 1].map(|n| site.hosts[n].must("systemctl show --value --property=MainPID shop"));
    let before = processes();
    choose(terminal, target, "restart-unit");
    terminal.shows("what the old process was doing is cut off");
    agree(terminal, WHY);
    let run = ends(terminal, "Restart a unit · shop", "succeeded");
    assert!(processes().iter().zip(&before).all(|(now, then)| now != then), "both have a new process");
    assert_eq!(all(site), [(200, "1.1.0".into()), (200, "1.1.0".into())]);
    leaves(terminal);
    shows_line(terminal, &["shop", " healthy", "1.1.0"]);
    run
}

/// What the hosts serve.
fn all(site: &Site) -> [(u16, String); 2] {
    [0, 1].map(|n| serves(&site.hosts[n]))
}

/// Makes a host what it was before the first release.
fn forgets(host: &Host) {
    host.must(&format!("systemctl stop shop && rm -rf /srv/shop {STATE}"));
    furnish(host);
}
