//! The journal of a booted host: all of it once and in order over a line that is cut, odd bytes, and a user who may not
//! read it.

use std::time::Duration;

use quarterdeck::model::{LogFrom, LogState};

use crate::desk::{Desk, Entry, id, live, said};
use crate::ear::{Ear, FOLLOWED, ONCE};
use crate::lab::{Host, Lab};

fn entry(lab: &Lab, host: &Host) -> Entry {
    let known = lab.folder().join(format!("known-{}", host.name()));
    std::fs::write(&known, host.known_hosts()).unwrap();
    let place = std::net::SocketAddr::new(host.address(), host.port());
    let entry = Entry::at(host.name(), place).with("User ops").known(&known);
    let entry = entry.with(&format!("IdentityFile {}", host.key_path().display()));
    entry.with("ServerAliveInterval 1").with("ServerAliveCountMax 2")
}

fn journal() -> LogFrom {
    LogFrom::Journal { unit: "chatty.service".into() }
}

const CHATTY: &str = "sudo systemd-run --quiet --unit=chatty sh -c 'printf \"\\033[31mred\\033[0m \\377\\n\"; \
    head -c 20000 /dev/zero | tr \"\\0\" x; echo; n=0; \
    while [ $n -lt 300 ]; do n=$((n+1)); echo \"line $n\"; sleep 0.02; done'";

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_comes_once_over_a_line_that_is_cut_and_a_user_without_rights_is_told() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let desk = Desk::with(vec![entry(&lab, &host)]);
    let remote = desk.host("web1");
    live(&remote).await;
    let mut ear = Ear::to(journal(), Some(id("web1")), FOLLOWED, &desk.around);
    ear.live().await;
    said(&remote, CHATTY).await;
    ear.line("line 20").await;
    host.cut();
    ear.until(|e| matches!(e.states.last(), Some(LogState::Lost(_)))).await;
    host.heal();
    ear.line("line 300").await;
    let odd: Vec<&String> =
        ear.lines.iter().filter(|l| l.starts_with("\u{1b}[31mred") && l.ends_with('\u{fffd}')).collect();
    assert_eq!(odd.len(), 1, "{:?}", &ear.lines[..4]);
    assert!(ear.lines.iter().any(|l| l.len() >= 20_000 || l.starts_with("xxxx")));
    ear.lines.retain(|l| l.starts_with("line "));
    ear.has_all("line", 1, 300);
    assert!(ear.gaps.is_empty(), "{:?}", ear.gaps);
    drop(ear);
    said(&remote, "sudo gpasswd -d ops adm; sudo gpasswd -d ops systemd-journal").await;
    let desk = Desk::with(vec![entry(&lab, &host)]);
    desk.follow(&["web1"]);
    let mut ear = Ear::to(journal(), Some(id("web1")), ONCE, &desk.around);
    ear.end().await;
    let Some(LogState::Denied(why)) = ear.states.last() else { panic!("{:?} {:?}", ear.states, ear.lines) };
    assert!(why.as_str().contains("systemd-journal"), "{why}");
    ear.during(Duration::ZERO).await;
}
