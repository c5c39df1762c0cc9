//! Booted hosts that lose their line, their power or their sshd while much is under way, and come back.

use std::time::Duration;

use futures::future::join_all;
use quarterdeck::model::{LinkState, Trouble};
use quarterdeck::transport::dial::Way;
use quarterdeck::transport::{Transport, TransportError};
use tokio::time::{Instant, timeout};

use crate::desk::{Desk, Entry, LIMITS, SECOND, becomes, link, live, run, said, sh, until, within};
use crate::lab::{Host, Lab};
use crate::sshd::{FakeHost, Sshd, Wire};

fn entry(lab: &Lab, host: &Host) -> Entry {
    let known = lab.folder().join(format!("known-{}", host.name()));
    std::fs::write(&known, host.known_hosts()).unwrap();
    let place = std::net::SocketAddr::new(host.address(), host.port());
    let entry = Entry::at(host.name(), place).with("User ops").known(&known);
    let entry = entry.with(&format!("IdentityFile {}", host.key_path().display()));
    entry.with("ServerAliveInterval 2").with("ServerAliveCountMax 3")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pulled_cable_is_told_as_silence_then_as_loss_and_the_host_is_back_by_itself() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let desk = Desk::with(vec![entry(&lab, &host)]);
    let remote = desk.host("web1");
    live(&remote).await;
    let mut local = Vec::new();
    for _ in 0..6 {
        local.push(tokio::net::TcpStream::connect(remote.open("127.0.0.1", 22).await.unwrap()).await.unwrap());
    }
    let argv = sh("sleep 60");
    let began = Instant::now();
    let all = join_all((0..12).map(|_| remote.read(&argv, within(4.5))));
    let cut = async {
        tokio::time::sleep(SECOND / 2).await;
        host.cut();
        let silent = until(&remote, SECOND * 8, |l| l.state == LinkState::Degraded).await;
        assert_eq!(silent.trouble, Some(Trouble::Silent));
        assert!(silent.cause.unwrap().as_str().starts_with("nothing heard from web1 for "));
    };
    let (all, ()) = tokio::join!(all, cut);
    assert!(began.elapsed() < SECOND * 6, "{:?}", began.elapsed());
    for output in all {
        assert!(output.unwrap_err().to_string().starts_with("nothing heard from web1 for "));
    }
    let lost = until(&remote, SECOND * 15, |l| l.state == LinkState::Lost).await;
    let cause = lost.cause.unwrap();
    assert!(cause.as_str().starts_with("nothing heard for ") && cause.as_str().ends_with(" s"), "{cause}");
    // Now it is said at once.
    let began = Instant::now();
    assert!(run(&remote, "true").await.is_err() && began.elapsed() < SECOND / 2);
    host.heal();
    until(&remote, SECOND * 20, |l| l.state == LinkState::Live).await;
    assert_eq!(said(&remote, "hostname").await, "web1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_without_power_is_lost_and_its_next_boot_works() {
    let Some(lab) = Lab::new() else { return };
    let host = lab.host("web1");
    let desk = Desk::with(vec![entry(&lab, &host)]);
    let remote = desk.host("web1");
    live(&remote).await;
    let boot = "cat /proc/1/stat | cut -d' ' -f22";
    let first = said(&remote, boot).await;
    host.power_cut();
    until(&remote, SECOND * 15, |l| l.state == LinkState::Lost).await;
    host.on();
    until(&remote, SECOND * 20, |l| l.state == LinkState::Live).await;
    assert_ne!(said(&remote, boot).await, first);
    // Killed at once, its kernel says so.
    let argv = sh("sleep 60");
    let waiting = remote.read(&argv, LIMITS);
    let off = async {
        tokio::time::sleep(SECOND / 2).await;
        host.off();
        Instant::now()
    };
    let (output, at) = tokio::join!(waiting, off);
    let words = "the connection to web1 was lost: closed by the host or on the way";
    assert_eq!(output.unwrap_err().to_string(), words);
    assert!(at.elapsed() < SECOND * 2, "{:?}", at.elapsed());
    host.on();
    until(&remote, SECOND * 20, |l| l.state == LinkState::Live).await;
    host.reboot();
    until(&remote, SECOND * 20, |l| l.state == LinkState::Live).await;
    assert_eq!(said(&remote, "hostname").await, "web1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dozen_commands_and_tunnels_end_at_once_when_sshd_is_killed() {
    let mut server = Sshd::start(&[]);
    let echo = FakeHost::black_hole();
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    let mut tunnels = Vec::new();
    for _ in 0..12 {
        tunnels.push(host.keeper().forward("127.0.0.1", echo.place().port()).await.unwrap());
    }
    let argv = sh("sleep 60");
    let all = join_all((0..12).map(|_| host.read(&argv, LIMITS)));
    let killed = async {
        tokio::time::sleep(SECOND).await;
        server.stop();
        Instant::now()
    };
    let (all, at) = tokio::join!(all, killed);
    assert!(at.elapsed() < SECOND, "{:?}", at.elapsed());
    for output in all {
        let error = output.unwrap_err();
        assert!(matches!(error, TransportError::Unreachable { .. }), "{error:?}");
        assert_eq!(error.to_string(), "the connection to web was lost: closed by the host or on the way");
    }
    let place = server.place();
    let refused = format!("connection refused on {place}");
    assert!(
        becomes(SECOND * 3, || link(&host).cause.is_some_and(|c| c.as_str() == refused)).await,
        "{:?}",
        link(&host)
    );
    server.start_again();
    until(&host, SECOND * 15, |l| l.state == LinkState::Live).await;
    assert_eq!(said(&host, "echo on").await, "on");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_line_is_back_at_once_and_nothing_is_left_of_the_old_one() {
    let server = Sshd::start(&[]);
    let wire = Wire::to(server.place());
    let desk = Desk::with(vec![Entry::behind("web", &server, wire.place())]);
    let host = desk.host("web");
    live(&host).await;
    let open = || {
        std::fs::read_dir("/proc/self/task")
            .unwrap()
            .flatten()
            .filter(|t| std::fs::read_to_string(t.path().join("comm")).is_ok_and(|c| c.trim() == "ssh"))
            .count()
    };
    for _ in 0..8 {
        wire.close();
        until(&host, SECOND * 3, |l| l.state == LinkState::Lost).await;
        let began = Instant::now();
        until(&host, SECOND * 5, |l| l.state == LinkState::Live).await;
        assert!(began.elapsed() < SECOND * 2, "{:?}", began.elapsed());
        assert_eq!(said(&host, "echo on").await, "on");
    }
    assert_eq!(wire.open(), 1, "connections");
    let threads = open();
    assert!(threads < 60, "{threads} threads, other tests' too");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_black_holes_disturb_neither_a_live_host_nor_the_leaving() {
    let Some(lab) = Lab::new() else { return };
    let (dark, web) = (lab.host("dark"), Sshd::start(&[]));
    dark.drop_port(22);
    let place = std::net::SocketAddr::new(dark.address(), 22);
    let names: Vec<String> = (0..50).map(|n| format!("dark{n}")).collect();
    let mut entries: Vec<Entry> = names.iter().map(|n| Entry::at(n, place)).collect();
    entries.push(Entry::of("web", &web));
    let desk = Desk::with(entries);
    desk.follow(&names.iter().map(String::as_str).chain(["web"]).collect::<Vec<_>>());
    desk.hosts().ask_all();
    let remote = desk.get("web");
    live(&remote).await;
    for _ in 0..20 {
        let began = Instant::now();
        assert_eq!(said(&remote, "echo on").await, "on");
        assert!(began.elapsed() < SECOND / 2, "{:?}", began.elapsed());
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let away = link(&desk.get("dark0"));
    assert_eq!(away.cause.unwrap().as_str(), format!("no connection to {place} within 2s"));
    assert_eq!((away.state, away.trouble), (LinkState::Lost, Some(Trouble::NoAnswer)));
    let began = Instant::now();
    desk.hosts().stop();
    drop(remote);
    assert!(timeout(SECOND, async { drop(desk) }).await.is_ok() && began.elapsed() < SECOND / 5);
}
