//! Steps that misbehave, each with the word that it ends with. They run at once, each on a service of its own.

use std::time::Instant;

use crate::home::Home;
use crate::lab::Host;
use crate::log_of;
use crate::site::{ENVIRONMENT, Site};

struct Case {
    name: &'static str,
    script: &'static str,
    options: &'static str,
    code: i32,
    outcome: &'static str,
    /// The longest that it may take, in seconds.
    longest: u64,
}

const CASES: [Case; 8] = [
    Case {
        name: "daemon",
        script: "setsid sh -c 'exec sleep 7001' &\nsleep 7002 &\necho done",
        options: "timeout=30s",
        code: 0,
        outcome: "ok",
        longest: 15,
    },
    Case {
        name: "stubborn",
        script: "trap '' TERM INT HUP\necho on\nwhile :; do sleep 0.2; done",
        options: "timeout=1s grace=1s",
        code: 1,
        outcome: "timed-out",
        longest: 20,
    },
    Case {
        name: "reader",
        script: "cat\nread -r line || echo nothing",
        options: "timeout=30s",
        code: 0,
        outcome: "ok",
        longest: 15,
    },
    Case {
        name: "flood",
        script: "head -c 12000000 /dev/zero | tr '\\0' x | fold -w 99",
        options: "timeout=60s",
        code: 0,
        outcome: "ok",
        longest: 30,
    },
    Case {
        name: "binary",
        script: "printf '\\033[2J\\033]0;owned\\007\\000\\377\\376 a\\rb\\n'\nhead -c 3000 /dev/urandom\necho\necho end",
        options: "timeout=30s",
        code: 0,
        outcome: "ok",
        longest: 15,
    },
    Case { name: "killed", script: "kill -9 $$", options: "timeout=30s", code: 1, outcome: "failed", longest: 15 },
    Case {
        name: "pipe",
        script: "false | cat\necho went on",
        options: "timeout=30s",
        code: 1,
        outcome: "failed",
        longest: 15,
    },
    Case {
        name: "early",
        script: "false\necho went on",
        options: "timeout=30s",
        code: 1,
        outcome: "failed",
        longest: 15,
    },
];

#[test]
fn steps_that_misbehave_end_with_the_word_for_it() {
    let Some(site) = Site::new(1) else { return };
    let mut services = String::new();
    for case in &CASES {
        let (name, options) = (case.name, case.options);
        let script = if name == "pipe" { format!("#!/bin/bash\n{}", case.script) } else { case.script.to_owned() };
        site.runbook(name, &format!("# {name}\n\n## {name}\n\n```sh {{{options}}}\n{script}\n```\n"));
        services += &format!("{name} = {{ hosts = [\"a\"], runbooks = [\"{name}\"] }}\n");
    }
    site.write_deck("staging", "", &services);
    std::thread::scope(|scope| CASES.iter().for_each(|case| drop(scope.spawn(|| hold(case, &site)))));
}

fn hold(case: &Case, site: &Site) {
    let (home, host) = (Home::new(site, "ann"), &site.hosts[0]);
    let going = home.begin(&[case.name, &format!("{ENVIRONMENT}/{}", case.name)]);
    let began = Instant::now();
    let ended = going.ends().with(case.code);
    let took = began.elapsed().as_secs();
    let run = ended.run();
    assert_eq!(home.outcome(&run, case.name, "a"), case.outcome, "{}", ended.all());
    assert!(took <= case.longest, "{} took {took} s", case.name);
    let controls = |c: char| c.is_control() && c != '\n';
    assert!(!ended.all().contains(controls), "{}: a terminal is not told what to do: {:?}", case.name, ended.all());
    let printed = home.printed(&run, case.name, "a");
    match case.name {
        "daemon" => is_left_alone(host),
        "stubborn" => {
            let left = host.run("pgrep -f 'trap .. TERM INT HUP'").stdout;
            assert!(left.is_empty(), "it is ended: {}", String::from_utf8_lossy(&left));
        }
        "reader" => assert_eq!(printed, "nothing\n"),
        "flood" => {
            let log = log_of(host, &run, "flood-1");
            assert_eq!(printed.len(), log.len(), "all of it is kept here");
            assert!(log.len() > 12_000_000);
        }
        "binary" => assert!(ended.out.lines().any(|l| l.ends_with("end"))),
        _ => assert!(!printed.contains("went on"), "{printed}"),
    }
}

/// What a step left in the background is neither waited for nor ended.
fn is_left_alone(host: &Host) {
    host.must("pgrep -f 'sleep 7001' && pkill -f 'sleep 700[12]'");
}
