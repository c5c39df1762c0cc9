//! Links that are cut, closed and delayed while steps run.

use std::time::Duration;

use quarterdeck::runner::Permit;
use quarterdeck::runner::target::{Fate, Following, News, Target, TargetError};
use quarterdeck::transport::Transport;

use crate::desk::{Desk, Entry, LIMITS, SECOND, live, sh};
use crate::sshd::{Sshd, Wire};
use crate::{ended, job, run, run_id, target, whole};

/// A host behind a wire that is given up after two seconds of silence.
fn behind(server: &Sshd, wire: &Wire) -> Desk {
    let entry = Entry::behind("vps", server, wire.place());
    Desk::with(vec![entry.with("ServerAliveInterval 1").with("ServerAliveCountMax 1")])
}

/// Follows a task again, within twenty seconds: a follower may end a moment before its link is known to be lost, and a
/// busy machine may lose a link that waits for two seconds only.
async fn attached(target: &Target, task: &str, offset: u64) -> Box<dyn Following> {
    for _ in 0..100 {
        match target.attach(&run_id(), task, offset).await {
            Ok(following) => return following,
            Err(TargetError::Transport(_)) => tokio::time::sleep(Duration::from_millis(200)).await,
            Err(other) => panic!("{other}"),
        }
    }
    panic!("{task} cannot be followed again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_cut_in_the_middle_of_a_chatty_step_loses_and_repeats_nothing() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = behind(&server, &wire);
    let remote = desk.host("vps");
    live(&remote).await;
    let target = target(remote.clone(), None);
    let script = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); echo \"line $i of what this step prints\"; \
                  [ $((i % 10)) -gt 0 ] || sleep 0.02; done";
    let mut seen = Vec::new();
    let mut following = target.start(&Permit::for_trial(), &job("a-1", script)).await.unwrap();
    for round in 0..3 {
        let enough = seen.len() + 8000;
        while seen.len() < enough {
            match following.next().await {
                News::Output(at, bytes) => {
                    assert_eq!(at, seen.len() as u64);
                    seen.extend(bytes);
                }
                News::Started(_) => {}
                other => panic!("round {round}: {other:?}"),
            }
        }
        if round == 1 {
            wire.close();
        } else {
            wire.cut();
        }
        let (rest, end) = whole(&mut *following, seen.len() as u64).await;
        assert_eq!(end, None);
        seen.extend(rest);
        wire.mend();
        following = attached(&target, "a-1", seen.len() as u64).await;
    }
    let end = loop {
        let (rest, end) = whole(&mut *following, seen.len() as u64).await;
        seen.extend(rest);
        if end.is_some() {
            break end;
        }
        following = attached(&target, "a-1", seen.len() as u64).await;
    };
    let expected = (1..=3000).fold(String::new(), |all, i| all + &format!("line {i} of what this step prints\n"));
    assert!(String::from_utf8(seen).unwrap() == expected);
    assert_eq!(end.map(|e| (e.code, e.size)), Some((0, expected.len() as u64)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_before_the_first_word_leaves_a_step_that_runs_once_or_never() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = behind(&server, &wire);
    let remote = desk.host("vps");
    let target = target(remote.clone(), None);
    let (mut ran, mut never) = (0, 0);
    for n in 0..24_u64 {
        live(&remote).await;
        let (task, mark) = (format!("a-{n}"), server.folder().join(format!("mark-{n}")));
        let held = job(&task, &format!("echo x >>{}; sleep 0.3", mark.display()));
        let close = async {
            tokio::time::sleep(Duration::from_millis(n * 2)).await;
            wire.close();
        };
        let permit = Permit::for_trial();
        let (started, ()) = tokio::join!(target.start(&permit, &held), close);
        drop(started);
        let fate = loop {
            match target.fate(&run_id(), &task).await {
                Ok(fate) => break fate,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        tokio::time::sleep(Duration::from_millis(500)).await;
        if fate == Fate::Absent {
            never += 1;
            assert!(!mark.exists(), "{task} was said never to begin, and did");
        } else {
            ran += 1;
            assert_eq!(ended(&target, &task).await.code, 0);
            assert_eq!(std::fs::read_to_string(&mark).unwrap(), "x\n");
        }
    }
    eprintln!("{ran} ran, {never} never began");
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_that_are_dropped_hold_no_session_of_the_server() {
    let server = Sshd::start(&["MaxSessions 4"]);
    let desk = Desk::with(vec![Entry::of("vps", &server)]);
    let remote = desk.host("vps");
    live(&remote).await;
    let target = target(remote.clone(), None);
    for n in 0..10 {
        drop(target.start(&Permit::for_trial(), &job(&format!("a-{n}"), "echo on; sleep 20")).await.unwrap());
    }
    tokio::time::sleep(SECOND * 2).await;
    remote.read(&sh("true"), LIMITS).await.unwrap();
    for n in 0..10 {
        let task = format!("a-{n}");
        assert!(matches!(target.fate(&run_id(), &task).await.unwrap(), Fate::Alive { .. }), "{task}");
        target.end(&Permit::for_trial(), &run_id(), &task, SECOND).await.unwrap();
        assert_eq!(ended(&target, &task).await.code, 143);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_way_changes_nothing_about_what_comes() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![Entry::behind("vps", &server, wire.place())]);
    let remote = desk.host("vps");
    live(&remote).await;
    wire.delay(Duration::from_millis(150));
    let target = target(remote, None);
    let bytes = format!("# {}\nhead -c 300000 /dev/urandom >f; cat f; sha256sum f >&2; rm f", "x".repeat(40_000));
    let (log, end) = run(&target, &job("a-1", "echo \u{2603}; printf '\\000\\377\\033[31m'")).await;
    assert_eq!((log.len() > 8, end.code, end.size), (true, 0, 11));
    let mut large = job("b-1", &bytes);
    large.cwd = Some(server.folder().display().to_string());
    let mut following = target.start(&Permit::for_trial(), &large).await.unwrap();
    let (log, end) = whole(&mut *following, 0).await;
    let (body, sum) = log.split_at(300_000);
    let told = ring::digest::digest(&ring::digest::SHA256, body);
    let told = told.as_ref().iter().fold(String::new(), |all, b| all + &format!("{b:02x}"));
    assert_eq!((String::from_utf8_lossy(sum).into_owned(), end.unwrap().code), (format!("{told}  f\n"), 0));
}
