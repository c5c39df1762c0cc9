//! Commands on a host: many at once, without end, with odd words, from odd login shells; none is left behind.

use std::time::Duration;

use futures::future::join_all;
use quarterdeck::transport::{Argv, Exit, Limits, Transport, TransportError};
use tokio::time::{Instant, sleep, timeout};

use crate::desk::{Desk, Entry, LIMITS, SECOND, becomes, live, long, processes, refusal, run, said, sh, within};
use crate::sshd::{Sshd, Wire};

#[tokio::test(flavor = "multi_thread")]
async fn fifty_commands_at_once_share_the_sessions_there_are() {
    for most in [1, 2, 10] {
        let server = Sshd::start(&[&format!("MaxSessions {most}")]);
        let desk = Desk::with(vec![Entry::of("web", &server)]);
        let host = desk.host("web");
        let texts: Vec<String> = (0..50).map(|n| format!("echo {n}")).collect();
        let all = join_all(texts.iter().map(|t| run(&host, t))).await;
        for (number, output) in all.into_iter().enumerate() {
            let output = output.unwrap_or_else(|e| panic!("{most} sessions, command {number}: {e}"));
            assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{number}\n"), "{most}");
        }
        let logins = server.log().lines().filter(|l| l.contains("Accepted publickey")).count();
        assert_eq!(logins, 1, "{most} sessions");
        // What the server allows is used to the full, later too.
        sleep(SECOND * 2).await;
        let began = Instant::now();
        join_all((0..most).map(|_| run(&host, "sleep 1"))).await;
        assert!(began.elapsed() < SECOND * 9 / 5, "{most} sessions: {:?}", began.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_without_end_are_ended_on_the_host_whatever_it_allows() {
    let endless = async |most: usize| {
        let server = Sshd::start(&[&format!("MaxSessions {most}")]);
        let desk = Desk::with(vec![Entry::of("web", &server)]);
        let host = desk.host("web");
        live(&host).await;
        let mark = long();
        let endless = sh(&format!("trap '' TERM HUP; sleep {mark}; sleep {mark}; :"));
        let argv = [&endless; 3];
        let all = join_all(argv.map(|a| host.read(a, within(1.0)))).await;
        for output in all {
            assert!(matches!(output, Err(TransportError::TimedOut { after }) if after == SECOND), "{most}: {output:?}");
        }
        assert!(becomes(SECOND * 4, || processes(&mark) == 0).await, "{most} sessions: {} left", processes(&mark));
        assert_eq!(said(&host, "echo on").await, "on", "{most} sessions");
    };
    tokio::join!(endless(1), endless(2), endless(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_that_nobody_waits_for_ends_on_the_host() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let mark = long();
    for patience in [0, 1, 3, 10, 30, 100, 300] {
        let argv = sh(&format!("sleep {mark}"));
        assert!(timeout(Duration::from_millis(patience), host.read(&argv, LIMITS)).await.is_err());
    }
    sleep(SECOND / 2).await;
    assert!(becomes(SECOND * 4, || processes(&mark) == 0).await, "{} left", processes(&mark));
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_on_the_host_when_the_connection_is_closed() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let mark = long();
    let argv = sh(&format!("sleep {mark}; :"));
    let waiting = host.read(&argv, LIMITS);
    let leave = async {
        assert!(becomes(SECOND * 3, || processes(&mark) > 0).await);
        desk.hosts().stop();
        SECOND
    };
    // Who waits for it is gone too when the console leaves.
    tokio::select! {
        output = waiting => assert!(output.is_err()),
        wait = async { sleep(leave.await).await } => wait,
    }
    assert!(becomes(SECOND * 4, || processes(&mark) == 0).await, "{} left", processes(&mark));
}

#[tokio::test(flavor = "multi_thread")]
async fn how_a_command_ends_is_told_as_it_is() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let ended = async |text: &str| run(&host, text).await.unwrap().exit;
    assert_eq!(ended("exit 0").await, Exit::Code(0));
    assert_eq!(ended("exit 3").await, Exit::Code(3));
    assert_eq!(ended("exit 255").await, Exit::Code(255));
    assert_eq!(ended("kill -9 $$").await, Exit::Signal(9));
    assert_eq!(ended("kill -TERM $$").await, Exit::Signal(15));
    assert_eq!(said(&host, "wc -c").await, "0", "nothing to read");
    let none = host.read(&Argv::new("no-such-program", ["x"]), LIMITS).await.unwrap_err();
    assert_eq!(none.to_string(), "no program `no-such-program` on web");
    let forbidden = host.read(&Argv::new("/etc/passwd", [""; 0]), LIMITS).await.unwrap_err();
    assert_eq!(forbidden.to_string(), "not allowed to run `/etc/passwd` on web");
    // What goes on in the background does not hold the answer up.
    let began = Instant::now();
    assert_eq!(said(&host, "sleep 3 & echo on").await, "on");
    assert!(began.elapsed() < SECOND * 2, "{:?}", began.elapsed());
    // Words are passed as they are, every byte that one can have.
    let odd: String = (1..=255).filter_map(char::from_u32).collect();
    let printed = host.read(&Argv::new("printf", ["%s", &odd]), LIMITS).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&printed.stdout), odd);
    let long = "x".repeat(100_000);
    let printed =
        host.read(&Argv::new("printf", ["%s", &long]), Limits { most_bytes: 200_000, ..LIMITS }).await.unwrap();
    assert_eq!(printed.stdout.len(), long.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_output_is_bounded_and_delays_nobody() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let before = resident();
    let flood = sh("head -c 100000000 /dev/zero");
    let long = Limits { timeout: SECOND * 60, most_bytes: 1000 };
    let (mut beside, mut calm) = (Vec::new(), Vec::new());
    for _ in 0..10 {
        let began = Instant::now();
        said(&host, "echo on").await;
        calm.push(began.elapsed());
    }
    let flooded = async {
        let output = host.read(&flood, long).await.unwrap();
        assert_eq!((output.exit, output.stdout.len(), output.truncated), (Exit::Code(0), 1000, true));
    };
    tokio::pin!(flooded);
    loop {
        let began = Instant::now();
        tokio::select! {
            () = &mut flooded => break,
            () = async { said(&host, "echo on").await; } => beside.push(began.elapsed()),
        }
        sleep(Duration::from_millis(10)).await;
    }
    // The slowest says more of how busy this machine is.
    let usual = |times: &mut Vec<Duration>| {
        times.sort();
        times[times.len() / 2]
    };
    let (beside, calm) = (usual(&mut beside), usual(&mut calm));
    assert!(beside < calm + Duration::from_millis(50), "{beside:?} beside a flood, {calm:?} without");
    let grown = resident().saturating_sub(before);
    // Other tests run beside this one.
    assert!(grown < 48 * 1024, "{grown} kB more");
}

#[tokio::test(flavor = "multi_thread")]
async fn output_that_nobody_reads_holds_up_nobody_else() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let before = resident();
    let mut unread = host.follow(&sh("yes"), SECOND * 5).await.unwrap();
    assert!(matches!(unread.next().await, quarterdeck::transport::Part::Out(_)));
    sleep(SECOND).await;
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(said(&host, "echo on").await, "on");
    }
    assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
    assert!(resident().saturating_sub(before) < 48 * 1024);
}

/// Memory of this process in use, in kB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_get_through_a_line_that_stops_and_goes_on() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![Entry::behind("web", &server, wire.place())]);
    let host = desk.host("web");
    live(&host).await;
    let words: Vec<String> = (0..30).map(|n| format!("{n:06}").repeat(15_000)).collect();
    let argvs: Vec<Argv> = words.iter().map(|w| Argv::new("printf", ["%s", w])).collect();
    wire.delay(Duration::from_millis(20));
    let broken = async {
        for _ in 0..4 {
            sleep(Duration::from_millis(150)).await;
            wire.cut();
            sleep(Duration::from_millis(400)).await;
            wire.mend();
        }
    };
    let limits = Limits { timeout: SECOND * 30, most_bytes: 200_000 };
    let (all, ()) = tokio::join!(join_all(argvs.iter().map(|a| host.read(a, limits))), broken);
    for (output, word) in all.into_iter().zip(&words) {
        assert!(output.unwrap().stdout == word.as_bytes());
    }
    assert_eq!(wire.accepted(), 1, "one connection for all");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_stays_whatever_the_server_allows() {
    let idle = async |most: usize| {
        let server = Sshd::start(&[&format!("MaxSessions {most}")]);
        let entry = Entry::of("web", &server).with("ServerAliveInterval 1").with("ServerAliveCountMax 2");
        let desk = Desk::with(vec![entry]);
        let host = desk.host("web");
        join_all((0..4).map(|_| run(&host, "true"))).await;
        sleep(SECOND * 5).await;
        assert_eq!(said(&host, "echo on").await, "on");
        let logins = server.log().lines().filter(|l| l.contains("Accepted publickey")).count();
        assert_eq!(logins, 1, "{most} sessions");
    };
    tokio::join!(idle(1), idle(2), idle(10));
}

#[tokio::test(flavor = "multi_thread")]
async fn forced_commands_and_shells_that_run_nothing_are_told() {
    for (line, words) in [
        ("ForceCommand echo no shell here", "web lets the user in but runs no commands: it answers \"no shell here\""),
        (
            "ForceCommand exit 7",
            "web lets the user in but runs no commands: the login shell ended with 7 and said nothing",
        ),
        (
            "MaxSessions 0",
            "web lets the user in but runs no commands: the server allows no further session on this connection",
        ),
    ] {
        let server = Sshd::start(&[line]);
        let desk = Desk::with(vec![Entry::of("web", &server)]);
        assert_eq!(refusal(&desk.host("web")).await, words);
    }
}
