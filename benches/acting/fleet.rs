//! Four trivial steps on every host of a fleet, against a playbook of the same four; and how long plans take.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use tokio::runtime::Runtime;

use crate::ours::{STEPS, console};
use crate::table::{Peer, median, millis, row, versus};
use crate::{Bench, Outcome, peers};

/// Rounds that count.
const ROUNDS: usize = 3;
/// The largest part of the peer's time that ours may take.
const MOST: f64 = 0.1;
/// Within which a plan of all hosts is made over new connections.
const PLAN: Duration = Duration::from_secs(3);

/// With new connections, then with live ones. Rounds of both sides take turns.
pub fn measure(bench: &Bench, runtime: &Runtime) -> Outcome<()> {
    let folder = bench.lab.folder();
    let list = folder.join("list");
    std::fs::write(&list, bench.names().join("\n") + "\n")?;
    std::fs::write(folder.join("four.yml"), playbook("ansible.builtin.shell"))?;
    std::fs::write(folder.join("raw.yml"), playbook("ansible.builtin.raw"))?;
    let count = bench.hosts.len();
    let ansible = |book: &str, sockets: &str| play(bench, &list, &folder.join(book), &folder.join(sockets));
    let (mut ours, mut running, mut peer) = (Vec::new(), Vec::new(), Peers::default());
    for round in 0..ROUNDS {
        let (whole, alone) = cold(bench, runtime)?;
        ours.push(whole);
        running.push(alone);
        peer.add(ansible("four.yml", &format!("cp{round}")));
    }
    let what = format!("4 steps on {count} hosts, new connections, with the plan; ansible");
    versus(&what, median(&mut ours), &peer.middle(), "10 x faster", MOST);
    row("  of that the run alone", &millis(median(&mut running)), "", None);
    let own = runtime.block_on(async {
        let ours = console(bench)?;
        ours.connect();
        let plan = ours.plan("all", "four").await?;
        ours.run(&plan).await?;
        let mut took = Vec::new();
        for _ in 0..ROUNDS * 2 {
            took.push(ours.run(&plan).await?);
        }
        Outcome::Ok(median(&mut took))
    })?;
    for (book, name) in [("four.yml", "ansible"), ("raw.yml", "ansible raw")] {
        let mut peer = Peers::default();
        peer.add(ansible(book, "live"));
        peer = Peers::default();
        (0..ROUNDS).for_each(|_| peer.add(ansible(book, "live")));
        let what = format!("4 steps on {count} hosts, live connections; {name}");
        if name == "ansible" {
            versus(&what, own, &peer.middle(), "10 x faster", MOST);
        } else {
            versus(&what, own, &peer.middle(), "", f64::MAX);
        }
    }
    Ok(())
}

/// A new console: connect, plan, agree, run. The whole, and the run alone.
fn cold(bench: &Bench, runtime: &Runtime) -> Outcome<(Duration, Duration)> {
    runtime.block_on(async {
        let started = Instant::now();
        let ours = console(bench)?;
        ours.connect();
        let plan = ours.plan("all", "four").await?;
        let alone = ours.run(&plan).await?;
        Ok((started.elapsed(), alone))
    })
}

/// Plans over new connections and over live ones.
pub fn plans(bench: &Bench, runtime: &Runtime) -> Outcome<()> {
    let (mut cold, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        runtime.block_on(async {
            let started = Instant::now();
            let ours = console(bench)?;
            ours.connect();
            ours.plan("all", "four").await?;
            cold.push(started.elapsed());
            let started = Instant::now();
            ours.plan("all", "four").await?;
            warm.push(started.elapsed());
            Outcome::Ok(())
        })?;
    }
    let (cold, warm, count) = (median(&mut cold), median(&mut warm), bench.hosts.len());
    row(&format!("a plan for {count} hosts, new connections"), &millis(cold), "3 s", Some(cold <= PLAN));
    row(&format!("a plan for {count} hosts, live connections"), &millis(warm), "", None);
    Ok(())
}

/// What the rounds of a peer took.
#[derive(Default)]
struct Peers(Vec<Duration>, Option<String>);

impl Peers {
    fn add(&mut self, mut command: Command) {
        if self.1.is_some() {
            return;
        }
        match peers::timed(&mut command) {
            Ok(took) => self.0.push(took),
            Err(why) => self.1 = Some(why.to_string()),
        }
    }

    fn middle(mut self) -> Peer {
        self.1.map_or_else(|| Peer::Took(median(&mut self.0)), Peer::Absent)
    }
}

fn playbook(module: &str) -> String {
    let tasks: String = STEPS.iter().map(|script| format!("    - {module}: \"{script}\"\n")).collect();
    format!("- hosts: all\n  gather_facts: false\n  tasks:\n{tasks}")
}

fn play(bench: &Bench, list: &Path, book: &Path, sockets: &Path) -> Command {
    let mut command = Command::new("ansible-playbook");
    let arguments = format!("-F {} -o ControlMaster=auto -o ControlPersist=60s", bench.config.display());
    command.env("ANSIBLE_SSH_ARGS", arguments).env("ANSIBLE_SSH_CONTROL_PATH_DIR", sockets);
    command.env("ANSIBLE_PIPELINING", "true").env("ANSIBLE_PYTHON_INTERPRETER", "/usr/bin/python3");
    let folder = bench.lab.folder();
    command.env("ANSIBLE_CONFIG", folder.join("none.cfg")).env("ANSIBLE_HOME", folder.join("ansible"));
    command.args(["-f", &bench.hosts.len().to_string(), "-i"]).arg(list).arg(book);
    command
}
