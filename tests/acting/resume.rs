//! A console that is killed after any line of its journal: whoever goes on, from the same machine or from one that never
//! heard of the run, ends where an undisturbed run ends, and nothing has happened twice.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use crate::home::Home;
use crate::site::{ENVIRONMENT, STATE, Site};
use crate::{log_of, until};

/// Neither step may run twice, and neither can prove anything before it ran.
const RUNBOOK: &str = "+++\nkind = \"deploy\"\nbatches = { sizes = [1], max_fail = 1 }\n+++\n# Small\n\n\
                       ## Bring\n\n```sh {timeout=30s}\necho bring\necho bring >>/srv/out/$QD_RUN\nsleep 0.1\necho brought\n```\n\n\
                       ## Switch\n\n```toml {step}\nverify = 'grep -q switch \"/srv/out/$QD_RUN\"'\n```\n\n\
                       ```sh {timeout=30s}\necho switch\nsleep 0.1\necho switch >>/srv/out/$QD_RUN\necho switched\n```\n";
/// So many at a time, each on a service of its own.
const HANDS: usize = 4;

struct Walk<'s> {
    site: &'s Site,
    next: AtomicUsize,
    lines: usize,
}

/// How an undisturbed run ends.
fn outcomes() -> Vec<(String, String, String)> {
    let all = [("bring", "a"), ("bring", "b"), ("switch", "a"), ("switch", "b")];
    all.map(|(step, host)| (step.into(), host.into(), "ok".into())).to_vec()
}

#[test]
fn a_killed_console_is_gone_on_with_from_anywhere() {
    let Some(site) = Site::new(2) else { return };
    let began = Instant::now();
    site.hosts.iter().for_each(|host| drop(host.must("install -d -o ops /srv/out")));
    site.runbook("small", RUNBOOK);
    let service = |n| format!("s{n} = {{ hosts = [\"a\", \"b\"], runbooks = [\"small\"] }}\n");
    site.write_deck("staging", "", &(0..HANDS).map(service).collect::<String>());
    let home = Home::new(&site, "ann");
    let undisturbed = home.run(&["small", &format!("{ENVIRONMENT}/s0")]).with(0).run();
    assert_eq!(home.outcomes(&undisturbed), outcomes());
    let lines = home.journal(&undisturbed).len();
    let walk = Walk { site: &site, next: AtomicUsize::new(0), lines };
    let services: Vec<String> = (0..HANDS).map(|hand| format!("{ENVIRONMENT}/s{hand}")).collect();
    std::thread::scope(|scope| services.iter().for_each(|service| drop(scope.spawn(|| walk.work(service)))));
    println!(
        "{:6.1} s  killed after each of {lines} lines, gone on with here and elsewhere",
        began.elapsed().as_secs_f64()
    );
}

impl Walk<'_> {
    fn work(&self, service: &str) {
        let agreement = Home::new(self.site, "ann").agreement(&["small", service]);
        loop {
            let turn = self.next.fetch_add(1, Ordering::SeqCst);
            let (line, is_elsewhere) = (turn / 2 + 1, turn % 2 == 1);
            if line > self.lines {
                break;
            }
            self.kill_and_go_on(service, &agreement, line, is_elsewhere);
        }
        let plan = Home::new(self.site, "ann").plan(&["small", service]);
        assert!(plan["lock"]["held"].is_null() && plan["lock"]["dirty"].is_null(), "nothing is left: {}", plan["lock"]);
    }

    fn kill_and_go_on(&self, service: &str, agreement: &str, line: usize, is_elsewhere: bool) {
        let home = Home::new(self.site, "ann");
        let going = home.start(&["run", "small", service, "--confirm", agreement]);
        until("a run", || !home.runs().is_empty());
        let run = home.runs().remove(0);
        let journal = home.folder(&run).join("journal.jsonl");
        until("a line", || std::fs::read(&journal).is_ok_and(|b| b.iter().filter(|b| **b == b'\n').count() >= line));
        going.dies();
        let what = format!("killed after line {line}, elsewhere: {is_elsewhere}, run {run}");
        let is_over = home.journal(&run).iter().any(|e| e["fact"] == "ended");
        let other = Home::new(self.site, "bob");
        let there = if is_elsewhere { &other } else { &home };
        let mut ended = None;
        until("nobody drives it", || {
            if is_elsewhere {
                self.a_minute_passes(service);
            }
            // A last word of the dead console may still have been under way.
            let answer = there.resume(&run);
            let is_driven = answer.code == Some(4) && answer.told.contains("drives run");
            ended = Some(answer);
            !(is_elsewhere && is_driven)
        });
        let ended = ended.unwrap();
        if ended.code == Some(2) {
            // It never came as far as a host, so nobody else can know of it.
            assert!(is_elsewhere, "{what}: {}", ended.all());
            assert_eq!(self.done(&run), [""; 2], "{what}: {}", ended.all());
            home.resume(&run).with(0);
        } else if ended.code == Some(4) && ended.all().contains("is over") {
            assert!(is_over, "{what}: {}", ended.all());
        } else {
            assert_eq!(ended.code, Some(0), "{what}: {}\n{:#?}", ended.all(), there.journal(&run));
            assert!(there.outcomes(&run).iter().all(|(.., o)| o == "ok" || o == "reconciled"), "{what}");
            for host in ["a", "b"] {
                for (step, words) in [("bring", "bring\nbrought\n"), ("switch", "switch\nswitched\n")] {
                    let here = there.printed(&run, step, host);
                    assert!(here == words || (is_elsewhere && here.is_empty()), "{what}: {step} on {host}: {here:?}");
                }
            }
        }
        assert_eq!(self.done(&run), ["bring\nswitch\n"; 2], "{what}: {}", ended.all());
        for host in &self.site.hosts {
            assert_eq!(log_of(host, &run, "bring-1"), "bring\nbrought\n", "{what}");
            let twice = host.run(&format!("ls -d {STATE}/runs/{run}/*-2"));
            assert!(!twice.status.success(), "{what}: {}", String::from_utf8_lossy(&twice.stdout));
        }
    }

    /// Makes the lock of a service as old as it is when its console was silent for a minute, which is not waited for.
    fn a_minute_passes(&self, service: &str) {
        let folder = format!("{STATE}/locks/{}", service.replace('/', "%2F"));
        self.site.hosts[0].must(&format!(
            "cd {folder} 2>/dev/null || exit 0; n=$(ls | grep -x '[0-9]*' | sort -n | tail -n 1); \
             [ -z \"$n\" ] || [ -e $n.over ] || echo $(($(date +%s) - 61)) >$n.beat"
        ));
    }

    /// What was done on each host.
    fn done(&self, run: &str) -> [String; 2] {
        [0, 1].map(|n| self.site.hosts[n].must(&format!("cat /srv/out/{run} 2>/dev/null || true")))
    }
}
