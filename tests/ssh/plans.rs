//! Plans over real sshds: host keys as identities, hosts that are not reached, locks and proofs on the hosts, and how
//! long twenty of them take.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use quarterdeck::model::plan::StepEffect;
use quarterdeck::model::{EnvironmentId, Level, Plan};
use quarterdeck::runner::plan::{Ask, plan};

use crate::desk::{Desk, Entry, SECOND};
use crate::sshd::Sshd;

const RESTART: &str = "+++\nkind = \"restart\"\n+++\n# Restart\n\n## Restart\n```toml {step}\nverify = 'test -e \"$MARK/$QD_HOST\"'\n\
                       undo = 'true'\n```\n```sh {}\ntouch \"$MARK/$QD_HOST\"\n```\n";

/// A deck with these hosts, planned over.
async fn planned(desk: &Desk, folder: &std::path::Path, hosts: &[String], only: &[&str]) -> Plan {
    std::fs::create_dir_all(folder.join("runbooks")).unwrap();
    std::fs::write(folder.join("runbooks/again.md"), RESTART).unwrap();
    let mark = folder.display();
    let mut deck = format!("[environments.place]\ntier = \"production\"\nstate = \"{mark}/state\"\n");
    writeln!(deck, "[environments.place.hosts]").unwrap();
    hosts.iter().for_each(|host| writeln!(deck, "{host} = \"{host}\"").unwrap());
    let listed: Vec<String> = hosts.iter().map(|h| format!("\"{h}\"")).collect();
    write!(deck, "[environments.place.services.sales]\nhosts = [{}]\n", listed.join(", ")).unwrap();
    write!(deck, "runbooks = [\"again\"]\nvars = {{ mark = \"{mark}\" }}\nprobes.live = {{ file = \"/proc/stat\" }}\n").unwrap();
    let path = folder.join("quarterdeck.toml");
    std::fs::write(&path, deck).unwrap();
    let loaded = quarterdeck::config::load(&path);
    let deck = Arc::new(loaded.deck.unwrap_or_else(|| panic!("{:?}", loaded.faults)));
    desk.hosts().follow(deck.hosts());
    let acting = deck.acting(&EnvironmentId::new("place").service("sales")).cloned();
    let acting = acting.unwrap_or_else(|| panic!("{:?}", loaded.faults));
    let runbook = acting.runbooks.first().cloned().unwrap();
    let only = only.iter().map(|h| (*h).into()).collect();
    let ask = Ask { acting, deck, runbook, inputs: BTreeMap::new(), only, resumes: None, past: Arc::default() };
    plan(&ask, &desk.around).await.unwrap()
}

fn known(server: &Sshd) -> String {
    let key = server.folder().join("known");
    std::fs::write(&key, server.known_hosts()).unwrap();
    let listed = std::process::Command::new("ssh-keygen").arg("-lf").arg(key).output().unwrap();
    String::from_utf8_lossy(&listed.stdout).split(' ').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn hosts_are_told_by_their_keys_and_one_that_is_not_reached_blocks() {
    let (one, two) = (Sshd::start(&[]), Sshd::start(&[]));
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let desk = Desk::with(vec![Entry::of("one", &one), Entry::of("two", &two), Entry::at("gone", nobody)]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("two"), "").unwrap();
    let hosts = ["one", "two", "gone"].map(ToOwned::to_owned);
    let all = planned(&desk, folder.path(), &hosts, &[]).await;
    assert_eq!(all.hosts[0].identity.as_ref().unwrap().as_str(), known(&one));
    assert_eq!(all.hosts[1].identity.as_ref().unwrap().as_str(), known(&two));
    assert!(all.hosts[2].unreachable.as_ref().unwrap().as_str().contains("connection refused"), "{all:?}");
    let effects = &all.steps[0].effects;
    assert_eq!((&effects["one"], &effects["two"]), (&StepEffect::WouldChange, &StepEffect::NoChange));
    assert!(matches!(effects["gone"], StepEffect::Blocked(_)));
    assert!(all.blocked[0].as_str().starts_with("restart cannot run on gone: "), "{:?}", all.blocked);
    assert_eq!((all.level, all.raised_by.len()), (Level::Digest, 1));
    let some = planned(&desk, folder.path(), &hosts, &["two"]).await;
    assert!(some.blocked.is_empty() && some.hosts.len() == 1, "{:?}", some.blocked);
    assert_eq!(&*some.lock.unwrap().host, "one", "one service has one lock, whatever hosts a run is for");
    assert!(!folder.path().join("one").exists() && !folder.path().join("state").exists(), "nothing is changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_hosts_are_planned_over_within_three_seconds_from_cold() {
    let server = Sshd::start(&["MaxStartups 100", "MaxSessions 100"]);
    let hosts: Vec<String> = (0..20).map(|n| format!("web{n}")).collect();
    let desk = Desk::with(hosts.iter().map(|host| Entry::of(host, &server)).collect());
    let folder = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let plan = planned(&desk, folder.path(), &hosts, &[]).await;
    let took = began.elapsed();
    assert!(plan.blocked.is_empty(), "{:?}", plan.blocked);
    assert_eq!(plan.steps[0].effects.len(), 20);
    // Three seconds on a machine of its own; tests share theirs.
    assert!(took < SECOND * 10, "{took:?}");
    println!("twenty hosts: {took:?}");
}
