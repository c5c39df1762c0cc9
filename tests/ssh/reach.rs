//! Hosts that are not reached, and servers that are none.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use quarterdeck::model::{LinkState, Trouble};
use tokio::time::{Instant, sleep};

use crate::desk::{Desk, Entry, SECOND, live, refusal, said, settle};
use crate::sshd::{FakeHost, Sshd};

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_does_not_resolve_and_a_port_that_refuses() {
    let desk = Desk::of("Host lost\n  HostName lost.invalid\n");
    let link = settle(&desk.host("lost")).await;
    let cause = link.cause.unwrap();
    assert!(cause.as_str().starts_with("lost.invalid does not resolve: "), "{cause}");
    assert_eq!((link.state, link.trouble), (LinkState::Lost, Some(Trouble::Name)));

    let place = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let desk = Desk::with(vec![Entry::at("web", place)]);
    let link = settle(&desk.host("web")).await;
    assert_eq!(link.cause.unwrap().as_str(), format!("connection refused on {place}"));
    assert_eq!((link.state, link.trouble), (LinkState::Lost, Some(Trouble::Refused)));
    assert!(link.next_in.is_some_and(|n| n < SECOND));
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_no_ssh_servers_are_told_as_what_they_are() {
    let try_at = async |fake: FakeHost| {
        let desk = Desk::with(vec![Entry::at("web", fake.place())]);
        let began = Instant::now();
        let cause = refusal(&desk.host("web")).await;
        (cause.replace(&fake.place().to_string(), "HOST"), began.elapsed())
    };
    let (flood, endless, garbage, noise, hole, http, half) = tokio::join!(
        try_at(FakeHost::banner_flood()),
        try_at(FakeHost::endless_line()),
        try_at(FakeHost::garbage()),
        try_at(FakeHost::noise_after_banner()),
        try_at(FakeHost::black_hole()),
        try_at(FakeHost::start(|mut stream, _| {
            stream.read_exact(&mut [0; 64]).ok();
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").ok();
        })),
        try_at(FakeHost::start(|mut stream, _| {
            stream.write_all(b"hello, who are you?\r\n").ok();
            while stream.read(&mut [0; 64]).is_ok_and(|n| n > 0) {}
        })),
    );
    assert_eq!(flood.0, "what answers on HOST is not an SSH server; it says \"line 0 of a very long greeting\"");
    assert!(endless.0.starts_with("what answers on HOST is not an SSH server; it says \"xxxx"), "{}", endless.0);
    assert!(endless.0.len() < 200);
    assert!(garbage.0.starts_with("what answers on HOST is not an SSH server; it says \""), "{}", garbage.0);
    assert!(!garbage.0.contains('\x1b'), "{}", garbage.0);
    assert!(noise.0.starts_with("the handshake with HOST broke"), "{}", noise.0);
    let soon = SECOND * 2;
    assert!(
        flood.1 < soon && endless.1 < soon && garbage.1 < soon && noise.1 < soon,
        "{flood:?} {endless:?} {garbage:?} {noise:?}"
    );
    let silence = "HOST takes the connection but says nothing for 8 s: the host may hang";
    assert_eq!((hole.0.as_str(), http.0.as_str()), (silence, silence));
    assert_eq!(half.0, "what answers on HOST is not an SSH server; it says \"hello, who are you?\"");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_a_few_times_first_is_reached_without_a_word() {
    let server = Sshd::start(&[]);
    let busy = FakeHost::busy(3, server.place());
    let desk = Desk::with(vec![Entry::behind("web", &server, busy.place())]);
    let host = desk.host("web");
    live(&host).await;
    assert_eq!((said(&host, "echo here").await.as_str(), busy.accepted()), ("here", 4));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_always_closes_is_told_and_tried_later_and_later() {
    let fake = FakeHost::start(|_, _| {});
    let desk = Desk::with(vec![Entry::at("web", fake.place())]);
    let cause = refusal(&desk.host("web")).await;
    let place = fake.place();
    assert_eq!(cause, format!("{place} closed the connection before it said anything"));
    let before = fake.accepted();
    sleep(SECOND * 3).await;
    assert!(fake.accepted() - before < 20, "{}", fake.accepted() - before);
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_hosts_that_hang_do_not_keep_a_good_one_from_its_login() {
    let server = Sshd::start(&[]);
    let holes: Vec<FakeHost> = (0..50).map(|_| FakeHost::black_hole()).collect();
    let mut entries: Vec<Entry> =
        holes.iter().enumerate().map(|(n, h)| Entry::at(&format!("hole{n}"), h.place())).collect();
    entries.push(Entry::of("web", &server));
    let desk = Desk::with(entries);
    let mut names: Vec<String> = (0..50).map(|n| format!("hole{n}")).collect();
    names.push("web".into());
    desk.follow(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for name in &names[..50] {
        desk.get(name).keeper().ask();
    }
    sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    let host = desk.get("web");
    live(&host).await;
    assert!(began.elapsed() < SECOND * 3, "{:?}", began.elapsed());
    let began = Instant::now();
    desk.hosts().stop();
    assert!(began.elapsed() < SECOND / 10, "{:?}", began.elapsed());
}
