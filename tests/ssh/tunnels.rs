//! Ways through a host: refused, closed, held up; one never delays another, and nothing of them is left.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::fd::AsRawFd;
use std::time::Duration;

use quarterdeck::transport::dial::Way;
use quarterdeck::transport::tunnel::Tunnels;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, timeout};

use crate::desk::{Desk, Entry, SECOND, becomes, live, said};
use crate::sshd::{FakeHost, Sshd};

/// A listener whose queue is full, so that connecting to it does not end.
struct Full(TcpListener, #[allow(dead_code, reason = "kept open")] Vec<std::net::TcpStream>);

impl Full {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        assert!(listener.as_raw_fd() > 0);
        rustix::net::listen(&listener, 0).unwrap();
        let place = listener.local_addr().unwrap();
        let held = (0..3).filter_map(|_| std::net::TcpStream::connect_timeout(&place, SECOND / 5).ok()).collect();
        Self(listener, held)
    }

    fn port(&self) -> u16 {
        self.0.local_addr().unwrap().port()
    }
}

fn echo() -> FakeHost {
    FakeHost::start(|mut stream, _| {
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stream.read(&mut buffer) {
            if stream.write_all(&buffer[..count]).is_err() {
                break;
            }
        }
    })
}

async fn exchange(place: std::net::SocketAddr) {
    let mut stream = TcpStream::connect(place).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut back = [0; 5];
    stream.read_exact(&mut back).await.unwrap();
    assert_eq!(&back, b"hello");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_serves_who_asked_and_nobody_else() {
    let (server, echo) = (Sshd::start(&[]), echo());
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let local = host.open("127.0.0.1", echo.place().port()).await.unwrap();
    exchange(local).await;
    // By hand, without asking: closed at once, and the target hears nothing of it.
    let before = echo.accepted();
    let mut stranger = TcpStream::connect(local).await.unwrap();
    let read = timeout(SECOND, stranger.read(&mut [0; 1])).await.unwrap();
    assert!(read.map_or(true, |n| n == 0));
    assert_eq!(echo.accepted(), before);
    // Asked for again it is the same listener.
    assert_eq!(host.open("127.0.0.1", echo.place().port()).await.unwrap(), local);
    exchange(local).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refused_forbidden_and_unknown_targets_are_told() {
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = host.open("127.0.0.1", port).await.unwrap_err();
    assert_eq!(
        (error.ours, error.cause.as_str()),
        (false, format!("connection refused on 127.0.0.1:{port} through web").as_str())
    );
    let error = host.open("nowhere.invalid", 80).await.unwrap_err();
    let words = "web has no connection to nowhere.invalid:80: refused, out of reach or no such name there";
    assert_eq!((error.ours, error.cause.as_str()), (false, words));
    let strict = Sshd::start(&["AllowTcpForwarding no"]);
    let desk = Desk::with(vec![Entry::of("web", &strict)]);
    let error = desk.host("web").open("127.0.0.1", port).await.unwrap_err();
    let words = format!("web does not allow connections to 127.0.0.1:{port} (AllowTcpForwarding, PermitOpen)");
    assert_eq!((error.ours, error.cause.as_str()), (true, words.as_str()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_never_answers_holds_up_no_tunnel_and_no_command() {
    let (server, echo, full) = (Sshd::start(&[]), echo(), Full::new());
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    live(&host).await;
    host.open("127.0.0.1", echo.place().port()).await.unwrap();
    let held = (0..3).map(|_| timeout(SECOND * 4, host.open("127.0.0.1", full.port())));
    let held = futures::future::join_all(held);
    let others = async {
        sleep(SECOND / 2).await;
        for _ in 0..5 {
            let began = Instant::now();
            exchange(host.open("127.0.0.1", echo.place().port()).await.unwrap()).await;
            assert_eq!(said(&host, "echo on").await, "on");
            assert!(began.elapsed() < SECOND, "{:?}", began.elapsed());
        }
    };
    let (held, ()) = tokio::join!(held, others);
    assert!(held.iter().all(Result::is_err), "{held:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tunnels_that_were_left_are_closed_on_the_host_too() {
    // Takes connections and does not even notice that they end.
    let deaf = FakeHost::start(|_stream, _| std::thread::sleep(SECOND * 25));
    let server = Sshd::start(&[]);
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let port = deaf.place().port();
    for _ in 0..5 {
        let local = host.open("127.0.0.1", port).await.unwrap();
        let mut stream = TcpStream::connect(local).await.unwrap();
        stream.write_all(b"GET /\r\n\r\n").await.unwrap();
        assert!(timeout(Duration::from_millis(100), stream.read(&mut [0; 1])).await.is_err());
    }
    let to_deaf = || {
        let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
        let target = format!(":{port:04X}");
        // The far address is the target's, and a process, sshd, still has it open.
        let fields = table.lines().skip(1).map(|l| l.split_whitespace().collect::<Vec<_>>());
        fields.filter(|f| f[2].ends_with(&target) && f[9] != "0").count()
    };
    assert!(becomes(SECOND * 14, || to_deaf() == 0).await, "{} left", to_deaf());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tunnel_that_is_closed_while_open_ends_for_its_user() {
    let (mut server, echo) = (Sshd::start(&[]), echo());
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let mut streams = Vec::new();
    for _ in 0..12 {
        let local = host.open("127.0.0.1", echo.place().port()).await.unwrap();
        let mut stream = TcpStream::connect(local).await.unwrap();
        stream.write_all(b"x").await.unwrap();
        stream.read_exact(&mut [0; 1]).await.unwrap();
        streams.push(stream);
    }
    server.stop();
    for mut stream in streams {
        let read = timeout(SECOND * 3, stream.read(&mut [0; 1])).await.unwrap();
        assert!(read.map_or(true, |n| n == 0));
    }
    server.start_again();
    assert!(becomes(SECOND * 5, || host.keeper().blocked().is_none()).await);
    exchange(host.open("127.0.0.1", echo.place().port()).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_listener_goes_away() {
    let (server, echo) = (Sshd::start(&[]), echo());
    let desk = Desk::with(vec![Entry::of("web", &server)]);
    let host = desk.host("web");
    let port = echo.place().port();
    let tunnels = Tunnels::idle_after(SECOND);
    let onward = host.keeper().forward("127.0.0.1", port).await.unwrap();
    let local = tunnels.offer("127.0.0.1", port, onward).await.unwrap();
    exchange(local).await;
    assert_eq!(tunnels.list().len(), 1);
    assert!(becomes(SECOND * 12, || tunnels.list().is_empty()).await);
    assert!(becomes(SECOND, || std::net::TcpStream::connect(local).is_err()).await);
}
