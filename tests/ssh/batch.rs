//! Glances of one moment share a command; one that hangs, fails or floods costs the others next to nothing.

use futures::future::join_all;
use quarterdeck::transport::{Argv, Limits, Transport, TransportError};
use tokio::time::Instant;

use crate::desk::{Desk, Entry, LIMITS, SECOND, becomes, live, long, processes, sh, within};
use crate::sshd::Sshd;

#[tokio::test(flavor = "multi_thread")]
async fn glances_of_one_moment_are_one_command() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let sessions = || server.log().lines().filter(|l| l.starts_with("Starting session")).count();
    let before = sessions();
    let argvs: Vec<Argv> = (0..30).map(|n| Argv::new("echo", [n.to_string()])).collect();
    let all = join_all(argvs.iter().map(|a| host.glance(a, LIMITS))).await;
    for (number, output) in all.into_iter().enumerate() {
        assert_eq!(output.unwrap().stdout, format!("{number}\n").as_bytes());
    }
    assert_eq!(sessions() - before, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glance_that_hangs_is_late_alone() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let mark = long();
    let stuck = sh(&format!("sleep {mark}"));
    let quick = Argv::new("echo", ["on"]);
    let began = Instant::now();
    let hung = async { (host.glance(&stuck, within(4.0)).await, began.elapsed()) };
    let many = join_all((0..10).map(|n| {
        let (host, quick, stuck) = (&host, &quick, &stuck);
        async move {
            // Two more that hang stand among the others.
            if n % 5 == 4 {
                return (host.glance(stuck, within(3.0)).await, began.elapsed());
            }
            (host.glance(quick, within(2.5)).await, began.elapsed())
        }
    }));
    let (hung, many) = tokio::join!(hung, many);
    assert!(matches!(hung.0, Err(TransportError::TimedOut { after }) if after == SECOND * 4), "{:?}", hung.0);
    for (number, (output, took)) in many.into_iter().enumerate() {
        if number % 5 == 4 {
            assert!(output.is_err() && took < SECOND * 7 / 2, "{number}: {took:?} {output:?}");
        } else {
            assert_eq!(output.unwrap().stdout, b"on\n");
            assert!(took < SECOND * 2, "{number}: {took:?}");
        }
    }
    assert!(becomes(SECOND * 4, || processes(&mark) == 0).await, "{} left", processes(&mark));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_glance_that_floods_or_fails_costs_the_others_nothing() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let argvs =
        [sh("yes | head -c 3000000"), sh("exit 9"), Argv::new("nothing-there", ["x"]), Argv::new("echo", ["on"])];
    let limits = Limits { most_bytes: 100, ..LIMITS };
    let all = join_all(argvs.iter().map(|a| host.glance(a, limits))).await;
    let [flood, failed, missing, good] = all.try_into().unwrap();
    let flood = flood.unwrap();
    assert_eq!((flood.stdout.len(), flood.truncated), (100, true));
    assert_eq!(failed.unwrap().exit, quarterdeck::transport::Exit::Code(9));
    assert_eq!(missing.unwrap_err().to_string(), "no program `nothing-there` on web");
    assert_eq!(good.unwrap().stdout, b"on\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_dealt_out_is_asked_for_one_by_one() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    // It answers for one alone, whatever it is asked.
    let argvs = ["a", "b", "c"].map(|word| Argv { joins: true, ..sh_of(word) });
    let all = join_all(argvs.iter().map(|a| host.glance(a, LIMITS))).await;
    let texts: Vec<String> = all.into_iter().map(|o| String::from_utf8(o.unwrap().stdout).unwrap()).collect();
    assert_eq!(texts, ["a\n", "b\n", "c\n"]);
}

fn sh_of(word: &str) -> Argv {
    Argv::new("sh", ["-c", "printf '%s\\n' \"$0\"", word])
}
