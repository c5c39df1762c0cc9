//! Links that are cut and hosts that lose their power while a step runs there. A step that runs goes on without us; the run
//! goes on by itself when its host is back, and nothing of what was printed is missing or there twice.

use crate::home::{Going, Home};
use crate::lab::Host;
use crate::site::{ENVIRONMENT, STATE, Site};
use crate::until;

/// Goes on when the test says so, by files that do not come over the network.
const GATED: &str = "+++\nkind = \"deploy\"\n+++\n# Gated\n\n\
    ## First\n\n```sh {on=a timeout=90s}\necho first >>/srv/out/$QD_RUN\nwhile [ ! -e /srv/go/first ]; do sleep 0.05; done\n```\n\n\
    ## Second\n\n```sh {timeout=90s}\necho second >>/srv/out/$QD_RUN\n\
    for n in 1 2 3 4 5 6 7 8; do echo \"line $n\"; done\nwhile [ ! -e /srv/go/middle ]; do sleep 0.05; done\n\
    for n in 9 10 11 12; do echo \"line $n\"; done\nwhile [ ! -e /srv/go/second ]; do sleep 0.05; done\necho over\n```\n";
/// May run twice.
const AGAIN: &str = "+++\nkind = \"deploy\"\n+++\n# Again\n\n## Again\n\n\
    ```sh {timeout=90s idempotent}\necho again >>/srv/out/$QD_RUN\nwhile [ ! -e /srv/go/second ]; do sleep 0.05; done\n```\n";

fn site() -> Option<Site> {
    let site = Site::new(2)?;
    site.hosts.iter().for_each(|host| drop(host.must("install -d -o ops /srv/out /srv/go")));
    site.runbook("gated", GATED);
    site.runbook("again", AGAIN);
    site.write_deck("staging", "", "s = { hosts = [\"a\", \"b\"], runbooks = [\"gated\", \"again\"] }");
    Some(site)
}

fn begin<'s>(home: &Home<'s>, runbook: &str) -> (Going, String) {
    let known = home.runs();
    let going = home.begin(&[runbook, &format!("{ENVIRONMENT}/s")]);
    until("a run", || home.runs().len() > known.len());
    let run = home.runs().into_iter().find(|r| !known.contains(r)).unwrap();
    (going, run)
}

/// Waits for a line of the journal.
#[track_caller]
fn tells(home: &Home<'_>, run: &str, fact: &str, step: &str, host: &str) {
    until(&format!("{fact} of {step} on {host}"), || {
        home.journal(run).iter().any(|e| e["fact"] == fact && e["step"] == step && e["host"] == host)
    });
}

fn go(host: &Host, gate: &str) {
    host.must(&format!("touch /srv/go/{gate}"));
}

fn again(site: &Site) {
    site.hosts.iter().for_each(|host| drop(host.must("rm -f /srv/go/*")));
}

fn expected() -> String {
    (1..=12).map(|n| format!("line {n}\n")).collect::<String>() + "over\n"
}

#[track_caller]
fn is_whole(home: &Home<'_>, site: &Site, run: &str, out: &str) {
    for (letter, host) in ["a", "b"].iter().zip(&site.hosts) {
        assert_eq!(home.outcome(run, "second", letter), "ok");
        assert_eq!(home.printed(run, "second", letter), expected(), "{letter}");
        let on_screen = out.lines().filter(|l| l.contains(&format!("{letter} │")) && l.contains("line ")).count();
        assert_eq!(on_screen, 12, "{letter}: {out}");
        let done = host.must(&format!("cat /srv/out/{run}"));
        assert_eq!(done, if *letter == "a" { "first\nsecond\n" } else { "second\n" });
    }
}

#[test]
fn a_link_that_is_cut_at_any_moment_leaves_neither_gap_nor_repeat() {
    let Some(site) = site() else { return };
    let [a, b] = [&site.hosts[0], &site.hosts[1]];
    let home = Home::new(&site, "ann");

    // Before the start: b is away when its step is to begin.
    let (going, run) = begin(&home, "gated");
    tells(&home, &run, "started", "first", "a");
    b.cut();
    go(a, "first");
    tells(&home, &run, "link-lost", "second", "b");
    b.heal();
    tells(&home, &run, "started", "second", "b");
    for host in [a, b] {
        ["middle", "second"].iter().for_each(|gate| go(host, gate));
    }
    let ended = going.ends().with(0);
    is_whole(&home, &site, &run, &ended.out);
    again(&site);

    // While it prints, the host with the lock too.
    let (going, run) = begin(&home, "gated");
    go(a, "first");
    for (letter, host) in [("a", a), ("b", b)] {
        tells(&home, &run, "started", "second", letter);
        until("some lines", || home.printed(&run, "second", letter).contains("line 8"));
        host.cut();
    }
    for (letter, host) in [("a", a), ("b", b)] {
        tells(&home, &run, "link-lost", "second", letter);
        go(host, "middle");
        host.heal();
    }
    for (letter, host) in [("a", a), ("b", b)] {
        tells(&home, &run, "link-back", "second", letter);
        until("the rest", || home.printed(&run, "second", letter).contains("line 12"));
        go(host, "second");
    }
    let ended = going.ends().with(0);
    is_whole(&home, &site, &run, &ended.out);
    again(&site);

    // Between its end and the word of it.
    let (going, run) = begin(&home, "gated");
    go(a, "first");
    ["a", "b"].iter().for_each(|letter| tells(&home, &run, "started", "second", letter));
    for host in [a, b] {
        host.cut();
        ["middle", "second"].iter().for_each(|gate| go(host, gate));
        let exit = format!("grep -q ended {STATE}/runs/{run}/second-1/exit");
        until("its end is written down", || host.run(&exit).status.success());
    }
    ["a", "b"].iter().for_each(|letter| tells(&home, &run, "link-lost", "second", letter));
    site.hosts.iter().for_each(Host::heal);
    let ended = going.ends().with(0);
    is_whole(&home, &site, &run, &ended.out);
}

#[test]
fn a_host_that_loses_its_power_is_never_said_to_have_done_well() {
    let Some(site) = site() else { return };
    let [a, b] = [&site.hosts[0], &site.hosts[1]];
    let home = Home::new(&site, "ann");
    let (going, run) = begin(&home, "gated");
    go(a, "first");
    ["a", "b"].iter().for_each(|letter| tells(&home, &run, "started", "second", letter));
    ["middle", "second"].iter().for_each(|gate| go(a, gate));
    until("it does something", || b.run(&format!("test -s /srv/out/{run}")).status.success());
    b.power_cut();
    tells(&home, &run, "link-lost", "second", "b");
    b.on();
    let ended = going.ends();
    assert!(matches!(ended.code, Some(1 | 6)), "{}", ended.all());
    assert_eq!(home.outcome(&run, "second", "a"), "ok");
    assert_eq!(home.outcome(&run, "second", "b"), "unknown", "{}", ended.all());
    assert_eq!(b.must(&format!("cat /srv/out/{run}")), "second\n", "it did not run again by itself");
    again(&site);

    // One that may run twice does.
    let (going, run) = begin(&home, "again");
    ["a", "b"].iter().for_each(|letter| tells(&home, &run, "started", "again", letter));
    go(a, "second");
    until("it does something", || b.run(&format!("test -s /srv/out/{run}")).status.success());
    b.power_cut();
    tells(&home, &run, "link-lost", "again", "b");
    b.on();
    until("it runs again", || b.must(&format!("cat /srv/out/{run}")) == "again\nagain\n");
    go(b, "second");
    going.ends().with(0);
    assert_eq!(home.outcome(&run, "again", "b"), "recovered");
}
